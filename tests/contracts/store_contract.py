"""What every store must do: one class of tests, run by a subclass for each engine.

A subclass gives the fixture ``store``: an empty store on the clock of :mod:`contracts.sample_noun` that keeps its noun.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from contracts.ledger_contract import LedgerContract
from contracts.message_contract import EventContract, MessageContract, StatusContract, TimerContract
from contracts.sample_noun import JIANGSU, NOW, SAMPLES, SHANGHAI, Part, Sample, refusal
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.flows.unit import Timer


class DeliberateError(Exception):
    """Breaks a transaction."""


class ShelfContract:
    async def test_a_record_comes_back_as_it_was(self, store):
        whole = Sample(
            "a", "王", "A-1", 3, (Part("挂号", 5000), Part("b", -1)), {"z": [1, {"名": None}], "a": True, "big": 2**53 + 1}
        )
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(whole)
            assert await unit.shelf(SAMPLES).get("a") == whole
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).get("a") == whole
            assert await unit.shelf(SAMPLES).lock("a") == whole
            assert await unit.shelf(SAMPLES).get("b") is None
            assert await unit.shelf(SAMPLES).lock("b") is None

    async def test_add_refuses_a_taken_key_and_the_transaction_goes_on(self, store):
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            await shelf.add(Sample("a", count=1))
            assert await refusal(shelf.add(Sample("a", count=2))) == "store.exists"
            await shelf.add(Sample("b"))
        async with store.begin() as unit:
            assert (await unit.shelf(SAMPLES).get("a")).count == 1
            assert await unit.shelf(SAMPLES).get("b") is not None

    async def test_a_unique_value_is_taken_once_by_add_and_by_save(self, store):
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            await shelf.add(Sample("a", code="one"))
            await shelf.add(Sample("b", code="two"))
            assert await refusal(shelf.add(Sample("c", code="one"))) == "store.exists"
            assert await refusal(shelf.save(Sample("b", code="one"))) == "store.exists"
            await shelf.save(Sample("a", code="one", count=7))  # its own value is not in its way
            assert await shelf.get("c") is None
            assert (await shelf.get("b")).code == "two"
            assert (await shelf.get("a")).count == 7

    async def test_no_value_is_never_a_double(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("a"))
            await unit.shelf(SAMPLES).add(Sample("b"))
            assert len(await unit.shelf(SAMPLES).find()) == 2

    async def test_a_unique_value_can_be_given_up_and_taken(self, store):
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            await shelf.add(Sample("a", code="one"))
            await shelf.save(Sample("a", code=None))
            await shelf.add(Sample("b", code="one"))
            assert [row.id for row in await shelf.find(code="one")] == ["b"]

    async def test_save_keeps_new_and_old(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).save(Sample("a", "王", count=1))
            await unit.shelf(SAMPLES).save(Sample("a", "李", count=2))
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            assert await shelf.get("a") == Sample("a", "李", count=2)
            assert await shelf.find(owner="王") == []
            assert [row.id for row in await shelf.find(owner="李")] == ["a"]

    async def test_find_gives_the_newest_first_and_no_more_than_asked(self, store):
        async with store.begin() as unit:
            for number in range(6):
                await unit.shelf(SAMPLES).add(Sample(f"s{number}", "王" if number % 2 else "李", f"c{number}"))
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            await shelf.save(Sample("s0", "李", "c0", count=9))  # changing a record does not make it newer
            assert [row.id for row in await shelf.find()] == ["s5", "s4", "s3", "s2", "s1", "s0"]
            assert [row.id for row in await shelf.find(limit=2)] == ["s5", "s4"]
            assert [row.id for row in await shelf.find(owner="王", limit=2)] == ["s5", "s3"]
            assert [row.id for row in await shelf.find(owner="王", code="c1")] == ["s1"]
            assert await shelf.find(owner="nobody") == []
            assert await shelf.find(owner="王", code="c2") == []

    async def test_find_takes_declared_indexes_only(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("a"))
            with pytest.raises((KeyError, ValueError)):
                await unit.shelf(SAMPLES).find(**{"id": "a"})

    async def test_what_is_looked_for_is_never_read_as_sql(self, store):
        async with store.begin() as unit:
            shelf = unit.shelf(SAMPLES)
            await shelf.add(Sample("a'; DROP TABLE sample; --", "o' OR '1'='1"))
            assert await shelf.find(owner="x' OR '1'='1") == []
            assert len(await shelf.find(owner="o' OR '1'='1")) == 1
            assert await shelf.get("a'; DROP TABLE sample; --") is not None

    async def test_drop_gives_the_record_once(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("a", code="one"))
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).drop("a") == Sample("a", code="one")
            assert await unit.shelf(SAMPLES).drop("a") is None
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).get("a") is None
            await unit.shelf(SAMPLES).add(Sample("b", code="one"))  # its unique value is free again

    async def test_of_many_that_drop_at_once_one_gets_it(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("nonce"))

        async def take() -> Sample | None:
            async with store.begin() as unit:
                found = await unit.shelf(SAMPLES).drop("nonce")
                await asyncio.sleep(0.01)
                return found

        taken = await asyncio.gather(*(take() for _ in range(4)))
        assert [row for row in taken if row is not None] == [Sample("nonce")]

    async def test_of_many_that_add_at_once_one_does(self, store):
        async def add(count: int) -> str:
            async with store.begin() as unit:
                try:
                    await unit.shelf(SAMPLES).add(Sample("same", count=count))
                except YitongError as error:
                    return error.code
                await asyncio.sleep(0.01)
                return "added"

        assert sorted(await asyncio.gather(*(add(n) for n in range(4)))) == ["added"] + ["store.exists"] * 3

    async def test_a_locked_record_is_changed_by_one_at_a_time(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("counter"))

        async def increase() -> None:
            async with store.begin() as unit:
                row = await unit.shelf(SAMPLES).lock("counter")
                await asyncio.sleep(0.005)
                await unit.shelf(SAMPLES).save(replace(row, count=row.count + 1))

        await asyncio.gather(*(increase() for _ in range(8)))
        async with store.begin() as unit:
            assert (await unit.shelf(SAMPLES).get("counter")).count == 8


class TransactionContract:
    async def test_what_raises_leaves_nothing_behind(self, store):
        async def break_off() -> None:
            async with store.begin() as unit:
                await unit.shelf(SAMPLES).add(Sample("a"))
                await unit.messages.put_outgoing("m", JIANGSU, "t", "s", "text", NOW)
                await unit.messages.take_in("m", SHANGHAI, "t", "text", "receipt", NOW)
                await unit.events.append("case-1", 0, [{"n": 1}])
                await unit.timers.set(Timer("a", "k", "s", NOW))
                await unit.status.put("list", await unit.status.allocate("list", 8, SeededEntropy(1)), 1)
                raise DeliberateError

        with pytest.raises(DeliberateError):
            await break_off()
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).find() == []
            assert await unit.messages.waiting() == (0, 0)
            assert await unit.events.load("case-1") == []
            assert await unit.timers.next_due() is None
            assert (await unit.status.nonzero("list"), await unit.status.revision("list")) == ([], 0)

    async def test_a_drop_that_is_undone_gives_the_record_back(self, store):
        async with store.begin() as unit:
            await unit.shelf(SAMPLES).add(Sample("a"))

        async def break_off() -> None:
            async with store.begin() as unit:
                await unit.shelf(SAMPLES).drop("a")
                raise DeliberateError

        with pytest.raises(DeliberateError):
            await break_off()
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).drop("a") == Sample("a")

    async def test_a_cancelled_transaction_leaves_nothing_behind(self, store):
        begun = asyncio.Event()

        async def never_done() -> None:
            async with store.begin() as unit:
                await unit.shelf(SAMPLES).add(Sample("a"))
                begun.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(never_done())
        await begun.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with store.begin() as unit:
            assert await unit.shelf(SAMPLES).get("a") is None

    async def test_it_says_that_it_can_serve(self, store):
        assert await store.check() is None


class StoreContract(
    ShelfContract, MessageContract, EventContract, TimerContract, StatusContract, TransactionContract, LedgerContract
):
    """All of it."""
