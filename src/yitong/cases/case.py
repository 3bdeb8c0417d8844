"""A case as its events make it. ``apply`` is the only way to change one, and the same on every node.

The window's node and the authority's node each hold the case; exactly one of them may append at a time (``writer``):
the window until it forwards, from then on the authority that it was forwarded to. The other holds a replica, and
``apply`` refuses an event that did not come from the writer, in the order in which it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from yitong.cases import events as kinds
from yitong.cases.application import NOBODY, Applicant, Attachment, read_application, read_attachment
from yitong.cases.deadline import Stop
from yitong.cases.events import EVENTS, Event
from yitong.cases.routing import passed_on
from yitong.errors import Text, YitongError


@dataclass(frozen=True, slots=True)
class Due:
    """A last day as it was told to the applicant."""

    day: date
    provisional: bool
    explanation: Text


@dataclass(frozen=True, slots=True)
class Supplement:
    """The one request for what is lacking, and what came of it."""

    lacking: tuple[str, ...]
    requested_at: datetime
    due: Due
    supplied_at: datetime | None = None
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The acceptance: its ``day`` starts the clocks and, if ``deemed``, lies before the event that records it."""

    day: date
    deemed: bool
    by: str
    service_version: int
    statutory: Due
    promised: Due | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision of the competent authority."""

    granted: bool
    at: datetime
    by: str
    actor: str
    late: bool
    reason: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Everything known of one case after its first ``seq`` events."""

    case_id: str
    seq: int = 0
    state: str = kinds.DRAFT
    service_id: str = ""
    service_version: int = 0
    applicant: Applicant = NOBODY
    answers: Mapping[str, Any] | None = None
    materials: tuple[Attachment, ...] = ()
    window: str = ""
    authority: str = ""
    hops: tuple[str, ...] = ()
    submitted_at: datetime | None = None
    received_at: datetime | None = None
    forwarded_at: datetime | None = None
    handed_over_at: datetime | None = None
    supplement: Supplement | None = None
    acceptance: Acceptance | None = None
    stops: tuple[Stop, ...] = ()
    decision: Decision | None = None
    withdrawn_at: datetime | None = None
    result_id: str = ""
    ended_as: str = ""
    last_at: datetime | None = None


def writer(case: Case) -> str:
    """The entity whose node alone may append now: the window, or once forwarded the authority it was forwarded to."""
    return case.authority or case.window


def is_open(case: Case) -> bool:
    """Whether the case is lodged and not decided, so that a second application for the same is a duplicate."""
    return case.state in kinds.OPEN_STATES


def apply(case: Case, event: Event) -> Case:
    """The case after ``event``.

    1. the event is the next of this case (``case.out-of-sequence``);
    2. it may follow on the state (``case.state``);
    3. it comes from whoever may cause it (``case.not-writer``).
    """
    if event.case_id != case.case_id or event.seq != case.seq + 1:  # (1)
        raise YitongError("case.out-of-sequence", case.case_id, expected=case.seq + 1, seq=event.seq)
    kind = EVENTS.get(event.type)
    if kind is None or case.state not in kind.after:  # (2)
        raise YitongError("case.state", case.case_id, state=case.state, command=event.type)
    change = _CHANGES.get(event.type)
    changed = change(case, event) if change else case
    allowed = {
        kinds.BY_APPLICANT: changed.applicant.reference,  # a second submission keeps the applicant of the first
        kinds.BY_WINDOW: case.window,
        kinds.BY_AUTHORITY: case.authority,
        kinds.BY_WRITER: writer(case),
    }
    if not event.by or event.by != allowed[kind.by]:  # (3)
        raise YitongError("case.not-writer", case.case_id)
    return replace(changed, seq=event.seq, state=kind.to or case.state, last_at=event.at)


def fold(events: Iterable[Event]) -> Case:
    """The case that ``events`` make, from the first on; raises ``case.no-events`` if there are none."""
    case: Case | None = None
    for event in events:
        case = apply(case or Case(event.case_id), event)
    if case is None:
        raise YitongError("case.no-events")
    return case


def _due(value: Mapping[str, Any]) -> Due:
    explanation = value["explanation"]
    return Due(date.fromisoformat(value["day"]), value["provisional"], Text(explanation["zh"], explanation["en"]))


