"""Records of a noun in its table: the record whole as ``body``, beside it the values by which it is found.

The SQL is put together from the noun's own names, which are constants of the program and are checked here to be plain
words; every value goes in as a parameter.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Generic, TypeVar

import asyncpg
import msgspec

from yitong.clock import Clock
from yitong.errors import YitongError
from yitong.records import Noun
from yitong.store.postgres.connection import Connection

T = TypeVar("T")
_WORD = re.compile(r"[a-z][a-z_]{1,40}\Z")


def _checked(noun: Noun[Any]) -> Noun[Any]:
    for name in (noun.name, *noun.indexes):
        if not _WORD.match(name):
            raise ValueError(f"noun {noun.name}: {name} is not a plain word")
    return noun


class PostgresShelf(Generic[T]):
    """The records of one noun inside one database transaction."""

    def __init__(self, connection: Connection, noun: Noun[T], clock: Clock, zone: str) -> None:
        self._connection = connection
        self._noun = _checked(noun)
        self._clock = clock
        self._zone = zone

    def _read(self, row: asyncpg.Record | None) -> T | None:
        return None if row is None else msgspec.json.decode(row["body"], type=self._noun.type)

    async def get(self, key: str) -> T | None:
        """The record, or None."""
        if "\x00" in key:  # a stranger may ask for it; PostgreSQL keeps no such text, so there is no such record
            return None
        return self._read(await self._connection.fetchrow(f"SELECT body FROM {self._noun.name} WHERE key = $1", key))

    async def lock(self, key: str) -> T | None:
        """The record, its row locked until the transaction ends."""
        if "\x00" in key:
            return None
        query = f"SELECT body FROM {self._noun.name} WHERE key = $1 FOR UPDATE"
        return self._read(await self._connection.fetchrow(query, key))

    async def add(self, record: T) -> None:
        """Keep a new record; raises ``store.exists``."""
        await self._write(record, "")

    async def save(self, record: T) -> None:
        """Keep this version, new or not; raises ``store.exists`` when a unique index is taken by another record."""
        columns = ("body", "changed_at", *self._noun.indexes)
        sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
        await self._write(record, f"ON CONFLICT (key) DO UPDATE SET {sets}")

    async def _write(self, record: T, on_conflict: str) -> None:
        names = ("key", "body", "recorded_at", "changed_at", "zone", *self._noun.indexes)
        now = self._clock.now()
        values: list[Any] = [self._noun.key(record), msgspec.json.encode(record).decode(), now, now, self._zone]
        values += [read(record) for read in self._noun.indexes.values()]
        marks = ", ".join(f"${i}" for i in range(1, len(names) + 1))
        query = f"INSERT INTO {self._noun.name} ({', '.join(names)}) VALUES ({marks}) {on_conflict}"
        try:
            async with self._connection.transaction():  # a savepoint, so that the caller may go on after store.exists
                await self._connection.execute(query, *values)
        except asyncpg.UniqueViolationError as error:
            raise YitongError("store.exists", error.constraint_name or self._noun.name) from error

    async def find(self, *, limit: int = 100, **indexes: str) -> list[T]:
        """The newest ``limit`` records whose indexes have these values, newest first."""
        for name in indexes:
            if name not in self._noun.indexes:
                raise ValueError(f"{self._noun.name} has no index {name}")
        if any("\x00" in value for value in indexes.values()):
            return []
        where = " AND ".join(f"{name} = ${i}" for i, name in enumerate(indexes, 2))
        query = f"SELECT body FROM {self._noun.name} {'WHERE ' + where if where else ''} ORDER BY seq DESC LIMIT $1"
        rows = await self._connection.fetch(query, limit, *indexes.values())
        return [msgspec.json.decode(row["body"], type=self._noun.type) for row in rows]

    async def sweep(self, before: datetime) -> int:
        """Remove the records last changed before ``before``; returns how many."""
        done = await self._connection.execute(f"DELETE FROM {self._noun.name} WHERE changed_at < $1", before)
        return int(done.rpartition(" ")[2])

    async def drop(self, key: str) -> T | None:
        """Remove the record and return it: of two that try at once, one gets it."""
        if "\x00" in key:
            return None
        return self._read(await self._connection.fetchrow(f"DELETE FROM {self._noun.name} WHERE key = $1 RETURNING body", key))
