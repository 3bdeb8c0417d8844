"""Reads the metro scheme from ``catalog/schemes``: an agreement, and one file per operator that it names.

A key that is missing or unknown, a value of the wrong type or range, versions that overlap and tracks to nowhere are
refused with the file and the key (``metro.catalogue-key``, ``metro.catalogue-value``): a mistyped fare must not wait
until somebody is charged it. Every table of figures says how sure it is (``confidence``).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from yitong.errors import Text, YitongError
from yitong.settlement.gate import GateRules
from yitong.settlement.schemes.metro import Agreement, Band, MetroScheme, Tariff, Terms
from yitong.settlement.schemes.metro_track import Interchange, Network, Segment
from yitong.settlement.trips import RideRules

CONFIDENCE = frozenset({"sourced", "general knowledge", "example"})
_MISSING_TAP = frozenset({"minimum", "maximum"})
_MAX_M = 1_000_000
_REGION = re.compile(r"[0-9]{6}\Z", re.ASCII)


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


class _Table:
    """One TOML table with its place; every key must be taken, and :meth:`done` refuses those that were not."""

    __slots__ = ("at", "left", "place")

    def __init__(self, table: object, at: str, place: str) -> None:
        if not isinstance(table, dict):
            raise YitongError("metro.catalogue-value", at, file=at, key=place)
        self.left: dict[str, Any] = dict(table)
        self.at = at
        self.place = place

    def key(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def wrong(self, key: str) -> YitongError:
        return YitongError("metro.catalogue-value", self.at, file=self.at, key=self.key(key))

    def take(self, key: str, kind: type) -> Any:
        if key not in self.left:
            raise YitongError("metro.catalogue-key", self.at, file=self.at, key=self.key(key))
        value = self.left.pop(key)
        if type(value) is not kind or value == "":
            raise self.wrong(key)
        return value

    def maybe(self, key: str, kind: type) -> Any:
        return self.take(key, kind) if key in self.left else None

    def number(self, key: str, lowest: int, highest: int) -> int:
        value: int = self.take(key, int)
        if not lowest <= value <= highest:
            raise self.wrong(key)
        return value

    def choice(self, key: str, among: frozenset[str]) -> Any:
        value = self.take(key, str)
        if value not in among:
            raise self.wrong(key)
        return value

    def title(self) -> Text:
        table = self.table("title")
        text = Text(table.take("zh", str), table.take("en", str))
        table.done()
        return text

    def table(self, key: str) -> _Table:
        return _Table(self.take(key, dict), self.at, self.key(key))

    def tables(self, key: str) -> list[_Table]:
        rows = self.take(key, list)
        if not rows:
            raise self.wrong(key)
        return [_Table(row, self.at, f"{self.key(key)}[{n}]") for n, row in enumerate(rows)]

    def done(self) -> None:
        for key in sorted(self.left):
            raise YitongError("metro.catalogue-key", self.at, file=self.at, key=self.key(key))


def read_metro(folder: Path, agreement: str = "metro-agreement.toml") -> MetroCatalogue:
    """The scheme of one agreement and of the operators beside it (``metro-*.toml``) that it names.

    Raises ``metro.catalogue-key`` or ``metro.catalogue-value``, also when an operator that is named has no file.
    """
    table = _load(folder / agreement)
    named = table.take("operators", list)
    files = [path for path in sorted(folder.glob("metro-*.toml")) if path.name != agreement]
    found = {operator.id: operator for operator in (read_operator(path) for path in files)}
    if not named or any(name not in found for name in named) or len(set(named)) != len(named):
        raise table.wrong("operators")
    operators = {name: found[name] for name in named}
    walks = [_interchange(row, operators) for row in table.tables("interchanges")] if "interchanges" in table.left else []
    network = Network([piece for operator in operators.values() for piece in operator.segments], walks)
    title = table.title()
    scheme = MetroScheme(_agreement(table), {name: operator.tariffs for name, operator in operators.items()}, network)
    return MetroCatalogue(title, operators, scheme)


def read_operator(path: Path) -> Operator:
    """One operator's file; raises ``metro.catalogue-key`` or ``metro.catalogue-value``."""
    table = _load(path)
    _marks(table)
    name = table.take("operator", str)
    jurisdiction = table.take("jurisdiction", str)
    if not _REGION.match(jurisdiction):
        raise table.wrong("jurisdiction")
    tariffs = tuple(_tariff(row) for row in table.tables("tariffs"))
    _check_versions(tariffs, table, "tariffs")
    stations: dict[str, Text] = {}
    for row in table.tables("stations"):
        station = row.take("id", str)
        if station in stations:
            raise row.wrong("id")
        stations[station] = row.title()
        row.done()
    track = table.table("track")
    _marks(track)
    segments = tuple(_segment(row, name, stations) for row in track.tables("segments"))
    made = Operator(name, jurisdiction, table.title(), tariffs, stations, segments)
    track.done()
    table.done()
    return made


