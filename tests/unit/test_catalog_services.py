"""The services of the catalogue: what they say, and how a wrong file is refused."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from example_case import CATALOG
from yitong.catalog.services import read_service, read_services
from yitong.errors import Text, YitongError

FOOD = CATALOG / "services" / "food-business-permit-new.toml"


def test_the_food_business_permit_says_who_decides_and_by_when() -> None:
    food = read_services(CATALOG / "services")["food-business-permit-new"]
    assert food.title == Text("食品经营许可新办", "Food business permit, new application")
    assert (food.authority.id, food.authority.jurisdiction) == ("chongming-market", "310000")
    assert [(window.id, window.jurisdiction) for window in food.windows] == [
        ("qidong-window", "320000"),
        ("jiashan-window", "330000"),
    ]
    assert food.deadlines.promised is not None
    assert (food.deadlines.statutory.n, food.deadlines.promised.n) == (20, 10)
    assert {food.deadlines.statutory.unit, food.deadlines.promised.unit} == {"working-day"}
    assert (food.deadlines.admission.n, food.deadlines.supplement.n, food.deadlines.delivery.n) == (5, 5, 10)
    assert (food.result_kind, food.fees_fen, food.effective_from) == ("food-business-permit", 0, date(2026, 1, 1))
    assert food.provenance.confidence == "example"
    licence = food.material("business-licence")
    assert licence is not None
    assert (licence.origin, licence.licence_kind) == ("licence", "business-licence")


def test_the_institutions_stand_in_the_example_region() -> None:
    region = tomllib.loads((CATALOG / "regions" / "delta.toml").read_text("utf-8"))
    codes = {row["name"]: row["jurisdiction"] for row in region["nodes"]}
    known = {(row["id"], codes[row["node"]]) for row in region["institutions"]}
    for service in read_services(CATALOG / "services").values():
        assert {(part.id, part.jurisdiction) for part in (service.authority, *service.windows)} <= known


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("fees_fen = 0", "fees_fen = 0\nfees_yuan = 0", "catalog.unknown-key", "fees_yuan"),
        ("fees_fen = 0", 'fees_fen = "0"', "catalog.wrong-value", "fees_fen"),
        ("fees_fen = 0", "fees_fen = true", "catalog.wrong-value", "fees_fen"),
        ("fees_fen = 0\n", "", "catalog.missing-key", "fees_fen"),
        ('handling = "promised"', 'handling = "soon"', "catalog.wrong-value", "handling"),
        ("effective_from = 2026-01-01", 'effective_from = "2026-01-01"', "catalog.wrong-value", "effective_from"),
        ('id = "food-business-permit-new"', 'id = "other"', "catalog.wrong-value", "id"),
        ('applicants = ["uscc"]', 'applicants = "uscc"', "catalog.wrong-value", "applicants"),
        ('fee_basis = { zh = "不收费", en', 'fee_basis = { zh = "不收费", de', "catalog.missing-key", "fee_basis.en"),
        ('fee_basis = { zh = "不收费",', 'fee_basis = { zh = "不收费", de = "frei",', "catalog.unknown-key", "fee_basis.de"),
        ("required = true", 'required = "true"', "catalog.wrong-value", "form[0].required"),
        ('origin = "applicant"', 'origin = ["applicant", "licence"]', "catalog.wrong-value", "materials[0].origin"),
        ('confidence = "sourced"', 'confidence = "certain"', "catalog.wrong-value", "deadlines.statutory.confidence"),
        ("n = 20\n", "n = 4000\n", "catalog.wrong-value", "n"),
        ('unit = "working-day"', 'unit = "week"', "catalog.wrong-value", "unit"),
        ("[deadlines.statutory]", "[deadlines.lawful]", "catalog.missing-key", "statutory"),
        ("[authority]", "[[authority]]", "catalog.wrong-value", "authority"),
        ("[authority]", "[authority", "catalog.unreadable", ""),
    ],
)
def test_a_wrong_file_is_refused_with_file_and_key(tmp_path, old: str, new: str, code: str, key: str) -> None:
    text = FOOD.read_text("utf-8")
    assert old in text
    file = tmp_path / FOOD.name
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(YitongError) as refused:
        read_service(file)
    assert refused.value.code == code
    assert FOOD.name in refused.value.where
    assert key in refused.value.where


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("n = 10\n", "n = 25\n", "service.promise-too-long"),
        ("11310151MBEX000149", "11310151MBEX000148", "id.uscc-check"),
        ('id = "safety-rules"', 'id = "application-form"', "service.twice"),
        ('licence_kind = "business-licence"\n', "", "service.material-origin"),
    ],
)
def test_a_file_of_the_right_form_with_a_wrong_service_is_refused(tmp_path, old: str, new: str, code: str) -> None:
    text = FOOD.read_text("utf-8")
    assert old in text
    file = tmp_path / FOOD.name
    file.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(YitongError) as refused:
        read_service(file)
    assert refused.value.code == code


def test_a_file_that_is_not_there_is_unreadable(tmp_path) -> None:
    with pytest.raises(YitongError) as refused:
        read_service(tmp_path / "nothing.toml")
    assert refused.value.code == "catalog.unreadable"
