"""Entity statements: structure, places of claims, identifiers, error bodies."""

from __future__ import annotations

from typing import Any

import pytest

from federation_example import ANHUI, KEYS, REGISTRY, Federation, claims_of, signed
from yitong.errors import YitongError
from yitong.specs import openid_federation as federation
from yitong.specs.jwk import PrivateKey

ANHUI_KEY, REGISTRY_KEY = KEYS["anhui"], KEYS["registry"]


def refused(claims: dict[str, Any], key: Any = REGISTRY_KEY, **header: Any) -> YitongError:
    with pytest.raises(YitongError) as caught:
        federation.read_statement(signed(claims, key, **header))
    return caught.value


@pytest.fixture
def configuration() -> dict[str, Any]:
    return claims_of(Federation().texts[0])


@pytest.fixture
def statement() -> dict[str, Any]:
    return claims_of(Federation().texts[1])


def test_configuration_and_statement_are_read() -> None:
    world = Federation()
    leaf, jws = federation.read_statement(world.texts[0])
    assert (leaf.iss, leaf.sub, leaf.is_configuration) == (REGISTRY, REGISTRY, True)
    assert leaf.authority_hints == (ANHUI,)
    assert jws.header == {"alg": "ES256", "kid": REGISTRY_KEY.kid, "typ": "entity-statement+jwt"}
    about, _ = federation.read_statement(world.texts[1])
    assert not about.is_configuration
    assert about.constraints.max_path_length == 0
    assert about.metadata["yitong_institution"]["may_issue"] == ["business-licence"]
    assert about.source_endpoint == f"{ANHUI}/federation/fetch"


def test_the_well_known_path_is_appended() -> None:
    assert federation.configuration_url("https://a.gov.cn/x/") == "https://a.gov.cn/x/.well-known/openid-federation"
    assert federation.configuration_url("https://a.gov.cn") == "https://a.gov.cn/.well-known/openid-federation"
    assert federation.fetch_url("https://a.cn/f?x=1", "https://b.cn/i") == "https://a.cn/f?x=1&sub=https%3A%2F%2Fb.cn%2Fi"


def test_wrong_typ(configuration: dict[str, Any]) -> None:
    text = signed(configuration, REGISTRY_KEY, typ="JWT")
    with pytest.raises(YitongError) as caught:
        federation.read_statement(text)
    assert caught.value.code == "jws.wrong-typ"


def test_kid_is_required(configuration: dict[str, Any]) -> None:
    assert refused(configuration, kid="").params["claim"] == "kid"


@pytest.mark.parametrize("claim", ["constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint", "trust_anchor"])
def test_claims_of_a_subordinate_statement_in_a_configuration(configuration: dict[str, Any], claim: str) -> None:
    error = refused(configuration | {claim: {}})
    assert (error.code, error.where, error.params["claim"]) == ("federation.misplaced-claim", REGISTRY, claim)


@pytest.mark.parametrize(
    "claim",
    ["authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners", "trust_anchor"],
)
def test_claims_of_a_configuration_in_a_subordinate_statement(statement: dict[str, Any], claim: str) -> None:
    error = refused(statement | {claim: []}, ANHUI_KEY)
    assert (error.code, error.where) == ("federation.misplaced-claim", ANHUI)


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ({"iat": "1"}, "iat"),
        ({"iat": True}, "iat"),
        ({"exp": -1}, "exp"),
        ({"exp": 1 << 60}, "exp"),
        ({"iat": 1_900_000_000, "exp": 1_900_000_000}, "exp"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": []}, "jwks"),
        ({"jwks": {"keys": [{k: v for k, v in REGISTRY_KEY.jwk.items() if k != "kid"}]}}, "jwks"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"yitong_node": []}}, "metadata/yitong_node"),
        ({"metadata": {"yitong_node": {"inbox_endpoint": None}}}, "metadata/yitong_node"),
        ({"metadata": {"yitong_node": {"jwks": {"keys": "x"}}}}, "metadata/yitong_node/jwks"),
        ({"authority_hints": []}, "authority_hints"),
        ({"authority_hints": "http://127.0.0.1:7404"}, "authority_hints"),
        ({"crit": []}, "crit"),
        ({"trust_marks": {}}, "trust_marks"),
        ({"trust_marks": [{"trust_mark_type": "a"}]}, "trust_marks"),
        ({"trust_marks": [{"trust_mark_type": "a", "trust_mark": signed({"trust_mark_type": "b"}, ANHUI_KEY)}]}, "trust_marks"),
    ],
)
def test_malformed_claims_of_a_configuration(configuration: dict[str, Any], change: dict[str, Any], claim: str) -> None:
    error = refused(configuration | change)
    assert (error.code, error.params["claim"], error.where) == ("federation.malformed", claim, REGISTRY)


