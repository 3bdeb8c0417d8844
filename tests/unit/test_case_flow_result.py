"""What a granted permit says, and under which number: made of the catalogue, the answers and the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from example_case import SERVICE, application
from yitong.cases.result import Grounds, last_day, mod_11_10, needs_serial, result_claims
from yitong.cases.service import ResultClaim, Service, check_service
from yitong.errors import YitongError

ANSWERS = application()["answers"]
CODE = ANSWERS["operator_code"]
GROUNDS = Grounds(ANSWERS, CODE, date(2026, 2, 12), 7)


def with_claims(*claims: ResultClaim) -> Service:
    return replace(SERVICE, result_claims=claims)


def test_the_permit_says_what_was_applied_for_and_decided() -> None:
    assert result_claims(SERVICE, GROUNDS) == {
        "permit_number": "JY2310151000007" + mod_11_10("2310151000007"),
        "operator_name": ANSWERS["operator_name"],
        "uscc": CODE,
        "legal_representative": ANSWERS["legal_representative"],
        "address": ANSWERS["premises_address"],
        "region": "310151",
        "business_form": "餐饮服务经营者",
        "items": ["热食类食品制售"],
        "decided_on": "2026-02-12",
        "valid_to": "2031-02-11",
        "authority": "崇明区市场监督管理局（示例）",
    }


def test_the_number_depends_on_the_answer_and_the_count() -> None:
    sales = replace(GROUNDS, answers={**ANSWERS, "business_type": "food-sales"}, serial=123456)
    assert result_claims(SERVICE, sales)["permit_number"][:15] == "JY1310151123456"
    assert needs_serial(SERVICE) is True
    assert needs_serial(with_claims(ResultClaim("region", "constant", "310151"))) is False


@pytest.mark.parametrize(
    ("grounds", "code"),
    [
        (replace(GROUNDS, serial=1_000_000), "case.numbers-used-up"),
        (replace(GROUNDS, answers={**ANSWERS, "business_type": "street-stall"}), "case.no-code"),
    ],
)
def test_a_number_that_cannot_be_made_is_refused(grounds: Grounds, code: str) -> None:
    with pytest.raises(YitongError) as refused:
        result_claims(SERVICE, grounds)
    assert refused.value.code == code


def test_an_answer_that_was_not_given_leaves_its_claim_out() -> None:
    assert result_claims(with_claims(ResultClaim("opens", "answer", "opens_on")), GROUNDS) == {}


@pytest.mark.parametrize(
    ("decided", "last"),
    [(date(2026, 2, 12), date(2031, 2, 11)), (date(2028, 2, 29), date(2033, 2, 28)), (date(2026, 3, 1), date(2031, 2, 28))],
)
def test_five_years_end_the_day_before_the_anniversary(decided: date, last: date) -> None:
    assert last_day(decided, 5) == last


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert mod_11_10("0794") == "5"  # the example of ISO 7064
    assert mod_11_10("") == "1"


@given(st.text("0123456789", min_size=1, max_size=14), st.data())
def test_one_wrong_digit_changes_the_check(digits: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(digits) - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))
    assert mod_11_10(digits) != mod_11_10(digits[:place] + other + digits[place + 1 :])


@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ((ResultClaim("a", "guess"),), "result_claims/a"),
        ((ResultClaim("a", "answer", "shoe_size"),), "result_claims/a"),
        ((ResultClaim("a", "valid-until"),), "result_claims/a"),
        ((ResultClaim("a", "number"),), "result_claims/a"),
        ((ResultClaim("a", "number", "X{shoe_size}"),), "result_claims/a"),
        ((ResultClaim("a", "constant"),), "result_claims/a"),
        ((ResultClaim("A b", "decided-on"),), "result_claims"),
    ],
)
def test_a_service_whose_result_could_not_be_made_is_refused(claims: tuple[ResultClaim, ...], key: str) -> None:
    with pytest.raises(YitongError) as refused:
        check_service(with_claims(*claims))
    assert (refused.value.code, refused.value.where) == ("service.wrong-value", f"{SERVICE.id}/{key}")


def test_a_claim_stands_once() -> None:
    with pytest.raises(YitongError) as refused:
        check_service(with_claims(ResultClaim("a", "decided-on"), ResultClaim("a", "decided-on")))
    assert refused.value.code == "service.twice"
