"""The ledger in the memory store: the reference engine itself."""

from __future__ import annotations

from collections.abc import Sequence

from yitong.ledger.account import Account
from yitong.ledger.journal import Outcome, open_accounts, post
from yitong.ledger.transfer import Transfer
from yitong.store.memory.tables import Tables


class MemoryLedger:
    """The ledger of one node."""

    def __init__(self, tables: Tables) -> None:
        self._journal = tables.journal

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        """Add accounts; one that stands already is left alone if its terms are the same."""
        open_accounts(self._journal, accounts)

    async def post(self, batch: Sequence[Transfer]) -> tuple[Outcome, ...]:
        """Post a batch."""
        return post(self._journal, batch)

    async def accounts(self) -> list[Account]:
        """All accounts, by identifier."""
        return sorted(self._journal.accounts.values(), key=lambda account: account.id)

    async def transfers(self, memo: str | None = None) -> list[Transfer]:
        """Transfers in the order of posting, all or those of one memo."""
        return [transfer for transfer in self._journal.transfers.values() if memo is None or transfer.memo == memo]
