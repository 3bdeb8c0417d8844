"""The store on PostgreSQL: one connection pool, one database transaction per unit of work, nothing cached.

Any server from version 15 on serves; the example region brings its own. The schema is made by the numbered files in
``migrations`` and only by them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import asyncpg

from yitong.clock import Clock
from yitong.errors import YitongError
from yitong.records import Noun
from yitong.store.postgres.connection import Connection
from yitong.store.postgres.ledger import PostgresLedger
from yitong.store.postgres.messages import PostgresMessages
from yitong.store.postgres.migrate import check_version, migrate
from yitong.store.postgres.shelf import PostgresShelf
from yitong.store.postgres.tables import PostgresEvents, PostgresStatus, PostgresTimers

_GONE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # class 57: shut down, crashed, not ready yet, cancelled
    asyncpg.InsufficientResourcesError,  # class 53: disk full, out of memory, too many connections
    asyncpg.ReadOnlySQLTransactionError,  # the server became a standby
)
_COLLIDED = asyncpg.TransactionRollbackError  # class 40: a deadlock or serialisation failure that PostgreSQL resolved
CONNECT_TIMEOUT_S = 5.0
COMMAND_TIMEOUT_S = 30.0


class PostgresUnit:
    """One database transaction."""

    def __init__(self, connection: Connection, clock: Clock, zone: str) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone
        self.messages = PostgresMessages(connection)
        self.events = PostgresEvents(connection, clock, zone)
        self.timers = PostgresTimers(connection)
        self.status = PostgresStatus(connection)
        self.ledger = PostgresLedger(connection, clock, zone)

    def shelf(self, noun: Noun[Any]) -> PostgresShelf[Any]:
        """The shelf of ``noun``."""
        return PostgresShelf(self._connection, noun, self._clock, self._zone)


class PostgresStore:
    """A node's database; make it with :meth:`open`."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record], clock: Clock, zone: str) -> None:
        self._pool = pool
        self._clock = clock
        self._zone = zone

    @classmethod
    async def open(cls, url: str, clock: Clock, zone: str, *, connections: int = 6) -> Self:
        """Connect and bring the schema up to date; raises ``store.unreachable`` or ``store.outdated``."""
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=COMMAND_TIMEOUT_S,
                statement_cache_size=200,
                server_settings={"timezone": "UTC", "application_name": "yitong"},
            )
        except (*_GONE, asyncpg.PostgresError) as error:
            raise YitongError("store.unreachable", reason=type(error).__name__) from error
        try:
            async with pool.acquire() as connection:
                await migrate(connection)
        except BaseException:  # whoever is refused has nothing to close
            await pool.close()
            raise
        return cls(pool, clock, zone)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[PostgresUnit]:
        """A transaction that commits when the block ends and rolls back when it raises.

        Raises ``store.unreachable`` when the server cannot serve now, ``store.conflict`` when it undid this
        transaction in favour of another: both are worth trying again.
        """
        try:
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection, connection.transaction():
                yield PostgresUnit(connection, self._clock, self._zone)
        except _COLLIDED as error:
            raise YitongError("store.conflict") from error
        except _GONE as error:
            raise YitongError("store.unreachable", reason=type(error).__name__) from error

    async def check(self) -> None:
        """Raises ``store.unreachable`` or ``store.outdated`` when the database cannot serve."""
        try:
            async with self._pool.acquire(timeout=CONNECT_TIMEOUT_S) as connection:
                await check_version(connection)
        except _GONE as error:
            raise YitongError("store.unreachable", reason=type(error).__name__) from error
