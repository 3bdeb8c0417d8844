"""Bytes that must have exactly one spelling: hashes, base64url, JSON.

Tokens and messages are compared, cached and deduplicated by their hash. So nothing here accepts two spellings of
one value: base64url without padding and with canonical last bits (RFC 4648 §3.5), JSON without duplicate members.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from yitong.errors import YitongError

MAX_JSON_DEPTH = 64  # deeper input is refused before the parser recurses; nothing in the protocols nests beyond 12


def sha256(data: bytes) -> bytes:
    """The 32 bytes of SHA-256."""
    return hashlib.sha256(data).digest()


def sha256_b64(data: bytes) -> str:
    """SHA-256 as base64url, 43 characters: the form in which the project writes every hash."""
    return b64url(sha256(data))


def b64url(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str, where: str = "") -> bytes:
    """The bytes of a canonical, unpadded base64url string; raises ``value.not-base64url`` for any other spelling."""
    try:
        data = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise YitongError("value.not-base64url", where) from error
    if b64url(data) != text:
        raise YitongError("value.not-base64url", where)
    return data


def canonical_json(value: Any) -> bytes:
    """One spelling per value: sorted members, no white space, UTF-8. Floats are refused (ValueError): money has none."""
    return json.dumps(_no_float(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _no_float(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("canonical JSON holds no floating-point numbers")
    if isinstance(value, dict):
        return {key: _no_float(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_no_float(item) for item in value]
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate member")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("number too large")
    return number


def _check_text(text: str) -> None:
    """Refuse U+0000 (no database keeps it) and lone surrogates (UTF-8 cannot write them), written plainly or escaped."""
    lowered = text.lower()
    if "\x00" in text or "\\u0000" in lowered:
        raise ValueError("U+0000")
    if "\\ud" in lowered:
        json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8")


def _depth(data: str) -> int:
    deepest = level = 0
    in_string = escaped = False
    for char in data:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            level += 1
            deepest = max(deepest, level)
        elif char in "]}":
            level -= 1
    return deepest


def parse_json(data: bytes | str, where: str = "") -> Any:
    """Strict JSON (RFC 8259 §4, §10): UTF-8, no duplicate members, no NaN, bounded depth; raises ``value.not-json``."""
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
        if text.count("[") + text.count("{") > MAX_JSON_DEPTH and _depth(text) > MAX_JSON_DEPTH:
            raise ValueError("nested too deep")
        _check_text(text)
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise YitongError("value.not-json", where, reason=str(error)[:120]) from error
