"""Cases between nodes: what a window's node and an authority's node tell each other, and what each believes of it.

    case.document      a paper of a case that comes or is there              to whoever needs it next
    case.forward       the case, with its history and the applicant's number  window → authority
    case.turned-away   the authority's node will not take it, and why        authority → window
    case.events        the history of the case as its writer has it          writer → followers
    case.result        the offer of what was granted                         authority → window
    case.request       the applicant withdraws, supplies, asks               window → authority
    case.answer        what came of that                                     authority → window

An institution's word counts only if it stands under the node that sends it, and an authority's only if its chain of
trust says that it decides the service. An act of the applicant counts only if the applicant asked for it here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from yitong.cases import events as kinds
from yitong.cases.application import check_application, read_application
from yitong.cases.case import Case, apply, fold, writer
from yitong.cases.commands import SYSTEM, Actor, Command
from yitong.cases.events import EVENTS, Event, from_json
from yitong.cases.register import CASES, REFUSED, CaseFile, Receipt
from yitong.cases.shape import Shape, check, text, tree, trees
from yitong.errors import YitongError
from yitong.flows.case_papers import check_present, documents_of, drop_documents, keep_documents, read_document, send_documents
from yitong.flows.case_record import Opened, find_case, judge, keep, rules_of
from yitong.flows.case_requests import NAMES, OF_EVENT, answered, perform
from yitong.flows.context import Context
from yitong.flows.identity import check_number, is_reference_of
from yitong.flows.members import node_of, stands_under
from yitong.flows.unit import Unit
from yitong.peers.message import Message
from yitong.specs.oid4vci import read_offer

_TRY_AGAIN = ("peer.", "store.unreachable", "store.conflict")  # nobody's fault: the message waits and is handled again
_RECEIPT = Shape({"number": text, "day": text, "officer": text, "identity": text})
_FORWARD = Shape({"case_id": text, "number": text, "receipt": tree, "events": trees})
_EVENTS = Shape({"case_id": text, "events": trees})
_REFUSAL = Shape({"case_id": text, "code": text})
_RESULT = Shape({"case_id": text, "result_id": text, "offer": text})
_REQUEST = Shape({"case_id": text, "name": lambda value: value in NAMES, "body": tree})
_ANSWER = Shape({"case_id": text, "request": text, "code": lambda value: isinstance(value, str) and len(value) <= 100})


def _read(shape: Shape, message: Message) -> Mapping[str, Any]:
    return check(shape, message.body, "case.wrong-event", "/body")


async def send_forward(context: Context, unit: Unit, opened: Opened) -> None:
    """Send a case and its papers to the authority that it was forwarded to, if that stands under another node."""
    node, receipt = node_of(opened.case.authority), opened.file.receipt
    if node == context.me.entity_id or receipt is None:
        return
    await send_documents(context, unit, node, await documents_of(unit, opened.file.id))
    told = {"number": receipt.number, "day": receipt.day, "officer": receipt.officer, "identity": receipt.identity}
    body = {"case_id": opened.file.id, "number": opened.file.number, "receipt": told, "events": list(opened.rows)}
    await context.tell(unit, node, "case.forward", opened.file.id, body)


async def check_decides(context: Context, authority: str, service_id: str) -> None:
    """Raises ``case.not-decided-there`` unless the authority's chain of trust says that it decides the service."""
    _, facts = await context.believer.institution(authority)
    if "authority" not in facts.roles or service_id not in facts.decides:
        raise YitongError("case.not-decided-there", authority)


async def on_document(_context: Context, unit: Unit, message: Message) -> None:
    """Keep a paper, if the case is not known yet or its other node sends it."""
    document = read_document(message.body)
    opened = await find_case(unit, document.case_id)
    parties = () if opened is None else (opened.case.window, opened.case.authority, *opened.case.hops)
    if opened is not None and message.sender not in {node_of(party) for party in parties}:
        raise YitongError("case.not-writer", document.case_id)
    await keep_documents(unit, [document])


