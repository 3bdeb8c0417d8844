"""From taps to trips, prices and lines of the issuer's book: at the issuer's node, whenever a tap or the time makes a difference.

Matching looks at all taps of a pass, so it gives the same trips however the taps came; what later taps undo is reversed
(:func:`yitong.settlement.usage.corrections`). One database transaction holds the taps, the trips, the lines and the
transfers of the ledger.

Locks are taken in one order everywhere, so that no two transactions wait for each other: timers, then passes, then
the timers that tell, then pairs of operators, then accounts; each kind in the order of its names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.ride_tell import lock_pair, tell_timer
from yitong.flows.unit import Timer, Unit
from yitong.ledger.journal import refuse_unless_posted
from yitong.settlement.gate import Tap
from yitong.settlement.register_rides import (
    LINES,
    PASSES,
    RIDES,
    TAPS,
    WINDOWS,
    ClearingWindow,
    KeptTap,
    PassRecord,
    RideLine,
    RideRecord,
    day_key,
    pass_key,
)
from yitong.settlement.ride_books import ride_transfers
from yitong.settlement.trips import Trip, change, match_pass
from yitong.settlement.usage import Obligation, corrections

EXPIRE = "metro.expire"
ALL = 100_000  # of one pass: its period bounds them
_AFTER = timedelta(seconds=1)  # "longer than the longest ride" begins after it


async def expire_timer(context: Context, unit: Unit, tap: Tap) -> None:
    """Look at the pass again when the ride that an entry began must be over."""
    if tap.direction == "entry":
        due_at = tap.at + context.catalog.metro.scheme.agreement.ride_rules.longest_ride + _AFTER
        await unit.timers.set(Timer(f"{EXPIRE}/{tap.tap_id}", EXPIRE, pass_key(tap.issuer, tap.pass_id), due_at))


async def expire(context: Context, unit: Unit, subject: str) -> None:
    """The longest ride time of an entry has passed: without an exit, the operator's rule prices it."""
    await rematch(context, unit, [subject])


async def open_part(unit: Unit, book: str, other: str, window: date) -> int:
    """The part of a service day that is open between two operators: the one after the last that was closed."""
    closed: list[ClearingWindow] = await unit.shelf(WINDOWS).find(day_key=day_key(book, other, window), limit=1)
    return closed[0].part + 1 if closed else 0


async def rematch(context: Context, unit: Unit, keys: Iterable[str], *, tell_too: Iterable[tuple[str, str]] = ()) -> None:
    """Match the taps of passes anew, and post what that changes; does nothing for a pass that is not known (yet).

    ``tell_too`` are pairs (of us, and another) for whom there is something to tell beside that.

    1. Hold the passes.  2. Trips, and what is owed beyond what is held.  3. See to it that operators are told.
    4. Hold the pairs, so that no window closes meanwhile.  5. Fix the part of each line; keep it.  6. Post.
    """
    due: list[tuple[PassRecord, Obligation]] = []
    for key in sorted(set(keys)):
        record: PassRecord | None = await unit.shelf(PASSES).lock(key)  # 1
        if record is not None:
            due += [(record, item) for item in await _changes(context, unit, record)]  # 2
    pairs = sorted({(record.issuer, other) for record, item in due if (other := _other(context, record.issuer, item))})
    for book, other in sorted({*pairs, *tell_too}):
        await tell_timer(context, unit, book, other)  # 3
    for issuer, other in pairs:
        await lock_pair(unit, issuer, other)  # 4
    for record, item in due:
        await _add_line(context, unit, record, item)  # 5
    batch = [transfer for record, item in due for transfer in ride_transfers(record.issuer, [item])]
    if batch:
        refuse_unless_posted(await unit.ledger.post(batch))  # 6


async def _changes(context: Context, unit: Unit, record: PassRecord) -> Sequence[Obligation]:
    """Match one pass's taps, keep its trips, and return the obligations that are to be added to those held."""
    key, now = pass_key(record.issuer, record.pass_id), context.clock.now()
    as_of = max(now, record.matched_as_of)  # an example region's clock may go back; a ride that was over stays over
    kept: list[KeptTap] = await unit.shelf(TAPS).find(pass_key=key, limit=ALL)
    rides: list[RideRecord] = await unit.shelf(RIDES).find(pass_key=key, limit=ALL)
    found = match_pass([k.tap for k in kept], context.catalog.metro.scheme.agreement.ride_rules, as_of)
    wanted: list[Obligation] = []
    problems: dict[str, str] = {}
    for trip in found.trips:
        try:
            wanted += context.catalog.metro.scheme.charge(trip) if trip.state != "open" else ()
        except YitongError as error:  # no price: the trip is shown with the reason, and nothing is owed for it
            problems[trip.trip_id] = error.code
    await _keep_trips(unit, record, rides, found.trips, problems, now)
    await unit.shelf(PASSES).save(replace(record, matched_as_of=as_of))
    lines: list[RideLine] = await unit.shelf(LINES).find(pass_key=key, limit=ALL)
    return corrections([line.obligation for line in lines], wanted)


async def _keep_trips(
    unit: Unit, record: PassRecord, rides: Sequence[RideRecord], trips: Sequence[Trip], problems: dict[str, str], now: datetime
) -> None:
    by_id = {ride.trip.trip_id: ride for ride in rides}
    difference = change([ride.trip for ride in rides if ride.standing], trips)
    for trip in difference.withdrawn:
        await unit.shelf(RIDES).save(replace(by_id[trip.trip_id], standing=False, changed_at=now))
    for trip in difference.made:
        known = by_id.get(trip.trip_id)
        since = known.recorded_at if known else now
        made = RideRecord(trip, record.account_id, True, problems.get(trip.trip_id, ""), since, now)
        await unit.shelf(RIDES).save(made)


def _other(context: Context, issuer: str, item: Obligation) -> str:
    """The operator with whom the obligation is cleared, or nobody."""
    other = item.creditor if item.debtor == issuer else item.debtor
    return other if other in context.catalog.metro.operators and other != issuer else ""


async def _add_line(context: Context, unit: Unit, record: PassRecord, item: Obligation) -> None:
    other = _other(context, record.issuer, item)
    part = await open_part(unit, record.issuer, other, item.window) if other else 0
    line = RideLine(
        book=record.issuer,
        other=other,
        issuer=record.issuer,
        pass_id=record.pass_id,
        obligation=item,
        part=part,
        posted_at=context.clock.now(),
        untold=bool(other),
        answer="",
    )
    await unit.shelf(LINES).add(line)
