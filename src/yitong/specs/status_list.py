"""Token Status List (draft-ietf-oauth-status-list-20), JWT form: many credentials' statuses in one signed, packed list.

Each credential owns one entry of 1, 2, 4 or 8 bits, the first entry in the least significant bits of the first byte
(§4.1). The list travels as a zlib stream (RFC 1950) in base64url. Inflating is bounded before it begins, and a stream
that is cut short, followed by anything, or of another container is refused: each reader must see the same list.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from yitong.digest import b64url, b64url_decode
from yitong.errors import YitongError
from yitong.specs import jose
from yitong.specs.jwk import PrivateKey, PublicKey

TYP = "statuslist+jwt"
VALID, INVALID, SUSPENDED = 0, 1, 2  # §7.1; other values belong to applications or are not assigned
WIDTHS = (1, 2, 4, 8)
MAX_ENTRIES = 1 << 22
MAX_TOKEN_BYTES = 4_194_304  # a list that does not compress is base64url twice over


@dataclass(frozen=True, slots=True)
class StatusToken:
    """A verified status list token. ``entries`` is the packed list; read it with :func:`get` and ``bits``."""

    uri: str
    iat: int
    exp: int | None
    ttl_s: int | None
    bits: int
    entries: bytes


def new_bits(size: int, bits: int = 2) -> bytearray:
    """A list of ``size`` entries, each ``VALID``."""
    _check_width(bits)
    return bytearray((size * bits + 7) // 8)


def get(entries: bytes | bytearray, index: int, bits: int = 2) -> int:
    """The entry at ``index``; raises ``status.index`` outside the list (§8.3 step 6), ``status.bits`` for an odd width."""
    byte, shift = _place(entries, index, bits)
    return entries[byte] >> shift & ((1 << bits) - 1)


def put(entries: bytearray, index: int, value: int, bits: int = 2) -> None:
    """Set the entry at ``index``; raises ``status.index``, ``status.bits``, or ``status.value`` when it does not fit."""
    byte, shift = _place(entries, index, bits)
    mask = (1 << bits) - 1
    if not 0 <= value <= mask:
        raise YitongError("status.value")
    entries[byte] = entries[byte] & ~(mask << shift) & 0xFF | value << shift


def _check_width(bits: int) -> None:
    if bits not in WIDTHS:
        raise YitongError("status.bits", "status_list")


def _place(entries: bytes | bytearray, index: int, bits: int) -> tuple[int, int]:
    _check_width(bits)
    if not 0 <= index < len(entries) * 8 // bits:
        raise YitongError("status.index")
    byte, within = divmod(index * bits, 8)
    return byte, within


def encode(entries: bytes | bytearray) -> str:
    """The packed list as ``lst``: zlib at the highest level (§4.1), base64url."""
    return b64url(zlib.compress(entries, 9))


def decode(lst: str, max_bytes: int) -> bytes:
    """The packed list of at most ``max_bytes``; raises ``status.too-large`` or ``status.not-zlib``."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS)  # the zlib container only: neither gzip nor a bare deflate stream
    try:
        entries = inflater.decompress(b64url_decode(lst, "lst"), max_bytes + 1)
    except zlib.error as error:
        raise YitongError("status.not-zlib", "lst") from error
    if len(entries) > max_bytes:
        raise YitongError("status.too-large", "lst")
    if not inflater.eof or inflater.unused_data:  # cut short, or something follows
        raise YitongError("status.not-zlib", "lst")
    return entries


def issue_token(
    uri: str,
    entries: bytes | bytearray,
    key: PrivateKey,
    kid: str,
    *,
    iat: int,
    exp: int,
    ttl_s: int,
    bits: int = 2,
) -> str:
    """A status list token for the list served at ``uri`` (§5.1); raises ``status.bits`` or, unless positive, ``status.ttl``."""
    _check_width(bits)
    if ttl_s <= 0:
        raise YitongError("status.ttl", "ttl")
    listed = {"bits": bits, "lst": encode(entries)}
    claims = {"sub": uri, "iat": iat, "exp": exp, "ttl": ttl_s, "status_list": listed}
    return jose.sign(claims, key, TYP, kid=kid)


def verify_token(
    text: str,
    issuer_key: PublicKey,
    *,
    uri: str,
    now_s: int,
    leeway_s: int = 60,
    max_entries: int = MAX_ENTRIES,
) -> StatusToken:
    """Verify a status list token that was fetched from ``uri`` (§8.3).

    1. Type, algorithm and signature (§5.1, step 3.a).  2. ``sub`` is the very ``uri`` that the credential names
    (step 4.a).  3. ``iat`` is there (step 3.b) and not in the future; ``nbf``, if there, has passed.  4. ``exp``, if
    there, has not passed (step 4.c).  5. ``ttl``, if there, is positive (§5.1).  6. ``status_list`` has a known width
    and a list within bounds (§4.2, step 5).
    """
    jws = jose.parse(text, "status token", MAX_TOKEN_BYTES)
    jose.verify(jws, issuer_key, TYP, "status token")  # 1
    claims = jws.claims()
    if claims.get("sub") != uri:  # 2
        raise YitongError("status.sub", "sub")
    iat = _whole(claims, "iat")
    if iat is None:  # 3
        raise YitongError("status.malformed", "iat")
    if now_s < max(iat, _whole(claims, "nbf") or iat) - leeway_s:
        raise YitongError("status.not-yet-valid", "iat")
    exp, ttl_s = _whole(claims, "exp"), _whole(claims, "ttl")
    if exp is not None and now_s >= exp + leeway_s:  # 4
        raise YitongError("status.expired", "exp")
    if ttl_s is not None and ttl_s <= 0:  # 5
        raise YitongError("status.ttl", "ttl")
    match claims.get("status_list"):  # 6
        case {"bits": int(bits), "lst": str(lst)} if not isinstance(bits, bool):
            _check_width(bits)
            return StatusToken(uri, iat, exp, ttl_s, bits, decode(lst, max_entries * bits // 8))
    raise YitongError("status.malformed", "status_list")


def _whole(claims: dict[str, Any], name: str) -> int | None:
    value = claims.get(name)
    if name in claims and (not isinstance(value, int) or isinstance(value, bool)):
        raise YitongError("status.malformed", name)
    return value
