"""Netting: from gross amounts to as few payments as do the same.

    gross         what each owes each, both directions visible
    bilateral     per pair, the difference
    multilateral  per party, one position; the positions sum to zero

Netting is an option of the agreement and takes nothing away: the gross amounts stay in the result, since the books of
both sides need income and expense as two lines. A party that leaves is taken out by netting the others without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from yitong.errors import YitongError
from yitong.money import checked_fen
from yitong.settlement.clearing import Statement

Gross = Mapping[tuple[str, str], int]  # (debtor, creditor) -> fen, never negative


@dataclass(frozen=True, slots=True)
class Payment:
    """One amount (> 0) that moves from ``debtor`` to ``creditor``."""

    debtor: str
    creditor: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Netting:
    """The three views of one set of debts. ``positions``: + is to be received, - is to be paid."""

    gross: tuple[Payment, ...]
    bilateral: tuple[Payment, ...]
    positions: tuple[tuple[str, int], ...]

    @property
    def gross_fen(self) -> int:
        """What would move if everyone paid every debt."""
        return sum(payment.amount_fen for payment in self.gross)

    @property
    def bilateral_fen(self) -> int:
        """What would move if each pair paid its difference."""
        return sum(payment.amount_fen for payment in self.bilateral)

    @property
    def moved_fen(self) -> int:
        """What moves when each party pays or receives its position."""
        return sum(amount for _, amount in self.positions if amount > 0)


def gross_of(statements: Iterable[Statement]) -> dict[tuple[str, str], int]:
    """What the statements' nets make each party owe each; a net below zero is owed the other way."""
    found: dict[tuple[str, str], int] = {}
    for made in statements:
        pair = (made.payer, made.payee) if made.net_fen >= 0 else (made.payee, made.payer)
        found[pair] = found.get(pair, 0) + abs(made.net_fen)
    return found


def net(gross: Gross) -> Netting:
    """Net ``gross`` both ways; raises ``netting.negative`` for an amount below zero or a debt to oneself."""
    for (debtor, creditor), amount_fen in gross.items():
        if debtor == creditor or checked_fen(amount_fen, debtor) < 0:
            raise YitongError("netting.negative", f"{debtor}/{creditor}")
    entries = tuple(Payment(*pair, gross[pair]) for pair in sorted(gross) if gross[pair] > 0)
    bilateral = tuple(
        Payment(debtor, creditor, amount_fen - gross.get((creditor, debtor), 0))
        for (debtor, creditor), amount_fen in sorted(gross.items())
        if amount_fen > gross.get((creditor, debtor), 0)
    )
    found = dict.fromkeys(sorted({party for pair in gross for party in pair}), 0)
    for entry in entries:
        found[entry.debtor] -= entry.amount_fen
        found[entry.creditor] += entry.amount_fen
    return Netting(entries, bilateral, tuple(found.items()))


def payments(netting: Netting) -> tuple[Payment, ...]:
    """Payments between the parties themselves that bring every position to zero, fewer than there are parties.

    The largest debtor pays the largest creditor, again and again; the earlier name wins a tie. So every party computes
    the same list, and no party in the middle holds money.
    """
    open_fen = {party: amount for party, amount in netting.positions if amount}
    made: list[Payment] = []
    while open_fen:
        debtor = min(open_fen, key=lambda party: (open_fen[party], party))
        creditor = min(open_fen, key=lambda party: (-open_fen[party], party))
        amount_fen = min(-open_fen[debtor], open_fen[creditor])
        made.append(Payment(debtor, creditor, amount_fen))
        for party, by in ((debtor, amount_fen), (creditor, -amount_fen)):
            open_fen[party] += by
            if open_fen[party] == 0:
                del open_fen[party]
    return tuple(made)
