"""The ledger for programs: an institution's accounts, and what the auditor says of all books of this node.

An officer sees whole books: that of their own institution, and the jurisdiction's, out of which care is paid, if the
institution is an insurer or a hospital. The auditor's finding is of the whole node, because a fen that is missing is
everybody's matter.
"""

from __future__ import annotations

from typing import Any

from fastapi import Request

from yitong.errors import YitongError
from yitong.ledger.account import Account as LedgerAccount
from yitong.ledger.auditor import Audit, audit
from yitong.ledger.transfer import Transfer
from yitong.node.build import Node
from yitong.node.web.access import institution_of
from yitong.node.web.routes import Routes

READ = "ledger.read"
_JURISDICTION_BOOK_ROLES = frozenset({"insurer", "hospital"})
_LOOKS = 10


def books_of(node: Node, institution_id: str) -> frozenset[str]:
    """The books that an institution's officers may read."""
    roles = node.context.institution(institution_id).roles
    return frozenset({institution_id} | ({node.context.jurisdiction} if roles & _JURISDICTION_BOOK_ROLES else set()))


async def read_books(node: Node) -> tuple[list[LedgerAccount], list[Transfer]]:
    """All accounts, and just the transfers that led to them.

    Accounts and transfers are two queries, and somebody may post between them: then the accounts have changed when they
    are read again, and so is the rest.
    """
    async with node.context.store.begin() as unit:
        accounts = await unit.ledger.accounts()
        for _ in range(_LOOKS):
            transfers = await unit.ledger.transfers()
            again = await unit.ledger.accounts()
            if again == accounts:
                break
            accounts = again
    return accounts, transfers


def described(account: LedgerAccount) -> dict[str, Any]:
    """An account with its balance."""
    return account.to_json() | {"balance_fen": account.balance_fen}


def described_audit(found: Audit) -> dict[str, Any]:
    """The auditor's report. ``net_fen_by_book``: what is debited less what is credited, which must be nothing."""
    return {
        "clean": found.clean,
        "net_fen_by_book": found.net_fen_by_ledger,
        "differences": [
            {
                "account": each.account_id,
                "sum": each.sum_name,
                "kept_fen": each.stored_fen,
                "recomputed_fen": each.recomputed_fen,
            }
            for each in found.differences
        ],
        "findings": [{"what": each.what, "about": each.about} for each in found.findings],
    }


def add(routes: Routes, node: Node) -> None:
    """The endpoint of the ledger."""

    @routes.add("GET", "/api/ledger", f"may:{READ}")
    async def ledger(request: Request) -> dict[str, Any]:
        """The accounts of one's institution with their balances, the sums of all books, and the auditor's finding."""
        institution_id = institution_of(request)
        accounts, transfers = await read_books(node)
        found, books = audit(accounts, transfers), books_of(node, institution_id)
        seen = [account for account in accounts if account.ledger in books]
        if not seen:
            raise YitongError("store.not-found", institution_id)
        return {
            "institution": institution_id,
            "accounts": [described(account) for account in seen],
            "sum_fen": sum(found.net_fen_by_ledger.values()),
            "audit": described_audit(found),
        }
