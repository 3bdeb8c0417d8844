"""One figure: a value, what it is compared with, the ratio, and the goal for the ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``ratio`` is ``value`` divided by the value of ``of``; the goal is an upper bound unless ``at_least``."""

    name: str
    value: float
    unit: str
    of: str
    of_value: float
    goal: float = 1.0
    at_least: bool = False

    @property
    def ratio(self) -> float:
        """Value over what it is compared with."""
        return self.value / self.of_value

    @property
    def holds(self) -> bool:
        """Whether the goal is met."""
        return self.ratio >= self.goal if self.at_least else self.ratio <= self.goal

    def written(self) -> dict[str, Any]:
        """The JSON line."""
        return {
            "name": self.name,
            "value": round(self.value, 3),
            "unit": self.unit,
            "of": self.of,
            "ratio": round(self.ratio, 3),
            "goal": f"{'>=' if self.at_least else '<='} {self.goal}",
            "holds": self.holds,
        }
