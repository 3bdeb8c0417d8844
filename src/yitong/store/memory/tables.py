"""The tables of the memory store and the simple repositories over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from yitong.clock import Clock
from yitong.entropy import Entropy, below
from yitong.errors import YitongError
from yitong.flows.unit import Timer
from yitong.ledger.journal import Journal
from yitong.peers.repo import Incoming, Outgoing
from yitong.records import Noun

T = TypeVar("T")
FULL_AT = 0.5  # beyond half, random draws begin to collide and the volume of the list begins to show


@dataclass(slots=True)
class Tables:
    """Every table is a dictionary in order of insertion; records are frozen, so a shallow copy is a snapshot."""

    nouns: dict[str, dict[str, Any]] = field(default_factory=dict)
    changed: dict[tuple[str, str], datetime] = field(default_factory=dict)  # by noun and key
    outgoing: dict[str, Outgoing] = field(default_factory=dict)
    incoming: dict[tuple[str, str], Incoming] = field(default_factory=dict)
    refused: list[tuple[str, str, str, datetime]] = field(default_factory=list)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    timers: dict[str, Timer] = field(default_factory=dict)
    status: dict[tuple[str, int], int] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)

    def copy(self) -> Tables:
        """A snapshot that can be changed without changing this one."""
        return Tables(
            {name: dict(rows) for name, rows in self.nouns.items()},
            dict(self.changed),
            dict(self.outgoing),
            dict(self.incoming),
            list(self.refused),
            {stream: list(events) for stream, events in self.events.items()},
            dict(self.timers),
            dict(self.status),
            dict(self.revisions),
            Journal(
                dict(self.journal.accounts),
                dict(self.journal.transfers),
                dict(self.journal.resolved_by),
                dict(self.journal.reversed_by),
                dict(self.journal.groups),
            ),
        )


class MemoryShelf(Generic[T]):
    """The records of one noun."""

    def __init__(self, tables: Tables, noun: Noun[T], clock: Clock) -> None:
        self._rows: dict[str, T] = tables.nouns.setdefault(noun.name, {})
        self._changed = tables.changed
        self._noun = noun
        self._clock = clock

    async def get(self, key: str) -> T | None:
        """The record, or None."""
        return self._rows.get(key)

    async def lock(self, key: str) -> T | None:
        """The record; one transaction runs at a time, so it is held anyway."""
        return self._rows.get(key)

    async def add(self, record: T) -> None:
        """Keep a new record; raises ``store.exists``."""
        if self._noun.key(record) in self._rows:
            raise YitongError("store.exists", self._noun.name)
        await self.save(record)

    async def save(self, record: T) -> None:
        """Keep this version; raises ``store.exists`` when a unique index is taken by another record."""
        key = self._noun.key(record)
        for name in self._noun.unique:
            value = self._noun.indexes[name](record)
            taken = value is not None and any(
                other != key and self._noun.indexes[name](row) == value for other, row in self._rows.items()
            )
            if taken:
                raise YitongError("store.exists", f"{self._noun.name}.{name}")
        self._rows[key] = record
        self._changed[self._noun.name, key] = self._clock.now()

    async def sweep(self, before: datetime) -> int:
        """Remove the records last changed before ``before``; returns how many."""
        old = [key for key in self._rows if self._changed[self._noun.name, key] < before]
        for key in old:
            del self._rows[key], self._changed[self._noun.name, key]
        return len(old)

    async def find(self, *, limit: int = 100, **indexes: str) -> list[T]:
        """The newest records whose indexes have these values."""
        for name in indexes:
            if name not in self._noun.indexes:
                raise ValueError(f"{self._noun.name} has no index {name}")
        wanted = [(self._noun.indexes[name], value) for name, value in indexes.items()]
        found = [row for row in reversed(self._rows.values()) if all(read(row) == value for read, value in wanted)]
        return found[:limit]

    async def drop(self, key: str) -> T | None:
        """Remove the record and return it."""
        self._changed.pop((self._noun.name, key), None)
        return self._rows.pop(key, None)


class MemoryEvents:
    """Event streams."""

    def __init__(self, tables: Tables) -> None:
        self._events = tables.events

    async def append(self, stream: str, expected: int, events: list[dict[str, Any]]) -> None:
        """Add events after the ``expected`` ones; raises ``store.conflict``."""
        known = self._events.setdefault(stream, [])
        if len(known) != expected:
            raise YitongError("store.conflict", stream)
        known.extend(events)

    async def load(self, stream: str) -> list[dict[str, Any]]:
        """All events of the stream, in order."""
        return list(self._events.get(stream, []))


class MemoryTimers:
    """Timers."""

    def __init__(self, tables: Tables) -> None:
        self._timers = tables.timers

    async def set(self, timer: Timer) -> None:
        """Set or move a timer."""
        self._timers[timer.id] = timer

    async def due(self, now: datetime) -> Timer | None:
        """The most overdue timer."""
        due = [timer for timer in self._timers.values() if timer.due_at <= now]
        return min(due, key=lambda timer: (timer.due_at, timer.id), default=None)

    async def next_due(self) -> datetime | None:
        """When the next timer is due."""
        return min((timer.due_at for timer in self._timers.values()), default=None)

    async def cancel(self, timer_id: str) -> None:
        """The timer is done, or no longer needed."""
        self._timers.pop(timer_id, None)


class MemoryStatus:
    """Entries of status lists."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def allocate(self, list_id: str, size: int, entropy: Entropy) -> int:
        """A random index never given out before."""
        if sum(1 for known, _ in self._tables.status if known == list_id) >= size * FULL_AT:
            raise YitongError("store.status-list-full", list_id)
        while (list_id, index := below(entropy, size)) in self._tables.status:
            pass
        self._tables.status[list_id, index] = 0
        return index

    async def put(self, list_id: str, index: int, value: int) -> None:
        """Set an allocated entry."""
        if (list_id, index) not in self._tables.status:
            raise YitongError("store.not-found", list_id)
        self._tables.status[list_id, index] = value
        self._tables.revisions[list_id] = self._tables.revisions.get(list_id, 0) + 1

    async def nonzero(self, list_id: str) -> list[tuple[int, int]]:
        """``(index, value)`` of every entry that is not valid."""
        return sorted((index, value) for (known, index), value in self._tables.status.items() if known == list_id and value)

    async def revision(self, list_id: str) -> int:
        """Grows with every change of an entry."""
        return self._tables.revisions.get(list_id, 0)
