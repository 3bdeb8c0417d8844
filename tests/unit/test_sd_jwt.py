"""RFC 9901: issuing, parsing, processing, selecting and binding, each rule by the code that names its breach."""

from __future__ import annotations

import json
from typing import Any

import pytest

from yitong.digest import b64url, b64url_decode, sha256_b64
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.specs import jose, sd_jwt
from yitong.specs.jwk import new_private_key

KEY, HOLDER = new_private_key(), new_private_key()
TYP = "test+sd-jwt"
CLAIMS = {"iss": "https://a.example", "name": "示例食品", "scope": ["food", "drink"], "seat": {"city": "合肥", "road": 1}}
NOW = 1_800_000_000


def refused(code: str, act: Any, *args: Any, **named: Any) -> None:
    with pytest.raises(YitongError) as caught:
        act(*args, **named)
    assert caught.value.code == code


def disclosure(*content: Any) -> tuple[str, str]:
    text = b64url(json.dumps(list(content)).encode())
    return text, sha256_b64(text.encode())


def token(payload: dict[str, Any], *texts: str) -> str:
    return "~".join((jose.sign(payload, KEY, TYP), *texts, ""))


def processed(payload: dict[str, Any], *texts: str) -> dict[str, Any]:
    return sd_jwt.process(sd_jwt.parse(token(payload, *texts)))


NAME, NAME_DIGEST = disclosure("s1", "name", "A")
ITEM, ITEM_DIGEST = disclosure("s2", "x")


def issued(disclosable: tuple[str, ...] = ("name", "seat"), **named: Any) -> str:
    return sd_jwt.issue(CLAIMS, disclosable, KEY, SeededEntropy(7), typ=TYP, **named)


def test_what_is_issued_is_processed_back() -> None:
    text = issued(decoys=3, kid="k1")
    sd = sd_jwt.parse(text)
    assert sd_jwt.process(sd) == CLAIMS
    assert sd.sd_text == text
    assert text.endswith("~")
    assert sd.jws.header == {"alg": "ES256", "typ": TYP, "kid": "k1"}
    payload = sd.jws.claims()
    assert "name" not in payload
    assert "seat" not in payload
    assert len(set(payload["_sd"])) == 2 + 3
    assert payload["_sd_alg"] == "sha-256"


def test_salts_are_128_bits_and_differ() -> None:
    salts = {d.salt for d in sd_jwt.parse(issued(("name", "scope", "seat"))).disclosures}
    assert len(salts) == 3
    assert all(len(b64url_decode(salt)) == 16 for salt in salts)


def test_the_order_of_digests_does_not_follow_the_claims() -> None:
    claims = {f"c{n:02}": n for n in range(20)}
    sd = sd_jwt.parse(sd_jwt.issue(claims, tuple(claims), KEY, SeededEntropy(1), typ=TYP))
    assert sd.jws.claims()["_sd"] != [d.digest for d in sd.disclosures]
    assert sorted(sd.jws.claims()["_sd"]) == sorted(d.digest for d in sd.disclosures)


def test_without_anything_to_hide_there_is_no_trace_of_the_format() -> None:
    assert set(sd_jwt.parse(issued(())).jws.claims()) == set(CLAIMS)


@pytest.mark.parametrize(
    ("payload", "names", "code"),
    [
        (CLAIMS, ("phone",), "sdjwt.unknown-claim"),
        (CLAIMS, ("name", "name"), "sdjwt.unknown-claim"),
        ({"_sd": []}, (), "sdjwt.reserved-name"),
        ({"a": [{"b": {"...": "x"}}]}, (), "sdjwt.reserved-name"),
        ({"a": {"_sd_alg": "md5"}}, ("a",), "sdjwt.reserved-name"),
        ({"fare": 1.5}, ("fare",), "sdjwt.not-issuable"),
        ({"fare": 1.5}, (), "sdjwt.not-issuable"),
        ({"a": "\ud800"}, (), "sdjwt.not-issuable"),
        ({"a": object()}, (), "sdjwt.not-issuable"),
        ({"a": "x" * sd_jwt.MAX_BYTES}, ("a",), "sdjwt.too-large"),
        ({f"c{n}": n for n in range(257)}, tuple(f"c{n}" for n in range(257)), "sdjwt.too-large"),
    ],
)
def test_what_no_reader_would_accept_is_not_issued(payload: dict[str, Any], names: tuple[str, ...], code: str) -> None:
    refused(code, sd_jwt.issue, payload, names, KEY, SeededEntropy(1), typ=TYP)


