"""How a deadline explains itself: the days that were not counted and those that were counted although a weekend.

One sentence in each language, such as ``20 working days from acceptance on 2026-02-12, Spring Festival 15-23 Feb not
counted, 14 and 28 Feb counted: 2026-03-18``. It says nothing of plain weekends, which everyone expects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from yitong.cases.calendar import Calendar
from yitong.errors import Text

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What was counted: ``n`` days after ``anchor_day`` up to ``raw``, moved to ``day``."""

    anchor_day: date
    n: int
    working: bool
    raw: date
    day: date
    provisional: bool
    anchor: Text


@dataclass(frozen=True, slots=True)
class _Run:
    """Consecutive days under one name."""

    name: Text
    first: date
    last: date


def explain(reckoning: Reckoning, calendar: Calendar, stopped: frozenset[date], *, clock_stands: bool) -> Text:
    """The sentence for ``reckoning``; ``stopped`` are the days on which the clock stood still."""
    counted = [reckoning.anchor_day + timedelta(days=i + 1) for i in range((reckoning.raw - reckoning.anchor_day).days)]
    parts = [_head(reckoning)]
    if reckoning.working:
        parts += [_not_counted(run) for run in _runs(calendar, (day for day in counted if day not in stopped))]
        parts += _moved([day for day in counted if day in calendar.moved and day not in stopped])
    parts += _stopped([day for day in counted if day in stopped], calendar if reckoning.working else None)
    if reckoning.day != reckoning.raw:
        parts.append(_rolled(reckoning, calendar))
    if clock_stands:
        parts.append(Text("时限中止中，恢复计时后顺延", "the clock stands still and every day of that will be added"))
    if reckoning.provisional:
        parts.append(_provisional(reckoning, calendar))
    end = reckoning.day.isoformat()
    return Text("，".join(p.zh for p in parts) + f"：{end}", ", ".join(p.en for p in parts) + f": {end}")


def _head(reckoning: Reckoning) -> Text:
    zh_unit, en_unit = ("个工作日", "working day") if reckoning.working else ("日", "calendar day")
    plural = "" if reckoning.n == 1 else "s"
    start = reckoning.anchor_day.isoformat()
    return Text(
        f"自{start}{reckoning.anchor.zh}起{reckoning.n}{zh_unit}",
        f"{reckoning.n} {en_unit}{plural} from {reckoning.anchor.en} on {start}",
    )


def _runs(calendar: Calendar, days: Iterable[date]) -> list[_Run]:
    runs: list[_Run] = []
    for day in days:
        name = calendar.holiday(day)
        if name is None:
            continue
        if runs and runs[-1].name == name and runs[-1].last + timedelta(days=1) == day:
            runs[-1] = _Run(name, runs[-1].first, day)
        else:
            runs.append(_Run(name, day, day))
    return runs


def _not_counted(run: _Run) -> Text:
    return Text(f"{run.name.zh}{_span_zh(run)}不计", f"{run.name.en} {_span_en(run)} not counted")


def _span_zh(run: _Run) -> str:
    first = f"{run.first.month}月{run.first.day}日"
    if run.first == run.last:
        return first
    month = "" if run.first.month == run.last.month else f"{run.last.month}月"
    return f"{first}至{month}{run.last.day}日"


def _span_en(run: _Run) -> str:
    last = f"{run.last.day} {_MONTHS[run.last.month - 1]}"
    if run.first == run.last:
        return last
    month = "" if run.first.month == run.last.month else f" {_MONTHS[run.first.month - 1]}"
    return f"{run.first.day}{month}-{last}"


def _moved(days: list[date]) -> list[Text]:
    if not days:
        return []
    zh = "、".join(f"{day.month}月{day.day}日" for day in days)
    last_of_month = [i + 1 == len(days) or days[i + 1].month != day.month for i, day in enumerate(days)]
    names = [f"{day.day} {_MONTHS[day.month - 1]}" for day in days]
    en = [name if last else name.split()[0] for name, last in zip(names, last_of_month, strict=True)]
    listed = en[0] if len(en) == 1 else ", ".join(en[:-1]) + " and " + en[-1]
    return [Text(f"{zh}调休上班计入", f"{listed} counted")]


def _stopped(days: list[date], calendar: Calendar | None) -> list[Text]:
    lost = [day for day in days if calendar is None or calendar.is_working(day)]
    if not lost:
        return []
    zh_unit, en_unit = ("日", "calendar day") if calendar is None else ("个工作日", "working day")
    plural = "" if len(lost) == 1 else "s"
    span = f"{days[0]}", f"{days[-1]}"
    return [
        Text(
            f"{span[0]}至{span[1]}间时限中止{len(lost)}{zh_unit}不计",
            f"{len(lost)} {en_unit}{plural} between {span[0]} and {span[1]} not counted while the clock was stopped",
        )
    ]


def _rolled(reckoning: Reckoning, calendar: Calendar) -> Text:
    names = _runs(calendar, (reckoning.raw + timedelta(days=i) for i in range((reckoning.day - reckoning.raw).days)))
    zh = "、".join(f"{run.name.zh}" for run in names) or "休息日"
    en = " and ".join(f"{run.name.en}" for run in names) or "a weekend"
    return Text(f"末日{reckoning.raw}遇{zh}顺延", f"the last day {reckoning.raw} falls in {en} and moves on")


def _provisional(reckoning: Reckoning, calendar: Calendar) -> Text:
    first, last = reckoning.anchor_day.year, reckoning.day.year
    years = [str(year) for year in range(first, last + 1) if year not in calendar.years]
    zh, en = "、".join(years), " and ".join(years)
    assumed = f"provisional, as no calendar is published for {en} and Monday to Friday is assumed"
    return Text(f"{zh}年放假安排尚未公布，按周一至周五暂算", assumed)
