"""The readers of lists and policies: the files of the product are read, and every wrong key or value is named."""

from pathlib import Path

import pytest

from yitong.catalog.outpatient import read_home_policy, read_place_catalogue
from yitong.errors import YitongError
from yitong.settlement.coverage import LEVELS, PERSON_TYPES, REGISTRATION_CLASSES, Band, ListItem, PersonTerms

SCHEMES = Path(__file__).parents[2] / "catalog" / "schemes"
LIST, POLICY = SCHEMES / "outpatient-list-shanghai.toml", SCHEMES / "outpatient-policy-anhui.toml"

RATE = "\nbasis_points = 6000"  # of an employee at a primary institution, the first of the policy


def changed(tmp_path, source, old, new):
    text = source.read_text("utf-8")
    assert old in text
    path = tmp_path / "changed.toml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


def test_the_list():
    found = read_place_catalogue(LIST)
    assert (found.id, found.jurisdiction, len(found.items)) == ("outpatient-list-shanghai", "310000", 7)
    material = found.items["EX-MATERIAL-0001"]
    assert material == ListItem("EX-MATERIAL-0001", material.title, "B", 40000, 2000)
    assert found.items["EX-SERVICE-0003"].self_pay_basis_points is None  # the home owns this rate
    assert found.items["EX-SERVICE-0001"].self_pay_basis_points == 0
    assert found.levels == {"example-clinic": "tertiary"}


def test_the_policy_has_a_rate_for_everyone_everywhere():
    found = read_home_policy(POLICY)
    assert found.persons["employee"] == PersonTerms(80000, 600000)
    assert set(found.rates) == {(p, level, r) for p in PERSON_TYPES for level in LEVELS for r in REGISTRATION_CLASSES}
    assert found.rates["employee", "tertiary", "long-term-residence"] == (Band(None, 5000),)
    assert found.rates["employee", "tertiary", "temporary-other"] == (Band(None, 4000),)
    assert (found.further_funds, found.account_covers, found.governed_by) == ((), ("in-scope", "pre-self-pay"), "upload-day")


def test_temporary_rates_stay_within_the_national_guidance():
    rates = read_home_policy(POLICY).rates
    for (person, level, registration), bands in rates.items():
        lower = rates[person, level, "long-term-residence"][0].basis_points - bands[0].basis_points
        assert 0 <= lower <= (2000 if registration == "temporary-other" else 1000)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('version = "2026.1"', "", "changed.toml: version"),
        ('version = "2026.1"', "version = 2026", "changed.toml: version"),
        ('version = "2026.1"', 'version = "2026.1"\ncolour = "red"', "changed.toml: colour"),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00Z", "changed.toml: valid_from"),
        ("valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_until = 2025-12-31", "changed.toml: valid_until"),
        ('confidence = "example"', 'confidence = "certain"', "changed.toml: confidence"),
        ('confidence = "example"', "", "changed.toml: confidence"),
        ('level = "tertiary"', 'level = "fourth"', "changed.toml: institutions[0].level"),
        (
            'level = "tertiary"',
            'level = "tertiary"\n[[institutions]]\nid = "example-clinic"\nlevel = "primary"',
            "changed.toml: institutions[1].id",
        ),
        ('list_class = "A"', 'list_class = "D"', "changed.toml: items[0].list_class"),
        ('list_class = "A"', 'list_class = "A"\nself_pay = { owner = "home" }', "changed.toml: items[0].self_pay"),
        ('list_class = "A"', 'list_class = "B"', "changed.toml: items[0].self_pay"),
        ('"EX-SERVICE-0002"', '"EX-SERVICE-0001"', "changed.toml: items[1].code"),
        ('owner = "home"', 'owner = "home", basis_points = 1', "changed.toml: items[2].self_pay.basis_points"),
        ('owner = "home"', 'owner = "city"', "changed.toml: items[2].self_pay.owner"),
        ("basis_points = 1000", "basis_points = 10001", "changed.toml: items[4].self_pay.basis_points"),
        ("basis_points = 1000", "basis_points = true", "changed.toml: items[4].self_pay.basis_points"),
        ('price_limit_yuan = "20.00"', 'price_limit_yuan = "-20.00"', "changed.toml: items[1].price_limit_yuan"),
        ('en = "outpatient consultation"', 'fr = "consultation"', "changed.toml: items[0].title.en"),
        ('id = "outpatient', "id = outpatient", "changed.toml"),
    ],
)
def test_wrong_lists_are_refused_where_they_are_wrong(tmp_path, old, new, where):
    with pytest.raises(YitongError) as caught:
        read_place_catalogue(changed(tmp_path, LIST, old, new))
    assert (caught.value.code.split(".")[0], caught.value.where) == ("catalog", where)


