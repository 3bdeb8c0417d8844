"""What holds for every payload and every text: round trips, agreement with another implementation, one error type."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yitong.digest import canonical_json
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.specs import jose, sd_jwt, sd_jwt_vc, status_list
from yitong.specs.jwk import new_private_key, public_jwk, read_public_jwk

KEY, HOLDER = new_private_key(), new_private_key()
NOW = 1_800_000_000
TYP = "example+sd-jwt"

# neither lone surrogates nor U+0000: strict JSON has none
text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8)
names = text.filter(lambda name: name not in sd_jwt.RESERVED)
plain = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | text
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=8
)
payloads = st.dictionaries(names, values, max_size=6)
seeds = st.integers(0, 2**32)


@st.composite
def payload_with_names(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    payload = draw(payloads)
    return payload, draw(st.lists(st.sampled_from(sorted(payload)), unique=True)) if payload else []


@given(payload_with_names(), st.integers(0, 4), seeds)
def test_what_is_issued_is_processed_back(case: tuple[dict[str, Any], list[str]], decoys: int, seed: int) -> None:
    payload, hidden = case
    token = sd_jwt.issue(payload, hidden, KEY, SeededEntropy(seed), typ=TYP, decoys=decoys)
    assert sd_jwt.process(sd_jwt.parse(token)) == payload
    assert sd_jwt.parse(token).sd_text == token


@given(payload_with_names(), st.data())
def test_a_selection_shows_the_chosen_and_the_visible_and_nothing_else(
    case: tuple[dict[str, Any], list[str]], data: st.DataObject
) -> None:
    payload, hidden = case
    token = sd_jwt.issue(payload, hidden, KEY, SeededEntropy(1), typ=TYP, decoys=1)
    chosen = data.draw(st.lists(st.sampled_from(hidden), unique=True)) if hidden else []
    shown = sd_jwt.process(sd_jwt.parse(sd_jwt.select(token, chosen)))
    assert shown == {name: value for name, value in payload.items() if name in chosen or name not in hidden}


BOUND = {"iss": "https://a.example", "vct": "https://a.example/k", "cnf": {"jwk": public_jwk(HOLDER)}}
CREDENTIAL = sd_jwt_vc.issue_credential(
    BOUND | {"name": "示例", "seat": {"a": 1}}, ["name", "seat"], KEY, "k1", SeededEntropy(5)
)
PRESENTATION = sd_jwt.bind(CREDENTIAL, HOLDER, aud="v", nonce="n", iat=NOW)
ALPHABET = string.ascii_letters + string.digits + "-_~.= é"


@given(st.integers(0, len(PRESENTATION) - 1), st.sampled_from(ALPHABET))
@settings(max_examples=400)
def test_no_single_character_can_be_changed(place: int, char: str) -> None:
    changed = PRESENTATION[:place] + char + PRESENTATION[place + 1 :]
    if changed == PRESENTATION:
        return
    with pytest.raises(YitongError):
        sd_jwt_vc.verify_presentation(changed, KEY.public_key(), aud="v", nonce="n", now_s=NOW)


@given(st.integers(0, len(PRESENTATION)), st.sampled_from(ALPHABET))
def test_nothing_can_be_inserted(place: int, char: str) -> None:
    with pytest.raises(YitongError):
        sd_jwt_vc.verify_presentation(
            PRESENTATION[:place] + char + PRESENTATION[place:], KEY.public_key(), aud="v", nonce="n", now_s=NOW
        )


odd = st.sampled_from(["_sd", "...", "_sd_alg", "a", "b", "sha-256"])
odd_values = st.recursive(plain | odd, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(odd, inner, max_size=4))


@given(st.dictionaries(odd, odd_values), st.lists(st.lists(odd_values, max_size=4), max_size=3))
def test_an_odd_payload_is_refused_by_a_code_or_leaves_nothing_of_the_format(payload: Any, disclosures: list[Any]) -> None:
    encoded = (sd_jwt.b64url(canonical_json(item)) for item in disclosures)
    token = "~".join((jose.sign(payload, KEY, TYP), *encoded, ""))
    try:
        claims = sd_jwt.process(sd_jwt.parse(token))
    except YitongError:  # any other exception fails the test
        return
    assert not {"_sd", "...", "_sd_alg"} & members(claims)


def members(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for item in value.values() for name in members(item)}
    return {name for item in value for name in members(item)} if isinstance(value, list) else set()


@given(st.text(st.sampled_from(ALPHABET + "eyJ") | st.characters(), max_size=60))
def test_any_text_is_read_or_refused_by_a_code(any_text: str) -> None:
    for read in (sd_jwt.parse, sd_jwt_vc.issuer_of, jose.parse, lambda lst: status_list.decode(lst, 64)):
        with pytest.raises(YitongError):
            read(any_text)


@given(st.sampled_from(status_list.WIDTHS), st.data())
def test_a_status_list_keeps_what_was_put(bits: int, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 200))
    wanted = data.draw(st.dictionaries(st.integers(0, size - 1), st.integers(0, 2**bits - 1)))
    made = status_list.new_bits(size, bits)
    for index, value in wanted.items():
        status_list.put(made, index, value, bits)
    packed = status_list.decode(status_list.encode(made), len(made))
    assert [status_list.get(packed, n, bits) for n in range(size)] == [wanted.get(n, 0) for n in range(size)]


@given(st.binary(max_size=100), st.integers(0, 50))
def test_a_status_list_has_one_whole_stream(entries: bytes, cut: int) -> None:
    stream = sd_jwt.b64url_decode(status_list.encode(entries))
    for broken in (stream[: max(0, len(stream) - 1 - cut)], stream + bytes(1 + cut)):
        with pytest.raises(YitongError) as caught:
            status_list.decode(sd_jwt.b64url(broken), len(entries))
        assert caught.value.code == "status.not-zlib"


def jwcrypto_key(key: Any, *, private: bool = False) -> Any:
    from jwcrypto.jwk import JWK

    return JWK.from_pyca(key if private else key.public_key())


@given(payload_with_names(), st.booleans())
@settings(max_examples=40, deadline=None)
def test_what_the_other_implementation_issues_is_accepted(case: tuple[dict[str, Any], list[str]], decoys: bool) -> None:
    from sd_jwt.common import SDObj
    from sd_jwt.issuer import SDJWTIssuer

    payload, hidden = case
    marked = {SDObj(name) if name in hidden else name: value for name, value in payload.items()}
    keys = jwcrypto_key(KEY, private=True), jwcrypto_key(HOLDER)
    issuer = SDJWTIssuer(marked, *keys, add_decoy_claims=decoys, extra_header_parameters={"typ": TYP})
    sd = sd_jwt.parse(issuer.sd_jwt_issuance)
    jose.verify(sd.jws, KEY.public_key(), TYP)
    claims = sd_jwt.process(sd)
    holder = read_public_jwk(claims.pop("cnf")["jwk"])
    assert holder.public_numbers() == HOLDER.public_key().public_numbers()
    assert claims == payload


@given(payload_with_names())
@settings(max_examples=40, deadline=None)
def test_what_is_issued_here_the_other_implementation_accepts(case: tuple[dict[str, Any], list[str]]) -> None:
    from sd_jwt.verifier import SDJWTVerifier

    payload, hidden = case
    payload = payload | {"iss": "https://a.example", "cnf": {"jwk": public_jwk(HOLDER)}}
    hidden = [name for name in hidden if name not in ("iss", "cnf")]
    token = sd_jwt.issue(payload, hidden, KEY, SeededEntropy(2), typ=TYP, decoys=2)
    shown = sd_jwt.bind(sd_jwt.select(token, hidden[::2]), HOLDER, aud="v", nonce="n", iat=NOW)
    verifier = SDJWTVerifier(shown, lambda _iss, _header: jwcrypto_key(KEY), "v", "n")
    left_out = hidden[1::2]
    assert verifier.get_verified_payload() == {name: value for name, value in payload.items() if name not in left_out}
