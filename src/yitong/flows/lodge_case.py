"""Story two: a case from lodging to delivery. What a person asks of a case here, and who may ask it.

Received is not accepted: the window receives and forwards, the authority alone signs for it, accepts and decides. A
command is judged by the rules of ``yitong.cases``; what is judged here is who gives it and where it is carried out:
by the node that writes the case, and by no other (:mod:`yitong.flows.case_record`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from yitong.cases import events as kinds
from yitong.cases.application import read_application
from yitong.cases.case import Case
from yitong.cases.commands import APPLICANT, AUTHORITY, COMMANDS, WINDOW, Actor, Command
from yitong.cases.register import CASES, IDENTITY_CHECKS, CaseFile, Receipt
from yitong.cases.shape import Shape, check
from yitong.clock import local_date
from yitong.digest import b64url, canonical_json, sha256, sha256_b64
from yitong.errors import YitongError
from yitong.flows import case_exchange, case_record, case_result
from yitong.flows.case_exchange import check_decides, send_forward
from yitong.flows.case_papers import Paper, attach, keep_documents, send_documents
from yitong.flows.case_record import TIMER, Opened, find_case, followers, judge, keep, next_serial, rules_of, write, writes_here
from yitong.flows.case_requests import NAMES, ask
from yitong.flows.context import Context, Institution
from yitong.flows.identity import check_number, reference_of
from yitong.flows.looks import note_look
from yitong.flows.members import find_node, list_members, node_of
from yitong.flows.unit import Unit
from yitong.people.account import ACCOUNTS, Account

MESSAGES = case_exchange.MESSAGES
TIMERS = {TIMER: case_record.on_due, "case.issued": case_result.on_issued}
_RECEIVE = Shape({"identity": lambda value: value in IDENTITY_CHECKS})
_SUBMIT_AGAIN = Shape({"answers": lambda value: isinstance(value, dict)})
_ID_KINDS = {"resident": frozenset({"uscc", "resident-id", "five-star"}), "enterprise": frozenset({"uscc"})}


@dataclass(frozen=True, slots=True)
class NewApplication:
    """An application as it is handed in. ``id`` is the client's own: sent again under it, it is the same application.

    ``for_account`` is whose application it is when an officer enters it at the counter.
    """

    id: str
    service_id: str
    service_version: int
    window: str
    name: str
    id_kind: str
    number: str
    answers: Mapping[str, Any]
    papers: Sequence[Paper]
    consent: bool
    for_account: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What someone asks of a case: the command, what it carries, its papers, and the hashes of further evidence."""

    name: str
    body: Mapping[str, Any] = field(default_factory=dict)
    papers: Sequence[Paper] = ()
    evidence: tuple[str, ...] = ()


def case_id_of(node: str, account_id: str, application_id: str) -> str:
    """The case that an application makes: always the same one, and nobody else's."""
    return "case-" + b64url(sha256(canonical_json([node, account_id, application_id]))[:15])


async def submit(context: Context, account: Account, new: NewApplication) -> CaseFile:
    """Lodge an application at a window of this node; asked twice, it is lodged once.

    1. The window is ours and takes the service (``case.window-unknown``).
    2. Whoever submits is the applicant, or an officer of that window (``access.denied``).
    3. The number is the applicant's own; for an enterprise that someone acts for, the window checks that at receipt.
    4. The applicant agrees that the papers go to the authority's place (``case.consent-missing``).
    5. The same id with other content is refused (``case.id-reused``).
    6. The rules take the application, and no other for the same is open (``case.already-lodged``).
    """
    window = context.institutions.get(new.window)
    if window is None or new.service_id not in window.receives:  # 1
        raise YitongError("case.window-unknown", "/window")
    applicant = await _applicant(context, account, new, window)  # 2
    _check_own_number(applicant, new)  # 3
    if not new.consent:  # 4
        raise YitongError("case.consent-missing", "/consent")
    case_id = case_id_of(context.me.entity_id, applicant.id, new.id)
    attachments, documents = attach(case_id, new.papers)
    application = _application(context, applicant, new, attachments)
    content_hash = sha256_b64(canonical_json([application, new.number, window.entity_id]))
    async with context.transaction() as unit:
        known = await find_case(unit, case_id, lock=True)
        if known is not None:
            if known.file.application_hash != content_hash:  # 5
                raise YitongError("case.id-reused", "/id")
            return known.file
        file = _new_file(context, account, applicant, new, window, case_id, content_hash)
        opened = Opened(file, Case(case_id))
        service, _ = rules_of(context, new.service_id)
        check_number(read_application(application), new.number, service)
        events = judge(context, opened, _submission(context, applicant, window, application))
        kept = await keep(context, unit, opened, events)  # 6
        await keep_documents(unit, documents)
    return kept.file


