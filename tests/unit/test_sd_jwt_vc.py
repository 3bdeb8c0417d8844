"""SD-JWT VC: what a credential must say, what it may not hide, when it holds, and who may present it."""

from __future__ import annotations

from typing import Any

import pytest

from yitong.digest import b64url, canonical_json, sha256_b64
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.specs import jose, sd_jwt, sd_jwt_vc
from yitong.specs.jwk import new_private_key, public_jwk

ISSUER, HOLDER, STRANGER = new_private_key(), new_private_key(), new_private_key()
NOW = 1_800_000_000
AUD, NONCE = "redirect_uri:https://v.example/answer", "n-1"
CLAIMS: dict[str, Any] = {
    "iss": "https://anhui.example/institutions/hefei-registry",
    "vct": "https://anchor.example/kinds/business-licence",
    "iat": NOW - 10,
    "exp": NOW + 1000,
    "cnf": {"jwk": public_jwk(HOLDER)},
    "status": {"status_list": {"uri": "https://anhui.example/status/1", "idx": 7}},
    "name": "示例食品有限公司",
    "seat": {"city": "合肥"},
}


def refused(code: str, act: Any, *args: Any, **named: Any) -> None:
    with pytest.raises(YitongError) as caught:
        act(*args, **named)
    assert caught.value.code == code


def issued(changed: dict[str, Any] | None = None, names: tuple[str, ...] = ("name", "seat")) -> str:
    return sd_jwt_vc.issue_credential(CLAIMS | (changed or {}), names, ISSUER, "k1", SeededEntropy(3))


def signed(payload: dict[str, Any], *texts: str, typ: str = sd_jwt_vc.TYP, **header: Any) -> str:
    """A credential that the issuer really signed, without the checks that issuing makes."""
    return "~".join((jose.sign(payload, ISSUER, typ, **header), *texts, ""))


def verify(text: str, **named: Any) -> sd_jwt_vc.Presented:
    return sd_jwt_vc.verify_credential(text, ISSUER.public_key(), named.pop("now_s", NOW), **named)


def present(text: str, **named: Any) -> sd_jwt_vc.Presented:
    return sd_jwt_vc.verify_presentation(text, ISSUER.public_key(), **({"aud": AUD, "nonce": NONCE, "now_s": NOW} | named))


def bound(text: str, key: Any = HOLDER, **named: Any) -> str:
    return sd_jwt.bind(text, key, **({"aud": AUD, "nonce": NONCE, "iat": NOW} | named))


def test_a_credential_is_issued_and_verified() -> None:
    got = verify(issued())
    assert got.claims == CLAIMS
    assert (got.iss, got.vct, got.iat, got.exp) == (CLAIMS["iss"], CLAIMS["vct"], NOW - 10, NOW + 1000)
    assert (got.status_uri, got.status_index) == ("https://anhui.example/status/1", 7)
    assert got.holder is not None
    assert got.holder.public_numbers() == HOLDER.public_key().public_numbers()
    assert set(got.disclosed) == {"name", "seat"}
    assert got.header == {"alg": "ES256", "typ": "dc+sd-jwt", "kid": "k1"}


def test_the_key_is_looked_for_under_what_the_text_states() -> None:
    assert sd_jwt_vc.issuer_of(issued()) == (CLAIMS["iss"], "k1")
    assert sd_jwt_vc.issuer_of(bound(issued())) == (CLAIMS["iss"], "k1")
    refused("sdjwt.no-kid", sd_jwt_vc.issuer_of, signed(CLAIMS))
    refused("sdjwt.no-kid", sd_jwt_vc.issuer_of, signed(CLAIMS, kid=42))
    refused("sdjwt.missing-claim", sd_jwt_vc.issuer_of, signed(CLAIMS | {"iss": ["x"]}, kid="k1"))


def test_a_presentation_shows_what_was_chosen_and_keeps_its_token_hash() -> None:
    whole = issued()
    got = present(bound(sd_jwt.select(whole, ["seat"])))
    assert got.disclosed == ("seat",)
    assert "name" not in got.claims
    assert got.token_hash == verify(whole).token_hash
    assert got.token_hash == sha256_b64(whole.split("~")[0].rsplit(".", 1)[0].encode())


def test_decoys_hide_how_many_claims_there_are() -> None:
    assert len(sd_jwt.parse(issued()).jws.claims()["_sd"]) == 2 + sd_jwt_vc.DEFAULT_DECOYS


@pytest.mark.parametrize("name", sorted(sd_jwt_vc.NEVER_DISCLOSABLE))
def test_what_governs_validity_is_not_issued_as_disclosable(name: str) -> None:
    refused("sdjwt.never-disclosable", issued, {name: CLAIMS.get(name, "x")}, (name,))


@pytest.mark.parametrize("name", sorted(sd_jwt_vc.NEVER_DISCLOSABLE))
def test_what_governs_validity_is_refused_when_disclosed(name: str) -> None:
    text = b64url(canonical_json(["salt", name, CLAIMS.get(name, NOW + 500)]))
    payload = {key: value for key, value in CLAIMS.items() if key != name} | {"_sd": [sha256_b64(text.encode())]}
    refused("sdjwt.never-disclosable", verify, signed(payload, text))


