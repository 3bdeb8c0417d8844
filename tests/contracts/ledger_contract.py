"""What the ledger of every store must do: answer as the reference engine answers, and keep what it answered.

The rules themselves are tested at the engine (tests/unit/test_ledger.py); here a storage must not add to them, lose
any, or be led astray by two who post at once.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from yitong.entropy import SeededEntropy, below
from yitong.errors import YitongError
from yitong.ledger.account import Account
from yitong.ledger.auditor import audit
from yitong.ledger.journal import Journal, open_accounts, post
from yitong.ledger.transfer import Transfer, opposite

BANK = Account("b/bank", "b", "bank", "asset")
FUND = Account("b/fund", "b", "fund", "liability", debits_must_not_exceed_credits=True)
PAID = Account("b/paid", "b", "paid", "expense")
CARD = Account("b/card", "b", "card", "asset", credits_must_not_exceed_debits=True)
FOREIGN = Account("c/bank", "c", "bank", "asset")
ACCOUNTS = (BANK, FUND, PAID, CARD, FOREIGN)
FILL = Transfer("fill", "b/bank", "b/fund", 10_000, "deposit", "start")


def answers(outcomes):
    return [(outcome.transfer_id, outcome.status, outcome.code) for outcome in outcomes]


def pick(entropy, choices):
    return choices[below(entropy, len(choices))]


def random_transfer(entropy, number, earlier):
    """A transfer that is often right: fresh, repeated, resolving, reversing, or nonsense."""
    debit, credit = pick(entropy, ACCOUNTS), pick(entropy, ACCOUNTS)
    fresh = Transfer(f"t{number}", debit.id, credit.id, below(entropy, 500), "move", f"memo-{number % 7}")
    old = pick(entropy, earlier) if earlier else fresh
    match below(entropy, 8):
        case 0:
            return old
        case 1:
            return replace(old, amount_fen=old.amount_fen + 1)
        case 2:
            return replace(fresh, phase="pending")
        case 3 if old.phase == "pending":
            return replace(old, id=f"t{number}", phase="post_pending", resolves=old.id, amount_fen=max(1, old.amount_fen // 2))
        case 4 if old.phase == "pending":
            return replace(old, id=f"t{number}", phase="void_pending", resolves=old.id)
        case 5:
            return opposite(old, f"t{number}", "back")
        case _:
            return fresh


def random_batches(seed, count=90):
    """Batches with groups, doubles and transfers that must be refused."""
    entropy, earlier, number = SeededEntropy(seed), [FILL], 0
    yield [FILL]
    for place in range(count):
        batch = []
        for _ in range(1 + below(entropy, 4)):
            number += 1
            batch.append(random_transfer(entropy, number, earlier))
        if below(entropy, 3) == 0:
            group = f"g{place - below(entropy, 2)}"  # now and then the name of an earlier group
            batch = [replace(member, group=group) for member in batch]
        earlier += batch
        yield batch


class LedgerContract:
    @pytest.fixture
    async def books(self, store):
        async with store.begin() as unit:
            await unit.ledger.open_accounts(ACCOUNTS)
            await unit.ledger.post([FILL])
        return store

    async def post(self, store, *batch):
        async with store.begin() as unit:
            return answers(await unit.ledger.post(batch))

    async def balances(self, store):
        async with store.begin() as unit:
            return {account.id: account.balance_fen for account in await unit.ledger.accounts() if account.balance_fen}

    async def test_accounts_are_opened_once(self, store):
        async with store.begin() as unit:
            await unit.ledger.open_accounts([PAID, BANK])
        async with store.begin() as unit:
            await unit.ledger.open_accounts([BANK, FUND])
            assert await unit.ledger.accounts() == [BANK, FUND, PAID]
        for changed in (replace(BANK, kind="expense"), replace(BANK, debits_must_not_exceed_credits=True)):
            with pytest.raises(YitongError) as caught:
                async with store.begin() as unit:
                    await unit.ledger.open_accounts([FOREIGN, changed])
            assert caught.value.code == "ledger.account-exists"
        async with store.begin() as unit:
            assert await unit.ledger.accounts() == [BANK, FUND, PAID], "all or none"

    async def test_opening_again_leaves_the_sums(self, books):
        async with books.begin() as unit:
            await unit.ledger.open_accounts(ACCOUNTS)
        assert await self.balances(books) == {"b/bank": 10_000, "b/fund": 10_000}

    async def test_a_transfer_moves_money_once(self, books):
        spent = Transfer("t1", "b/paid", "b/bank", 300, "spend", "use-1")
        assert await self.post(books, spent, spent) == [("t1", "posted", ""), ("t1", "exists", "")]
        assert await self.post(books, spent) == [("t1", "exists", "")]
        assert await self.post(books, replace(spent, amount_fen=301)) == [("t1", "refused", "ledger.id-reused")]
        assert await self.balances(books) == {"b/bank": 9_700, "b/fund": 10_000, "b/paid": 300}

    async def test_a_limit_refuses_and_leaves_no_trace(self, books):
        too_much = Transfer("t1", "b/fund", "b/bank", 10_001, "spend", "use-1")
        assert await self.post(books, too_much) == [("t1", "refused", "ledger.limit-exceeded")]
        assert await self.balances(books) == {"b/bank": 10_000, "b/fund": 10_000}
        assert await self.post(books, replace(too_much, amount_fen=10_000)) == [("t1", "posted", "")]
        assert await self.balances(books) == {}

    async def test_a_group_is_posted_whole_or_not_at_all(self, books):
        good = Transfer("g1", "b/paid", "b/bank", 10, "spend", "use-1", group="g")
        bad = Transfer("g2", "b/fund", "b/bank", 10_001, "spend", "use-1", group="g")
        assert await self.post(books, good, bad) == [
            ("g1", "refused", "ledger.group-failed"),
            ("g2", "refused", "ledger.limit-exceeded"),
        ]
        whole = (good, replace(bad, amount_fen=1))
        assert [status for _, status, _ in await self.post(books, *whole)] == ["posted", "posted"]
        assert [status for _, status, _ in await self.post(books, *whole)] == ["exists", "exists"]
        assert await self.post(books, good) == [("g1", "refused", "ledger.group-changed")]

    async def test_pending_money_is_posted_in_part_or_freed(self, books):
        held = Transfer("p1", "b/fund", "b/bank", 6_000, "hold", "use-1", phase="pending")
        assert await self.post(books, held) == [("p1", "posted", "")]
        assert await self.post(books, replace(held, id="p2", amount_fen=4_001)) == [("p2", "refused", "ledger.limit-exceeded")]
        part = replace(held, id="t1", phase="post_pending", resolves="p1", amount_fen=2_500)
        assert await self.post(books, part) == [("t1", "posted", "")]
        void = replace(held, id="v1", phase="void_pending", resolves="p1")
        assert await self.post(books, void) == [("v1", "refused", "ledger.pending-resolved")]
        assert await self.balances(books) == {"b/bank": 7_500, "b/fund": 7_500}
        async with books.begin() as unit:
            assert {a.debits_pending_fen + a.credits_pending_fen for a in await unit.ledger.accounts()} == {0}

    async def test_a_reversal_is_the_opposite_and_comes_once(self, books):
        spent = Transfer("t1", "b/paid", "b/bank", 300, "spend", "use-1")
        await self.post(books, spent)
        assert await self.post(books, replace(opposite(spent, "r0", "m"), amount_fen=299)) == [
            ("r0", "refused", "ledger.reversal-differs")
        ]
        assert await self.post(books, opposite(spent, "r1", "m")) == [("r1", "posted", "")]
        assert await self.post(books, opposite(spent, "r2", "m")) == [("r2", "refused", "ledger.reversed-already")]
        assert await self.balances(books) == {"b/bank": 10_000, "b/fund": 10_000}

    async def test_transfers_come_in_the_order_of_posting_and_by_memo(self, books):
        one = Transfer("z", "b/paid", "b/bank", 1, "spend", "use-1")
        await self.post(books, one, replace(one, id="a", memo="use-2"), replace(one, id="m"))
        async with books.begin() as unit:
            assert [t.id for t in await unit.ledger.transfers()] == ["fill", "z", "a", "m"]
            assert [t.id for t in await unit.ledger.transfers("use-1")] == ["z", "m"]
            assert (await unit.ledger.transfers("use-1"))[0] == one
            assert await unit.ledger.transfers("use-3") == []

    async def test_what_is_undone_was_never_posted(self, books):
        spent = Transfer("t1", "b/paid", "b/bank", 300, "spend", "use-1")

        async def break_off() -> None:
            async with books.begin() as unit:
                await unit.ledger.post([spent])
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await break_off()
        async with books.begin() as unit:
            assert await unit.ledger.transfers("use-1") == []
        assert await self.post(books, spent) == [("t1", "posted", "")]

    async def test_two_that_post_at_once_lose_nothing(self, books):
        async def spend(worker: int) -> None:
            for number in range(5):
                accounts = ("b/paid", "b/bank") if worker % 2 else ("b/bank", "b/paid")
                async with books.begin() as unit:
                    await unit.ledger.post([Transfer(f"w{worker}-{number}", *accounts, 10 + worker, "m", "use-1")])
                    await asyncio.sleep(0.001)

        await asyncio.gather(*(spend(worker) for worker in range(4)))
        assert await self.balances(books) == {"b/bank": 10_000 + 5 * (10 - 11 + 12 - 13), "b/fund": 10_000, "b/paid": 10}

    async def test_of_two_that_spend_the_last_money_one_does(self, books):
        async def spend(worker: int) -> str:
            async with books.begin() as unit:
                (outcome,) = await unit.ledger.post([Transfer(f"w{worker}", "b/fund", "b/bank", 6_000, "m", "use-1")])
                await asyncio.sleep(0.01)
                return outcome.status

        assert sorted(await asyncio.gather(*(spend(worker) for worker in range(3)))) == ["posted", "refused", "refused"]

    async def test_the_same_transfer_at_once_moves_money_once(self, books):
        async def spend() -> str:
            async with books.begin() as unit:
                (outcome,) = await unit.ledger.post([Transfer("same", "b/fund", "b/bank", 6_000, "m", "use-1")])
                await asyncio.sleep(0.01)
                return outcome.status

        assert sorted(await asyncio.gather(*(spend() for _ in range(3)))) == ["exists", "exists", "posted"]

    @pytest.mark.parametrize("seed", [1, 2, 3])
    async def test_it_answers_as_the_engine_does_and_the_auditor_agrees(self, store, seed):
        engine = Journal()
        open_accounts(engine, ACCOUNTS)
        async with store.begin() as unit:
            await unit.ledger.open_accounts(ACCOUNTS)
        seen = set()
        for batch in random_batches(seed):
            expected = answers(post(engine, batch))
            assert await self.post(store, *batch) == expected, batch
            seen |= {(status, code) for _, status, code in expected}
        assert len(seen) > 8, f"the sequence tried too little: {seen}"
        async with store.begin() as unit:
            accounts, transfers = await unit.ledger.accounts(), await unit.ledger.transfers()
        assert accounts == sorted(engine.accounts.values(), key=lambda account: account.id)
        assert transfers == list(engine.transfers.values())
        report = audit(accounts, transfers)
        assert (report.clean, report.differences, report.findings) == (True, (), ())
        assert set(report.net_fen_by_ledger.values()) == {0}
