"""Licence kinds: the two of the catalogue are read, wrong files are refused by key, datasets are checked without a trace."""

from __future__ import annotations

import copy
import tomllib
from pathlib import Path

import pytest

from yitong.catalog import Table
from yitong.catalog.licences import read_kind
from yitong.credentials.kind import check_claims, payload_of
from yitong.errors import YitongError, table

CATALOGUE = Path(__file__).parents[2] / "catalog" / "licences"


def raw(name):
    return tomllib.loads((CATALOGUE / f"{name}.toml").read_text("utf-8"))


def kind(name):
    return read_kind(Table(raw(name), f"{name}.toml"))


LICENCE = {
    "enterprise_name": "示例贸易（合肥）有限公司",
    "uscc": "91340100MA99990A76",
    "legal_representative": "张示例",
    "enterprise_type": "有限责任公司",
    "registered_capital_fen": 100_000_000,
    "address": "合肥市示例路1号",
    "region": "340100",
    "business_scope": ["食品销售", "餐饮服务"],
    "established_on": "2020-05-06",
    "registration_authority": "合肥市企业登记机关（示例）",
}
PERMIT = {
    "permit_number": "JY13101510000011",
    "operator_name": "示例餐饮店",
    "uscc": "91340100MA99990A76",
    "legal_representative": "张示例",
    "holder_id_number": "34052419800101001X",
    "address": "上海市崇明区示例路2号",
    "region": "310151",
    "business_form": "餐饮服务经营者",
    "items": ["热食类食品制售"],
    "decided_on": "2026-03-18",
    "valid_to": "2031-03-17",
    "authority": "崇明区市场监督管理局（示例）",
}


def findings(name, claims):
    return [(found.claim, found.code, found.severity) for found in check_claims(kind(name), claims)]


@pytest.mark.parametrize(("name", "claims"), [("business-licence", LICENCE), ("food-business-permit", PERMIT)])
def test_kinds_of_the_catalogue_take_their_examples(name, claims):
    assert kind(name).id == name
    assert findings(name, claims) == []
    payload, disclosable = payload_of(kind(name), claims)
    assert payload == claims
    assert set(disclosable) < set(claims)


def test_the_identity_number_is_hidden_by_default():
    rule = kind("food-business-permit").claim("holder_id_number")
    assert (rule.hidden, rule.disclosable) == (True, True)
    assert not any(claim.hidden for claim in kind("business-licence").claims)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"uscc": None}, [("uscc", "kind.claim-missing", "error")]),
        ({"uscc": "91340100MA99990A77"}, [("uscc", "id.uscc-check", "error")]),
        ({"uscc": "91350100M0001TGQXM"}, [("uscc", "kind.uscc-unconfirmed", "warn")]),
        ({"uscc": 5}, [("uscc", "kind.claim-wrong", "error")]),
        ({"registered_capital_fen": -1}, [("registered_capital_fen", "kind.claim-wrong", "error")]),
        ({"registered_capital_fen": 1.5}, [("registered_capital_fen", "kind.claim-wrong", "error")]),
        ({"business_scope": []}, [("business_scope", "kind.claim-wrong", "error")]),
        ({"business_scope": "食品"}, [("business_scope", "kind.claim-wrong", "error")]),
        ({"region": "34010"}, [("region", "kind.claim-wrong", "error")]),
        ({"region": "３４０１００"}, [("region", "kind.claim-wrong", "error")]),
        ({"established_on": "2020-5-6"}, [("established_on", "kind.claim-wrong", "error")]),
        ({"established_on": "2021-02-29"}, [("established_on", "kind.claim-wrong", "error")]),
        ({"valid_to": "2020-05-05"}, [("valid_to", "kind.dates-crossed", "error")]),
        ({"valid_to": "2020-05-06"}, []),
        ({"address": " x"}, [("address", "kind.claim-wrong", "error")]),
        ({"address": "a\nb"}, [("address", "kind.claim-wrong", "error")]),
        ({"odd": 1}, [("odd", "kind.claim-unknown", "error")]),
        ({"张三 34052419800101001X": 1}, [("", "kind.claim-unknown", "error")]),
    ],
)
def test_findings_of_a_business_licence(changes, expected):
    claims = {name: value for name, value in (LICENCE | changes).items() if value is not None}
    before = copy.deepcopy(claims)
    assert findings("business-licence", claims) == expected
    assert claims == before


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"permit_number": "JY1310151000001"}, [("permit_number", "kind.number-wrong", "error")]),
        ({"permit_number": "JY１３101510000011"}, [("permit_number", "kind.number-wrong", "error")]),
        ({"holder_id_number": "340524198001010011"}, [("holder_id_number", "id.resident-check", "error")]),
        ({"holder_id_number": "931840199001010011"}, []),
        ({"holder_id_number": None}, []),
        ({"valid_to": "2026-03-17"}, [("valid_to", "kind.dates-crossed", "error")]),
    ],
)
def test_findings_of_a_food_permit(changes, expected):
    claims = {name: value for name, value in (PERMIT | changes).items() if value is not None}
    assert findings("food-business-permit", claims) == expected


