"""The outpatient scheme: the worked example to the fen, its two variants, and everything that must be refused."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from yitong.catalog.outpatient import read_home_policy, read_place_catalogue
from yitong.errors import YitongError
from yitong.settlement.coverage import Band, FurtherFund, bands_fen
from yitong.settlement.insured import InsuredPerson
from yitong.settlement.quote import check_identities, explain, quote_from_json
from yitong.settlement.scheme import breaches
from yitong.settlement.schemes.outpatient import OutpatientScheme, SettledBill, quote
from yitong.settlement.usage import positions
from yitong.settlement.visit import BillLine, Registration, Visit, read_lines

SCHEMES = Path(__file__).parents[2] / "catalog" / "schemes"
LIST = read_place_catalogue(SCHEMES / "outpatient-list-shanghai.toml")
POLICY = read_home_policy(SCHEMES / "outpatient-policy-anhui.toml")
REGISTRATION = Registration(
    "visit-1", "person-1", "340000", "310000", "example-clinic", "tertiary", "long-term-residence", date(2026, 3, 2)
)
VISIT = Visit(REGISTRATION, date(2026, 3, 2), 117000)
LINES = (
    BillLine("1", "EX-SERVICE-0001", "consultation", 5000, 1),
    BillLine("2", "EX-DRUG-0001", "medicine A", 10000, 2),
    BillLine("3", "EX-DRUG-0002", "medicine B", 10000, 3),
    BillLine("4", "EX-MATERIAL-0001", "material", 50000, 1),
    BillLine("5", "EX-DRUG-0003", "medicine C", 12000, 1),
)
INSURED = InsuredPerson("person-1", "340000", "employee", 30000, 60000, 580000, 2026, 7)


def of(**changes):
    return quote(LINES, LIST, POLICY, replace(INSURED, **changes), VISIT)


def refused(code, *arguments):
    with pytest.raises(YitongError) as caught:
        quote(*arguments)
    assert caught.value.code == code


def one_line(item_code, price_fen, quantity=1, **changes):
    line = BillLine("1", item_code, "line", price_fen, quantity)
    return quote([line], LIST, POLICY, replace(INSURED, **changes), replace(VISIT, total_fen=line.gross_fen))


def test_worked_example_to_the_fen():
    found = of()
    assert (found.total_fen, found.full_self_pay_fen, found.over_limit_fen, found.pre_self_pay_fen) == (
        117000,
        12000,
        10000,
        11000,
    )
    assert (found.in_scope_fen, found.deductible_fen, found.shared_fen) == (84000, 20000, 64000)
    assert (found.basic_fund_fen, found.capped_fen, found.fund_total_fen) == (20000, 12000, 20000)
    assert (found.person_fen, found.account_fen, found.cash_fen) == (97000, 30000, 67000)
    assert (found.insured_version, found.year, found.policy) == (7, 2026, "outpatient-policy-anhui@2026.1")


def test_without_the_cap_the_fund_pays_half():
    assert (of(fund_used_fen=0).fund_total_fen, of(fund_used_fen=0).capped_fen) == (32000, 0)


def test_temporary_visit_gets_the_lower_rate():
    visit = replace(VISIT, registration=replace(REGISTRATION, registration_class="temporary-other"))
    assert quote(LINES, LIST, POLICY, replace(INSURED, fund_used_fen=0), visit).fund_total_fen == 25600


def test_each_line_says_why():
    reasons = [(line.in_scope_fen, line.reason.zh, line.reason.en) for line in of().lines]
    assert reasons == [
        (5000, "甲类，全额纳入报销范围。", "Class A: all of it is in scope."),
        (20000, "甲类，全额纳入报销范围。", "Class A: all of it is in scope."),
        (27000, "乙类，先行自付 10%。", "Class B: you pay 10 % first."),
        (
            32000,
            "乙类，单价超过限价 400.00 元的部分自付，先行自付 20%。",
            "Class B: the part of the price above 400.00 yuan is yours, and you pay 20 % first.",
        ),
        (0, "丙类，全部自费。", "Class C: all of it is yours."),
    ]


def test_unmapped_code_is_self_pay_and_shown_as_such():
    found = one_line("HOSPITAL-OWN-77", 4200)
    assert (found.lines[0].list_class, found.full_self_pay_fen, found.fund_total_fen) == ("none", 4200, 0)
    assert "目录" in found.lines[0].reason.zh
    assert found.account_fen == 0  # out of scope: not for the account either
    assert found.cash_fen == 4200


def test_price_limit_counts_per_unit():
    found = one_line("EX-SERVICE-0002", 2500, 3)
    assert (found.over_limit_fen, found.in_scope_fen) == (1500, 6000)


def test_home_owns_the_rate_where_the_list_leaves_it():
    assert one_line("EX-SERVICE-0003", 40000).pre_self_pay_fen == 4000
    line = BillLine("1", "EX-SERVICE-0003", "line", 40000, 1)
    without = replace(POLICY, self_pay_basis_points={})
    refused("outpatient.no-self-pay-rate", [line], LIST, without, INSURED, replace(VISIT, total_fen=40000))


def test_half_a_fen_is_rounded_up_once():
    assert one_line("EX-DRUG-0002", 5).pre_self_pay_fen == 1  # 0.5 fen
    assert one_line("EX-DRUG-0002", 4).pre_self_pay_fen == 0  # 0.4 fen
    assert one_line("EX-DRUG-0001", 3, deductible_used_fen=80000, fund_used_fen=0).basic_fund_fen == 2  # 1.5 fen


def test_deductible_used_beyond_the_standard_takes_nothing_and_gives_nothing():
    found = of(deductible_used_fen=90000, fund_used_fen=0)
    assert (found.deductible_fen, found.basic_fund_fen) == (0, 42000)


def test_used_beyond_the_cap_pays_nothing():
    assert (of(fund_used_fen=600001).fund_total_fen, of(fund_used_fen=600001).capped_fen) == (0, 32000)


def test_small_bill_stays_within_the_deductible():
    found = one_line("EX-SERVICE-0001", 5000)
    assert (found.deductible_fen, found.shared_fen, found.fund_total_fen, found.account_fen) == (5000, 0, 0, 5000)


def test_bands_pay_each_part_at_its_rate():
    bands = (Band(10000, 5000), Band(30000, 6000), Band(None, 7000))
    assert [bands_fen(amount, bands) for amount in (0, 10000, 20000, 64000)] == [0, 5000, 11000, 5000 + 12000 + 23800]
    policy = replace(POLICY, rates={("employee", "tertiary", "long-term-residence"): bands})
    assert quote(LINES, LIST, policy, replace(INSURED, fund_used_fen=0), VISIT).basic_fund_fen == 40800


def test_further_funds_pay_in_order_from_what_is_left_in_scope():
    subsidy = FurtherFund("civil-servant", LIST.title, ("employee",), 5000, None)
    relief = FurtherFund("relief", LIST.title, ("employee",), 10000, 1000)
    found = quote(LINES, LIST, replace(POLICY, further_funds=(subsidy, relief)), INSURED, VISIT)
    assert found.further_funds == (("civil-servant", 32000), ("relief", 1000))  # half of 840.00 - 200.00, then at most 10.00
    assert (found.fund_total_fen, found.person_fen, found.account_fen, found.cash_fen) == (53000, 64000, 30000, 34000)
    other = replace(subsidy, person_types=("retired",))
    assert quote(LINES, LIST, replace(POLICY, further_funds=(other,)), INSURED, VISIT).further_funds == ()


def test_account_pays_only_the_parts_that_the_policy_names():
    assert of(account_balance_fen=10**9).account_fen == 64000 + 11000
    policy = replace(POLICY, account_covers=())
    assert quote(LINES, LIST, policy, INSURED, VISIT).cash_fen == 97000


@pytest.mark.parametrize(
    ("code", "lines", "visit"),
    [
        ("outpatient.total-differs", LINES, replace(VISIT, total_fen=116999)),
        ("outpatient.line-price", (replace(LINES[0], price_fen=-1),), VISIT),
        ("outpatient.line-quantity", (replace(LINES[0], quantity=0),), VISIT),
        ("outpatient.line-quantity", (replace(LINES[0], quantity=-2),), VISIT),
        ("outpatient.line-quantity", (replace(LINES[0], quantity=True),), VISIT),
        ("outpatient.line-twice", (*LINES, LINES[0]), replace(VISIT, total_fen=122000)),
        ("outpatient.line-count", (), replace(VISIT, total_fen=0)),
        ("outpatient.visit-after-upload", LINES, replace(VISIT, uploaded_on=date(2026, 3, 1))),
        ("outpatient.record-shape", (replace(LINES[0], item_code=""),), VISIT),
        ("money.out-of-range", (replace(LINES[0], price_fen=10**15 - 1, quantity=2),), VISIT),
    ],
)
def test_bad_upload_is_refused(code, lines, visit):
    refused(code, lines, LIST, POLICY, INSURED, visit)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("outpatient.wrong-person", {"insured": {"person_no": "person-2"}}),
        ("outpatient.other-province", {"insured": {"jurisdiction": "jiangsu"}}),
        ("outpatient.other-province", {"policy": {"jurisdiction": "jiangsu"}}),
        ("outpatient.other-place", {"catalogue": {"jurisdiction": "zhejiang"}}),
        ("outpatient.not-in-force", {"catalogue": {"valid_from": date(2026, 3, 3)}}),
        ("outpatient.not-in-force", {"policy": {"valid_until": date(2026, 3, 1)}}),
        ("outpatient.wrong-year", {"insured": {"year": 2025}}),
        ("outpatient.no-terms", {"policy": {"persons": {}}}),
        ("outpatient.no-rate", {"policy": {"rates": {}}}),
    ],
)
def test_what_does_not_belong_together_is_refused(code, change):
    catalogue, policy = replace(LIST, **change.get("catalogue", {})), replace(POLICY, **change.get("policy", {}))
    refused(code, LINES, catalogue, policy, replace(INSURED, **change.get("insured", {})), VISIT)


def test_the_policy_says_which_day_governs():
    late = replace(VISIT, uploaded_on=date(2027, 1, 2), registration=replace(REGISTRATION, visited_on=date(2026, 12, 31)))
    refused("outpatient.wrong-year", LINES, LIST, POLICY, INSURED, late)
    found = quote(LINES, LIST, replace(POLICY, governed_by="visit-day"), INSURED, late)
    assert found.governing_day == date(2026, 12, 31)


def test_upload_in_yuan_with_three_decimals_is_refused():
    row = {"line_id": "1", "item_code": "EX-DRUG-0001", "title": "medicine", "price_yuan": "12.5", "quantity": 2}
    assert read_lines([row])[0] == BillLine("1", "EX-DRUG-0001", "medicine", 1250, 2)
    for code, change in (
        ("money.not-yuan", {"price_yuan": "12.505"}),
        ("outpatient.line-price", {"price_yuan": "-1.00"}),
        ("outpatient.line-quantity", {"quantity": 1.5}),
        ("outpatient.record-shape", {"price_yuan": 12}),
        ("outpatient.record-shape", {"extra": 1}),
    ):
        with pytest.raises(YitongError) as caught:
            read_lines([row | change], "/lines")
        assert caught.value.code == code
        assert caught.value.where.startswith("/lines/0")


def test_quote_round_trip_and_digest():
    found = of()
    again = quote_from_json(found.to_json())
    assert again == found
    assert again.digest == found.digest
    assert len(found.digest) == 43
    assert of(version=8).digest != found.digest


@pytest.mark.parametrize(
    ("identity", "change"),
    [
        ("negative", {"cash_fen": -1}),
        ("lines", {"in_scope_fen": 84001}),
        ("total", {"total_fen": 117001}),
        ("scope", {"shared_fen": 64001}),
        ("share", {"capped_fen": 64000}),
        ("funds", {"fund_total_fen": 20001}),
        ("out-of-scope", {"further_funds": (("relief", 64001),), "fund_total_fen": 84001}),
        ("person", {"person_fen": 97001}),
        ("cash", {"account_fen": 29999}),
    ],
)
def test_every_identity_is_checked(identity, change):
    with pytest.raises(YitongError) as caught:
        check_identities(replace(of(), **change))
    assert (caught.value.code, caught.value.where) == ("outpatient.identity-broken", identity)


def test_a_line_that_does_not_add_up_is_an_identity_too():
    found = of()
    lines = (replace(found.lines[0], gross_fen=1), *found.lines[1:])
    with pytest.raises(YitongError) as caught:
        check_identities(replace(found, lines=lines))
    assert caught.value.where == "line"


@pytest.mark.parametrize(
    "change", [{"total_fen": "1"}, {"total_fen": True}, {"governing_day": "20260302"}, {"lines": {}}, {"x": 1}]
)
def test_mistyped_quotes_are_refused(change):
    with pytest.raises(YitongError) as caught:
        quote_from_json(of().to_json() | change)
    assert caught.value.code == "outpatient.record-shape"


def test_explanation_names_the_cap_and_leaves_out_what_is_nothing():
    sentences = [text.en for text in explain(of())]
    assert "120.00 yuan is not paid because the yearly cap is reached." in sentences
    assert "You pay 670.00 yuan in cash." in sentences
    assert not any("cap" in text.en for text in explain(of(fund_used_fen=0)))


def test_as_a_scheme_it_keeps_the_contract_and_owes_by_the_month():
    late = datetime(2026, 3, 31, 16, 30, tzinfo=UTC)  # 1 April in Shanghai
    bills = [
        SettledBill(
            "settle-1", datetime(2026, 3, 2, 2, tzinfo=UTC), "anhui-insurance", "310000", "example-clinic", 20000, 30000
        ),
        SettledBill("settle-2", late, "anhui-insurance", "310000", "example-clinic", 0, 0),
        SettledBill("settle-3", late, "anhui-insurance", "310000", "example-clinic", 0, 500),
    ]
    scheme = OutpatientScheme()
    assert breaches(scheme, bills) == []
    assert [scheme.window(bill) for bill in bills] == [date(2026, 3, 1), date(2026, 4, 1), date(2026, 4, 1)]
    assert positions(scheme.charge(bills[0])) == {"anhui-insurance": -50000, "example-clinic": 50000, "310000": 0}
    assert scheme.charge(bills[1]) == ()
