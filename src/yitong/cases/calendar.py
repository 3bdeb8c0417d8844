"""Which days are worked: the published calendar of a country or province, and what is done where none is published yet.

A year's calendar is the State Council's notice of that year: days off beside the weekends, and weekend days that are
worked in exchange (调休). Permits are counted in working days, public holidays left out (Administrative Licensing Law
art. 82). A year without a notice is never guessed: its days are read as plain Monday to Friday and every result that
rests on one is *provisional*, to be computed again once the notice is out (usually in November).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from yitong.clock import SHANGHAI
from yitong.errors import Text, YitongError

SATURDAY = 5  # date.weekday(): Monday is 0
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Published days: ``days_off`` names the holiday of each day off, ``moved`` holds weekend days that are worked."""

    id: str
    title: Text
    years: frozenset[int]
    days_off: Mapping[date, Text] = field(default_factory=dict)
    moved: frozenset[date] = frozenset()
    zone: str = SHANGHAI

    def is_published(self, day: date) -> bool:
        """Whether the notice for that day's year is known; if not, whatever is said of the day is provisional."""
        return day.year in self.years

    def is_working(self, day: date) -> bool:
        """Whether the day is worked; a day of an unpublished year is judged by its weekday alone."""
        if day in self.moved:
            return True
        return day.weekday() < SATURDAY and day not in self.days_off

    def holiday(self, day: date) -> Text | None:
        """The holiday that the day is off for, if any; a plain weekend has none."""
        return self.days_off.get(day)

    def next_working(self, day: date) -> date:
        """The first working day on or after ``day``."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days lie after ``start`` up to and including ``end``."""
        return sum(self.is_working(start + timedelta(days=i + 1)) for i in range(max((end - start).days, 0)))


@dataclass(frozen=True, slots=True)
class Holiday:
    """One entry of a yearly notice: the days from ``first`` to ``last`` are off, ``worked`` are worked in exchange."""

    name: Text
    first: date
    last: date
    worked: tuple[date, ...] = ()


def build_calendar(calendar_id: str, title: Text, notices: Mapping[int, tuple[Holiday, ...]], zone: str = SHANGHAI) -> Calendar:
    """A calendar from its yearly notices; raises ``calendar.wrong-day`` for entries that contradict each other.

    1. a holiday ends no earlier than it begins and lasts at most 31 days;
    2. its days lie in the notice's year, or in the December before it (the New Year bridge);
    3. no day is off twice;
    4. a day worked in exchange is a Saturday or Sunday, and not itself off.
    """
    days_off: dict[date, Text] = {}
    moved: set[date] = set()
    for year, holidays in notices.items():
        for holiday in holidays:
            length = (holiday.last - holiday.first).days + 1
            if not 1 <= length <= 31:  # (1)
                raise YitongError("calendar.wrong-day", calendar_id, day=holiday.first.isoformat())
            for day in (holiday.first + timedelta(days=i) for i in range(length)):
                if not _belongs(day, year) or day in days_off:  # (2), (3)
                    raise YitongError("calendar.wrong-day", calendar_id, day=day.isoformat())
                days_off[day] = holiday.name
            moved.update(holiday.worked)
    worked = ((year, day) for year, holidays in notices.items() for holiday in holidays for day in holiday.worked)
    for year, day in worked:
        if not _belongs(day, year) or day.weekday() < SATURDAY or day in days_off:  # (4)
            raise YitongError("calendar.wrong-day", calendar_id, day=day.isoformat())
    return Calendar(calendar_id, title, frozenset(notices), days_off, frozenset(moved), zone)


def _belongs(day: date, year: int) -> bool:
    return day.year == year or (day.year == year - 1 and day.month == 12)
