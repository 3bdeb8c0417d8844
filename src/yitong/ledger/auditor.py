"""A second, plainer way to the balances: add up the transfers, ask nothing of the engine, and say where they differ.

It shares no rule with :mod:`yitong.ledger.journal` on purpose. It is given the accounts as a storage has them and
the transfers as a storage wrote them, works out every sum anew, and reports findings; it repairs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from yitong.ledger.account import Account
from yitong.ledger.transfer import Transfer

_SUMS = ("debits_posted_fen", "credits_posted_fen", "debits_pending_fen", "credits_pending_fen")


@dataclass(frozen=True, slots=True)
class Difference:
    """One sum of one account that the transfers do not lead to."""

    account_id: str
    sum_name: str
    stored_fen: int
    recomputed_fen: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must not be in a journal: ``what`` is a short word, ``about`` the transfer or account."""

    what: str
    about: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The report: differences of sums, other findings, and per book whether debits and credits cancel out."""

    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]
    net_fen_by_ledger: dict[str, int]

    @property
    def sums_are_zero(self) -> bool:
        """True if in every book as much is debited as credited, by the sums that the storage holds."""
        return not any(self.net_fen_by_ledger.values())

    @property
    def clean(self) -> bool:
        """True if there is nothing to report."""
        return not self.differences and not self.findings and self.sums_are_zero


def recompute(account_id: str, transfers: Sequence[Transfer]) -> dict[str, int]:
    """The four sums of one account by their definition, each transfer looked at for each of them."""
    resolved = {t.resolves for t in transfers if t.resolves}
    moved = [t for t in transfers if t.phase in ("posted", "post_pending")]
    held = [t for t in transfers if t.phase == "pending" and t.id not in resolved]
    return {
        "debits_posted_fen": sum(t.amount_fen for t in moved if t.debit_account == account_id),
        "credits_posted_fen": sum(t.amount_fen for t in moved if t.credit_account == account_id),
        "debits_pending_fen": sum(t.amount_fen for t in held if t.debit_account == account_id),
        "credits_pending_fen": sum(t.amount_fen for t in held if t.credit_account == account_id),
    }


def audit(accounts: Iterable[Account], transfers: Iterable[Transfer]) -> Audit:
    """Compare stored sums with recomputed ones, and look for what no sequence of allowed postings can leave behind."""
    found_accounts, found_transfers = list(accounts), list(transfers)
    by_account = _by_account(found_transfers)
    differences: list[Difference] = []
    nets: Counter[str] = Counter()
    for account in found_accounts:
        sums = recompute(account.id, by_account.pop(account.id, []))
        stored = {name: getattr(account, name) for name in _SUMS}
        differences += [Difference(account.id, name, stored[name], sums[name]) for name in _SUMS if stored[name] != sums[name]]
        nets[account.ledger] += account.debits_posted_fen - account.credits_posted_fen
    unknown = [Finding("account-unknown", account_id) for account_id in by_account]
    findings = unknown + _limit_findings(found_accounts) + _transfer_findings(found_transfers, found_accounts)
    return Audit(tuple(differences), tuple(findings), dict(nets))


def _by_account(transfers: Iterable[Transfer]) -> dict[str, list[Transfer]]:
    """Each account's transfers; one that debits and credits the same account would stand there once."""
    found: dict[str, list[Transfer]] = {}
    for transfer in transfers:
        for account_id in {transfer.debit_account, transfer.credit_account}:
            found.setdefault(account_id, []).append(transfer)
    return found


def _limit_findings(accounts: Sequence[Account]) -> list[Finding]:
    over_debited = [
        a
        for a in accounts
        if a.debits_must_not_exceed_credits and a.debits_posted_fen + a.debits_pending_fen > a.credits_posted_fen
    ]
    over_credited = [
        a
        for a in accounts
        if a.credits_must_not_exceed_debits and a.credits_posted_fen + a.credits_pending_fen > a.debits_posted_fen
    ]
    return [Finding("limit-exceeded", a.id) for a in over_debited + over_credited]


def _transfer_findings(transfers: Sequence[Transfer], accounts: Sequence[Account]) -> list[Finding]:
    ledger_of = {account.id: account.ledger for account in accounts}
    by_id = {transfer.id: transfer for transfer in transfers}
    findings = _repeated("id-twice", (t.id for t in transfers))
    findings += _repeated("resolved-twice", (t.resolves for t in transfers if t.resolves))
    findings += _repeated("reversed-twice", (t.reverses for t in transfers if t.reverses))
    for transfer in transfers:
        if transfer.amount_fen < 1:
            findings.append(Finding("amount-not-positive", transfer.id))
        if ledger_of.get(transfer.debit_account) != ledger_of.get(transfer.credit_account):
            findings.append(Finding("different-ledgers", transfer.id))
        if transfer.resolves and not _resolves_rightly(transfer, by_id.get(transfer.resolves)):
            findings.append(Finding("resolution-differs", transfer.id))
        if transfer.reverses and not _is_opposite(transfer, by_id.get(transfer.reverses)):
            findings.append(Finding("reversal-differs", transfer.id))
    return findings


def _repeated(what: str, names: Iterable[str]) -> list[Finding]:
    return [Finding(what, name) for name, times in Counter(names).items() if times > 1]


def _resolves_rightly(transfer: Transfer, pending: Transfer | None) -> bool:
    return (
        pending is not None
        and pending.phase == "pending"
        and (transfer.debit_account, transfer.credit_account) == (pending.debit_account, pending.credit_account)
        and transfer.amount_fen <= pending.amount_fen
    )


def _is_opposite(transfer: Transfer, original: Transfer | None) -> bool:
    return (
        original is not None
        and original.phase in ("posted", "post_pending")
        and not original.reverses
        and transfer.amount_fen == original.amount_fen
        and (transfer.debit_account, transfer.credit_account) == (original.credit_account, original.debit_account)
    )
