"""Both stores pass the same contract; what only a real database can show follows below."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from contracts.sample_noun import CLOCK, JIANGSU, NOW, SAMPLES, SAMPLES_SQL, Sample
from contracts.store_contract import StoreContract
from yitong.clock import ManualClock
from yitong.errors import YitongError
from yitong.flows.unit import Timer
from yitong.store.memory import MemoryStore
from yitong.store.postgres import PostgresStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self):
        return MemoryStore(CLOCK)


@pytest.fixture
async def postgres_store(database_url):
    opened = await PostgresStore.open(database_url, CLOCK, "Asia/Shanghai")
    connection = await asyncpg.connect(database_url)
    await connection.execute(SAMPLES_SQL)
    await connection.close()
    yield opened
    await opened.close()


class TestPostgresStore(StoreContract):
    @pytest.fixture
    def store(self, postgres_store):
        return postgres_store

    async def test_two_workers_take_two_timers(self, store):
        async with store.begin() as unit:
            await unit.timers.set(Timer("a", "k", "s", NOW))
            await unit.timers.set(Timer("b", "k", "s", NOW + timedelta(seconds=1)))
        async with store.begin() as one, store.begin() as two, store.begin() as three:
            late = NOW + timedelta(minutes=1)
            assert (await one.timers.due(late)).id == "a"
            assert (await two.timers.due(late)).id == "b"
            assert await three.timers.due(late) is None

    async def test_two_workers_take_two_messages(self, store):
        async with store.begin() as unit:
            await unit.messages.take_in("a", JIANGSU, "t", "text", "r", NOW)
            await unit.messages.take_in("b", JIANGSU, "t", "text", "r", NOW)
        async with store.begin() as one, store.begin() as two, store.begin() as three:
            assert (await one.messages.next_unhandled(frozenset())).id == "a"
            assert (await two.messages.next_unhandled(frozenset())).id == "b"
            assert await three.messages.next_unhandled(frozenset()) is None

    async def test_a_lock_makes_the_second_wait_and_see_what_the_first_wrote(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("a"))
        order = []

        async def second() -> None:
            async with store.begin() as unit:
                order.append(("second", (await unit.shelf(SAMPLES).lock("a")).count))

        async with store.begin() as first:
            await first.shelf(SAMPLES).lock("a")
            waiting = asyncio.create_task(second())
            await asyncio.sleep(0.05)
            order.append(("first", 0))
            await first.shelf(SAMPLES).save(Sample("a", count=1))
        await waiting
        assert order == [("first", 0), ("second", 1)]

    async def test_what_is_not_committed_is_not_seen(self, store):
        async with store.begin() as one, store.begin() as two:
            await one.shelf(SAMPLES).add(Sample("a"))
            assert await one.shelf(SAMPLES).get("a") is not None
            assert await two.shelf(SAMPLES).get("a") is None


async def test_moments_of_recording_and_of_change_are_kept(database_url):
    clock = ManualClock(NOW)
    store = await PostgresStore.open(database_url, clock, "Asia/Shanghai")
    connection = await asyncpg.connect(database_url)
    await connection.execute(SAMPLES_SQL)
    async with store.begin() as unit:
        await unit.shelf(SAMPLES).add(Sample("a", "王"))
    clock.advance(timedelta(hours=1))
    async with store.begin() as unit:
        await unit.shelf(SAMPLES).save(Sample("a", "李"))
    row = await connection.fetchrow("SELECT recorded_at, changed_at, zone, owner FROM sample")
    assert tuple(row) == (NOW, NOW + timedelta(hours=1), "Asia/Shanghai", "李")
    await connection.close()
    await store.close()


async def test_a_database_that_is_not_there_is_named_with_a_remedy():
    with pytest.raises(YitongError) as caught:
        await PostgresStore.open("postgresql://nobody:none@127.0.0.1:9/none", CLOCK, "Asia/Shanghai")
    assert (caught.value.code, caught.value.spec.status) == ("store.unreachable", 503)
    assert "yitong region up" in caught.value.remedy.en
    assert "none@" not in str(caught.value)


async def test_a_connection_cut_in_the_middle_is_unreachable_and_the_next_serves(database_url):
    store = await PostgresStore.open(database_url, CLOCK, "Asia/Shanghai")

    async def work_while_the_line_is_cut() -> None:
        async with store.begin() as unit:
            await unit.timers.set(Timer("a", "k", "s", NOW))
            other = await asyncpg.connect(database_url)
            await other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            await other.close()
            await unit.timers.next_due()

    with pytest.raises(YitongError) as caught:
        await work_while_the_line_is_cut()
    assert caught.value.code == "store.unreachable"
    async with store.begin() as unit:
        assert await unit.timers.next_due() is None
    await store.check()
    await store.close()