@pytest.mark.parametrize(
    ("constraints", "claim"),
    [
        ([], "constraints"),
        ({"max_path_length": -1}, "constraints/max_path_length"),
        ({"max_path_length": True}, "constraints/max_path_length"),
        ({"naming_constraints": {"permitted": "a.cn"}}, "permitted"),
        ({"naming_constraints": {"excluded": ["*.gov.cn"]}}, "constraints/naming_constraints/excluded"),
        ({"allowed_entity_types": ["federation_entity"]}, "constraints/allowed_entity_types"),
    ],
)
def test_malformed_constraints(statement: dict[str, Any], constraints: Any, claim: str) -> None:
    error = refused(statement | {"constraints": constraints}, ANHUI_KEY)
    assert (error.code, error.params["claim"]) == ("federation.malformed", claim)


def test_unknown_constraints_and_claims_are_ignored(statement: dict[str, Any]) -> None:
    text = signed(statement | {"constraints": {"colour": "red"}, "jti": "1"}, ANHUI_KEY)
    assert federation.read_statement(text)[0].constraints == federation.Constraints()


def test_nothing_critical_is_understood(statement: dict[str, Any]) -> None:
    assert refused(statement | {"crit": ["jti"], "jti": "1"}, ANHUI_KEY).code == "federation.crit"
    assert refused(statement | {"metadata_policy_crit": ["regexp"]}, ANHUI_KEY).code == "federation.policy-crit"


def test_private_keys_are_refused_wherever_they_stand(configuration: dict[str, Any]) -> None:
    leaked = REGISTRY_KEY.jwk | {"d": "AAAA"}
    assert refused(configuration | {"jwks": {"keys": [leaked]}}).code == "jwk.not-public"
    error = refused(configuration | {"metadata": {"yitong_institution": {"jwks": {"keys": [leaked]}}}})
    assert (error.code, error.where) == ("jwk.not-public", REGISTRY)


def test_one_kid_for_two_keys(configuration: dict[str, Any]) -> None:
    twin = ANHUI_KEY.jwk | {"kid": REGISTRY_KEY.kid}
    assert refused(configuration | {"jwks": {"keys": [REGISTRY_KEY.jwk, twin]}}).code == "federation.duplicate-kid"


@pytest.mark.parametrize(
    "entity_id",
    [
        "http://a.gov.cn",
        "ftp://a.gov.cn",
        "https://",
        "https://a.gov.cn?x=1",
        "https://a.gov.cn#x",
        "https://a.gov.cn@evil.example",
        "https://evil.example\\.gov.cn",
        "https://a.gov.cn.",
        "https://a%2egov.cn",
        "https://税务.gov.cn",
        "https://a.gov.cn/\n",
        "https://a.gov.cn/x/../y",
        "https://a.gov.cn:99999",
        "https://[::1",
        "http://127.0.0.1.evil.example",
        "https://1.2",
        "https://" + "a" * 2048,
        7,
        None,
    ],
)
def test_what_is_no_entity_identifier(entity_id: object) -> None:
    with pytest.raises(YitongError) as caught:
        federation.check_entity_id(entity_id, "iss")
    assert (caught.value.code, caught.value.params["claim"]) == ("federation.entity-id", "iss")


@pytest.mark.parametrize(
    "entity_id", ["https://a.gov.cn", "https://10.0.0.1:8443/x", "http://127.0.0.1:7402", "http://localhost/a"]
)
def test_what_is_an_entity_identifier(entity_id: str) -> None:
    assert federation.check_entity_id(entity_id, "sub") == entity_id


def test_an_endpoint_may_have_a_query() -> None:
    assert federation.check_endpoint("https://a.cn/f?x=1", "source_endpoint") == "https://a.cn/f?x=1"
    with pytest.raises(YitongError) as caught:
        federation.check_endpoint("http://169.254.169.254/", "source_endpoint")
    assert caught.value.code == "federation.malformed"


def test_signing_refuses_what_a_reader_would_refuse(configuration: dict[str, Any]) -> None:
    key: PrivateKey = REGISTRY_KEY.private
    with pytest.raises(YitongError) as caught:
        federation.sign_statement(configuration | {"constraints": {}}, key, REGISTRY_KEY.kid)
    assert caught.value.code == "federation.misplaced-claim"
    with pytest.raises(YitongError) as caught:
        federation.sign_statement(configuration, key, ANHUI_KEY.kid)
    assert caught.value.code == "jwk.unknown-kid"


def test_error_bodies() -> None:
    assert federation.error_body("not_found", 'no "甲"\n') == {"error": "not_found", "error_description": "no ????"}
    assert federation.ERROR_STATUS["not_found"] == 404
    with pytest.raises(ValueError, match="no error code"):
        federation.error_body("oops", "")


def test_a_statement_that_is_too_large(configuration: dict[str, Any]) -> None:
    assert refused(configuration | {"jti": "x" * 70_000}).code == "jws.too-large"
