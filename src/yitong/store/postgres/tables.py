"""Event streams, timers and status entries on PostgreSQL."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from yitong.clock import Clock
from yitong.entropy import Entropy, below
from yitong.errors import YitongError
from yitong.flows.unit import Timer
from yitong.store.memory.tables import FULL_AT
from yitong.store.postgres.connection import Connection


class PostgresEvents:
    """Event streams: the primary key (stream, number) makes two writers collide instead of overwriting."""

    def __init__(self, connection: Connection, clock: Clock, zone: str) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone

    async def append(self, stream: str, expected: int, events: list[dict[str, Any]]) -> None:
        """Add events after the ``expected`` ones; raises ``store.conflict``."""
        known = await self._connection.fetchval("SELECT count(*) FROM event WHERE stream = $1", stream)
        if known != expected:
            raise YitongError("store.conflict", stream)
        now = self._clock.now()
        rows = [
            (stream, number, msgspec.json.encode(event).decode(), now, self._zone)
            for number, event in enumerate(events, expected + 1)
        ]
        try:
            async with self._connection.transaction():
                await self._connection.executemany(
                    "INSERT INTO event (stream, number, body, recorded_at, zone) VALUES ($1, $2, $3, $4, $5)", rows
                )
        except asyncpg.UniqueViolationError as error:
            raise YitongError("store.conflict", stream) from error

    async def load(self, stream: str) -> list[dict[str, Any]]:
        """All events of the stream, in order."""
        rows = await self._connection.fetch("SELECT body FROM event WHERE stream = $1 ORDER BY number", stream)
        return [msgspec.json.decode(row["body"]) for row in rows]


class PostgresTimers:
    """Timers: whoever takes one holds its row, and the others pass it over."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def set(self, timer: Timer) -> None:
        """Set or move a timer."""
        await self._connection.execute(
            "INSERT INTO timer (id, kind, subject, due_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, subject = excluded.subject, due_at = excluded.due_at",
            timer.id,
            timer.kind,
            timer.subject,
            timer.due_at,
        )

    async def due(self, now: datetime) -> Timer | None:
        """The most overdue timer that no other transaction holds."""
        row = await self._connection.fetchrow(
            "SELECT id, kind, subject, due_at FROM timer WHERE due_at <= $1 ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED",
            now,
        )
        return None if row is None else Timer(row["id"], row["kind"], row["subject"], row["due_at"])

    async def next_due(self) -> datetime | None:
        """When the next timer is due."""
        found: datetime | None = await self._connection.fetchval("SELECT min(due_at) FROM timer")
        return found

    async def cancel(self, timer_id: str) -> None:
        """The timer is done, or no longer needed."""
        await self._connection.execute("DELETE FROM timer WHERE id = $1", timer_id)


class PostgresStatus:
    """Entries of status lists: an index is given out by inserting it, so never twice."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def allocate(self, list_id: str, size: int, entropy: Entropy) -> int:
        """A random index never given out before; raises ``store.status-list-full``."""
        given = await self._connection.fetchval("SELECT count(*) FROM status_entry WHERE list_id = $1", list_id)
        if given >= size * FULL_AT:
            raise YitongError("store.status-list-full", list_id)
        while True:
            index = below(entropy, size)
            inserted = await self._connection.fetchval(
                "INSERT INTO status_entry (list_id, index, value) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING RETURNING index",
                list_id,
                index,
            )
            if inserted is not None:
                return index

    async def put(self, list_id: str, index: int, value: int) -> None:
        """Set an allocated entry, and grow the list's revision with it."""
        found = await self._connection.fetchval(
            "UPDATE status_entry SET value = $3 WHERE list_id = $1 AND index = $2 RETURNING index", list_id, index, value
        )
        if found is None:
            raise YitongError("store.not-found", list_id)
        await self._connection.execute(
            "INSERT INTO status_revision (list_id, revision) VALUES ($1, 1) "
            "ON CONFLICT (list_id) DO UPDATE SET revision = status_revision.revision + 1",
            list_id,
        )

    async def nonzero(self, list_id: str) -> list[tuple[int, int]]:
        """``(index, value)`` of every entry that is not valid."""
        rows = await self._connection.fetch(
            "SELECT index, value FROM status_entry WHERE list_id = $1 AND value <> 0 ORDER BY index", list_id
        )
        return [(row["index"], row["value"]) for row in rows]

    async def revision(self, list_id: str) -> int:
        """Grows with every change of an entry."""
        found = await self._connection.fetchval("SELECT revision FROM status_revision WHERE list_id = $1", list_id)
        return int(found or 0)
