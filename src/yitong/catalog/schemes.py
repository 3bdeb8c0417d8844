"""Reads the metro scheme from ``catalog/schemes``: an agreement, and one file per operator that it names.

A key that is missing or unknown, a value of the wrong type or range, versions that overlap and tracks to nowhere are
refused with the file and the key (``catalog.…``): a mistyped fare must not wait until somebody is charged it. Every
table of figures says how sure it is (``confidence``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

from yitong.catalog import CONFIDENCES, Table, read_table
from yitong.errors import Text
from yitong.money import WHOLE_BASIS_POINTS
from yitong.settlement.gate import GateRules
from yitong.settlement.schemes.metro import Agreement, Band, MetroScheme, MissingTapRule, Tariff, Terms
from yitong.settlement.schemes.metro_track import Interchange, Network, Segment
from yitong.settlement.trips import RideRules

_MISSING_TAP: frozenset[MissingTapRule] = frozenset({"minimum", "maximum"})
_MAX_M = 1_000_000
_MAX_FEN = 100_000


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator's file: its titles, tariffs and track, and the jurisdiction (GB/T 2260) that answers for it."""

    id: str
    jurisdiction: str
    title: Text
    tariffs: tuple[Tariff, ...]
    stations: Mapping[str, Text]
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class MetroCatalogue:
    """The scheme as computed with, and the titles to show it by."""

    title: Text
    operators: Mapping[str, Operator]
    scheme: MetroScheme


def read_metro(folder: Path, agreement: str = "metro-agreement.toml") -> MetroCatalogue:
    """The scheme of one agreement and of the operators beside it (``metro-*.toml``) that it names.

    Raises ``catalog.…`` naming file and key, also when an operator that is named has no file, or two.
    """
    table = read_table(folder / agreement)
    found = _operators(path for path in sorted(folder.glob("metro-*.toml")) if path.name != agreement)
    named = table.texts("operators")
    if not named or any(name not in found for name in named) or len(set(named)) != len(named):
        raise table.wrong("operators", "operators that have a file, each once")
    operators = {name: found[name] for name in named}
    walks = [_interchange(row, operators) for row in table.tables("interchanges", 1)] if table.has("interchanges") else []
    network = Network([piece for operator in operators.values() for piece in operator.segments], walks)
    title = table.names("title")
    scheme = MetroScheme(_agreement(table), {name: operator.tariffs for name, operator in operators.items()}, network)
    return MetroCatalogue(title, operators, scheme)


def read_operator(path: Path) -> Operator:
    """One operator's file; raises ``catalog.…`` naming file and key."""
    return _operator(read_table(path))


def _operators(paths: Iterable[Path]) -> dict[str, Operator]:
    found: dict[str, Operator] = {}
    for path in paths:
        table = read_table(path)
        operator = _operator(table)
        if operator.id in found:
            raise table.wrong("operator", "an operator that has no other file")
        found[operator.id] = operator
    return found


def _operator(table: Table) -> Operator:
    """The operator of a file; every station stands once, and the track joins stations of the file."""
    table.provenance()
    name, jurisdiction = table.text("operator"), table.region_code("jurisdiction")
    tariffs = tuple(_tariff(row) for row in table.tables("tariffs", 1))
    _check_versions(tariffs, table, "tariffs")
    stations: dict[str, Text] = {}
    for row in table.tables("stations", 1):
        station = row.text("id")
        if station in stations:
            raise row.wrong("id", "a station that stands once")
        stations[station] = row.names("title")
        row.done()
    track = table.table("track")
    track.provenance()
    segments = tuple(_segment(row, name, stations) for row in track.tables("segments", 1))
    made = Operator(name, jurisdiction, table.names("title"), tariffs, stations, segments)
    track.done()
    table.done()
    return made


def _tariff(row: Table) -> Tariff:
    row.provenance()
    base_m = row.whole("base_m", 0, _MAX_M)
    bands = tuple(_band(band) for band in row.tables("bands", 1))
    ends = [base_m, *(band.until_m for band in bands)]
    rising = all(low is not None and (high is None or low < high) for low, high in pairwise(ends))
    if not rising or ends[-1] is not None:  # each band begins where the one before ends, and only the last has no end
        raise row.wrong("bands", "bands that rise, the last without until_m")
    made = Tariff(row.text("version"), *_dates(row), base_m, row.whole("base_fen", 0, _MAX_FEN), bands)
    row.done()
    return made


