"""From the application to its acceptance: what each command makes of the case, its actor and state being right.

The window looks at form and identity and passes on; the competent authority alone accepts, asks for what is lacking,
or says who is competent. Law cited: Administrative Licensing Law (2019) art. 32.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from yitong.cases.application import check_application, check_materials, read_application, read_attachment
from yitong.cases.clocks import admission, complete_since, decision_dates
from yitong.cases.deadline import WORKING_DAY, due
from yitong.cases.events import write_due
from yitong.cases.routing import passed_on
from yitong.cases.step import Outcome, Step
from yitong.clock import local_date
from yitong.errors import YitongError

MAX_SUPPLEMENT_DAYS = 60  # working days: an authority may give longer than the usual time, but not park a case


def submit(step: Step) -> Outcome:
    """Lodge the application, whole and checked; after a return at the window, lodge it again."""
    application = read_application(step.body["application"])
    if application.applicant.reference != step.command.actor.reference:
        raise YitongError("case.not-the-applicant", step.case.case_id)
    check_application(application, step.service)
    if step.body["window"] not in {window.entity_id for window in step.service.windows}:
        raise YitongError("case.window-unknown", "/window")
    return "submitted", {"window": step.body["window"], "application": application.to_json()}


def receive(step: Step) -> Outcome:
    """The window has the papers. No clock of the authority starts."""
    return "received", {"day": step.today.isoformat()}


def return_at_window(step: Step) -> Outcome:
    """The window hands the papers back, naming every reason."""
    return "returned_at_window", {"reasons": list(step.body["reasons"])}


def forward(step: Step) -> Outcome:
    """The window sends the case to the authority that decides this service."""
    return "forwarded", {"to": step.service.authority.entity_id}


def take_back(step: Step) -> Outcome:
    """The authority's node would not take what was forwarded, and says why: the window has the papers again, none is lost."""
    return "forward_refused", {"code": step.body["code"]}


def sign_for(step: Step) -> Outcome:
    """The authority has the case: its five working days begin, and it alone writes from now on."""
    return "handed_over", {"day": step.today.isoformat()}


def refuse_if_silent_too_long(step: Step) -> None:
    """Raise ``case.deemed-accepted`` once the time to object has run out: silence was acceptance (art. 32(4))."""
    if step.now >= admission(step.case, step.service, step.calendar)[0]:
        raise YitongError("case.deemed-accepted", step.case.case_id)


def request_supplement(step: Step) -> Outcome:
    """Ask once for everything that is lacking, with a day by which (art. 32(4))."""
    refuse_if_silent_too_long(step)
    if step.case.supplement is not None:
        raise YitongError("case.supplement-twice", step.case.case_id)
    lacking = list(step.body["lacking"])
    unknown = [name for name in lacking if step.service.material(name) is None]
    if unknown:
        raise YitongError("case.material-unknown", "/lacking", material=unknown[0][:60])
    rule = step.service.deadlines.supplement
    if "working_days" in step.body:
        if not 1 <= step.body["working_days"] <= MAX_SUPPLEMENT_DAYS:
            raise step.wrong("working_days")
        rule = replace(rule, n=step.body["working_days"], unit=WORKING_DAY)
    body: dict[str, Any] = {"lacking": lacking, "due": write_due(due(rule, step.today, step.calendar))}
    return "supplement_requested", body | ({"note": step.body["note"]} if "note" in step.body else {})


def supply(step: Step) -> Outcome:
    """The applicant supplies everything that was asked for, by the due day; later papers are refused, not lost silently."""
    asked = step.case.supplement
    if asked is None:
        raise YitongError("case.state", step.case.case_id, state=step.case.state, command="supply")
    if asked.overdue or step.today > asked.due.day:
        raise YitongError("case.supplement-late", step.case.case_id, due=asked.due.day.isoformat())
    supplied = tuple(read_attachment(item, f"/materials/{i}") for i, item in enumerate(step.body["materials"]))
    check_materials(supplied, step.service)
    missing = [name for name in asked.lacking if name not in {attachment.material_id for attachment in supplied}]
    if missing:
        raise YitongError("case.incomplete", "/materials", missing=", ".join(missing))
    return "supplied", {"materials": [attachment.to_json() for attachment in supplied], "day": step.today.isoformat()}


def accept(step: Step) -> Outcome:
    """The authority accepts: today, or, if it was silent too long, as of the day the papers were with it."""
    if step.now >= admission(step.case, step.service, step.calendar)[0]:
        return deem_accepted(step)
    return _acceptance(step, step.today, deemed=False)


def deem_accepted(step: Step) -> Outcome:
    """Silence for the time of admission is acceptance on the day of receipt by the authority (art. 32(4)).

    What was supplied later counts from the day on which it was supplied (art. 32(5)).
    """
    return _acceptance(step, local_date(complete_since(step.case)[1], step.calendar.zone), deemed=True)


def _acceptance(step: Step, day: date, *, deemed: bool) -> Outcome:
    dates = decision_dates(step.service, day, step.calendar)
    return "accepted", {"day": day.isoformat(), "deemed": deemed, "service_version": step.service.version, **dates}


def not_competent(step: Step) -> Outcome:
    """The authority is not competent and names who is; whether that one holds the role, its own node's trust decides."""
    refuse_if_silent_too_long(step)
    passed_on(step.case.hops, step.case.authority, step.body["to"])
    return "redirected", {"to": step.body["to"], "reason": step.body["reason"]}


def refuse_acceptance(step: Step) -> Outcome:
    """Not a matter for a permit, or not this one: refused in writing, with reasons and the ways to contest."""
    refuse_if_silent_too_long(step)
    return "not_accepted", {"reason": step.body["reason"], "remedies": step.remedies()}
