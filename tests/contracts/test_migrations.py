"""The schema: made by its numbered files and only by them, refused when it is another, and every noun has its table."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil

import asyncpg
import pytest

import yitong
from contracts.sample_noun import CLOCK
from yitong.errors import YitongError
from yitong.records import Noun
from yitong.store.postgres import PostgresStore
from yitong.store.postgres.migrate import check_version, migrate, migrations

HOUSE = {"key": "text", "seq": "bigint", "body": "jsonb", "zone": "text"} | dict.fromkeys(
    ("recorded_at", "changed_at"), "timestamp with time zone"
)


@pytest.fixture
async def connection(database_url):
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def open_store(url):
    return await PostgresStore.open(url, CLOCK, "Asia/Shanghai")


async def applied(connection):
    return [tuple(row) for row in await connection.fetch("SELECT * FROM schema_migration ORDER BY version")]


async def test_applying_again_changes_nothing(connection):
    before = await applied(connection)
    assert [row[0] for row in before] == list(range(1, len(migrations()) + 1))
    await migrate(connection)
    await check_version(connection)
    assert await applied(connection) == before


async def test_processes_that_start_at_once_migrate_once(database_server):
    url = database_server.empty()
    stores = await asyncio.gather(*(open_store(url) for _ in range(4)))
    for store in stores:
        await store.check()
        await store.close()
    connection = await asyncpg.connect(url)
    assert len(await applied(connection)) == len(migrations())
    await connection.close()


async def refused(url):
    with pytest.raises(YitongError) as caught:
        await open_store(url)
    assert "version" in caught.value.remedy.en
    return caught.value.code


async def test_an_edited_migration_is_refused(connection, database_url):
    await connection.execute("UPDATE schema_migration SET text_hash = 'edited' WHERE version = 2")
    assert await refused(database_url) == "store.outdated"


async def test_a_newer_database_is_refused(connection, database_url):
    newer = len(migrations()) + 1
    await connection.execute("INSERT INTO schema_migration (version, name, text_hash) VALUES ($1, 'later.sql', 'x')", newer)
    assert await refused(database_url) == "store.outdated"
    with pytest.raises(YitongError) as caught:
        await check_version(connection)
    assert caught.value.code == "store.outdated"


async def test_an_older_database_does_not_serve(connection):
    await connection.execute("DELETE FROM schema_migration WHERE version = $1", len(migrations()))
    with pytest.raises(YitongError) as caught:
        await check_version(connection)
    assert (caught.value.code, caught.value.params["wanted"]) == ("store.outdated", len(migrations()))


async def test_a_migration_that_fails_leaves_nothing(database_server):
    connection = await asyncpg.connect(database_server.empty())
    await connection.execute("CREATE TABLE timer (wrong integer)")
    with pytest.raises(asyncpg.DuplicateTableError):
        await migrate(connection)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert [row["tablename"] for row in tables] == ["timer"]
    await connection.close()


@pytest.mark.parametrize("change", ["UPDATE transfer SET amount_fen = 1", "DELETE FROM transfer", "TRUNCATE transfer"])
async def test_a_transfer_stays(connection, change):
    await connection.execute(
        "INSERT INTO account_book SELECT x, 'b', 'c', 'asset', false, false, 0, 0, 0, 0 FROM unnest(array['a', 'b']) x;"
        "INSERT INTO transfer (id, debit_account, credit_account, amount_fen, code, memo, phase, resolves, reverses, "
        "\"group\", recorded_at, zone) VALUES ('t', 'a', 'b', 5, 'c', 'm', 'posted', '', '', '', now(), 'UTC')"
    )
    with pytest.raises(asyncpg.RaiseError, match="never changed or removed"):
        await connection.execute(change)
    assert await connection.fetchval("SELECT amount_fen FROM transfer") == 5


@pytest.mark.parametrize("change", ["UPDATE event SET body = '{}'", "DELETE FROM event", "TRUNCATE event"])
async def test_an_event_stays(connection, change):
    await connection.execute("INSERT INTO event VALUES ('s', 1, '{\"n\": 1}', now(), 'UTC')")
    with pytest.raises(asyncpg.RaiseError, match="never changed or removed"):
        await connection.execute(change)
    assert await connection.fetchval("SELECT body->>'n' FROM event") == "1"


def nouns():
    """Every noun that any module of the product declares."""
    found = {}
    for module in pkgutil.walk_packages(yitong.__path__, "yitong."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, Noun):
                assert found.setdefault(value.name, value) is value, f"two nouns are called {value.name}"
    return found


async def test_every_noun_has_its_table_and_indexes(connection):
    columns, unique, indexed = {}, set(), set()
    for row in await connection.fetch(
        "SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = 'public'"
    ):
        columns.setdefault(row["table_name"], {})[row["column_name"]] = (row["data_type"], row["is_nullable"])
    for row in await connection.fetch(
        "SELECT t.relname, a.attname, x.indisunique, x.indnkeyatts FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid "
        "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0] JOIN pg_namespace n ON n.oid = t.relnamespace "
        "WHERE n.nspname = 'public'"
    ):
        indexed.add((row["relname"], row["attname"]))
        if row["indisunique"] and row["indnkeyatts"] == 1:
            unique.add((row["relname"], row["attname"]))
    found = nouns()
    assert len(found) > 15
    for noun in found.values():
        wanted = {name: (kind, "NO") for name, kind in HOUSE.items()} | dict.fromkeys(noun.indexes, ("text", "YES"))
        assert columns.get(noun.name) == wanted, noun.name
        assert set(noun.unique) <= set(noun.indexes), noun.name
        for index in noun.indexes:
            assert (noun.name, index) in indexed, f"{noun.name}.{index} has no index"
            assert ((noun.name, index) in unique) == (index in noun.unique), f"{noun.name}.{index}"
