"""An outpatient bill at the place of care: from registration to settlement, and back by a reversal.

``decide(bill, command, now)`` gives the events that a command leads to, ``apply(bill, event)`` the bill after one. Both
are pure; a bill is its events. An event is a command that was allowed, with its number and moment.

    registered -> lines_uploaded -> quoted -> confirmed -> sending -> settled | failed | unknown
    unknown    -> settled (the home was asked and had settled) | reversing
    settled    -> reversing -> reversed
    registered, lines_uploaded, quoted, confirmed, failed -> cancelled; all but the first -> lines_uploaded, quoted again

Rules that hold whatever happens on the line:

- A settlement id is sent for one attempt. While its outcome is unknown only the same id may be sent again (the home
  gives the same answer); a new id would charge twice. What helps is asking, then reversing.
- Only a plain refusal of the home makes an attempt ``failed``, and only while it is ``sending``. After silence a
  refusal proves nothing, since the request may still arrive: the id is reversed, which closes it at the home for good.
- A reversed bill is never settled again. To bill the visit after all, register it anew.
- A command that was carried out before is no error and leads to no event: messages come twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from yitong.errors import YitongError
from yitong.settlement.quote import Quote, check_identities
from yitong.settlement.records import read_record, write_record
from yitong.settlement.visit import BillLine, Registration, Visit, check_upload


@dataclass(frozen=True, slots=True)
class Register:
    """Open the bill of a registered visit."""

    bill_id: str
    registration: Registration


@dataclass(frozen=True, slots=True)
class UploadLines:
    """Put these lines on the bill, in place of any before."""

    lines: tuple[BillLine, ...]
    total_fen: int
    uploaded_on: date


@dataclass(frozen=True, slots=True)
class PresentQuote:
    """Show the patient the home's quote."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Confirm:
    """The patient agrees to the quote with this digest."""

    quote_digest: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send the confirmed quote to the home to be settled under this id."""

    settlement_id: str


@dataclass(frozen=True, slots=True)
class RecordSettled:
    """The home says that it has settled this quote under this id: as its answer, or when asked later."""

    settlement_id: str
    quote_digest: str


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The home answered that it refuses, with the code of its refusal."""

    settlement_id: str
    failure_code: str


@dataclass(frozen=True, slots=True)
class RecordSilence:
    """No answer came in time."""

    settlement_id: str


@dataclass(frozen=True, slots=True)
class AskReversal:
    """Ask the home to reverse the settlement, under this reversal's id."""

    reversal_id: str


@dataclass(frozen=True, slots=True)
class RecordReversed:
    """The home says that it has reversed the settlement by this reversal."""

    reversal_id: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """Give the bill up before anything was settled."""

    reason: str


Command = (
    Register
    | UploadLines
    | PresentQuote
    | Confirm
    | Send
    | RecordSettled
    | RecordFailed
    | RecordSilence
    | AskReversal
    | RecordReversed
    | Cancel
)
_COMMANDS: dict[str, type[Any]] = {
    "register": Register,
    "upload-lines": UploadLines,
    "present-quote": PresentQuote,
    "confirm": Confirm,
    "send": Send,
    "record-settled": RecordSettled,
    "record-failed": RecordFailed,
    "record-silence": RecordSilence,
    "ask-reversal": AskReversal,
    "record-reversed": RecordReversed,
    "cancel": Cancel,
}
_KINDS = {shape: kind for kind, shape in _COMMANDS.items()}

# command -> states in which it is allowed, and the state after it
_MOVES: dict[type[Any], tuple[frozenset[str], str]] = {
    UploadLines: (frozenset({"registered", "lines_uploaded", "quoted", "confirmed", "failed"}), "lines_uploaded"),
    PresentQuote: (frozenset({"lines_uploaded", "quoted", "confirmed", "failed"}), "quoted"),
    Confirm: (frozenset({"quoted"}), "confirmed"),
    Send: (frozenset({"confirmed"}), "sending"),
    RecordSettled: (frozenset({"sending", "unknown"}), "settled"),
    RecordFailed: (frozenset({"sending"}), "failed"),
    RecordSilence: (frozenset({"sending"}), "unknown"),
    AskReversal: (frozenset({"settled", "unknown"}), "reversing"),
    RecordReversed: (frozenset({"reversing"}), "reversed"),
    Cancel: (frozenset({"registered", "lines_uploaded", "quoted", "confirmed", "failed"}), "cancelled"),
}
STATES = frozenset({"registered"} | {after for _, after in _MOVES.values()})
# Words of the home or the clock that are out of date where they arrive: true once, and nothing to act on now.
_LATE = frozenset(
    {(RecordSettled, state) for state in ("reversing", "reversed")}
    | {(RecordSilence, state) for state in ("settled", "failed", "reversing", "reversed")}
    | {(RecordFailed, state) for state in ("reversing", "reversed")}
)


