"""Runs the cases in ``sd_jwt/`` and, where they are at hand, the published vectors beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from yitong.errors import YitongError
from yitong.specs import jose, sd_jwt, sd_jwt_vc, status_list
from yitong.specs.jwk import read_public_jwk

CASES = sorted((Path(__file__).parent / "sd_jwt").glob("*/case.json"))
SHARED = Path(__file__).parents[2] / ".." / "shared" / "vectors"
NOW = 1_795_500_000  # for the published negative cases, whose exp lies in 1970, 2023 or 2096


def read(case: dict[str, Any]) -> Any:
    key = read_public_jwk(case["issuer_jwk"])
    if case["form"] == "credential":
        return sd_jwt_vc.verify_credential(case["token"], key, case["now_s"]).claims
    if case["form"] == "presentation":
        asked = {"aud": case["aud"], "nonce": case["nonce"], "now_s": case["now_s"]}
        return sd_jwt_vc.verify_presentation(case["token"], key, **asked).claims
    token = status_list.verify_token(case["token"], key, uri=case["uri"], now_s=case["now_s"])
    return status_list.get(token.entries, case["index"], token.bits)


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.parent.name)
def test_own_case(file: Path) -> None:
    case = json.loads(file.read_text("utf-8"))
    if not file.parent.name.endswith("_fail"):
        assert read(case) == case["value" if case["form"] == "status" else "claims"]
        return
    with pytest.raises(YitongError) as caught:
        read(case)
    assert caught.value.code == case["code"]


def test_the_own_cases_are_found() -> None:
    assert len(CASES) >= 50


def published(name: str) -> Any:
    file = SHARED / name
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


NEGATIVE = published("negative/negative.json")


@pytest.mark.parametrize("case", NEGATIVE.get("sd_jwt", []), ids=lambda case: case["name"])
def test_published_negative_sd_jwt(case: dict[str, Any]) -> None:
    key = read_public_jwk(NEGATIVE["issuer_jwks"]["keys"][0])
    if case["accept"]:
        assert sd_jwt_vc.verify_credential(case["sd_jwt"], key, NOW).iss == "https://issuer.example.com"
    else:
        with pytest.raises(YitongError):
            sd_jwt_vc.verify_credential(case["sd_jwt"], key, NOW)


@pytest.mark.parametrize("case", NEGATIVE.get("status", []), ids=lambda case: case["name"])
def test_published_negative_status(case: dict[str, Any]) -> None:
    key = read_public_jwk(NEGATIVE["issuer_jwks"]["keys"][0])

    def value() -> int:
        token = status_list.verify_token(case["token"], key, uri=case["uri"], now_s=NOW)
        return status_list.get(token.entries, case["idx"], token.bits)

    if case["accept"]:
        assert value() == case["value"]
    else:
        with pytest.raises(YitongError):
            value()


FOLDERS = [SHARED / name for name in ("sd-jwt", "sd-jwt-vc", "sd-jwt-python-testcases")]
EXAMPLES = sorted(file.parent for folder in FOLDERS for file in folder.rglob("sd_jwt_issuance.txt"))


def one_line(file: Path) -> str:
    return "".join(file.read_text("utf-8").split())


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: f"{folder.parts[-3]}-{folder.name}")
def test_published_example(folder: Path) -> None:
    """Signature, processed claims and, where there is one, the key binding; the issued form must hold too."""
    key = read_public_jwk(NEGATIVE["issuer_jwks"]["keys"][0])  # all examples are signed with this one test key
    text = one_line(folder / "sd_jwt_presentation.txt")
    issued, shown = sd_jwt.parse(one_line(folder / "sd_jwt_issuance.txt")), sd_jwt.parse(text)
    for sd in (issued, shown):
        jose.verify(sd.jws, key, sd.jws.header["typ"])
    payload = json.loads((folder / "sd_jwt_payload.json").read_text("utf-8"))
    assert issued.jws.claims() == payload
    claims = sd_jwt.process(shown)
    assert claims == json.loads((folder / "verified_contents.json").read_text("utf-8"))
    assert claims.keys() <= sd_jwt.process(issued).keys()
    assert (shown.kb_text is not None) == (folder / "kb_jwt_payload.json").exists()
    if shown.kb_text is not None:
        asked = json.loads((folder / "kb_jwt_payload.json").read_text("utf-8"))
        holder = read_public_jwk(payload["cnf"]["jwk"])
        named = {"aud": asked["aud"], "nonce": asked["nonce"], "now_s": asked["iat"] + 10}
        assert sd_jwt.verify_binding(shown, holder, **named) == asked
        if shown.jws.header["typ"] == sd_jwt_vc.TYP:
            assert sd_jwt_vc.verify_presentation(text, key, **named).claims == claims


@pytest.mark.parametrize("case", published("token-status-list/vectors.json") or [], ids=lambda case: case["name"])
def test_published_status_list(case: dict[str, Any]) -> None:
    bits = case["status_list"]["bits"]
    packed = status_list.decode(case["status_list"]["lst"], status_list.MAX_ENTRIES)
    assert len(packed) * 8 // bits == case["size"]
    made = status_list.new_bits(case["size"], bits)
    if "set" in case:  # every entry that is not 0
        for index, value in case["set"].items():
            assert status_list.get(packed, int(index), bits) == value
            status_list.put(made, int(index), value, bits)
        assert made == packed
    else:
        assert packed.hex() == case["bytes"]


def es256_cases() -> list[Any]:
    """The P-256 cases of the JOSE vectors, each with the key of its group."""
    groups = published("jose-wycheproof/json_web_signature_test.json").get("testGroups", [])
    on_curve = [group for group in groups if group.get("public", {}).get("crv") == "P-256"]
    return [pytest.param(group["public"], test, id=str(test["tcId"])) for group in on_curve for test in group["tests"]]


@pytest.mark.parametrize(("jwk", "case"), es256_cases())
def test_published_es256(jwk: dict[str, Any], case: dict[str, Any]) -> None:
    """These tokens have no ``typ``, so what is tried is all but that step: key, form, algorithm and signature."""
    try:
        key, jws = read_public_jwk(jwk), jose.parse(case["jws"])
        accepted = jws.header.get("alg") == jose.ALG and jose.verify_bytes(jws.signing_input, jws.signature, key)
    except YitongError:
        accepted = False
    assert accepted == (case["result"] == "valid")


@pytest.mark.skipif(not EXAMPLES, reason="the published vectors are not at hand")
def test_the_published_vectors_are_found() -> None:
    assert len(EXAMPLES) >= 25
    assert len(NEGATIVE["sd_jwt"]) + len(NEGATIVE["status"]) == 33 + 16
