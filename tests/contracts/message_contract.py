"""What every store must do with messages, event streams, timers and status entries."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from contracts.sample_noun import JIANGSU, NOW, SHANGHAI, later, refusal
from yitong.digest import sha256_b64
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.flows.unit import Timer
from yitong.peers.message import LIFETIME


class MessageContract:
    async def put(self, unit, message_id: str, receiver: str = JIANGSU, subject: str = "case-1") -> None:
        await unit.messages.put_outgoing(message_id, receiver, "case.forward", subject, f"text of {message_id}", NOW)

    async def test_messages_go_in_order_and_wait_behind_one_that_is_not_due(self, store):
        async with store.begin() as unit:
            for name in ("m3", "m1", "m2"):
                await self.put(unit, name)
            await self.put(unit, "other", SHANGHAI)
        async with store.begin() as unit:
            rows = await unit.messages.due_outgoing(JIANGSU, NOW, 50)
            assert [row.id for row in rows] == ["m3", "m1", "m2"]
            assert sorted({row.seq for row in rows}) == [row.seq for row in rows]
            assert (rows[0].text, rows[0].type, rows[0].subject, rows[0].attempts) == (
                "text of m3",
                "case.forward",
                "case-1",
                0,
            )
            assert (rows[0].created_at, rows[0].due_at, rows[0].receipt) == (NOW, NOW, None)
            assert [row.id for row in await unit.messages.due_outgoing(JIANGSU, NOW, 2)] == ["m3", "m1"]
            assert await unit.messages.receivers_due(NOW) == [JIANGSU, SHANGHAI]
            assert await unit.messages.due_outgoing(JIANGSU, later(seconds=-1), 50) == []
            await unit.messages.not_delivered("m1", "peer.unreachable", later(seconds=30))
            assert [row.id for row in await unit.messages.due_outgoing(JIANGSU, NOW, 50)] == ["m3"]
            rows = await unit.messages.due_outgoing(JIANGSU, later(seconds=30), 50)
            assert [(row.id, row.attempts, row.last_error) for row in rows] == [
                ("m3", 0, None),
                ("m1", 1, "peer.unreachable"),
                ("m2", 0, None),
            ]

    async def test_what_has_outlived_itself_is_given_up_and_holds_nobody_up(self, store):
        async with store.begin() as unit:
            await self.put(unit, "old")
            await unit.messages.not_delivered("old", "peer.unreachable", later(days=40))
        async with store.begin() as unit:
            late = NOW + LIFETIME + timedelta(seconds=1)
            await unit.messages.put_outgoing("new", JIANGSU, "case.forward", "case-1", "text of new", late)
            assert [row.id for row in await unit.messages.due_outgoing(JIANGSU, late, 50)] == ["new"]
            assert await unit.messages.receivers_due(late) == [JIANGSU]
            assert [row.id for row in await unit.messages.about("case-1", 9)] == ["new", "old"], "it stays in the books"

    async def test_a_clock_that_was_set_back_makes_nothing_wait(self, store):
        async with store.begin() as unit:
            await self.put(unit, "m1")
            await unit.messages.not_delivered("m1", "peer.unreachable", later(minutes=1))
        async with store.begin() as unit:
            assert await unit.messages.receivers_due(NOW) == []
            assert await unit.messages.receivers_due(later(days=-3)) == [JIANGSU]
            assert [row.id for row in await unit.messages.due_outgoing(JIANGSU, later(days=-3), 50)] == ["m1"]

    async def test_the_first_receipt_stands_and_ends_delivery(self, store):
        async with store.begin() as unit:
            await self.put(unit, "m1")
            await unit.messages.not_delivered("m1", "peer.unreachable", NOW)
            await unit.messages.delivered("m1", "first receipt", NOW)
            await unit.messages.delivered("m1", "second receipt", later(hours=1))
        async with store.begin() as unit:
            assert await unit.messages.receivers_due(later(days=1)) == []
            assert await unit.messages.due_outgoing(JIANGSU, later(days=1), 50) == []
            (row,) = await unit.messages.about("case-1", 10)
            assert (row.receipt, row.receipted_at, row.attempts, row.last_error) == ("first receipt", NOW, 2, None)

    async def test_messages_about_a_matter_come_newest_first(self, store):
        async with store.begin() as unit:
            for number in range(4):
                await self.put(unit, f"m{number}", subject="case-2" if number == 1 else "case-1")
            assert [row.id for row in await unit.messages.about("case-1", 2)] == ["m3", "m2"]
            assert [row.id for row in await unit.messages.about("case-2", 9)] == ["m1"]
            assert await unit.messages.about("case-3", 9) == []

    async def test_taking_in_twice_returns_the_first_row(self, store):
        async with store.begin() as unit:
            first = await unit.messages.take_in("m1", SHANGHAI, "case.forward", "text", "receipt", NOW)
        async with store.begin() as unit:
            again = await unit.messages.take_in("m1", SHANGHAI, "case.forward", "text", "another receipt", later(hours=1))
            other = await unit.messages.take_in("m1", JIANGSU, "case.forward", "text", "receipt of the other", NOW)
            forged = await unit.messages.take_in("m1", SHANGHAI, "case.forward", "other text", "r", NOW)
        assert again == first == forged
        assert (first.text_hash, first.receipt, first.received_at) == (sha256_b64(b"text"), "receipt", NOW)
        assert other.receipt == "receipt of the other"
        async with store.begin() as unit:
            assert await unit.messages.waiting() == (0, 2)

    async def test_of_many_that_take_in_at_once_one_row_stands(self, store):
        async def take(number: int) -> str:
            async with store.begin() as unit:
                row = await unit.messages.take_in("m1", SHANGHAI, "t", "text", f"receipt {number}", NOW)
                await asyncio.sleep(0.01)
                return row.receipt

        assert len(set(await asyncio.gather(*(take(n) for n in range(4))))) == 1

    async def test_messages_are_acted_on_oldest_first_and_once(self, store):
        async with store.begin() as unit:
            for name, sender in (("b", SHANGHAI), ("a", JIANGSU), ("c", SHANGHAI)):
                await unit.messages.take_in(name, sender, "t", f"text of {name}", "receipt", NOW)
        async with store.begin() as unit:
            assert (await unit.messages.next_unhandled(frozenset())).id == "b"
            assert (await unit.messages.next_unhandled(frozenset({SHANGHAI}))).id == "a"
            assert await unit.messages.next_unhandled(frozenset({SHANGHAI, JIANGSU})) is None
            await unit.messages.handled(SHANGHAI, "b", NOW, None)
            await unit.messages.handled(JIANGSU, "a", NOW, "case.wrong-state")
        async with store.begin() as unit:
            row = await unit.messages.next_unhandled(frozenset())
            assert (row.id, row.attempts, row.handled_at, row.failure) == ("c", 0, None, None)
            assert await unit.messages.stumbled(SHANGHAI, "c") == 1
            assert await unit.messages.stumbled(SHANGHAI, "c") == 2
            assert (await unit.messages.next_unhandled(frozenset())).attempts == 2
            assert await unit.messages.waiting() == (0, 1)

    async def test_what_waits_is_counted_and_what_was_refused_does_not_wait(self, store):
        async with store.begin() as unit:
            await self.put(unit, "m1")
            await self.put(unit, "m2")
            await unit.messages.refused(SHANGHAI, "message.expired", sha256_b64(b"x"), NOW)
            assert await unit.messages.waiting() == (2, 0)
            await unit.messages.delivered("m1", "receipt", NOW)
            assert await unit.messages.waiting() == (1, 0)


class EventContract:
    async def test_events_are_kept_in_order(self, store):
        async with store.begin() as unit:
            await unit.events.append("case-1", 0, [{"n": 1, "名": "收件"}, {"n": 2}])
            await unit.events.append("case-2", 0, [{"n": 9}])
        async with store.begin() as unit:
            await unit.events.append("case-1", 2, [{"n": 3}])
            assert await unit.events.load("case-1") == [{"n": 1, "名": "收件"}, {"n": 2}, {"n": 3}]
            assert await unit.events.load("case-3") == []

    @pytest.mark.parametrize("expected", [0, 1, 3])
    async def test_a_writer_who_knows_another_history_is_refused(self, store, expected):
        async with store.begin() as unit:
            await unit.events.append("case-1", 0, [{"n": 1}, {"n": 2}])
        async with store.begin() as unit:
            assert await refusal(unit.events.append("case-1", expected, [{"n": 8}])) == "store.conflict"
            assert await unit.events.load("case-1") == [{"n": 1}, {"n": 2}]

    async def test_of_many_that_append_at_once_one_does(self, store):
        async def append(number: int) -> str:
            try:
                async with store.begin() as unit:
                    await unit.events.append("case-1", 0, [{"by": number}])
                    await asyncio.sleep(0.01)
            except YitongError as error:
                return error.code
            return "appended"

        assert sorted(await asyncio.gather(*(append(n) for n in range(4)))) == ["appended"] + ["store.conflict"] * 3
        async with store.begin() as unit:
            assert len(await unit.events.load("case-1")) == 1


class TimerContract:
    async def test_the_most_overdue_timer_comes_first(self, store):
        early, late, same = (
            Timer("b", "k", "s", later(minutes=1)),
            Timer("a", "k", "s", later(minutes=2)),
            Timer("c", "k", "s", later(minutes=1)),
        )
        async with store.begin() as unit:
            assert (await unit.timers.due(NOW), await unit.timers.next_due()) == (None, None)
            for timer in (late, same, early):
                await unit.timers.set(timer)
        async with store.begin() as unit:
            assert await unit.timers.due(NOW) is None
            assert await unit.timers.next_due() == early.due_at
            taken = []
            while (timer := await unit.timers.due(later(minutes=2))) is not None:
                taken.append(timer)
                await unit.timers.cancel(timer.id)
            assert taken == [early, same, late]

    async def test_a_timer_is_moved_by_setting_it_and_cancelled_for_good(self, store):
        async with store.begin() as unit:
            await unit.timers.set(Timer("a", "k", "s", later(minutes=1)))
            await unit.timers.set(Timer("a", "other", "t", later(minutes=5)))
            assert await unit.timers.due(later(minutes=4)) is None
            assert await unit.timers.due(later(minutes=5)) == Timer("a", "other", "t", later(minutes=5))
            await unit.timers.cancel("a")
            await unit.timers.cancel("a")
            assert await unit.timers.next_due() is None


class StatusContract:
    async def test_an_index_is_never_given_twice(self, store):
        entropy = SeededEntropy(1)
        async with store.begin() as unit:
            given = [await unit.status.allocate("list", 64, entropy) for _ in range(32)]
            other = await unit.status.allocate("other", 64, SeededEntropy(1))
        assert len(set(given)) == 32
        assert all(0 <= index < 64 for index in given)
        assert given != sorted(given), "indexes must not show the order of issue"
        assert other == given[0], "lists do not share their indexes"
        async with store.begin() as unit:
            assert await refusal(unit.status.allocate("list", 64, entropy)) == "store.status-list-full"

    async def test_the_revision_grows_with_every_change(self, store):
        async with store.begin() as unit:
            index = await unit.status.allocate("list", 1024, SeededEntropy(2))
            assert (await unit.status.revision("list"), await unit.status.nonzero("list")) == (0, [])
            await unit.status.put("list", index, 2)
            assert (await unit.status.revision("list"), await unit.status.nonzero("list")) == (1, [(index, 2)])
            await unit.status.put("list", index, 0)
            assert (await unit.status.revision("list"), await unit.status.nonzero("list")) == (2, [])
            assert await unit.status.nonzero("other") == []

    async def test_entries_that_are_not_valid_come_in_order(self, store):
        async with store.begin() as unit:
            given = [await unit.status.allocate("list", 1024, SeededEntropy(n)) for n in range(6)]
            for index in given:
                await unit.status.put("list", index, 1)
            assert await unit.status.nonzero("list") == sorted((index, 1) for index in given)

    async def test_only_what_was_given_out_can_be_set(self, store):
        async with store.begin() as unit:
            assert await refusal(unit.status.put("list", 5, 1)) == "store.not-found"
            assert await unit.status.revision("list") == 0

    async def test_indexes_given_out_at_once_differ(self, store):
        async def allocate() -> int:
            async with store.begin() as unit:
                return await unit.status.allocate("list", 1024, SeededEntropy(3))

        assert len(set(await asyncio.gather(*(allocate() for _ in range(6))))) == 6