@dataclass(frozen=True, slots=True)
class BillEvent:
    """A command that was allowed: the ``number``-th of its bill, at a moment."""

    number: int
    at: datetime
    command: Command

    def to_json(self) -> dict[str, Any]:
        """``number``, ``at``, ``kind`` of command and its members as ``data``."""
        written = dict(write_record(self))
        return {
            "number": written["number"],
            "at": written["at"],
            "kind": _KINDS[type(self.command)],
            "data": written["command"],
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """A bill in its present state; ``spent_ids`` are settlement ids that were sent, ``done`` all commands carried out."""

    bill_id: str
    state: str
    registration: Registration
    lines: tuple[BillLine, ...] = ()
    total_fen: int = 0
    uploaded_on: date | None = None
    quote: Quote | None = None
    settlement_id: str = ""
    failure_code: str = ""
    reversal_id: str = ""
    spent_ids: tuple[str, ...] = ()
    done: tuple[Command, ...] = ()

    @property
    def visit(self) -> Visit | None:
        """The visit with the header of its bill, once lines are uploaded."""
        return None if self.uploaded_on is None else Visit(self.registration, self.uploaded_on, self.total_fen)


def event_from_json(value: object, where: str = "") -> BillEvent:
    """An event from its plain members; raises ``outpatient.record-shape``."""
    if not isinstance(value, dict) or value.keys() != {"number", "at", "kind", "data"}:
        raise YitongError("outpatient.record-shape", where)
    shape = _COMMANDS.get(str(value["kind"]))
    if shape is None:
        raise YitongError("outpatient.record-shape", f"{where}/kind")
    head = read_record(_EventHead, {name: value[name] for name in ("number", "at")}, where)
    return BillEvent(head.number, head.at, read_record(shape, value["data"], f"{where}/data"))


@dataclass(frozen=True, slots=True)
class _EventHead:
    number: int
    at: datetime


def decide(bill: Bill | None, command: Command, now: datetime) -> tuple[BillEvent, ...]:
    """The events that ``command`` leads to: one, or none if it was carried out before or comes too late to matter.

    1. A bill begins with its registration, and with nothing else.
    2. The last command again, or one that is out of date: nothing.
    3. Where the state allows the command, its own conditions hold.
    4. Where it does not: a repetition of something done is nothing, anything else is refused, by the state it met.
    """
    number = 1 if bill is None else len(bill.done) + 1
    at = now.replace(microsecond=now.microsecond // 1000 * 1000)  # what is written is to the millisecond
    if bill is None:  # 1.
        if not isinstance(command, Register):
            raise YitongError("outpatient.state-forbids", "", state="none", command=_KINDS[type(command)])
        return (BillEvent(number, at, command),)
    if command == bill.done[-1] or _is_late(bill, command):  # 2.
        return ()
    allowed = type(command) in _MOVES and bill.state in _MOVES[type(command)][0]
    if allowed:  # 3.
        _GUARDS[type(command)](bill, command)
        return (BillEvent(number, at, command),)
    if command in bill.done:  # 4.
        return ()
    raise _refusal(bill, command)


def _is_late(bill: Bill, command: Command) -> bool:
    match command:
        case UploadLines(lines, total_fen, uploaded_on):
            return (lines, total_fen, uploaded_on) == (bill.lines, bill.total_fen, bill.uploaded_on)
        case PresentQuote(quote):
            return quote == bill.quote and bill.state in ("quoted", "confirmed")
        case RecordSettled() | RecordFailed() | RecordSilence():
            of_earlier_attempt = command.settlement_id in bill.spent_ids and command.settlement_id != bill.settlement_id
            if of_earlier_attempt and (command in bill.done or isinstance(command, RecordSilence)):
                return True
            return (type(command), bill.state) in _LATE and command.settlement_id in bill.spent_ids
    return False


def _refusal(bill: Bill, command: Command) -> YitongError:
    if isinstance(command, Send | AskReversal) and bill.state in ("reversing", "reversed"):
        return YitongError("outpatient.reversed-already", bill.bill_id)
    if isinstance(command, Send | RecordFailed) and bill.state in ("sending", "unknown"):
        return YitongError("outpatient.outcome-unknown", bill.bill_id)
    if isinstance(command, RecordSettled | RecordFailed) and command.settlement_id in bill.spent_ids:
        return YitongError("outpatient.answer-contradicts", bill.bill_id)
    return YitongError("outpatient.state-forbids", bill.bill_id, state=bill.state, command=_KINDS[type(command)])


def _guard_upload(bill: Bill, command: UploadLines) -> None:
    check_upload(command.lines, Visit(bill.registration, command.uploaded_on, command.total_fen))


def _guard_quote(bill: Bill, command: PresentQuote) -> None:
    """A quote is for this visit, these lines and this total, and all of it is accounted for."""
    quote, registration = command.quote, bill.registration
    check_identities(quote)
    of_quote = (quote.visit_no, quote.person_no, quote.home, quote.care, quote.hospital, quote.total_fen)
    of_bill = (
        registration.visit_no,
        registration.person_no,
        registration.home,
        registration.care,
        registration.hospital,
        bill.total_fen,
    )
    quoted = [(line.line_id, line.item_code, line.gross_fen) for line in quote.lines]
    if of_quote != of_bill or quoted != [(line.line_id, line.item_code, line.gross_fen) for line in bill.lines]:
        raise YitongError("outpatient.quote-mismatch", bill.bill_id)


def _guard_confirm(bill: Bill, command: Confirm) -> None:
    if bill.quote is None or command.quote_digest != bill.quote.digest:
        raise YitongError("outpatient.quote-stale", bill.bill_id)


def _guard_send(bill: Bill, command: Send) -> None:
    """An id that was sent once, and refused, is spent: under it the home has other content."""
    if not command.settlement_id or command.settlement_id in bill.spent_ids:
        raise YitongError("outpatient.settlement-id-reused", bill.bill_id)


def _guard_answer(bill: Bill, command: RecordSettled | RecordFailed | RecordSilence) -> None:
    if command.settlement_id != bill.settlement_id:
        raise YitongError("outpatient.answer-contradicts", bill.bill_id)
    if isinstance(command, RecordSettled) and (bill.quote is None or command.quote_digest != bill.quote.digest):
        raise YitongError("outpatient.answer-contradicts", bill.bill_id)


def _guard_reversed(bill: Bill, command: RecordReversed) -> None:
    if command.reversal_id != bill.reversal_id:
        raise YitongError("outpatient.answer-contradicts", bill.bill_id)


def _guard_reversal(bill: Bill, command: AskReversal) -> None:
    if not command.reversal_id or command.reversal_id in bill.spent_ids:
        raise YitongError("outpatient.settlement-id-reused", bill.bill_id)


def _no_guard(bill: Bill, command: Any) -> None:
    """Nothing beyond the state to check."""


_GUARDS: dict[type[Any], Callable[[Bill, Any], None]] = {
    UploadLines: _guard_upload,
    PresentQuote: _guard_quote,
    Confirm: _guard_confirm,
    Send: _guard_send,
    RecordSettled: _guard_answer,
    RecordFailed: _guard_answer,
    RecordSilence: _guard_answer,
    AskReversal: _guard_reversal,
    RecordReversed: _guard_reversed,
    Cancel: _no_guard,
}


def apply(bill: Bill | None, event: BillEvent) -> Bill:
    """The bill after an event; raises ``outpatient.events-broken`` if the event is not the next of this bill."""
    if event.number != (1 if bill is None else len(bill.done) + 1):
        raise YitongError("outpatient.events-broken", "" if bill is None else bill.bill_id)
    command = event.command
    if bill is None:
        if not isinstance(command, Register):
            raise YitongError("outpatient.events-broken")
        return Bill(command.bill_id, "registered", command.registration, done=(command,))
    move = _MOVES.get(type(command))
    if move is None or bill.state not in move[0]:
        raise YitongError("outpatient.events-broken", bill.bill_id)
    return _changed(replace(bill, state=move[1], done=(*bill.done, command)), command)


def _changed(bill: Bill, command: Command) -> Bill:
    match command:
        case UploadLines(lines, total_fen, uploaded_on):
            return replace(bill, lines=lines, total_fen=total_fen, uploaded_on=uploaded_on, quote=None, settlement_id="")
        case PresentQuote(quote):
            return replace(bill, quote=quote, settlement_id="")
        case Send(settlement_id):
            return replace(bill, settlement_id=settlement_id, spent_ids=(*bill.spent_ids, settlement_id), failure_code="")
        case RecordFailed(_, failure_code):
            return replace(bill, failure_code=failure_code)
        case AskReversal(reversal_id):
            return replace(bill, reversal_id=reversal_id)
    return bill


def fold(events: Iterable[BillEvent]) -> Bill | None:
    """The bill that these events lead to; ``None`` for no events."""
    bill: Bill | None = None
    for event in events:
        bill = apply(bill, event)
    return bill
