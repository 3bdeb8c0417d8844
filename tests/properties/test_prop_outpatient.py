"""For any bill, list, policy and person: no fen is lost or made, nobody pays less than nothing, and back is back."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yitong.errors import Text, YitongError
from yitong.settlement.coverage import Band, FurtherFund, HomePolicy, ListItem, PersonTerms, PlaceCatalogue
from yitong.settlement.insured import InsuredPerson, request_for, reverse, reverse_once, settle, settle_once
from yitong.settlement.quote import check_identities, quote_from_json
from yitong.settlement.schemes.outpatient import quote
from yitong.settlement.visit import BillLine, Registration, Visit

# how long an example takes on a busy machine says nothing about it
ON_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
TITLE = Text("示例", "example")
DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 3, tzinfo=UTC)
REGISTRATION = Registration("visit-1", "person-1", "anhui", "shanghai", "example-clinic", "tertiary", "temporary-other", DAY)
CODES = [f"EX-{number}" for number in range(6)]
rates = st.integers(0, 10_000)
yuan = st.integers(0, 1_000_000)


@st.composite
def items(draw, code):
    list_class = draw(st.sampled_from("ABC"))
    self_pay = draw(st.none() | rates) if list_class == "B" else 0
    return ListItem(code, TITLE, list_class, draw(st.none() | yuan), self_pay)


@st.composite
def catalogues(draw):
    known = draw(st.lists(st.sampled_from(CODES), unique=True))
    return PlaceCatalogue("list", "1", "shanghai", TITLE, DAY, None, {code: draw(items(code)) for code in known})


@st.composite
def band_rows(draw):
    tops = sorted(draw(st.sets(st.integers(1, 1_000_000), max_size=4)))
    return (*(Band(top, draw(rates)) for top in tops), Band(None, draw(rates)))


funds = st.builds(FurtherFund, st.sampled_from(["a", "b"]), st.just(TITLE), st.just(("employee",)), rates, st.none() | yuan)
parts = st.lists(st.sampled_from(["in-scope", "pre-self-pay", "over-limit", "full-self-pay"]), unique=True)


@st.composite
def policies(draw):
    return HomePolicy(
        "policy",
        "1",
        "anhui",
        TITLE,
        DAY,
        None,
        governed_by="visit-day",
        persons={"employee": PersonTerms(draw(yuan), draw(yuan))},
        self_pay_basis_points={"B": draw(rates)},
        rates={("employee", "tertiary", "temporary-other"): draw(band_rows())},
        further_funds=tuple(draw(st.lists(funds, max_size=3))),
        account_covers=tuple(draw(parts)),
    )


people = st.builds(
    InsuredPerson,
    st.just("person-1"),
    st.just("anhui"),
    st.just("employee"),
    account_balance_fen=yuan,
    deductible_used_fen=yuan,
    fund_used_fen=yuan,
    year=st.just(2026),
    version=st.integers(0, 100),
)


@st.composite
def bills(draw):
    rows = draw(st.lists(st.tuples(st.sampled_from(CODES), yuan, st.integers(1, 20)), min_size=1, max_size=6))
    return tuple(BillLine(str(place), code, "line", price, quantity) for place, (code, price, quantity) in enumerate(rows))


def visit_for(lines):
    return Visit(REGISTRATION, DAY, sum(line.gross_fen for line in lines))


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people)
def test_every_fen_is_somewhere_once(lines, catalogue, policy, person):
    found = quote(lines, catalogue, policy, person, visit_for(lines))
    check_identities(found)  # and by sums of the test's own, below
    parts_fen = [found.full_self_pay_fen, found.over_limit_fen, found.pre_self_pay_fen, found.in_scope_fen]
    assert sum(parts_fen) == found.total_fen == sum(line.price_fen * line.quantity for line in lines)
    assert (
        found.basic_fund_fen + sum(paid for _, paid in found.further_funds) + found.account_fen + found.cash_fen
        == found.total_fen
    )
    assert min(*parts_fen, found.deductible_fen, found.basic_fund_fen, found.account_fen, found.cash_fen) >= 0


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people)
def test_bounds_of_the_policy_hold(lines, catalogue, policy, person):
    found = quote(lines, catalogue, policy, person, visit_for(lines))
    terms = policy.persons["employee"]
    assert found.basic_fund_fen + person.fund_used_fen <= max(terms.annual_cap_fen, person.fund_used_fen)
    assert found.deductible_fen + person.deductible_used_fen <= max(terms.deductible_fen, person.deductible_used_fen)
    assert found.account_fen <= person.account_balance_fen
    assert found.fund_total_fen <= found.in_scope_fen
    if not policy.account_covers:
        assert found.account_fen == 0


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people)
def test_reversal_is_the_exact_inverse_of_settling(lines, catalogue, policy, person):
    found = quote(lines, catalogue, policy, person, visit_for(lines))
    after, settlement = settle_once(person, found, request_for("settle-1", found), None, NOW)
    assert after == settle(person, found)
    assert reverse(after, settlement) == replace(person, version=person.version + 2)


@ON_ANY_MACHINE
@given(bills(), bills(), catalogues(), policies(), people)
def test_reversing_the_first_of_two_leaves_the_second(first, second, catalogue, policy, person):
    one = quote(first, catalogue, policy, person, visit_for(first))
    after_one, kept_one = settle_once(person, one, request_for("settle-1", one), None, NOW)
    two = quote(second, catalogue, policy, after_one, visit_for(second))
    after_two, kept_two = settle_once(after_one, two, request_for("settle-2", two), None, NOW)
    left, _ = reverse_once(after_two, kept_one, "settle-1", "reverse-1", NOW)
    none_left, _ = reverse_once(left, kept_two, "settle-2", "reverse-2", NOW)
    assert none_left == replace(person, version=person.version + 4)


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people)
def test_only_one_of_two_quotes_on_one_version_settles(lines, catalogue, policy, person):
    found = quote(lines, catalogue, policy, person, visit_for(lines))
    after = settle(person, found)
    with pytest.raises(YitongError) as caught:
        settle(after, found)
    assert caught.value.code == "outpatient.quote-stale"


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people)
def test_a_quote_survives_its_journey(lines, catalogue, policy, person):
    found = quote(lines, catalogue, policy, person, visit_for(lines))
    assert quote_from_json(found.to_json()) == found
    assert quote(lines, catalogue, policy, person, visit_for(lines)).digest == found.digest


@ON_ANY_MACHINE
@given(bills(), catalogues(), policies(), people, st.integers(1, 10**6))
def test_a_header_that_is_off_by_anything_is_refused(lines, catalogue, policy, person, off_fen):
    visit = visit_for(lines)
    with pytest.raises(YitongError) as caught:
        quote(lines, catalogue, policy, person, replace(visit, total_fen=visit.total_fen + off_fen))
    assert caught.value.code == "outpatient.total-differs"
