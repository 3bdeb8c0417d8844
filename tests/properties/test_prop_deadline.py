"""Deadlines for any anchor and number: never early, never on a day off, and as a slower second reckoning finds them."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from example_case import CALENDAR
from yitong.cases.deadline import CALENDAR_DAY, ROLLS, Rule, Stop, due

DAYS = st.dates(date(2023, 6, 1), date(2027, 6, 1))
COUNTS = st.integers(0, 80)
ROLL = st.sampled_from(sorted(ROLLS))

STEADY = settings(deadline=None)  # what is tested is the reckoning, not how fast a busy machine does it


@st.composite
def stops(draw: st.DrawFn) -> tuple[Stop, ...]:
    found = []
    for _ in range(draw(st.integers(0, 3))):
        start = draw(DAYS)
        found.append(Stop(start, start + timedelta(days=draw(st.integers(0, 40)))))
    return tuple(found)


def second_reckoning(n: int, anchor: date, stopped: tuple[Stop, ...], *, working: bool) -> date:
    """All days after the anchor in one list, filtered, and the n-th taken; for n = 0 the first that is worked."""
    following = [anchor + timedelta(days=i) for i in range(0 if n == 0 else 1, 400)]
    if n == 0:
        return next(day for day in following if not working or works(day))
    counted = [d for d in following if not any(s.end and s.start < d <= s.end for s in stopped) and (not working or works(d))]
    return counted[n - 1]


def works(day: date) -> bool:
    """Written out again from the notice: off if named off, worked if named worked, else Monday to Friday."""
    if day in CALENDAR.days_off:
        return False
    return day in CALENDAR.moved or day.isoweekday() <= 5


@STEADY
@given(COUNTS, DAYS, stops())
def test_working_days_agree_with_the_second_reckoning(n: int, anchor: date, stopped: tuple[Stop, ...]) -> None:
    found = due(Rule("accepted", n), anchor, CALENDAR, stopped)
    assert found.day == second_reckoning(n, anchor, stopped, working=True)
    assert CALENDAR.is_working(found.day)


@STEADY
@given(COUNTS, DAYS, stops(), ROLL)
def test_calendar_days_agree_with_the_second_reckoning_and_roll_forward_only(
    n: int, anchor: date, stopped: tuple[Stop, ...], roll: str
) -> None:
    found = due(Rule("posted", n, CALENDAR_DAY, roll=roll), anchor, CALENDAR, stopped)
    assert found.raw == second_reckoning(n, anchor, stopped, working=False)
    assert found.day >= found.raw
    between = [found.raw + timedelta(days=i) for i in range((found.day - found.raw).days)]
    if roll == "none":
        assert found.day == found.raw
    if roll == "next-working-day":
        assert works(found.day)
        assert not any(map(works, between))
    if roll == "after-holiday":
        assert found.day not in CALENDAR.days_off
        assert all(day in CALENDAR.days_off for day in between)


@STEADY
@given(COUNTS, COUNTS, DAYS, DAYS, st.sampled_from(["working-day", "calendar-day"]), ROLL, stops())
def test_more_days_or_a_later_start_never_end_sooner(
    n: int, more: int, anchor: date, other: date, unit: str, roll: str, stopped: tuple[Stop, ...]
) -> None:
    early, late = sorted((anchor, other))
    least = due(Rule("accepted", n, unit, roll=roll), early, CALENDAR, stopped).day
    assert least >= early
    assert due(Rule("accepted", n, unit, roll=roll), late, CALENDAR, stopped).day >= least
    if n or not stopped:  # without days to count there is nothing that a stop could lengthen
        assert due(Rule("accepted", n + more, unit, roll=roll), early, CALENDAR, stopped).day >= least


@STEADY
@given(st.integers(1, 80), DAYS, DAYS, st.integers(0, 40))
def test_a_stop_adds_exactly_its_working_days(n: int, anchor: date, start: date, length: int) -> None:
    plain = due(Rule("accepted", n), anchor, CALENDAR).day
    stop = Stop(start, start + timedelta(days=length))
    if not anchor <= start < plain:
        return
    assert stop.end is not None
    stopped = due(Rule("accepted", n), anchor, CALENDAR, (stop,)).day
    assert CALENDAR.working_days_between(plain, stopped) == CALENDAR.working_days_between(start, stop.end)


@STEADY
@given(COUNTS, DAYS)
def test_provisional_exactly_if_an_unpublished_year_was_reached(n: int, anchor: date) -> None:
    found = due(Rule("accepted", n), anchor, CALENDAR)
    first = anchor if n == 0 else anchor + timedelta(days=1)
    unpublished = any(year not in CALENDAR.years for year in range(first.year, found.day.year + 1))
    assert found.provisional is unpublished
    assert ("provisional" in found.explanation.en) is unpublished
    assert ("尚未公布" in found.explanation.zh) is unpublished


@STEADY
@given(COUNTS, DAYS, st.sampled_from(["working-day", "calendar-day"]), stops())
def test_every_explanation_names_its_start_and_its_end(n: int, anchor: date, unit: str, stopped: tuple[Stop, ...]) -> None:
    found = due(Rule("accepted", n, unit), anchor, CALENDAR, stopped)
    for sentence in (found.explanation.zh, found.explanation.en):
        assert anchor.isoformat() in sentence
        assert sentence.endswith(found.day.isoformat())
