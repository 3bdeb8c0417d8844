"""The legal clock: a deadline is a rule counted from an event, never a date typed in, and every date explains itself.

A rule is (anchor event, number, unit, calendar, roll). The anchor's own day is not counted (Civil Code art. 201);
the period ends at 24:00 of its last day (art. 203). Working days leave out weekends and public holidays and count the
weekend days worked in exchange (Administrative Licensing Law art. 82). When the last of a run of calendar days is a
public holiday, the day after the holiday is the last day (Civil Code art. 203); whether a weekend has that effect too
is the rule's ``roll``. Days on which the clock stood still are not counted (Administrative Licensing Law art. 45).

A result that rests on a year whose calendar is not published is marked provisional and says so in its explanation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from yitong.cases.calendar import ONE_DAY, Calendar
from yitong.cases.wording import Reckoning, explain
from yitong.clock import at_local, local_date
from yitong.errors import Text, YitongError

WORKING_DAY = "working-day"
CALENDAR_DAY = "calendar-day"
HOUR = "hour"
UNITS = frozenset({WORKING_DAY, CALENDAR_DAY, HOUR})
ROLL_NONE = "none"  # the last day stands, whatever day it is
ROLL_HOLIDAY = "after-holiday"  # a public holiday moves it to the day after the holiday; a plain weekend does not
ROLL_WORKING = "next-working-day"  # any day that is not worked moves it to the next that is
ROLLS = frozenset({ROLL_NONE, ROLL_HOLIDAY, ROLL_WORKING})
MAX_N = 3660  # ten years: beyond the longest period that any of these laws knows
LAST_YEAR = 9000  # room to count from any anchor without leaving the calendar of the machine

ANCHORS: dict[str, Text] = {
    "submitted": Text("提交", "submission"),
    "received": Text("窗口收件", "receipt at the window"),
    "forwarded": Text("转出", "forwarding"),
    "handed_over": Text("主管机关签收", "receipt by the authority"),
    "supplement_requested": Text("补正通知", "the request for supplements"),
    "supplied": Text("补正", "the supplement"),
    "accepted": Text("受理", "acceptance"),
    "decided": Text("作出决定", "the decision"),
    "served": Text("送达", "service"),
    "posted": Text("公示", "posting"),
    "signed": Text("签订", "signature"),
    "opened": Text("开立", "opening"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """``n`` units after the day of ``anchor``, counted in ``calendar``, the last day moved by ``roll``."""

    anchor: str
    n: int
    unit: str = WORKING_DAY
    calendar: str = "cn"
    roll: str = ROLL_WORKING

    def __post_init__(self) -> None:
        """Refuse a rule that could not be counted; raises ``deadline.wrong-rule``."""
        known = self.anchor in ANCHORS and self.unit in UNITS and self.roll in ROLLS
        if not known or isinstance(self.n, bool) or not isinstance(self.n, int) or not 0 <= self.n <= MAX_N:
            raise YitongError("deadline.wrong-rule", self.anchor)


@dataclass(frozen=True, slots=True)
class Stop:
    """The clock stood still after ``start`` up to and including ``end``; without ``end`` it still does."""

    start: date
    end: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DueDate:
    """The last ``day``; ``raw`` is the day before rolling; ``provisional`` if it rests on an unpublished calendar."""

    day: date
    raw: date
    provisional: bool
    explanation: Text


def end_of(day: date, zone: str) -> datetime:
    """The moment at which ``day`` is over in ``zone`` (Civil Code art. 203: 24:00); from then on it is too late."""
    return at_local(day + ONE_DAY, 0, 0, zone)


def due(rule: Rule, anchor_day: date, calendar: Calendar, stops: tuple[Stop, ...] = ()) -> DueDate:
    """The last day of ``rule`` counted from ``anchor_day``, with the reasons for it in both languages.

    Raises ``deadline.wrong-calendar`` for another calendar than the rule's, ``deadline.needs-moment`` for a rule in
    hours (see :func:`due_at`) and ``deadline.out-of-range`` for years that cannot be counted in. A stop that has not
    ended stops nothing here: the result is then the earliest day possible, were the clock restarted at once.

    1. count: each day after the anchor, except days stopped and, for working days, days not worked;
    2. nothing to count (n = 0): the anchor's day itself, moved on to a working day if working days are meant;
    3. roll the last of a run of calendar days;
    4. mark as provisional if any day that was judged lies in an unpublished year.
    """
    if calendar.id != rule.calendar:
        raise YitongError("deadline.wrong-calendar", calendar.id, expected=rule.calendar)
    if rule.unit == HOUR:
        raise YitongError("deadline.needs-moment", rule.anchor)
    if not 1900 <= anchor_day.year <= LAST_YEAR:
        raise YitongError("deadline.out-of-range", rule.anchor)
    working = rule.unit == WORKING_DAY
    stopped = frozenset(_stopped_days(stops))
    raw = _count(rule.n, anchor_day, calendar, stopped, working=working)  # (1), (2)
    day = raw if working else roll(raw, rule.roll, calendar)  # (3)
    first_judged = anchor_day + ONE_DAY if working else raw
    judged = working or rule.roll != ROLL_NONE
    provisional = judged and not all(calendar.is_published(d) for d in _days(min(first_judged, raw), day))  # (4)
    reckoning = Reckoning(anchor_day, rule.n, working, raw, day, provisional, ANCHORS[rule.anchor])
    open_stop = any(stop.end is None for stop in stops)
    return DueDate(day, raw, provisional, explain(reckoning, calendar, stopped, clock_stands=open_stop))


def due_at(rule: Rule, anchor: datetime, calendar: Calendar, stops: tuple[Stop, ...] = ()) -> tuple[datetime, DueDate]:
    """The moment from which ``rule`` is overdue, and its day: the end of the last day, or the hours counted out.

    Hours run through nights and holidays; what would end on a day that the rule's roll moves ends with the day moved to.
    Stops do not lengthen a rule in hours. Raises as :func:`due` does.
    """
    if rule.unit != HOUR:
        found = due(rule, local_date(anchor, calendar.zone), calendar, stops)
        return end_of(found.day, calendar.zone), found
    if calendar.id != rule.calendar:
        raise YitongError("deadline.wrong-calendar", calendar.id, expected=rule.calendar)
    moment = anchor.astimezone(UTC) + timedelta(hours=rule.n)
    raw = local_date(moment, calendar.zone)
    day = roll(raw, rule.roll, calendar)
    provisional = rule.roll != ROLL_NONE and not all(calendar.is_published(d) for d in _days(raw, day))
    name, start = ANCHORS[rule.anchor], local_date(anchor, calendar.zone).isoformat()
    explanation = Text(f"自{start}{name.zh}起{rule.n}小时：{day}", f"{rule.n} hours from {name.en} on {start}: {day}")
    if provisional:
        explanation = Text(explanation.zh + "（暂定）", explanation.en + " (provisional)")
    return (moment if day == raw else end_of(day, calendar.zone)), DueDate(day, raw, provisional, explanation)


def roll(day: date, rule: str, calendar: Calendar) -> date:
    """``day`` moved as ``rule`` says: not at all, past a public holiday, or to the next working day."""
    if rule == ROLL_WORKING:
        return calendar.next_working(day)
    while rule == ROLL_HOLIDAY and calendar.holiday(day) is not None:
        day += ONE_DAY
    return day


def _count(n: int, anchor_day: date, calendar: Calendar, stopped: frozenset[date], *, working: bool) -> date:
    if n == 0:
        return calendar.next_working(anchor_day) if working else anchor_day
    day, left = anchor_day, n
    while left:
        day += ONE_DAY
        if day not in stopped and (not working or calendar.is_working(day)):
            left -= 1
    return day


def _stopped_days(stops: tuple[Stop, ...]) -> Iterator[date]:
    for stop in stops:
        if stop.end is not None:
            yield from _days(stop.start + ONE_DAY, stop.end)


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += ONE_DAY
