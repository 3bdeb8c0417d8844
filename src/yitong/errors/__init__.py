"""The one error type of Yitong and the table of its stable codes.

Every refusal carries a code that never changes its meaning, a place (``where``), and, from the table, a sentence
in Chinese and English, what to do about it, and who can do it. The tables are the ``*.toml`` files beside this
module, one per area; a code that is not in a table cannot be raised. ``docs/reference/errors.md`` is made from them.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

WHO = frozenset({"caller", "resident", "officer", "engineer", "neighbour", "nobody"})


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of the product."""

    zh: str
    en: str

    def of(self, lang: str) -> str:
        """The sentence in ``lang`` (``"zh"`` or ``"en"``; anything else reads as ``"en"``)."""
        return self.zh if lang == "zh" else self.en


@dataclass(frozen=True, slots=True)
class ErrorSpec:
    """What the table says of one code: HTTP status, sentence, remedy and who can carry it out."""

    code: str
    status: int
    what: Text
    remedy: Text
    who: str


class _Blank(dict[str, object]):
    """Leaves a placeholder standing when a parameter was not given, so that an error never raises another."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fill(text: Text, params: dict[str, object]) -> Text:
    values = _Blank(params)
    return Text(text.zh.format_map(values), text.en.format_map(values))


def _spec(code: str, row: dict[str, object]) -> ErrorSpec:
    what, remedy = row["what"], row["remedy"]
    if not isinstance(what, dict) or not isinstance(remedy, dict):
        raise TypeError(f"errors table: {code}: what and remedy need zh and en")
    who, status = str(row["who"]), row["status"]
    if who not in WHO or not isinstance(status, int):
        raise TypeError(f"errors table: {code}: who must be one of {sorted(WHO)}, status a number")
    return ErrorSpec(code, status, Text(what["zh"], what["en"]), Text(remedy["zh"], remedy["en"]), who)


@cache
def table() -> dict[str, ErrorSpec]:
    """All codes of the product, read once from the TOML tables beside this module."""
    found: dict[str, ErrorSpec] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, row in tomllib.loads(file.read_text("utf-8")).items():
            if code in found:
                raise TypeError(f"errors table: {code} stands twice")
            found[code] = _spec(code, row)
    return found


class YitongError(Exception):
    """A refusal with a stable ``code``; ``where`` is a JSON pointer, file name or identifier; ``params`` fill the sentence.

    Never put personal data or secrets into ``params``: they reach logs and problem documents.
    """

    def __init__(self, code: str, where: str = "", **params: object) -> None:
        self.spec = table()[code]
        self.code = code
        self.where = where
        self.params = params
        super().__init__(f"{code}: {self.what.en}" + (f" [{where}]" if where else ""))

    @property
    def what(self) -> Text:
        """What is wrong, in both languages."""
        return _fill(self.spec.what, self.params)

    @property
    def remedy(self) -> Text:
        """What to do about it, in both languages."""
        return _fill(self.spec.remedy, self.params)
