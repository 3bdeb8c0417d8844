"""The pass and its dynamic code: two nested COSE_Sign1 messages (RFC 9052 §4.2) with ES256 (RFC 9053 §2.1).

While the phone is online, the issuer signs a **pass**: who answers for the fare, under which alias, up to what amount,
for which device key, from when until when. Offline, the device then signs a **code** every few seconds: that pass
and the moment. A gate that holds nothing but the issuer's keys can check both.

    pass = COSE_Sign1({alg, kid}, {1 issuer, 2 pass id, 3 limit_fen, 4 valid from, 5 expires, 6 device key})
    code = COSE_Sign1({alg},      {1 pass, 2 created at, 3 lifetime, 4 inside})        text = "YT1:" + Base45(code)

Five decisions keep one meaning per byte. Times are seconds since 1970-01-01T00:00:00Z and nothing else. The encoding
is deterministic CBOR (RFC 8949 §4.2.1) and anything else is refused. The protected header holds exactly the
parameters above, so ``crit`` and keys or certificates that a message brings along do not exist here; the unprotected
header is empty, since nothing signs it. Each level has its own external data (RFC 9052 §4.3), so that a pass never
passes for a code, nor one version for another. Untagged messages and a key identifier of four bytes keep the whole
under 250 bytes: QR version 10 at level L.

Reading is structural: it believes nothing. Who is asked for the issuer's key, and in which order the checks run, is
``settlement.gate``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yitong.digest import b64url, b64url_decode, sha256_b64
from yitong.errors import YitongError
from yitong.specs.base45 import base45, base45_decode
from yitong.specs.jose import sign_bytes, verify_bytes
from yitong.specs.jwk import PrivateKey, PublicKey, public_jwk, thumbprint

PREFIX = "YT1:"
MAX_CODE_BYTES = 260  # 4 + 390 characters; 395 is what QR version 10-L holds, and gates focus badly on denser codes
MAX_ISSUER_BYTES = 20
MAX_LIMIT_FEN = 2**24 - 1  # three bytes, as in the transit codes in use today
PASS_ID_BYTES = 8
KEY_ID_BYTES = 4

_PASS_DATA, _CODE_DATA = b"yitong/pass/1", b"yitong/code/1"  # external_aad: changing one makes every pass unreadable
_ALG, _KID, _ES256 = 1, 4, -7  # RFC 9052 §3.1, RFC 9053 §2.1
_MAX_MOMENT_S = 2**32 - 1
_MAX_LIFETIME_S = 2**16 - 1


@dataclass(frozen=True, slots=True)
class Pass:
    """A parsed pass. ``key_id`` names the issuer's key; it is never the key itself."""

    issuer: str
    key_id: str
    pass_id: str
    limit_fen: int
    valid_from_s: int
    expires_s: int
    user_key: PublicKey
    signed: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Code:
    """A parsed code. ``inside`` is what the device says of itself, or None; ``code_hash`` covers what the device signed.

    The hash leaves the signature out on purpose: from (r, s) anyone can make (r, n-s), a second spelling of one code.
    """

    travel_pass: Pass
    created_at_s: int
    lifetime_s: int
    inside: bool | None
    signed: bytes
    signature: bytes

    @property
    def code_hash(self) -> str:
        """SHA-256 of what the device signed: equal for every spelling of one code."""
        return sha256_b64(self.signed)


@dataclass(frozen=True, slots=True)
class _Sign1:
    header: dict[int, Any]
    payload: bytes
    signed: bytes
    signature: bytes


def key_id(key: PublicKey) -> str:
    """The name of an issuer's key inside passes: the first four bytes of its RFC 7638 thumbprint, in hex."""
    return b64url_decode(thumbprint(public_jwk(key)))[:KEY_ID_BYTES].hex()


