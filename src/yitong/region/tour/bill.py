"""Story four: the bill of a person insured in Anhui at an outpatient clinic in Shanghai."""

from __future__ import annotations

from typing import Any

from yitong.clock import local_date
from yitong.region.tour.client import Story, Tour, TourError

CLINIC, INSURER = "example-clinic", "anhui-insurance"
HOME_CODE, CARE_CODE = "340000", "310000"
SETTLE_ANSWER = "outpatient.settle.answer"
SILENCE_S = 31  # the clinic's node waits 30 seconds for an answer
# The worked example of the outpatient rules: 甲, 甲, 乙 10 %, 耗材 over its limit 20 %, 丙.
LINES = [
    {"line_id": "1", "item_code": "EX-SERVICE-0001", "title": "诊查费", "price_yuan": "50.00", "quantity": 1},
    {"line_id": "2", "item_code": "EX-DRUG-0001", "title": "示例甲类药品", "price_yuan": "100.00", "quantity": 2},
    {"line_id": "3", "item_code": "EX-DRUG-0002", "title": "示例乙类药品", "price_yuan": "100.00", "quantity": 3},
    {"line_id": "4", "item_code": "EX-MATERIAL-0001", "title": "示例耗材", "price_yuan": "500.00", "quantity": 1},
    {"line_id": "5", "item_code": "EX-DRUG-0003", "title": "示例丙类药品", "price_yuan": "120.00", "quantity": 1},
]
# An item that is on no list is not refused: it is the patient's to pay, and the bill shows it.
OTHER_LINES = [
    {"line_id": "1", "item_code": "EX-SERVICE-0001", "title": "诊查费", "price_yuan": "50.00", "quantity": 1},
    {"line_id": "2", "item_code": "EX-DRUG-0002", "title": "示例乙类药品", "price_yuan": "80.50", "quantity": 2},
    {"line_id": "3", "item_code": "CLINIC-9001", "title": "本院自制敷料", "price_yuan": "18.80", "quantity": 1},
]
AMOUNTS = {"medfee_fen": 117000, "fund_fen": 20000, "account_fen": 30000, "cash_fen": 67000}
OPENING = {
    "person_type": "employee",
    "registration_class": "long-term-residence",
    "account_balance_yuan": "300.00",
    "deductible_used_yuan": "600.00",
    "fund_used_yuan": "5800.00",
}
OTHER_OPENING = {
    "person_type": "retired",
    "registration_class": "zone-exempt",
    "account_balance_yuan": "1280.40",
    "deductible_used_yuan": "600.00",
    "fund_used_yuan": "150.00",
}


class _Visit:
    """A visit at the clinic, through the clinic's own system."""

    def __init__(self, tour: Tour, visit_no: str, person_no: str) -> None:
        self._tour, self._visit_no, self._person_no = tour, visit_no, person_no
        self.bill_id = ""

    async def act(self, name: str, body: dict[str, Any], expect: int = 200) -> dict[str, Any]:
        """Hand in a signed submission of the clinic."""
        found: dict[str, Any] = await self._tour.submit(
            CLINIC, f"outpatient.{name}", f"/api/outpatient/{name}", body, expect=expect
        )
        return found

    async def about(self, name: str, expect: int = 200, **more: Any) -> dict[str, Any]:
        """An act about this bill."""
        return await self.act(name, {"bill_id": self.bill_id, **more}, expect)

    async def register(self) -> dict[str, Any]:
        """Register the visit and wait until the home says who the patient is."""
        today = local_date(await self._tour.clock()).isoformat()
        new = {"visit_no": self._visit_no, "person_no": self._person_no, "home": HOME_CODE, "visited_on": today}
        self.bill_id = (await self.act("register", new))["bill_id"]
        return await self.reaches("registered")

    async def reaches(self, state: str) -> dict[str, Any]:
        """Ask for the state until it is this one."""

        async def probe() -> dict[str, Any] | None:
            found = await self.about("state")
            if found["state"] in {"refused", "failed"} - {state}:
                raise TourError("the home refused", state, found["refusal"])
            return found if found["state"] == state else None

        return await self._tour.until(f"the bill to be {state}", probe)

    async def quote(self, lines: list[dict[str, Any]], total_yuan: str) -> dict[str, Any]:
        """Hand in lines and wait for the quote."""
        await self.about("lines", lines=lines, total_yuan=total_yuan)
        return await self.reaches("quoted")