def _band(row: Table) -> Band:
    until_m = row.whole("until_m", 1, _MAX_M) if row.has("until_m") else None
    made = Band(until_m, row.whole("step_m", 1, _MAX_M), row.whole("step_fen", 1, _MAX_FEN))
    row.done()
    return made


def _segment(row: Table, operator: str, stations: Mapping[str, Text]) -> Segment:
    known = frozenset(stations)
    made = Segment(operator, row.one_of("one", known), row.one_of("other", known), row.whole("length_m", 1, _MAX_M))
    row.done()
    return made


def _interchange(row: Table, operators: Mapping[str, Operator]) -> Interchange:
    stops = []
    for key in ("one", "other"):
        stop = row.texts(key)
        if len(stop) != 2 or stop[0] not in operators or stop[1] not in operators[stop[0]].stations:
            raise row.wrong(key, "an operator of the agreement and one of its stations")
        stops.append((stop[0], stop[1]))
    row.done()
    return Interchange(stops[0], stops[1])


def _agreement(table: Table) -> Agreement:
    """What is left of the agreement's table after its title, operators and interchanges."""
    table.provenance()
    rides, gates = table.table("rides"), table.table("gates")
    longest = rides.whole("longest_ride_minutes", 1, 1440)
    over = rides.whole("over_time_minutes", longest, 2880)
    gate_rules = GateRules(
        max_lifetime_s=gates.whole("max_lifetime_s", 1, 600),
        skew_ahead_s=gates.whole("skew_ahead_s", 0, 600),
        skew_behind_s=gates.whole("skew_behind_s", 0, 600),
        deny_list_max_age_s=gates.whole("deny_list_max_age_s", 60, 2_592_000) if gates.has("deny_list_max_age_s") else None,
    )
    terms = tuple(_terms(row) for row in table.tables("terms", 1))
    _check_versions(terms, table, "terms")
    made = Agreement(
        name=table.text("id"),
        zone=table.zone("zone"),
        service_day_ends_hour=table.whole("service_day_ends_hour", 0, 12),
        ride_rules=RideRules(timedelta(minutes=longest), timedelta(minutes=over)),
        gate_rules=gate_rules,
        terms=terms,
    )
    for part in (rides, gates, table):
        part.done()
    return made


def _terms(row: Table) -> Terms:
    row.one_of("confidence", CONFIDENCES)
    row.one_of("pricing", frozenset({"exit-operator"}))
    row.one_of("apportioning", frozenset({"track-length"}))
    effective_from, effective_until = _dates(row)
    made = Terms(
        version=row.text("version"),
        effective_from=effective_from,
        effective_until=effective_until,
        discount_bp=row.whole("discount_bp", 0, WHOLE_BASIS_POINTS),
        discount_funder=row.text("discount_funder"),
        channel=row.text("channel"),
        channel_fee_bp=row.whole("channel_fee_bp", 0, WHOLE_BASIS_POINTS),
        clearing=row.text("clearing"),
        scheme_fee_bp=row.whole("scheme_fee_bp", 0, WHOLE_BASIS_POINTS),
        missing_exit=row.one_of("missing_exit", _MISSING_TAP),
        missing_entry=row.one_of("missing_entry", _MISSING_TAP),
        over_time_surcharge_fen=row.whole("over_time_surcharge_fen", 0, _MAX_FEN),
        same_station_free=timedelta(minutes=row.whole("same_station_free_minutes", 0, 1440)),
    )
    row.done()
    return made


def _dates(row: Table) -> tuple[date, date | None]:
    effective_from = row.day("effective_from")
    effective_until = row.day("effective_until") if row.has("effective_until") else None
    if effective_until is not None and effective_until <= effective_from:  # the first day on which it no longer holds
        raise row.wrong("effective_until", "a day after effective_from")
    return effective_from, effective_until


def _check_versions(versions: Sequence[Tariff | Terms], table: Table, key: str) -> None:
    """Versions follow one another in time and never overlap: a day has one answer, or none and is refused when used."""
    names = [version.version for version in versions]
    overlap = any(a.effective_until is None or a.effective_until > b.effective_from for a, b in pairwise(versions))
    if overlap or len(set(names)) != len(names):
        raise table.wrong(key, "versions in the order of time, of which no two overlap or have one name")
