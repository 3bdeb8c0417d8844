"""The whole catalogue as it is shipped: every file has a reader, what it refers to exists, and no slip in it goes unnoticed."""

from __future__ import annotations

import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import tomli_w

from yitong.catalog import CONFIDENCES, Table
from yitong.catalog.calendars import read_calendars
from yitong.catalog.catalogue import Catalog, read_catalog
from yitong.catalog.licences import read_kinds
from yitong.catalog.outpatient import read_home_policy, read_place_catalogue
from yitong.catalog.schemes import read_metro, read_operator
from yitong.catalog.services import read_service
from yitong.errors import Text, YitongError
from yitong.region.definition import RegionDefinition, read_definition
from yitong.trust.recognition import ANY

CATALOG = Path(__file__).parents[1] / "catalog"
PASS = "transit-pass"  # recognised and issued like a licence kind, but no dataset: a pass is made for a ride
FILES = sorted(str(file.relative_to(CATALOG)) for file in CATALOG.rglob("*") if file.is_file())

# Which reader reads a file; those that check it against its neighbours are given the folder.
READERS: dict[str, Callable[[Path], Any]] = {
    "calendars/*.toml": lambda file: read_calendars(file.parent),
    "licences/*.toml": lambda file: read_kinds(file.parent),
    "regions/*.toml": read_definition,
    "schemes/metro-agreement.toml": lambda file: read_metro(file.parent),
    "schemes/metro-*.toml": read_operator,
    "schemes/outpatient-list-*.toml": read_place_catalogue,
    "schemes/outpatient-policy-*.toml": read_home_policy,
    "services/*.toml": read_service,
}


def reader_of(name: str) -> Callable[[Path], Any]:
    return next(reader for pattern, reader in READERS.items() if fnmatch(name, pattern))


def raw(name: str) -> dict[str, Any]:
    return tomllib.loads((CATALOG / name).read_text("utf-8"))


@cache
def catalog() -> Catalog:
    return read_catalog(CATALOG)


def regions() -> list[RegionDefinition]:
    return [read_definition(file) for file in sorted((CATALOG / "regions").glob("*.toml"))]


# --- Files --------------------------------------------------------------------------------------------------------


def test_there_is_a_file_for_every_reader() -> None:
    assert all(any(fnmatch(name, pattern) for name in FILES) for pattern in READERS)


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_read_by_its_reader(name: str) -> None:
    assert reader_of(name)(CATALOG / name)


def test_the_catalogue_of_a_node_holds_every_file() -> None:
    def stems(folder: str) -> set[str]:
        return {Path(name).stem for name in FILES if name.startswith(f"{folder}/")}

    found = catalog()
    assert (set(found.kinds), set(found.services)) == (stems("licences"), stems("services"))
    assert set(found.calendars) == stems("calendars")
    operators = {raw(name)["operator"] for name in FILES if fnmatch(name, "schemes/metro-*") and "agreement" not in name}
    assert set(found.metro.operators) == operators
    lists, policies = found.place_lists.values(), found.home_policies.values()
    assert {owned.id for owned in (*lists, *policies)} == {stem for stem in stems("schemes") if stem.startswith("outpatient")}


def tables_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tables_in(item)


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_where_it_comes_from_and_how_sure_it_is(name: str) -> None:
    whole = raw(name)
    heads = whole.get("sources", [whole])  # of a kind, a list: law and paper it was made from
    assert heads
    assert all(head["source"].strip() and head["confidence"] in CONFIDENCES for head in heads)
    for found in tables_in(whole):
        assert found.get("confidence", "example") in CONFIDENCES
        assert "source" not in found or "confidence" in found


# --- What refers to what --------------------------------------------------------------------------------------------


def test_what_a_service_refers_to_exists() -> None:
    found = catalog()
    for service in found.services.values():
        kind = found.kinds[service.result_kind]
        claims = {claim.claim for claim in service.result_claims}
        assert claims <= {rule.name for rule in kind.claims}
        # a dataset lacking what is required could not be issued
        assert {rule.name for rule in kind.claims if rule.required} <= claims
        assert {paper.licence_kind for paper in service.materials if paper.licence_kind} <= found.kinds.keys()
        rules = service.deadlines
        clocks = [rules.statutory, rules.promised, rules.admission, rules.supplement, rules.sign_for, rules.delivery]
        assert {rule.calendar for rule in clocks if rule is not None} <= found.calendars.keys()


def test_the_parties_of_a_service_stand_in_the_region_with_that_office() -> None:
    (region,) = regions()
    code = {node.name: node.jurisdiction for node in region.nodes}
    office = {found.id: found for found in region.institutions}
    for service in catalog().services.values():
        authority = office[service.authority.id]
        assert service.id in authority.decides
        assert service.result_kind in authority.may_issue
        for window in service.windows:
            assert service.id in office[window.id].receives
        for party in (service.authority, *service.windows):
            assert party.jurisdiction == code[office[party.id].node]
            assert party.name == Text(office[party.id].name.zh, office[party.id].name.en)


