"""Loading a case and writing to it: events, file, guard, timers and what the other nodes are told, all in one transaction.

Exactly one node writes a case at a time (:func:`yitong.cases.case.writer`). :func:`write` is for that one: it tells
every node that follows. :func:`keep` is for those who follow. A message carries the whole history of the case, so that
one that comes late, twice or after a gap does no harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from yitong.cases import clocks
from yitong.cases import events as kinds
from yitong.cases.application import same_application_key
from yitong.cases.calendar import Calendar
from yitong.cases.case import Case, apply, fold, is_open, writer
from yitong.cases.commands import SYSTEM, Actor, Command
from yitong.cases.decide import decide
from yitong.cases.events import Event, from_json
from yitong.cases.register import CASES, OPEN_APPLICATIONS, SERIALS, CaseFile, OpenApplication, Serial
from yitong.cases.service import Institution, Service
from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.members import node_of
from yitong.flows.unit import Timer, Unit

TIMER = "case.due"
_CLOCKS = ("sign-for", "admission", "supplement", "promised", "statutory", "delivery")
_TICKED = frozenset({"admission", "supplement"})  # these run out into an event; the others only raise an alert


@dataclass(frozen=True, slots=True)
class Opened:
    """A case in hand: its file, what its events make of it, and the events as they are stored."""

    file: CaseFile
    case: Case
    rows: tuple[dict[str, Any], ...] = ()


def stream_of(case_id: str) -> str:
    """The event stream of a case."""
    return f"case {case_id}"


def rules_of(context: Context, service_id: str, elsewhere: dict[str, str] | None = None) -> tuple[Service, Calendar]:
    """A service of the catalogue with its calendar; raises ``store.not-found``.

    The institutions of this jurisdiction get their entity ids, and those whose jurisdiction's node is in
    ``elsewhere``; the others keep their bare ids, under which nobody acts.
    """
    service = context.catalog.services.get(service_id)
    if service is None:
        raise YitongError("store.not-found", service_id)
    nodes = {context.jurisdiction: context.me.entity_id, **(elsewhere or {})}

    def place(institution: Institution) -> Institution:
        node = nodes.get(institution.jurisdiction)
        return institution if node is None else replace(institution, entity_id=f"{node}/institutions/{institution.id}")

    windows = tuple(place(window) for window in service.windows)
    placed = replace(service, authority=place(service.authority), windows=windows)
    return placed, context.catalog.calendars[service.deadlines.statutory.calendar]


async def find_case(unit: Unit, case_id: str, *, lock: bool = False) -> Opened | None:
    """The case, held against other writers if ``lock``; None when this node has none of that id."""
    shelf = unit.shelf(CASES)
    file: CaseFile | None = await (shelf.lock(case_id) if lock else shelf.get(case_id))
    if file is None:
        return None
    rows = tuple(await unit.events.load(stream_of(case_id)))
    return Opened(file, fold(from_json(row) for row in rows), rows)


def writes_here(context: Context, case: Case) -> bool:
    """Whether this node is the one that may write to the case now."""
    return node_of(writer(case)) == context.me.entity_id


def judge(context: Context, opened: Opened, command: Command, elsewhere: dict[str, str] | None = None) -> tuple[Event, ...]:
    """What the command causes, by the rules of the case's service, now."""
    service, calendar = rules_of(context, opened.file.service_id, elsewhere)
    return decide(opened.case, command, context.clock.now(), service, calendar)


def after(case: Case, events: Sequence[Event]) -> Case:
    """The case after more events."""
    for event in events:
        case = apply(case, event)
    return case