def test_a_payload_nested_too_deeply_is_not_issued() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"a": deep}
    refused("sdjwt.too-deep", sd_jwt.issue, deep, (), KEY, SeededEntropy(1), typ=TYP)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "sdjwt.malformed"),
        (jose.sign({}, KEY, TYP), "sdjwt.malformed"),
        ("~", "jws.malformed"),
        ("a.b~", "jws.malformed"),
        ("~" * 5000, "sdjwt.too-large"),
        ("a" * 200_000, "sdjwt.too-large"),
        (token({}, ""), "value.not-json"),
        (token({}, b64url(b'{"')), "value.not-json"),
        (token({}, b64url(b"[" * 90_000)), "value.not-json"),
        (token({}, b64url(b'["s","n",{"a":1,"a":2}]')), "value.not-json"),
        (token({}, NAME + "="), "value.not-base64url"),
        (token({}, "WyJzIiwieCJe"[:-1] + "_é"), "value.not-base64url"),
        (token({}, b64url(b'["s","x"]')[:-1] + "x"), "value.not-json"),
        (token({}, disclosure("s")[0]), "sdjwt.bad-disclosure"),
        (token({}, disclosure("s", "n", "v", "w")[0]), "sdjwt.bad-disclosure"),
        (token({}, disclosure(7, "n", "v")[0]), "sdjwt.bad-disclosure"),
        (token({}, disclosure("s", 7, "v")[0]), "sdjwt.bad-disclosure"),
        (token({}, disclosure(None, "v")[0]), "sdjwt.bad-disclosure"),
        (token({}, b64url(b'{"a":1}')), "sdjwt.bad-disclosure"),
    ],
    ids=str,
)
def test_what_is_not_an_sd_jwt_is_refused(text: str, code: str) -> None:
    refused(code, sd_jwt.parse, text)


def test_non_canonical_last_bits_are_refused() -> None:
    text = b64url(b'["s","n",10]')  # 12 bytes leave no spare bits; one byte more leaves four
    assert len(text) % 4 == 0
    text = b64url(b'["s","n",100]')
    assert text[-1] == "Q"
    refused("value.not-base64url", sd_jwt.parse, token({}, text[:-1] + "R"))


def test_claims_array_elements_and_children_are_put_in_place() -> None:
    child, child_digest = disclosure("s3", "city", "C")
    parent, parent_digest = disclosure("s4", "seat", {"_sd": [child_digest, "decoy"], "road": 1})
    payload = {"_sd": [NAME_DIGEST, parent_digest], "list": [{"...": ITEM_DIGEST}, {"...": "gone"}, [{"...": "gone too"}]]}
    assert processed(payload, ITEM, parent, NAME, child) == {
        "name": "A",
        "seat": {"city": "C", "road": 1},
        "list": ["x", []],
    }
    assert processed(payload) == {"list": [[]]}


