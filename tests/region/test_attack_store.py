"""PostgreSQL under attack: what a server says in distress has a code, and no text that a stranger sends breaks a query."""

from __future__ import annotations

import asyncpg
import pytest

from yitong.clock import SystemClock
from yitong.errors import YitongError
from yitong.peers import repo
from yitong.people.account import ACCOUNTS
from yitong.store.postgres import PostgresStore


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (asyncpg.CrashShutdownError, "store.unreachable"),
        (asyncpg.TooManyConnectionsError, "store.unreachable"),
        (asyncpg.DiskFullError, "store.unreachable"),
        (asyncpg.ReadOnlySQLTransactionError, "store.unreachable"),
        (asyncpg.InternalClientError, "store.unreachable"),
        (asyncpg.DeadlockDetectedError, "store.conflict"),
        (asyncpg.SerializationError, "store.conflict"),
    ],
)
async def test_distress_of_the_server_has_a_code(database_url: str, error: type[Exception], code: str) -> None:
    store = await PostgresStore.open(database_url, SystemClock(), "Asia/Shanghai")
    try:
        with pytest.raises(YitongError) as refused:
            await _raise(store, error("in distress"))
        assert refused.value.code == code
    finally:
        await store.close()


async def _raise(store: PostgresStore, error: Exception) -> None:
    async with store.begin():
        raise error


async def test_no_record_has_a_key_with_u0000(database_url: str) -> None:
    store = await PostgresStore.open(database_url, SystemClock(), "Asia/Shanghai")
    try:
        async with store.begin() as unit:
            shelf = unit.shelf(ACCOUNTS)
            assert await shelf.get("a\x00") is None
            assert await shelf.lock("a\x00") is None
            assert await shelf.drop("a\x00") is None
            assert await shelf.find(number="a\x00") == []
    finally:
        await store.close()


async def test_notes_of_refusals_do_not_pile_up(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("yitong.store.postgres.messages.REFUSED_KEPT", 3)
    clock = SystemClock()
    store = await PostgresStore.open(database_url, clock, "Asia/Shanghai")
    try:
        for number in range(8):
            async with store.begin() as unit:
                await unit.messages.refused("", "c", str(number), clock.now())
    finally:
        await store.close()
    connection = await asyncpg.connect(database_url)
    kept = await connection.fetch("SELECT text_hash FROM refused_message ORDER BY seq")
    await connection.close()
    assert [row["text_hash"] for row in kept] == ["5", "6", "7"]
    assert repo.REFUSED_KEPT == 10_000
