"""What a JSON object may hold: named members of stated kinds, nothing missing, nothing unknown.

Commands and events are read from other people's bytes and kept for ever, so their bodies are held to a declared shape
in both directions. A shape is data; the tables in ``commands`` and ``events`` are its only users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from yitong.clock import as_day
from yitong.digest import b64url_decode
from yitong.errors import YitongError

MAX_TEXT = 4000  # characters of one text in a body: a page of reasons; longer matters belong into a document
MAX_ITEMS = 200
Kind = Callable[[Any], bool]


def text(value: Any) -> bool:
    """A string with something in it."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


def texts(value: Any) -> bool:
    """At least one text, none twice."""
    return isinstance(value, list) and 0 < len(value) <= MAX_ITEMS and all(map(text, value)) and len(set(value)) == len(value)


def day(value: Any) -> bool:
    """A day as ``2026-02-12``."""
    return as_day(value) is not None


def whole(value: Any) -> bool:
    """A whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def flag(value: Any) -> bool:
    """True or false."""
    return isinstance(value, bool)


def tree(value: Any) -> bool:
    """An object whose members are checked by whoever reads it."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


def trees(value: Any) -> bool:
    """A list of such objects."""
    return isinstance(value, list) and len(value) <= MAX_ITEMS and all(map(tree, value))


def sentence(value: Any) -> bool:
    """One sentence in Chinese and English."""
    return isinstance(value, dict) and set(value) == {"zh", "en"} and all(isinstance(v, str) for v in value.values())


def due_date(value: Any) -> bool:
    """A last day with its explanation, as :func:`yitong.cases.events.write_due` writes it."""
    return (
        isinstance(value, dict)
        and set(value) == {"day", "provisional", "explanation"}
        and day(value["day"])
        and flag(value["provisional"])
        and sentence(value["explanation"])
    )


def is_sha256(value: Any) -> bool:
    """A SHA-256 in base64url, as :func:`yitong.digest.sha256_b64` writes it."""
    if not isinstance(value, str) or len(value) != 43:
        return False
    try:
        return len(b64url_decode(value)) == 32
    except YitongError:
        return False


@dataclass(frozen=True, slots=True)
class Shape:
    """Members that must be there and members that may."""

    required: Mapping[str, Kind] = field(default_factory=dict)
    optional: Mapping[str, Kind] = field(default_factory=dict)


def check(shape: Shape, body: object, code: str, where: str) -> Mapping[str, Any]:
    """The same object if it fits; else raise ``code``, ``member`` naming the first that is missing, unknown or wrong."""
    if not isinstance(body, Mapping):
        raise YitongError(code, where, member="/")
    for name, kind in shape.required.items():
        if name not in body or not kind(body[name]):
            raise YitongError(code, where, member=name)
    for name, value in body.items():
        if name in shape.required:
            continue
        optional = shape.optional.get(name)
        if optional is None or not optional(value):
            raise YitongError(code, where, member=str(name)[:60])
    return body