async def on_forward(context: Context, unit: Unit, message: Message) -> None:
    """Take a case that was forwarded to one of our authorities, or turn it away with the reason; nothing in between."""
    body = _read(_FORWARD, message)
    known = await find_case(unit, body["case_id"], lock=True)
    if known is not None:  # a case is taken once; turning it away now would leave it with two writers
        if list(known.rows[: len(body["events"])]) != body["events"]:
            raise YitongError("case.history-differs", known.file.id)
        return
    try:
        opened, events = await _arrived(context, unit, message, body)
        await keep(context, unit, opened, events)
    except YitongError as error:
        if error.code.startswith(_TRY_AGAIN):
            raise
        await drop_documents(unit, body["case_id"])
        refusal = {"case_id": body["case_id"], "code": error.code}
        await context.tell(unit, message.sender, "case.turned-away", body["case_id"], refusal, message.id)


async def _arrived(context: Context, unit: Unit, message: Message, body: Mapping[str, Any]) -> tuple[Opened, list[Event]]:
    """A forwarded case, judged before anything is kept.

    1. Its events make a case that was forwarded to an authority of ours (``case.wrong-event``, ``case.not-competent``).
    2. That authority decides the service, by what our jurisdiction states of it (``case.not-competent``).
    3. It comes from the node of the window, or of the authority that passed it on (``case.not-writer``).
    4. The window is one that the catalogue names, and its chain of trust holds (``case.not-the-window``).
    5. The applicant is known there, and the application is one that our catalogue takes.
    6. Every paper has arrived (``case.document-missing``).
    """
    events = [from_json(item, f"/events/{i}") for i, item in enumerate(body["events"])]
    case = fold(events)
    if case.case_id != body["case_id"] or case.state != kinds.FORWARDED:  # 1
        raise YitongError("case.wrong-event", "/events", member="state")
    if not stands_under(case.authority, context.me.entity_id):  # 1
        raise YitongError("case.not-competent", case.case_id)
    service, _ = rules_of(context, case.service_id)
    authority = context.by_entity(case.authority)
    if service.id not in authority.decides or (not case.hops and service.authority.entity_id != case.authority):  # 2
        raise YitongError("case.not-competent", case.case_id)
    if message.sender != node_of(case.hops[-1] if case.hops else case.window):  # 3
        raise YitongError("case.not-writer", case.case_id)
    _, facts = await context.believer.institution(case.window)  # 4
    listed = {(window.jurisdiction, window.id) for window in service.windows}
    if "window" not in facts.roles or (facts.jurisdiction, case.window.rpartition("/")[2]) not in listed:
        raise YitongError("case.not-the-window", case.case_id)
    _check_applicant(case, body["number"])  # 5
    application = read_application(next(event for event in reversed(events) if event.type == "submitted").body["application"])
    check_application(application, service)
    check_number(application, body["number"], service)
    await check_present(unit, case.case_id, case.materials)  # 6
    file = _new_file(context, case, body)
    return Opened(file, Case(case.case_id)), events


def _check_applicant(case: Case, number: str) -> None:
    if not is_reference_of(case.applicant.reference, node_of(case.window)) or not number:
        raise YitongError("case.not-the-applicant", case.case_id)


def _new_file(context: Context, case: Case, body: Mapping[str, Any]) -> CaseFile:
    told = check(_RECEIPT, body["receipt"], "case.wrong-event", "/receipt")
    now = context.clock.now()
    return CaseFile(
        case.case_id,
        case.service_id,
        case.applicant.reference,
        "",
        body["number"],
        case.window,
        case.authority,
        case.state,
        now,
        now,
        receipt=Receipt(told["number"], told["day"], told["officer"], told["identity"]),
    )


async def on_turned_away(context: Context, unit: Unit, message: Message) -> None:
    """The authority's node would not take the case: the window has it again, with the reason."""
    body = _read(_REFUSAL, message)
    opened = await _ours(unit, body["case_id"], message.sender)
    if opened.case.state != kinds.FORWARDED or node_of(opened.case.window) != context.me.entity_id:
        return
    command = Command("take_back", Actor(SYSTEM, opened.case.window, "node"), {"code": body["code"]})
    kept = await keep(context, unit, opened, judge(context, opened, command))
    await unit.shelf(CASES).save(replace(kept.file, turned_away=body["code"]))


async def _ours(unit: Unit, case_id: str, sender: str) -> Opened:
    """The case, which must be known here and lie with an authority under the sender."""
    opened = await find_case(unit, case_id, lock=True)
    if opened is None:
        raise YitongError("store.not-found", case_id)
    if not stands_under(opened.case.authority, sender):
        raise YitongError("case.not-writer", case_id)
    return opened