def test_every_code_of_a_finding_is_in_the_table():
    reported = {"kind.claim-unknown", "kind.claim-missing", "kind.claim-wrong", "kind.number-wrong", "kind.dates-crossed"}
    assert reported | {"kind.uscc-unconfirmed"} <= table().keys()


def edited(*path, value=None, drop=False):
    body = raw("food-business-permit")
    target = body
    for step in path[:-1]:
        target = target[step]
    if drop:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return body


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (edited("colour", value="red"), "colour"),
        (edited("title", drop=True), "title"),
        (edited("title", "en", drop=True), "title.en"),
        (edited("title", "fr", value="x"), "title.fr"),
        (edited("id", value="Food Permit"), "id"),
        (edited("format", value="mso_mdoc"), "format"),
        (edited("type_code", value="short"), "type_code"),
        (edited("validity_days", value=0), "validity_days"),
        (edited("validity_days", value=True), "validity_days"),
        (edited("valid_until", value="address"), "valid_until"),
        (edited("number", "claim", value="items"), "number.claim"),
        (edited("number", "pattern", value="("), "number.pattern"),
        (edited("number", "max", value=1), "number.max"),
        (edited("states", value=["suspended"]), "states"),
        (edited("states", value=["valid", "gone"]), "states"),
        (edited("states", value=["valid", "valid"]), "states"),
        (edited("claims", value=[]), "claims"),
        (edited("claims", 0, "name", value="exp"), "claims[0].name"),
        (edited("claims", 0, "name", value="licence_id"), "claims[0].name"),
        (edited("claims", 0, "name", value="_sd"), "claims[0].name"),
        (edited("claims", 0, "check", value="email"), "claims[0].check"),
        (edited("claims", 0, "hidden", value=True), "claims[0].hidden"),
        (edited("claims", 0, "required", drop=True), "claims[0].required"),
        (edited("claims", 1, "name", value="permit_number"), "claims"),
        (edited("claims", 0, "after", value="decided_on"), "claims[0].after"),
        (edited("sources", value=[]), "sources"),
        (edited("sources", 0, "confidence", value="sure"), "sources[0].confidence"),
    ],
)
def test_files_that_are_refused_by_key(body, key):
    with pytest.raises(YitongError) as caught:
        read_kind(Table(body, "x.toml"))
    assert caught.value.code.startswith("catalog.")
    assert caught.value.params["key"] == key
    assert caught.value.where.startswith("x.toml: ")


def test_a_type_code_begins_with_a_credit_code():
    with pytest.raises(YitongError) as caught:
        read_kind(Table(edited("type_code", value="11100000MB99999A87002"), "x.toml"))
    assert caught.value.code == "id.uscc-check"