@pytest.mark.parametrize(
    "payload",
    [
        {"status": {"_sd": ["undisclosed"]}},
        {"cnf": {"jwk": public_jwk(HOLDER), "_sd": []}},
        {"aka_vcts": [{"...": "undisclosed"}]},
        {"status": {"status_list": {"uri": "https://a.example", "idx": 1, "_sd": ["undisclosed"]}}},
    ],
)
def test_no_part_of_what_governs_validity_is_hidden(payload: dict[str, Any]) -> None:
    refused("sdjwt.never-disclosable", verify, signed(CLAIMS | payload))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("sdjwt.missing-claim", {"vct": ""}),
        ("sdjwt.missing-claim", {"iss": None}),
        ("sdjwt.not-a-date", {"exp": "2030"}),
        ("sdjwt.not-a-date", {"nbf": True}),
        ("sdjwt.not-a-date", {"iat": None}),
        ("sdjwt.bad-holder", {"cnf": {"kid": "x"}}),
        ("sdjwt.bad-holder", {"cnf": []}),
        ("jwk.not-p256", {"cnf": {"jwk": {"kty": "OKP"}}}),
        ("jwk.not-public", {"cnf": {"jwk": public_jwk(HOLDER) | {"d": "AA"}}}),
        ("sdjwt.bad-status", {"status": {}}),
        ("sdjwt.bad-status", {"status": {"other_list": {"uri": "https://a.example", "idx": 1}}}),
        ("sdjwt.bad-status", {"status": {"status_list": {"uri": "https://a.example", "idx": -1}}}),
        ("sdjwt.bad-status", {"status": {"status_list": {"uri": "https://a.example", "idx": True}}}),
        ("sdjwt.bad-status", {"status": {"status_list": {"uri": "", "idx": 1}}}),
    ],
)
def test_a_malformed_claim_is_neither_issued_nor_accepted(code: str, change: dict[str, Any]) -> None:
    refused(code, issued, change)
    refused(code, verify, signed(CLAIMS | change))


@pytest.mark.parametrize("name", ["iss", "vct"])
def test_a_missing_name_is_refused(name: str) -> None:
    payload = {key: value for key, value in CLAIMS.items() if key != name}
    refused("sdjwt.missing-claim", verify, signed(payload))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("sdjwt.expired", {"exp": NOW - 60}),
        ("sdjwt.not-yet-valid", {"nbf": NOW + 61}),
        ("sdjwt.not-yet-valid", {"iat": NOW + 61}),
    ],
)
def test_outside_its_time_a_credential_is_refused(code: str, change: dict[str, Any]) -> None:
    refused(code, verify, issued(change))
    refused(code, present, bound(issued(change)))


def test_the_leeway_is_inside() -> None:
    assert verify(issued({"exp": NOW - 59, "nbf": NOW + 60})).exp == NOW - 59
    refused("sdjwt.expired", verify, issued({"exp": NOW}), leeway_s=0)


def test_without_holder_or_status_there_is_none() -> None:
    payload = {key: value for key, value in CLAIMS.items() if key not in ("cnf", "status", "exp", "iat")}
    got = verify(signed(payload))
    assert (got.holder, got.status_uri, got.status_index, got.exp, got.iat) == (None, None, None, None, None)
    refused("sdjwt.not-bound", present, bound(signed(payload)))


@pytest.mark.parametrize("typ", ["JWT", "vc+sd-jwt", "kb+jwt", "statuslist+jwt", "entity-statement+jwt"])
def test_a_token_of_another_type_is_no_credential(typ: str) -> None:
    refused("jws.wrong-typ", verify, signed(CLAIMS, typ=typ))


def test_a_credential_by_another_key_is_refused_even_if_it_brings_that_key() -> None:
    text = jose.sign(CLAIMS, STRANGER, sd_jwt_vc.TYP, jwk=public_jwk(STRANGER), kid="k1") + "~"
    refused("jws.bad-signature", verify, text)
    refused("jws.bad-signature", present, bound(text))


def test_key_binding_is_demanded_by_the_verifier() -> None:
    refused("sdjwt.kb-missing", present, issued())
    refused("sdjwt.kb-unexpected", verify, bound(issued()))
    refused("jws.bad-signature", present, bound(issued(), STRANGER))
    refused("sdjwt.kb-nonce", present, bound(issued(), nonce="old"))
    refused("sdjwt.kb-audience", present, bound(issued(), aud="https://v.example/answer"))
    refused("sdjwt.kb-stale", present, bound(issued(), iat=NOW - 361))
    refused("sdjwt.kb-stale", present, bound(issued(), iat=NOW - 71), kb_max_age_s=10)
    refused("sdjwt.kb-future", present, bound(issued(), iat=NOW + 61))


def test_a_credential_is_not_taken_as_its_own_binding() -> None:
    refused("jws.wrong-typ", present, issued() + issued().split("~")[0])


def test_a_disclosure_added_or_taken_after_binding_is_refused() -> None:
    whole = issued()
    kb_text = bound(sd_jwt.select(whole, ["seat"])).rsplit("~", 1)[1]
    refused("sdjwt.kb-hash", present, whole + kb_text)
    refused("sdjwt.kb-hash", present, sd_jwt.select(whole, []) + kb_text)


@pytest.mark.parametrize(("aud", "accepted"), [(AUD, True), ([AUD, "x"], True), ("x", False), ([], False), (7, False)])
def test_a_credential_for_certain_verifiers_is_kept_to_them(aud: object, accepted: bool) -> None:
    text = bound(signed(CLAIMS | {"aud": aud}))
    if accepted:
        assert present(text).iss == CLAIMS["iss"]
    else:
        refused("sdjwt.audience", present, text)
