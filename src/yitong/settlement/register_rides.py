"""What a node keeps of rides: passes, taps, trips, lines of its books, and the windows in which two operators clear.

An issuer's node keeps its passes with the accounts behind them, every tap of those passes, the trips that they make,
and every obligation that follows. An operator's node keeps its own taps and its own part of the obligations; of the
passenger it knows the alias and nothing more.

    window of an obligation = (two operators, service day, part)

The **day** follows from the usage alone. The **part** (0, 1, 2, …) is fixed when the issuer's node posts the
obligation: it is the part that is open on that day between the two, which is 0 until a part is closed and then the
next. The operator's node takes it over. So an item that comes after a window was settled stands in a window of its
own, both sides put it into the same one, and nobody's clock decides it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from yitong.records import Noun
from yitong.settlement.clearing import Difference, Statement
from yitong.settlement.gate import Tap
from yitong.settlement.trips import Trip
from yitong.settlement.usage import Obligation

ACCEPTED = "accepted"
WindowState = Literal["computed", "agreed", "disputed", "settled"]


def pass_key(issuer: str, pass_id: str) -> str:
    """How a pass is found: its alias is unique for its issuer only."""
    return f"{issuer}/{pass_id}"


def pair_key(book: str, other: str) -> str:
    """How the dealings of the owner of ``book`` with ``other`` are found at the owner's node."""
    return f"{book}/{other}"


def day_key(book: str, other: str, window: date) -> str:
    """All parts of one service day between two operators."""
    return f"{book}/{other}/{window.isoformat()}"


def window_key(book: str, other: str, window: date, part: int) -> str:
    """One part of one service day between two operators, as the owner of ``book`` keeps it."""
    return f"{day_key(book, other, window)}/{part}"


@dataclass(frozen=True, slots=True)
class PassRecord:
    """A pass at its issuer's node: whose it is stays here. ``matched_as_of`` never goes back, whatever a clock does."""

    issuer: str
    pass_id: str
    account_id: str
    limit_fen: int
    valid_from: datetime
    expires_at: datetime
    recorded_at: datetime
    matched_as_of: datetime


@dataclass(frozen=True, slots=True)
class KeptTap:
    """A tap of one of our gates, or of one of our passes. ``untold``: its issuer's node is still to be told."""

    tap: Tap
    received_at: datetime
    untold: bool


@dataclass(frozen=True, slots=True)
class RideRecord:
    """A trip at its issuer's node. Not ``standing``: later taps made other trips of its taps. ``problem``: why it has no price."""

    trip: Trip
    account_id: str
    standing: bool
    problem: str
    recorded_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RideLine:
    """One obligation in one book. ``other`` is the operator that it is cleared with, or empty; ``issuer`` posted it first.

    ``answer``: empty while the operator has not answered, ``accepted``, or the code of its refusal. What was refused
    stands in no statement.
    """

    book: str
    other: str
    issuer: str
    pass_id: str
    obligation: Obligation
    part: int
    posted_at: datetime
    untold: bool
    answer: str

    @property
    def key(self) -> str:
        """The same for the same obligation in the same book."""
        return f"{self.book}:{self.obligation.id}"

    @property
    def counts(self) -> bool:
        """Whether it stands in the statement of its window."""
        return bool(self.other) and self.answer in ("", ACCEPTED)


@dataclass(frozen=True, slots=True)
class Pair:
    """Locked by whoever posts, tells, closes or settles between two operators, so that these happen one at a time."""

    book: str
    other: str


@dataclass(frozen=True, slots=True)
class Paid:
    """The one payment that settled a window; of nothing when both owed the same."""

    debtor: str
    creditor: str
    amount_fen: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ClearingWindow:
    """A closed window as one side keeps it.

    ``ours`` are the statements of the lines that we posted as issuer, ``theirs`` those that they stated. The hashes
    cover both: ``our_hash`` as we compute it from our own books, ``their_hash`` as they told us they did from theirs.
    ``round`` counts how often we stated, ``their_round`` how often they did (0: not yet). ``untold``: our statement is
    still to be sent.
    """

    book: str
    other: str
    window: date
    part: int
    state: WindowState
    closed_at: datetime
    ours: tuple[Statement, ...]
    round: int
    untold: bool
    theirs: tuple[Statement, ...] = ()
    their_round: int = 0
    our_hash: str = ""
    our_hash_at: datetime | None = None
    their_hash: str = ""
    their_hash_at: datetime | None = None
    differences: tuple[Difference, ...] = ()
    paid: Paid | None = None

    @property
    def key(self) -> str:
        """Pair, day and part."""
        return window_key(self.book, self.other, self.window, self.part)


PASSES: Noun[PassRecord] = Noun(
    "metro_pass", PassRecord, lambda p: pass_key(p.issuer, p.pass_id), {"account_id": lambda p: p.account_id}
)
TAPS: Noun[KeptTap] = Noun(
    "metro_tap",
    KeptTap,
    lambda k: k.tap.tap_id,
    {
        "pass_key": lambda k: pass_key(k.tap.issuer, k.tap.pass_id),
        "untold": lambda k: pair_key(k.tap.operator, k.tap.issuer) if k.untold else None,
    },
)
RIDES: Noun[RideRecord] = Noun(
    "metro_trip",
    RideRecord,
    lambda r: r.trip.trip_id,
    {
        "pass_key": lambda r: pass_key(r.trip.issuer, r.trip.pass_id),
        "account_id": lambda r: r.account_id,
        "issuer": lambda r: r.trip.issuer,
    },
)
LINES: Noun[RideLine] = Noun(
    "metro_line",
    RideLine,
    lambda v: v.key,
    {
        "pass_key": lambda v: pass_key(v.issuer, v.pass_id) if v.book == v.issuer else None,
        "window_key": lambda v: window_key(v.book, v.other, v.obligation.window, v.part) if v.other else None,
        "usage_id": lambda v: f"{v.book}:{v.obligation.usage_id}",
        "untold": lambda v: pair_key(v.book, v.other) if v.untold else None,
    },
)
PAIRS: Noun[Pair] = Noun("metro_pair", Pair, lambda p: pair_key(p.book, p.other))
WINDOWS: Noun[ClearingWindow] = Noun(
    "metro_window",
    ClearingWindow,
    lambda w: w.key,
    {
        "book": lambda w: w.book,
        "day_key": lambda w: day_key(w.book, w.other, w.window),
        "book_day": lambda w: f"{w.book}/{w.window.isoformat()}",
        "untold": lambda w: pair_key(w.book, w.other) if w.untold else None,
    },
)
