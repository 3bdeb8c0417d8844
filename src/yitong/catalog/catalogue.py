"""The whole catalogue of a node: everything that varies by place and law, read and checked once at start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from yitong.cases.calendar import Calendar
from yitong.cases.service import Service
from yitong.catalog.calendars import read_calendars
from yitong.catalog.licences import read_kinds
from yitong.catalog.outpatient import read_home_policy, read_place_catalogue
from yitong.catalog.schemes import MetroCatalogue, read_metro
from yitong.catalog.services import read_services
from yitong.credentials.kind import LicenceKind
from yitong.errors import YitongError
from yitong.settlement.coverage import HomePolicy, PlaceCatalogue

Owned = TypeVar("Owned", PlaceCatalogue, HomePolicy)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Licence kinds, services and calendars by id; fares; the outpatient lists and policies by jurisdiction."""

    kinds: Mapping[str, LicenceKind]
    services: Mapping[str, Service]
    calendars: Mapping[str, Calendar]
    metro: MetroCatalogue
    place_lists: Mapping[str, PlaceCatalogue]
    home_policies: Mapping[str, HomePolicy]


def read_catalog(folder: Path) -> Catalog:
    """The catalogue in ``folder``; raises the reader's error, naming file and key, for anything wrong in it."""
    if not folder.is_dir():
        raise YitongError("catalog.unreadable", str(folder), reason="there is no such folder")
    schemes = folder / "schemes"
    return Catalog(
        kinds=read_kinds(folder / "licences"),
        services=read_services(folder / "services"),
        calendars=read_calendars(folder / "calendars"),
        metro=read_metro(schemes),
        place_lists=_by_jurisdiction(schemes, "outpatient-list-*.toml", read_place_catalogue),
        home_policies=_by_jurisdiction(schemes, "outpatient-policy-*.toml", read_home_policy),
    )


def _by_jurisdiction(folder: Path, pattern: str, read: Callable[[Path], Owned]) -> dict[str, Owned]:
    """The files of one pattern by their jurisdiction; a second one for it would take the first one's place, and is refused."""
    found: dict[str, Owned] = {}
    for file in sorted(folder.glob(pattern)):
        owned = read(file)
        if owned.jurisdiction in found:
            expected = f"one that has no other file; {owned.jurisdiction} has one"
            raise YitongError("catalog.wrong-value", f"{file.name}: jurisdiction", key="jurisdiction", expected=expected)
        found[owned.jurisdiction] = owned
    return found