def _submitted(case: Case, event: Event) -> Case:
    application = read_application(event.body["application"])
    before = (case.service_id, case.applicant.reference, case.window)
    if case.seq and before != (application.service_id, application.applicant.reference, event.body["window"]):
        raise YitongError("case.wrong-application", case.case_id, member="applicant, service or window")
    return replace(
        case,
        service_id=application.service_id,
        service_version=application.service_version,
        applicant=application.applicant,
        answers=application.answers,
        materials=application.materials,
        window=event.body["window"],
        submitted_at=event.at,
    )


def _received(case: Case, event: Event) -> Case:
    return replace(case, received_at=event.at)


def _forwarded(case: Case, event: Event) -> Case:
    return replace(case, forwarded_at=event.at, authority=event.body["to"])


def _forward_refused(case: Case, event: Event) -> Case:
    if case.hops:  # an authority has had it: what it passed on is between authorities
        raise YitongError("case.state", case.case_id, state=case.state, command=event.type)
    return replace(case, forwarded_at=None, authority="")


def _redirected(case: Case, event: Event) -> Case:
    to = event.body["to"]
    return replace(
        case, forwarded_at=event.at, handed_over_at=None, hops=passed_on(case.hops, case.authority, to), authority=to
    )


def _handed_over(case: Case, event: Event) -> Case:
    return replace(case, handed_over_at=event.at)


def _supplement_requested(case: Case, event: Event) -> Case:
    if case.supplement is not None:  # once, and all at once (Administrative Licensing Law art. 32)
        raise YitongError("case.supplement-twice", case.case_id)
    return replace(case, supplement=Supplement(tuple(event.body["lacking"]), event.at, _due(event.body["due"])))


def _supplement_overdue(case: Case, _event: Event) -> Case:
    return replace(case, supplement=replace(_asked(case), overdue=True))


def _supplied(case: Case, event: Event) -> Case:
    added = tuple(read_attachment(item, f"/materials/{i}") for i, item in enumerate(event.body["materials"]))
    return replace(case, materials=case.materials + added, supplement=replace(_asked(case), supplied_at=event.at))


def _asked(case: Case) -> Supplement:
    if case.supplement is None:
        raise YitongError("case.state", case.case_id, state=case.state, command="supply")
    return case.supplement


def _accepted(case: Case, event: Event) -> Case:
    body = event.body
    promised = _due(body["promised"]) if "promised" in body else None
    first_day = date.fromisoformat(body["day"])
    return replace(
        case,
        acceptance=Acceptance(first_day, body["deemed"], event.by, body["service_version"], _due(body["statutory"]), promised),
    )


def _clock_stopped(case: Case, event: Event) -> Case:
    return replace(case, stops=(*case.stops, Stop(date.fromisoformat(event.body["day"]), None, event.body["reason"])))


def _clock_restarted(case: Case, event: Event) -> Case:
    last = replace(case.stops[-1], end=date.fromisoformat(event.body["day"]))
    return _revised(replace(case, stops=(*case.stops[:-1], last)), event)


def _revised(case: Case, event: Event) -> Case:
    if case.acceptance is None:
        raise YitongError("case.state", case.case_id, state=case.state, command=event.type)
    promised = _due(event.body["promised"]) if "promised" in event.body else None
    return replace(case, acceptance=replace(case.acceptance, statutory=_due(event.body["statutory"]), promised=promised))


def _decided(case: Case, event: Event) -> Case:
    granted, reason = event.type == "granted", event.body.get("reason", "")
    decision = Decision(granted, event.at, event.by, event.actor, event.body["late"], reason, event.evidence)
    return replace(case, decision=decision)


def _withdrawn(case: Case, event: Event) -> Case:
    return replace(case, withdrawn_at=event.at)


def _produced(case: Case, event: Event) -> Case:
    return replace(case, result_id=event.body["result_id"])


def _closed(case: Case, _event: Event) -> Case:
    return replace(case, ended_as=case.state)


_CHANGES: dict[str, Callable[[Case, Event], Case]] = {
    "submitted": _submitted,
    "received": _received,
    "forwarded": _forwarded,
    "forward_refused": _forward_refused,
    "redirected": _redirected,
    "handed_over": _handed_over,
    "supplement_requested": _supplement_requested,
    "supplement_overdue": _supplement_overdue,
    "supplied": _supplied,
    "accepted": _accepted,
    "clock_stopped": _clock_stopped,
    "clock_restarted": _clock_restarted,
    "deadlines_revised": _revised,
    "granted": _decided,
    "refused": _decided,
    "withdrawn": _withdrawn,
    "produced": _produced,
    "closed": _closed,
}
