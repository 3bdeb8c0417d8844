from datetime import date

import pytest

from yitong.errors import YitongError
from yitong.settlement.clearing import Item, Statement
from yitong.settlement.netting import Payment, gross_of, net, payments

# Four provinces, thousand yuan: (who owes, who is owed) -> amount.
PROVINCES = {
    ("anhui", "shanghai"): 9200,
    ("shanghai", "anhui"): 1100,
    ("jiangsu", "shanghai"): 7800,
    ("shanghai", "jiangsu"): 2600,
    ("zhejiang", "shanghai"): 6400,
    ("shanghai", "zhejiang"): 2900,
    ("anhui", "jiangsu"): 5000,
    ("jiangsu", "anhui"): 900,
    ("anhui", "zhejiang"): 2700,
    ("zhejiang", "anhui"): 600,
    ("jiangsu", "zhejiang"): 2100,
    ("zhejiang", "jiangsu"): 1900,
}


def test_worked_example_of_four_provinces():
    netting = net(PROVINCES)
    assert (netting.gross_fen, netting.bilateral_fen, netting.moved_fen) == (43_200, 23_200, 16_800)
    assert dict(netting.positions) == {"shanghai": 16_800, "jiangsu": -1_300, "zhejiang": -1_200, "anhui": -14_300}
    assert len(netting.gross) == 12
    assert Payment("anhui", "shanghai", 8_100) in netting.bilateral


def test_payments_of_the_worked_example():
    assert payments(net(PROVINCES)) == (
        Payment("anhui", "shanghai", 14_300),
        Payment("jiangsu", "shanghai", 1_300),
        Payment("zhejiang", "shanghai", 1_200),
    )


def test_the_order_of_entries_does_not_matter():
    assert net(dict(reversed(PROVINCES.items()))) == net(PROVINCES)


def test_a_circle_moves_nothing():
    netting = net({("a", "b"): 5, ("b", "c"): 5, ("c", "a"): 5})
    assert (netting.gross_fen, netting.bilateral_fen, netting.moved_fen, payments(netting)) == (15, 15, 0, ())


def test_the_earlier_name_wins_a_tie():
    gross = {("b", "d"): 5, ("b", "c"): 5, ("a", "d"): 5, ("a", "c"): 5}
    assert payments(net(gross)) == (Payment("a", "c", 10), Payment("b", "d", 10))


@pytest.mark.parametrize("gross", [{("a", "b"): -1}, {("a", "a"): 1}])
def test_impossible_debts_are_refused(gross):
    with pytest.raises(YitongError) as caught:
        net(gross)
    assert caught.value.code == "netting.negative"


def test_gross_from_statements_turns_negative_nets_round():
    day = date(2026, 2, 12)
    made = [
        Statement("a", "b", day, 0, (Item("1", 500, 2),)),
        Statement("a", "b", day, 1, (Item("2", 100, 0),)),
        Statement("b", "a", day, 0, (Item("3", 0, 0),)),
        Statement("a", "c", day, 1, (Item("4", -300, -1),)),
    ]
    assert gross_of(made) == {("a", "b"): 598, ("b", "a"): 0, ("c", "a"): 299}
    assert dict(net(gross_of(made)).positions) == {"a": -299, "b": 598, "c": -299}