def test_what_a_region_refers_to_exists() -> None:
    found = catalog()
    for region in regions():
        codes = {node.jurisdiction for node in region.nodes}
        kinds = found.kinds.keys() | {PASS}
        for institution in region.institutions:
            assert set(institution.may_issue) <= kinds
            assert {*institution.decides, *institution.receives} <= found.services.keys()
            for kind in set(institution.may_issue) - {PASS}:
                assert found.kinds[kind].issuing_role in institution.roles
                assert institution.uscc  # part of the identifier of every licence that it issues
        for row in region.recognition:
            assert row["kind"] in kinds
            assert {row["issuer_jurisdiction"], row["accepting_jurisdiction"]} <= codes | {ANY}
            expected = "pass-issuer" if row["kind"] == PASS else found.kinds[row["kind"]].issuing_role
            assert row["required_role"] == expected
        assert found.calendars["cn"].zone == found.metro.scheme.agreement.zone == region.zone


def test_what_a_scheme_refers_to_stands_in_the_region() -> None:
    (region,) = regions()
    roles = {(node.jurisdiction, found.id): found.roles for node in region.nodes for found in region.institutions_of(node.name)}
    for operator in catalog().metro.operators.values():
        assert "operator" in roles[operator.jurisdiction, operator.id]
    for place in catalog().place_lists.values():
        assert all("hospital" in roles[place.jurisdiction, hospital] for hospital in place.levels)
    insurers = {jurisdiction for (jurisdiction, _), held in roles.items() if "insurer" in held}
    assert catalog().home_policies.keys() == insurers


def test_no_two_kinds_share_a_type_code_or_a_name_on_the_wire() -> None:
    kinds = catalog().kinds.values()
    assert set(Counter(kind.type_code for kind in kinds).values()) == {1}
    assert set(Counter(kind.vct for kind in kinds).values()) == {1}


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_calendar_covers_the_years_that_are_published(year: int) -> None:
    for calendar in catalog().calendars.values():
        assert calendar.is_published(date(year, 1, 1))
        assert calendar.is_published(date(year, 12, 31))
        assert any(day.year == year for day in calendar.days_off)


# --- Broken copies ----------------------------------------------------------------------------------------------------

REGION, AGREEMENT = "regions/delta.toml", "schemes/metro-agreement.toml"
LIST, POLICY = "schemes/outpatient-list-shanghai.toml", "schemes/outpatient-policy-anhui.toml"
SERVICE = "services/food-business-permit-new.toml"


def copied(folder: Path, name: str, text: str) -> Path:
    """A copy of the catalogue in which one file holds ``text``; the file."""
    if not folder.exists():
        shutil.copytree(CATALOG, folder)
    (folder / name).write_text(text, "utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("name", "old", "new", "code", "key"),
    [
        ("calendars/cn.toml", "last = 2024-02-17", 'last = "2024-02-17"', "catalog.wrong-value", "year[0].holidays[1].last"),
        ("licences/business-licence.toml", 'check = "uscc"', 'check = "ussc"', "catalog.wrong-value", "claims[1].check"),
        ("licences/food-business-permit.toml", "validity_days = ", "validity_days = -", "catalog.wrong-value", "validity_days"),
        (REGION, 'jurisdiction = "310000"', 'jurisdiction = "31000"', "region.file-broken", "$.nodes[0].jurisdiction"),
        (REGION, 'required_role = "registry"', "required_role = 7", "trust.recognition-row", "#/0"),
        (AGREEMENT, "max_lifetime_s = 30", "max_lifetime_s = 0", "catalog.wrong-value", "gates.max_lifetime_s"),
        ("schemes/metro-suzhou.toml", '"320000"', '"32000"', "catalog.wrong-value", "jurisdiction"),
        (
            "schemes/metro-shanghai.toml",
            "step_fen = 100",
            "step_fen = 1.00",
            "catalog.wrong-value",
            "tariffs[0].bands[0].step_fen",
        ),
        (LIST, 'jurisdiction = "310000"', 'jurisdiction = "shanghai"', "catalog.wrong-value", "jurisdiction"),
        (POLICY, "\nbasis_points = 6000", "\nbasis_points = 60000", "catalog.wrong-value", "rates[0].basis_points"),
        (SERVICE, 'jurisdiction = "320000"', 'jurisdiction = "jiangsu"', "catalog.wrong-value", "windows[0].jurisdiction"),
    ],
)
def test_a_wrong_value_is_refused_with_file_and_key(tmp_path: Path, name: str, old: str, new: str, code: str, key: str) -> None:
    text = (CATALOG / name).read_text("utf-8")
    assert old in text
    with pytest.raises(YitongError) as refused:
        reader_of(name)(copied(tmp_path / "catalog", name, text.replace(old, new, 1)))
    assert refused.value.code == code
    if code == "catalog.wrong-value":
        assert refused.value.where == f"{Path(name).name}: {key}"
    assert Path(name).name in refused.value.where
    assert key in str(refused.value)


