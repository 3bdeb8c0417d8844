"""Records of the pages about money: a ride, a bill, a clearing window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import Action, Event, Fact, Link, Message


@dataclass(frozen=True, slots=True)
class Gate:
    """Where and when a ride began or ended, and whose gate it was."""

    station: Words
    operator: Words
    at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """What one institution gets of a fare, and for what."""

    institution: Words
    basis: Words
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a computation in words, and the amount it came to."""

    sentence: Words
    amount_fen: int


@dataclass(frozen=True, slots=True)
class RidePage:
    """``ride.html``: a ride, what it cost and why, who gets what, and where the money is."""

    number: str
    entered: Gate | None  # None: no entry was read
    left: Gate | None  # None: no exit was read yet
    fare_fen: int
    why: tuple[Step, ...]
    shares: tuple[Share, ...]
    state: str  # words "charge-state.…"
    charged_fen: int
    issuer: Words
    window: Link | None
    events: tuple[Event, ...] = ()
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line of a bill: its four parts sum to its gross, and ``why`` says how they came about."""

    name: Words
    grade: Words
    quantity: str
    price_fen: int
    gross_fen: int
    outside_fen: int  # not covered at all
    over_limit_fen: int  # above the limit price
    first_share_fen: int  # the part of a covered item that the person pays first
    in_scope_fen: int
    why: Words


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays how much of a bill, in words ``payer.…``: fund | account | cash | hospital."""

    code: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class BillPage:
    """``bill.html``: a bill line by line, how the shares were computed, who pays, how the money moves, on what messages."""

    number: str
    patient: Words
    place: Words
    insurer: Words
    on: date
    state: str  # words "bill-state.…"
    facts: tuple[Fact, ...]
    lines: tuple[BillLine, ...]
    steps: tuple[Step, ...]
    payers: tuple[Payer, ...]
    events: tuple[Event, ...]
    messages: tuple[Message, ...]
    actions: tuple[Action, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """The sum of each column of the lines."""
        return {
            "gross_fen": sum(line.gross_fen for line in self.lines),
            "outside_fen": sum(line.outside_fen for line in self.lines),
            "over_limit_fen": sum(line.over_limit_fen for line in self.lines),
            "first_share_fen": sum(line.first_share_fen for line in self.lines),
            "in_scope_fen": sum(line.in_scope_fen for line in self.lines),
        }

    @property
    def paid_fen(self) -> int:
        """What the payers pay together; equals the gross of all lines."""
        return sum(payer.amount_fen for payer in self.payers)


@dataclass(frozen=True, slots=True)
class Pair:
    """Who owes whom in a window: the gross of the one direction and the net after setting off the other (0: owed back)."""

    debtor: Words
    creditor: Words
    count: int
    gross_fen: int
    net_fen: int
    state: str  # words "clearing-state.…"


@dataclass(frozen=True, slots=True)
class Position:
    """One party's net position in a window; negative owes. Positions of a window sum to zero."""

    name: Words
    net_fen: int


@dataclass(frozen=True, slots=True)
class ClearingLine:
    """One obligation in a window."""

    reference: str
    at: datetime
    debtor: Words
    creditor: Words
    amount_fen: int
    state: str  # words "clearing-state.…"
    href: str = ""


@dataclass(frozen=True, slots=True)
class SideHash:
    """The hash one side computed over the window; an empty one has not come yet."""

    name: Words
    digest: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class ClearingPage:
    """``clearing.html``: one window between institutions, gross and net, its lines, its settlement, both sides' hashes."""

    window: Words
    state: str  # words "clearing-state.…"
    pairs: tuple[Pair, ...]
    positions: tuple[Position, ...]
    entries: tuple[ClearingLine, ...]
    settlement: tuple[Fact, ...]
    hashes: tuple[SideHash, ...]
    events: tuple[Event, ...] = ()

    @property
    def gross_fen(self) -> int:
        """What would move if every pair paid in full both ways."""
        return sum(pair.gross_fen for pair in self.pairs)

    @property
    def bilateral_fen(self) -> int:
        """What would move if each pair set off the two directions."""
        return sum(pair.net_fen for pair in self.pairs)

    @property
    def moved_fen(self) -> int:
        """What moves when everybody sets off against everybody."""
        return sum(position.net_fen for position in self.positions if position.net_fen > 0)

    @property
    def agreed(self) -> bool:
        """Whether all sides sent the same hash."""
        return len({side.digest for side in self.hashes}) == 1 and all(side.digest for side in self.hashes)
