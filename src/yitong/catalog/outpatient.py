"""Reads the lists and policies of outpatient bills, ``catalog/schemes/outpatient-list-*`` and ``outpatient-policy-*``.

A file that leaves a key out, has one too many, or a value that cannot be is refused with ``outpatient.catalogue-value``
at ``file: key``; nothing is taken for granted. Money is written in yuan as a string, rates in basis points, and each
file says where its figures come from: ``source``, and ``confidence`` (``sourced``, ``general knowledge`` or
``example``), which a row may narrow for itself.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from yitong.errors import Text, YitongError
from yitong.money import parse_yuan
from yitong.settlement.coverage import (
    ACCOUNT_PARTS,
    GOVERNING_DAYS,
    LEVELS,
    PERSON_TYPES,
    REGISTRATION_CLASSES,
    WHOLE_BASIS_POINTS,
    Band,
    FurtherFund,
    HomePolicy,
    ListItem,
    PersonTerms,
    PlaceCatalogue,
)

CONFIDENCE = ("sourced", "general knowledge", "example")
_LIST_CLASSES = ("A", "B", "C")
_MISSING = object()
Value = TypeVar("Value")


class _Table:
    """A TOML table whose keys are taken out one by one; what is left at the end is unknown and refused."""

    def __init__(self, where: str, rows: object) -> None:
        if not isinstance(rows, dict):
            raise _wrong(where, "a table is expected")
        self.where = where
        self._left: dict[str, Any] = dict(rows)

    def at(self, key: str) -> str:
        return f"{self.where}{'' if self.where.endswith(' ') else '.'}{key}"

    def take(self, key: str, shape: type[Value]) -> Value:
        value = self.take_or_none(key, shape)
        if value is None:
            raise _wrong(self.at(key), "it is missing")
        return value

    def take_or_none(self, key: str, shape: type[Value]) -> Value | None:
        value = self._left.pop(key, _MISSING)
        if value is _MISSING:
            return None
        # bool is an int and datetime is a date to isinstance: the type itself is compared
        if type(value) is not shape:
            raise _wrong(self.at(key), f"{shape.__name__} is expected")
        return value

    def word(self, key: str, allowed: Iterable[str]) -> str:
        return _one_of(self.take(key, str), tuple(allowed), self.at(key))

    def words(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        known, found = tuple(allowed), self.take(key, list)
        if len({str(word) for word in found}) != len(found):
            raise _wrong(self.at(key), "a word stands twice")
        return tuple(_one_of(word, known, self.at(key)) for word in found)

    def text(self, key: str) -> Text:
        table = _Table(self.at(key), self.take(key, dict))
        text = Text(table.take("zh", str), table.take("en", str))
        table.finish()
        return text

    def yuan(self, key: str) -> int:
        amount_fen = self.yuan_or_none(key)
        if amount_fen is None:
            raise _wrong(self.at(key), "it is missing")
        return amount_fen

    def yuan_or_none(self, key: str) -> int | None:
        text = self.take_or_none(key, str)
        if text is None:
            return None
        amount_fen = parse_yuan(text, self.at(key))
        if amount_fen < 0:
            raise _wrong(self.at(key), "it is negative")
        return amount_fen

    def basis_points(self, key: str) -> int:
        value = self.take(key, int)
        if not 0 <= value <= WHOLE_BASIS_POINTS:
            raise _wrong(self.at(key), f"0 to {WHOLE_BASIS_POINTS} is expected")
        return value

    def tables(self, key: str) -> list[_Table]:
        return [_Table(f"{self.at(key)}[{place}]", row) for place, row in enumerate(self.take(key, list))]

    def named_tables(self, key: str) -> dict[str, _Table]:
        return {name: _Table(f"{self.at(key)}.{name}", row) for name, row in self.take(key, dict).items()}

    def has(self, key: str) -> bool:
        return key in self._left

    def finish(self) -> None:
        confidence = self.take_or_none("confidence", str)
        if confidence is not None:
            _one_of(confidence, CONFIDENCE, self.at("confidence"))
        for key in self._left:
            raise _wrong(self.at(key), "no such key is known")


def _wrong(where: str, reason: str) -> YitongError:
    return YitongError("outpatient.catalogue-value", where, reason=reason)


def _one_of(word: object, allowed: tuple[str, ...], where: str) -> str:
    if not isinstance(word, str) or word not in allowed:
        raise _wrong(where, f"one of {', '.join(allowed)} is expected")
    return word


def _open(path: Path) -> _Table:
    try:
        rows = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _wrong(path.name, str(error)) from error
    return _Table(f"{path.name}: ", rows)


def _head(table: _Table) -> tuple[str, str, str, Text, date, date | None]:
    if not table.take("source", str) or not table.has("confidence"):
        raise _wrong(table.at("source"), "source and confidence must be stated")
    valid_from, valid_until = table.take("valid_from", date), table.take_or_none("valid_until", date)
    if valid_until is not None and valid_until < valid_from:
        raise _wrong(table.at("valid_until"), "it lies before valid_from")
    names = (table.take("id", str), table.take("version", str), table.take("jurisdiction", str))
    return (*names, table.text("title"), valid_from, valid_until)


def read_place_catalogue(path: Path) -> PlaceCatalogue:
    """The list of covered items in a file."""
    table = _open(path)
    identity, version, jurisdiction, title, valid_from, valid_until = _head(table)
    items: dict[str, ListItem] = {}
    for row in table.tables("items"):
        item = _read_item(row)
        if item.code in items:
            raise _wrong(row.at("code"), "the code stands twice")
        items[item.code] = item
    table.finish()
    return PlaceCatalogue(identity, version, jurisdiction, title, valid_from, valid_until, items)


def _read_item(row: _Table) -> ListItem:
    code, title = row.take("code", str), row.text("title")
    list_class, limit_fen = row.word("list_class", _LIST_CLASSES), row.yuan_or_none("price_limit_yuan")
    basis_points: int | None = 0
    if list_class == "B":  # only class B is paid first in part; on any other class the key is unknown
        basis_points = _read_self_pay(_Table(row.at("self_pay"), row.take("self_pay", dict)))
    row.finish()
    return ListItem(code, title, list_class, limit_fen, basis_points)


def _read_self_pay(table: _Table) -> int | None:
    owner = table.word("owner", ("place", "home"))
    basis_points = table.basis_points("basis_points") if owner == "place" else None
    table.finish()
    return basis_points


def read_home_policy(path: Path) -> HomePolicy:
    """The outpatient policy in a file."""
    table = _open(path)
    identity, version, jurisdiction, title, valid_from, valid_until = _head(table)
    policy = HomePolicy(
        identity,
        version,
        jurisdiction,
        title,
        valid_from,
        valid_until,
        governed_by=table.word("governed_by", GOVERNING_DAYS),
        persons=_read_persons(table),
        self_pay_basis_points=_read_home_self_pay(table),
        rates=_read_rates(table),
        further_funds=tuple(_read_fund(row) for row in table.tables("further_funds")),
        account_covers=table.words("account_covers", ACCOUNT_PARTS),
    )
    table.finish()
    for person_type, _, _ in policy.rates:
        if person_type not in policy.persons:
            raise _wrong(table.at("persons"), f"{person_type} has rates but no terms")
    return policy


def _read_persons(table: _Table) -> Mapping[str, PersonTerms]:
    found: dict[str, PersonTerms] = {}
    for name, row in table.named_tables("persons").items():
        _one_of(name, PERSON_TYPES, row.where)
        found[name] = PersonTerms(row.yuan("deductible_yuan"), row.yuan("annual_cap_yuan"))
        row.finish()
    return found


def _read_home_self_pay(table: _Table) -> Mapping[str, int]:
    row = _Table(table.at("self_pay_basis_points"), table.take("self_pay_basis_points", dict))
    found = {"B": row.basis_points("B")} if row.has("B") else {}
    row.finish()
    return found


def _read_rates(table: _Table) -> Mapping[tuple[str, str, str], tuple[Band, ...]]:
    found: dict[tuple[str, str, str], tuple[Band, ...]] = {}
    for row in table.tables("rates"):
        person_type, level = row.word("person_type", PERSON_TYPES), row.word("level", LEVELS)
        classes, bands = row.words("registration_classes", REGISTRATION_CLASSES), _read_bands(row)
        row.finish()
        for registration_class in classes:
            key = (person_type, level, registration_class)
            if key in found:
                raise _wrong(row.where, f"a rate for {', '.join(key)} stands twice")
            found[key] = bands
    return found


def _read_bands(row: _Table) -> tuple[Band, ...]:
    """One rate for all of the amount, or bands that rise and end without end."""
    if not row.has("bands"):
        return (Band(None, row.basis_points("basis_points")),)
    bands: list[Band] = []
    below_fen = 0
    tables = row.tables("bands")
    for place, band in enumerate(tables):
        up_to_fen = band.yuan_or_none("up_to_yuan")
        if (up_to_fen is None) != (place == len(tables) - 1) or (up_to_fen is not None and up_to_fen <= below_fen):
            raise _wrong(band.at("up_to_yuan"), "bands rise, and only the last is without end")
        below_fen = up_to_fen or below_fen
        bands.append(Band(up_to_fen, band.basis_points("basis_points")))
        band.finish()
    if not bands:
        raise _wrong(row.at("bands"), "it is empty")
    return tuple(bands)


def _read_fund(row: _Table) -> FurtherFund:
    fund = FurtherFund(
        row.take("code", str),
        row.text("title"),
        row.words("person_types", PERSON_TYPES),
        row.basis_points("basis_points"),
        row.yuan_or_none("visit_cap_yuan"),
    )
    row.finish()
    return fund