@pytest.mark.parametrize(
    ("code", "payload", "texts"),
    [
        ("sdjwt.unknown-hash", {"_sd_alg": "md5"}, ()),
        ("sdjwt.unknown-hash", {"_sd_alg": None}, ()),
        ("sdjwt.unknown-hash", {"_sd_alg": "SHA-256"}, ()),
        ("sdjwt.duplicate-disclosure", {"_sd": [NAME_DIGEST]}, (NAME, NAME)),
        ("sdjwt.duplicate-digest", {"_sd": [NAME_DIGEST, NAME_DIGEST]}, (NAME,)),
        ("sdjwt.duplicate-digest", {"_sd": ["d"], "a": {"_sd": ["d"]}}, ()),
        ("sdjwt.duplicate-digest", {"_sd": ["d"], "a": [{"...": "d"}]}, ()),
        ("sdjwt.unreferenced-disclosure", {"_sd": []}, (NAME,)),
        ("sdjwt.unreferenced-disclosure", {}, (ITEM,)),
        ("sdjwt.overwrite", {"name": 1, "_sd": [NAME_DIGEST]}, (NAME,)),
        ("sdjwt.wrong-place", {"_sd": [ITEM_DIGEST]}, (ITEM,)),
        ("sdjwt.wrong-place", {"a": [{"...": NAME_DIGEST}]}, (NAME,)),
        ("sdjwt.reserved-name", {"...": "d"}, ()),
        ("sdjwt.reserved-name", {"a": {"...": "d"}}, ()),
        ("sdjwt.reserved-name", {"a": [{"...": "d", "b": 1}]}, ()),
        ("sdjwt.reserved-name", {"a": [{"...": 7}]}, ()),
        ("sdjwt.reserved-name", {"_sd": "d"}, ()),
        ("sdjwt.reserved-name", {"_sd": [1]}, ()),
        ("sdjwt.reserved-name", {"_sd": None}, ()),
        ("sdjwt.reserved-name", {"a": {"_sd_alg": "sha-256"}}, ()),
    ],
)
def test_each_rule_of_processing(code: str, payload: dict[str, Any], texts: tuple[str, ...]) -> None:
    refused(code, processed, payload, *texts)


@pytest.mark.parametrize("name", ["_sd", "...", "_sd_alg"])
def test_a_disclosure_may_not_carry_a_reserved_name(name: str) -> None:
    text, digest = disclosure("s", name, ["z"])
    refused("sdjwt.reserved-name", processed, {"_sd": [digest]}, text)


def test_two_disclosures_for_one_name_are_refused() -> None:
    other, digest = disclosure("s9", "name", "B")
    refused("sdjwt.overwrite", processed, {"_sd": [NAME_DIGEST, digest]}, NAME, other)


def test_a_child_without_its_parent_is_refused() -> None:
    _, parent_digest = disclosure("s4", "seat", {"_sd": [NAME_DIGEST]})
    refused("sdjwt.unreferenced-disclosure", processed, {"_sd": [parent_digest]}, NAME)


def test_a_chain_of_disclosures_is_bounded_in_depth() -> None:
    texts: list[str] = []
    text, digest = disclosure("s", "end", 1)
    for n in range(200):
        texts.append(text)
        text, digest = disclosure("s", f"c{n}", {"a": {"_sd": [digest]}})
    refused("sdjwt.too-deep", processed, {"_sd": [digest]}, *texts, text)


def test_the_holder_shows_only_what_was_chosen() -> None:
    sd = sd_jwt.parse(sd_jwt.select(issued(decoys=1), ["seat", "iss"]))
    assert [d.name for d in sd.disclosures] == ["seat"]
    assert sd_jwt.process(sd) == {key: CLAIMS[key] for key in ("iss", "scope", "seat")}
    assert sd_jwt.parse(sd_jwt.select(issued(), [])).disclosures == ()


def test_children_come_with_what_contains_them() -> None:
    child, child_digest = disclosure("s3", "city", "C")
    parent, parent_digest = disclosure("s4", "seat", {"deep": [{"_sd": [child_digest]}]})
    payload = {"_sd": [parent_digest, NAME_DIGEST], "plain": [{"...": ITEM_DIGEST}]}
    text = token(payload, child, parent, NAME, ITEM)
    assert sd_jwt.select(text, ["seat"]) == token_like(text, child, parent)
    assert sd_jwt.select(text, ["plain"]) == token_like(text, ITEM)
    assert sd_jwt.select(text, ["name", "plain", "seat"]) == text
    refused("sdjwt.unknown-claim", sd_jwt.select, text, ["city"])