async def on_events(context: Context, unit: Unit, message: Message) -> None:
    """Follow the case as its writer has it: what is known must be the same, what is new must be allowed."""
    body = _read(_EVENTS, message)
    opened = await find_case(unit, body["case_id"], lock=True)
    if opened is None:
        raise YitongError("store.not-found", body["case_id"])
    arrived = [from_json(item, f"/events/{i}") for i, item in enumerate(body["events"])]
    rows = [event.to_json() for event in arrived]
    common = min(len(rows), len(opened.rows))
    if list(opened.rows[:common]) != rows[:common]:
        raise YitongError("case.history-differs", opened.file.id)
    fresh = arrived[common:]
    if not fresh:
        return
    await _check_sayings(context, unit, opened, fresh, message.sender)
    await keep(context, unit, opened, fresh)


async def _check_sayings(context: Context, unit: Unit, opened: Opened, fresh: Sequence[Event], sender: str) -> None:
    """Each event is one that ``sender`` may tell us of, in the case as it stands at that event.

    1. Its writer stands under the sender (``case.not-writer``) and decides the service by its chain of trust
       (``case.not-decided-there``).  2. What a window does, its own node alone tells.  3. What the applicant did was
    asked for here, if the applicant is here (``case.unasked``), and the papers are those that were handed in here.
    """
    case, judged = opened.case, set[str]()
    for event in fresh:
        if not stands_under(writer(case), sender):  # 1
            raise YitongError("case.not-writer", case.case_id)
        if writer(case) not in judged:
            await check_decides(context, writer(case), case.service_id)
            judged.add(writer(case))
        by = EVENTS[event.type].by
        if by == kinds.BY_WINDOW:  # 2
            raise YitongError("case.not-writer", case.case_id)
        if by == kinds.BY_APPLICANT and node_of(case.window) == context.me.entity_id:  # 3
            names = {asked.name for asked in opened.file.asked if asked.state != REFUSED}
            if OF_EVENT.get(event.type) not in names:
                raise YitongError("case.unasked", case.case_id)
        case = apply(case, event)
    if node_of(case.window) == context.me.entity_id:  # 3
        await check_present(unit, case.case_id, case.materials)


async def on_result(_context: Context, unit: Unit, message: Message) -> None:
    """The offer of the result: kept for the applicant, if it is the authority's own and the case says that there is one."""
    body = _read(_RESULT, message)
    opened = await _ours(unit, body["case_id"], message.sender)
    if opened.case.result_id != body["result_id"] or read_offer(body["offer"]).issuer != opened.case.authority:
        raise YitongError("case.no-result", opened.file.id)
    await unit.shelf(CASES).save(replace(opened.file, offer=body["offer"]))


async def on_request(context: Context, unit: Unit, message: Message) -> None:
    """Do what the applicant asks, as of the moment at which it was asked; the answer says what came of it."""
    body, code = _read(_REQUEST, message), ""
    opened = await find_case(unit, body["case_id"], lock=True)
    try:
        if opened is None or node_of(opened.case.window) != message.sender:
            raise YitongError("case.no-events", body["case_id"])
        at = min(message.created_at, context.clock.now())  # what was handed in on the last day is not late for travelling
        await perform(context, unit, opened, body["name"], body["body"], at)
    except YitongError as error:
        if error.code.startswith(_TRY_AGAIN):
            raise
        code = error.code
    answer = {"case_id": body["case_id"], "request": message.id, "code": code}
    await context.tell(unit, message.sender, "case.answer", body["case_id"], answer, message.id)


async def on_answer(_context: Context, unit: Unit, message: Message) -> None:
    """What came of a request: the file says so, and the applicant reads it."""
    body = _read(_ANSWER, message)
    opened = await find_case(unit, body["case_id"], lock=True)
    if opened is None:
        raise YitongError("store.not-found", body["case_id"])
    await unit.shelf(CASES).save(answered(opened.file, body["request"], message.sender, body["code"]))


MESSAGES: dict[str, Callable[[Context, Unit, Message], Awaitable[None]]] = {
    "case.document": on_document,
    "case.forward": on_forward,
    "case.turned-away": on_turned_away,
    "case.events": on_events,
    "case.result": on_result,
    "case.request": on_request,
    "case.answer": on_answer,
}
