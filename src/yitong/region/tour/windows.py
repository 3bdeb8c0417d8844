"""The officers' part of the ride: close a window, see both hashes, see it settled, and read both books."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from yitong.clock import SHANGHAI as ZONE
from yitong.region.tour.client import Tour
from yitong.settlement.usage import service_day

DAY_ENDS_HOUR = 2
_DONE = ("settled",)


@dataclass(slots=True)
class Clearing:
    """Two operators, each with an officer signed in at its own node."""

    tour: Tour
    one: str
    other: str
    tokens: dict[str, str]

    @classmethod
    async def open(cls, tour: Tour, one: str, other: str) -> Self:
        """Sign an officer of each operator in."""
        tokens: dict[str, str] = {}
        for operator in (one, other):
            person = {
                "id": f"officer-{operator}",
                "role": "operator",
                "name_zh": "清分人员（示例）",
                "name_en": "Clearing officer (example)",
                "institution": operator,
            }
            tokens[operator] = await tour.sign_in(tour.homes[operator], person)
        return cls(tour, one, other, tokens)

    async def _day(self) -> str:
        return service_day(await self.tour.clock(), ZONE, DAY_ENDS_HOUR).isoformat()

    async def _ask(self, operator: str, path: str, method: str = "GET", expect: int | tuple[int, ...] = 200) -> Any:
        return await self.tour.api(self.tour.homes[operator], method, path, token=self.tokens[operator], expect=expect)

    async def windows(self, operator: str) -> list[dict[str, Any]]:
        """The windows of today in one operator's book."""
        found: list[dict[str, Any]] = await self._ask(operator, f"/api/metro/windows/{await self._day()}")
        return found

    async def finish_what_was_left(self) -> None:
        """Close and settle what an earlier run left open on this day; usually there is nothing."""
        left = [window for name in self.tokens for window in await self.windows(name) if window["state"] not in _DONE]
        if left:
            await self._until_answered()
            await self._close(self.one)
            await self._close(self.other)
            await self._until_settled()
            self.tour.step(self.one, self.other, "先结清上次中断留下的窗口", "what an interrupted run left is settled first")

    async def _close(self, operator: str) -> None:
        await self._ask(operator, f"/api/metro/windows/{await self._day()}/close", "POST", (200, 409))

    async def _until_answered(self) -> None:
        """Every line that one side posted has been posted, or refused, by the other."""

        async def probe() -> bool | None:
            books = [
                {line["id"]: line["answer"] for window in await self.windows(name) for line in window["lines"]}
                for name in self.tokens
            ]
            return True if books[0] == books[1] and None not in books[0].values() else None

        await self.tour.until("both books to hold the same lines", probe)

    async def _until_settled(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The last window of each side, once both are settled."""

        async def probe() -> tuple[dict[str, Any], dict[str, Any]] | None:
            ours, theirs = await self.windows(self.one), await self.windows(self.other)
            done = bool(ours) and all(window["state"] in _DONE for window in (*ours, *theirs))
            return (ours[-1], theirs[-1]) if done and len(ours) == len(theirs) else None

        return await self.tour.until("the window to be settled on both sides", probe)

    async def settle(self, rides: list[str]) -> dict[str, Any]:
        """Close the window that holds these rides, and follow it to two books that owe each other nothing."""
        tour = self.tour
        await self._until_answered()
        owed = await self._mirrored()
        tour.step(
            self.tour.homes[self.one], self.tour.homes[self.other], "清分前：一方应付等于另一方应收",
            "before clearing: what one owes is what the other is owed", **{f"{debtor}_owes_fen": fen for debtor, fen in owed.items()},
        )  # fmt: skip
        await self._close(self.one)
        ours, theirs = await self._until_settled()
        tour.expect("both sides computed the same window", ours["our_hash"], theirs["our_hash"])
        tour.expect(
            "and told each other so", (ours["our_hash"], theirs["our_hash"]), (theirs["their_hash"], ours["their_hash"])
        )
        tour.step(
            self.one, self.other, "窗口截止，双方各自计算，摘要一致", "the window is closed; both compute it, the hashes agree",
            window=ours["ref"], hash=ours["our_hash"],
        )  # fmt: skip
        gross = self._gross(ours, rides)
        tour.step(
            ours["debtor"], ours["creditor"], "轧差后一笔结清", "netted, and settled with one payment", net_fen=ours["net_fen"]
        )
        after = await self._mirrored()
        tour.expect("nothing is owed any more", {self.one: 0, self.other: 0}, after)
        return {
            "window": ours["ref"],
            "gross_fen": {f"{debtor}->{creditor}": fen for (debtor, creditor), fen in sorted(gross.items())},
            "net_fen": abs(gross.get((self.one, self.other), 0) - gross.get((self.other, self.one), 0)),
            "paid_fen": ours["paid"]["amount_fen"],
            "settled": (ours["state"], theirs["state"]) == ("settled", "settled"),
            "ledger_sum_fen": await self._ledger_sum(),
            "hash_agrees": bool(ours["hashes_agree"] and theirs["hashes_agree"]),
        }

    def _gross(self, window: dict[str, Any], rides: list[str]) -> dict[tuple[str, str], int]:
        """What these rides make each owe the other, fees held back; the whole window, unless it holds others' rides too."""
        by_ride: dict[str, dict[tuple[str, str], int]] = {}
        for line in window["lines"]:
            against = (line["why"] == "scheme-fee") != (line["reverses"] is not None)
            pair = (line["creditor"], line["debtor"]) if against else (line["debtor"], line["creditor"])
            sums = by_ride.setdefault(line["usage_id"], {})
            sums[pair] = sums.get(pair, 0) + (-line["amount_fen"] if against else line["amount_fen"])
        owing = {ride: sums for ride, sums in by_ride.items() if any(sums.values())}  # the rest was taken back by later taps
        gross: dict[tuple[str, str], int] = {}
        for ride in owing.keys() & set(rides):
            for pair, fen in owing[ride].items():
                gross[pair] = gross.get(pair, 0) + fen
        if owing.keys() <= set(rides):
            stated = {(row["debtor"], row["creditor"]): row["amount_fen"] for row in window["gross"]}
            self.tour.expect("the window's sums are those of its lines", stated, gross)
            self.tour.expect("the payment is the difference", window["net_fen"], window["paid"]["amount_fen"])
        return gross

    async def _mirrored(self) -> dict[str, int]:
        """What each owes the other, by its own book; the other's book must say the same."""
        books = {name: await self._book(name) for name in self.tokens}
        found: dict[str, int] = {}
        for debtor, creditor in ((self.one, self.other), (self.other, self.one)):
            found[debtor] = books[debtor][f"{debtor}/payable/{creditor}"]
            due = books[creditor][f"{creditor}/receivable/{debtor}"]
            self.tour.expect(f"what {debtor} owes is what {creditor} is owed", found[debtor], due)
        return found

    async def _book(self, operator: str) -> dict[str, int]:
        ledger = await self._ask(operator, "/api/ledger")
        self.tour.expect(f"the auditor finds nothing at {operator}", True, ledger["audit"]["clean"])
        return {account["id"]: account["balance_fen"] for account in ledger["accounts"]}

    async def _ledger_sum(self) -> int:
        """Debits less credits over both nodes: nothing, or money was made."""
        found = [await self._ask(operator, "/api/ledger") for operator in self.tokens]
        sums = [sum(a["debits_posted_fen"] - a["credits_posted_fen"] for a in ledger["accounts"]) for ledger in found]
        self.tour.expect("the ledgers sum to nothing", [0, 0], sums)
        self.tour.expect("by the auditor too", [0, 0], [ledger["sum_fen"] for ledger in found])
        self.tour.step(
            self.one,
            self.other,
            "两本账各自合计为零，互不相欠",
            "both ledgers sum to zero, and nobody owes anybody",
            sums_fen=sums,
        )
        return sum(sums)
