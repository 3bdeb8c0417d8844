"""Taps and trips for the tests of the ride; the codes behind them are not signed, since matching does not look at that."""

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from yitong.catalog.schemes import read_metro
from yitong.settlement.gate import Tap
from yitong.settlement.trips import RideRules, match

SCHEMES = Path(__file__).parents[1] / "catalog" / "schemes"
NOON = datetime(2026, 2, 12, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
RULES = RideRules(timedelta(minutes=240), timedelta(minutes=360))
SHANGHAI, SUZHOU = "shanghai-metro", "suzhou-metro"


@cache
def metro():
    return read_metro(SCHEMES)


def tap(direction, stop, minutes=0, number=1, **changed):
    operator, station = stop
    gate = f"{station}-{direction}"
    tap_id = f"{operator}/{gate}/{number}"
    fields = {"issuer": SUZHOU, "pass_id": "ZXhhbXBsZTE", "limit_fen": 5000, "code_hash": f"hash-of-{tap_id}"}
    at = NOON + timedelta(minutes=minutes)
    return Tap(tap_id, operator, station, gate, direction, at, **(fields | changed))


def ride(start, end, minutes=30, **changed):
    """The one trip from ``start`` to ``end``; either may be None."""
    taps = [tap("entry", start, 0, **changed)] if start else []
    taps += [tap("exit", end, minutes, **changed)] if end else []
    (trip,) = match(taps, RULES, NOON + timedelta(days=1)).trips
    return trip
