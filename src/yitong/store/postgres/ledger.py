"""The ledger on PostgreSQL: what a batch can touch is loaded and held, the engine decides, the difference is written.

One engine (:mod:`yitong.ledger.journal`) decides for every store, so the rules cannot drift apart. Accounts are
locked in the order of their identifiers, so that two batches never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from yitong.clock import Clock
from yitong.ledger.account import Account, checked_account
from yitong.ledger.journal import Journal, Outcome, open_accounts, post
from yitong.ledger.transfer import Transfer
from yitong.store.postgres.connection import Connection

_ACCOUNT = ", ".join(field.name for field in fields(Account))
_TRANSFER = ", ".join(f'"{field.name}"' if field.name == "group" else field.name for field in fields(Transfer))


class PostgresLedger:
    """The ledger of one node inside one database transaction."""

    def __init__(self, connection: Connection, clock: Clock, zone: str) -> None:
        self._connection = connection
        self._clock = clock
        self._zone = zone

    async def open_accounts(self, accounts: Sequence[Account]) -> None:
        """Add accounts; one that stands already is left alone if its terms are the same (``ledger.account-exists``)."""
        for account in sorted(accounts, key=lambda account: account.id):
            checked_account(account)
            await self._connection.execute(
                f"INSERT INTO account_book ({_ACCOUNT}) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING",
                account.id,
                account.ledger,
                account.code,
                account.kind,
                account.credits_must_not_exceed_debits,
                account.debits_must_not_exceed_credits,
            )
        standing = Journal(await self._accounts_of([account.id for account in accounts]))
        open_accounts(standing, accounts)  # raises when the terms of a standing account differ

    async def post(self, batch: Sequence[Transfer]) -> tuple[Outcome, ...]:
        """Post a batch by the rules of the engine; the accounts it touches are held until the transaction ends."""
        journal = await self._load(batch)
        accounts_before, known = dict(journal.accounts), set(journal.transfers)
        outcomes = post(journal, batch)
        changed = [account for name, account in journal.accounts.items() if accounts_before[name] != account]
        await self._connection.executemany(
            "UPDATE account_book SET debits_posted_fen = $2, credits_posted_fen = $3, debits_pending_fen = $4, "
            "credits_pending_fen = $5 WHERE id = $1",
            [(a.id, a.debits_posted_fen, a.credits_posted_fen, a.debits_pending_fen, a.credits_pending_fen) for a in changed],
        )
        now = self._clock.now()
        added = [transfer for name, transfer in journal.transfers.items() if name not in known]
        await self._connection.executemany(
            f"INSERT INTO transfer ({_TRANSFER}, recorded_at, zone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            [(*(getattr(transfer, field.name) for field in fields(Transfer)), now, self._zone) for transfer in added],
        )
        return outcomes

    async def _load(self, batch: Sequence[Transfer]) -> Journal:
        accounts = await self._accounts_of([name for t in batch for name in (t.debit_account, t.credit_account)])
        named = {name for t in batch for name in (t.id, t.resolves, t.reverses) if name}
        groups = {t.group for t in batch if t.group}
        rows = await self._connection.fetch(
            f"SELECT {_TRANSFER} FROM transfer WHERE id = ANY($1) OR resolves = ANY($1) OR reverses = ANY($1) "
            'OR "group" = ANY($2) ORDER BY seq',
            sorted(named),
            sorted(groups),
        )
        journal = Journal(accounts, {row["id"]: Transfer(*row.values()) for row in rows})
        for transfer in journal.transfers.values():
            if transfer.resolves:
                journal.resolved_by[transfer.resolves] = transfer.id
            if transfer.reverses:
                journal.reversed_by[transfer.reverses] = transfer.id
            if transfer.group:
                journal.groups[transfer.group] = (*journal.groups.get(transfer.group, ()), transfer.id)
        return journal

    async def _accounts_of(self, names: Sequence[str]) -> dict[str, Account]:
        rows = await self._connection.fetch(
            f"SELECT {_ACCOUNT} FROM account_book WHERE id = ANY($1) ORDER BY id FOR UPDATE", sorted(set(names))
        )
        return {row["id"]: Account(*row.values()) for row in rows}

    async def accounts(self) -> list[Account]:
        """All accounts, by identifier."""
        rows = await self._connection.fetch(f"SELECT {_ACCOUNT} FROM account_book ORDER BY id")
        return [Account(*row.values()) for row in rows]

    async def transfers(self, memo: str | None = None) -> list[Transfer]:
        """Transfers in the order of posting, all or those of one memo."""
        rows = await self._connection.fetch(
            f"SELECT {_TRANSFER} FROM transfer WHERE $1::text IS NULL OR memo = $1 ORDER BY seq", memo
        )
        return [Transfer(*row.values()) for row in rows]
