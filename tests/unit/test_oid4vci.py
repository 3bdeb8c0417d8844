"""OpenID4VCI messages: built and read back, and refused with the error that the text names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from yitong.errors import Text, YitongError
from yitong.specs import jose, oid4vci
from yitong.specs.jwk import new_private_key, public_jwk
from yitong.specs.oid4vci import OAuthError

ISSUER = "https://h.example/institutions/hefei-registry"
NOW = 1_790_000_000
SHARED = Path(__file__).parents[3] / "shared" / "vectors"


def test_well_known_places_are_inserted_between_host_and_path():
    assert oid4vci.issuer_metadata_url("https://h/tenant") == "https://h/.well-known/openid-credential-issuer/tenant"
    assert oid4vci.issuer_metadata_url("https://h:8443") == "https://h:8443/.well-known/openid-credential-issuer"
    assert oid4vci.authorization_server_url("https://h/t/") == "https://h/.well-known/oauth-authorization-server/t"
    assert oid4vci.authorization_server_url("https://h/") == "https://h/.well-known/oauth-authorization-server"


@pytest.mark.parametrize(
    "url",
    ["http://h.example/", "https://h?x=1", "https://h#f", "https://u@h/", "ftp://h", "h.example", "", None, 7, "https://h/ a",
     "https://", "https://[::1", "https://h:0x/", "https://h/?", "http://127.0.0.1.evil/"],
)  # fmt: skip
def test_urls_that_name_no_party(url):
    with pytest.raises(YitongError) as caught:
        oid4vci.checked_url(url)
    assert caught.value.code == "oid4vc.not-a-url"


@pytest.mark.parametrize("url", ["https://h/a", "http://127.0.0.1:7404/institutions/x", "http://localhost", "http://[::1]:80/"])
def test_urls_come_back_as_they_stand(url):
    assert oid4vci.checked_url(url) == url


def metadata():
    row = oid4vci.Configuration(
        "k", "https://v/k", Text("证", "Licence"), (oid4vci.ClaimDisplay(("a",), Text("甲", "A"), True),)
    )
    return oid4vci.issuer_metadata(
        ISSUER, Text("机关", "Registry"), [row], credential_endpoint=f"{ISSUER}/credential", nonce_endpoint=f"{ISSUER}/nonce"
    )


def test_issuer_metadata_says_what_the_text_demands():
    body = metadata()
    row = body["credential_configurations_supported"]["k"]
    assert body["credential_issuer"] == ISSUER
    assert (row["format"], row["vct"], row["scope"]) == ("dc+sd-jwt", "https://v/k", "k")
    assert row["cryptographic_binding_methods_supported"] == ["jwk"]
    assert row["proof_types_supported"] == {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}}
    assert row["credential_metadata"]["claims"][0]["path"] == ["a"]
    assert {"locale": "zh-CN", "name": "证"} in row["credential_metadata"]["display"]
    assert "nonce_endpoint" in body
    assert "batch_credential_issuance" not in body


def test_metadata_members_are_known_to_the_conformance_schema():
    schema = SHARED / "oidf-conformance" / "credential_issuer_metadata-1_0.json"
    if not schema.exists():
        pytest.skip("no vectors here")
    assert metadata().keys() <= json.loads(schema.read_text("utf-8"))["properties"].keys()


def test_authorization_server_is_anonymous_and_has_one_grant():
    body = oid4vci.authorization_server_metadata(ISSUER, token_endpoint=f"{ISSUER}/token")
    assert body["grant_types_supported"] == [oid4vci.PRE_AUTHORIZED]
    assert body["pre-authorized_grant_anonymous_access_supported"] is True
    assert "response_types_supported" not in body


@pytest.mark.parametrize("tx_code", [None, oid4vci.TxCode(6), oid4vci.TxCode(4, False, "见短信 & letter")])
def test_an_offer_survives_its_link(tx_code):
    offer = oid4vci.credential_offer(ISSUER, ["business-licence"], "co~de+1", tx_code)
    assert oid4vci.read_offer(oid4vci.offer_uri(offer)) == oid4vci.CredentialOffer(
        ISSUER, ("business-licence",), "co~de+1", tx_code
    )


def test_an_offer_of_another_issuer_is_read():
    file = SHARED / "openid4vci" / "1.0" / "examples" / "credential_offer_pre-authz_code.json"
    if not file.exists():
        pytest.skip("no vectors here")
    read = oid4vci.read_offer(oid4vci.offer_uri(json.loads(file.read_text("utf-8"))))
    assert read.configuration_ids == ("UniversityDegreeCredential",)
    assert read.tx_code is not None
    assert read.tx_code.length == 0


def changed(**members):
    return oid4vci.credential_offer(ISSUER, ["k"], "c") | members


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("https://x/?credential_offer={}", "oid4vci.offer-malformed"),
        ("openid-credential-offer://?credential_offer_uri=https%3A%2F%2F169.254.169.254", "oid4vci.offer-not-supported"),
        ("openid-credential-offer://?credential_offer={}&credential_offer_uri=https%3A%2F%2Fx", "oid4vci.offer-malformed"),
        ("openid-credential-offer://?credential_offer=[]", "oid4vci.offer-malformed"),
        ("openid-credential-offer://?credential_offer={", "value.not-json"),
        (oid4vci.offer_uri(changed(credential_issuer="http://evil.example")), "oid4vc.not-a-url"),
        (oid4vci.offer_uri(changed(credential_configuration_ids=[])), "oid4vci.offer-malformed"),
        (oid4vci.offer_uri(changed(credential_configuration_ids=["k", "k"])), "oid4vci.offer-malformed"),
        (oid4vci.offer_uri(changed(grants={"authorization_code": {}})), "oid4vci.offer-not-supported"),
        (oid4vci.offer_uri(changed(grants={oid4vci.PRE_AUTHORIZED: {}})), "oid4vci.offer-malformed"),
        (oid4vci.offer_uri(changed(grants={oid4vci.PRE_AUTHORIZED: {"pre-authorized_code": "c", "tx_code": {"length": -1}}})),
         "oid4vci.offer-malformed"),
    ],
)  # fmt: skip
def test_offers_that_are_refused(uri, code):
    with pytest.raises(YitongError) as caught:
        oid4vci.read_offer(uri)
    assert caught.value.code == code


def refusal(call, *args, **kwargs):
    with pytest.raises(OAuthError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def test_token_request_ignores_what_it_does_not_know():
    form = oid4vci.read_form(b"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Apre-authorized_code"
                             b"&pre-authorized_code=a+b&tx_code=123456&resource=x&user_pin=1")  # fmt: skip
    assert oid4vci.read_token_request(form) == oid4vci.TokenRequest("a b", "123456")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
        ({"grant_type": oid4vci.PRE_AUTHORIZED}, "invalid_request"),
        ({"grant_type": oid4vci.PRE_AUTHORIZED, "pre-authorized_code": ""}, "invalid_request"),
    ],
)
def test_token_requests_that_are_refused(form, code):
    assert refusal(oid4vci.read_token_request, form) == code


@pytest.mark.parametrize("body", [b"a=1&a=2", b"a=1&a=1", b"a=%ff", b"\xe4=1", b"a=" + b"x" * 70_000, b"a=1&b=2" * 100])
def test_forms_that_are_refused(body):
    assert refusal(oid4vci.read_form, body) == "invalid_request"


def test_token_answer_lives_five_minutes_at_most():
    assert oid4vci.token_response("t", 86_400) == {"access_token": "t", "token_type": "Bearer", "expires_in": 300}


@pytest.mark.parametrize("header", [None, "", "Basic abc", "Bearer", "Bearer a b", "DPoP abc", "Bearer é"])
def test_a_bearer_token_is_needed(header):
    assert refusal(oid4vci.read_bearer, header) == "invalid_token"


def test_a_bearer_token_is_read_whatever_the_case_of_its_scheme():
    assert oid4vci.read_bearer("bearer abc-_.~+/=") == "abc-_.~+/="


def test_an_error_for_a_wallet_is_ascii_and_challenges():
    error = OAuthError("invalid_token", "Gone.")
    assert (error.status, error.body()) == (401, {"error": "invalid_token", "error_description": "Gone."})
    assert error.headers()["WWW-Authenticate"].startswith('Bearer error="invalid_token"')
    assert OAuthError("invalid_nonce", "Used.").status == 400
    with pytest.raises(ValueError, match="ASCII"):
        OAuthError("invalid_request", "缺少参数")
    with pytest.raises(ValueError, match="ASCII"):
        OAuthError("invalid_request", 'a "b"')


def test_a_proof_gives_key_and_nonce():
    key = new_private_key()
    assert oid4vci.verify_proof(oid4vci.make_proof(key, ISSUER, "n-1", NOW), aud=ISSUER, now_s=NOW + 299) == (
        public_jwk(key),
        "n-1",
    )


def proof(claims=None, typ=oid4vci.PROOF_TYP, signer=None, **header):
    key = new_private_key()
    body = {"aud": ISSUER, "iat": NOW, "nonce": "n"} | (claims or {})
    body = {name: value for name, value in body.items() if value is not None}
    return jose.sign(body, signer or key, typ, **({"jwk": public_jwk(key)} | header))


def private_jwk():
    return public_jwk(new_private_key()) | {"d": "AA"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b.c",
        proof(typ="JWT"),
        proof(typ="kb+jwt"),
        proof(signer=new_private_key()),
        proof(jwk=private_jwk()),
        proof(kid="k"),
        proof(x5c=["AA"]),
        jose.sign({"aud": ISSUER, "iat": NOW, "nonce": "n"}, new_private_key(), oid4vci.PROOF_TYP, kid="did:x#1"),
        proof({"aud": "https://other.example"}),
        proof({"aud": [ISSUER]}),
        proof({"aud": ISSUER + "/"}),
        proof({"iat": NOW - 301}),
        proof({"iat": NOW + 61}),
        proof({"iat": str(NOW)}),
        proof({"iat": True}),
        proof({"iat": None}),
        proof({"iss": "wallet"}),
        proof({"nonce": None}),
        proof({"nonce": ""}),
        proof({"nonce": 5}),
        proof(crit=["b64"]),
        proof({"pad": "x" * 9_000}),
    ],
)
def test_proofs_that_are_refused(text):
    assert refusal(oid4vci.verify_proof, text, aud=ISSUER, now_s=NOW) == "invalid_proof"


def test_a_proof_without_algorithm_is_refused():
    head, body, _ = proof().split(".")
    from yitong.digest import b64url, b64url_decode, canonical_json

    for alg in ("none", "HS256", "ES384"):
        header = json.loads(b64url_decode(head)) | {"alg": alg}
        text = f"{b64url(canonical_json(header))}.{body}."
        assert refusal(oid4vci.verify_proof, text, aud=ISSUER, now_s=NOW) == "invalid_proof"


def test_a_credential_request_ignores_what_it_does_not_know():
    body = {"credential_configuration_id": "k", "proofs": {"jwt": ["p"]}, "later": 1}
    assert oid4vci.read_credential_request(body) == oid4vci.CredentialRequest("k", ("p",))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ([], "invalid_credential_request"),
        ({}, "invalid_credential_request"),
        ({"credential_identifier": "x", "proofs": {"jwt": ["p"]}}, "unknown_credential_identifier"),
        ({"credential_identifier": "x", "credential_configuration_id": "k"}, "invalid_credential_request"),
        ({"credential_configuration_id": 5}, "invalid_credential_request"),
        ({"credential_configuration_id": "k"}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proof": {"proof_type": "jwt"}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {"jwt": []}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {"jwt": [{}]}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {"di_vp": [{}]}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {"jwt": ["p"], "attestation": ["a"]}}, "invalid_proof"),
        ({"credential_configuration_id": "k", "proofs": {"jwt": ["p", "q"]}}, "invalid_credential_request"),
        ({"credential_configuration_id": "k", "proofs": {"jwt": ["p"]}, "credential_response_encryption": {}},
         "invalid_encryption_parameters"),
    ],
)  # fmt: skip
def test_credential_requests_that_are_refused(body, code):
    assert refusal(oid4vci.read_credential_request, body) == code


def test_a_batch_is_read_up_to_its_size():
    body = {"credential_configuration_id": "k", "proofs": {"jwt": ["p", "q"]}}
    assert oid4vci.read_credential_request(body, batch_size=2).proofs == ("p", "q")


def test_the_credential_answer_has_one_entry_for_each_key():
    assert oid4vci.credential_response(["a~", "b~"]) == {"credentials": [{"credential": "a~"}, {"credential": "b~"}]}
    assert oid4vci.credential_response(["a~"], "n")["notification_id"] == "n"
    assert oid4vci.nonce_response("n") == {"c_nonce": "n"}
