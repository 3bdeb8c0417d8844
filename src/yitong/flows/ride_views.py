"""Rides and clearing windows to be read, by programs and pages alike.

A ride is its passenger's, and the issuer's officers may look at it (the look is noted). A window is read by the officers
of the operator whose book it is. Whatever is someone else's is ``store.not-found``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.errors import Text, YitongError
from yitong.flows.context import Context
from yitong.flows.looks import note_look
from yitong.flows.ride_clearing import outcome
from yitong.flows.ride_trips import ALL, open_part
from yitong.flows.ride_words import RideShare, RideStep, shares_of, steps_of
from yitong.flows.unit import Unit
from yitong.people.account import Account
from yitong.settlement.clearing import Difference
from yitong.settlement.gate import Tap
from yitong.settlement.register_rides import (
    LINES,
    RIDES,
    WINDOWS,
    ClearingWindow,
    Paid,
    RideLine,
    RideRecord,
    window_key,
)
from yitong.settlement.windows import Netted, netted, side

READ, CLEAR = "ride.read", "ride.clear"
Gross = tuple[tuple[str, str, int], ...]  # debtor, creditor, fen


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a rider passed a gate."""

    operator: str
    operator_title: Text
    station: str
    station_title: Text
    at: datetime


@dataclass(frozen=True, slots=True)
class RideView:
    """One ride. ``state`` is the trip's; ``money`` is ``open``, ``posted``, ``settled`` or ``reversed``.

    ``charged_fen`` is the sum of ``why``; the amounts of ``shares`` sum to ``fare_fen``. ``windows`` are the references of
    the closed windows that its lines stand in. ``problem`` is the code of why it could not be priced.
    """

    id: str
    state: str
    money: str
    issuer: str
    issuer_title: Text
    entry: Place | None
    exit: Place | None
    fare_fen: int
    charged_fen: int
    why: tuple[RideStep, ...]
    shares: tuple[RideShare, ...]
    service_day: date
    windows: tuple[str, ...]
    problem: str
    account_id: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class WindowLine:
    """One obligation in a window; ``answer`` is empty, ``accepted`` or the code of the operator's refusal."""

    id: str
    usage_id: str
    issuer: str
    debtor: str
    creditor: str
    why: str
    amount_fen: int
    posted_at: datetime
    answer: str
    reverses: str | None


@dataclass(frozen=True, slots=True)
class WindowView:
    """A window as one side has it; an open one has no hashes yet. ``ref`` is its name in addresses.

    ``gross`` is what each owes the other, fees held back; ``debtor`` pays ``creditor`` ``net_fen``.
    """

    ref: str
    book: str
    book_title: Text
    other: str
    other_title: Text
    window: date
    part: int
    state: str
    closed_at: datetime | None
    gross: Gross
    debtor: str
    creditor: str
    net_fen: int
    our_hash: str
    our_hash_at: datetime | None
    their_hash: str
    their_hash_at: datetime | None
    differences: tuple[Difference, ...]
    lines: tuple[WindowLine, ...]
    paid: Paid | None

    @property
    def hashes_agree(self) -> bool:
        """Whether both sides computed the same."""
        return bool(self.our_hash) and self.our_hash == self.their_hash


async def rides_of(context: Context, account_id: str, limit: int = 50) -> list[RideView]:
    """The rides of a passenger that stand, newest first."""
    async with context.store.begin() as unit:
        found: list[RideRecord] = await unit.shelf(RIDES).find(account_id=account_id, limit=limit)
        return [await _ride(context, unit, ride) for ride in found if ride.standing]


async def rides_at(context: Context, issuer: str, limit: int = 50) -> list[RideView]:
    """The latest rides of an issuer's passes, for its officers; whose they are is not shown in a list."""
    async with context.store.begin() as unit:
        found: list[RideRecord] = await unit.shelf(RIDES).find(issuer=issuer, limit=limit)
        return [await _ride(context, unit, ride) for ride in found if ride.standing]


async def ride_for(context: Context, account: Account, ride_id: str) -> RideView:
    """A ride that this account may see: the passenger's own, or one of a pass of the officer's institution."""
    async with context.transaction() as unit:
        ride: RideRecord | None = await unit.shelf(RIDES).get(ride_id)
        own = ride is not None and ride.account_id == account.id and account.may("own")
        office = ride is not None and account.institution == ride.trip.issuer and account.may(READ)
        if ride is not None and not own:
            await note_look(context, unit, account, ride.account_id, READ, "ride", refused=not office)
        view = await _ride(context, unit, ride) if ride is not None and (own or office) else None
    if view is None:
        raise YitongError("store.not-found", ride_id)
    return view


async def _ride(context: Context, unit: Unit, ride: RideRecord) -> RideView:
    metro, trip = context.catalog.metro, ride.trip
    found: list[RideLine] = await unit.shelf(LINES).find(usage_id=f"{trip.issuer}:{trip.trip_id}", limit=ALL)
    windows, settled = [], True
    for line in found:
        if line.other:
            key = window_key(line.book, line.other, line.obligation.window, line.part)
            kept: ClearingWindow | None = await unit.shelf(WINDOWS).get(key)
            settled = settled and kept is not None and kept.state == "settled"
            windows += [ref_of(kept)] if kept else []
    priced = trip.state != "open" and not ride.problem
    account = metro.scheme.account(trip) if priced else None
    steps = steps_of(metro, trip) if priced else ()
    money = "settled" if windows and settled else "posted"
    return RideView(
        id=trip.trip_id,
        state=trip.state,
        money=("reversed" if found else "open") if not ride.standing else (money if found else "open"),
        issuer=trip.issuer,
        issuer_title=metro.operators[trip.issuer].title,
        entry=_place(context, trip.entry),
        exit=_place(context, trip.exit),
        fare_fen=account.fare_fen if account else 0,
        charged_fen=sum(step.amount_fen for step in steps),
        why=steps,
        shares=shares_of(metro, trip, account) if account else (),
        service_day=metro.scheme.window(trip),
        windows=tuple(dict.fromkeys(windows)),
        problem=ride.problem,
        account_id=ride.account_id,
        changed_at=ride.changed_at,
    )


