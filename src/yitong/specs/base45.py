"""Base45 (RFC 9285): bytes in the 45 characters that a QR code holds most densely.

Two bytes become three characters, a last single byte two. Every byte string has exactly one spelling, and only that
spelling is read back.
"""

from __future__ import annotations

from yitong.errors import YitongError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {char: value for value, char in enumerate(_ALPHABET)}


def base45(data: bytes) -> str:
    """The one spelling of ``data`` (RFC 9285 §4.1)."""
    groups = (data[at : at + 2] for at in range(0, len(data), 2))
    return "".join(_write(int.from_bytes(group, "big"), len(group) + 1) for group in groups)


def base45_decode(text: str, where: str = "") -> bytes:
    """The bytes of a Base45 string (RFC 9285 §4.2); raises ``pass.not-base45``.

    A group above 65,535 (three characters) or 255 (two) names no bytes (§6); a lone last character cannot occur.
    """
    groups = [text[at : at + 3] for at in range(0, len(text), 3)]
    try:
        return b"".join(_read(group) for group in groups)
    except (KeyError, OverflowError) as error:
        raise YitongError("pass.not-base45", where) from error


def _write(value: int, length: int) -> str:
    return "".join(_ALPHABET[value // 45**place % 45] for place in range(length))


def _read(group: str) -> bytes:
    value = sum(_VALUES[char] * 45**place for place, char in enumerate(group))
    return value.to_bytes(len(group) - 1, "big") if len(group) > 1 else _lone(group)


def _lone(group: str) -> bytes:
    raise OverflowError(f"a lone character {group!r}")
