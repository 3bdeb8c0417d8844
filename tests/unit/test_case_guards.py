"""What must be refused: the wrong actor, the wrong moment, the wrong order, and events that someone made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
    SHANGHAI,
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
from yitong.cases.case import Case, apply
from yitong.cases.commands import COMMANDS, Actor, Command
from yitong.cases.decide import decide
from yitong.cases.events import EVENTS, STATES, Event, from_json
from yitong.errors import YitongError

DAY = "2026-02-12"


def refusal(case: Case, name: str, actor: Actor, day: str = DAY, evidence: tuple[str, ...] = PROOF, **body: Any) -> str:
    with pytest.raises(YitongError) as refused:
        do(case, name, actor, moment(day), evidence, **body)
    return refused.value.code


def received() -> Case:
    return do(submitted(), "receive", WINDOW, moment("2026-02-09"))


def asked() -> Case:
    return do(handed_over(), "request_supplement", AUTHORITY, moment(DAY), lacking=["premises-layout"])


def withdrawn() -> Case:
    return do(in_review(), "withdraw", APPLICANT, moment(DAY, 12))


def test_only_the_competent_authority_accepts_and_decides() -> None:
    for case, name, body in (
        (forwarded(), "sign_for", {}),
        (handed_over(), "accept", {}),
        (handed_over(), "request_supplement", {"lacking": ["safety-rules"]}),
        (handed_over(), "refuse_acceptance", {"reason": "no"}),
        (handed_over(), "not_competent", {"to": OTHER_ID, "reason": "no"}),
        (accepted(), "start_review", {}),
        (in_review(), "stop_clock", {"reason": "testing", "expected_working_days": 3}),
        (in_review(), "grant", {}),
        (in_review(), "refuse", {"reason": "no"}),
    ):
        assert refusal(case, name, OTHER, **body) == "case.not-competent"
        assert refusal(case, name, WINDOW, **body) == "case.wrong-actor"
        assert refusal(case, name, APPLICANT, **body) == "case.wrong-actor"
        assert refusal(case, name, CLOCK, **body) == "case.wrong-actor"
        assert refusal(case, name, Actor("authority", WINDOW_ID, "officer-a"), **body) == "case.not-competent"
        assert (
            refusal(case, name, Actor("authority", "http://evil/institutions/chongming-market", "x"), **body)
            == "case.not-competent"
        )


def test_only_the_window_receives_returns_and_forwards() -> None:
    other_window = Actor("window", f"{SHANGHAI}/institutions/qidong-window", "officer-x")
    for case, name, body in (
        (submitted(), "receive", {}),
        (submitted(), "return_at_window", {"reasons": ["no"]}),
        (received(), "forward", {}),
    ):
        assert refusal(case, name, AUTHORITY, **body) == "case.wrong-actor"
        assert refusal(case, name, other_window, **body) == "case.not-the-window"


def test_a_second_window_of_the_service_does_not_get_the_first_ones_case() -> None:
    second = replace(SERVICE.windows[0], entity_id="http://127.0.0.1:7401/institutions/second-window")
    two = replace(SERVICE, windows=(*SERVICE.windows, second))
    with pytest.raises(YitongError) as refused:
        decide(submitted(), Command("receive", Actor("window", second.entity_id, "x")), moment(DAY), two, CALENDAR)
    assert refused.value.code == "case.not-the-window"


def test_only_the_applicant_lodges_supplies_and_withdraws() -> None:
    stranger = Actor("applicant", WINDOW_ID, "applicant-2")
    assert refusal(submitted(), "withdraw", stranger) == "case.not-the-applicant"
    assert refusal(asked(), "supply", stranger, materials=[paper("premises-layout")]) == "case.not-the-applicant"
    assert refusal(Case("case-2"), "submit", stranger, window=WINDOW_ID, application=application()) == "case.not-the-applicant"
    assert refusal(submitted(), "withdraw", AUTHORITY) == "case.wrong-actor"


def test_an_actor_without_a_name_or_institution_is_refused() -> None:
    assert refusal(in_review(), "grant", Actor("authority", AUTHORITY_ID, "")) == "case.wrong-actor"
    assert refusal(submitted(), "withdraw", Actor("applicant", "", "applicant-1")) == "case.wrong-actor"
    assert refusal(submitted(), "receive", Actor("emperor", WINDOW_ID, "x")) == "case.wrong-actor"


def test_nothing_is_decided_after_withdrawal() -> None:
    for name, body in (("grant", {}), ("refuse", {"reason": "no"}), ("accept", {}), ("produce", {"result_id": "x"})):
        assert refusal(withdrawn(), name, AUTHORITY, **body) == "case.withdrawn"
    closed = do(withdrawn(), "close", AUTHORITY, moment(DAY, 13))
    assert refusal(closed, "grant", AUTHORITY) == "case.withdrawn"
    assert refusal(withdrawn(), "withdraw", APPLICANT) == "case.state"


def test_nothing_is_withdrawn_after_the_decision() -> None:
    granted = do(in_review(), "grant", AUTHORITY, moment(DAY))
    refused = do(in_review(), "refuse", AUTHORITY, moment(DAY), reason="no")
    for case in (granted, refused, do(refused, "close", AUTHORITY, moment(DAY))):
        assert refusal(case, "withdraw", APPLICANT) == "case.decided"


def test_the_applicant_may_withdraw_in_every_state_before_the_decision() -> None:
    stopped = do(in_review(), "stop_clock", AUTHORITY, moment(DAY), reason="hearing", expected_working_days=5)
    returned = do(submitted(), "return_at_window", WINDOW, moment(DAY), reasons=["no"])
    cases = [submitted(), received(), returned, forwarded(), handed_over(), asked(), accepted(), in_review(), stopped]
    assert {do(case, "withdraw", APPLICANT, moment(DAY, 15)).state for case in cases} == {"withdrawn"}
    assert refusal(Case("case-2"), "withdraw", APPLICANT) == "case.state"


def test_a_supplement_is_asked_for_only_once() -> None:
    supplied = do(asked(), "supply", APPLICANT, moment(DAY, 15), materials=[paper("premises-layout", content=b"new")])
    assert refusal(supplied, "request_supplement", AUTHORITY, lacking=["safety-rules"]) == "case.supplement-twice"
    assert refusal(asked(), "request_supplement", AUTHORITY, lacking=["safety-rules"]) == "case.state"


def test_a_supplement_that_comes_late_is_refused_with_the_day() -> None:
    with pytest.raises(YitongError) as refused:
        do(asked(), "supply", APPLICANT, moment("2026-02-27", 0), materials=[paper("premises-layout")])
    assert refused.value.code == "case.supplement-late"
    assert refused.value.params["due"] == "2026-02-26"
    flagged = do(asked(), "tick", CLOCK, moment("2026-02-27"), ())
    assert refusal(flagged, "supply", APPLICANT, "2026-02-26", materials=[paper("premises-layout")]) == "case.supplement-late"


def test_a_supplement_must_bring_everything_that_was_asked_for() -> None:
    case = do(handed_over(), "request_supplement", AUTHORITY, moment(DAY), lacking=["premises-layout", "safety-rules"])
    with pytest.raises(YitongError) as refused:
        do(case, "supply", APPLICANT, moment(DAY), materials=[paper("premises-layout")])
    assert (refused.value.code, refused.value.params["missing"]) == ("case.incomplete", "safety-rules")
    assert refusal(case, "supply", APPLICANT, materials=[paper("forged")]) == "case.material-unknown"
    assert refusal(case, "supply", APPLICANT, materials=[paper("safety-rules", size_bytes=0)]) == "case.material-empty"


def test_a_supplement_asks_for_known_materials_and_a_sensible_time() -> None:
    case = handed_over()
    assert refusal(case, "request_supplement", AUTHORITY, lacking=["horoscope"]) == "case.material-unknown"
    for days in (0, 61, True, "5"):
        assert (
            refusal(case, "request_supplement", AUTHORITY, lacking=["safety-rules"], working_days=days) == "case.wrong-command"
        )
    assert refusal(case, "request_supplement", AUTHORITY, lacking=[]) == "case.wrong-command"
    longer = do(case, "request_supplement", AUTHORITY, moment(DAY), lacking=["safety-rules"], working_days=10)
    assert longer.supplement is not None
    assert longer.supplement.due.day.isoformat() == "2026-03-04"


def test_after_five_silent_working_days_the_authority_can_no_longer_send_the_case_back() -> None:
    late = "2026-02-25"
    for name, body in (
        ("request_supplement", {"lacking": ["safety-rules"]}),
        ("refuse_acceptance", {"reason": "no"}),
        ("not_competent", {"to": OTHER_ID, "reason": "no"}),
    ):
        assert refusal(handed_over(), name, AUTHORITY, late, **body) == "case.deemed-accepted"


def test_the_routing_loop_is_cut() -> None:
    case = handed_over()
    assert refusal(case, "not_competent", AUTHORITY, to=AUTHORITY_ID, reason="no") == "case.routing-loop"
    case = do(case, "not_competent", AUTHORITY, moment(DAY), to=OTHER_ID, reason="no")
    case = do(case, "sign_for", OTHER, moment(DAY))
    assert refusal(case, "not_competent", OTHER, to=AUTHORITY_ID, reason="no") == "case.routing-loop"
    third = Actor("authority", f"{SHANGHAI}/institutions/third", "officer-d")
    case = do(case, "not_competent", OTHER, moment(DAY), to=third.entity_id, reason="no")
    case = do(case, "sign_for", third, moment(DAY))
    with pytest.raises(YitongError) as refused:
        do(case, "not_competent", third, moment(DAY), to="http://fourth", reason="no")
    assert (refused.value.code, refused.value.params["hops"]) == ("case.routing-loop", 2)
    assert refusal(case, "accept", AUTHORITY) == "case.not-competent"
    assert do(case, "accept", third, moment(DAY)).state == "accepted"


def test_an_authority_to_which_a_window_wrongly_forwarded_is_not_competent() -> None:
    forged = replace(forwarded(), authority=OTHER_ID)
    assert refusal(forged, "sign_for", OTHER) == "case.not-competent"


def test_only_the_writer_ends_the_case_and_lets_time_pass() -> None:
    assert refusal(handed_over(), "terminate", WINDOW, reason="applicant-deceased") == "case.not-writer"
    assert refusal(submitted(), "terminate", AUTHORITY, reason="applicant-deceased") == "case.not-writer"
    assert do(submitted(), "terminate", WINDOW, moment(DAY), reason="applicant-deceased").state == "terminated"
    assert refusal(handed_over(), "tick", Actor("system", WINDOW_ID, "clock")) == "case.not-writer"
    assert refusal(withdrawn(), "close", WINDOW) == "case.not-writer"


def test_reasons_and_methods_are_known_ones() -> None:
    stop = {"reason": "holiday", "expected_working_days": 3}
    assert refusal(in_review(), "stop_clock", AUTHORITY, **stop) == "case.wrong-command"
    assert refusal(in_review(), "stop_clock", AUTHORITY, reason="testing", expected_working_days=0) == "case.wrong-command"
    assert refusal(in_review(), "terminate", AUTHORITY, reason="lazy") == "case.wrong-command"
    assert refusal(in_review(), "terminate", AUTHORITY, reason="supplement-missing") == "case.wrong-command"
    assert refusal(asked(), "terminate", AUTHORITY, reason="supplement-missing") == "case.wrong-command"
    produced = do(do(in_review(), "grant", AUTHORITY, moment(DAY)), "produce", AUTHORITY, moment(DAY), result_id="x")
    assert refusal(produced, "deliver", AUTHORITY, method="pigeon") == "case.wrong-command"


def test_commands_are_read_strictly() -> None:
    assert refusal(in_review(), "bless", AUTHORITY) == "case.wrong-command"
    assert refusal(in_review(), "grant", AUTHORITY, friend=True) == "case.wrong-command"
    assert refusal(in_review(), "refuse", AUTHORITY) == "case.wrong-command"
    assert refusal(in_review(), "refuse", AUTHORITY, reason="  ") == "case.wrong-command"


def test_decisions_need_evidence_and_evidence_must_be_a_hash() -> None:
    for name, body in (("grant", {}), ("refuse", {"reason": "no"})):
        assert refusal(in_review(), name, AUTHORITY, evidence=(), **body) == "case.evidence-missing"
    assert refusal(in_review(), "grant", AUTHORITY, evidence=("trust me",)) == "case.evidence-missing"
    assert refusal(submitted(), "receive", WINDOW, evidence=(PROOF[0][:-1] + "=",)) == "case.evidence-missing"


def test_a_case_is_not_granted_without_acceptance_and_review() -> None:
    for case in (forwarded(), handed_over(), accepted(), asked()):
        assert refusal(case, "grant", AUTHORITY) == "case.state"
    stopped = do(in_review(), "stop_clock", AUTHORITY, moment(DAY), reason="hearing", expected_working_days=5)
    assert refusal(stopped, "grant", AUTHORITY) == "case.state"


def test_the_service_is_the_one_of_the_case_and_of_its_acceptance() -> None:
    for case, service, code in (
        (handed_over(), replace(SERVICE, id="another"), "case.wrong-service"),
        (in_review(), replace(SERVICE, version=2), "case.wrong-version"),
    ):
        name = "accept" if case.acceptance is None else "grant"
        with pytest.raises(YitongError) as refused:
            decide(case, Command(name, AUTHORITY, {}, PROOF), moment(DAY), service, CALENDAR)
        assert refused.value.code == code
    [event] = decide(handed_over(), Command("accept", AUTHORITY), moment(DAY), replace(SERVICE, version=2), CALENDAR)
    assert event.body["service_version"] == 2  # the version at acceptance governs, not the one at receipt


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(YitongError) as refused:
        decide(submitted(), Command("receive", WINDOW), moment(DAY).replace(tzinfo=None), SERVICE, CALENDAR)
    assert refused.value.code == "time.not-a-moment"


def event_of(case: Case, name: str, actor: Actor, **body: Any) -> Event:
    return decide(case, Command(name, actor, body, PROOF), moment(DAY), SERVICE, CALENDAR)[0]


def test_a_replica_refuses_events_out_of_order_or_from_another() -> None:
    event = event_of(handed_over(), "accept", AUTHORITY)
    for wrong, code in (
        (replace(event, seq=event.seq + 1), "case.out-of-sequence"),
        (replace(event, seq=event.seq - 1), "case.out-of-sequence"),
        (replace(event, case_id="case-2"), "case.out-of-sequence"),
        (replace(event, by=WINDOW_ID), "case.not-writer"),
        (replace(event, by=OTHER_ID), "case.not-writer"),
        (replace(event, by=""), "case.not-writer"),
        (replace(event, type="granted"), "case.state"),
        (replace(event, type="blessed"), "case.state"),
    ):
        with pytest.raises(YitongError) as refused:
            apply(handed_over(), wrong)
        assert refused.value.code == code


def test_a_replica_refuses_a_second_request_for_supplements() -> None:
    event = event_of(handed_over(), "request_supplement", AUTHORITY, lacking=["safety-rules"])
    supplied = do(asked(), "supply", APPLICANT, moment(DAY, 15), materials=[paper("premises-layout", content=b"new")])
    with pytest.raises(YitongError) as refused:
        apply(supplied, replace(event, seq=supplied.seq + 1))
    assert refused.value.code == "case.supplement-twice"


def test_a_second_submission_cannot_change_applicant_service_or_window() -> None:
    returned = do(submitted(), "return_at_window", WINDOW, moment("2026-02-09"), reasons=["no"])
    event = event_of(returned, "submit", APPLICANT, window=WINDOW_ID, application=application())
    stranger = {"reference": "applicant-2", "name": "another", "id_kind": "uscc"}
    for body in (
        {**event.body, "window": OTHER_ID},
        {**event.body, "application": application(applicant=stranger)},
        {**event.body, "application": application(service_id="another")},
    ):
        with pytest.raises(YitongError) as refused:
            apply(returned, replace(event, body=body, by="applicant-1"))
        assert refused.value.code == "case.wrong-application"


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"type": "blessed"},
        {"type": "granted"},
        {"seq": 0},
        {"seq": True},
        {"seq": "5"},
        {"case_id": ""},
        {"by": None},
        {"at": "2026-02-12T02:00:00Z"},
        {"evidence": ["short"]},
        {"evidence": "none"},
        {"body": []},
        {"body": {}},
    ],
)
def test_events_are_read_strictly(change: dict[str, Any]) -> None:
    good = event_of(handed_over(), "accept", AUTHORITY).to_json()
    assert from_json(good).to_json() == good
    with pytest.raises(YitongError) as refused:
        from_json({**good, **change})
    assert refused.value.code == "case.wrong-event"


@pytest.mark.parametrize(
    "change",
    [
        {"deemed": "no"},
        {"day": "2026-2-12"},
        {"day": "2026-02-30"},
        {"friend": True},
        {"statutory": {"day": "2026-03-18", "provisional": False}},
        {"statutory": {"day": "2026-03-18", "provisional": False, "explanation": {"zh": "", "en": 1}}},
        {"promised": None},
    ],
)
def test_bodies_of_events_are_read_strictly(change: dict[str, Any]) -> None:
    good = event_of(handed_over(), "accept", AUTHORITY).to_json()
    with pytest.raises(YitongError) as refused:
        from_json({**good, "body": {**good["body"], **change}}, "/events/4")
    assert refused.value.code == "case.wrong-event"
    assert refused.value.where.startswith("/events/4")


def test_an_event_that_is_no_object_or_has_no_time_is_refused() -> None:
    good = event_of(handed_over(), "accept", AUTHORITY).to_json()
    for value, code in (([], "case.wrong-event"), ({**good, "at": "yesterday"}, "time.not-a-moment")):
        with pytest.raises(YitongError) as refused:
            from_json(value)
        assert refused.value.code == code


def test_the_tables_are_closed() -> None:
    reachable = {kind.to for kind in EVENTS.values() if kind.to} | {"draft"}
    assert reachable == STATES
    assert all(kind.after <= STATES for kind in EVENTS.values())
    assert {kind for kinds in COMMANDS.values() for kind in kinds.by} == {"applicant", "window", "authority", "system"}
    assert len(COMMANDS) == 22