def issue_pass(
    issuer_key: PrivateKey,
    *,
    issuer: str,
    pass_id: str,
    limit_fen: int,
    user_key: PublicKey,
    valid_from_s: int,
    expires_s: int,
) -> bytes:
    """A pass signed by its issuer; ``pass_id`` is eight unguessable bytes in base64url, an alias and never a person's number.

    Raises what :func:`read_pass` raises, so that an issuer cannot hand out what no gate would read.
    """
    point = user_key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    named = b64url_decode(pass_id, "pass_id")
    payload = {1: issuer, 2: named, 3: limit_fen, 4: valid_from_s, 5: expires_s, 6: point}
    header = {_ALG: _ES256, _KID: bytes.fromhex(key_id(issuer_key.public_key()))}
    data = _sign(header, payload, _PASS_DATA, issuer_key)
    read_pass(data)
    return data


def make_code(
    pass_bytes: bytes, device_key: PrivateKey, created_at_s: int, *, lifetime_s: int = 30, inside: bool | None = None
) -> bytes:
    """A code signed by the device over its pass and the moment; the device needs no network for it."""
    payload: dict[int, Any] = {1: pass_bytes, 2: created_at_s, 3: lifetime_s}
    if inside is not None:
        payload[4] = int(inside)
    return _sign({_ALG: _ES256}, payload, _CODE_DATA, device_key)


def code_text(code: bytes) -> str:
    """What stands in the QR code: the version, then Base45, all of QR's alphanumeric set."""
    return PREFIX + base45(code)


def read_text(text: str, where: str = "") -> bytes:
    """The bytes of a shown code; raises ``pass.not-a-code``, ``pass.version``, ``pass.too-long`` or ``pass.not-base45``.

    1. It is ours at all: any other QR code is called that, and not "expired".  2. The version.  3. The length.
    """
    if not text.startswith("YT") or ":" not in text[:8]:  # 1
        raise YitongError("pass.not-a-code", where)
    if not text.startswith(PREFIX):  # 2
        raise YitongError("pass.version", where)
    if len(text) > len(PREFIX) + MAX_CODE_BYTES // 2 * 3:  # 3
        raise YitongError("pass.too-long", where)
    return base45_decode(text[len(PREFIX) :], where)


def read_code(data: bytes, where: str = "code") -> Code:
    """Parse a code and the pass inside it, believing neither; raises ``pass.…`` codes."""
    if len(data) > MAX_CODE_BYTES:
        raise YitongError("pass.too-long", where)
    message = _open(data, _CODE_DATA, frozenset({_ALG}), where)
    fields = _fields(message.payload, {1: bytes, 2: int, 3: int}, {4: int}, where)
    inside = fields.get(4)
    if inside not in (None, 0, 1):
        raise YitongError("pass.malformed", where)
    return Code(
        travel_pass=read_pass(fields[1], "pass"),
        created_at_s=_within(fields[2], _MAX_MOMENT_S, where),
        lifetime_s=_within(fields[3], _MAX_LIFETIME_S, where),
        inside=None if inside is None else bool(inside),
        signed=message.signed,
        signature=message.signature,
    )


def read_pass(data: bytes, where: str = "pass") -> Pass:
    """Parse a pass without believing it; raises ``pass.…`` codes."""
    if len(data) > MAX_CODE_BYTES:
        raise YitongError("pass.too-long", where)
    message = _open(data, _PASS_DATA, frozenset({_ALG, _KID}), where)
    fields = _fields(message.payload, {1: str, 2: bytes, 3: int, 4: int, 5: int, 6: bytes}, {}, where)
    kid, issuer = message.header[_KID], fields[1]
    if type(kid) is not bytes or len(kid) != KEY_ID_BYTES or len(fields[2]) != PASS_ID_BYTES:
        raise YitongError("pass.malformed", where)
    if not 0 < len(issuer.encode()) <= MAX_ISSUER_BYTES:
        raise YitongError("pass.malformed", where)
    return Pass(
        issuer=issuer,
        key_id=kid.hex(),
        pass_id=b64url(fields[2]),
        limit_fen=_within(fields[3], MAX_LIMIT_FEN, where),
        valid_from_s=_within(fields[4], _MAX_MOMENT_S, where),
        expires_s=_within(fields[5], _MAX_MOMENT_S, where),
        user_key=_read_point(fields[6], where),
        signed=message.signed,
        signature=message.signature,
    )


