"""The clinic, the insurer and the invented patients of the story of a bill, in the simulated region."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from region.simulate import Simulation
from yitong.entropy import SeededEntropy, new_id
from yitong.errors import YitongError
from yitong.flows import bill_care
from yitong.flows.bill_insured import Opening, enrol
from yitong.flows.context import Context
from yitong.flows.submit import Act, take
from yitong.ids import make_resident_id
from yitong.peers.submission import seal_submission
from yitong.settlement.insured import request_for
from yitong.settlement.quote import quote_from_json
from yitong.settlement.register_bills import INSURED
from yitong.specs import jose
from yitong.trust.keys import load_or_create

CLINIC = "example-clinic"
NUMBER = make_resident_id("340104", date(1980, 3, 4), 123)
OTHER_NUMBER = make_resident_id("340104", date(1990, 1, 2), 7)
OPENING = Opening(NUMBER, "employee", "long-term-residence", 30000, 60000, 580000)
DAY = "2026-02-12"
LINES = [
    {"line_id": "1", "item_code": "EX-SERVICE-0001", "title": "诊查费", "price_yuan": "50.00", "quantity": 1},
    {"line_id": "2", "item_code": "EX-DRUG-0001", "title": "甲类药", "price_yuan": "100.00", "quantity": 2},
    {"line_id": "3", "item_code": "EX-DRUG-0002", "title": "乙类药", "price_yuan": "100", "quantity": 3},
    {"line_id": "4", "item_code": "EX-MATERIAL-0001", "title": "耗材", "price_yuan": "500.00", "quantity": 1},
    {"line_id": "5", "item_code": "EX-DRUG-0003", "title": "丙类药", "price_yuan": "120.0", "quantity": 1},
]
TOTAL = "1170.00"
ACTS: dict[str, Act] = {
    "register": bill_care.register,
    "lines": bill_care.upload,
    "confirm": bill_care.confirm,
    "query": bill_care.query,
    "reverse": bill_care.reverse,
    "state": bill_care.state,
}


def changed(place: int, **members: Any) -> list[dict[str, Any]]:
    """The lines with one of them changed."""
    return [line | members if at == place else line for at, line in enumerate(LINES)]


@dataclass(slots=True)
class Desk:
    """The billing desk of the clinic with its own key, and the insurer's records behind it."""

    region: Simulation
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(4))

    def context(self, node: str) -> Context:
        return self.region.nodes[node].context

    async def act(self, name: str, body: dict[str, Any], *, signer: str = CLINIC, submission_id: str = "") -> dict[str, Any]:
        """A submission signed by the clinic, taken as the node takes it."""
        care = self.context("shanghai")
        key = load_or_create(self.region.plan.institution_dir(signer), "message")
        text = seal_submission(
            f"{care.me.entity_id}/institutions/{signer}",
            care.me.entity_id,
            f"outpatient.{name}",
            submission_id or new_id(self.entropy, "sub"),
            body,
            key=key.private,
            kid=key.kid,
            now=self.region.clock.now(),
        )
        return await take(care, text, f"outpatient.{name}", "hospital", ACTS[name])

    async def settled_down(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """An act, and the state when every message has gone its way."""
        found = await self.act(name, body)
        await self.region.settle()
        return await self.act("state", {"bill_id": found["bill_id"]})

    async def enrol(self, opening: Opening = OPENING) -> str:
        home = self.context("anhui")
        async with home.transaction() as unit:
            return (await enrol(home, unit, home.institution("anhui-insurance"), opening)).person.person_no

    async def person(self, person_no: str) -> dict[str, Any]:
        """The accumulators at home; the version only counts changes."""
        async with self.context("anhui").store.begin() as unit:
            found = await unit.shelf(INSURED).get(person_no)
        return {name: value for name, value in found.person.to_json().items() if name != "version"}

    async def register(self, person_no: str, visit_no: str = "visit-1", **changes: str) -> dict[str, Any]:
        new = {"visit_no": visit_no, "person_no": person_no, "home": "340000", "visited_on": DAY}
        return await self.settled_down("register", new | changes)

    async def quoted(self, bill_id: str, lines: list[dict[str, Any]] = LINES, total: str = TOTAL) -> dict[str, Any]:
        return await self.settled_down("lines", {"bill_id": bill_id, "lines": lines, "total_yuan": total})

    async def ready(self, person_no: str, visit_no: str = "visit-1") -> dict[str, Any]:
        """A bill that is registered and quoted."""
        return await self.quoted((await self.register(person_no, visit_no))["bill_id"])

    async def confirmed(self, bill: dict[str, Any]) -> dict[str, Any]:
        return await self.settled_down("confirm", {"bill_id": bill["bill_id"], "quote_digest": bill["quote_digest"]})

    async def about(self, name: str, bill: dict[str, Any]) -> dict[str, Any]:
        return await self.settled_down(name, {"bill_id": bill["bill_id"]})

    async def ledger(self, node: str) -> dict[str, int]:
        """The balances of the jurisdiction's book."""
        async with self.context(node).store.begin() as unit:
            accounts = await unit.ledger.accounts()
        book = self.context(node).jurisdiction
        assert sum(a.debits_posted_fen - a.credits_posted_fen for a in accounts) == 0
        return {a.id: a.balance_fen for a in accounts if a.ledger == book and a.balance_fen}

    def hold(self, message_type: str, held: bool, node: str = "anhui") -> None:
        self.region.nodes[node].exchange.holds.types[message_type] = int(held)


async def refusal(action: Any) -> str:
    with pytest.raises(YitongError) as refused:
        await action
    return refused.value.code


def sent(desk: Desk, message_type: str) -> list[dict[str, Any]]:
    """The bodies of the messages of a type that were carried."""
    claims = [jose.parse(text).claims() for _, text in desk.region.carried]
    return [claim["body"] for claim in claims if claim["type"] == message_type]


async def say(desk: Desk, message_type: str, body: dict[str, Any], sender: str = "shanghai", receiver: str = "anhui") -> None:
    """A message that the sender's flow would not send by itself."""
    context = desk.context(sender)
    async with context.transaction() as unit:
        await context.tell(unit, desk.context(receiver).me.entity_id, message_type, "said", body)
    await desk.region.settle()


def request_of(bill: dict[str, Any], settlement_id: str) -> dict[str, Any]:
    request = request_for(settlement_id, quote_from_json(bill["quote"]))
    return {name: getattr(request, name) for name in request.__slots__}
