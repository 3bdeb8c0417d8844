"""What a settlement scheme is, and how to find out whether something is one.

A scheme is a pure function from a usage to obligations, with its parameters taken from the catalogue. It keeps no
state and asks nobody, so every party that holds the usage and the parameters computes the same obligations.
:func:`breaches` checks that on examples; ``tests/contracts`` runs it over every scheme of the product, and who writes
a new scheme runs it over theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol, TypeVar

from yitong.money import MAX_FEN
from yitong.settlement.usage import Obligation, Usage

U_contra = TypeVar("U_contra", bound=Usage, contravariant=True)
U = TypeVar("U", bound=Usage)


class Scheme(Protocol[U_contra]):
    """Turns a usage into what is owed for it."""

    @property
    def name(self) -> str:
        """The scheme's name, as the catalogue has it."""
        ...

    def window(self, usage: U_contra) -> date:
        """The service day that the usage is cleared in; a function of the usage alone."""
        ...

    def charge(self, usage: U_contra) -> tuple[Obligation, ...]:
        """What is owed for the usage; empty when nothing is."""
        ...


def breaches(scheme: Scheme[U], usages: Sequence[U]) -> list[str]:
    """Every way in which ``scheme`` breaks the contract on ``usages``, as sentences; an empty list when it keeps it.

    1. Charging again gives the same (idempotent).  2. So does charging in another order (no state).  3. Identifiers
    are unique, and each obligation names its usage and the usage's window.  4. Amounts are positive whole fen between two
    different parties. No check is needed that money sums to zero: an obligation gives to one what it takes from the other.
    That the whole price reaches those who earned it, only the scheme's own tests can say.
    """
    first = [scheme.charge(usage) for usage in usages]
    again = [scheme.charge(usage) for usage in usages]
    backwards = [scheme.charge(usage) for usage in reversed(usages)][::-1]
    found = ["charging again gives something else"] if first != again else []  # 1
    found += ["the order of charging matters"] if first != backwards else []  # 2
    every = [item for items in first for item in items]
    if len({item.id for item in every}) != len(every):  # 3
        found.append("an obligation's identifier is used twice")
    for usage, items in zip(usages, first, strict=True):
        found += [breach for item in items for breach in _of_one(item, usage.usage_id, scheme.window(usage))]
    return found


def _of_one(item: Obligation, usage_id: str, window: date) -> list[str]:
    found = []
    if item.usage_id != usage_id or item.window != window:  # 3
        found.append(f"{item.id}: not of its usage or its window")
    if type(item.amount_fen) is not int or not 0 < item.amount_fen <= MAX_FEN:  # 4
        found.append(f"{item.id}: the amount is not a positive number of fen")
    if item.debtor == item.creditor:  # 4
        found.append(f"{item.id}: a party owes itself")
    return found
