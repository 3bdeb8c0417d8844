"""Any commands in any order from anyone: what is granted was accepted by the competent authority, and replay agrees."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    application,
    moment,
    paper,
)
from yitong.cases.case import Case, apply, fold, is_open, writer
from yitong.cases.clocks import timers
from yitong.cases.commands import COMMANDS, Actor, Command
from yitong.cases.decide import decide
from yitong.cases.events import EVENTS, STATES, Event, from_json
from yitong.errors import YitongError

BODIES: dict[str, list[dict[str, Any]]] = {
    "submit": [{"window": WINDOW_ID, "application": application()}],
    "return_at_window": [{"reasons": ["the plan cannot be read"]}],
    "request_supplement": [{"lacking": ["premises-layout"]}, {"lacking": ["safety-rules"], "working_days": 2}],
    "supply": [{"materials": [paper("premises-layout", content=b"new"), paper("safety-rules", content=b"new")]}],
    "not_competent": [{"to": OTHER_ID, "reason": "no"}, {"to": AUTHORITY_ID, "reason": "no"}],
    "refuse_acceptance": [{"reason": "no"}],
    "stop_clock": [{"reason": "testing", "expected_working_days": 3}],
    "refuse": [{"reason": "no"}],
    "terminate": [{"reason": "applicant-deceased"}, {"reason": "supplement-missing"}],
    "produce": [{"result_id": "permit-1"}],
    "deliver": [{"method": "post"}],
}
PEOPLE = (
    APPLICANT,
    WINDOW,
    AUTHORITY,
    OTHER,
    CLOCK,
    Actor("system", WINDOW_ID, "clock"),
    Actor("system", OTHER_ID, "clock"),
    Actor("applicant", WINDOW_ID, "applicant-2"),
    Actor("authority", WINDOW_ID, "officer-a"),
    Actor("window", AUTHORITY_ID, "officer-b"),
)
RIGHT = {kind: [actor for actor in PEOPLE if actor.kind == kind] for kind in ("applicant", "window", "authority", "system")}
# What brings a case in that state one step further; half of all wishes are this, so that sequences get somewhere.
ONWARD = {
    "draft": "submit",
    "submitted": "receive",
    "received": "forward",
    "returned_at_window": "submit",
    "forwarded": "sign_for",
    "handed_over": "accept",
    "supplement_requested": "supply",
    "accepted": "start_review",
    "in_review": "grant",
    "clock_stopped": "restart_clock",
    "granted": "produce",
    "produced": "deliver",
}
# What else may well happen in that state.
ASIDE = {
    "submitted": ("return_at_window",),
    "handed_over": ("request_supplement", "not_competent", "tick", "refuse_acceptance"),
    "supplement_requested": ("tick", "terminate"),
    "accepted": ("stop_clock",),
    "in_review": ("stop_clock", "stop_clock", "refuse", "terminate"),
    "clock_stopped": ("tick",),
}
Wish = tuple[str, Actor, dict[str, Any], int]


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    """A command from someone, right or wrong, some hours after the one before; ``onward`` and ``aside`` suit its state."""
    kind = draw(st.sampled_from(["onward", "onward", "aside", "anything"]))
    if kind != "anything":
        return kind, APPLICANT, {}, draw(st.integers(0, 80))
    name = draw(st.sampled_from(sorted(COMMANDS)))
    right = [actor for kind in sorted(COMMANDS[name].by) for actor in RIGHT[kind]]
    actor = draw(st.sampled_from(right + right + list(PEOPLE)))
    return name, actor, draw(st.sampled_from(BODIES.get(name, [{}]))), draw(st.integers(0, 80))


def play(sequence: list[Wish]) -> tuple[Case, list[Event]]:
    """Give every command in turn, hours apart; what is refused changes nothing."""
    case, events, now = Case("case-1"), [], moment("2026-02-09")
    for wish in sequence:
        name, actor, body, hours = fitting(case, wish) if wish[0] in {"onward", "aside"} else wish
        now += timedelta(hours=hours)
        for event in made_by(case, Command(name, actor, body, PROOF), now):
            case = apply(case, event)
            events.append(event)
    return case, events


def fitting(case: Case, wish: Wish) -> Wish:
    """A command that suits the state, from the one whose it is; the hours drawn choose among several."""
    hours = wish[3]
    names = ASIDE.get(case.state, ("tick",)) if wish[0] == "aside" else (ONWARD.get(case.state, "close"),)
    name = names[hours % len(names)]
    authority = OTHER if case.authority == OTHER_ID else AUTHORITY
    clock = Actor("system", writer(case) or WINDOW_ID, "clock")
    people = {"authority": authority, "applicant": APPLICANT, "window": WINDOW, "system": clock}
    bodies = BODIES.get(name, [{}])
    return name, next(people[kind] for kind in people if kind in COMMANDS[name].by), bodies[hours % len(bodies)], hours


def made_by(case: Case, command: Command, now: datetime) -> tuple[Event, ...]:
    """The events of the command; none if it is refused, which only the rules of cases may do."""
    try:
        return decide(case, command, now, SERVICE, CALENDAR)
    except YitongError as refused:
        if not refused.code.startswith("case."):
            raise
        return ()


@settings(max_examples=200, deadline=None)  # the rules are tested, not how fast a busy machine plays them
@given(st.lists(wishes(), min_size=8, max_size=40))
def test_any_commands(sequence: list[Wish]) -> None:
    case, events = play(sequence)
    types = [event.type for event in events]

    # Granted only after acceptance by the authority that was competent then, signed for by it, and never after withdrawal.
    competent = AUTHORITY_ID
    accepted_by = None
    for event in events:
        if event.type == "redirected":
            competent = event.body["to"]
        if event.type in {"handed_over", "accepted", "granted", "refused", "supplement_requested", "not_accepted"}:
            assert event.by == competent
        if event.type == "accepted":
            accepted_by = event.by
        if event.type in {"granted", "refused"}:
            assert accepted_by == event.by
    for once in ("accepted", "granted", "refused", "withdrawn", "supplement_requested", "not_accepted", "closed", "terminated"):
        assert types.count(once) <= 1
    assert sum(types.count(end) for end in ("granted", "refused", "withdrawn", "not_accepted", "terminated")) <= 1
    assert types.count("redirected") <= 2

    # Replaying, also after a way through JSON, gives the same case.
    stored = [json.loads(json.dumps(event.to_json())) for event in events]
    assert [from_json(row) for row in stored] == events
    if events:
        assert fold(map(from_json, stored)) == case
    assert [event.seq for event in events] == list(range(1, len(events) + 1))

    # What the case says of itself hangs together.
    assert case.state in STATES
    assert writer(case) == (case.authority or (WINDOW_ID if events else ""))
    assert is_open(case) is (
        bool(events) and not {"granted", "refused", "withdrawn", "not_accepted", "terminated"} & set(types)
    )
    clocks = timers(case, SERVICE, CALENDAR)
    assert [clock.due for clock in clocks] == sorted(clock.due for clock in clocks)
    assert {clock.paused for clock in clocks} <= {case.state == "clock_stopped"}
    if case.acceptance is not None and case.acceptance.promised is not None:
        assert case.acceptance.promised.day <= case.acceptance.statutory.day


def test_the_onward_wishes_lead_to_the_end() -> None:
    case, events = play([("onward", APPLICANT, {}, 1)] * 10)
    assert (case.state, case.ended_as, len(events)) == ("closed", "delivered", 10)


@settings(deadline=None)
@given(st.lists(wishes(), max_size=30), st.sampled_from(sorted(EVENTS)), st.sampled_from(PEOPLE))
def test_no_made_up_event_moves_a_case_out_of_turn(sequence: list[Wish], kind: str, actor: Actor) -> None:
    case, events = play(sequence)
    # An event from a stranger, whatever it says, and any event a second time.
    stranger = Event(case.case_id, case.seq + 1, kind, moment("2026-03-02"), "http://stranger", actor.reference, {}, ())
    if EVENTS[kind].body.required == {} and case.state in EVENTS[kind].after:
        with pytest.raises(YitongError) as refused:
            apply(case, stranger)
        assert refused.value.code == "case.not-writer"
    for event in events:
        with pytest.raises(YitongError) as refused:
            apply(case, event)
        assert refused.value.code == "case.out-of-sequence"