async def keep(context: Context, unit: Unit, opened: Opened, events: Sequence[Event]) -> Opened:
    """Add events to the case as it is kept here.

    1. Someone's second open application for the same is refused (``case.already-lodged``) before anything is written;
    one that is no longer open gives its place free.  2. The events follow on what is there.  3. The clocks that run are
    set, the others cancelled.  4. The file says where the case stands.
    """
    case = after(opened.case, events)
    rows = [event.to_json() for event in events]
    now, result_id = context.clock.now(), case.result_id
    file = replace(opened.file, state=case.state, authority=case.authority, result_id=result_id, changed_at=now)
    kept = Opened(file, case, (*opened.rows, *rows))
    await _guard(unit, kept)  # 1
    await unit.events.append(stream_of(case.case_id), opened.case.seq, rows)  # 2
    await _set_timers(context, unit, kept)  # 3
    await unit.shelf(CASES).save(file)  # 4
    return kept


async def write(context: Context, unit: Unit, opened: Opened, events: Sequence[Event]) -> Opened:
    """Add events as the one who writes the case, and tell the nodes that follow it."""
    kept = await keep(context, unit, opened, events)
    for node in followers(context, kept.case):
        await context.tell(unit, node, "case.events", kept.file.id, {"case_id": kept.file.id, "events": list(kept.rows)})
    return kept


def followers(context: Context, case: Case) -> list[str]:
    """The other nodes that hold a copy of the case: the window's, and those of authorities that passed it on."""
    nodes = {node_of(case.window), *(node_of(hop) for hop in case.hops)}
    return sorted(nodes - {context.me.entity_id})


async def _guard(unit: Unit, kept: Opened) -> None:
    key = same_application_key(kept.file.number, kept.file.service_id)
    shelf = unit.shelf(OPEN_APPLICATIONS)
    held: OpenApplication | None = await shelf.lock(key)
    if not is_open(kept.case):
        if held is not None and held.case_id == kept.file.id:
            await shelf.drop(key)
        return
    if held is not None and held.case_id == kept.file.id:
        return
    try:
        await shelf.add(OpenApplication(key, kept.file.id))
    except YitongError as error:
        if error.code != "store.exists":
            raise
        raise YitongError("case.already-lodged", kept.file.service_id) from error


async def _set_timers(context: Context, unit: Unit, kept: Opened) -> None:
    service, calendar = rules_of(context, kept.file.service_id)
    running = {clock.name: clock.due for clock in clocks.timers(kept.case, service, calendar) if not clock.paused}
    if not writes_here(context, kept.case):  # who follows watches one thing: that the authority signs for what was sent
        running = {name: due for name, due in running.items() if name == "sign-for"}
    for name in _CLOCKS:
        timer_id = f"case-{name} {kept.file.id}"
        if name in running and name not in kept.file.overdue:
            await unit.timers.set(Timer(timer_id, TIMER, f"{kept.file.id} {name}", running[name]))
        else:
            await unit.timers.cancel(timer_id)


async def on_due(context: Context, unit: Unit, subject: str) -> None:
    """A clock of a case has run out: what that means by law happens, and whoever is late is marked so."""
    case_id, _, name = subject.partition(" ")
    opened = await find_case(unit, case_id, lock=True)
    if opened is None:
        return
    if writes_here(context, opened.case):
        command = Command("tick", Actor(SYSTEM, writer(opened.case), "clock"))
        while events := judge(context, opened, command):
            opened = await write(context, unit, opened, events)
    if name not in _TICKED and opened.case.state not in kinds.ENDED | {kinds.CLOSED} and name not in opened.file.overdue:
        await unit.shelf(CASES).save(replace(opened.file, overdue=(*opened.file.overdue, name)))


async def next_serial(unit: Unit, series: str) -> int:
    """The next number of a series; given out with the transaction that uses it, so that none is lost or given twice."""
    shelf = unit.shelf(SERIALS)
    known: Serial | None = await shelf.lock(series)
    if known is None:
        try:
            await shelf.add(Serial(series, 1))
        except YitongError as error:
            if error.code != "store.exists":
                raise
            known = await shelf.lock(series)  # someone else began the series while we looked
    if known is None:
        return 1
    await shelf.save(Serial(series, known.last + 1))
    return known.last + 1