async def play(tour: Tour) -> Story:
    """Quote, settle with the answer lost, ask, reverse; then a second bill that stands."""
    officer = await tour.sign_in(
        "anhui",
        {"id": "officer-insurance", "role": "insurer", "name_zh": "安徽医保经办员（示例）", "name_en": "Anhui insurance officer (example)",
         "institution": INSURER},
    )  # fmt: skip
    clerk = await tour.sign_in(
        "shanghai",
        {"id": "officer-clinic", "role": "hospital", "name_zh": "示例门诊部收费员（示例）", "name_en": "Clinic billing clerk (example)",
         "institution": CLINIC},
    )  # fmt: skip
    patient, person_no = await _insure(tour, officer, 1, "周安然（示例）", "Zhou Anran (example)", OPENING)
    figures: dict[str, Any] = {}
    visit = _Visit(tour, f"visit-{tour.run}-1", person_no)
    quote = await _quoted(tour, visit)
    figures |= {"medfee_fen": quote["total_fen"], "fund_fen": quote["fund_total_fen"]}
    figures |= {"account_fen": quote["account_fen"], "cash_fen": quote["cash_fen"]}
    tour.expect("the worked example to the fen", AMOUNTS, figures)
    figures["unknown_resolved_by"] = await _settled_by_asking(tour, visit, quote["digest"])
    await _patient_sees(tour, patient, visit, clerk)
    await _ledgers(tour, officer, clerk)
    figures["accumulators_restored"] = await _reversed(tour, visit, officer, person_no)
    figures["reversed"] = True
    await _stands(tour, officer)
    figures["ledger_sum_fen"] = await _ledgers(tour, officer, clerk)
    return tour.finish("bill", figures)


async def _insure(tour: Tour, officer: str, number: int, zh: str, en: str, opening: dict[str, str]) -> tuple[str, str]:
    """An invented resident of Anhui, taken over by the insurer: a session, and the number on the insurance code."""
    identity = tour.resident(600 + number, "340104")
    person = {"id": f"patient-{tour.run}-{number}", "role": "resident", "name_zh": zh, "name_en": en, "number": identity}
    token = await tour.sign_in("anhui", person)
    insured = await tour.api("anhui", "POST", "/api/insured", token=officer, json={"number": identity, **opening}, expect=201)
    tour.step(
        INSURER,
        "anhui",
        "医保经办机构接入参保人及本年度累计",
        "the insurer takes over an insured person with the year's accumulators",
        person_no=insured["person_no"],
        **{name: insured[name] for name in ("deductible_used_yuan", "fund_used_yuan", "account_balance_yuan")},
    )
    return token, str(insured["person_no"])


async def _quoted(tour: Tour, visit: _Visit) -> dict[str, Any]:
    found = await visit.register()
    tour.step(
        CLINIC,
        "anhui",
        "门诊登记，参保地确认身份（不传姓名）",
        "the visit is registered; the home confirms the person, and no name crosses",
        person_type=found["person_type"],
    )
    refused = await visit.about("lines", 422, lines=LINES, total_yuan="1170.01")
    tour.expect("lines that do not add up are refused", "outpatient.total-differs", refused["code"])
    tour.step(
        "shanghai",
        CLINIC,
        "明细合计与总额差一分：不收",
        "lines one fen off the header's total: refused",
        code=refused["code"],
    )
    found = await visit.quote(LINES, "1170.00")
    quote: dict[str, Any] = found["quote"] | {"digest": found["quote_digest"]}
    tour.step(
        "anhui",
        CLINIC,
        "参保地按就医地目录、参保地政策预结算",
        "the home quotes: catalogue of the place, policy of the home",
        medfee_fen=quote["total_fen"],
        fund_fen=quote["fund_total_fen"],
        account_fen=quote["account_fen"],
        cash_fen=quote["cash_fen"],
    )
    return quote


async def _settled_by_asking(tour: Tour, visit: _Visit, digest: str) -> str:
    """The answer to the settlement is held back: the outcome is unknown, and asking resolves it. The late one is nothing."""
    await tour.hold("anhui", SETTLE_ANSWER, True)
    try:
        sent = await visit.about("confirm", quote_digest=digest)
        tour.step(
            "patient", CLINIC, "患者确认，送参保地结算", "the patient confirms, and it is sent to be settled",
            settlement_id=sent["settlement_id"],
        )  # fmt: skip
        again = await visit.about("confirm", quote_digest=digest)
        tour.expect("confirming twice sends nothing again", sent["settlement_id"], again["settlement_id"])
        await tour.advance_clock(SILENCE_S)
        await visit.reaches("unknown")
        tour.step(
            "shanghai",
            CLINIC,
            "答复丢失：结果未知，不重发",
            "the answer is lost: the outcome is unknown, and nothing is resent",
        )
        await visit.about("query")
        found = await visit.reaches("settled")
        tour.expect("asking brought the outcome", "outpatient.query.answer", found["settled_by"])
        tour.step("anhui", CLINIC, "查询得知已结算", "asked, the home says: settled")
    finally:
        await tour.hold("anhui", SETTLE_ANSWER, False)
    before = await visit.about("state")

    async def delivered() -> bool | None:
        ready = [await tour.api(node, "GET", "/health/ready", expect=(200, 503)) for node in ("anhui", "shanghai")]
        home, care = [found["waiting"] or {"out": 1, "in": 1} for found in ready]
        return True if home["out"] == 0 and care["in"] == 0 else None

    await tour.until("the late answer to be delivered", delivered)
    tour.expect("the late answer changes nothing", before, await visit.about("state"))
    tour.step("anhui", CLINIC, "迟到的答复送达，什么也没有改变", "the late answer arrives and changes nothing")
    return "query"


