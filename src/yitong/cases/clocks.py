"""The clocks of a case: which run, until when, and whether one stands still.

Received is not accepted: the clock of the authority's silence runs from its own receipt, the clocks of the decision
from acceptance. The statutory and the promised deadline run side by side. Everything is computed from the rules each
time, so that a date that was provisional becomes final when its calendar is published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from yitong.cases import events as kinds
from yitong.cases.calendar import Calendar
from yitong.cases.case import Case
from yitong.cases.deadline import DueDate, Rule, Stop, due, due_at, end_of
from yitong.cases.events import write_due
from yitong.cases.service import Service
from yitong.errors import Text, YitongError


@dataclass(frozen=True, slots=True)
class Timer:
    """One clock of a case: from ``due`` on it is too late. ``paused``: the clock stands still and the date will move."""

    name: str
    due: datetime
    day: date
    provisional: bool
    explanation: Text
    paused: bool = False


def timers(case: Case, service: Service, calendar: Calendar) -> list[Timer]:
    """The clocks that run in the case's state, earliest first; none runs once it has ended.

    ``sign-for``: the authority has not signed for what was forwarded. ``admission``: its silence becomes acceptance.
    ``supplement``: the applicant's time to supply. ``promised`` and ``statutory``: the decision. ``delivery``: the result.
    """
    clocks = service.deadlines
    found: list[Timer] = []
    if case.state == kinds.FORWARDED and case.forwarded_at is not None:
        found.append(_timer("sign-for", *due_at(clocks.sign_for, case.forwarded_at, calendar)))
    elif case.state == kinds.HANDED_OVER:
        found.append(_timer("admission", *admission(case, service, calendar)))
    elif case.state == kinds.SUPPLEMENT_REQUESTED and case.supplement is not None:
        told = case.supplement.due
        found.append(Timer("supplement", end_of(told.day, calendar.zone), told.day, told.provisional, told.explanation))
    elif case.state in kinds.UNDER_CLOCK and case.acceptance is not None:
        found = _decision_timers(case, service, calendar, case.acceptance.day)
    elif case.state in {kinds.GRANTED, kinds.PRODUCED} and case.decision is not None:
        found.append(_timer("delivery", *due_at(clocks.delivery, case.decision.at, calendar)))
    return sorted(found, key=lambda timer: timer.due)


def _timer(name: str, moment: datetime, found: DueDate, *, paused: bool = False) -> Timer:
    return Timer(name, moment, found.day, found.provisional, found.explanation, paused)


def _decision_timers(case: Case, service: Service, calendar: Calendar, accepted: date) -> list[Timer]:
    rules: list[tuple[str, Rule | None]] = [
        ("promised", service.deadlines.promised),
        ("statutory", service.deadlines.statutory),
    ]
    paused = case.state == kinds.CLOCK_STOPPED
    dates = [(name, due(rule, accepted, calendar, case.stops)) for name, rule in rules if rule is not None]
    return [_timer(name, end_of(found.day, calendar.zone), found, paused=paused) for name, found in dates]


def complete_since(case: Case) -> tuple[str, datetime]:
    """Since when the competent authority has had all the papers: its receipt, or what was supplied after it.

    Raises ``case.state`` before an authority has signed for the case.
    """
    if case.handed_over_at is None:
        raise YitongError("case.state", case.case_id, state=case.state, command="admission")
    supplied = case.supplement.supplied_at if case.supplement is not None else None
    if supplied is not None and supplied > case.handed_over_at:
        return "supplied", supplied
    return "handed_over", case.handed_over_at


def admission(case: Case, service: Service, calendar: Calendar) -> tuple[datetime, DueDate]:
    """When the authority's silence becomes acceptance, counted from :func:`complete_since`."""
    anchor, since = complete_since(case)
    return due_at(replace(service.deadlines.admission, anchor=anchor), since, calendar)


def decision_dates(service: Service, accepted: date, calendar: Calendar, stops: tuple[Stop, ...] = ()) -> dict[str, Any]:
    """The statutory and the promised last day as events carry them."""
    clocks = service.deadlines
    dates = {"statutory": write_due(due(clocks.statutory, accepted, calendar, stops))}
    if clocks.promised is not None:
        dates["promised"] = write_due(due(clocks.promised, accepted, calendar, stops))
    return dates


def revised_dates(case: Case, service: Service, calendar: Calendar) -> dict[str, Any] | None:
    """The dates anew if the published calendar now gives other ones than the applicant was told, else None."""
    if case.acceptance is None:
        return None
    anew = decision_dates(service, case.acceptance.day, calendar, case.stops)
    told = {"statutory": case.acceptance.statutory, "promised": case.acceptance.promised}
    before = {name: (said.day.isoformat(), said.provisional) for name, said in told.items() if said is not None}
    now = {name: (said["day"], said["provisional"]) for name, said in anew.items()}
    return None if now == before else anew
