"""One command being decided: everything that the rules may look at, in one frozen record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yitong.cases.calendar import Calendar
from yitong.cases.case import Case
from yitong.cases.commands import Command
from yitong.cases.service import Service
from yitong.clock import local_date
from yitong.errors import YitongError

Outcome = tuple[str, dict[str, Any]]  # an event's type and body


@dataclass(frozen=True, slots=True)
class Step:
    """The case, the command, the moment, and the rules."""

    case: Case
    command: Command
    now: datetime
    service: Service
    calendar: Calendar

    @property
    def body(self) -> Mapping[str, Any]:
        """What the command carries; its shape has been checked."""
        return self.command.body

    @property
    def today(self) -> date:
        """The day of ``now`` where the calendar holds."""
        return local_date(self.now, self.calendar.zone)

    def wrong(self, member: str) -> YitongError:
        """The refusal of a command one of whose members has a value that is not allowed."""
        return YitongError("case.wrong-command", self.command.name, member=member)

    def remedies(self) -> list[dict[str, str]]:
        """The ways to contest, as a refusal must name them."""
        return [{"zh": remedy.zh, "en": remedy.en} for remedy in self.service.remedies]