def token_like(text: str, *texts: str) -> str:
    return "~".join((text.split("~", maxsplit=1)[0], *texts, ""))


@pytest.mark.parametrize("name", ["phone", "_sd", "_sd_alg", ""])
def test_choosing_what_is_not_there_is_refused(name: str) -> None:
    refused("sdjwt.unknown-claim", sd_jwt.select, issued(), [name])


def bound(**changed: Any) -> str:
    named = {"aud": "https://v.example", "nonce": "n-1", "iat": NOW} | changed
    return sd_jwt.bind(sd_jwt.select(issued(), ["name"]), named.pop("key", HOLDER), **named)


def check(text: str, **changed: Any) -> dict[str, Any]:
    named = {"aud": "https://v.example", "nonce": "n-1", "now_s": NOW} | changed
    return sd_jwt.verify_binding(sd_jwt.parse(text), HOLDER.public_key(), **named)


def test_a_binding_is_accepted_and_its_claims_returned() -> None:
    claims = check(bound(extra={"transaction_data_hashes": ["h"], "nonce": "not this"}))
    assert claims["transaction_data_hashes"] == ["h"]
    assert claims["nonce"] == "n-1"


@pytest.mark.parametrize(
    ("code", "made", "checked"),
    [
        ("sdjwt.kb-nonce", {"nonce": "n-2"}, {}),
        ("sdjwt.kb-audience", {"aud": "https://w.example"}, {}),
        ("sdjwt.kb-audience", {"aud": ["https://v.example"]}, {}),
        ("sdjwt.kb-stale", {}, {"now_s": NOW + 361}),
        ("sdjwt.kb-future", {"iat": NOW + 61}, {}),
        ("sdjwt.not-a-date", {"iat": "now"}, {}),
        ("sdjwt.not-a-date", {"iat": True}, {}),
        ("sdjwt.kb-stale", {"extra": {"exp": NOW - 60}}, {}),
        ("sdjwt.kb-future", {"extra": {"nbf": NOW + 61}}, {}),
        ("jws.bad-signature", {"key": KEY}, {}),
    ],
)
def test_each_rule_of_binding(code: str, made: dict[str, Any], checked: dict[str, Any]) -> None:
    text = bound(**made)
    refused(code, check, text, **checked)


@pytest.mark.parametrize(
    ("made", "checked"), [({}, {"now_s": NOW + 360}), ({"iat": NOW + 60}, {}), ({"extra": {"exp": NOW - 59}}, {})]
)
def test_the_edges_of_the_window_are_inside(made: dict[str, Any], checked: dict[str, Any]) -> None:
    assert check(bound(**made), **checked)["aud"] == "https://v.example"


def test_a_binding_is_over_the_exact_selection() -> None:
    text = bound()
    sd = sd_jwt.parse(text)
    refused("sdjwt.kb-hash", check, sd_jwt.select(sd.sd_text, []) + str(sd.kb_text))
    full = issued()
    refused("sdjwt.kb-hash", check, full + str(sd.kb_text))


def test_a_binding_without_iat_or_of_another_type_is_refused() -> None:
    head = issued()
    claims = {"aud": "https://v.example", "nonce": "n-1", "sd_hash": sha256_b64(head.encode())}
    refused("sdjwt.missing-claim", check, head + jose.sign(claims, HOLDER, "kb+jwt"))
    refused("jws.wrong-typ", check, head + jose.sign(claims | {"iat": NOW}, HOLDER, "dc+sd-jwt"))
    refused("sdjwt.kb-missing", check, head)


def test_only_an_unbound_text_is_selected_from_or_bound() -> None:
    text = bound()
    refused("sdjwt.kb-unexpected", sd_jwt.select, text, ["name"])
    refused("sdjwt.kb-unexpected", sd_jwt.bind, text, HOLDER, aud="a", nonce="n", iat=NOW)
    refused("sdjwt.malformed", sd_jwt.bind, issued().split("~")[0], HOLDER, aud="a", nonce="n", iat=NOW)
