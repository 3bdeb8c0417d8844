"""Posting: the reference engine, in memory, which every storage must agree with.

``post(journal, batch)`` answers each transfer of the batch in order: ``posted`` (new), ``exists`` (the very same
transfer was posted before; nothing happens again), or ``refused`` with a code. A batch is not all-or-none; a *group*
inside it is. What is refused leaves no trace, so the same transfer may be tried again when the reason is gone.

Callers must not assume that a transfer without limits on its accounts can be refused for the order in which it
arrives: only limits, resolutions and reversals look at what came before.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from yitong.errors import YitongError
from yitong.ledger.account import Account, checked_account
from yitong.ledger.transfer import Transfer, checked_transfer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one transfer: ``status`` is ``posted``, ``exists`` or ``refused``; ``error`` says why, if refused."""

    transfer_id: str
    status: str
    error: YitongError | None = None

    @property
    def code(self) -> str:
        """The code of the refusal, or ``""``."""
        return self.error.code if self.error is not None else ""


@dataclass(slots=True)
class Journal:
    """All accounts and transfers, in the order of posting, and three look-ups that follow from the transfers."""

    accounts: MutableMapping[str, Account] = field(default_factory=dict)
    transfers: MutableMapping[str, Transfer] = field(default_factory=dict)
    resolved_by: MutableMapping[str, str] = field(default_factory=dict)
    reversed_by: MutableMapping[str, str] = field(default_factory=dict)
    groups: MutableMapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_accounts(journal: Journal, accounts: Iterable[Account]) -> None:
    """Add accounts, all or none. One that stands on the same terms is left alone; on others, ``ledger.account-exists``."""
    opened: dict[str, Account] = {}
    for account in accounts:
        checked_account(account)
        standing = journal.accounts.get(account.id, opened.get(account.id))
        if standing is None:
            opened[account.id] = account
        elif _terms(standing) != _terms(account):
            raise YitongError("ledger.account-exists", account.id)
    journal.accounts.update(opened)


def _terms(account: Account) -> tuple[str, str, str, bool, bool]:
    limits = (account.credits_must_not_exceed_debits, account.debits_must_not_exceed_credits)
    return (account.ledger, account.code, account.kind, *limits)


def post(journal: Journal, batch: Sequence[Transfer]) -> tuple[Outcome, ...]:
    """Post a batch and answer each transfer, in order; the journal changes by what is answered ``posted`` and nothing else."""
    units = list(_units(batch))
    split = _split_groups(units)
    outcomes: list[Outcome] = []
    for unit in units:
        if unit[0].group in split:
            outcomes += [_fallen(member, YitongError("ledger.group-split", member.id)) for member in unit]
        else:
            outcomes += _post_unit(journal, unit)
    return tuple(outcomes)


def refuse_unless_posted(outcomes: Iterable[Outcome]) -> None:
    """Raise the first refusal; of a group, the one that made the rest fall."""
    refused = [outcome.error for outcome in outcomes if outcome.error is not None]
    refused.sort(key=lambda error: error.code == "ledger.group-failed")
    if refused:
        raise refused[0]


def _units(batch: Sequence[Transfer]) -> Iterator[tuple[Transfer, ...]]:
    for group, members in groupby(batch, key=lambda transfer: transfer.group):
        if group:
            yield tuple(members)
        else:
            yield from ((member,) for member in members)


