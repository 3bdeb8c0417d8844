"""What the ledger needs kept: accounts with their sums, and transfers that are never edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from yitong.ledger.account import Account
from yitong.ledger.journal import Outcome
from yitong.ledger.transfer import Transfer


class LedgerRepo(Protocol):
    """The ledger of one node inside one database transaction."""

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        """Add accounts; one that stands already is left alone if its terms are the same (``ledger.account-exists``)."""
        ...

    async def post(self, batch: Sequence[Transfer]) -> tuple[Outcome, ...]:
        """Post a batch by the rules of :mod:`yitong.ledger.journal`; the accounts it touches are held until the end."""
        ...

    async def accounts(self) -> list[Account]:
        """All accounts, by identifier."""
        ...

    async def transfers(self, memo: str | None = None) -> list[Transfer]:
        """Transfers in the order of posting, all or those of one memo."""
        ...