async def _applicant(context: Context, account: Account, new: NewApplication, window: Institution) -> Account:
    if not new.for_account or new.for_account == account.id:
        if not account.may("own"):
            raise YitongError("access.denied")
        return account
    if not account.may("case.receive") or account.institution != window.id:
        raise YitongError("access.denied")
    async with context.store.begin() as unit:
        found: Account | None = await unit.shelf(ACCOUNTS).get(new.for_account)
    if found is None or not found.may("own"):
        raise YitongError("store.not-found", "/for_account")
    return found


def _check_own_number(applicant: Account, new: NewApplication) -> None:
    if new.id_kind not in _ID_KINDS.get(applicant.role, frozenset()):
        raise YitongError("case.applicant-kind", "/applicant/id_kind")
    acts_for_enterprise = applicant.role == "resident" and new.id_kind == "uscc"
    if not acts_for_enterprise and new.number != applicant.number:
        raise YitongError("case.not-the-applicant", "/applicant/number")


def _application(
    context: Context, applicant: Account, new: NewApplication, attachments: list[dict[str, Any]]
) -> dict[str, Any]:
    reference = reference_of(context.me.entity_id, applicant.id)
    return {
        "applicant": {"reference": reference, "name": new.name, "id_kind": new.id_kind},
        "service_id": new.service_id,
        "service_version": new.service_version,
        "answers": dict(new.answers),
        "materials": attachments,
    }


def _submission(context: Context, applicant: Account, window: Institution, application: dict[str, Any]) -> Command:
    reference = reference_of(context.me.entity_id, applicant.id)
    consent = [application["service_id"], application["service_version"], window.entity_id, reference]
    evidence = (sha256_b64(canonical_json(["consent", *consent])),)
    body = {"window": window.entity_id, "application": application}
    return Command("submit", Actor(APPLICANT, window.entity_id, reference), body, evidence)


def _new_file(
    context: Context, by: Account, applicant: Account, new: NewApplication, window: Institution, case_id: str, content_hash: str
) -> CaseFile:
    now, reference = context.clock.now(), reference_of(context.me.entity_id, applicant.id)
    return CaseFile(
        case_id,
        new.service_id,
        reference,
        applicant.id,
        new.number,
        window.entity_id,
        "",
        kinds.DRAFT,
        now,
        now,
        application_hash=content_hash,
        lodged_by=by.id,
    )


def actor_of(context: Context, account: Account, file: CaseFile) -> Actor:
    """As whom an account acts on a case; raises ``store.not-found`` for someone who has nothing to do with cases.

    An officer of another institution gets an actor too: the rules refuse it by name, and a case's id is not guessable.
    """
    if file.account and account.id == file.account:
        return Actor(APPLICANT, file.window, file.applicant)
    kind = WINDOW if account.may("case.receive") else AUTHORITY if account.may("case.decide") else ""
    if not kind or account.institution is None:
        raise YitongError("store.not-found", file.id)
    return Actor(kind, context.institution(account.institution).entity_id, account.id)


async def command(context: Context, account: Account, case_id: str, wish: Wish) -> CaseFile:
    """Do what an account asks of a case.

    1. The case is here, and the account has to do with cases (``store.not-found``).
    2. The command is one that this kind of actor gives (``case.wrong-actor``), and an officer's institution is the one
       that has the case (``case.not-competent``, ``case.not-the-window``); a refusal is noted as a look.
    3. What needs the chain of trust of another node is looked up before anything is locked.
    4. The rules judge, and it is done where the case is written; an applicant's request travels there.
    """
    async with context.store.begin() as unit:
        opened = await find_case(unit, case_id)
    if opened is None:  # 1
        raise YitongError("store.not-found", case_id)
    actor = actor_of(context, account, opened.file)
    try:
        _check_actor(context, opened, actor, wish.name)  # 2
    except YitongError:
        if actor.kind != APPLICANT:
            async with context.transaction() as unit:
                subject = opened.file.account or opened.file.applicant
                await note_look(context, unit, account, subject, "case.decide", wish.name[:60], refused=True)
        raise
    elsewhere = await _look_up(context, opened, wish)  # 3
    async with context.transaction() as unit:
        held = await find_case(unit, case_id, lock=True)
        if held is None:
            raise YitongError("store.not-found", case_id)
        return (await _carry_out(context, unit, held, actor, wish, elsewhere)).file  # 4