async def _patient_sees(tour: Tour, patient: str, visit: _Visit, clerk: str) -> None:
    mine = (await tour.api("anhui", "GET", "/api/my/bills", token=patient))["bills"]
    tour.expect(
        "the patient sees the bill at home", [(AMOUNTS["medfee_fen"], "settled")], [(b["total_fen"], b["state"]) for b in mine]
    )
    read = await tour.api("anhui", "GET", f"/api/my/bills/{mine[0]['id']}", token=patient)
    tour.expect("each line with its reason", len(LINES), sum(1 for line in read["lines"] if line["reason"]["zh"]))
    there = await tour.api("shanghai", "GET", f"/api/bills/{visit.bill_id}", token=clerk)
    tour.expect("the clinic has the same quote", read["quote"]["digest"], there["quote"]["digest"])
    tour.step(
        "anhui",
        "patient",
        "患者在参保地看到账单和每一项的理由",
        "the patient reads the bill at home, each line with its reason",
        sentences=len(read["explanation"]),
    )


async def _balances(tour: Tour, node: str, token: str) -> dict[str, int]:
    """The balances of the jurisdiction's book, by account; its debits and credits cancel out, and the auditor is content."""
    found = await tour.api(node, "GET", "/api/ledger", token=token)
    accounts = found["accounts"]
    net_fen = sum(account["debits_posted_fen"] - account["credits_posted_fen"] for account in accounts)
    tour.expect(f"the ledger of {node} sums to nothing", (0, 0), (net_fen, found["sum_fen"]))
    tour.expect(f"the auditor finds nothing at {node}", True, found["audit"]["clean"])
    return {account["id"]: account["balance_fen"] for account in accounts} | {"": net_fen}


async def _ledgers(tour: Tour, officer: str, clerk: str) -> int:
    """What Anhui owes Shanghai is what Shanghai is owed by Anhui; returns what both books sum to."""
    home, care = await _balances(tour, "anhui", officer), await _balances(tour, "shanghai", clerk)
    owed, due = home[f"{HOME_CODE}/payable/{CARE_CODE}"], care[f"{CARE_CODE}/receivable/{HOME_CODE}"]
    tour.expect("what the one owes is what the other is owed", owed, due)
    tour.step(
        "anhui",
        "shanghai",
        "两本账：应付等于应收，各自合计为零",
        "two ledgers: payable equals receivable, and each sums to zero",
        payable_fen=owed,
        receivable_fen=due,
    )
    return home[""] + care[""]


async def _reversed(tour: Tour, visit: _Visit, officer: str, person_no: str) -> bool:
    await visit.about("reverse")
    found = await visit.reaches("reversed")
    tour.step(CLINIC, "anhui", "冲正：基金、账户、累计全部退回", "reversed: fund, account and accumulators are given back")
    refused = await visit.about("confirm", 409, quote_digest=found["quote_digest"])
    tour.expect("what was reversed is not settled again", "outpatient.reversed-already", refused["code"])
    insured = await tour.api("anhui", "GET", f"/api/insured/{person_no}", token=officer)
    restored = {name: insured[name] for name in OPENING}
    tour.expect("accumulators and account are as before", OPENING, restored)
    tour.step("anhui", INSURER, "累计与账户余额回到冲正前", "accumulators and account balance are as before", **restored)
    return restored == OPENING


async def _stands(tour: Tour, officer: str) -> None:
    """Another person's bill, with an item that is on no list, settled and left standing."""
    _, person_no = await _insure(tour, officer, 2, "吴远山（示例）", "Wu Yuanshan (example)", OTHER_OPENING)
    visit = _Visit(tour, f"visit-{tour.run}-2", person_no)
    await visit.register()
    found = await visit.quote(OTHER_LINES, "229.80")
    unmapped = next(line for line in found["quote"]["lines"] if line["item_code"] == "CLINIC-9001")
    tour.expect("an item that is on no list is the patient's", unmapped["gross_fen"], unmapped["full_self_pay_fen"])
    await visit.about("confirm", quote_digest=found["quote_digest"])
    found = await visit.reaches("settled")
    tour.step(
        CLINIC,
        "anhui",
        "另一位患者的账单结算完成",
        "another patient's bill is settled and stands",
        medfee_fen=found["quote"]["total_fen"],
        fund_fen=found["quote"]["fund_total_fen"],
        account_fen=found["quote"]["account_fen"],
        cash_fen=found["quote"]["cash_fen"],
    )
