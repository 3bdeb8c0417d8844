"""One window between two operators as both of them compute it: statements, the hash over them all, and the payment.

Each of the two states the lines that it posted as issuer of the passes, one :class:`~yitong.settlement.clearing.Statement`
for each direction in which they owe. Put together, the statements of both make the window; its hash is over their
hashes, in the order of the issuers' names, so that two operators whose books agree hold the same 43 characters.

A statement travels whole in one message, and a message of a megabyte holds some eight thousand items: a pair with more
rides in a day closes more than one part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from yitong.digest import canonical_json, sha256_b64
from yitong.errors import YitongError
from yitong.settlement.clearing import Difference, Item, Statement, compare, statement_bytes, statement_hash, statements
from yitong.settlement.clearing import read_statement as _read
from yitong.settlement.netting import gross_of, net
from yitong.settlement.usage import Obligation


@dataclass(frozen=True, slots=True)
class Netted:
    """What a window comes to: ``gross`` is what each owes the other, fees held back; the debtor pays the difference."""

    gross: tuple[tuple[str, str, int], ...]
    debtor: str
    creditor: str
    amount_fen: int


def window_id(one: str, other: str, window: date, part: int) -> str:
    """The identifier of a window, the same on both sides."""
    first, second = sorted((one, other))
    return f"{first}/{second}/{window.isoformat()}/{part}"


def side(issuer: str, other: str, window: date, part: int, obligations: Iterable[Obligation]) -> tuple[Statement, ...]:
    """The statements over the lines that ``issuer`` posted in a part of a window, from any obligations of that part."""
    return tuple(replace(made, part=part) for made in statements(frozenset({issuer, other}), window, obligations))


def read_side(texts: Iterable[object], one: str, other: str, window: date, part: int, where: str) -> tuple[Statement, ...]:
    """The statements that a neighbour sent as texts.

    Raises ``clearing.malformed``, ``clearing.wrong-total``, or ``clearing.not-same`` for another window than the one
    that they came for.
    """
    found = []
    for text in texts:
        if not isinstance(text, str):
            raise YitongError("clearing.malformed", where)
        made = _read(text.encode(), where)
        if {made.payer, made.payee} != {one, other} or (made.window, made.part) != (window, part):
            raise YitongError("clearing.not-same", where)
        found.append(made)
    if [made.payer for made in found] != sorted({made.payer for made in found}):
        raise YitongError("clearing.malformed", where)
    return tuple(found)


def write_side(made: Iterable[Statement]) -> list[str]:
    """The statements as texts, each in its one spelling."""
    return [statement_bytes(each).decode() for each in made]


def window_hash(sides: Mapping[str, tuple[Statement, ...]]) -> str:
    """The hash over a window, from the statements of each issuer."""
    return sha256_b64(canonical_json([[issuer, [statement_hash(made) for made in sides[issuer]]] for issuer in sorted(sides)]))


def differences(ours: tuple[Statement, ...], theirs: tuple[Statement, ...]) -> tuple[Difference, ...]:
    """The usages on which two computations of one issuer's side differ."""
    mine, other = {(m.payer, m.payee): m for m in ours}, {(m.payer, m.payee): m for m in theirs}
    found: list[Difference] = []
    for pair in sorted(mine.keys() | other.keys()):
        there = mine.get(pair) or other[pair]
        empty = replace(there, items=())
        found += compare(mine.get(pair, empty), other.get(pair, empty))
    return tuple(found)


def difference_to_json(found: Difference) -> dict[str, object]:
    """The JSON members of a difference."""
    return {"usage_id": found.usage_id, "kind": found.kind, "ours": _row(found.ours), "theirs": _row(found.theirs)}


def _row(item: Item | None) -> list[int] | None:
    return None if item is None else [item.gross_fen, item.fee_fen]


def netted(one: str, other: str, made: Iterable[Statement]) -> Netted:
    """What each owes the other by the statements of both sides, and the one payment; of nothing when they are even.

    Of two that are even, the first by name is called the debtor, so that one of them closes the books first.
    """
    first, second = sorted((one, other))
    gross = gross_of(made)
    for payment in net(gross).bilateral:
        first, second = payment.debtor, payment.creditor
    amount_fen = gross.get((first, second), 0) - gross.get((second, first), 0)
    owed = tuple((debtor, creditor, fen) for (debtor, creditor), fen in sorted(gross.items()) if fen)
    return Netted(owed, first, second, amount_fen)