def _check_actor(context: Context, opened: Opened, actor: Actor, name: str) -> None:
    case, file = opened.case, opened.file
    allowed = frozenset({APPLICANT}) if name in NAMES else COMMANDS[name].by if name in COMMANDS else frozenset()
    if not allowed:
        raise YitongError("case.wrong-command", name[:60], member="name")
    if actor.kind not in allowed:
        raise YitongError("case.wrong-actor", name, command=name)
    if actor.kind == WINDOW and actor.entity_id != file.window:
        raise YitongError("case.not-the-window", file.id)
    if actor.kind == AUTHORITY:
        decides = file.service_id in context.by_entity(actor.entity_id).decides
        if actor.entity_id != case.authority or not decides:
            raise YitongError("case.not-competent", file.id)
    if name not in NAMES and not writes_here(context, case):
        raise YitongError("case.not-writer", file.id)


async def _look_up(context: Context, opened: Opened, wish: Wish) -> dict[str, str]:
    """Where the authority's node is, once the case is to go there, and that the authority decides the service."""
    if wish.name == "not_competent":
        to = str(wish.body.get("to", ""))
        if node_of(to) not in await list_members(context):
            raise YitongError("case.not-decided-there", opened.file.id)
        await check_decides(context, to, opened.file.service_id)
    if wish.name != "forward":
        return {}
    authority = context.catalog.services[opened.file.service_id].authority
    node = await find_node(context, authority.jurisdiction)
    await check_decides(context, f"{node}/institutions/{authority.id}", opened.file.service_id)
    return {authority.jurisdiction: node}


async def _carry_out(
    context: Context, unit: Unit, opened: Opened, actor: Actor, wish: Wish, elsewhere: dict[str, str]
) -> Opened:
    if wish.name in NAMES:
        return await ask(context, unit, opened, wish.name, wish.body, list(wish.papers))
    if wish.name == "submit":
        return await _submit_again(context, unit, opened, actor, wish)
    if wish.name == "receive":
        return await _receive(context, unit, opened, actor, wish)
    evidence, documents = list(wish.evidence), attach(opened.file.id, wish.papers)[1]
    evidence += [document.sha256 for document in documents]
    asked = Command(wish.name, actor, wish.body, tuple(evidence))
    await keep_documents(unit, documents)
    for node in followers(context, opened.case) if opened.case.authority else ():
        await send_documents(context, unit, node, documents)
    if wish.name == "grant":
        return await case_result.grant(context, unit, opened, asked)
    kept = await write(context, unit, opened, judge(context, opened, asked, elsewhere))
    if wish.name in {"forward", "not_competent"}:
        await send_forward(context, unit, kept)
        if kept.file.turned_away:
            kept = replace(kept, file=replace(kept.file, turned_away=""))
            await unit.shelf(CASES).save(kept.file)
    return kept


async def _submit_again(context: Context, unit: Unit, opened: Opened, actor: Actor, wish: Wish) -> Opened:
    """Lodge again what the window returned, answers and papers anew; the applicant and the window stay."""
    body = check(_SUBMIT_AGAIN, wish.body, "case.wrong-command", wish.name)
    attachments, documents = attach(opened.file.id, wish.papers)
    who = opened.case.applicant
    service, _ = rules_of(context, opened.file.service_id)
    application = {
        "applicant": {"reference": who.reference, "name": who.name, "id_kind": who.id_kind},
        "service_id": service.id,
        "service_version": service.version,
        "answers": body["answers"],
        "materials": attachments,
    }
    check_number(read_application(application), opened.file.number, service)
    again = Command("submit", actor, {"window": opened.file.window, "application": application})
    kept = await write(context, unit, opened, judge(context, opened, again))
    await keep_documents(unit, documents)
    return kept


async def _receive(context: Context, unit: Unit, opened: Opened, actor: Actor, wish: Wish) -> Opened:
    """The window has checked who applies and takes the papers: a numbered receipt, whose hash is the event's evidence."""
    body = check(_RECEIVE, wish.body, "case.wrong-command", wish.name)
    day = local_date(context.clock.now(), context.zone)
    serial = await next_serial(unit, f"{opened.file.window} receipts {day.isoformat()}")
    window = context.by_entity(opened.file.window)
    receipt = Receipt(f"{window.id}-{day:%Y%m%d}-{serial:04d}", day.isoformat(), actor.reference, body["identity"])
    proof = sha256_b64(canonical_json([receipt.number, receipt.day, receipt.officer, receipt.identity, opened.file.id]))
    asked = Command("receive", actor, {}, (*wish.evidence, proof))
    return await write(
        context, unit, replace(opened, file=replace(opened.file, receipt=receipt)), judge(context, opened, asked)
    )