def named_by(refused: YitongError) -> str:
    """The last part of the key that an error names: ``catalog.…`` as a whole path, a region in the reader's own words."""
    params = {name: str(value) for name, value in refused.params.items()}
    if refused.code == "region.file-broken":
        return params["reason"].split("`")[1]
    return params.get("member", params.get("key", "")).rpartition(".")[2]


@pytest.mark.parametrize("name", FILES)
def test_no_key_of_any_file_can_be_misspelt_unnoticed(tmp_path: Path, name: str) -> None:
    whole = raw(name)
    renamed = 0
    for found in tables_in(whole):
        before = dict(found)
        for key in before:
            found.clear()
            found.update({(f"{other}_x" if other == key else other): value for other, value in before.items()})
            with pytest.raises(YitongError) as refused:
                reader_of(name)(copied(tmp_path / "catalog", name, tomli_w.dumps(whole)))
            assert Path(name).name in refused.value.where
            assert named_by(refused.value) in {key, f"{key}_x"}
            renamed += 1
        found.clear()
        found.update(before)
    assert whole == raw(name)
    assert renamed >= 20


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_toml_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(YitongError) as refused:
        reader_of(name)(copied(tmp_path / "catalog", name, "id = ["))
    assert refused.value.code == ("region.file-broken" if name.startswith("regions/") else "catalog.unreadable")
    assert Path(name).name in refused.value.where


@pytest.mark.parametrize(
    ("name", "second", "key"),
    [
        ("schemes/metro-suzhou.toml", "schemes/metro-wuxi.toml", "operator"),
        (LIST, "schemes/outpatient-list-west.toml", "jurisdiction"),
        (POLICY, "schemes/outpatient-policy-west.toml", "jurisdiction"),
        ("licences/business-licence.toml", "licences/trade-licence.toml", "id"),
        (SERVICE, "services/trade-permit.toml", "id"),
        ("calendars/cn.toml", "calendars/west.toml", "id"),
    ],
)
def test_a_second_file_does_not_take_the_place_of_the_first(tmp_path: Path, name: str, second: str, key: str) -> None:
    copied(tmp_path / "catalog", second, (CATALOG / name).read_text("utf-8"))
    with pytest.raises(YitongError) as refused:
        read_catalog(tmp_path / "catalog")
    assert (refused.value.code, refused.value.where) == ("catalog.wrong-value", f"{Path(second).name}: {key}")


# --- The one reader -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (lambda table: table.whole("k", 2, 4), 1, "a whole number from 2 to 4"),
        (lambda table: table.whole("k", 2, 4), 5, "a whole number from 2 to 4"),
        (lambda table: table.whole("k", 1), 0, "a whole number from 1 on"),
        (lambda table: table.whole("k"), True, "a whole number from 0 on"),
        (lambda table: table.tables("k", 1), [], "a list of tables, at least 1"),
        (lambda table: table.region_code("k"), "３１００００", "six digits (GB/T 2260)"),
        (lambda table: table.region_code("k"), "310000\n", "six digits (GB/T 2260)"),
        (lambda table: table.zone("k"), "../Asia/Shanghai", "a time zone such as Asia/Shanghai"),
        (lambda table: table.zone("k"), "Asia", "a time zone such as Asia/Shanghai"),
        (lambda table: table.one_of("k", frozenset({"b", "a"})), "c", "one of a, b"),
    ],
)
def test_values_out_of_bounds_say_what_is_expected(read: Callable[[Table], Any], value: Any, expected: str) -> None:
    with pytest.raises(YitongError) as refused:
        read(Table({"k": value}, "x.toml", "row."))
    assert (refused.value.code, refused.value.where) == ("catalog.wrong-value", "x.toml: row.k")
    assert refused.value.params == {"key": "row.k", "expected": expected}


def test_values_within_bounds_are_read() -> None:
    table = Table({"n": 4, "rows": [{}], "code": "310000", "zone": "Asia/Shanghai", "word": "a"}, "x.toml")
    assert (table.whole("n", 4, 4), len(table.tables("rows", 1)), table.region_code("code")) == (4, 1, "310000")
    assert (table.zone("zone"), table.one_of("word", frozenset({"a"}))) == ("Asia/Shanghai", "a")
    table.done()
