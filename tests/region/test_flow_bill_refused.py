"""Story four at the desk of the clinic: what is refused, and what is done once only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from region.simulate import make_region
from region.wiring_bill import LINES, TOTAL, Desk, changed, refusal, sent


@pytest.fixture
async def desk(tmp_path: Path) -> Desk:
    return Desk(await make_region(tmp_path))


@pytest.mark.parametrize(
    ("lines", "total", "code"),
    [
        (LINES, "1170.01", "outpatient.total-differs"),
        (LINES, "1170.000", "money.not-yuan"),
        (changed(0, price_yuan="50.001"), TOTAL, "money.not-yuan"),
        (changed(0, price_yuan=50), TOTAL, "outpatient.record-shape"),
        (changed(0, price_yuan="-50.00"), "1070.00", "outpatient.line-price"),
        (changed(0, quantity=0), "1120.00", "outpatient.line-quantity"),
        (changed(1, line_id="1"), TOTAL, "outpatient.line-twice"),
        (changed(0, colour="red"), TOTAL, "outpatient.record-shape"),
        ([], "0.00", "outpatient.line-count"),
    ],
)
async def test_bad_lines_are_refused_and_leave_nothing(desk: Desk, lines: Any, total: str, code: str) -> None:
    bill = await desk.register(await desk.enrol())
    body = {"bill_id": bill["bill_id"], "lines": lines, "total_yuan": total}
    assert await refusal(desk.act("lines", body)) == code
    assert await desk.act("state", {"bill_id": bill["bill_id"]}) == bill
    assert sent(desk, "outpatient.quote") == []


async def test_an_item_that_is_on_no_list_is_the_patients_and_is_shown(desk: Desk) -> None:
    bill = await desk.register(await desk.enrol())
    bill = await desk.quoted(bill["bill_id"], changed(0, item_code="CLINIC-9001"))
    line = bill["quote"]["lines"][0]
    assert (line["list_class"], line["full_self_pay_fen"], line["in_scope_fen"]) == ("none", 5000, 0)
    assert "不在就医地目录" in line["reason"]["zh"]


async def test_unknown_people_and_those_of_another_province(desk: Desk) -> None:
    person = await desk.enrol()
    unknown = await desk.register("340000-nobody", "visit-1")
    assert (unknown["state"], unknown["refusal"]) == ("refused", "outpatient.person-unknown")
    other = await desk.register("320000-somebody", "visit-2")
    assert (other["state"], other["refusal"]) == ("refused", "outpatient.other-province")
    nowhere = await desk.register(person, "visit-3", home="330000")
    assert (nowhere["state"], nowhere["refusal"]) == ("refused", "outpatient.no-insurer")
    assert await refusal(desk.register(person, "visit-4", home="310000")) == "outpatient.insured-here"
    assert await refusal(desk.register(person, "visit-5", home="110000")) == "service.no-node"
    assert await refusal(desk.register(person, "visit-6", visited_on="2026-02-13")) == "outpatient.visit-after-upload"
    body = {"bill_id": unknown["bill_id"], "lines": LINES, "total_yuan": TOTAL}
    assert await refusal(desk.act("lines", body)) == "outpatient.state-forbids"


async def test_registering_again(desk: Desk) -> None:
    person = await desk.enrol()
    first = await desk.register(person)
    assert await desk.register(person) == first
    assert len(sent(desk, "outpatient.register")) == 1
    assert await refusal(desk.register("340000-other")) == "outpatient.visit-reused"


async def test_a_submission_is_taken_once_and_only_from_a_hospital_about_its_own_bill(desk: Desk) -> None:
    bill = await desk.register(await desk.enrol())
    about = {"bill_id": bill["bill_id"]}
    await desk.act("state", about, submission_id="sub-1")
    assert await refusal(desk.act("state", about, submission_id="sub-1")) == "access.submission-replayed"
    assert await refusal(desk.act("state", about, signer="shanghai-metro")) == "access.submission"
    assert await refusal(desk.act("state", {"bill_id": "bill-other"})) == "store.not-found"
    assert await refusal(desk.act("state", about | {"more": 1})) == "outpatient.record-shape"


async def test_acts_out_of_turn(desk: Desk) -> None:
    person = await desk.enrol()
    bill = await desk.register(person)
    digest = {"bill_id": bill["bill_id"], "quote_digest": "none"}
    assert await refusal(desk.act("confirm", digest)) == "outpatient.state-forbids"
    assert await refusal(desk.about("query", bill)) == "outpatient.state-forbids"
    assert await refusal(desk.about("reverse", bill)) == "outpatient.state-forbids"
    bill = await desk.quoted(bill["bill_id"])
    assert await refusal(desk.act("confirm", digest)) == "outpatient.quote-stale"
    bill = await desk.confirmed(bill)
    assert await desk.quoted(bill["bill_id"]) == bill  # the same lines once more, late
    other = {"bill_id": bill["bill_id"], "lines": LINES[:1], "total_yuan": "50.00"}
    assert await refusal(desk.act("lines", other)) == "outpatient.state-forbids"
    await desk.about("reverse", bill)
    again = {"bill_id": bill["bill_id"], "quote_digest": bill["quote_digest"]}
    assert await refusal(desk.act("confirm", again)) == "outpatient.reversed-already"
    assert (await desk.about("reverse", bill))["state"] == "reversed"
    assert len(sent(desk, "outpatient.reverse")) == 1
