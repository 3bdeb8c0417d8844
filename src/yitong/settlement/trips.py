"""From taps to trips: which exit ends which entry.

Gates work offline, so taps arrive late, twice and in any order. Matching therefore looks at nothing but the set of
taps of one pass and the moment as of which it is asked: :func:`match_pass` gives the same trips however the taps came,
and :func:`change` says what a late tap has undone and what it has made. What was undone and charged is reversed
(``usage.corrections``).

    entry ── exit within the longest ride ─────────────► matched            (same station: same_station)
          ── exit later, within the over-time ─────────► over_time
          ── another entry, or the time is over ───────► expired_no_exit
          ── none of these yet ────────────────────────► open
    exit without an entry ─────────────────────────────► orphan_exit

What happens to a trip afterwards (priced, billed, collected) belongs to its obligations, not to it. A code used at two
gates counts once, at the first; the other tap is refused with ``code-reused``, since a photograph can make it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from yitong.digest import canonical_json, sha256_b64
from yitong.errors import YitongError
from yitong.settlement.gate import Tap, tap_to_json

State = Literal["open", "matched", "same_station", "over_time", "expired_no_exit", "orphan_exit"]


@dataclass(frozen=True, slots=True)
class RideRules:
    """How long a ride may last, and until when an exit still ends it (``over_time`` ≥ ``longest_ride``)."""

    longest_ride: timedelta
    over_time: timedelta


@dataclass(frozen=True, slots=True)
class Trip:
    """An entry, an exit, or both. ``trip_id`` is a hash of the taps: the same taps make the same trip everywhere."""

    trip_id: str
    state: State
    issuer: str
    pass_id: str
    limit_fen: int
    entry: Tap | None
    exit: Tap | None

    @property
    def usage_id(self) -> str:
        """The trip's identifier, under the name that every usage has."""
        return self.trip_id

    @property
    def at(self) -> datetime:
        """The moment that decides the window: of the exit, or of the entry when there is no exit."""
        last = self.exit or self.entry
        if last is None:
            raise ValueError("a trip has at least one tap")
        return last.at


@dataclass(frozen=True, slots=True)
class RefusedTap:
    """A tap that takes no part in matching, and why."""

    tap_id: str
    reason: Literal["code-reused"]


@dataclass(frozen=True, slots=True)
class Matching:
    """The trips of a set of taps, in the order in which they began, and the taps that were left out."""

    trips: tuple[Trip, ...]
    refused: tuple[RefusedTap, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What a new matching withdraws of an earlier one, and what it adds; a trip whose state changed stands in both."""

    withdrawn: tuple[Trip, ...]
    made: tuple[Trip, ...]


def match(taps: Iterable[Tap], rules: RideRules, as_of: datetime) -> Matching:
    """The trips of all passes among ``taps``; raises ``tap.conflict`` when two taps differ under one identifier."""
    by_pass: dict[tuple[str, str], list[Tap]] = {}
    for tap in taps:
        by_pass.setdefault((tap.issuer, tap.pass_id), []).append(tap)
    found = [match_pass(by_pass[key], rules, as_of) for key in sorted(by_pass)]
    return Matching(tuple(t for m in found for t in m.trips), tuple(r for m in found for r in m.refused))


def match_pass(taps: Iterable[Tap], rules: RideRules, as_of: datetime) -> Matching:
    """The trips of one pass, from its taps in any order and number of copies.

    1. Each tap once, by identifier.  2. In order of their own time, never of arrival.  3. Each code once.  4. Each
    exit ends the entry before it, if that is still open and not too long ago.
    """
    ordered = _distinct(taps)  # 1, 2
    kept, refused = _first_uses(ordered)  # 3
    trips: list[Trip] = []
    entered: Tap | None = None
    for tap in kept:  # 4
        if tap.direction == "entry":
            trips += [_trip("expired_no_exit", entered, None)] if entered else []
            entered = tap
        elif entered and tap.at - entered.at <= rules.over_time:
            trips.append(_trip(_ended(entered, tap, rules), entered, tap))
            entered = None
        else:
            trips += [_trip("expired_no_exit", entered, None)] if entered else []
            trips.append(_trip("orphan_exit", None, tap))
            entered = None
    if entered:
        trips.append(_trip("expired_no_exit" if as_of - entered.at > rules.longest_ride else "open", entered, None))
    return Matching(tuple(trips), refused)


def change(before: Sequence[Trip], after: Sequence[Trip]) -> Change:
    """The difference between two matchings of the same pass: withdraw and reverse the one, price the other."""
    old, new = frozenset(before), frozenset(after)
    return Change(tuple(trip for trip in before if trip not in new), tuple(trip for trip in after if trip not in old))


def _distinct(taps: Iterable[Tap]) -> list[Tap]:
    found: dict[str, Tap] = {}
    for tap in taps:
        if found.setdefault(tap.tap_id, tap) != tap:
            raise YitongError("tap.conflict", tap.tap_id)
    return sorted(found.values(), key=lambda tap: (tap.at, tap.tap_id))


def _first_uses(ordered: Sequence[Tap]) -> tuple[list[Tap], tuple[RefusedTap, ...]]:
    seen: set[str] = set()
    kept: list[Tap] = []
    refused: list[RefusedTap] = []
    for tap in ordered:
        if tap.code_hash in seen:
            refused.append(RefusedTap(tap.tap_id, "code-reused"))
        else:
            seen.add(tap.code_hash)
            kept.append(tap)
    return kept, tuple(refused)


def _ended(entered: Tap, left: Tap, rules: RideRules) -> State:
    if left.at - entered.at > rules.longest_ride:
        return "over_time"
    return "same_station" if (entered.operator, entered.station) == (left.operator, left.station) else "matched"


def _trip(state: State, entry: Tap | None, left: Tap | None) -> Trip:
    taps = [tap for tap in (entry, left) if tap]
    whole = canonical_json([tap_to_json(tap) for tap in taps])
    return Trip(
        trip_id=f"trip-{sha256_b64(whole)}",
        state=state,
        issuer=taps[0].issuer,
        pass_id=taps[0].pass_id,
        limit_fen=min(tap.limit_fen for tap in taps),
        entry=entry,
        exit=left,
    )
