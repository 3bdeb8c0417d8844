"""The catalogue: TOML files that describe services, calendars, licences and regions, read strictly into the domains' records.

Every reader takes a :class:`Table` and asks it for each key by name and type. A key that is missing, of the wrong type
or left over is an error that names the file and the key: a misspelt rule must not become a rule that is not there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from yitong.errors import Text, YitongError
from yitong.ids import REGION_CODE

CONFIDENCES = frozenset({"sourced", "general knowledge", "example"})
Word = TypeVar("Word", bound=str)


class Table:
    """One TOML table being read: remembers what was asked for, so that :meth:`done` can refuse the rest."""

    def __init__(self, values: Mapping[str, Any], file: str, path: str = "") -> None:
        self._values = values
        self._file = file
        self._path = path
        self._asked: set[str] = set()

    def where(self, key: str) -> str:
        """The file and the full name of a key, as errors give them."""
        return f"{self._file}: {self._path}{key}"

    def wrong(self, key: str, expected: str) -> YitongError:
        """The refusal of a key's value."""
        return YitongError("catalog.wrong-value", self.where(key), key=self._path + key, expected=expected)

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self._values

    def _get(self, key: str) -> Any:
        self._asked.add(key)
        if key not in self._values:
            raise YitongError("catalog.missing-key", self.where(key), key=self._path + key)
        return self._values[key]

    def text(self, key: str) -> str:
        """A string that is not blank."""
        value = self._get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, "a text")
        return value

    def one_of(self, key: str, allowed: frozenset[Word]) -> Word:
        """One of the words ``allowed``."""
        value = self.text(key)
        for word in allowed:
            if word == value:
                return word
        raise self.wrong(key, "one of " + ", ".join(sorted(allowed)))

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings that are not blank."""
        value = self._get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) and item.strip() for item in value):
            raise self.wrong(key, "a list of texts")
        return tuple(value)

    def shaped(self, key: str, shape: re.Pattern[str], expected: str) -> str:
        """A text that ``shape`` matches; ``expected`` says in words what it looks like."""
        value = self.text(key)
        if not shape.match(value):
            raise self.wrong(key, expected)
        return value

    def region_code(self, key: str) -> str:
        """The code of a jurisdiction."""
        return self.shaped(key, REGION_CODE, "six digits (GB/T 2260)")

    def zone(self, key: str) -> str:
        """A time zone that this machine knows."""
        value = self.text(key)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:  # unknown; no name of a zone; the folder of several
            raise self.wrong(key, "a time zone such as Asia/Shanghai") from error
        return value

    def whole(self, key: str, lowest: int = 0, highest: int | None = None) -> int:
        """A whole number from ``lowest`` to ``highest``, both included; None: without end."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest or (highest is not None and value > highest):
            raise self.wrong(key, f"a whole number from {lowest} " + ("on" if highest is None else f"to {highest}"))
        return value

    def flag(self, key: str) -> bool:
        """True or false."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self.wrong(key, "true or false")
        return value

    def day(self, key: str) -> date:
        """A day, written without quotation marks."""
        value = self._get(key)
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self.wrong(key, "a day such as 2026-02-12")
        return value

    def days(self, key: str) -> tuple[date, ...]:
        """A list of days."""
        value = self._get(key)
        if not isinstance(value, list) or not all(isinstance(d, date) and not isinstance(d, datetime) for d in value):
            raise self.wrong(key, "a list of days")
        return tuple(value)

    def names(self, key: str) -> Text:
        """A sentence or name in both languages: ``{ zh = "…", en = "…" }``."""
        table = self.table(key)
        found = Text(table.text("zh"), table.text("en"))
        table.done()
        return found

    def provenance(self) -> tuple[str, str]:
        """``source``, where the figures or words beside it come from, and ``confidence``, how far they can be relied on."""
        return self.text("source"), self.one_of("confidence", CONFIDENCES)

    def table(self, key: str) -> Table:
        """The table under ``key``."""
        value = self._get(key)
        if not isinstance(value, dict):
            raise self.wrong(key, "a table")
        return Table(value, self._file, f"{self._path}{key}.")

    def tables(self, key: str, least: int = 0) -> list[Table]:
        """The tables listed under ``key``, of which there are ``least`` or more."""
        value = self._get(key)
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value) or len(value) < least:
            raise self.wrong(key, f"a list of tables, at least {least}")
        return [Table(item, self._file, f"{self._path}{key}[{i}].") for i, item in enumerate(value)]

    def done(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                raise YitongError("catalog.unknown-key", self.where(key), key=self._path + key)


def read_table(file: Path) -> Table:
    """The whole of a TOML file; raises ``catalog.unreadable``."""
    try:
        return Table(tomllib.loads(file.read_text("utf-8")), file.name)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise YitongError("catalog.unreadable", str(file.name), reason=str(error)[:200]) from error
