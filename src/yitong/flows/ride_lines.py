"""The operator's side of a trip: check every line that an issuer's node tells, post what is right, answer line by line.

The issuer priced the trip; the operator prices it again from the same taps and the same table, and takes nothing on
trust but the taps of other operators' gates, which those operators answer for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.ride_parties import ISSUER_ROLE, OPERATOR_ROLE, check_ours, check_speaker
from yitong.flows.ride_tell import codes_of, lock_pair
from yitong.flows.ride_trips import open_part
from yitong.flows.unit import Unit
from yitong.ledger.journal import refuse_unless_posted
from yitong.peers.message import Message
from yitong.settlement.gate import tap_from_json
from yitong.settlement.register_rides import (
    ACCEPTED,
    LINES,
    TAPS,
    WINDOWS,
    ClearingWindow,
    KeptTap,
    RideLine,
    pair_key,
    window_key,
)
from yitong.settlement.ride_books import ride_transfers
from yitong.settlement.trips import Trip, match_pass
from yitong.settlement.usage import Obligation, obligation_from_json, read_fields, reversal

_FOREVER = datetime.max.replace(tzinfo=UTC)  # as of then, an entry without an exit is over


@dataclass(frozen=True, slots=True)
class _Told:
    """A message about trips, read: what the issuer owes, in which part, and why."""

    issuer: str
    operator: str
    trips: Mapping[str, Trip]
    lines: tuple[tuple[Obligation, int], ...]


async def receive_trips(context: Context, unit: Unit, message: Message) -> None:
    """Take an issuer's lines in.

    1. The form.  2. The sender speaks for the issuer, the operator is ours.  3. Hold the pair.  4. Judge the lines, trip
    by trip; keep each with the answer.  5. Post those that were accepted.  6. Answer line by line.
    """
    told = _read(context, message.body)  # 1, 2
    await check_speaker(context, message, told.issuer, ISSUER_ROLE)
    await lock_pair(unit, told.operator, told.issuer)  # 3
    answers: list[dict[str, str]] = []
    accepted: list[Obligation] = []
    for usage in dict.fromkeys(item.usage_id for item, _ in told.lines):
        taken, said = await _take_trip(context, unit, told, [line for line in told.lines if line[0].usage_id == usage])  # 4
        accepted += taken
        answers += said
    transfers = ride_transfers(told.operator, accepted)
    if transfers:
        refuse_unless_posted(await unit.ledger.post(transfers))  # 5
    body = {"issuer": told.issuer, "operator": told.operator, "answers": answers}
    subject = pair_key(told.operator, told.issuer)
    await context.tell(unit, message.sender, "metro.trips.answer", subject, body, message.id)  # 6


async def _take_trip(
    context: Context, unit: Unit, told: _Told, lines: Sequence[tuple[Obligation, int]]
) -> tuple[list[Obligation], list[dict[str, str]]]:
    """The lines of one trip stand or fall together; returns what is to be posted, and the answers.

    What was accepted before is answered so again, and never written over.
    """
    before: list[RideLine | None] = [await unit.shelf(LINES).get(f"{told.operator}:{item.id}") for item, _ in lines]
    again = [
        kept is not None and kept.answer == ACCEPTED and (kept.obligation, kept.part) == line
        for kept, line in zip(before, lines, strict=True)
    ]
    fresh: list[Obligation] = []
    answer = ACCEPTED
    try:
        for (item, part), kept, known in zip(lines, before, again, strict=True):
            if not known:
                await _judge(context, unit, told, item, part, kept, fresh)
                fresh.append(item)
    except YitongError as error:
        fresh, answer = [], error.code
    answers = []
    for (item, part), kept, known in zip(lines, before, again, strict=True):
        answers.append({"id": item.id, "answer": ACCEPTED if known else answer})
        if kept is None or kept.answer != ACCEPTED:
            await unit.shelf(LINES).save(_line(context, told, item, part, answer))
    return fresh, answers


def _line(context: Context, told: _Told, item: Obligation, part: int, answer: str) -> RideLine:
    trip = told.trips.get(item.usage_id)
    alias = trip.pass_id if trip else ""
    return RideLine(told.operator, told.issuer, told.issuer, alias, item, part, context.clock.now(), False, answer)


def _read(context: Context, body: dict[str, Any]) -> _Told:
    known: dict[str, tuple[type, ...]] = {"issuer": (str,), "operator": (str,), "trips": (list,), "lines": (list,)}
    fields = read_fields(body, known, "ride.malformed", "")
    trips = [_read_trip(context, row, f"/trips/{at}") for at, row in enumerate(fields["trips"])]
    lines = []
    for at, row in enumerate(fields["lines"]):
        line = read_fields(row, {"obligation": (dict,), "part": (int,)}, "ride.malformed", f"/lines/{at}")
        lines.append((obligation_from_json(line["obligation"], f"/lines/{at}/obligation"), int(line["part"])))
    operator = check_ours(context, fields["operator"])
    return _Told(fields["issuer"], operator, {trip.trip_id: trip for trip in trips}, tuple(lines))


def _read_trip(context: Context, row: object, where: str) -> Trip:
    """The one trip that the taps make; raises ``ride.malformed`` when they make none or several."""
    known: dict[str, tuple[type, ...]] = {"entry": (dict, type(None)), "exit": (dict, type(None))}
    fields = read_fields(row, known, "ride.malformed", where)
    taps = [tap_from_json(fields[name], f"{where}/{name}") for name in ("entry", "exit") if fields[name] is not None]
    made = match_pass(taps, context.catalog.metro.scheme.agreement.ride_rules, _FOREVER).trips
    directions = [name for name in ("entry", "exit") if fields[name] is not None]
    if len(made) != 1 or [tap.direction for tap in taps] != directions or len({t.pass_id for t in taps}) != 1:
        raise YitongError("ride.malformed", where)
    return made[0]


async def _judge(
    context: Context,
    unit: Unit,
    told: _Told,
    item: Obligation,
    part: int,
    known: RideLine | None,
    fresh: Sequence[Obligation],
) -> None:
    """Whether we take a line after the ``fresh`` ones of its trip; raises the code of the refusal.

    1. It is between the two of us.  2. Nothing that stands has its identifier.  3. Its window is one that is open.
    4. The trip behind it came with it, and is of a pass of this issuer.  5. Our own gates logged our taps of it.
    6. A charge is what our own table says; a reversal is the opposite of what stands, and something took its place.
    """
    if {item.debtor, item.creditor} != {told.issuer, told.operator}:  # 1
        raise YitongError("ride.not-ours", item.id)
    if known is not None and known.answer == ACCEPTED:  # 2
        raise YitongError("ride.duplicate", item.id)
    await _check_part(unit, told, item, part)  # 3
    trip = told.trips.get(item.usage_id)
    if trip is None or trip.issuer != told.issuer:  # 4
        raise YitongError("ride.trip-missing", item.id)
    await _check_taps(unit, told.operator, trip)  # 5
    if item.reverses is None:  # 6
        wanted = {due.id: due for due in context.catalog.metro.scheme.charge(trip)}
        first_id = item.id.partition("#")[0]
        if wanted.get(first_id) != replace(item, id=first_id):
            raise YitongError("ride.price-differs", item.id)
    else:
        await _check_reversal(unit, told, item, trip, fresh)


async def _check_part(unit: Unit, told: _Told, item: Obligation, part: int) -> None:
    """The part is the open one, or one that we closed and they have not stated yet: then they could not know."""
    if part == await open_part(unit, told.operator, told.issuer, item.window):
        return
    closed: ClearingWindow | None = await unit.shelf(WINDOWS).get(window_key(told.operator, told.issuer, item.window, part))
    if closed is None or closed.their_round > 0:
        raise YitongError("ride.window-closed", item.id)


async def _check_taps(unit: Unit, operator: str, trip: Trip) -> None:
    for tap in (trip.entry, trip.exit):
        if tap is not None and tap.operator == operator:
            kept: KeptTap | None = await unit.shelf(TAPS).get(tap.tap_id)
            if kept is None or kept.tap != tap:
                raise YitongError("ride.unknown-tap", tap.tap_id)


async def _check_reversal(unit: Unit, told: _Told, item: Obligation, trip: Trip, fresh: Sequence[Obligation]) -> None:
    kept: RideLine | None = await unit.shelf(LINES).get(f"{told.operator}:{item.reverses}")
    standing = [kept.obligation] if kept is not None and kept.answer == ACCEPTED else []
    if not any(reversal(original) == item for original in (*standing, *fresh) if original.reverses is None):
        raise YitongError("ride.unknown-original", item.id)
    instead = [other for other in told.trips.values() if other != trip and codes_of(other) & codes_of(trip)]
    again = [other for other, _ in told.lines if other.usage_id == item.usage_id and other.reverses is None]
    if not instead and not again:
        raise YitongError("ride.reversal-unexplained", item.id)
    for other in instead:
        await _check_taps(unit, told.operator, other)


async def receive_answers(context: Context, unit: Unit, message: Message) -> None:
    """What an operator said to our lines; a refused one stands in no statement until it is put right."""
    known: dict[str, tuple[type, ...]] = {"issuer": (str,), "operator": (str,), "answers": (list,)}
    body = read_fields(message.body, known, "ride.malformed", "")
    issuer, operator = check_ours(context, body["issuer"]), body["operator"]
    await check_speaker(context, message, operator, OPERATOR_ROLE)
    await lock_pair(unit, issuer, operator)
    for at, row in enumerate(body["answers"]):
        given = read_fields(row, {"id": (str,), "answer": (str,)}, "ride.malformed", f"/answers/{at}")
        line: RideLine | None = await unit.shelf(LINES).get(f"{issuer}:{given['id']}")
        if line is not None and line.other == operator and line.answer != ACCEPTED:
            await unit.shelf(LINES).save(replace(line, answer=given["answer"][:60]))
