"""Story four at the home: whom it knows and believes, what it settles, and for whom it keeps silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from region.simulate import make_region
from region.wiring_bill import OPENING, Desk, refusal, request_of, say, sent
from yitong.errors import YitongError
from yitong.flows.bill_ledger import accounts
from yitong.settlement.register_bills import HOME_SETTLEMENTS

ANSWER = "outpatient.settle.answer"


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(await make_region(tmp_path))


async def test_the_home_settles_only_what_it_quoted_to_whom_it_quoted(desk: Desk) -> None:
    person = await desk.enrol()
    before = await desk.person(person)
    bill = await desk.ready(person)
    request = request_of(bill, "settle-other")
    ask = {"bill_id": bill["bill_id"], "request": request}
    await say(desk, "outpatient.settle", ask | {"request": request | {"cash_fen": 66999}})
    await say(desk, "outpatient.settle", ask | {"request": request | {"quote_digest": "made-up"}})
    await say(desk, "outpatient.settle", ask, sender="jiangsu")
    assert [answer["refusal"] for answer in sent(desk, ANSWER)] == ["outpatient.quote-mismatch"] * 3
    assert await desk.person(person) == before


async def test_another_node_learns_and_reverses_nothing(desk: Desk) -> None:
    person = await desk.enrol()
    bill = await desk.confirmed(await desk.ready(person))
    used = await desk.person(person)
    ask = {"bill_id": bill["bill_id"], "settlement_id": bill["settlement_id"]}
    await say(desk, "outpatient.query", ask, sender="jiangsu")
    assert sent(desk, "outpatient.query.answer")[0]["state"] == "none"
    await say(desk, "outpatient.reverse", ask | {"reversal_id": "reverse-1"}, sender="jiangsu")
    assert sent(desk, "outpatient.reverse.answer")[0]["refusal"] == "outpatient.settlement-id-reused"
    answer = {"bill_id": bill["bill_id"], "settlement_id": bill["settlement_id"], "reversal_id": "reverse-1", "refusal": ""}
    await say(desk, "outpatient.reverse.answer", answer, sender="jiangsu", receiver="shanghai")
    assert sent(desk, "peer.refused")[-1]["code"] == "store.not-found"
    assert await desk.person(person) == used
    assert (await desk.act("state", {"bill_id": bill["bill_id"]}))["state"] == "settled"


async def test_the_home_believes_a_hospital_only_under_the_node_that_speaks_for_it(desk: Desk) -> None:
    person = await desk.enrol()
    ask = {"bill_id": "bill-x", "person_no": person, "hospital": "example-clinic", "visited_on": "2026-02-12"}
    await say(desk, "outpatient.register", ask, sender="jiangsu")
    await say(desk, "outpatient.register", ask | {"hospital": "chongming-market"})
    refused = [answer["refusal"] for answer in sent(desk, "outpatient.register.answer")]
    assert refused[1] == "outpatient.not-a-hospital"
    assert refused[0].startswith("trust.") or refused[0] == "outpatient.not-a-hospital"


async def test_the_home_uses_its_own_registration_class_and_checks_the_list_that_it_is_sent(desk: Desk) -> None:
    person = await desk.enrol(replace(OPENING, registration_class="temporary-other", fund_used_fen=0))
    bill = await desk.ready(person)
    assert (bill["quote"]["registration_class"], bill["quote"]["fund_total_fen"]) == ("temporary-other", 25600)
    asked = sent(desk, "outpatient.quote")[0]
    registration = asked["visit"]["registration"] | {"registration_class": "long-term-residence"}
    await say(desk, "outpatient.quote", asked | {"visit": asked["visit"] | {"registration": registration}})
    assert sent(desk, "outpatient.quote.answer")[1]["quote"]["fund_total_fen"] == 25600
    item = asked["catalogue"]["items"][0]
    for spoiled in (item | {"list_class": "none"}, item | {"price_limit_fen": -1}, item | {"self_pay_basis_points": 500}):
        catalogue = asked["catalogue"] | {"items": [spoiled, *asked["catalogue"]["items"][1:]]}
        await say(desk, "outpatient.quote", asked | {"catalogue": catalogue})
        assert sent(desk, "outpatient.quote.answer")[-1]["refusal"] == "outpatient.list-shape"
    for name, code in (("home", "outpatient.other-province"), ("care", "outpatient.other-place")):
        wrong = asked["visit"] | {"registration": asked["visit"]["registration"] | {name: "330000"}}
        await say(desk, "outpatient.quote", asked | {"visit": wrong})
        assert sent(desk, "outpatient.quote.answer")[-1]["refusal"] == code


async def test_a_message_of_another_form_is_refused(desk: Desk) -> None:
    await say(desk, "outpatient.query", {"bill_id": "x", "settlement_id": "y", "more": 1})
    assert sent(desk, "peer.refused")[0]["code"] == "outpatient.record-shape"


async def test_enrolling_again_and_otherwise(desk: Desk) -> None:
    person = await desk.enrol()
    assert await desk.enrol() == person
    assert await refusal(desk.enrol(replace(OPENING, account_balance_fen=1))) == "store.exists"
    assert await refusal(desk.enrol(replace(OPENING, number="340104198003041239"))) == "id.resident-check"
    assert await refusal(desk.enrol(replace(OPENING, person_type="visitor"))) == "outpatient.record-shape"
    assert await refusal(desk.enrol(replace(OPENING, fund_used_fen=-1))) == "money.out-of-range"
    assert await desk.ledger("anhui") == {"340000/personal-accounts": 30000, "340000/opening-equity": -30000}


async def test_a_new_year_starts_with_nothing_used(desk: Desk) -> None:
    person = await desk.enrol()
    desk.region.clock.advance(timedelta(days=330))
    bill = await desk.register(person, visited_on="2027-01-05")
    bill = await desk.quoted(bill["bill_id"])
    assert (bill["quote"]["year"], bill["quote"]["deductible_fen"], bill["quote"]["fund_total_fen"]) == (2027, 80000, 2000)
    bill = await desk.confirmed(bill)
    assert bill["state"] == "settled"
    assert (await desk.person(person))["fund_used_fen"] == 2000


async def test_the_accounts_that_a_node_needs(desk: Desk) -> None:
    assert "340000/payable/310000" in {account.id for account in accounts(desk.context("anhui"))}
    assert "310000/receivable/340000" in {account.id for account in accounts(desk.context("shanghai"))}
    assert accounts(desk.context("jiangsu")) == ()


async def test_nothing_is_kept_of_a_settlement_whose_entry_in_the_ledger_fails(desk: Desk, monkeypatch: Any) -> None:
    person = await desk.enrol()
    before = await desk.person(person)
    bill = await desk.ready(person)

    async def broken(*_: Any) -> None:
        raise YitongError("ledger.limit-exceeded", "a book that is full")

    monkeypatch.setattr("yitong.flows.bill_home.owe", broken)
    bill = await desk.confirmed(bill)
    assert bill["state"] == "sending"
    assert sent(desk, "peer.refused")[0]["code"] == "ledger.limit-exceeded"
    assert await desk.person(person) == before
    async with desk.context("anhui").store.begin() as unit:
        assert await unit.shelf(HOME_SETTLEMENTS).find() == []
