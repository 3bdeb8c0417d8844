"""An account: whose book it stands in, what kind it is, what it may not do, and its four sums.

The sums only ever grow, except that a pending one falls when the transfer that it waits for is posted or voided.
A balance is worked out from them and never stored beside them:

    asset, expense               balance = debits_posted_fen - credits_posted_fen
    liability, income, equity    balance = credits_posted_fen - debits_posted_fen

A limit counts what is pending *against* the account and ignores what is pending in its favour, so that a promise
once given can always be kept.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from yitong.errors import YitongError
from yitong.money import checked_fen

DEBIT_KINDS = frozenset({"asset", "expense"})
CREDIT_KINDS = frozenset({"liability", "income", "equity"})
KINDS = DEBIT_KINDS | CREDIT_KINDS
# A storage keeps each sum in a signed 64-bit column. Raising this breaks every such storage.
MAX_SUM_FEN = 2**63 - 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}\Z", re.ASCII)


def checked_name(name: object, where: str) -> str:
    """``name`` if it may name an account, a book or a transfer; else ``ledger.name-shape``.

    1 to 200 of ``A-Z a-z 0-9 . _ : / @ -``, the first a letter or digit.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        raise YitongError("ledger.name-shape", where)
    return name


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the book ``ledger``; ``code`` says what it is for, such as ``fund-expense``."""

    id: str
    ledger: str
    code: str
    kind: str
    credits_must_not_exceed_debits: bool = False
    debits_must_not_exceed_credits: bool = False
    debits_posted_fen: int = 0
    credits_posted_fen: int = 0
    debits_pending_fen: int = 0
    credits_pending_fen: int = 0

    @property
    def balance_fen(self) -> int:
        """What is posted, signed so that the usual side of this kind of account is positive."""
        net_debit_fen = self.debits_posted_fen - self.credits_posted_fen
        return net_debit_fen if self.kind in DEBIT_KINDS else -net_debit_fen

    def debited(self, amount_fen: int) -> Account:
        """Give this account after a posted debit; its limit is checked, ``ledger.limit-exceeded``."""
        return _within(replace(self, debits_posted_fen=self.debits_posted_fen + amount_fen))

    def credited(self, amount_fen: int) -> Account:
        """Give this account after a posted credit; its limit is checked, ``ledger.limit-exceeded``."""
        return _within(replace(self, credits_posted_fen=self.credits_posted_fen + amount_fen))

    def debit_held(self, amount_fen: int) -> Account:
        """Give this account after a pending debit; a negative amount releases one. The limit is checked."""
        return _within(replace(self, debits_pending_fen=self.debits_pending_fen + amount_fen))

    def credit_held(self, amount_fen: int) -> Account:
        """Give this account after a pending credit; a negative amount releases one. The limit is checked."""
        return _within(replace(self, credits_pending_fen=self.credits_pending_fen + amount_fen))

    def to_json(self) -> dict[str, Any]:
        """All members, plain."""
        return asdict(self)


def _within(account: Account) -> Account:
    debits_fen = account.debits_posted_fen + account.debits_pending_fen
    credits_fen = account.credits_posted_fen + account.credits_pending_fen
    if max(debits_fen, credits_fen) > MAX_SUM_FEN:
        raise YitongError("ledger.sum-overflow", account.id)
    if account.debits_must_not_exceed_credits and debits_fen > account.credits_posted_fen:
        raise YitongError("ledger.limit-exceeded", account.id)
    if account.credits_must_not_exceed_debits and credits_fen > account.debits_posted_fen:
        raise YitongError("ledger.limit-exceeded", account.id)
    return account


def checked_account(account: Account) -> Account:
    """The same account if it may be opened: a known kind, at most one limit, nothing on it; else ``ledger.account-shape``."""
    where = checked_name(account.id, "/id")
    checked_name(account.ledger, f"{where}/ledger")
    checked_name(account.code, f"{where}/code")
    sums = (account.debits_posted_fen, account.credits_posted_fen, account.debits_pending_fen, account.credits_pending_fen)
    # Both limits at once would hold the balance at nothing for ever: no transfer could ever touch the account.
    both = account.credits_must_not_exceed_debits and account.debits_must_not_exceed_credits
    if account.kind not in KINDS or both or any(checked_fen(part, where) for part in sums):
        raise YitongError("ledger.account-shape", where)
    return account
