"""Compact JWS and JWK: one algorithm, one spelling, one type; everything else is refused by name."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from yitong.digest import b64url, canonical_json
from yitong.errors import YitongError
from yitong.specs import jose, jwk

KEY = jwk.new_private_key()
PUBLIC = KEY.public_key()
TYP = "test+jwt"


def refused(code: str, token: str, typ: str = TYP) -> None:
    with pytest.raises(YitongError) as caught:
        jose.verify(jose.parse(token), PUBLIC, typ)
    assert caught.value.code == code


def forged(header: dict[str, object], payload: bytes = b"{}", signature: bytes = b"") -> str:
    return f"{b64url(canonical_json(header))}.{b64url(payload)}.{b64url(signature)}"


def signed(header: bytes, payload: bytes = b"{}") -> str:
    signing_input = f"{b64url(header)}.{b64url(payload)}"
    return f"{signing_input}.{b64url(jose.sign_bytes(signing_input.encode(), KEY))}"


def test_what_is_signed_is_read_back() -> None:
    jws = jose.parse(jose.sign({"a": 1}, KEY, TYP, kid="k1"))
    jose.verify(jws, PUBLIC, TYP)
    assert jws.claims() == {"a": 1}
    assert jws.header == {"alg": "ES256", "typ": TYP, "kid": "k1"}


def test_typ_may_carry_the_application_prefix_and_any_case() -> None:
    token = signed(canonical_json({"alg": "ES256", "typ": "application/Test+JWT"}))
    jose.verify(jose.parse(token), PUBLIC, TYP)


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "RS256", "ES384", None, ["ES256"]])
def test_another_algorithm_is_refused(alg: object) -> None:
    refused("jws.wrong-alg", forged({"alg": alg, "typ": TYP}, signature=bytes(64)))


def test_hmac_keyed_with_the_public_key_is_refused() -> None:
    head = b64url(canonical_json({"alg": "HS256", "typ": TYP}))
    mac = hmac.new(canonical_json(jwk.public_jwk(PUBLIC)), f"{head}.e30".encode(), hashlib.sha256).digest()
    refused("jws.wrong-alg", f"{head}.e30.{b64url(mac)}")


@pytest.mark.parametrize("typ", ["kb+jwt", "test", "", None, 7])
def test_another_type_is_refused(typ: object) -> None:
    refused("jws.wrong-typ", signed(json.dumps({"alg": "ES256", "typ": typ}).encode()))


def test_no_type_is_refused() -> None:
    refused("jws.wrong-typ", signed(b'{"alg":"ES256"}'))


def test_crit_is_refused() -> None:
    refused("jws.crit", signed(canonical_json({"alg": "ES256", "typ": TYP, "crit": ["b64"], "b64": True})))


def test_a_key_in_the_header_is_not_used() -> None:
    stranger = jwk.new_private_key()
    refused("jws.bad-signature", jose.sign({}, stranger, TYP, jwk=jwk.public_jwk(stranger)))


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(64), bytes(65), b"\xff" * 64])
def test_a_signature_of_nothing_is_refused(signature: bytes) -> None:
    refused("jws.bad-signature", forged({"alg": "ES256", "typ": TYP}, signature=signature))


def test_a_der_signature_is_refused() -> None:
    head = f"{b64url(canonical_json({'alg': 'ES256', 'typ': TYP}))}.e30"
    der = KEY.sign(head.encode(), jose._ECDSA)
    refused("jws.bad-signature", f"{head}.{b64url(der)}")


def test_a_changed_payload_is_refused() -> None:
    head, _, signature = jose.sign({"a": 1}, KEY, TYP).split(".")
    refused("jws.bad-signature", f"{head}.{b64url(b'{}')}.{signature}")


@pytest.mark.parametrize("token", ["", ".", "a.b", "a.b.c.d", "é.e30.", "e30.e30"])
def test_what_is_not_three_parts_is_refused(token: str) -> None:
    refused("jws.malformed", token)


@pytest.mark.parametrize("head", [b"[]", b'"x"', b"1", b"null"])
def test_a_header_that_is_no_object_is_refused(head: bytes) -> None:
    refused("jws.malformed", f"{b64url(head)}.e30.")


@pytest.mark.parametrize("head", ["e30=", "e30 ", "e3\n0", "e31", "e3+/", "a"])
def test_another_spelling_of_base64url_is_refused(head: str) -> None:
    refused("value.not-base64url", f"{head}.e30.")


@pytest.mark.parametrize(
    "head", [b'{"alg":"none","alg":"ES256"}', b"[" * 100_000, b'{"a":' * 100_000, b'{"a":NaN}', b"\xff", b"{"]
)
def test_json_with_two_readings_or_none_is_refused(head: bytes) -> None:
    refused("value.not-json", f"{b64url(head)}.e30.")


def test_a_token_over_the_bound_is_refused() -> None:
    with pytest.raises(YitongError) as caught:
        jose.parse("a" * 101, max_bytes=100)
    assert caught.value.code == "jws.too-large"


@pytest.mark.parametrize("payload", [b"[]", b"1"])
def test_claims_must_be_an_object(payload: bytes) -> None:
    with pytest.raises(YitongError) as caught:
        jose.parse(jose.sign(payload, KEY, TYP)).claims()
    assert caught.value.code == "jws.malformed"


def test_a_jwk_is_read_back_and_bound_to_its_use() -> None:
    published = jwk.published_jwk(KEY)
    assert jwk.read_public_jwk(published).public_numbers() == PUBLIC.public_numbers()
    assert jwk.read_public_jwk(published | {"key_ops": ["verify"]}).public_numbers() == PUBLIC.public_numbers()
    assert published["kid"] == jwk.thumbprint(jwk.public_jwk(PUBLIC))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"d": "AA"}, "jwk.not-public"),
        ({"k": "AA"}, "jwk.not-public"),
        ({"kty": "OKP"}, "jwk.not-p256"),
        ({"crv": "P-384"}, "jwk.not-p256"),
        ({"alg": "ES384"}, "jwk.not-p256"),
        ({"use": "enc"}, "jwk.not-p256"),
        ({"key_ops": ["encrypt"]}, "jwk.not-p256"),
        ({"key_ops": "verify"}, "jwk.not-p256"),
        ({"x": "A" * 43}, "jwk.not-p256"),
        ({"x": "A" * 42}, "jwk.not-p256"),
        ({"y": 5}, "jwk.not-p256"),
        ({"x": "A" * 42 + "B"}, "value.not-base64url"),
    ],
)
def test_a_jwk_of_another_kind_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(YitongError) as caught:
        jwk.read_public_jwk(jwk.public_jwk(PUBLIC) | change)
    assert caught.value.code == code


def test_a_key_is_found_by_its_one_name() -> None:
    other = jwk.new_private_key()
    jwks = jwk.key_set(KEY, other)
    kid = jwks["keys"][0]["kid"]
    assert jwk.find_key(jwks, kid).public_numbers() == PUBLIC.public_numbers()
    for absent in ("../../etc/passwd", "' OR 1=1 --", None, ["x"]):
        with pytest.raises(YitongError) as caught:
            jwk.find_key(jwks, absent)
        assert caught.value.code == "jwk.unknown-kid"
    with pytest.raises(YitongError) as caught:
        jwk.find_key({"keys": [jwks["keys"][0], jwks["keys"][0]]}, kid)
    assert caught.value.code == "jwk.unknown-kid"


def test_the_thumbprint_of_a_known_key() -> None:
    """The P-256 key of the SD-JWT examples; value computed by hand from RFC 7638 §3."""
    known = {
        "kty": "EC",
        "crv": "P-256",
        "x": "b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ",
        "y": "Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8",
    }
    text = f'{{"crv":"P-256","kty":"EC","x":"{known["x"]}","y":"{known["y"]}"}}'
    assert jwk.thumbprint(known | {"use": "sig"}) == b64url(hashlib.sha256(text.encode()).digest())
