"""The bill's states: every way through, what is refused, what comes twice or late, and the round trip of its events."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from yitong.errors import Text, YitongError
from yitong.settlement.bill import (
    AskReversal,
    Cancel,
    Confirm,
    PresentQuote,
    RecordFailed,
    RecordReversed,
    RecordSettled,
    RecordSilence,
    Register,
    Send,
    UploadLines,
    apply,
    decide,
    event_from_json,
    fold,
)
from yitong.settlement.quote import LineResult, Quote
from yitong.settlement.visit import BillLine, Registration

NOW = datetime(2026, 3, 2, 3, 0, 0, 123456, tzinfo=UTC)
REGISTRATION = Registration(
    "visit-1", "person-1", "anhui", "shanghai", "example-clinic", "tertiary", "long-term-residence", date(2026, 3, 2)
)
LINE = BillLine("1", "EX-DRUG-0001", "medicine", 10000, 1)
QUOTE = Quote(
    visit_no="visit-1",
    person_no="person-1",
    home="anhui",
    care="shanghai",
    hospital="example-clinic",
    registration_class="long-term-residence",
    governing_day=date(2026, 3, 2),
    year=2026,
    insured_version=7,
    policy="policy@1",
    catalogue="list@1",
    lines=(LineResult("1", "EX-DRUG-0001", "A", 10000, 0, 0, 0, 10000, Text("甲类", "class A")),),
    total_fen=10000,
    full_self_pay_fen=0,
    over_limit_fen=0,
    pre_self_pay_fen=0,
    in_scope_fen=10000,
    deductible_fen=0,
    shared_fen=10000,
    capped_fen=0,
    basic_fund_fen=5000,
    further_funds=(),
    fund_total_fen=5000,
    person_fen=5000,
    account_fen=1000,
    cash_fen=4000,
)
REGISTER = Register("bill-1", REGISTRATION)
UPLOAD = UploadLines((LINE,), 10000, date(2026, 3, 2))
PRESENT, CONFIRM, SEND = PresentQuote(QUOTE), Confirm(QUOTE.digest), Send("settle-1")
SETTLED, FAILED, SILENCE = RecordSettled("settle-1", QUOTE.digest), RecordFailed("settle-1", "x.y"), RecordSilence("settle-1")
ASK, REVERSED = AskReversal("reverse-1"), RecordReversed("reverse-1")
SENDING = (REGISTER, UPLOAD, PRESENT, CONFIRM, SEND)


def bill_after(*commands):
    bill = None
    for command in commands:
        (event,) = decide(bill, command, NOW)
        bill = apply(bill, event)
    return bill


def refusal(bill, command):
    with pytest.raises(YitongError) as caught:
        decide(bill, command, NOW)
    return caught.value.code


@pytest.mark.parametrize(
    ("commands", "states"),
    [
        ((*SENDING, SETTLED), "registered lines_uploaded quoted confirmed sending settled"),
        ((*SENDING, SETTLED, ASK, REVERSED), "registered lines_uploaded quoted confirmed sending settled reversing reversed"),
        ((*SENDING, FAILED), "registered lines_uploaded quoted confirmed sending failed"),
        ((*SENDING, SILENCE, SETTLED), "registered lines_uploaded quoted confirmed sending unknown settled"),
        ((*SENDING, SILENCE, ASK, REVERSED), "registered lines_uploaded quoted confirmed sending unknown reversing reversed"),
        ((REGISTER, Cancel("patient left")), "registered cancelled"),
    ],
)
def test_ways_through(commands, states):
    bill, seen = None, []
    for command in commands:
        (event,) = decide(bill, command, NOW)
        bill = apply(bill, event)
        seen.append(bill.state)
    assert seen == states.split()


def test_events_are_numbered_dated_and_come_back_from_json():
    commands = (*SENDING, FAILED, PresentQuote(QUOTE), CONFIRM, Send("settle-2"), RecordSilence("settle-2"), ASK, REVERSED)
    bill, events = None, []
    for command in commands:
        (event,) = decide(bill, command, NOW)
        bill = apply(bill, event)
        events.append(event)
    assert [event.number for event in events] == list(range(1, len(commands) + 1))
    again = [event_from_json(event.to_json()) for event in events]
    assert again == events
    assert fold(again) == bill
    assert bill.spent_ids == ("settle-1", "settle-2")


def test_bill_begins_with_registration():
    assert refusal(None, UPLOAD) == "outpatient.state-forbids"
    assert refusal(bill_after(REGISTER), Register("bill-2", REGISTRATION)) == "outpatient.state-forbids"
    assert fold([]) is None


def test_bad_upload_is_refused_at_the_place_of_care():
    bill = bill_after(REGISTER)
    assert refusal(bill, replace(UPLOAD, total_fen=9999)) == "outpatient.total-differs"
    assert refusal(bill, replace(UPLOAD, uploaded_on=date(2026, 3, 1))) == "outpatient.visit-after-upload"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"visit_no": "visit-2"}, "outpatient.quote-mismatch"),
        ({"person_no": "person-2"}, "outpatient.quote-mismatch"),
        ({"hospital": "other-clinic"}, "outpatient.quote-mismatch"),
        ({"lines": (replace(QUOTE.lines[0], line_id="2"),)}, "outpatient.quote-mismatch"),
        ({"cash_fen": 3999}, "outpatient.identity-broken"),
    ],
)
def test_a_quote_for_something_else_is_refused(change, code):
    assert refusal(bill_after(REGISTER, UPLOAD), PresentQuote(replace(QUOTE, **change))) == code


def test_confirming_another_quote_is_refused_and_new_lines_need_a_new_quote():
    bill = bill_after(REGISTER, UPLOAD, PRESENT)
    assert refusal(bill, Confirm("something-else")) == "outpatient.quote-stale"
    other = UploadLines((replace(LINE, quantity=2),), 20000, date(2026, 3, 2))
    again = bill_after(REGISTER, UPLOAD, PRESENT, CONFIRM, other)
    assert (again.state, again.quote) == ("lines_uploaded", None)
    assert refusal(again, SEND) == "outpatient.state-forbids"
    assert refusal(again, PRESENT) == "outpatient.quote-mismatch"


@pytest.mark.parametrize("more", [(), (SILENCE,)])
def test_never_sent_again_under_a_new_id(more):
    bill = bill_after(*SENDING, *more)
    assert refusal(bill, Send("settle-2")) == "outpatient.outcome-unknown"
    assert decide(bill, SEND, NOW) == ()  # the same id may travel again: the home answers the same


def test_after_silence_a_refusal_proves_nothing():
    assert refusal(bill_after(*SENDING, SILENCE), FAILED) == "outpatient.outcome-unknown"


def test_a_reversed_bill_is_never_settled_again():
    for path in ((SETTLED, ASK), (SILENCE, ASK), (SETTLED, ASK, REVERSED)):
        bill = bill_after(*SENDING, *path)
        assert refusal(bill, Send("settle-2")) == "outpatient.reversed-already"
        assert refusal(bill, AskReversal("reverse-2")) == "outpatient.reversed-already"
        assert refusal(bill, PresentQuote(replace(QUOTE, insured_version=9))) == "outpatient.state-forbids"
        assert decide(bill, SETTLED, NOW) == ()  # the home's late yes: it has been, or will be, reversed there


def test_a_failed_attempt_spends_its_id():
    bill = bill_after(*SENDING, FAILED)
    assert bill.failure_code == "x.y"
    again = bill_after(*SENDING, FAILED, PRESENT, CONFIRM)
    assert refusal(again, SEND) == "outpatient.settlement-id-reused"
    sending = bill_after(*SENDING, FAILED, PRESENT, CONFIRM, Send("settle-2"))
    assert (sending.settlement_id, sending.failure_code) == ("settle-2", "")
    assert decide(sending, FAILED, NOW) == ()
    assert decide(sending, SILENCE, NOW) == ()
    assert refusal(sending, SETTLED) == "outpatient.answer-contradicts"


def test_answers_that_contradict_are_refused():
    assert refusal(bill_after(*SENDING, FAILED), SETTLED) == "outpatient.answer-contradicts"
    assert refusal(bill_after(*SENDING, SETTLED), FAILED) == "outpatient.answer-contradicts"
    assert refusal(bill_after(*SENDING), RecordSettled("settle-9", QUOTE.digest)) == "outpatient.answer-contradicts"
    assert refusal(bill_after(*SENDING), RecordSettled("settle-1", "other")) == "outpatient.answer-contradicts"
    assert refusal(bill_after(*SENDING, SETTLED, ASK), RecordReversed("reverse-9")) == "outpatient.answer-contradicts"


def test_a_reversal_needs_an_id_of_its_own():
    bill = bill_after(*SENDING, SETTLED)
    assert refusal(bill, AskReversal("")) == "outpatient.settlement-id-reused"
    assert refusal(bill, AskReversal("settle-1")) == "outpatient.settlement-id-reused"


def test_what_comes_twice_changes_nothing():
    commands = (*SENDING, SILENCE, SETTLED, ASK, REVERSED)
    for length in range(1, len(commands) + 1):
        bill = bill_after(*commands[:length])
        for command in commands[:length]:
            assert decide(bill, command, NOW) == (), (bill.state, command)


def test_silence_noticed_late_is_nothing():
    for path in ((SETTLED,), (FAILED,), (SETTLED, ASK), (SETTLED, ASK, REVERSED)):
        assert decide(bill_after(*SENDING, *path), SILENCE, NOW) == ()


@pytest.mark.parametrize("path", [(), (SILENCE,), (SETTLED,), (SETTLED, ASK)])
def test_no_cancelling_once_it_is_under_way(path):
    assert refusal(bill_after(*SENDING, *path), Cancel("")) == "outpatient.state-forbids"


def test_broken_event_sequences_are_refused():
    (event,) = decide(None, REGISTER, NOW)
    for bill, wrong in ((apply(None, event), event), (None, replace(event, command=UPLOAD)), (None, replace(event, number=2))):
        with pytest.raises(YitongError) as caught:
            apply(bill, wrong)
        assert caught.value.code == "outpatient.events-broken"
    with pytest.raises(YitongError) as caught:
        apply(apply(None, event), replace(event, number=2, command=SETTLED))
    assert caught.value.code == "outpatient.events-broken"


@pytest.mark.parametrize("change", [{"kind": "other"}, {"number": "1"}, {"data": {}}, {"extra": 1}, {"number": True}])
def test_mistyped_events_are_refused(change):
    (event,) = decide(None, REGISTER, NOW)
    with pytest.raises(YitongError) as caught:
        event_from_json(event.to_json() | change)
    assert caught.value.code == "outpatient.record-shape"
