"""The insured person's record: settled once, on the version that was quoted, and given back exactly."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from yitong.errors import Text, YitongError
from yitong.settlement.insured import (
    InsuredPerson,
    for_year,
    insured_from_json,
    request_for,
    reverse,
    reverse_once,
    settle,
    settle_once,
    settlement_from_json,
)
from yitong.settlement.quote import LineResult, Quote, check_identities

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
INSURED = InsuredPerson("person-1", "anhui", "employee", 30000, 60000, 580000, 2026, 7)
LINE = LineResult("1", "EX-DRUG-0001", "A", 84000, 0, 0, 0, 84000, Text("甲类", "class A"))
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
    lines=(LINE,),
    total_fen=84000,
    full_self_pay_fen=0,
    over_limit_fen=0,
    pre_self_pay_fen=0,
    in_scope_fen=84000,
    deductible_fen=20000,
    shared_fen=64000,
    capped_fen=12000,
    basic_fund_fen=20000,
    further_funds=(("relief", 1000),),
    fund_total_fen=21000,
    person_fen=63000,
    account_fen=30000,
    cash_fen=33000,
)


def code_of(call, *arguments):
    with pytest.raises(YitongError) as caught:
        call(*arguments)
    return caught.value.code


def settled():
    return settle_once(INSURED, QUOTE, request_for("settle-1", QUOTE), None, NOW)


def test_the_quote_used_here_is_sound():
    check_identities(QUOTE)


def test_settling_moves_every_accumulator_and_the_version():
    # what a further fund pays does not count towards the cap of the basic fund
    assert settle(INSURED, QUOTE) == InsuredPerson("person-1", "anhui", "employee", 0, 80000, 600000, 2026, 8)


def test_reversing_gives_everything_back_but_the_version():
    after, settlement = settled()
    assert reverse(after, settlement) == replace(INSURED, version=9)


def test_a_quote_on_an_older_version_is_stale():
    assert code_of(settle, replace(INSURED, version=8), QUOTE) == "outpatient.quote-stale"
    assert code_of(settle, replace(INSURED, year=2027), QUOTE) == "outpatient.quote-stale"


def test_two_hospitals_in_one_second_one_wins():
    after, _ = settled()
    other = replace(QUOTE, visit_no="visit-2", hospital="other-clinic")
    assert code_of(settle_once, after, other, request_for("settle-2", other), None, NOW) == "outpatient.quote-stale"


def test_another_person_or_home_is_refused():
    assert code_of(settle, replace(INSURED, person_no="person-2"), QUOTE) == "outpatient.wrong-person"
    assert code_of(settle, replace(INSURED, jurisdiction="zhejiang"), QUOTE) == "outpatient.wrong-person"
    _, settlement = settled()
    assert code_of(reverse, replace(INSURED, person_no="person-2"), settlement) == "outpatient.wrong-person"


def test_account_never_goes_below_nothing():
    assert code_of(settle, replace(INSURED, account_balance_fen=29999), QUOTE) == "outpatient.quote-mismatch"


def test_same_id_same_content_same_answer():
    after, settlement = settled()
    assert settle_once(after, QUOTE, request_for("settle-1", QUOTE), settlement, NOW.replace(hour=9)) == (after, settlement)


def test_same_id_other_content_is_refused():
    after, settlement = settled()
    other = replace(QUOTE, insured_version=8)
    assert (
        code_of(settle_once, after, other, request_for("settle-1", other), settlement, NOW) == "outpatient.settlement-id-reused"
    )


def test_request_must_repeat_the_quote():
    for change in (
        {"fund_total_fen": 21001},
        {"account_fen": 1},
        {"cash_fen": 0},
        {"quote_digest": "x"},
        {"insured_version": 6},
    ):
        request = replace(request_for("settle-1", QUOTE), **change)
        assert code_of(settle_once, INSURED, QUOTE, request, None, NOW) == "outpatient.quote-mismatch"


def test_what_is_reversed_is_never_settled_again():
    after, settlement = settled()
    back, reversed_one = reverse_once(after, settlement, "settle-1", "reverse-1", NOW)
    assert (reversed_one.state, reversed_one.reversal_id, reversed_one.fund_total_fen) == ("reversed", "reverse-1", 21000)
    fresh = replace(QUOTE, insured_version=back.version)
    for given in (QUOTE, fresh):
        code = code_of(settle_once, back, given, request_for("settle-1", given), reversed_one, NOW)
        assert code == "outpatient.reversed-already"


def test_reversing_twice_gives_back_once():
    after, settlement = settled()
    back, reversed_one = reverse_once(after, settlement, "settle-1", "reverse-1", NOW)
    assert reverse_once(back, reversed_one, "settle-1", "reverse-1", NOW) == (back, reversed_one)
    assert code_of(reverse_once, back, reversed_one, "settle-1", "reverse-2", NOW) == "outpatient.reversed-already"


def test_a_reversal_that_overtakes_its_settlement_closes_the_id():
    person, kept = reverse_once(None, None, "settle-1", "reverse-1", NOW)
    assert (person, kept.state, kept.fund_total_fen, kept.account_fen) == (None, "reversed", 0, 0)
    code = code_of(settle_once, INSURED, QUOTE, request_for("settle-1", QUOTE), kept, NOW)
    assert code == "outpatient.reversed-already"
    assert reverse_once(None, kept, "settle-1", "reverse-1", NOW) == (None, kept)


def test_reversal_needs_the_person_and_the_right_settlement():
    after, settlement = settled()
    assert code_of(reverse_once, None, settlement, "settle-1", "reverse-1", NOW) == "outpatient.wrong-person"
    assert code_of(reverse_once, after, settlement, "settle-9", "reverse-1", NOW) == "outpatient.settlement-id-reused"


def test_giving_back_more_than_was_used_is_a_fault():
    _, settlement = settled()
    assert code_of(reverse, replace(INSURED, deductible_used_fen=19999), settlement) == "outpatient.identity-broken"


def test_new_year_starts_with_nothing_used():
    fresh = for_year(INSURED, 2027)
    assert (fresh.deductible_used_fen, fresh.fund_used_fen, fresh.account_balance_fen, fresh.version) == (0, 0, 30000, 8)
    assert for_year(INSURED, 2026) == INSURED
    assert code_of(for_year, INSURED, 2025) == "outpatient.wrong-year"


def test_reversing_last_years_bill_leaves_this_years_sums_alone():
    after, settlement = settled()
    fresh = for_year(after, 2027)
    assert reverse(fresh, settlement) == replace(fresh, account_balance_fen=30000, version=10)


def test_round_trips():
    after, settlement = settled()
    _, reversed_one = reverse_once(after, settlement, "settle-1", "reverse-1", NOW)
    assert insured_from_json(INSURED.to_json()) == INSURED
    assert settlement_from_json(settlement.to_json()) == settlement
    assert settlement_from_json(reversed_one.to_json()) == reversed_one
    assert code_of(insured_from_json, INSURED.to_json() | {"version": "7"}) == "outpatient.record-shape"
    assert code_of(settlement_from_json, settlement.to_json() | {"decided_at": "yesterday"}) == "time.not-a-moment"
