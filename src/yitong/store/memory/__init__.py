"""The store in memory: the same contract as PostgreSQL, for simulation of a whole region in one process.

One transaction runs at a time; it works on copies of the tables, which replace the originals when it commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from yitong.clock import Clock
from yitong.records import Noun
from yitong.store.memory.ledger import MemoryLedger
from yitong.store.memory.messages import MemoryMessages
from yitong.store.memory.tables import MemoryEvents, MemoryShelf, MemoryStatus, MemoryTimers, Tables


class MemoryUnit:
    """One transaction on copies of the tables."""

    def __init__(self, tables: Tables, clock: Clock) -> None:
        self.tables = tables
        self._clock = clock
        self.messages = MemoryMessages(tables)
        self.events = MemoryEvents(tables)
        self.timers = MemoryTimers(tables)
        self.status = MemoryStatus(tables)
        self.ledger = MemoryLedger(tables)

    def shelf(self, noun: Noun[Any]) -> MemoryShelf[Any]:
        """The shelf of ``noun``."""
        return MemoryShelf(self.tables, noun, self._clock)


class MemoryStore:
    """Keeps everything in dictionaries; lost when the process ends."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._tables = Tables()
        self._one_at_a_time = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryUnit]:
        """A transaction; its changes are seen only after it ends without raising."""
        async with self._one_at_a_time:
            unit = MemoryUnit(self._tables.copy(), self.clock)
            yield unit
            self._tables = unit.tables

    async def check(self) -> None:
        """Memory can always serve."""
