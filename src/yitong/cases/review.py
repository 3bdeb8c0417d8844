"""From acceptance to the end: review, clock stops, decision, result, and what time alone brings about.

Law cited: Administrative Licensing Law (2019) art. 38 (a refusal gives reasons and the ways to contest), 42 (the
statutory clock), 44 (delivery), 45 (what is not counted).
"""

from __future__ import annotations

from typing import Any

from yitong.cases import events as kinds
from yitong.cases.clocks import admission, decision_dates, revised_dates
from yitong.cases.commands import DELIVERY_METHODS, STOP_REASONS, TERMINATION_REASONS
from yitong.cases.deadline import Stop, due, end_of
from yitong.cases.intake import deem_accepted
from yitong.cases.step import Outcome, Step
from yitong.errors import YitongError


def start_review(_step: Step) -> Outcome:
    """The authority begins to examine."""
    return "review_started", {}


def stop_clock(step: Step) -> Outcome:
    """Stop both clocks for one of the reasons of the law, telling the applicant how long it is expected to take (art. 45)."""
    if step.body["reason"] not in STOP_REASONS:
        raise step.wrong("reason")
    expected = step.body["expected_working_days"]
    if expected < 1:
        raise step.wrong("expected_working_days")
    return "clock_stopped", {"day": step.today.isoformat(), "reason": step.body["reason"], "expected_working_days": expected}


def restart_clock(step: Step) -> Outcome:
    """Start the clocks again: both last days move by the days on which they stood still."""
    *before, running = step.case.stops
    stops = (*before, Stop(running.start, step.today, running.reason))
    return "clock_restarted", {"day": step.today.isoformat(), **_dates(step, stops)}


def _dates(step: Step, stops: tuple[Stop, ...]) -> dict[str, Any]:
    if step.case.acceptance is None:
        raise YitongError("case.state", step.case.case_id, state=step.case.state, command=step.command.name)
    return decision_dates(step.service, step.case.acceptance.day, step.calendar, stops)


def _decided(step: Step) -> dict[str, Any]:
    if step.case.acceptance is None:
        raise YitongError("case.state", step.case.case_id, state=step.case.state, command=step.command.name)
    last = due(step.service.deadlines.statutory, step.case.acceptance.day, step.calendar, step.case.stops)
    return {"late": step.now >= end_of(last.day, step.calendar.zone)} | dict(step.body)


def grant(step: Step) -> Outcome:
    """Grant it. A decision after the statutory day stands, and is marked late."""
    return "granted", _decided(step)


def refuse(step: Step) -> Outcome:
    """Refuse it, with reasons and the ways to contest (art. 38)."""
    return "refused", _decided(step) | {"remedies": step.remedies()}


def withdraw(step: Step) -> Outcome:
    """The applicant takes the application back, at any time before the decision."""
    return "withdrawn", dict(step.body)


def terminate(step: Step) -> Outcome:
    """End a case that cannot go on; for a missing supplement only after its day has passed."""
    reason = step.body["reason"]
    if reason not in TERMINATION_REASONS:
        raise step.wrong("reason")
    if reason == "supplement-missing":
        asked = step.case.supplement
        if step.case.state != kinds.SUPPLEMENT_REQUESTED or asked is None or step.today <= asked.due.day:
            raise step.wrong("reason")
    return "terminated", dict(step.body)


def produce(step: Step) -> Outcome:
    """The result, a licence of the service's kind, has been made."""
    return "produced", {"result_kind": step.service.result_kind, "result_id": step.body["result_id"]}


def deliver(step: Step) -> Outcome:
    """The result has reached the applicant."""
    if step.body["method"] not in DELIVERY_METHODS:
        raise step.wrong("method")
    return "delivered", {"method": step.body["method"]}


def close(_step: Step) -> Outcome:
    """Nothing more is to be done."""
    return "closed", {}


def tick(step: Step) -> Outcome | None:
    """What has come about by time alone since the last event; nothing, most of the time.

    1. the authority was silent too long: the case is accepted, as of the day of receipt;
    2. the supplement did not come by its day: it is marked overdue, and what comes now is refused;
    3. a calendar has been published that changes dates the applicant was told: they are told the new ones.
    """
    case = step.case
    if case.state == kinds.HANDED_OVER and step.now >= admission(case, step.service, step.calendar)[0]:  # (1)
        return deem_accepted(step)
    if case.state == kinds.SUPPLEMENT_REQUESTED and case.supplement is not None and not case.supplement.overdue:  # (2)
        told = case.supplement.due
        if step.today > told.day:
            explanation = {"zh": told.explanation.zh, "en": told.explanation.en}
            return "supplement_overdue", {
                "due": {"day": told.day.isoformat(), "provisional": told.provisional, "explanation": explanation}
            }
    if case.state in {kinds.ACCEPTED, kinds.IN_REVIEW}:  # (3)
        anew = revised_dates(case, step.service, step.calendar)
        return ("deadlines_revised", anew) if anew else None
    return None
