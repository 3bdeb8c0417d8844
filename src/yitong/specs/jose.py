"""Compact JWS with ES256 (RFC 7515, RFC 7518 §3.4), read strictly (RFC 8725).

Every token of the project has an explicit ``typ`` (RFC 8725 §3.11) and exactly one spelling: canonical base64url,
no duplicate members, a low bound on size. The algorithm is fixed by the reader, never by the token; ``crit`` is
refused because no extension is understood; keys named by the token itself (``jku``, ``x5u``) are never followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from yitong.digest import b64url, b64url_decode, canonical_json, parse_json
from yitong.errors import YitongError
from yitong.specs.jwk import PrivateKey, PublicKey

ALG = "ES256"
MAX_JWS_BYTES = 1_048_576  # a message between nodes may carry documents; tokens are bounded lower where they are read
_ECDSA = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Jws:
    """A parsed, not yet verified, compact JWS."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    def claims(self) -> dict[str, Any]:
        """The payload as a JSON object; raises ``jws.malformed``."""
        claims = parse_json(self.payload, "payload")
        if not isinstance(claims, dict):
            raise YitongError("jws.malformed", "payload")
        return claims


def sign_bytes(data: bytes, key: PrivateKey) -> bytes:
    """An ES256 signature, 64 bytes r‖s (RFC 7518 §3.4)."""
    r, s = decode_dss_signature(key.sign(data, _ECDSA))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify_bytes(data: bytes, signature: bytes, key: PublicKey) -> bool:
    """Whether ``signature`` (r‖s) is ``key``'s over ``data``."""
    if len(signature) != 64:
        return False
    der = encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
    try:
        key.verify(der, data, _ECDSA)
    except InvalidSignature:
        return False
    return True


def sign(payload: dict[str, Any] | bytes, key: PrivateKey, typ: str, **header: Any) -> str:
    """A compact JWS of ``payload`` with ``alg``, ``typ`` and the given header members (such as ``kid``)."""
    head = b64url(canonical_json({"alg": ALG, "typ": typ, **header}))
    body = b64url(payload if isinstance(payload, bytes) else canonical_json(payload))
    return f"{head}.{body}.{b64url(sign_bytes(f'{head}.{body}'.encode(), key))}"


def parse(token: str, where: str = "", max_bytes: int = MAX_JWS_BYTES) -> Jws:
    """Split and decode a compact JWS; raises ``jws.malformed``, ``jws.too-large`` or a ``value.…`` code."""
    if len(token) > max_bytes:
        raise YitongError("jws.too-large", where)
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise YitongError("jws.malformed", where)
    header = parse_json(b64url_decode(parts[0], where), where)
    if not isinstance(header, dict):
        raise YitongError("jws.malformed", where)
    signing_input = f"{parts[0]}.{parts[1]}".encode()
    return Jws(header, b64url_decode(parts[1], where), signing_input, b64url_decode(parts[2], where))


def verify(jws: Jws, key: PublicKey, typ: str, where: str = "") -> None:
    """Check a parsed JWS against ``key``; raises ``jws.wrong-alg``, ``jws.wrong-typ``, ``jws.crit`` or ``jws.bad-signature``.

    1. ``alg`` is ES256 (RFC 8725 §3.1).  2. ``typ`` is the one expected (RFC 8725 §3.11), compared as RFC 7515
    §4.1.9 says.  3. No ``crit`` (RFC 7515 §4.1.11).  4. The signature holds (RFC 7515 §5.2).
    """
    if jws.header.get("alg") != ALG:  # 1
        raise YitongError("jws.wrong-alg", where)
    named = jws.header.get("typ")
    if not isinstance(named, str) or named.lower().removeprefix("application/") != typ:  # 2
        raise YitongError("jws.wrong-typ", where, expected=typ)
    if "crit" in jws.header:  # 3
        raise YitongError("jws.crit", where)
    if not verify_bytes(jws.signing_input, jws.signature, key):  # 4
        raise YitongError("jws.bad-signature", where)
