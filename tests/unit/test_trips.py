from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from rides import NOON, RULES, SHANGHAI, SUZHOU, tap
from yitong.errors import YitongError
from yitong.settlement.trips import RefusedTap, change, match, match_pass

KUNSHAN, JIADING, XUJIAHUI = (SUZHOU, "kunshan-square"), (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui")
LATER = NOON + timedelta(days=1)


def states(taps, as_of=LATER):
    return [trip.state for trip in match(taps, RULES, as_of).trips]


def test_entry_and_exit_make_one_trip_over_two_operators():
    taps = [tap("entry", KUNSHAN), tap("exit", JIADING, 50)]
    (trip,) = match(taps, RULES, LATER).trips
    assert (trip.state, trip.entry, trip.exit, trip.at) == ("matched", taps[0], taps[1], taps[1].at)
    assert trip.usage_id == trip.trip_id


def test_taps_in_any_order_and_twice_make_the_same_trips():
    taps = [tap("entry", KUNSHAN), tap("exit", JIADING, 50), tap("entry", JIADING, 90, 2), tap("exit", XUJIAHUI, 120, 2)]
    taps.append(tap("exit", XUJIAHUI, 500, 3))
    expected = match(taps, RULES, LATER)
    assert [trip.state for trip in expected.trips] == ["matched", "matched", "orphan_exit"]
    assert all(match([*order, *order[:2]], RULES, LATER) == expected for order in permutations(taps))


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (1, ["matched"]),
        (240, ["matched"]),
        (241, ["over_time"]),
        (360, ["over_time"]),
        (361, ["expired_no_exit", "orphan_exit"]),
    ],
)
def test_how_long_a_ride_may_last(minutes, expected):
    assert states([tap("entry", JIADING), tap("exit", XUJIAHUI, minutes)]) == expected


def test_an_entry_stays_open_until_the_longest_ride_is_over():
    taps = [tap("entry", JIADING)]
    assert states(taps, NOON + timedelta(minutes=240)) == ["open"]
    assert states(taps, NOON + timedelta(minutes=241)) == ["expired_no_exit"]


def test_same_station_double_entry_and_lone_exit():
    assert states([tap("entry", JIADING), tap("exit", JIADING, 5)]) == ["same_station"]
    assert states([tap("entry", JIADING), tap("entry", JIADING, 1, 2), tap("exit", XUJIAHUI, 40)]) == [
        "expired_no_exit",
        "matched",
    ]
    assert states([tap("exit", XUJIAHUI)]) == ["orphan_exit"]


def test_stations_of_the_same_name_of_two_operators_are_two():
    assert states([tap("entry", (SUZHOU, "huaqiao")), tap("exit", (SHANGHAI, "huaqiao"), 5)]) == ["matched"]


def test_a_late_tap_withdraws_what_it_undoes():
    taps = [tap("entry", JIADING)]
    before = match_pass(taps, RULES, LATER).trips
    after = match_pass([*taps, tap("exit", XUJIAHUI, 40)], RULES, LATER).trips
    difference = change(before, after)
    assert [trip.state for trip in difference.withdrawn] == ["expired_no_exit"]
    assert [trip.state for trip in difference.made] == ["matched"]
    assert difference.made[0].trip_id != difference.withdrawn[0].trip_id
    assert change(after, after).withdrawn == change(after, after).made == ()


def test_a_photographed_code_counts_once_at_the_first_gate():
    first = tap("entry", JIADING, 0, code_hash="one")
    second = tap("entry", XUJIAHUI, 0.2, code_hash="one")
    matching = match([second, first, tap("exit", KUNSHAN, 30)], RULES, LATER)
    assert [(trip.entry, trip.state) for trip in matching.trips] == [(first, "matched")]
    assert matching.refused == (RefusedTap(second.tap_id, "code-reused"),)


def test_passes_of_different_issuers_are_apart_even_under_one_alias():
    taps = [tap("entry", JIADING), replace(tap("exit", XUJIAHUI, 30), issuer=SHANGHAI)]
    assert sorted(states(taps)) == ["expired_no_exit", "orphan_exit"]


def test_the_smaller_limit_of_the_two_taps_counts():
    (trip,) = match([tap("entry", JIADING, limit_fen=900), tap("exit", XUJIAHUI, 9, limit_fen=800)], RULES, LATER).trips
    assert trip.limit_fen == 800


def test_two_taps_under_one_number_are_refused():
    one = tap("entry", JIADING)
    with pytest.raises(YitongError) as caught:
        match([one, replace(one, at=one.at + timedelta(seconds=1))], RULES, LATER)
    assert (caught.value.code, caught.value.where) == ("tap.conflict", one.tap_id)
