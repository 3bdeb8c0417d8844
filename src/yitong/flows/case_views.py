"""Reading cases: one whole, with its clocks and what the reader may do now, and lists for applicants and officers.

Someone else's case is ``store.not-found``. An officer's look at a resident's case is noted in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

from yitong.cases import clocks
from yitong.cases import events as kinds
from yitong.cases.case import Case
from yitong.cases.clocks import Timer
from yitong.cases.commands import APPLICANT
from yitong.cases.decide import possible
from yitong.cases.events import Event, from_json
from yitong.cases.register import CASES, DOCUMENTS, CaseFile, Document, document_key
from yitong.cases.service import Service
from yitong.errors import YitongError
from yitong.flows.case_record import Opened, find_case, rules_of, writes_here
from yitong.flows.case_requests import CONFIRM, NAMES, RENEW_OFFER
from yitong.flows.context import Context
from yitong.flows.identity import reference_of
from yitong.flows.lodge_case import actor_of
from yitong.flows.looks import note_look
from yitong.people.account import Account

PURPOSE = "case.read"


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case as one reader may see it: ``wishes`` are the commands that they can give now."""

    file: CaseFile
    case: Case
    service: Service
    events: tuple[Event, ...]
    clocks: tuple[Timer, ...]
    own: bool
    wishes: tuple[str, ...]


async def case_for(context: Context, account: Account, case_id: str) -> CaseView:
    """A case that the account may read: its applicant's own, or one that its institution has received or decides."""
    return _view(context, account, await _read(context, account, case_id))


async def document_for(context: Context, account: Account, case_id: str, sha256: str) -> Document:
    """A paper of a case that the account may read; raises ``store.not-found``."""
    opened = await _read(context, account, case_id)
    async with context.store.begin() as unit:
        found: Document | None = await unit.shelf(DOCUMENTS).get(document_key(opened.file.id, sha256))
    if found is None:
        raise YitongError("store.not-found", sha256)
    return found


async def own_cases(context: Context, account: Account, limit: int = 100) -> list[CaseFile]:
    """The account's own cases, the newest first."""
    reference = reference_of(context.me.entity_id, account.id)
    async with context.store.begin() as unit:
        return await unit.shelf(CASES).find(limit=limit, applicant=reference)


async def office_cases(context: Context, account: Account, limit: int = 100) -> list[CaseFile]:
    """The cases that the officer's institution has received, or has been sent to decide; the newest first."""
    if account.institution is None or not account.may(PURPOSE):
        raise YitongError("access.denied")
    entity_id = context.institution(account.institution).entity_id
    async with context.store.begin() as unit:
        shelf = unit.shelf(CASES)
        if account.may("case.receive"):
            return await shelf.find(limit=limit, window_id=entity_id)
        return await shelf.find(limit=limit, authority_id=entity_id)


async def _read(context: Context, account: Account, case_id: str) -> Opened:
    async with context.transaction() as unit:
        opened = await find_case(unit, case_id)
        own = opened is not None and bool(opened.file.account) and opened.file.account == account.id
        office = opened is not None and _in_office(context, account, opened.file)
        if opened is not None and not own:
            subject = opened.file.account or opened.file.applicant
            await note_look(context, unit, account, subject, PURPOSE, opened.file.service_id, refused=not office)
    if opened is None or not (own or office):
        raise YitongError("store.not-found", case_id)
    return opened


def _in_office(context: Context, account: Account, file: CaseFile) -> bool:
    if account.institution is None or not account.may(PURPOSE):
        return False
    entity_id = context.institution(account.institution).entity_id
    return entity_id == (file.window if account.may("case.receive") else file.authority)


def _view(context: Context, account: Account, opened: Opened) -> CaseView:
    service, calendar = rules_of(context, opened.file.service_id)
    running = tuple(clocks.timers(opened.case, service, calendar))
    events = tuple(from_json(row) for row in opened.rows)
    own = bool(opened.file.account) and opened.file.account == account.id
    return CaseView(opened.file, opened.case, service, events, running, own, _wishes(context, account, opened))


def _wishes(context: Context, account: Account, opened: Opened) -> tuple[str, ...]:
    actor = actor_of(context, account, opened.file)
    names = possible(opened.case, actor.kind)
    if actor.kind != APPLICANT:
        return names if writes_here(context, opened.case) else ()
    if not writes_here(context, opened.case):
        names = tuple(name for name in names if name in NAMES)
    offered = (RENEW_OFFER, CONFIRM) if opened.case.state == kinds.PRODUCED else ()
    return (*names, *offered)
