"""JSON Web Keys for P-256 (RFC 7517, RFC 7518 §6.2) and their thumbprints (RFC 7638).

One key type is in use: EC on P-256, signing with ES256. Public keys are checked to lie on the curve when they are
read. A private member in a place where only a public key belongs is refused, not ignored.
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from yitong.digest import b64url, b64url_decode, canonical_json, sha256_b64
from yitong.errors import YitongError

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey
Jwk = dict[str, Any]
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def new_private_key() -> PrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638 thumbprint (SHA-256, base64url) of an EC key."""
    return sha256_b64(canonical_json({name: jwk[name] for name in ("crv", "kty", "x", "y")}))


def public_jwk(key: PublicKey | PrivateKey) -> Jwk:
    """The minimal public JWK: ``kty``, ``crv``, ``x``, ``y``."""
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    point = public.public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64url(point.x.to_bytes(32, "big")), "y": b64url(point.y.to_bytes(32, "big"))}


def published_jwk(key: PublicKey | PrivateKey, use: str = "sig") -> Jwk:
    """The public JWK with ``kid`` (its thumbprint), ``use`` and ``alg``, as key sets publish it."""
    jwk = public_jwk(key)
    return jwk | {"kid": thumbprint(jwk), "use": use, "alg": "ES256"}


def read_public_jwk(jwk: object, where: str = "") -> PublicKey:
    """A P-256 public key from a JWK; raises ``jwk.not-public`` or ``jwk.not-p256``.

    ``alg``, when present, must be ES256, ``use`` must be ``sig`` and ``key_ops`` must name ``verify`` (RFC 7517 §4.2 to
    §4.4): a key is bound to its use.
    """
    if not isinstance(jwk, dict):
        raise YitongError("jwk.not-p256", where)
    if _PRIVATE_MEMBERS & jwk.keys():
        raise YitongError("jwk.not-public", where)
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise YitongError("jwk.not-p256", where)
    uses = jwk.get("key_ops", ["verify"])
    if (
        jwk.get("alg", "ES256") != "ES256"
        or jwk.get("use", "sig") != "sig"
        or not isinstance(uses, list)
        or "verify" not in uses
    ):
        raise YitongError("jwk.not-p256", where)
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str) or len(x) != 43 or len(y) != 43:
        raise YitongError("jwk.not-p256", where)
    point = (int.from_bytes(b64url_decode(x, where), "big"), int.from_bytes(b64url_decode(y, where), "big"))
    try:
        return ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
    except ValueError as error:
        raise YitongError("jwk.not-p256", where) from error


def key_set(*keys: PublicKey | PrivateKey) -> dict[str, list[Jwk]]:
    """A JWK Set (RFC 7517 §5) of the public halves."""
    return {"keys": [published_jwk(key) for key in keys]}


def find_key(jwks: object, kid: object, where: str = "") -> PublicKey:
    """The key named ``kid`` in a JWK Set; raises ``jwk.unknown-kid`` when none or several carry that name."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    found = [k for k in keys if isinstance(k, dict) and k.get("kid") == kid] if isinstance(keys, list) else []
    if not isinstance(kid, str) or len(found) != 1:
        raise YitongError("jwk.unknown-kid", where)
    return read_public_jwk(found[0], where)
