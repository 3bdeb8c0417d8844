"""Story four between real nodes in one process: a bill in Shanghai is computed and settled in Anhui, once, and given back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from region.simulate import Weather, make_region
from region.wiring_bill import NUMBER, OPENING, OTHER_NUMBER, Desk, refusal, sent
from yitong.specs import jose

ANSWER = "outpatient.settle.answer"
ACCOUNTED = {"340000/payable/310000": 50000, "340000/fund-expense": 20000}


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(await make_region(tmp_path))


async def test_quoted_confirmed_settled_reversed(desk: Desk) -> None:
    person = await desk.enrol()
    before = await desk.person(person)
    bill = await desk.ready(person)
    quote = bill["quote"]
    assert (bill["state"], bill["person_type"]) == ("quoted", "employee")
    assert (quote["total_fen"], quote["fund_total_fen"], quote["account_fen"], quote["cash_fen"]) == (
        117000,
        20000,
        30000,
        67000,
    )
    assert (quote["home"], quote["care"], quote["catalogue"]) == ("340000", "310000", "outpatient-list-shanghai@2026.1")

    bill = await desk.confirmed(bill)
    assert (bill["state"], bill["settled_by"]) == ("settled", ANSWER)
    used = await desk.person(person)
    assert (used["deductible_used_fen"], used["fund_used_fen"], used["account_balance_fen"]) == (80000, 600000, 0)
    home, care = await desk.ledger("anhui"), await desk.ledger("shanghai")
    assert home == ACCOUNTED | {"340000/opening-equity": -30000}
    assert care == {"310000/payable/example-clinic": 50000, "310000/receivable/340000": 50000}

    bill = await desk.about("reverse", bill)
    assert (bill["state"], bill["refusal"]) == ("reversed", "")
    assert await desk.person(person) == before
    assert await desk.ledger("anhui") == {"340000/personal-accounts": 30000, "340000/opening-equity": -30000}
    assert await desk.ledger("shanghai") == {}
    for node in ("anhui", "shanghai"):
        async with desk.context(node).store.begin() as unit:
            made = {t.id: t for t in await unit.ledger.transfers(bill["settlement_id"])}
            given_back = await unit.ledger.transfers(bill["reversal_id"])
        assert made
        assert {t.reverses for t in given_back} == made.keys()


async def test_no_name_and_no_identity_number_crosses(desk: Desk) -> None:
    person = await desk.enrol()
    bill = await desk.about("reverse", await desk.confirmed(await desk.ready(person)))
    bodies = "".join(str(jose.parse(text).claims()) for _, text in desk.region.carried)
    assert NUMBER not in bodies
    assert "deductible_used" not in bodies
    assert bill["state"] == "reversed"


async def test_a_lost_answer_is_resolved_by_asking_and_the_late_one_changes_nothing(desk: Desk) -> None:
    bill = await desk.ready(await desk.enrol())
    desk.hold(ANSWER, True)
    assert (await desk.confirmed(bill))["state"] == "sending"
    desk.region.clock.advance(timedelta(seconds=31))
    await desk.region.settle()
    unknown = await desk.act("state", {"bill_id": bill["bill_id"]})
    assert unknown["state"] == "unknown"
    assert await desk.ledger("shanghai") == {}
    again = await desk.confirmed(bill)  # confirming again is no way to send it again
    assert (again["state"], again["settlement_id"]) == ("unknown", unknown["settlement_id"])

    asked = await desk.about("query", bill)
    assert (asked["state"], asked["settled_by"]) == ("settled", "outpatient.query.answer")
    settled = await desk.ledger("shanghai")
    desk.hold(ANSWER, False)
    await desk.region.settle()
    assert sent(desk, ANSWER) != []
    assert await desk.act("state", {"bill_id": bill["bill_id"]}) == asked
    assert await desk.ledger("shanghai") == settled
    assert len(sent(desk, "outpatient.settle")) == 1
    assert sent(desk, "peer.refused") == []


async def test_a_late_answer_resolves_it_too_when_nobody_asks(desk: Desk) -> None:
    bill = await desk.ready(await desk.enrol())
    desk.hold(ANSWER, True)
    await desk.confirmed(bill)
    desk.region.clock.advance(timedelta(seconds=31))
    await desk.region.settle()
    desk.hold(ANSWER, False)
    await desk.region.settle()
    assert (await desk.act("state", {"bill_id": bill["bill_id"]}))["settled_by"] == ANSWER


async def test_reversed_while_unknown(desk: Desk) -> None:
    person = await desk.enrol()
    before = await desk.person(person)
    bill = await desk.ready(person)
    desk.hold(ANSWER, True)
    await desk.confirmed(bill)
    desk.region.clock.advance(timedelta(seconds=31))
    await desk.region.settle()
    assert (await desk.about("reverse", bill))["state"] == "reversed"
    desk.hold(ANSWER, False)
    await desk.region.settle()
    assert (await desk.act("state", {"bill_id": bill["bill_id"]}))["state"] == "reversed"
    assert await desk.person(person) == before
    assert "340000/payable/310000" not in await desk.ledger("anhui")
    assert await desk.ledger("shanghai") == {}


async def test_a_reversal_that_overtakes_the_settlement_closes_its_id(desk: Desk) -> None:
    person = await desk.enrol()
    before = await desk.person(person)
    bill = await desk.ready(person)
    desk.hold("outpatient.settle", True, node="shanghai")
    await desk.confirmed(bill)
    desk.region.clock.advance(timedelta(seconds=31))
    await desk.region.settle()
    asked = await desk.about("query", bill)
    assert (asked["state"], asked["refusal"]) == ("unknown", "outpatient.nothing-known")  # it may still be on its way
    assert (await desk.about("reverse", bill))["state"] == "reversed"
    desk.hold("outpatient.settle", False, node="shanghai")
    await desk.region.settle()
    assert sent(desk, ANSWER)[0]["refusal"] == "outpatient.reversed-already"
    assert await desk.person(person) == before
    assert (await desk.act("state", {"bill_id": bill["bill_id"]}))["state"] == "reversed"
    assert "340000/fund-expense" not in await desk.ledger("anhui")


@pytest.mark.parametrize("seed", range(4))
async def test_lost_repeated_and_late_messages_and_crashes_end_in_one_settlement(tmp_path: Path, seed: int) -> None:
    desk = Desk(await make_region(tmp_path, seed, Weather(lost=20, receipt_lost=20, twice=20)))
    first, second = await desk.enrol(), await desk.enrol(replace(OPENING, number=OTHER_NUMBER))
    before = await desk.person(first)
    bill, other = await desk.ready(first, "visit-1"), await desk.ready(second, "visit-2")
    confirmation = {"bill_id": bill["bill_id"], "quote_digest": bill["quote_digest"]}
    await desk.act("confirm", confirmation)
    for node in ("anhui", "shanghai"):
        await desk.region.nodes[node].exchange.deliver_once()
        desk.region.restart(node)
    await desk.region.settle()
    assert (await desk.act("state", {"bill_id": bill["bill_id"]}))["state"] == "settled"
    await desk.confirmed(other)
    assert (await desk.about("reverse", bill))["state"] == "reversed"
    assert await desk.person(first) == before
    home, care = await desk.ledger("anhui"), await desk.ledger("shanghai")
    assert home["340000/payable/310000"] == care["310000/receivable/340000"] == 50000


async def test_two_bills_quoted_on_the_same_record_the_second_is_quoted_anew(desk: Desk) -> None:
    person = await desk.enrol()
    first, second = await desk.ready(person, "visit-1"), await desk.ready(person, "visit-2")
    assert (await desk.confirmed(first))["state"] == "settled"
    failed = await desk.confirmed(second)
    assert (failed["state"], failed["refusal"]) == ("failed", "outpatient.quote-stale")
    fresh = await desk.quoted(second["bill_id"])
    assert (fresh["state"], fresh["quote"]["fund_total_fen"], fresh["quote"]["account_fen"]) == ("quoted", 0, 0)
    assert await refusal(desk.confirmed(failed)) == "outpatient.quote-stale"  # the old digest
    done = await desk.confirmed(fresh)
    assert done["state"] == "settled"
    assert done["settlement_id"] != failed["settlement_id"]
