"""OpenID4VP: the signed request, the answer by direct_post, and the query that both carry."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from yitong.errors import Text, YitongError
from yitong.specs import dcql, jose, oid4vp
from yitong.specs.jwk import new_private_key
from yitong.specs.oid4vp import PresentationRequest
from yitong.specs.sd_jwt_vc import Presented

NOW = 1_790_000_000
VERIFIER = "https://qidong.example/institutions/qidong-window"
KEY = new_private_key()
VCT = "https://v/business-licence"
QUERY = dcql.Query((dcql.CredentialQuery("licence", (VCT,), (dcql.ClaimQuery(("uscc",)), dcql.ClaimQuery(("address",)))),))
REQUEST = PresentationRequest(
    VERIFIER,
    "https://qidong.example/vp/answers/1",
    "n" * 22,
    "state-1",
    QUERY,
    NOW,
    NOW + 300,
    Text("核验执照", "Check a licence"),
)
EXAMPLES = Path(__file__).parents[3] / "shared" / "vectors" / "openid4vp" / "1.0" / "examples" / "query_lang"


def refusal(call, *args, **kwargs):
    with pytest.raises(YitongError) as caught:
        call(*args, **kwargs)
    return caught.value.code


def signed(typ=oid4vp.REQUEST_TYP, key=KEY, **members):
    claims = jose.parse(oid4vp.sign_request(REQUEST, KEY, "k1")).claims() | members
    return jose.sign({name: value for name, value in claims.items() if value is not None}, key, typ, kid="k1")


def test_a_request_comes_back_as_it_was_asked():
    text = oid4vp.sign_request(REQUEST, KEY, "k1")
    assert oid4vp.requester_of(text) == (VERIFIER, "k1")
    assert oid4vp.verify_request(text, KEY.public_key(), NOW, client_id=f"openid_federation:{VERIFIER}") == REQUEST
    claims = jose.parse(text).claims()
    assert claims["aud"] == "https://self-issued.me/v2"
    assert "redirect_uri" not in claims
    assert "client_metadata" not in claims


def test_a_wallet_nonce_is_echoed():
    text = oid4vp.sign_request(replace(REQUEST, wallet_nonce="w1"), KEY, "k1")
    assert oid4vp.verify_request(text, KEY.public_key(), NOW).wallet_nonce == "w1"


def test_what_the_text_does_not_define_is_ignored_and_so_is_client_metadata():
    text = signed(client_metadata={"jwks": {}}, later=1, purpose="plain")
    assert oid4vp.verify_request(text, KEY.public_key(), NOW) == replace(REQUEST, purpose=None)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (signed(typ="JWT"), "jws.wrong-typ"),
        (signed(key=new_private_key()), "jws.bad-signature"),
        (signed(client_id="redirect_uri:https://qidong.example/"), "oid4vp.wrong-prefix"),
        (signed(client_id="openid_federation:http://qidong.example"), "oid4vc.not-a-url"),
        (signed(client_id="openid_federation:https://other.example"), "oid4vp.client-differs"),
        (signed(aud=VERIFIER), "oid4vp.malformed"),
        (signed(iat=NOW + 61), "oid4vp.request-expired"),
        (signed(exp=NOW - 60), "oid4vp.request-expired"),
        (signed(exp=None), "oid4vp.malformed"),
        (signed(redirect_uri="https://qidong.example/"), "oid4vp.not-supported"),
        (signed(scope="openid"), "oid4vp.not-supported"),
        (signed(transaction_data=["e30"]), "oid4vp.not-supported"),
        (signed(response_mode="direct_post.jwt"), "oid4vp.not-supported"),
        (signed(response_type="vp_token id_token"), "oid4vp.not-supported"),
        (signed(response_uri="https://evil.example/vp"), "oid4vp.foreign-response-uri"),
        (signed(response_uri="https://qidong.example.evil/vp"), "oid4vp.foreign-response-uri"),
        (signed(response_uri="http://qidong.example/vp"), "oid4vc.not-a-url"),
        (signed(response_uri=None), "oid4vp.malformed"),
        (signed(nonce="short"), "oid4vp.malformed"),
        (signed(nonce="n" * 22 + " "), "oid4vp.malformed"),
        (signed(state="a&b"), "oid4vp.malformed"),
        (signed(dcql_query=None), "dcql.malformed"),
        (signed(dcql_query={"credentials": []}), "dcql.malformed"),
    ],
)
def test_requests_that_are_refused(text, code):
    assert refusal(oid4vp.verify_request, text, KEY.public_key(), NOW, client_id=REQUEST.client_id) == code


def test_a_request_that_no_wallet_would_accept_is_not_signed():
    assert refusal(oid4vp.sign_request, replace(REQUEST, nonce="short"), KEY, "k") == "oid4vp.malformed"
    assert (
        refusal(oid4vp.sign_request, replace(REQUEST, response_uri="https://x.example/"), KEY, "k")
        == "oid4vp.foreign-response-uri"
    )


def test_the_link_leads_to_the_request():
    link = oid4vp.request_link(REQUEST.client_id, "https://qidong.example/vp/requests/1")
    assert oid4vp.read_link(link) == (REQUEST.client_id, "https://qidong.example/vp/requests/1")


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("https://x/?client_id=a&request_uri=b", "oid4vp.malformed"),
        ("openid4vp://?client_id=a&client_id=b&request_uri=c", "oid4vp.malformed"),
        ("openid4vp://?client_id=openid_federation%3Ahttps%3A%2F%2Fx&request=e30", "oid4vp.not-supported"),
        ("openid4vp://?client_id=x509_san_dns%3Ax&request_uri=https%3A%2F%2Fx", "oid4vp.wrong-prefix"),
        (
            "openid4vp://?client_id=openid_federation%3Ahttps%3A%2F%2Fx&request_uri=http%3A%2F%2F10.0.0.1",
            "oid4vc.not-a-url",
        ),
    ],
)
def test_links_that_are_refused(link, code):
    assert refusal(oid4vp.read_link, link) == code


def test_an_answer_is_read():
    form = oid4vp.response_form({"licence": ["a~b~c"]}, "s1") | {"later": "x"}
    assert oid4vp.read_response(form) == oid4vp.Answer("s1", {"licence": ("a~b~c",)})


@pytest.mark.parametrize(("given", "read"), [("access_denied", "access_denied"), ("<script>", "other")])
def test_a_refusal_is_an_answer(given, read):
    assert oid4vp.read_response(oid4vp.declining_form(given, "s1")) == oid4vp.Declined("s1", read)


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"vp_token": '{"a":["x"]}'}, "oid4vp.malformed"),
        ({"state": "s", "response": "jwe"}, "oid4vp.not-supported"),
        ({"state": "s"}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": "{}"}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": '"x"'}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": '{"a":"x"}'}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": '{"a":[]}'}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": '{"a":[{}]}'}, "oid4vp.malformed"),
        ({"state": "s", "vp_token": '{"a":["x"],"a":["y"]}'}, "value.not-json"),
        ({"state": "s", "vp_token": "[" * 100_000}, "value.not-json"),
        ({"state": "s", "vp_token": json.dumps({"a": ["x" * 600_000]})}, "oid4vp.malformed"),
    ],
)
def test_answers_that_are_refused(form, code):
    assert refusal(oid4vp.read_response, form) == code


# --- DCQL ---------------------------------------------------------------------------------------------------------


def presented(vct=VCT, holder=True, **claims):
    key = KEY.public_key() if holder else None
    return Presented(claims, {}, "https://i", vct, NOW, None, key, None, None, tuple(claims), "hash")


def codes(query, answer):
    return [(row.code, row.id) for row in dcql.shortfalls(query, answer)]


def test_an_answer_that_fulfils_the_query():
    assert dcql.satisfies(QUERY, {"licence": [presented(uscc="1", address="x", more=1)]})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({}, [("dcql.credential-missing", "licence")]),
        ({"licence": []}, [("dcql.wrong-count", "licence"), ("dcql.credential-missing", "licence")]),
        ({"licence": [presented(uscc="1", address="x")] * 2}, [("dcql.wrong-count", "licence")]),
        ({"licence": [presented(uscc="1")]}, [("dcql.claims-missing", "licence")]),
        ({"licence": [presented("https://v/other", uscc="1", address="x")]}, [("dcql.wrong-type", "licence")]),
        ({"licence": [presented(holder=False, uscc="1", address="x")]}, [("dcql.not-bound", "licence")]),
        ({"licence": [presented(uscc="1", address="x")], "odd": [presented()]}, [("dcql.unexpected-id", "")]),
    ],
)
def test_answers_that_fall_short(answer, expected):
    assert codes(QUERY, answer) == expected


def test_each_of_several_presentations_counts():
    many = dcql.Query((replace(QUERY.credentials[0], multiple=True),))
    good, bad = presented(uscc="1", address="x"), presented(uscc="1")
    assert dcql.satisfies(many, {"licence": [good, good]})
    assert codes(many, {"licence": [good, bad]}) == [("dcql.claims-missing", "licence")]


CREDENTIAL = {
    "name": "A",
    "address": {"street": "s", "code": "12345"},
    "degrees": [{"type": "b", "at": 1}, {"type": "m"}],
    "towns": ["x", "y"],
    "flag": True,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("name",), ["A"]),
        (("address", "street"), ["s"]),
        (("degrees", None, "type"), ["b", "m"]),
        (("degrees", None, "at"), [1]),
        (("towns", 1), ["y"]),
        (("towns", 2), []),
        (("towns", "x"), []),
        (("address", None), []),
        (("name", 0), []),
        (("none",), []),
    ],
)
def test_paths(path, found):
    assert dcql.follow(CREDENTIAL, path) == found


@pytest.mark.parametrize(
    ("path", "values", "met"),
    [(("name",), ("A", "B"), True), (("name",), ("a",), False), (("flag",), (1,), False), (("flag",), (True,), True),
     (("degrees", None, "at"), (True,), False), (("towns", None), ("y",), True), (("none",), (), False)],
)  # fmt: skip
def test_values_match_by_type_and_value(path, values, met):
    assert dcql.claim_met(CREDENTIAL, dcql.ClaimQuery(path, None, values)) is met


def test_the_first_claim_set_that_can_be_met_is_chosen():
    asked = dcql.read_query(
        {
            "credentials": [
                {
                    "id": "p",
                    "format": "dc+sd-jwt",
                    "meta": {},
                    "claims": [{"id": "a", "path": ["a"]}, {"id": "b", "path": ["b"]}, {"id": "c", "path": ["c"]}],
                    "claim_sets": [["a", "c"], ["a", "b"]],
                }
            ]
        }
    ).credentials[0]
    assert [claim.id for claim in dcql.chosen_claims({"a": 1, "b": 2}, asked) or ()] == ["a", "b"]
    assert [claim.id for claim in dcql.chosen_claims({"a": 1, "b": 2, "c": 3}, asked) or ()] == ["a", "c"]
    assert dcql.chosen_claims({"a": 1}, asked) is None


def test_alternatives_and_optional_sets():
    rows = tuple(dcql.CredentialQuery(name, (name,)) for name in ("pid", "x", "y", "extra"))
    query = dcql.Query(rows, (dcql.CredentialSet((("pid",), ("x", "y"))), dcql.CredentialSet((("extra",),), required=False)))
    assert dcql.chosen_queries(query, {"x", "y", "extra"}) == ("x", "y")
    assert dcql.chosen_queries(query, {"pid", "x", "y"}) == ("pid",)
    assert dcql.chosen_queries(query, {"x", "extra"}) is None
    assert dcql.satisfies(query, {"x": [presented("x")], "y": [presented("y")]})
    assert codes(query, {"x": [presented("x")], "extra": [presented("extra")]}) == [("dcql.credential-missing", "pid")]


def credential(**members):
    base = {"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["v"]}} | members
    return {"credentials": [{name: value for name, value in base.items() if value is not None}]}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (None, "dcql.malformed"),
        ({}, "dcql.malformed"),
        (credential(id="a b"), "dcql.malformed"),
        (credential(id=None), "dcql.malformed"),
        (credential(meta=None), "dcql.malformed"),
        (credential(meta={"vct_values": []}), "dcql.malformed"),
        (credential(meta={"doctype_value": "x"}), "dcql.not-supported"),
        (credential(format="mso_mdoc"), "dcql.not-supported"),
        (credential(trusted_authorities=[{"type": "aki", "values": ["x"]}]), "dcql.not-supported"),
        (credential(require_cryptographic_holder_binding=False), "dcql.not-supported"),
        (credential(multiple="yes"), "dcql.malformed"),
        (credential(claims=[]), "dcql.malformed"),
        (credential(claims=[{"path": []}]), "dcql.malformed"),
        (credential(claims=[{"path": [-1]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a", -1]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a", True]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a", 1.5]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a"]}, {"path": ["a"]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a"], "values": []}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a"], "values": [None]}]), "dcql.malformed"),
        (credential(claims=[{"path": ["a"], "intent_to_retain": True}]), "dcql.not-supported"),
        (credential(claim_sets=[["a"]]), "dcql.malformed"),
        (credential(claims=[{"path": ["a"]}], claim_sets=[["a"]]), "dcql.malformed"),
        (credential(claims=[{"id": "a", "path": ["a"]}], claim_sets=[["b"]]), "dcql.malformed"),
        (credential() | {"credential_sets": [{"options": [["b"]]}]}, "dcql.malformed"),
        (credential() | {"credential_sets": [{"options": []}]}, "dcql.malformed"),
        (credential() | {"purpose": "x"}, "dcql.not-supported"),
        ({"credentials": credential()["credentials"] * 2}, "dcql.malformed"),
        ({"credentials": credential()["credentials"] * 33}, "dcql.malformed"),
    ],
)
def test_queries_that_are_refused(query, code):
    assert refusal(dcql.read_query, query) == code


def test_the_queries_of_the_standard_are_read_or_refused_for_their_format():
    if not EXAMPLES.exists():
        pytest.skip("no vectors here")
    for file in sorted(EXAMPLES.glob("*.json")):
        body = json.loads(file.read_text("utf-8"))
        if "mso_mdoc" in file.read_text("utf-8"):
            assert refusal(dcql.read_query, body) == "dcql.not-supported"
        else:
            assert dcql.read_query(dcql.write_query(dcql.read_query(body))) == dcql.read_query(body)
