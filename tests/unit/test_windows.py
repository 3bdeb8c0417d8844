"""A window between two operators: statements of both, one hash over them, one payment."""

from dataclasses import replace
from datetime import date

import pytest

from rides import SHANGHAI, SUZHOU, metro, ride
from yitong.errors import YitongError
from yitong.flows.ride_words import kilometres, shares_of, steps_of
from yitong.settlement.clearing import Item, Statement, statement_bytes
from yitong.settlement.windows import differences, netted, read_side, side, window_hash, window_id, write_side

DAY = date(2026, 2, 12)
JIADING, XUJIAHUI, KUNSHAN = (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui"), (SUZHOU, "kunshan-square")
OWN = metro().scheme.charge(ride(JIADING, XUJIAHUI))
GUEST = metro().scheme.charge(ride(KUNSHAN, JIADING, issuer=SHANGHAI, pass_id="ZXhhbXBsZTM"))


def refusal(call, *args):
    with pytest.raises(YitongError) as caught:
        call(*args)
    return caught.value.code


def test_a_side_states_what_stands_between_the_two_and_nothing_else():
    (made,) = side(SUZHOU, SHANGHAI, DAY, 3, OWN)
    assert (made.payer, made.payee, made.part, made.gross_fen, made.fee_fen) == (SUZHOU, SHANGHAI, 3, 500, 2)
    assert side(SUZHOU, SHANGHAI, date(2026, 2, 13), 3, OWN) == ()


def test_a_side_survives_the_way_to_the_neighbour():
    made = side(SUZHOU, SHANGHAI, DAY, 0, OWN)
    assert read_side(write_side(made), SHANGHAI, SUZHOU, DAY, 0, "") == made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"part": 1}, "clearing.not-same"),
        ({"window": date(2026, 2, 13)}, "clearing.not-same"),
        ({"payee": "other-metro"}, "clearing.not-same"),
    ],
)
def test_statements_of_another_window_are_refused(change, code):
    (made,) = side(SUZHOU, SHANGHAI, DAY, 0, OWN)
    texts = [statement_bytes(replace(made, **change)).decode()]
    assert refusal(read_side, texts, SUZHOU, SHANGHAI, DAY, 0, "") == code


def test_statements_that_are_no_texts_or_stand_twice_are_refused():
    texts = write_side(side(SUZHOU, SHANGHAI, DAY, 0, OWN))
    assert refusal(read_side, [1], SUZHOU, SHANGHAI, DAY, 0, "") == "clearing.malformed"
    assert refusal(read_side, texts * 2, SUZHOU, SHANGHAI, DAY, 0, "") == "clearing.malformed"


def test_both_sides_have_the_same_name_and_hash_for_a_window():
    ours, theirs = side(SUZHOU, SHANGHAI, DAY, 0, OWN), side(SHANGHAI, SUZHOU, DAY, 0, GUEST)
    assert window_id(SUZHOU, SHANGHAI, DAY, 0) == window_id(SHANGHAI, SUZHOU, DAY, 0)
    assert window_hash({SUZHOU: ours, SHANGHAI: theirs}) == window_hash({SHANGHAI: theirs, SUZHOU: ours})
    assert window_hash({SUZHOU: ours, SHANGHAI: ()}) != window_hash({SUZHOU: ours, SHANGHAI: theirs})
    assert window_hash({SUZHOU: theirs, SHANGHAI: ours}) != window_hash({SUZHOU: ours, SHANGHAI: theirs})


def test_a_side_that_is_missing_altogether_differs_in_every_usage():
    ours = side(SUZHOU, SHANGHAI, DAY, 0, OWN)
    assert [found.kind for found in differences(ours, ())] == ["only-ours"]
    assert [found.kind for found in differences((), ours)] == ["only-theirs"]
    assert differences(ours, ours) == ()


def stated(payer, payee, net_fen):
    return Statement(payer, payee, DAY, 0, (Item("a", net_fen, 0),))


@pytest.mark.parametrize(
    ("there", "back", "expected"),
    [
        (697, 498, (SUZHOU, SHANGHAI, 199)),
        (498, 697, (SHANGHAI, SUZHOU, 199)),
        (500, 500, (SHANGHAI, SUZHOU, 0)),
        (-300, 100, (SHANGHAI, SUZHOU, 400)),
        (-300, -100, (SHANGHAI, SUZHOU, 200)),
    ],
)
def test_one_payment_from_one_net_debtor(there, back, expected):
    made = [stated(SUZHOU, SHANGHAI, there), stated(SHANGHAI, SUZHOU, back)]
    for one, other in ((SUZHOU, SHANGHAI), (SHANGHAI, SUZHOU)):
        due = netted(one, other, made)
        assert (due.debtor, due.creditor, due.amount_fen) == expected


@pytest.mark.parametrize(
    "trip",
    [
        ride(JIADING, XUJIAHUI),
        ride(KUNSHAN, JIADING),
        ride(KUNSHAN, JIADING, limit_fen=600),
        ride(KUNSHAN, None),
        ride(None, XUJIAHUI),
        ride(XUJIAHUI, XUJIAHUI, 15),
        ride(XUJIAHUI, XUJIAHUI, 16),
        ride(JIADING, XUJIAHUI, 241),
    ],
)
def test_the_reasons_of_a_price_add_up_to_it(trip):
    account = metro().scheme.account(trip)
    assert sum(step.amount_fen for step in steps_of(metro(), trip)) == account.paid_fen
    assert sum(share.amount_fen for share in shares_of(metro(), trip, account)) == account.fare_fen


def test_a_reason_names_distance_and_tariff():
    whole, off = steps_of(metro(), ride(KUNSHAN, JIADING))
    assert "38.4 km" in whole.sentence.en
    assert "example-1" in whole.sentence.zh
    assert (whole.amount_fen, off.amount_fen, off.sentence.en) == (700, -70, "10 % off, borne by the issuer of the pass")
    assert [kilometres(m) for m in (0, 99, 100, 38_450)] == ["0.0", "0.0", "0.1", "38.4"]