def issuer_signed(travel_pass: Pass, key: PublicKey) -> bool:
    """Whether ``key``, taken from the reader's own list, signed the pass."""
    return verify_bytes(travel_pass.signed, travel_pass.signature, key)


def user_signed(code: Code) -> bool:
    """Whether the device that the pass names signed the code; worth nothing before :func:`issuer_signed` holds."""
    return verify_bytes(code.signed, code.signature, code.travel_pass.user_key)


def _encode(value: object) -> bytes:
    return cbor2.dumps(value, canonical=True)


def _to_be_signed(protected: bytes, external_data: bytes, payload: bytes) -> bytes:
    """The Sig_structure of a single signer (RFC 9052 §4.4)."""
    return _encode(["Signature1", protected, external_data, payload])


def _sign(header: dict[int, Any], fields: dict[int, Any], external_data: bytes, key: PrivateKey) -> bytes:
    protected, payload = _encode(header), _encode(fields)
    signature = sign_bytes(_to_be_signed(protected, external_data, payload), key)
    return _encode([protected, {}, payload, signature])


def _decode(data: bytes, where: str) -> Any:
    """One CBOR item with no surplus; whether its encoding is the deterministic one is for :func:`_same` to say."""
    try:
        return cbor2.loads(data, max_depth=4, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORError as error:
        raise YitongError("pass.malformed", where) from error


def _same(value: object, data: bytes, where: str) -> None:
    """Refuse a second spelling of ``value`` and bytes after it (RFC 8949 §4.2.1); raises ``pass.not-deterministic``."""
    if _encode(value) != data:
        raise YitongError("pass.not-deterministic", where)


def _open(data: bytes, external_data: bytes, parameters: frozenset[int], where: str) -> _Sign1:
    """Take a COSE_Sign1 apart.

    1. An array of protected header, empty unprotected header, payload, signature (RFC 9052 §4.2).  2. Exactly the
    protected ``parameters``: none unknown, hence no ``crit`` either (§3.1).  3. ES256.  4. Deterministic throughout.
    """
    parts = _decode(data, where)
    shape = [bytes, dict, bytes, bytes]
    if type(parts) is not list or [type(part) for part in parts] != shape or len(parts[3]) != 64:  # 1
        raise YitongError("pass.malformed", where)
    header = _decode(parts[0], where)
    if type(header) is not dict or set(header) != parameters or parts[1]:  # 2
        raise YitongError("pass.unknown-header", where)
    if type(header[_ALG]) is not int or header[_ALG] != _ES256:  # 3
        raise YitongError("pass.wrong-alg", where)
    if any(type(name) is not int for name in header) or type(header.get(_KID, b"")) is not bytes:
        raise YitongError("pass.malformed", where)
    _same(header, parts[0], where)  # 4
    _same(parts, data, where)
    return _Sign1(header, parts[2], _to_be_signed(parts[0], external_data, parts[2]), parts[3])


def _fields(payload: bytes, needed: dict[int, type], allowed: dict[int, type], where: str) -> dict[int, Any]:
    fields, known = _decode(payload, where), needed | allowed
    if type(fields) is not dict or not needed.keys() <= fields.keys() <= known.keys():
        raise YitongError("pass.malformed", where)
    if any(type(label) is not int or type(value) is not known[label] for label, value in fields.items()):
        raise YitongError("pass.malformed", where)
    _same(fields, payload, where)
    return fields


def _within(value: int, highest: int, where: str) -> int:
    if not 0 <= value <= highest:
        raise YitongError("pass.malformed", where)
    return value


def _read_point(point: bytes, where: str) -> PublicKey:
    """A device key from its compressed point (SEC 1 §2.3.4), checked to lie on P-256; raises ``pass.bad-user-key``."""
    if len(point) != 33:
        raise YitongError("pass.bad-user-key", where)
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise YitongError("pass.bad-user-key", where) from error
