"""What can happen to a case: every kind of event, from which states, to which state, by whom, and what it carries.

An event is a fact and never changes. Its JSON form is what is stored and what crosses from one node to another; it is
read strictly, unknown members refused, so that two nodes never understand one event in two ways. The table ``EVENTS``
is the state machine: :func:`yitong.cases.case.apply` allows nothing else, whoever sends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from yitong.cases.deadline import DueDate
from yitong.cases.shape import Shape, check, day, due_date, flag, is_sha256, text, texts, tree, trees, whole
from yitong.clock import read_moment, write_moment
from yitong.errors import YitongError

DRAFT = "draft"
SUBMITTED = "submitted"
RECEIVED = "received"
RETURNED = "returned_at_window"
FORWARDED = "forwarded"
HANDED_OVER = "handed_over"
NOT_ACCEPTED = "not_accepted"
SUPPLEMENT_REQUESTED = "supplement_requested"
ACCEPTED = "accepted"
IN_REVIEW = "in_review"
CLOCK_STOPPED = "clock_stopped"
GRANTED = "granted"
REFUSED = "refused"
WITHDRAWN = "withdrawn"
TERMINATED = "terminated"
PRODUCED = "produced"
DELIVERED = "delivered"
CLOSED = "closed"

AT_WINDOW = frozenset({SUBMITTED, RECEIVED, RETURNED})
UNDER_CLOCK = frozenset({ACCEPTED, IN_REVIEW, CLOCK_STOPPED})
AT_AUTHORITY = frozenset({HANDED_OVER, SUPPLEMENT_REQUESTED}) | UNDER_CLOCK
OPEN_STATES = AT_WINDOW | {FORWARDED} | AT_AUTHORITY  # lodged and not decided: at most one for an applicant and a service
ENDED = frozenset({REFUSED, WITHDRAWN, TERMINATED, NOT_ACCEPTED, DELIVERED})
STATES = OPEN_STATES | ENDED | {DRAFT, GRANTED, PRODUCED, CLOSED}

BY_APPLICANT = "applicant"
BY_WINDOW = "window"
BY_AUTHORITY = "authority"
BY_WRITER = "writer"  # the window before forwarding, the authority after


@dataclass(frozen=True, slots=True)
class EventKind:
    """From which states, to which (None: the state stays), by whom, with what."""

    after: frozenset[str]
    to: str | None
    by: str
    body: Shape = field(default_factory=Shape)


def _of(*states: str) -> frozenset[str]:
    return frozenset(states)


_DATES = {"statutory": due_date}
_MAYBE = {"promised": due_date}  # an item handled on the spot promises no date

EVENTS: dict[str, EventKind] = {
    "submitted": EventKind(_of(DRAFT, RETURNED), SUBMITTED, BY_APPLICANT, Shape({"window": text, "application": tree})),
    "received": EventKind(_of(SUBMITTED), RECEIVED, BY_WINDOW, Shape({"day": day})),
    "returned_at_window": EventKind(_of(SUBMITTED, RECEIVED), RETURNED, BY_WINDOW, Shape({"reasons": texts})),
    "forwarded": EventKind(_of(RECEIVED), FORWARDED, BY_WINDOW, Shape({"to": text})),
    "forward_refused": EventKind(_of(FORWARDED), RETURNED, BY_WINDOW, Shape({"code": text})),
    "handed_over": EventKind(_of(FORWARDED), HANDED_OVER, BY_AUTHORITY, Shape({"day": day})),
    "redirected": EventKind(_of(HANDED_OVER), FORWARDED, BY_AUTHORITY, Shape({"to": text, "reason": text})),
    "not_accepted": EventKind(_of(HANDED_OVER), NOT_ACCEPTED, BY_AUTHORITY, Shape({"reason": text, "remedies": trees})),
    "supplement_requested": EventKind(
        _of(HANDED_OVER), SUPPLEMENT_REQUESTED, BY_AUTHORITY, Shape({"lacking": texts, "due": due_date}, {"note": text})
    ),
    "supplied": EventKind(_of(SUPPLEMENT_REQUESTED), HANDED_OVER, BY_APPLICANT, Shape({"materials": trees, "day": day})),
    "supplement_overdue": EventKind(_of(SUPPLEMENT_REQUESTED), None, BY_AUTHORITY, Shape({"due": due_date})),
    "accepted": EventKind(
        _of(HANDED_OVER),
        ACCEPTED,
        BY_AUTHORITY,
        Shape({"day": day, "deemed": flag, "service_version": whole, **_DATES}, _MAYBE),
    ),
    "review_started": EventKind(_of(ACCEPTED), IN_REVIEW, BY_AUTHORITY),
    "clock_stopped": EventKind(
        _of(ACCEPTED, IN_REVIEW),
        CLOCK_STOPPED,
        BY_AUTHORITY,
        Shape({"day": day, "reason": text, "expected_working_days": whole}),
    ),
    "clock_restarted": EventKind(_of(CLOCK_STOPPED), IN_REVIEW, BY_AUTHORITY, Shape({"day": day, **_DATES}, _MAYBE)),
    "deadlines_revised": EventKind(_of(ACCEPTED, IN_REVIEW), None, BY_AUTHORITY, Shape(_DATES, _MAYBE)),
    "granted": EventKind(_of(IN_REVIEW), GRANTED, BY_AUTHORITY, Shape({"late": flag}, {"note": text, "result": tree})),
    "refused": EventKind(
        _of(IN_REVIEW), REFUSED, BY_AUTHORITY, Shape({"late": flag, "reason": text, "remedies": trees}, {"note": text})
    ),
    "withdrawn": EventKind(OPEN_STATES, WITHDRAWN, BY_APPLICANT, Shape({}, {"reason": text})),
    "terminated": EventKind(AT_WINDOW | AT_AUTHORITY, TERMINATED, BY_WRITER, Shape({"reason": text}, {"note": text})),
    "produced": EventKind(_of(GRANTED), PRODUCED, BY_AUTHORITY, Shape({"result_kind": text, "result_id": text})),
    "delivered": EventKind(_of(PRODUCED), DELIVERED, BY_AUTHORITY, Shape({"method": text})),
    "closed": EventKind(ENDED, CLOSED, BY_WRITER),
}

_ENVELOPE = Shape(
    {
        "case_id": text,
        "seq": whole,
        "type": text,
        "at": text,
        "by": text,
        "actor": text,
        "body": tree,
        "evidence": lambda value: isinstance(value, list) and all(map(is_sha256, value)),
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about a case: the ``seq``-th, by whom it happened (``by``), which person acted (``actor``), and its proof."""

    case_id: str
    seq: int
    type: str
    at: datetime
    by: str
    actor: str
    body: Mapping[str, Any]
    evidence: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The event as JSON members."""
        return {
            "case_id": self.case_id,
            "seq": self.seq,
            "type": self.type,
            "at": write_moment(self.at),
            "by": self.by,
            "actor": self.actor,
            "body": dict(self.body),
            "evidence": list(self.evidence),
        }


def from_json(value: object, where: str = "") -> Event:
    """An event from JSON; raises ``case.wrong-event`` for anything unknown, missing or of the wrong kind."""
    members = check(_ENVELOPE, value, "case.wrong-event", where)
    kind = EVENTS.get(members["type"])
    if kind is None or members["seq"] < 1:
        raise YitongError("case.wrong-event", where, member="type" if kind is None else "seq")
    at = read_moment(members["at"], f"{where}/at")
    if write_moment(at) != members["at"]:  # one spelling per moment, so that one event has one hash
        raise YitongError("case.wrong-event", where, member="at")
    body = check(kind.body, members["body"], "case.wrong-event", f"{where}/body")
    seq, who = members["seq"], (members["by"], members["actor"])
    return Event(members["case_id"], seq, members["type"], at, *who, body, tuple(members["evidence"]))


def write_due(due: DueDate) -> dict[str, Any]:
    """A last day as events carry it."""
    explanation = {"zh": due.explanation.zh, "en": due.explanation.en}
    return {"day": due.day.isoformat(), "provisional": due.provisional, "explanation": explanation}
