"""Writes TOML 1.0: as much of it as the configuration files need. The standard library only reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any


def write_toml(values: Mapping[str, Any], comment: str = "") -> str:
    """The document: first plain values, then tables, then arrays of tables; ``comment`` stands above.

    Values are strings, booleans, integers, floats, days, lists of those, and mappings; None is not TOML and refused.
    """
    lines = [f"# {line}" for line in comment.splitlines()] + [""] * bool(comment)
    plain = {key: value for key, value in values.items() if not _is_table(value) and not _is_tables(value)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in values.items():
        if _is_table(value):
            lines += ["", f"[{_key(key)}]", *_rows(value)]
    for key, value in values.items():
        if _is_tables(value):
            for item in value:
                lines += ["", f"[[{_key(key)}]]", *_rows(item)]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _rows(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else _text(key)


def _text(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: object) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(item)}" for key, item in value.items()) + " }" if value else "{}"
    raise TypeError(f"TOML has no {type(value).__name__}")
