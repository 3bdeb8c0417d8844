"""What one operator's node tells another's: taps, lines with their trips, closed windows; in that order, under one lock.

Whatever is to be told is marked when it is made (``untold``), and told by whoever comes next: the timer that was set
with it, or a handler that has the neighbour on the line anyway. So posting never waits for the network, nothing is
forgotten when a process dies, and a statement never overtakes a line that stands in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.ride_parties import node_of_operator
from yitong.flows.unit import Timer, Unit
from yitong.settlement.gate import tap_to_json
from yitong.settlement.register_rides import (
    LINES,
    PAIRS,
    RIDES,
    TAPS,
    WINDOWS,
    ClearingWindow,
    KeptTap,
    Pair,
    RideLine,
    RideRecord,
    pair_key,
    pass_key,
)
from yitong.settlement.trips import Trip
from yitong.settlement.usage import obligation_to_json
from yitong.settlement.windows import window_id, write_side

TELL = "metro.tell"
ALL = 100_000
TAPS_AT_ONCE = 500  # a tap is some 400 bytes; a message may have a megabyte
AGAIN_AFTER = timedelta(seconds=10)
log = structlog.get_logger("yitong.ride")


async def lock_pair(unit: Unit, book: str, other: str) -> None:
    """Hold what the owner of ``book`` has with ``other`` until this transaction ends."""
    if await unit.shelf(PAIRS).lock(pair_key(book, other)) is None:
        try:
            await unit.shelf(PAIRS).add(Pair(book, other))
        except YitongError as error:
            if error.code != "store.exists":
                raise
        await unit.shelf(PAIRS).lock(pair_key(book, other))


async def tell_timer(context: Context, unit: Unit, book: str, other: str) -> None:
    """See to it that ``other`` is told what is untold, as soon as this transaction has committed."""
    await unit.timers.set(Timer(f"{TELL}/{pair_key(book, other)}", TELL, pair_key(book, other), context.clock.now()))


async def tell_due(context: Context, unit: Unit, subject: str) -> None:
    """The timer: find the neighbour's node, hold the pair, tell; later again when nobody can say who the neighbour is."""
    book, other = subject.split("/")
    try:
        node = await node_of_operator(context, other)
    except YitongError as error:
        if error.code.startswith("store."):
            raise
        log.info("not told yet", other=other, code=error.code)
        await unit.timers.set(Timer(f"{TELL}/{subject}", TELL, subject, context.clock.now() + AGAIN_AFTER))
        return
    await lock_pair(unit, book, other)
    await tell(context, unit, book, other, node)


async def tell(context: Context, unit: Unit, book: str, other: str, node: str) -> None:
    """Send ``other``'s node all that is untold; whoever calls holds the pair."""
    await _tell_taps(context, unit, book, other, node)
    await _tell_lines(context, unit, book, other, node)
    await _tell_windows(context, unit, book, other, node)


async def _tell_taps(context: Context, unit: Unit, book: str, other: str, node: str) -> None:
    found: list[KeptTap] = await unit.shelf(TAPS).find(untold=pair_key(book, other), limit=ALL)
    for start in range(0, len(found), TAPS_AT_ONCE):
        part = found[start : start + TAPS_AT_ONCE]
        body = {"operator": book, "issuer": other, "taps": [tap_to_json(kept.tap) for kept in part]}
        await context.tell(unit, node, "metro.taps", pair_key(book, other), body)
        for kept in part:
            await unit.shelf(TAPS).save(replace(kept, untold=False))


async def _tell_lines(context: Context, unit: Unit, book: str, other: str, node: str) -> None:
    """One message for each pass: its new lines in the order of posting, and the trips that explain them."""
    found: list[RideLine] = await unit.shelf(LINES).find(untold=pair_key(book, other), limit=ALL)
    by_pass: dict[str, list[RideLine]] = {}
    for line in reversed(found):
        by_pass.setdefault(line.pass_id, []).append(line)
    for pass_id, lines in by_pass.items():
        rides: list[RideRecord] = await unit.shelf(RIDES).find(pass_key=pass_key(book, pass_id), limit=ALL)
        body = {
            "issuer": book,
            "operator": other,
            "trips": [trip_to_json(trip) for trip in _explaining(lines, rides)],
            "lines": [{"obligation": obligation_to_json(line.obligation), "part": line.part} for line in lines],
        }
        await context.tell(unit, node, "metro.trips", pair_key(book, other), body)
        for line in lines:
            await unit.shelf(LINES).save(replace(line, untold=False))


def _explaining(lines: Iterable[RideLine], rides: Iterable[RideRecord]) -> Sequence[Trip]:
    """The trips of the lines, and those that took their taps over."""
    usages = {line.obligation.usage_id for line in lines}
    codes = {code for ride in rides if ride.trip.trip_id in usages for code in codes_of(ride.trip)}
    return [ride.trip for ride in rides if ride.trip.trip_id in usages or (ride.standing and codes & codes_of(ride.trip))]


def codes_of(trip: Trip) -> frozenset[str]:
    """The codes that a trip was made with; a tap stands in one trip only, so trips that share one exclude each other."""
    return frozenset(tap.code_hash for tap in (trip.entry, trip.exit) if tap)


def trip_to_json(trip: Trip) -> dict[str, Any]:
    """The taps of a trip: whoever has them finds its identifier, its state and its price."""
    return {"entry": tap_to_json(trip.entry) if trip.entry else None, "exit": tap_to_json(trip.exit) if trip.exit else None}


async def _tell_windows(context: Context, unit: Unit, book: str, other: str, node: str) -> None:
    found: list[ClearingWindow] = await unit.shelf(WINDOWS).find(untold=pair_key(book, other), limit=ALL)
    for window in reversed(found):
        body = about(window) | {"round": window.round, "statements": write_side(window.ours), "hash": window.our_hash or None}
        subject = window_id(book, other, window.window, window.part)
        await context.tell(unit, node, "metro.statement", subject, body)
        await unit.shelf(WINDOWS).save(replace(window, untold=False))


def about(window: ClearingWindow) -> dict[str, Any]:
    """The members by which a message names a window, as its sender sees it."""
    return {"from": window.book, "to": window.other, "window": window.window.isoformat(), "part": window.part}