def test_money_with_three_decimals_is_refused(tmp_path):
    with pytest.raises(YitongError) as caught:
        read_place_catalogue(changed(tmp_path, LIST, '"20.00"', '"20.005"'))
    assert (caught.value.code, caught.value.where) == ("money.not-yuan", "changed.toml: items[1].price_limit_yuan")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('governed_by = "upload-day"', 'governed_by = "someday"', "changed.toml: governed_by"),
        ('["in-scope", "pre-self-pay"]', '["in-scope", "in-scope"]', "changed.toml: account_covers"),
        ('["in-scope", "pre-self-pay"]', '["everything"]', "changed.toml: account_covers"),
        ("further_funds = []", "", "changed.toml: further_funds"),
        ("further_funds = []", 'further_funds = ["relief"]', "changed.toml: further_funds"),
        ("[persons.employee]", "[persons.minister]", "changed.toml: persons.minister"),
        ('deductible_yuan = "800.00"', "deductible_yuan = 800", "changed.toml: persons.employee.deductible_yuan"),
        ('annual_cap_yuan = "6000.00"', "", "changed.toml: persons.employee.annual_cap_yuan"),
        ("B = 1000", "C = 1000", "changed.toml: self_pay_basis_points.C"),
        ('level = "primary"', 'level = "quaternary"', "changed.toml: rates[0].level"),
        ('level = "secondary"', 'level = "primary"', "changed.toml: rates[3].registration_classes"),
        (RATE, "\nbasis_points = -1", "changed.toml: rates[0].basis_points"),
        (RATE, "\nbands = []", "changed.toml: rates[0].bands"),
        (
            RATE,
            "\nbands = [{ basis_points = 1 }, { basis_points = 2 }]",
            "changed.toml: rates[0].bands[0].up_to_yuan",
        ),
        (
            RATE,
            '\nbands = [{ up_to_yuan = "1.00", basis_points = 1 }, { up_to_yuan = "2.00", basis_points = 2 }]',
            "changed.toml: rates[0].bands[1].up_to_yuan",
        ),
        (RATE, "\nbands = [{ basis_points = 1 }]\nbasis_points = 1", "changed.toml: rates[0].basis_points"),
    ],
)
def test_wrong_policies_are_refused_where_they_are_wrong(tmp_path, old, new, where):
    with pytest.raises(YitongError) as caught:
        read_home_policy(changed(tmp_path, POLICY, old, new))
    assert (caught.value.code.split(".")[0], caught.value.where) == ("catalog", where)


def test_rates_without_terms_are_refused(tmp_path):
    text = '[persons.resident]\ndeductible_yuan = "200.00"\nannual_cap_yuan = "600.00"\n'
    with pytest.raises(YitongError) as caught:
        read_home_policy(changed(tmp_path, POLICY, text, ""))
    assert caught.value.where == "changed.toml: persons"


def test_bands_and_further_funds_are_read(tmp_path):
    banded = '\nbands = [{ up_to_yuan = "1000.00", basis_points = 5000 }, { basis_points = 6000 }]'
    path = changed(tmp_path, POLICY, RATE, banded)
    assert read_home_policy(path).rates["employee", "primary", "zone-exempt"] == (Band(100000, 5000), Band(None, 6000))
    fund = '[{ code = "relief", title = { zh = "救助", en = "relief" }, person_types = ["retired"], basis_points = 300 }]'
    found = read_home_policy(changed(tmp_path, POLICY, "further_funds = []", f"further_funds = {fund}")).further_funds[0]
    assert (found.code, found.person_types, found.basis_points, found.visit_cap_fen) == ("relief", ("retired",), 300, None)
