"""The life of a case: from the window in one province to the decision in another, and what time alone does to it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from example_case import (
    APPLICANT,
    AUTHORITY,
    AUTHORITY_ID,
    CALENDAR,
    CLOCK,
    OTHER,
    OTHER_ID,
    PROOF,
    SERVICE,
    WINDOW,
    WINDOW_ID,
    accepted,
    application,
    do,
    forwarded,
    handed_over,
    in_review,
    moment,
    paper,
    submitted,
)
from yitong.cases.application import same_application_key
from yitong.cases.calendar import Calendar
from yitong.cases.case import Case, apply, fold, is_open, writer
from yitong.cases.clocks import timers
from yitong.cases.commands import Command
from yitong.cases.deadline import Rule, end_of
from yitong.cases.decide import decide
from yitong.cases.events import from_json
from yitong.errors import YitongError


def test_the_whole_way_of_a_granted_case() -> None:
    case = in_review()
    case = do(case, "grant", AUTHORITY, moment("2026-02-24"), result={"valid_years": 5})
    assert case.decision is not None
    assert (case.decision.granted, case.decision.by, case.decision.late) == (True, AUTHORITY_ID, False)
    case = do(case, "produce", AUTHORITY, moment("2026-02-25"), result_id="permit-1")
    case = do(case, "deliver", AUTHORITY, moment("2026-02-25", 11), method="electronic")
    case = do(case, "close", AUTHORITY, moment("2026-02-25", 12))
    assert (case.state, case.ended_as, case.result_id, case.seq) == ("closed", "delivered", "permit-1", 10)


def test_received_is_not_accepted() -> None:
    case = do(submitted(), "receive", WINDOW, moment("2026-02-09"))
    assert case.state == "received"
    assert case.acceptance is None
    assert timers(case, SERVICE, CALENDAR) == []


def test_both_deadlines_are_computed_at_acceptance() -> None:
    case = accepted("2026-02-12")
    assert case.acceptance is not None
    assert case.acceptance.promised is not None
    assert (case.acceptance.day, case.acceptance.deemed) == (date(2026, 2, 12), False)
    assert case.acceptance.statutory.day == date(2026, 3, 18)
    assert case.acceptance.promised.day == date(2026, 3, 4)
    assert "14 and 28 Feb counted" in case.acceptance.statutory.explanation.en
    assert [(timer.name, timer.day) for timer in timers(case, SERVICE, CALENDAR)] == [
        ("promised", date(2026, 3, 4)),
        ("statutory", date(2026, 3, 18)),
    ]


def test_a_timer_is_due_when_its_day_is_over_in_shanghai() -> None:
    timer = timers(accepted("2026-02-12"), SERVICE, CALENDAR)[1]
    assert timer.due == end_of(date(2026, 3, 18), "Asia/Shanghai")
    assert timer.due == moment("2026-03-19", 0)


def test_stopping_the_clock_moves_both_deadlines_and_is_seen() -> None:
    case = in_review("2026-02-12")
    case = do(case, "stop_clock", AUTHORITY, moment("2026-02-25"), reason="testing", expected_working_days=3)
    stopped = timers(case, SERVICE, CALENDAR)
    assert [timer.paused for timer in stopped] == [True, True]
    assert "the clock stands still" in stopped[0].explanation.en
    case = do(case, "restart_clock", AUTHORITY, moment("2026-02-27"))
    assert case.acceptance is not None
    assert case.acceptance.promised is not None
    assert case.acceptance.statutory.day == date(2026, 3, 20)
    assert case.acceptance.promised.day == date(2026, 3, 6)
    running = timers(case, SERVICE, CALENDAR)
    assert [(timer.paused, timer.day) for timer in running] == [(False, date(2026, 3, 6)), (False, date(2026, 3, 20))]
    assert (case.state, case.stops[0].reason) == ("in_review", "testing")


def test_silence_for_five_working_days_is_acceptance_on_the_day_of_receipt() -> None:
    case = handed_over("2026-02-10")  # five working days: 11, 12, 13, 14 and 24 February
    [timer] = timers(case, SERVICE, CALENDAR)
    assert (timer.name, timer.day) == ("admission", date(2026, 2, 24))
    assert do(case, "tick", CLOCK, timer.due - timedelta(seconds=1)).state == "handed_over"
    case = do(case, "tick", CLOCK, timer.due, ())
    assert case.acceptance is not None
    assert (case.state, case.acceptance.deemed, case.acceptance.day) == ("accepted", True, date(2026, 2, 10))
    assert case.acceptance.statutory.day == date(2026, 3, 16)
    assert case.acceptance.by == AUTHORITY_ID
    assert do(case, "tick", CLOCK, timer.due, ()) == case


def test_accepting_too_late_is_the_deemed_acceptance() -> None:
    case = do(handed_over("2026-02-10"), "accept", AUTHORITY, moment("2026-03-02"))
    assert case.acceptance is not None
    assert (case.acceptance.deemed, case.acceptance.day) == (True, date(2026, 2, 10))


def test_a_supplement_is_asked_for_once_and_supplied_in_time() -> None:
    case = do(handed_over("2026-02-10"), "request_supplement", AUTHORITY, moment("2026-02-12"), lacking=["premises-layout"])
    assert case.supplement is not None
    assert case.supplement.due.day == date(2026, 2, 26)  # 13, 14, 24, 25 and 26 February
    [timer] = timers(case, SERVICE, CALENDAR)
    assert (timer.name, timer.day) == ("supplement", date(2026, 2, 26))
    newer = paper("premises-layout", content=b"a better plan")
    case = do(case, "supply", APPLICANT, moment("2026-02-26", 23, 59), materials=[newer])
    assert (case.state, len(case.materials)) == ("handed_over", 5)
    [timer] = timers(case, SERVICE, CALENDAR)
    assert (timer.name, timer.day) == ("admission", date(2026, 3, 4))  # counted from the supplement
    deemed = do(case, "tick", CLOCK, timer.due, ())
    assert deemed.acceptance is not None
    assert deemed.acceptance.day == date(2026, 2, 26)


def test_a_supplement_that_does_not_come_is_flagged_and_the_case_may_end() -> None:
    case = do(handed_over("2026-02-10"), "request_supplement", AUTHORITY, moment("2026-02-12"), lacking=["premises-layout"])
    case = do(case, "tick", CLOCK, moment("2026-02-26"), ())
    assert case.supplement is not None
    assert case.supplement.overdue is False
    case = do(case, "tick", CLOCK, moment("2026-02-27"), ())
    assert case.supplement is not None
    assert (case.state, case.supplement.overdue) == ("supplement_requested", True)
    assert do(case, "tick", CLOCK, moment("2026-02-28"), ()) == case
    case = do(case, "terminate", AUTHORITY, moment("2026-02-28"), reason="supplement-missing")
    case = do(case, "close", AUTHORITY, moment("2026-02-28"))
    assert case.ended_as == "terminated"


def test_an_authority_that_is_not_competent_passes_the_case_on() -> None:
    case = do(handed_over(), "not_competent", AUTHORITY, moment("2026-02-11"), to=OTHER_ID, reason="premises lie elsewhere")
    assert (case.state, case.authority, case.hops, writer(case)) == ("forwarded", OTHER_ID, (AUTHORITY_ID,), OTHER_ID)
    case = do(case, "sign_for", OTHER, moment("2026-02-12"))
    case = do(case, "accept", OTHER, moment("2026-02-13"))
    assert case.acceptance is not None
    assert case.acceptance.by == OTHER_ID


def test_the_writer_is_the_window_until_it_forwards_and_the_authority_after() -> None:
    assert writer(submitted()) == WINDOW_ID
    assert writer(forwarded()) == AUTHORITY_ID
    assert writer(handed_over()) == AUTHORITY_ID


def test_a_case_returned_at_the_window_may_be_lodged_again() -> None:
    case = do(submitted(), "return_at_window", WINDOW, moment("2026-02-09"), reasons=["the plan cannot be read"])
    assert case.state == "returned_at_window"
    case = do(case, "submit", APPLICANT, moment("2026-02-10"), window=WINDOW_ID, application=application())
    assert (case.state, case.submitted_at) == ("submitted", moment("2026-02-10"))


def test_timers_before_and_after_the_decision() -> None:
    [timer] = timers(forwarded("2026-02-13"), SERVICE, CALENDAR)
    assert (timer.name, timer.day) == ("sign-for", date(2026, 2, 14))
    granted = do(in_review(), "grant", AUTHORITY, moment("2026-02-24"))
    [timer] = timers(granted, SERVICE, CALENDAR)
    assert (timer.name, timer.day) == ("delivery", date(2026, 3, 9))
    refused = do(in_review(), "refuse", AUTHORITY, moment("2026-02-24"), reason="the premises do not suit")
    assert timers(refused, SERVICE, CALENDAR) == []


def test_a_late_decision_stands_and_is_marked() -> None:
    case = do(in_review("2026-02-12"), "grant", AUTHORITY, moment("2026-03-18", 23, 59))
    assert case.decision is not None
    assert case.decision.late is False
    case = do(in_review("2026-02-12"), "grant", AUTHORITY, moment("2026-03-19", 0))
    assert case.decision is not None
    assert (case.state, case.decision.late) == ("granted", True)


def test_a_refusal_names_reasons_and_remedies() -> None:
    [event] = decide(
        in_review(),
        Command("refuse", AUTHORITY, {"reason": "the premises do not suit"}, PROOF),
        moment("2026-02-24"),
        SERVICE,
        CALENDAR,
    )
    assert event.body["reason"] == "the premises do not suit"
    assert [set(remedy) for remedy in event.body["remedies"]] == [{"zh", "en"}, {"zh", "en"}]


def test_provisional_dates_are_told_anew_once_the_calendar_is_published() -> None:
    case = handed_over("2026-12-21")
    case = do(case, "accept", AUTHORITY, moment("2026-12-22"))
    assert case.acceptance is not None
    assert case.acceptance.statutory.provisional
    assert do(case, "tick", CLOCK, moment("2026-12-23"), ()) == case  # nothing new is known
    off = {date(2027, 1, 1): SERVICE.title}
    published = replace(CALENDAR, years=CALENDAR.years | {2027}, days_off={**CALENDAR.days_off, **off})
    [event] = decide(case, Command("tick", CLOCK), moment("2026-12-23"), SERVICE, published)
    assert event.type == "deadlines_revised"
    revised = apply(case, event)
    assert revised.acceptance is not None
    assert revised.acceptance.statutory.provisional is False
    assert revised.acceptance.statutory.day == case.acceptance.statutory.day + timedelta(days=1)


def test_a_service_handled_on_the_spot_promises_no_date() -> None:
    on_the_spot = replace(SERVICE, handling="on-the-spot", deadlines=replace(SERVICE.deadlines, promised=None))
    [event] = decide(handed_over(), Command("accept", AUTHORITY), moment("2026-02-11"), on_the_spot, CALENDAR)
    assert "promised" not in event.body
    case = apply(handed_over(), event)
    assert case.acceptance is not None
    assert case.acceptance.promised is None
    assert [timer.name for timer in timers(case, on_the_spot, CALENDAR)] == ["statutory"]


def test_the_rules_of_the_service_set_the_clocks() -> None:
    longer = replace(SERVICE, deadlines=replace(SERVICE.deadlines, admission=Rule("handed_over", 7, "calendar-day")))
    [timer] = timers(handed_over("2026-03-02"), longer, CALENDAR)
    assert timer.day == date(2026, 3, 9)


def test_events_survive_json_and_make_the_same_case() -> None:
    events = []
    case = Case("case-1")
    for name, actor, day, body in (
        ("submit", APPLICANT, "2026-02-09", {"window": WINDOW_ID, "application": application()}),
        ("receive", WINDOW, "2026-02-09", {}),
        ("forward", WINDOW, "2026-02-09", {}),
        ("sign_for", AUTHORITY, "2026-02-10", {}),
        ("accept", AUTHORITY, "2026-02-11", {}),
    ):
        for event in decide(case, Command(name, actor, body), moment(day), SERVICE, CALENDAR):
            events.append(event)
            case = apply(case, event)
    read = [from_json(json.loads(json.dumps(event.to_json()))) for event in events]
    assert read == events
    assert fold(read) == case
    assert case.state == "accepted"


def test_moments_are_kept_to_the_millisecond_so_that_they_survive_being_stored() -> None:
    fine = moment("2026-02-09") + timedelta(microseconds=123_456)
    [event] = decide(submitted(), Command("receive", WINDOW), fine, SERVICE, CALENDAR)
    assert event.at.microsecond == 123_000
    assert from_json(event.to_json()) == event


def test_who_acted_is_in_the_event() -> None:
    [event] = decide(submitted(), Command("receive", WINDOW, {}, PROOF), moment("2026-02-09"), SERVICE, CALENDAR)
    assert (event.by, event.actor, event.evidence, event.seq) == (WINDOW_ID, "officer-a", PROOF, 2)
    [event] = decide(submitted(), Command("withdraw", APPLICANT), moment("2026-02-09"), SERVICE, CALENDAR)
    assert (event.by, event.actor) == ("applicant-1", "applicant-1")


def test_open_cases_and_the_key_of_the_same_application() -> None:
    assert is_open(submitted())
    assert is_open(in_review())
    assert not is_open(do(submitted(), "withdraw", APPLICANT, moment("2026-02-10")))
    assert not is_open(do(in_review(), "grant", AUTHORITY, moment("2026-02-24")))
    key = same_application_key("applicant-1", SERVICE.id)
    assert key == same_application_key("applicant-1", SERVICE.id)
    assert len({key, same_application_key("applicant-2", SERVICE.id), same_application_key("applicant-1", "other")}) == 3
    assert "applicant" not in key


def test_no_events_make_no_case() -> None:
    with pytest.raises(YitongError) as refused:
        fold([])
    assert refused.value.code == "case.no-events"


def test_the_calendar_given_must_be_the_one_of_the_rules() -> None:
    other = Calendar("elsewhere", CALENDAR.title, CALENDAR.years)
    with pytest.raises(YitongError) as refused:
        decide(handed_over(), Command("accept", AUTHORITY), moment("2026-02-11"), SERVICE, other)
    assert refused.value.code == "deadline.wrong-calendar"
