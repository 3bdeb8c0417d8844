"""A noun that only the contract of the stores knows, and the moment and the neighbours of its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from yitong.clock import ManualClock
from yitong.errors import YitongError
from yitong.records import Noun

NOW = datetime(2026, 2, 12, 1, 0, tzinfo=UTC)
CLOCK = ManualClock(NOW)
SHANGHAI, JIANGSU = "https://shanghai.example", "https://jiangsu.example"


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Sample:
    """A record with every sort of member that records have."""

    id: str
    owner: str | None = None
    code: str | None = None
    count: int = 0
    parts: tuple[Part, ...] = ()
    claims: dict[str, Any] = field(default_factory=dict)
    day: date = date(2026, 2, 12)
    at: datetime = NOW


SAMPLES: Noun[Sample] = Noun(
    "sample", Sample, lambda s: s.id, {"owner": lambda s: s.owner, "code": lambda s: s.code}, ("code",)
)
SAMPLES_SQL = """
CREATE TABLE sample (
    key text PRIMARY KEY, seq bigint GENERATED ALWAYS AS IDENTITY, body jsonb NOT NULL,
    recorded_at timestamptz NOT NULL, changed_at timestamptz NOT NULL, zone text NOT NULL, owner text, code text
);
CREATE UNIQUE INDEX sample_code ON sample (code);
"""


def later(**by: float) -> datetime:
    return NOW + timedelta(**by)


async def refusal(awaitable: Any) -> str:
    with pytest.raises(YitongError) as caught:
        await awaitable
    return caught.value.code