def _ids(unit: tuple[Transfer, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(member.id for member in unit))


def _split_groups(units: Sequence[tuple[Transfer, ...]]) -> set[str]:
    """Groups that one batch holds in pieces: posting the first piece could leave the group half done."""
    first: dict[str, tuple[str, ...]] = {}
    return {unit[0].group for unit in units if unit[0].group and first.setdefault(unit[0].group, _ids(unit)) != _ids(unit)}


def _post_unit(journal: Journal, unit: tuple[Transfer, ...]) -> list[Outcome]:
    overlay = Journal(
        ChainMap({}, journal.accounts),
        ChainMap({}, journal.transfers),
        ChainMap({}, journal.resolved_by),
        ChainMap({}, journal.reversed_by),
        ChainMap({}, journal.groups),
    )
    outcomes: list[Outcome] = []
    for place, transfer in enumerate(unit):
        try:
            _check_group(journal, unit)
            outcomes.append(Outcome(transfer.id, "posted" if _post_one(overlay, transfer) else "exists"))
        except YitongError as error:
            return [_fallen(member, error if at == place else None) for at, member in enumerate(unit)]
    if unit[0].group:
        overlay.groups[unit[0].group] = _ids(unit)
    _commit(overlay, journal)
    return outcomes


def _fallen(member: Transfer, error: YitongError | None) -> Outcome:
    return Outcome(member.id, "refused", error or YitongError("ledger.group-failed", member.id))


def _commit(overlay: Journal, journal: Journal) -> None:
    for name in ("accounts", "transfers", "resolved_by", "reversed_by", "groups"):
        getattr(journal, name).update(getattr(overlay, name).maps[0])


def _check_group(journal: Journal, unit: tuple[Transfer, ...]) -> None:
    """A group that was posted is closed: it comes again whole, or not at all."""
    standing = journal.groups.get(unit[0].group)
    if standing is not None and standing != _ids(unit):
        raise YitongError("ledger.group-changed", unit[0].group)


def _post_one(journal: Journal, transfer: Transfer) -> bool:
    """Post one transfer; False if the same one was posted before.

    1. The transfer is sound by itself (``checked_transfer``).
    2. The same id with the same content is a repetition, with other content ``ledger.id-reused``.
    3. Both accounts are known (``ledger.account-unknown``) and stand in one book (``ledger.different-ledgers``).
    4. What it resolves or reverses allows that.
    5. The limits of both accounts hold afterwards (``ledger.limit-exceeded``).
    """
    checked_transfer(transfer)  # 1.
    standing = journal.transfers.get(transfer.id)  # 2.
    if standing is not None:
        if standing != transfer:
            raise YitongError("ledger.id-reused", transfer.id)
        return False
    debit, credit = _account(journal, transfer.debit_account), _account(journal, transfer.credit_account)  # 3.
    if debit.ledger != credit.ledger:
        raise YitongError("ledger.different-ledgers", transfer.id)
    if transfer.resolving:  # 4.
        held_fen = _pending(journal, transfer).amount_fen
        debit, credit = debit.debit_held(-held_fen), credit.credit_held(-held_fen)
        journal.resolved_by[transfer.resolves] = transfer.id
    if transfer.reverses:
        _check_reversal(journal, transfer)
        journal.reversed_by[transfer.reverses] = transfer.id
    if transfer.phase == "pending":  # 5.
        debit, credit = debit.debit_held(transfer.amount_fen), credit.credit_held(transfer.amount_fen)
    elif transfer.phase != "void_pending":
        debit, credit = debit.debited(transfer.amount_fen), credit.credited(transfer.amount_fen)
    journal.accounts[debit.id], journal.accounts[credit.id] = debit, credit
    journal.transfers[transfer.id] = transfer
    return True


def _account(journal: Journal, account_id: str) -> Account:
    account = journal.accounts.get(account_id)
    if account is None:
        raise YitongError("ledger.account-unknown", account_id)
    return account


def _pending(journal: Journal, transfer: Transfer) -> Transfer:
    """The pending transfer that ``transfer`` posts or voids: known, not yet resolved, same accounts, enough set aside."""
    pending = journal.transfers.get(transfer.resolves)
    if pending is None or pending.phase != "pending":
        raise YitongError("ledger.pending-unknown", transfer.id)
    if pending.id in journal.resolved_by:
        raise YitongError("ledger.pending-resolved", transfer.id)
    same = (pending.debit_account, pending.credit_account) == (transfer.debit_account, transfer.credit_account)
    amount_fits = transfer.amount_fen <= pending.amount_fen
    if transfer.phase == "void_pending":
        amount_fits = transfer.amount_fen == pending.amount_fen  # a void frees the whole: nothing may seem to stay
    if not same or not amount_fits:
        raise YitongError("ledger.pending-differs", transfer.id)
    return pending


def _check_reversal(journal: Journal, transfer: Transfer) -> None:
    """A reversal is the exact opposite of a transfer that moved money, was not reversed, and is no reversal itself."""
    original = journal.transfers.get(transfer.reverses)
    if original is None or original.phase not in ("posted", "post_pending"):
        raise YitongError("ledger.original-unknown", transfer.id)
    if original.reverses:
        raise YitongError("ledger.reverses-a-reversal", transfer.id)
    if original.id in journal.reversed_by:
        raise YitongError("ledger.reversed-already", transfer.id)
    wanted = (original.credit_account, original.debit_account, original.amount_fen)
    if (transfer.debit_account, transfer.credit_account, transfer.amount_fen) != wanted:
        raise YitongError("ledger.reversal-differs", transfer.id)
