"""Reads the lists and policies of outpatient bills, ``catalog/schemes/outpatient-list-*`` and ``outpatient-policy-*``.

Nothing is taken for granted: a key that is left out, one too many, or a value that cannot be is refused at
``file: key``. Money is written in yuan as a string, rates in basis points, and each file says where its figures come
from: ``source``, and ``confidence`` (``sourced``, ``general knowledge`` or ``example``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from yitong.catalog import Table, read_table
from yitong.errors import Text
from yitong.money import WHOLE_BASIS_POINTS, parse_yuan
from yitong.settlement.coverage import (
    ACCOUNT_PARTS,
    GOVERNING_DAYS,
    LEVELS,
    PERSON_TYPES,
    REGISTRATION_CLASSES,
    Band,
    FurtherFund,
    HomePolicy,
    ListItem,
    PersonTerms,
    PlaceCatalogue,
)

_LISTED_CLASSES = frozenset({"A", "B", "C"})
_OWNERS = frozenset({"place", "home"})


def _words(table: Table, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
    found, known = table.texts(key), tuple(allowed)
    if len(set(found)) != len(found) or not set(found) <= set(known):
        raise table.wrong(key, "each once, of " + ", ".join(known))
    return found


def _yuan(table: Table, key: str) -> int:
    amount_fen = parse_yuan(table.text(key), table.where(key))
    if amount_fen < 0:
        raise table.wrong(key, "an amount from 0.00 on")
    return amount_fen


def _yuan_or_none(table: Table, key: str) -> int | None:
    return _yuan(table, key) if table.has(key) else None


def _basis_points(table: Table, key: str) -> int:
    return table.whole(key, 0, WHOLE_BASIS_POINTS)


def _head(table: Table) -> tuple[str, str, str, Text, date, date | None]:
    table.provenance()
    valid_from = table.day("valid_from")
    valid_until = table.day("valid_until") if table.has("valid_until") else None
    if valid_until is not None and valid_until < valid_from:
        raise table.wrong("valid_until", "a day from valid_from on")
    identity, version, jurisdiction = table.text("id"), table.text("version"), table.region_code("jurisdiction")
    return identity, version, jurisdiction, table.names("title"), valid_from, valid_until


def read_place_catalogue(path: Path) -> PlaceCatalogue:
    """The list of covered items in a file; raises ``catalog.…`` or ``money.not-yuan`` at ``file: key``."""
    table = read_table(path)
    identity, version, jurisdiction, title, valid_from, valid_until = _head(table)
    items: dict[str, ListItem] = {}
    for row in table.tables("items"):
        item = _read_item(row)
        if item.code in items:
            raise row.wrong("code", "a code that stands once")
        items[item.code] = item
    levels = _read_levels(table)
    table.done()
    return PlaceCatalogue(identity, version, jurisdiction, title, valid_from, valid_until, items, levels)


def _read_levels(table: Table) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for row in table.tables("institutions"):
        identity, level = row.text("id"), row.one_of("level", frozenset(LEVELS))
        if identity in found:
            raise row.wrong("id", "an institution that stands once")
        found[identity] = level
        row.done()
    return found


def _read_item(row: Table) -> ListItem:
    code, title = row.text("code"), row.names("title")
    list_class, limit_fen = row.one_of("list_class", _LISTED_CLASSES), _yuan_or_none(row, "price_limit_yuan")
    # only class B is paid first in part; on any other class the key is unknown
    basis_points = _read_self_pay(row.table("self_pay")) if list_class == "B" else 0
    row.done()
    return ListItem(code, title, list_class, limit_fen, basis_points)


def _read_self_pay(table: Table) -> int | None:
    owner = table.one_of("owner", _OWNERS)
    basis_points = _basis_points(table, "basis_points") if owner == "place" else None
    table.done()
    return basis_points


def read_home_policy(path: Path) -> HomePolicy:
    """The outpatient policy in a file; raises ``catalog.…`` or ``money.not-yuan`` at ``file: key``."""
    table = read_table(path)
    identity, version, jurisdiction, title, valid_from, valid_until = _head(table)
    policy = HomePolicy(
        identity,
        version,
        jurisdiction,
        title,
        valid_from,
        valid_until,
        governed_by=table.one_of("governed_by", frozenset(GOVERNING_DAYS)),
        persons=_read_persons(table.table("persons")),
        self_pay_basis_points=_read_home_self_pay(table.table("self_pay_basis_points")),
        rates=_read_rates(table),
        further_funds=tuple(_read_fund(row) for row in table.tables("further_funds")),
        account_covers=_words(table, "account_covers", ACCOUNT_PARTS),
    )
    table.done()
    if {person_type for person_type, _, _ in policy.rates} != policy.persons.keys():
        raise table.wrong("persons", "the same types of person as in rates")
    return policy


def _read_persons(table: Table) -> Mapping[str, PersonTerms]:
    found: dict[str, PersonTerms] = {}
    for person_type in PERSON_TYPES:
        if table.has(person_type):
            row = table.table(person_type)
            found[person_type] = PersonTerms(_yuan(row, "deductible_yuan"), _yuan(row, "annual_cap_yuan"))
            row.done()
    table.done()
    return found


def _read_home_self_pay(table: Table) -> Mapping[str, int]:
    found = {"B": _basis_points(table, "B")} if table.has("B") else {}
    table.done()
    return found


def _read_rates(table: Table) -> Mapping[tuple[str, str, str], tuple[Band, ...]]:
    found: dict[tuple[str, str, str], tuple[Band, ...]] = {}
    for row in table.tables("rates"):
        person_type = row.one_of("person_type", frozenset(PERSON_TYPES))
        level = row.one_of("level", frozenset(LEVELS))
        bands = _read_bands(row)
        for registration_class in _words(row, "registration_classes", REGISTRATION_CLASSES):
            if (person_type, level, registration_class) in found:
                raise row.wrong("registration_classes", f"one rate for each; {registration_class} has one already")
            found[person_type, level, registration_class] = bands
        row.done()
    return found


def _read_bands(row: Table) -> tuple[Band, ...]:
    """One rate for all of the amount, or bands that rise, the last without end."""
    if not row.has("bands"):
        return (Band(None, _basis_points(row, "basis_points")),)
    bands: list[Band] = []
    below_fen = 0
    tables = row.tables("bands", 1)
    for place, band in enumerate(tables):
        up_to_fen = _yuan_or_none(band, "up_to_yuan")
        if (up_to_fen is None) != (place == len(tables) - 1) or (up_to_fen is not None and up_to_fen <= below_fen):
            raise band.wrong("up_to_yuan", "above the band before, and left out in the last band only")
        below_fen = up_to_fen or below_fen
        bands.append(Band(up_to_fen, _basis_points(band, "basis_points")))
        band.done()
    return tuple(bands)


def _read_fund(row: Table) -> FurtherFund:
    fund = FurtherFund(
        row.text("code"),
        row.names("title"),
        _words(row, "person_types", PERSON_TYPES),
        _basis_points(row, "basis_points"),
        _yuan_or_none(row, "visit_cap_yuan"),
    )
    row.done()
    return fund
