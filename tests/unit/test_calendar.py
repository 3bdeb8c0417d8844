"""The published calendar: holidays, weekend days worked in exchange, and years that nobody has published."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from example_case import CALENDAR, CATALOG
from yitong.cases.calendar import Holiday, build_calendar
from yitong.catalog.calendars import read_calendar, read_calendars
from yitong.errors import Text, YitongError

NAME = Text("示例", "Example")


def test_2026_moved_working_days_are_the_six_of_the_notice() -> None:
    moved = sorted(day.isoformat() for day in CALENDAR.moved if day.year == 2026)
    assert moved == ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-02-13", True),  # Friday before the festival
        ("2026-02-14", True),  # Saturday worked in exchange
        ("2026-02-16", False),  # Monday in the festival
        ("2026-02-24", True),
        ("2026-03-07", False),  # a plain Saturday
        ("2025-10-08", False),
        ("2025-10-11", True),
        ("2024-02-09", True),  # New Year's Eve was a working day in 2024
        ("2024-04-05", False),
        ("2024-04-07", True),
    ],
)
def test_days_of_the_notices(day: str, working: bool) -> None:
    assert CALENDAR.is_working(date.fromisoformat(day)) is working


# Counted by hand in each notice. Their difference is the number of statutory holidays: 11 by law until 2024, 13 from 2025.
@pytest.mark.parametrize(("year", "off_weekdays", "worked"), [(2024, 19, 8), (2025, 18, 5), (2026, 19, 6)])
def test_the_number_of_days_in_each_notice(year: int, off_weekdays: int, worked: int) -> None:
    assert sum(1 for day in CALENDAR.days_off if day.year == year and day.weekday() < 5) == off_weekdays
    assert sum(1 for day in CALENDAR.moved if day.year == year) == worked
    assert off_weekdays - worked == (11 if year == 2024 else 13)


def test_an_unpublished_year_is_monday_to_friday_and_known_to_be_unpublished() -> None:
    day = date(2027, 1, 1)
    assert not CALENDAR.is_published(day)
    assert CALENDAR.is_working(day)
    assert CALENDAR.holiday(day) is None


def test_next_working_day_and_working_days_between() -> None:
    assert CALENDAR.next_working(date(2026, 2, 15)) == date(2026, 2, 24)
    assert CALENDAR.next_working(date(2026, 2, 14)) == date(2026, 2, 14)
    assert CALENDAR.working_days_between(date(2026, 2, 12), date(2026, 2, 24)) == 3  # 13, 14 and 24
    assert CALENDAR.working_days_between(date(2026, 2, 24), date(2026, 2, 12)) == 0


@pytest.mark.parametrize(
    "holiday",
    [
        Holiday(NAME, date(2026, 5, 3), date(2026, 5, 1)),  # ends before it begins
        Holiday(NAME, date(2026, 5, 1), date(2026, 7, 1)),  # two months
        Holiday(NAME, date(2025, 11, 30), date(2026, 1, 1)),  # not of that year
        Holiday(NAME, date(2026, 5, 1), date(2026, 5, 5), (date(2026, 5, 8),)),  # a Friday is worked anyway
        Holiday(NAME, date(2026, 5, 1), date(2026, 5, 5), (date(2026, 5, 2),)),  # off and worked at once
    ],
)
def test_a_notice_that_contradicts_itself_is_refused(holiday: Holiday) -> None:
    with pytest.raises(YitongError) as refused:
        build_calendar("x", NAME, {2026: (holiday,)})
    assert refused.value.code == "calendar.wrong-day"


def test_a_day_off_twice_is_refused() -> None:
    twice = (Holiday(NAME, date(2026, 5, 1), date(2026, 5, 2)), Holiday(NAME, date(2026, 5, 2), date(2026, 5, 3)))
    with pytest.raises(YitongError) as refused:
        build_calendar("x", NAME, {2026: twice})
    assert refused.value.code == "calendar.wrong-day"
    assert refused.value.params["day"] == "2026-05-02"


def test_a_bridge_over_the_new_year_belongs_to_the_later_notice() -> None:
    # As in the notice for 2019: Saturday 29 December worked for Monday 31 December.
    bridge = Holiday(NAME, date(2018, 12, 30), date(2019, 1, 1), (date(2018, 12, 29),))
    calendar = build_calendar("x", NAME, {2018: (), 2019: (bridge,)})
    assert calendar.is_working(date(2018, 12, 29))
    assert not calendar.is_working(date(2018, 12, 31))


def test_every_holiday_has_a_name_in_both_languages() -> None:
    assert all(name.zh and name.en for name in CALENDAR.days_off.values())
    assert CALENDAR.holiday(date(2026, 2, 17)) == Text("春节", "Spring Festival")


def test_all_calendars_of_the_catalogue_can_be_read() -> None:
    assert "cn" in read_calendars(CATALOG / "calendars")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Nowhere"', "catalog.wrong-value"),
        ('zone = "Asia/Shanghai"', 'zone = "Asia/Shanghai"\nzones = 1', "catalog.unknown-key"),
        ('id = "cn"\n', "", "catalog.missing-key"),
        ('id = "cn"', 'id = "other"', "catalog.wrong-value"),
        ("year = 2025", "year = 2024", "catalog.wrong-value"),
        ("first = 2024-01-01", 'first = "2024-01-01"', "catalog.wrong-value"),
        ("first = 2024-01-01", "first = 2024-01-01T00:00:00", "catalog.wrong-value"),
        ("worked = [2024-04-07]", "worked = [2024-04-08]", "calendar.wrong-day"),
        ('confidence = "sourced"', 'confidence = "surely"', "catalog.wrong-value"),
        ("[[year]]", "[[year]", "catalog.unreadable"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path, old: str, new: str, code: str) -> None:
    text = (CATALOG / "calendars" / "cn.toml").read_text("utf-8")
    assert old in text
    file = tmp_path / "cn.toml"
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(YitongError) as refused:
        read_calendar(file)
    assert refused.value.code == code
    assert "cn" in refused.value.where


def test_the_longest_run_of_days_off_is_the_spring_festival_of_2026() -> None:
    longest = run = 0
    day = date(2024, 1, 1)
    while day.year < 2027:
        run = 0 if CALENDAR.is_working(day) else run + 1
        longest = max(longest, run)
        day += timedelta(days=1)
    assert longest == 9