def _load(path: Path) -> _Table:
    try:
        return _Table(tomllib.loads(path.read_text("utf-8")), path.name, "")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise YitongError("metro.catalogue-value", path.name, file=path.name, key="") from error


def _marks(table: _Table) -> None:
    table.take("source", str)
    table.choice("confidence", CONFIDENCE)


def _tariff(row: _Table) -> Tariff:
    _marks(row)
    base_m = row.number("base_m", 0, _MAX_M)
    bands = tuple(_band(band) for band in row.tables("bands"))
    ends = [base_m, *(band.until_m for band in bands)]
    rising = all(low is not None and (high is None or low < high) for low, high in pairwise(ends))
    if not rising or ends[-1] is not None:  # each band begins where the one before ends, and only the last has no end
        raise row.wrong("bands")
    made = Tariff(row.take("version", str), *_dates(row), base_m, row.number("base_fen", 0, 100_000), bands)
    row.done()
    return made


def _band(row: _Table) -> Band:
    until_m = row.number("until_m", 1, _MAX_M) if "until_m" in row.left else None
    made = Band(until_m, row.number("step_m", 1, _MAX_M), row.number("step_fen", 1, 100_000))
    row.done()
    return made


def _segment(row: _Table, operator: str, stations: Mapping[str, Text]) -> Segment:
    known = frozenset(stations)
    made = Segment(operator, row.choice("one", known), row.choice("other", known), row.number("length_m", 1, _MAX_M))
    row.done()
    return made


def _interchange(row: _Table, operators: Mapping[str, Operator]) -> Interchange:
    stops = []
    for key in ("one", "other"):
        stop = row.take(key, list)
        if len(stop) != 2 or stop[0] not in operators or stop[1] not in operators[stop[0]].stations:
            raise row.wrong(key)
        stops.append((str(stop[0]), str(stop[1])))
    row.done()
    return Interchange(stops[0], stops[1])


def _agreement(table: _Table) -> Agreement:
    """What is left of the agreement's table after its title, operators and interchanges."""
    _marks(table)
    zone = table.take("zone", str)
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise table.wrong("zone") from error
    rides, gates = table.table("rides"), table.table("gates")
    longest, over = rides.number("longest_ride_minutes", 1, 1440), rides.number("over_time_minutes", 1, 2880)
    if over < longest:
        raise rides.wrong("over_time_minutes")
    gate_rules = GateRules(
        max_lifetime_s=gates.number("max_lifetime_s", 1, 600),
        skew_ahead_s=gates.number("skew_ahead_s", 0, 600),
        skew_behind_s=gates.number("skew_behind_s", 0, 600),
        deny_list_max_age_s=gates.number("deny_list_max_age_s", 60, 2_592_000) if "deny_list_max_age_s" in gates.left else None,
    )
    terms = tuple(_terms(row) for row in table.tables("terms"))
    _check_versions(terms, table, "terms")
    made = Agreement(
        name=table.take("id", str),
        zone=zone,
        service_day_ends_hour=table.number("service_day_ends_hour", 0, 12),
        ride_rules=RideRules(timedelta(minutes=longest), timedelta(minutes=over)),
        gate_rules=gate_rules,
        terms=terms,
    )
    for part in (rides, gates, table):
        part.done()
    return made


def _terms(row: _Table) -> Terms:
    row.choice("confidence", CONFIDENCE)
    row.choice("pricing", frozenset({"exit-operator"}))
    row.choice("apportioning", frozenset({"track-length"}))
    effective_from, effective_until = _dates(row)
    made = Terms(
        version=row.take("version", str),
        effective_from=effective_from,
        effective_until=effective_until,
        discount_bp=row.number("discount_bp", 0, 10_000),
        discount_funder=row.take("discount_funder", str),
        channel=row.take("channel", str),
        channel_fee_bp=row.number("channel_fee_bp", 0, 10_000),
        clearing=row.take("clearing", str),
        scheme_fee_bp=row.number("scheme_fee_bp", 0, 10_000),
        missing_exit=row.choice("missing_exit", _MISSING_TAP),
        missing_entry=row.choice("missing_entry", _MISSING_TAP),
        over_time_surcharge_fen=row.number("over_time_surcharge_fen", 0, 100_000),
        same_station_free=timedelta(minutes=row.number("same_station_free_minutes", 0, 1440)),
    )
    row.done()
    return made


def _dates(row: _Table) -> tuple[date, date | None]:
    effective_from = row.take("effective_from", date)
    effective_until = row.maybe("effective_until", date)
    if effective_until is not None and effective_until <= effective_from:
        raise row.wrong("effective_until")
    return effective_from, effective_until


def _check_versions(versions: Sequence[Tariff | Terms], table: _Table, key: str) -> None:
    """Versions follow one another in time and never overlap: a day has one answer, or none and is refused when used."""
    names = [version.version for version in versions]
    overlap = any(a.effective_until is None or a.effective_until > b.effective_from for a, b in pairwise(versions))
    if overlap or len(set(names)) != len(names):
        raise table.wrong(key)
