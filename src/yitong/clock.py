"""Where time comes from: the only module that reads the wall clock.

Every other module is given a :class:`Clock`. A moment is an aware ``datetime`` in UTC; what is stored is UTC with
the zone of the jurisdiction beside it. A day is a :class:`datetime.date` in that zone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from yitong.errors import YitongError

SHANGHAI = "Asia/Shanghai"
NO_LATER = 1 << 37  # a NumericDate of the year 6325: what a stranger dates later, or in milliseconds, no calendar holds


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """This moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class OffsetClock:
    """The machine's clock moved by ``offset``: only for a region whose configuration says that it is an example."""

    offset: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        """This moment plus the offset, aware, in UTC."""
        return datetime.now(UTC) + self.offset

    def set(self, moment: datetime) -> None:
        """Make it ``moment`` now; time goes on from there."""
        self.offset = moment - datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self.offset += by


@dataclass(slots=True)
class ManualClock:
    """A clock that stands still until it is moved; for tests and simulation."""

    moment: datetime

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by``."""
        self.moment += by


def monotonic_s() -> float:
    """Seconds that only ever grow, for measuring how long something took; no moment can be made of them."""
    return time.monotonic()


def epoch(moment: datetime) -> int:
    """Whole seconds since 1970-01-01T00:00:00Z, rounded down (JWT NumericDate, RFC 7519 §2)."""
    return int(moment.timestamp() // 1)


def from_epoch(seconds: int) -> datetime:
    """The moment of a NumericDate."""
    return datetime.fromtimestamp(seconds, UTC)


def write_moment(moment: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond, such as ``2026-02-12T01:30:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(text: str, where: str = "") -> datetime:
    """A moment from RFC 3339 with an offset; raises ``time.not-a-moment``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise YitongError("time.not-a-moment", where) from error
    if moment.tzinfo is None:
        raise YitongError("time.not-a-moment", where)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # the first or last day of the calendar, moved out of it by the offset
        raise YitongError("time.not-a-moment", where) from error


def as_day(value: object) -> date | None:
    """The day that a text such as ``2026-02-12`` is, None for anything else: the other spellings of ISO 8601 are not taken."""
    if not isinstance(value, str):
        return None
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.isoformat() == value else None


def local_date(moment: datetime, zone: str = SHANGHAI) -> date:
    """The day that ``moment`` falls on in ``zone``."""
    return moment.astimezone(ZoneInfo(zone)).date()


def at_local(day: date, hour: int, minute: int = 0, zone: str = SHANGHAI) -> datetime:
    """The moment of ``hour:minute`` on ``day`` in ``zone``, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)
