"""Clearing: what one party owes another for one window, computed by both and compared by hash.

A statement is made from obligations alone. It has one spelling, so two parties that hold the same obligations hold the
same bytes; where the hashes differ, :func:`compare` names the usages that do. Nothing here has a deadline: an item
that arrives late belongs to the window that its own moment decides, and :func:`supplement` states what it adds to what
was settled before. Gross and fee stay visible beside the net, because the books of both sides need both lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from yitong.digest import canonical_json, parse_json, sha256_b64
from yitong.errors import YitongError
from yitong.settlement.usage import Obligation, distinct, read_day, read_fields

FEES = frozenset({"scheme-fee"})  # reasons that the payee owes back to the payer; all others are gross


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """What one usage puts into a statement; ``net`` is gross less fee. A reversal counts below zero."""

    usage_id: str
    gross_fen: int
    fee_fen: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What ``payer`` owes ``payee`` for ``window``. ``part`` is 0, then 1, 2, … for what arrived after it was settled."""

    payer: str
    payee: str
    window: date
    part: int
    items: tuple[Item, ...]

    @property
    def gross_fen(self) -> int:
        """The sum of the items before fees."""
        return sum(item.gross_fen for item in self.items)

    @property
    def fee_fen(self) -> int:
        """The sum of the fees held back."""
        return sum(item.fee_fen for item in self.items)

    @property
    def net_fen(self) -> int:
        """What is to be paid; negative when reversals outweigh."""
        return self.gross_fen - self.fee_fen


@dataclass(frozen=True, slots=True)
class Difference:
    """A usage on which two statements differ; the missing side's item is None."""

    usage_id: str
    kind: Literal["only-ours", "only-theirs", "amount"]
    ours: Item | None
    theirs: Item | None


def statement(payer: str, payee: str, window: date, obligations: Iterable[Obligation]) -> Statement:
    """The whole statement of one pair and window, from any obligations in any order and number of copies."""
    amounts: dict[str, list[int]] = {}
    for item in distinct(obligations):
        if item.window == window and _pair(item) == (payer, payee):
            signed = -item.amount_fen if item.reverses else item.amount_fen
            amounts.setdefault(item.usage_id, [0, 0])[item.why in FEES] += signed
    return Statement(payer, payee, window, 0, tuple(Item(usage, *amounts[usage]) for usage in sorted(amounts)))


def statements(parties: frozenset[str], window: date, obligations: Iterable[Obligation]) -> tuple[Statement, ...]:
    """All statements of a window between the ``parties`` of the agreement, in order of payer and payee.

    What a passenger owes an issuer is billed, not cleared: passengers are no parties.
    """
    every = distinct(obligations)
    pairs = sorted({_pair(item) for item in every if item.window == window and parties >= set(_pair(item))})
    return tuple(statement(payer, payee, window, every) for payer, payee in pairs)


def _pair(item: Obligation) -> tuple[str, str]:
    """Payer and payee of the statement that ``item`` stands in: a fee and a reversal run against the statement."""
    against = (item.why in FEES) != (item.reverses is not None)
    return (item.creditor, item.debtor) if against else (item.debtor, item.creditor)


def supplement(settled: Sequence[Statement], whole: Statement) -> Statement | None:
    """What ``whole`` holds beyond the parts already ``settled``, as the next part; None when there is nothing more.

    Raises ``clearing.not-same`` when a settled part is of another pair or window.
    """
    before: dict[str, tuple[int, int]] = {}
    for part in settled:
        _same(part, whole)
        for item in part.items:
            gross, fee = before.get(item.usage_id, (0, 0))
            before[item.usage_id] = (gross + item.gross_fen, fee + item.fee_fen)
    now = {item.usage_id: (item.gross_fen, item.fee_fen) for item in whole.items}
    items = []
    for usage in sorted(before.keys() | now.keys()):
        (old_gross, old_fee), (gross, fee) = before.get(usage, (0, 0)), now.get(usage, (0, 0))
        if (gross, fee) != (old_gross, old_fee):
            items.append(Item(usage, gross - old_gross, fee - old_fee))
    return Statement(whole.payer, whole.payee, whole.window, len(settled), tuple(items)) if items else None


def compare(ours: Statement, theirs: Statement) -> tuple[Difference, ...]:
    """The usages on which the two differ; raises ``clearing.not-same`` when they state different things altogether."""
    _same(ours, theirs)
    if ours.part != theirs.part:
        raise YitongError("clearing.not-same")
    mine, other = {i.usage_id: i for i in ours.items}, {i.usage_id: i for i in theirs.items}
    return tuple(
        Difference(usage, _kind(mine.get(usage), other.get(usage)), mine.get(usage), other.get(usage))
        for usage in sorted(mine.keys() | other.keys())
        if mine.get(usage) != other.get(usage)
    )


def _kind(ours: Item | None, theirs: Item | None) -> Literal["only-ours", "only-theirs", "amount"]:
    if theirs is None:
        return "only-ours"
    return "only-theirs" if ours is None else "amount"


def _same(one: Statement, other: Statement) -> None:
    if (one.payer, one.payee, one.window) != (other.payer, other.payee, other.window):
        raise YitongError("clearing.not-same")


def statement_bytes(made: Statement) -> bytes:
    """The one spelling of a statement: canonical JSON with its totals, items by usage."""
    return canonical_json(
        {
            "payer": made.payer,
            "payee": made.payee,
            "window": made.window.isoformat(),
            "part": made.part,
            "count": len(made.items),
            "gross_fen": made.gross_fen,
            "fee_fen": made.fee_fen,
            "net_fen": made.net_fen,
            "items": [[item.usage_id, item.gross_fen, item.fee_fen] for item in made.items],
        }
    )


def statement_hash(made: Statement) -> str:
    """SHA-256 of the statement's bytes: equal on both sides, or there is a difference to find."""
    return sha256_b64(statement_bytes(made))


def read_statement(data: bytes, where: str = "") -> Statement:
    """A statement from its bytes; raises ``clearing.malformed``, or ``clearing.wrong-total`` when the sums do not hold."""
    whole: dict[str, tuple[type, ...]] = dict.fromkeys(("part", "count", "gross_fen", "fee_fen", "net_fen"), (int,))
    texts: dict[str, tuple[type, ...]] = dict.fromkeys(("payer", "payee", "window"), (str,))
    fields = read_fields(parse_json(data, where), whole | texts | {"items": (list,)}, "clearing.malformed", where)
    window = read_day(fields["window"], "clearing.malformed", f"{where}/window")
    items = tuple(_read_item(row, f"{where}/items/{at}") for at, row in enumerate(fields["items"]))
    made = Statement(fields["payer"], fields["payee"], window, fields["part"], items)
    names = [item.usage_id for item in items]
    if names != sorted(set(names)) or made.part < 0 or made.payer == made.payee:
        raise YitongError("clearing.malformed", f"{where}/items")
    if [fields[n] for n in ("count", "gross_fen", "fee_fen", "net_fen")] != [
        len(items),
        made.gross_fen,
        made.fee_fen,
        made.net_fen,
    ]:
        raise YitongError("clearing.wrong-total", where)
    if statement_bytes(made) != data:
        raise YitongError("clearing.malformed", where)
    return made


def _read_item(row: Any, where: str) -> Item:
    if type(row) is not list or [type(value) for value in row] != [str, int, int]:
        raise YitongError("clearing.malformed", where)
    return Item(*row)