def _place(context: Context, tap: Tap | None) -> Place | None:
    if tap is None:
        return None
    operator = context.catalog.metro.operators[tap.operator]
    return Place(tap.operator, operator.title, tap.station, operator.stations[tap.station], tap.at)


def ref_of(window: ClearingWindow) -> str:
    """A window's name in addresses, such as ``2026-02-12.0.shanghai-metro``."""
    return _ref(window.window, window.part, window.other)


def _ref(window: date, part: int, other: str) -> str:
    return f"{window.isoformat()}.{part}.{other}"


async def windows_of(context: Context, account: Account, limit: int = 50) -> list[WindowView]:
    """The closed windows of the officer's operator, newest first, without their lines."""
    book = _book_of(account)
    async with context.store.begin() as unit:
        found: list[ClearingWindow] = await unit.shelf(WINDOWS).find(book=book, limit=limit)
        return [_window(context, window, ()) for window in found]


async def window_for(context: Context, account: Account, ref: str) -> WindowView:
    """One closed window of the officer's operator, with its lines; raises ``store.not-found``."""
    book = _book_of(account)
    day, _, rest = ref.partition(".")
    part, _, other = rest.partition(".")
    async with context.store.begin() as unit:
        kept: ClearingWindow | None = await unit.shelf(WINDOWS).get(f"{book}/{other}/{day}/{part}")
        if kept is None:
            raise YitongError("store.not-found", ref)
        return _window(context, kept, await _lines_of(unit, book, other, kept.window, kept.part))


async def windows_on(context: Context, account: Account, window: date) -> list[WindowView]:
    """All windows of one service day of the officer's operator, the open ones that hold anything included."""
    book, found = _book_of(account), []
    async with context.store.begin() as unit:
        kept: list[ClearingWindow] = await unit.shelf(WINDOWS).find(book_day=f"{book}/{window.isoformat()}", limit=ALL)
        for each in reversed(kept):
            found.append(_window(context, each, await _lines_of(unit, book, each.other, window, each.part)))
        for other in sorted(set(context.catalog.metro.operators) - {book}):
            part = await open_part(unit, book, other, window)
            lines = await _lines_of(unit, book, other, window, part)
            if lines:
                found.append(_open_window(context, book, other, window, part, lines))
    return found


def _book_of(account: Account) -> str:
    if account.institution is None or not account.may(READ):
        raise YitongError("access.denied")
    return account.institution


async def _lines_of(unit: Unit, book: str, other: str, window: date, part: int) -> tuple[RideLine, ...]:
    found: list[RideLine] = await unit.shelf(LINES).find(window_key=window_key(book, other, window, part), limit=ALL)
    return tuple(reversed(found))


def _window(context: Context, kept: ClearingWindow, lines: tuple[RideLine, ...]) -> WindowView:
    due = outcome(kept)
    return WindowView(
        ref=ref_of(kept),
        book=kept.book,
        book_title=_title(context, kept.book),
        other=kept.other,
        other_title=_title(context, kept.other),
        window=kept.window,
        part=kept.part,
        state=kept.state,
        closed_at=kept.closed_at,
        gross=due.gross,
        debtor=due.debtor,
        creditor=due.creditor,
        net_fen=due.amount_fen,
        our_hash=kept.our_hash,
        our_hash_at=kept.our_hash_at,
        their_hash=kept.their_hash,
        their_hash_at=kept.their_hash_at,
        differences=kept.differences,
        lines=tuple(_line(line) for line in lines),
        paid=kept.paid,
    )


def _open_window(context: Context, book: str, other: str, window: date, part: int, lines: tuple[RideLine, ...]) -> WindowView:
    """What stands in a part that is still open: the sums so far, as our own book has them."""
    counted = [line.obligation for line in lines if line.counts]
    due: Netted = netted(book, other, side(book, other, window, part, counted))
    return WindowView(
        ref=_ref(window, part, other),
        book=book,
        book_title=_title(context, book),
        other=other,
        other_title=_title(context, other),
        window=window,
        part=part,
        state="open",
        closed_at=None,
        gross=due.gross,
        debtor=due.debtor,
        creditor=due.creditor,
        net_fen=due.amount_fen,
        our_hash="",
        our_hash_at=None,
        their_hash="",
        their_hash_at=None,
        differences=(),
        lines=tuple(_line(line) for line in lines),
        paid=None,
    )


def _title(context: Context, operator: str) -> Text:
    return context.catalog.metro.operators[operator].title


def _line(line: RideLine) -> WindowLine:
    item = line.obligation
    return WindowLine(
        item.id,
        item.usage_id,
        line.issuer,
        item.debtor,
        item.creditor,
        item.why,
        item.amount_fen,
        line.posted_at,
        line.answer,
        item.reverses,
    )
