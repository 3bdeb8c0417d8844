"""Story four as it is read: by the patient and the insurer at home, by the clinic where the care was given."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from region.simulate import make_region
from region.wiring_bill import NUMBER, OTHER_NUMBER, Desk, refusal
from yitong.flows.bill_views import bill_at_care, bill_at_home, bills_of_account, bills_of_hospital, bills_of_insurer, written
from yitong.node.build import make_pages
from yitong.node.pages.render import Visit
from yitong.node.web.api_bills import find_view
from yitong.node.web.page_bills import bill_page, bill_rows
from yitong.people.account import ACCOUNTS, LOOKS, Account


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(await make_region(tmp_path))


async def test_bills_as_they_are_read(desk: Desk) -> None:
    home, care = desk.context("anhui"), desk.context("shanghai")
    patient = Account("patient-1", "resident", "周安然", "Zhou Anran", NUMBER, None, True, home.clock.now())
    stranger = Account("patient-2", "resident", "路人", "Passer-by", "", None, True, home.clock.now())
    async with home.transaction() as unit:
        await unit.shelf(ACCOUNTS).add(patient)
    bill = await desk.confirmed(await desk.ready(await desk.enrol()))
    async with home.store.begin() as unit:
        mine = await bills_of_account(home, unit, patient)
        whole = await bill_at_home(home, unit, bill["settlement_id"])
        assert await bills_of_account(home, unit, stranger) == ()
        assert [view.id for view in await bills_of_insurer(home, unit, "anhui-insurance")] == [bill["settlement_id"]]
        assert await bill_at_home(home, unit, "settle-none") is None
    assert [(view.id, view.state, view.own_fen) for view in mine] == [(bill["settlement_id"], "settled", 97000)]
    assert whole is not None
    assert (whole.patient.en, whole.place.en) == ("Zhou Anran", "Example outpatient clinic, Shanghai")
    read = written(whole)
    assert [line["reason"]["en"] for line in read["lines"]][2] == "Class B: you pay 10 % first."
    assert [step["amount_fen"] for step in read["explanation"]][-3:] == [20000, 30000, 67000]
    assert [message["type"] for message in read["messages"]] == [
        "outpatient.register.answer",
        "outpatient.quote.answer",
        "outpatient.settle.answer",
    ]
    assert all(message["receipt_hash"] for message in read["messages"])
    async with care.store.begin() as unit:
        there = await bill_at_care(care, unit, bill["bill_id"])
        assert [file.id for file in await bills_of_hospital(care, unit, "example-clinic")] == [bill["bill_id"]]
        assert await bill_at_care(care, unit, "bill-none") is None
    assert there is not None
    assert there.patient.zh == bill["person_no"]  # the place of care knows a number, no name
    assert there.quote == whole.quote
    assert [event.what.en for event in there.events][-1] == "Settled by the home"


async def stage(desk: Desk) -> tuple[SimpleNamespace, SimpleNamespace, dict[str, Account], dict[str, Any]]:
    """Both nodes as the web layer sees them, the people who may look, and a settled bill."""
    nodes = [
        SimpleNamespace(
            context=desk.context(name), config=desk.region.configs[name], pages=make_pages(desk.region.configs[name])
        )
        for name in ("anhui", "shanghai")
    ]
    now = desk.region.clock.now()
    accounts = {
        name: Account(name, role, name, name, number, institution, True, now)
        for name, role, number, institution in (
            ("patient", "resident", NUMBER, None),
            ("stranger", "resident", OTHER_NUMBER, None),
            ("insurer", "insurer", "", "anhui-insurance"),
            ("registrar", "registrar", "", "hefei-registry"),
            ("clerk", "hospital", "", "example-clinic"),
            ("metro", "operator", "", "shanghai-metro"),
        )
    }
    async with nodes[0].context.transaction() as unit:
        for account in accounts.values():
            await unit.shelf(ACCOUNTS).add(account)
    return *nodes, accounts, await desk.confirmed(await desk.ready(await desk.enrol()))


async def test_who_may_see_a_bill_and_whose_look_is_noted(desk: Desk) -> None:
    home, care, accounts, bill = await stage(desk)
    assert (await find_view(home, accounts["patient"], bill["settlement_id"])).state == "settled"
    assert (await find_view(home, accounts["insurer"], bill["settlement_id"])).state == "settled"
    assert (await find_view(care, accounts["clerk"], bill["bill_id"])).state == "settled"
    for node, name, bill_id in (
        (home, "stranger", bill["settlement_id"]),
        (home, "registrar", bill["settlement_id"]),
        (home, "patient", bill["bill_id"]),
        (care, "metro", bill["bill_id"]),
        (care, "patient", bill["bill_id"]),
    ):
        assert await refusal(find_view(node, accounts[name], bill_id)) == "store.not-found"
    async with home.context.store.begin() as unit:
        looks = [(look.looker, look.refused) for look in reversed(await unit.shelf(LOOKS).find(subject_id="patient"))]
    assert looks == [("anhui-insurance", False), ("stranger", True), ("hefei-registry", True)]


async def test_the_lists_and_pages_of_a_bill(desk: Desk) -> None:
    home, care, accounts, bill = await stage(desk)
    rows = {name: await bill_rows(home, accounts[name]) for name in ("patient", "stranger", "insurer")}
    rows["clerk"] = await bill_rows(care, accounts["clerk"])
    assert rows["stranger"] == ()
    assert [(row.total_fen, row.own_fen, row.state) for row in rows["clerk"]] == [(117000, 97000, "settled")]
    assert rows["patient"][0].href == f"/bills/{bill['settlement_id']}"
    assert rows["insurer"][0].patient.en == "patient"

    page = bill_page(home, await find_view(home, accounts["patient"], bill["settlement_id"]), {})
    assert [(payer.code, payer.amount_fen) for payer in page.payers] == [("fund", 20000), ("account", 30000), ("cash", 67000)]
    assert (page.totals["gross_fen"], page.totals["in_scope_fen"], page.paid_fen) == (117000, 84000, 117000)
    assert page.lines[0].name.en == "outpatient consultation"  # as on the list, not as the clinic wrote it
    for node, name, bill_id in ((home, "patient", bill["settlement_id"]), (care, "clerk", bill["bill_id"])):
        page = bill_page(node, await find_view(node, accounts[name], bill_id), {})
        for lang, words in (("zh", "达到年度最高支付限额"), ("en", "the yearly cap is reached")):
            assert words in node.pages.render("bill.html", lang, visit=Visit("/bills"), page=page)


async def test_a_bill_that_the_home_refused_says_why_on_its_page(desk: Desk) -> None:
    _, care, accounts, _ = await stage(desk)
    bill = await desk.register("340000-nobody", "visit-2")
    page = bill_page(care, await find_view(care, accounts["clerk"], bill["bill_id"]), {})
    assert (page.state, page.lines, page.payers) == ("refused", (), ())
    assert "The home knows no insured person" in care.pages.render("bill.html", "en", visit=Visit("/bills"), page=page)
