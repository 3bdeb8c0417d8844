"""Pictures that are computed: who pays whom, as boxes and bands for an SVG that the template draws.

The picture only repeats what a table beside it says in figures; it carries a title and a description for those who do
not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from yitong.errors import Text
from yitong.node.pages.text import Words, as_text

WIDTH = 760
BOX_WIDTH = 270
BOX_HEIGHT = 52
GAP = 14
BAND_COLOURS = 6
_THINNEST, _THICKEST = 2, 18


@dataclass(frozen=True, slots=True)
class Flow:
    """An amount that one party pays another."""

    debtor: Words
    creditor: Words
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Box:
    """A party on the paying or the receiving side, with the sum of its flows."""

    name: Text
    x: int
    y: int
    total_fen: int
    middle_y: int
    width: int = BOX_WIDTH
    height: int = BOX_HEIGHT


@dataclass(frozen=True, slots=True)
class Band:
    """A flow as a curve; ``colour`` is a class number, ``width`` grows with the amount."""

    path: str
    width: int
    colour: int
    debtor: Text
    creditor: Text
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes left (who pays) and right (who receives), and the bands between them."""

    width: int
    height: int
    payers: tuple[Box, ...]
    receivers: tuple[Box, ...]
    bands: tuple[Band, ...]


def _column(names: list[Text], totals: dict[Text, int], x: int, height: int) -> tuple[Box, ...]:
    used = len(names) * BOX_HEIGHT + (len(names) - 1) * GAP
    top = (height - used) // 2
    ys = [top + i * (BOX_HEIGHT + GAP) for i in range(len(names))]
    return tuple(Box(name, x, y, totals[name], y + BOX_HEIGHT // 2) for name, y in zip(names, ys, strict=True))


def _totals(pairs: list[tuple[Text, int]]) -> dict[Text, int]:
    totals: dict[Text, int] = {}
    for name, amount_fen in pairs:
        totals[name] = totals.get(name, 0) + amount_fen
    return totals


def flow_picture(flows: Sequence[Flow]) -> Picture:
    """The picture of ``flows``; flows of nothing are left out. Parties stand in the order of their first flow."""
    shown = [flow for flow in flows if flow.amount_fen > 0]
    paid = _totals([(as_text(flow.debtor), flow.amount_fen) for flow in shown])
    received = _totals([(as_text(flow.creditor), flow.amount_fen) for flow in shown])
    rows = max(len(paid), len(received), 1)
    height = rows * BOX_HEIGHT + (rows - 1) * GAP
    payers = _column(list(paid), paid, 0, height)
    receivers = _column(list(received), received, WIDTH - BOX_WIDTH, height)
    largest = max((flow.amount_fen for flow in shown), default=1)
    bands = tuple(_band(flow, payers, receivers, largest) for flow in shown)
    return Picture(WIDTH, height, payers, receivers, bands)


def _band(flow: Flow, payers: tuple[Box, ...], receivers: tuple[Box, ...], largest_fen: int) -> Band:
    debtor, creditor = as_text(flow.debtor), as_text(flow.creditor)
    place = next(i for i, box in enumerate(payers) if box.name == debtor)
    start_y = payers[place].middle_y
    end_y = next(box.middle_y for box in receivers if box.name == creditor)
    start_x, end_x, middle_x = BOX_WIDTH, WIDTH - BOX_WIDTH, WIDTH // 2
    path = f"M{start_x} {start_y}C{middle_x} {start_y} {middle_x} {end_y} {end_x} {end_y}"
    width = _THINNEST + (_THICKEST - _THINNEST) * flow.amount_fen // largest_fen
    return Band(path, width, place % BAND_COLOURS, debtor, creditor, flow.amount_fen)
