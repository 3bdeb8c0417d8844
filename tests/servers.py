"""Servers that the tests of a whole session share: one embedded PostgreSQL, and a fresh database for whoever asks.

They live on an event loop in a thread of their own, because the loop of an asyncio test ends with the test.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from yitong.region import places, postgres, processes
from yitong.region.ports import HOST, free_port
from yitong.region.postgres import Cluster
from yitong.store.postgres.migrate import migrate

T = TypeVar("T")
PASSWORD = "only-for-tests"
TEMPLATE = "yitong_template"
_MEMORY = Path("/dev/shm")
# In memory, waiting for the disk does not decide how long the tests take.
PLACE = _MEMORY if os.access(_MEMORY, os.W_OK) else None


class LoopThread:
    """An event loop that outlives single tests."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers of the tests", daemon=True)
        self._thread.start()

    def run(self, task: Coroutine[Any, Any, T], timeout_s: float = 60) -> T:
        """Run ``task`` there and wait for it here."""
        return asyncio.run_coroutine_threadsafe(task, self._loop).result(timeout_s)

    @staticmethod
    async def _enter(manager: AbstractAsyncContextManager[T], stop: asyncio.Event, entered: asyncio.Future[T]) -> None:
        try:
            async with manager as value:
                entered.set_result(value)
                await stop.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    def open(self, manager: AbstractAsyncContextManager[T]) -> tuple[T, Callable[[], None]]:
        """Enter ``manager`` there and leave it open, in one task from beginning to end; returns its value and a closer."""

        async def begin() -> tuple[T, asyncio.Event, asyncio.Task[None]]:
            stop, entered = asyncio.Event(), asyncio.get_running_loop().create_future()
            task = asyncio.create_task(self._enter(manager, stop, entered))
            return await entered, stop, task

        value, stop, task = self.run(begin())

        def close() -> None:
            async def end() -> None:
                stop.set()
                await task

            self.run(end())

        return value, close

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Databases:
    """The session's PostgreSQL: gives out databases."""

    def __init__(self, port: int, loop: LoopThread) -> None:
        self._port = port
        self._loop = loop
        self._made = 0

    def url(self, name: str) -> str:
        """The URL of a database, signed in as its administrator."""
        return f"postgresql://{postgres.ADMIN}:{PASSWORD}@{HOST}:{self._port}/{name}"

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    async def prepare(self) -> None:
        """Make the template that every migrated database is a copy of."""
        await self._execute(f"CREATE DATABASE {TEMPLATE}")
        connection = await asyncpg.connect(self.url(TEMPLATE))
        try:
            await migrate(connection)
        finally:
            await connection.close()

    def empty(self) -> str:
        """The URL of a new database with nothing in it."""
        return self._new("template0")

    def fresh(self) -> str:
        """The URL of a new database with every migration applied."""
        return self._new(TEMPLATE)

    def _new(self, template: str) -> str:
        self._made += 1
        name = f"test_{self._made}"
        self._loop.run(self._execute(f"CREATE DATABASE {name} TEMPLATE {template}"))
        return self.url(name)


@asynccontextmanager
async def running_postgres(folder: Path) -> AsyncIterator[Cluster]:
    """An embedded PostgreSQL in ``folder``, as root or as an ordinary user, until the block ends."""
    account = processes.unprivileged_account()
    cluster = Cluster(places.programs_for(account), folder / "postgres", free_port(), folder / "postgres.log", account)
    await postgres.make(cluster, PASSWORD)
    process = await processes.start(postgres.command(cluster))
    mark = processes.mark_of(process.pid)
    try:
        await postgres.wait_until_ready(cluster, process)
        yield cluster
    finally:
        if mark is not None:
            await postgres.stop(cluster, mark)
        await process.wait()


@pytest.fixture(scope="session")
def server_loop() -> Iterator[LoopThread]:
    """Where the servers of this session live."""
    loop = LoopThread()
    yield loop
    loop.stop()


@pytest.fixture(scope="session")
def database_server(server_loop: LoopThread) -> Iterator[Databases]:
    """One PostgreSQL for the whole session."""
    folder = Path(tempfile.mkdtemp(prefix="yitong-session-", dir=PLACE)).resolve()
    folder.chmod(0o711)  # under root the server is somebody else, who must be able to enter
    cluster, close = server_loop.open(running_postgres(folder))
    server = Databases(cluster.port, server_loop)
    server_loop.run(server.prepare())
    yield server
    close()
    with suppress(OSError):
        shutil.rmtree(folder)


@pytest.fixture
def database_url(database_server: Databases) -> str:
    """A fresh, migrated database."""
    return database_server.fresh()
