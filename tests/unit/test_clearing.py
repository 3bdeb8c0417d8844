from dataclasses import replace
from datetime import date

import pytest

from rides import SHANGHAI, SUZHOU, metro, ride
from yitong.digest import canonical_json, parse_json
from yitong.errors import YitongError
from yitong.settlement.clearing import (
    Difference,
    Item,
    Statement,
    compare,
    read_statement,
    statement,
    statement_bytes,
    statement_hash,
    statements,
    supplement,
)
from yitong.settlement.usage import corrections, distinct, obligation_from_json, obligation_to_json, positions, reversal

DAY = date(2026, 2, 12)
JIADING, XUJIAHUI, KUNSHAN = (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui"), (SUZHOU, "kunshan-square")
WORKED = ride(JIADING, XUJIAHUI)
CROSSING = ride(KUNSHAN, JIADING, pass_id="ZXhhbXBsZTI")
GUEST = ride(KUNSHAN, JIADING, issuer=SHANGHAI, pass_id="ZXhhbXBsZTM")
EVERY = [item for trip in (WORKED, CROSSING, GUEST) for item in metro().scheme.charge(trip)]
PARTIES = frozenset({SHANGHAI, SUZHOU, "example-channel", "example-clearing"})


def refusal(call, *args):
    with pytest.raises(YitongError) as caught:
        call(*args)
    return caught.value.code


def test_worked_ride_in_a_statement():
    made = statement(SUZHOU, SHANGHAI, DAY, metro().scheme.charge(WORKED))
    assert made.items == (Item(WORKED.trip_id, 500, 2),)
    assert (made.gross_fen, made.fee_fen, made.net_fen) == (500, 2, 498)


def test_both_directions_between_two_issuers_stay_apart():
    there, back = statement(SUZHOU, SHANGHAI, DAY, EVERY), statement(SHANGHAI, SUZHOU, DAY, EVERY)
    assert (len(there.items), there.gross_fen, there.fee_fen) == (2, 500 + 319, 2 + 1)
    assert (len(back.items), back.gross_fen, back.fee_fen) == (1, 381, 1)


def test_all_statements_of_a_window():
    made = statements(PARTIES, DAY, EVERY)
    assert [(one.payer, one.payee) for one in made] == [
        (SHANGHAI, "example-channel"),
        (SHANGHAI, "example-clearing"),
        (SHANGHAI, SUZHOU),
        (SUZHOU, "example-channel"),
        (SUZHOU, "example-clearing"),
        (SUZHOU, SHANGHAI),
    ]
    assert statements(PARTIES, date(2026, 2, 13), EVERY) == ()


def test_the_same_items_in_any_order_and_twice_give_the_same_bytes():
    one = statement(SUZHOU, SHANGHAI, DAY, EVERY)
    other = statement(SUZHOU, SHANGHAI, DAY, [*reversed(EVERY), *EVERY])
    assert statement_bytes(one) == statement_bytes(other)
    assert statement_hash(one) == statement_hash(other)
    assert read_statement(statement_bytes(one)) == one


def test_differences_name_their_usages():
    ours = Statement(SUZHOU, SHANGHAI, DAY, 0, (Item("a", 500, 2), Item("b", 300, 1), Item("d", 1, 0)))
    theirs = Statement(SUZHOU, SHANGHAI, DAY, 0, (Item("b", 400, 2), Item("c", 700, 3), Item("d", 1, 0)))
    assert compare(ours, theirs) == (
        Difference("a", "only-ours", Item("a", 500, 2), None),
        Difference("b", "amount", Item("b", 300, 1), Item("b", 400, 2)),
        Difference("c", "only-theirs", None, Item("c", 700, 3)),
    )
    assert compare(ours, ours) == ()
    for other in (replace(theirs, part=1), replace(theirs, window=date(2026, 2, 13)), replace(theirs, payer="x")):
        assert refusal(compare, ours, other) == "clearing.not-same"


def test_what_arrives_late_is_a_supplement_of_its_own_window():
    settled = statement(SUZHOU, SHANGHAI, DAY, metro().scheme.charge(WORKED))
    whole = statement(SUZHOU, SHANGHAI, DAY, EVERY)
    late = supplement([settled], whole)
    assert late == Statement(SUZHOU, SHANGHAI, DAY, 1, (Item(CROSSING.trip_id, 319, 1),))
    assert supplement([settled, late], whole) is None
    taken_back = supplement([settled, late], replace(whole, items=(Item(CROSSING.trip_id, 319, 1),)))
    assert taken_back == Statement(SUZHOU, SHANGHAI, DAY, 2, (Item(WORKED.trip_id, -500, -2),))
    assert taken_back.net_fen == -498
    assert refusal(supplement, [replace(settled, payee="x")], whole) == "clearing.not-same"


def test_a_reversal_takes_its_usage_out_of_the_sums():
    undone = EVERY + [reversal(item) for item in metro().scheme.charge(WORKED)]
    made = statement(SUZHOU, SHANGHAI, DAY, undone)
    assert made.items[[item.usage_id for item in made.items].index(WORKED.trip_id)] == Item(WORKED.trip_id, 0, 0)
    assert (made.gross_fen, made.fee_fen) == (319, 1)
    assert statement(SHANGHAI, SUZHOU, DAY, undone) == statement(SHANGHAI, SUZHOU, DAY, EVERY)


def test_corrections_leave_owed_what_is_wanted_however_often_it_changes():
    scheme = metro().scheme
    one, other = scheme.charge(WORKED), scheme.charge(CROSSING)
    held = list(one)
    for wanted in (other, one, (), one, one + other, tuple(replace(item, amount_fen=item.amount_fen + 1) for item in one)):
        held += corrections(held, wanted)
        assert corrections(held, wanted) == ()
        assert {p: v for p, v in positions(held).items() if v} == {p: v for p, v in positions(wanted).items() if v}
        assert len({item.id for item in held}) == len(held)


def test_two_obligations_under_one_identifier_are_refused():
    assert refusal(distinct, [EVERY[0], replace(EVERY[0], amount_fen=1)]) == "obligation.conflict"


def test_obligations_survive_json_and_nothing_else_is_read():
    for item in (EVERY[0], reversal(EVERY[0])):
        assert obligation_from_json(obligation_to_json(item)) == item
    good = obligation_to_json(EVERY[0])
    bad = [{"amount_fen": 0}, {"amount_fen": 1.0}, {"amount_fen": 10**15}, {"window": "20260212"}, {"more": 1}, {"debtor": ""}]
    bad += [{"debtor": good["creditor"]}, {"window": "2026-02-30"}, {"reverses": ""}]
    for change in bad:
        assert refusal(obligation_from_json, good | change) == "obligation.malformed"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"net_fen": 499}, "clearing.wrong-total"),
        ({"count": 2}, "clearing.wrong-total"),
        ({"items": [["a", 500, 2], ["a", 0, 0]]}, "clearing.malformed"),
        ({"items": [["a", 500]]}, "clearing.malformed"),
        ({"items": [["a", 500, True]]}, "clearing.malformed"),
        ({"part": -1}, "clearing.malformed"),
        ({"payee": SUZHOU}, "clearing.malformed"),
        ({"window": "2026-2-12"}, "clearing.malformed"),
        ({"more": 1}, "clearing.malformed"),
    ],
)
def test_strict_reading_of_statements(changed, code):
    good = parse_json(statement_bytes(Statement(SUZHOU, SHANGHAI, DAY, 0, (Item("a", 500, 2),))))
    assert refusal(read_statement, canonical_json(good | changed)) == code


def test_a_statement_has_one_spelling():
    data = statement_bytes(Statement(SUZHOU, SHANGHAI, DAY, 0, ()))
    assert refusal(read_statement, data + b"\n") == "clearing.malformed"
