"""The legal clock: known dates, moved working days, stops, rolls, and calendars that are not published."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from example_case import CALENDAR, moment
from yitong.cases.calendar import Calendar
from yitong.cases.deadline import (
    CALENDAR_DAY,
    HOUR,
    ROLL_HOLIDAY,
    ROLL_NONE,
    Rule,
    Stop,
    due,
    due_at,
    end_of,
)
from yitong.errors import Text, YitongError

SHARED = Path(__file__).parents[2] / ".." / "shared" / "domain" / "vectors.json"
TWENTY = Rule("accepted", 20)


def test_twenty_working_days_over_the_spring_festival() -> None:
    found = due(TWENTY, date(2026, 2, 12), CALENDAR)
    assert found.day == date(2026, 3, 18)
    assert not found.provisional
    assert found.explanation.en == (
        "20 working days from acceptance on 2026-02-12, Spring Festival 15-23 Feb not counted, "
        "14 and 28 Feb counted: 2026-03-18"
    )
    assert (
        found.explanation.zh == "自2026-02-12受理起20个工作日，春节2月15日至23日不计，2月14日、2月28日调休上班计入：2026-03-18"
    )


def test_five_working_days_over_two_holidays() -> None:
    found = due(Rule("accepted", 5), date(2026, 9, 24), CALENDAR)
    assert found.day == date(2026, 10, 9)
    assert "Mid-Autumn Festival 25-27 Sep not counted, National Day 1-7 Oct not counted" in found.explanation.en
    assert "Oct counted" not in found.explanation.en  # 10 October is worked, but after the last day


def test_thirty_calendar_days_end_in_the_festival_and_move_on() -> None:
    found = due(Rule("posted", 30, CALENDAR_DAY), date(2026, 1, 19), CALENDAR)
    assert (found.raw, found.day) == (date(2026, 2, 18), date(2026, 2, 24))
    assert "the last day 2026-02-18 falls in Spring Festival and moves on" in found.explanation.en
    assert "末日2026-02-18遇春节顺延" in found.explanation.zh


def test_roll_is_a_parameter() -> None:
    anchor = date(2026, 1, 19)
    assert due(Rule("posted", 30, CALENDAR_DAY, roll=ROLL_NONE), anchor, CALENDAR).day == date(2026, 2, 18)
    assert due(Rule("posted", 30, CALENDAR_DAY, roll=ROLL_HOLIDAY), anchor, CALENDAR).day == date(2026, 2, 24)
    saturday = date(2026, 3, 7)
    assert due(Rule("posted", 5, CALENDAR_DAY, roll=ROLL_HOLIDAY), date(2026, 3, 2), CALENDAR).day == saturday
    rolled = due(Rule("posted", 5, CALENDAR_DAY), date(2026, 3, 2), CALENDAR)
    assert rolled.day == date(2026, 3, 9)
    assert "falls in a weekend" in rolled.explanation.en


def test_the_last_day_on_a_moved_working_day_stands() -> None:
    assert due(Rule("posted", 2, CALENDAR_DAY), date(2026, 2, 12), CALENDAR).day == date(2026, 2, 14)


def test_a_missing_year_is_counted_monday_to_friday_and_said_to_be_provisional() -> None:
    found = due(TWENTY, date(2026, 12, 21), CALENDAR)
    assert found.provisional
    assert found.day == date(2027, 1, 18)
    assert "no calendar is published for 2027" in found.explanation.en
    assert "2027年放假安排尚未公布" in found.explanation.zh


def test_a_deadline_is_provisional_only_if_the_missing_year_was_judged() -> None:
    assert not due(Rule("accepted", 5), date(2026, 12, 24), CALENDAR).provisional  # ends on 31 December
    assert due(Rule("accepted", 6), date(2026, 12, 24), CALENDAR).provisional
    assert not due(Rule("posted", 30, CALENDAR_DAY, roll=ROLL_NONE), date(2026, 12, 24), CALENDAR).provisional
    assert due(Rule("posted", 30, CALENDAR_DAY), date(2026, 12, 24), CALENDAR).provisional


def test_a_roll_from_a_published_into_an_unpublished_year_is_provisional() -> None:
    calendar = Calendar("cn", Text("一", "one"), frozenset({2022}))
    found = due(Rule("posted", 1, CALENDAR_DAY), date(2022, 12, 30), calendar)  # 31 December 2022 is a Saturday
    assert (found.day, found.provisional) == (date(2023, 1, 2), True)
    assert due(Rule("posted", 1, CALENDAR_DAY), date(2022, 12, 29), calendar).provisional is False


def test_the_start_day_is_not_counted() -> None:
    assert due(Rule("accepted", 1), date(2026, 3, 2), CALENDAR).day == date(2026, 3, 3)
    assert due(Rule("accepted", 1), date(2026, 2, 16), CALENDAR).day == date(2026, 2, 24)


def test_zero_days_is_the_day_itself_or_the_next_that_is_worked() -> None:
    assert due(Rule("accepted", 0), date(2026, 3, 2), CALENDAR).day == date(2026, 3, 2)
    assert due(Rule("accepted", 0), date(2026, 2, 16), CALENDAR).day == date(2026, 2, 24)
    assert due(Rule("posted", 0, CALENDAR_DAY, roll=ROLL_NONE), date(2026, 2, 16), CALENDAR).day == date(2026, 2, 16)


def test_a_stop_moves_the_day_by_the_working_days_stopped() -> None:
    # From Wednesday 25 to Friday 27 February: two working days, and the Saturday after is worked.
    stop = Stop(date(2026, 2, 25), date(2026, 2, 27), "testing")
    found = due(TWENTY, date(2026, 2, 12), CALENDAR, (stop,))
    assert found.day == date(2026, 3, 20)
    assert "2 working days between 2026-02-26 and 2026-02-27 not counted while the clock was stopped" in found.explanation.en
    assert "时限中止2个工作日不计" in found.explanation.zh


def test_a_stop_over_a_holiday_moves_only_by_its_working_days() -> None:
    stop = Stop(date(2026, 2, 13), date(2026, 2, 24), "testing")  # the 14th and the 24th
    found = due(TWENTY, date(2026, 2, 12), CALENDAR, (stop,))
    assert found.day == date(2026, 3, 20)
    assert "14 and 28 Feb" not in found.explanation.en


def test_overlapping_stops_are_counted_once_and_a_stop_on_one_day_not_at_all() -> None:
    stops = (Stop(date(2026, 2, 25), date(2026, 2, 27)), Stop(date(2026, 2, 25), date(2026, 2, 26)))
    assert due(TWENTY, date(2026, 2, 12), CALENDAR, stops).day == date(2026, 3, 20)
    same_day = (Stop(date(2026, 2, 25), date(2026, 2, 25)),)
    assert due(TWENTY, date(2026, 2, 12), CALENDAR, same_day).day == date(2026, 3, 18)


def test_a_stop_that_has_not_ended_is_said() -> None:
    found = due(TWENTY, date(2026, 2, 12), CALENDAR, (Stop(date(2026, 2, 25)),))
    assert found.day == date(2026, 3, 18)
    assert "the clock stands still" in found.explanation.en
    assert "时限中止中" in found.explanation.zh


def test_calendar_days_stopped_are_added_too() -> None:
    stop = Stop(date(2026, 3, 3), date(2026, 3, 6))
    found = due(Rule("posted", 5, CALENDAR_DAY, roll=ROLL_NONE), date(2026, 3, 2), CALENDAR, (stop,))
    assert found.day == date(2026, 3, 10)
    assert "3 calendar days" in found.explanation.en


def test_the_period_ends_with_the_day_in_the_zone_of_the_calendar() -> None:
    assert end_of(date(2026, 3, 18), "Asia/Shanghai") == datetime(2026, 3, 18, 16, 0, tzinfo=UTC)
    late_evening = datetime(2026, 2, 12, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    after_midnight = datetime(2026, 2, 12, 16, 1, tzinfo=UTC)  # 00:01 of the 13th
    assert due_at(TWENTY, late_evening, CALENDAR)[1].day == date(2026, 3, 18)
    assert due_at(TWENTY, after_midnight, CALENDAR)[1].day == date(2026, 3, 19)


def test_hours_run_through_and_roll_with_the_day() -> None:
    at, found = due_at(Rule("forwarded", 24, HOUR, roll=ROLL_NONE), moment("2026-02-14", 17), CALENDAR)
    assert (at, found.day) == (moment("2026-02-15", 17), date(2026, 2, 15))
    at, found = due_at(Rule("forwarded", 24, HOUR), moment("2026-02-14", 17), CALENDAR)
    assert (at, found.day) == (end_of(date(2026, 2, 24), "Asia/Shanghai"), date(2026, 2, 24))
    assert found.explanation.en.startswith("24 hours from forwarding on 2026-02-14")
    assert due_at(Rule("forwarded", 24, HOUR), moment("2026-12-31", 9), CALENDAR)[1].provisional


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (("forgotten", 5), "forgotten"),
        (("accepted", -1), "accepted"),
        (("accepted", 3661), "accepted"),
        (("accepted", True), "accepted"),
        (("accepted", 5, "month"), "accepted"),
        (("accepted", 5, "hour", "cn", "backwards"), "accepted"),
    ],
)
def test_a_rule_that_cannot_be_counted_is_refused(arguments, where: str) -> None:
    with pytest.raises(YitongError) as refused:
        Rule(*arguments)
    assert (refused.value.code, refused.value.where) == ("deadline.wrong-rule", where)


def test_another_calendar_hours_without_a_moment_and_strange_years_are_refused() -> None:
    day = date(2026, 2, 12)
    for rule, anchor, code in (
        (Rule("accepted", 5, calendar="xx"), day, "deadline.wrong-calendar"),
        (Rule("forwarded", 5, HOUR), day, "deadline.needs-moment"),
        (Rule("accepted", 5), date(9999, 12, 31), "deadline.out-of-range"),
    ):
        with pytest.raises(YitongError) as refused:
            due(rule, anchor, CALENDAR)
        assert refused.value.code == code
    with pytest.raises(YitongError) as refused:
        due_at(Rule("forwarded", 5, HOUR, calendar="xx"), moment("2026-02-12"), CALENDAR)
    assert refused.value.code == "deadline.wrong-calendar"


@pytest.mark.skipif(not SHARED.exists(), reason="the shared vectors are not here")
def test_shared_vectors() -> None:
    told = json.loads(SHARED.read_text("utf-8"))["deadlines"]
    assert due(TWENTY, date(2026, 2, 12), CALENDAR).day.isoformat() == told["20wd_from_2026-02-12"]
    assert due(Rule("accepted", 5), date(2026, 9, 24), CALENDAR).day.isoformat() == told["5wd_from_2026-09-24"]
    notice = due(Rule("posted", 30, CALENDAR_DAY), date(2026, 1, 19), CALENDAR)
    assert (notice.raw.isoformat(), notice.day.isoformat()) == (told["30nat_from_2026-01-19_raw"], told["30nat_rolled"])
    plain = Calendar("cn", Text("一", "one"), frozenset({2026}))
    assert due(TWENTY, date(2026, 2, 12), plain).day.isoformat() == told["naive_mon_fri"]
