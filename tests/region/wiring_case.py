"""Invented people and their papers for the story of a case, in the simulated region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from region.simulate import Simulation
from yitong.cases.register import DOCUMENTS
from yitong.clock import at_local, epoch
from yitong.credentials.register import ISSUED, LICENCES, Issued
from yitong.digest import b64url
from yitong.errors import YitongError
from yitong.flows import lodge_case
from yitong.flows.case_papers import Paper
from yitong.flows.case_views import CaseView, case_for
from yitong.flows.context import Context
from yitong.flows.issue_licence import give_nonce, issue_credential, redeem_code
from yitong.flows.lodge_case import NewApplication, Wish
from yitong.ids import make_resident_id, make_uscc
from yitong.people.account import ACCOUNTS, Account
from yitong.specs import jose
from yitong.specs.jwk import new_private_key
from yitong.specs.oid4vci import CredentialRequest, TokenRequest, make_proof, read_offer

SERVICE = "food-business-permit-new"
DECISION = Paper("", "decision.pdf", "application/pdf", b64url(b"%PDF-1.7 an invented decision"))
RESIDENT_NUMBER = make_resident_id("320681", date(1980, 3, 4), 123)


def enterprise(number: int) -> str:
    """The code of an invented enterprise."""
    return make_uscc("91320681", f"MAEXAM{number:02d}")


def paper(material: str, media_type: str = "application/pdf", content: bytes = b"%PDF-1.7 invented") -> Paper:
    return Paper(material, f"{material}.pdf", media_type, b64url(content + material.encode()))


def papers() -> tuple[Paper, ...]:
    """Everything that the service asks for."""
    return (
        paper("application-form"),
        paper("business-licence", "application/dc+sd-jwt"),
        paper("premises-layout"),
        paper("safety-rules"),
    )


def answers(code: str, **changes: Any) -> dict[str, Any]:
    return {
        "operator_name": "启东示例小吃店",
        "operator_code": code,
        "legal_representative": "示例人",
        "premises_address": "上海市崇明区示例路1号",
        "business_type": "catering",
        "business_items": ["hot-food"],
    } | changes


def application(
    code: str, window: str = "qidong-window", application_id: str = "application-1", **changes: Any
) -> NewApplication:
    """A whole application of an invented shop."""
    values: dict[str, Any] = {
        "id": application_id,
        "service_id": SERVICE,
        "service_version": 1,
        "window": window,
        "name": "启东示例小吃店",
        "id_kind": "uscc",
        "number": code,
        "answers": answers(code),
        "papers": papers(),
        "consent": True,
    }
    return NewApplication(**(values | changes))


@dataclass(slots=True)
class People:
    """The accounts of the story, on their nodes, and what they do."""

    region: Simulation

    def context(self, node: str) -> Context:
        return self.region.nodes[node].context

    async def account(self, node: str, account_id: str, role: str, institution: str | None = None, number: str = "") -> Account:
        """An account, made if it does not exist."""
        made = Account(account_id, role, "示例", "Example", number, institution, True, self.region.clock.now())
        async with self.context(node).transaction() as unit:
            if await unit.shelf(ACCOUNTS).get(account_id) is None:
                await unit.shelf(ACCOUNTS).add(made)
        return made

    async def resident(self, node: str = "jiangsu", name: str = "resident") -> Account:
        return await self.account(node, name, "resident", number=RESIDENT_NUMBER)

    async def window(self, node: str = "jiangsu", institution: str = "qidong-window") -> Account:
        return await self.account(node, f"{institution}-officer", "window", institution)

    async def authority(self, institution: str = "chongming-market") -> Account:
        return await self.account("shanghai", f"{institution}-officer", "authority", institution)

    async def lodge(self, new: NewApplication, node: str = "jiangsu") -> str:
        """The resident lodges; returns the case."""
        return (await lodge_case.submit(self.context(node), await self.resident(node), new)).id

    async def at_window(
        self, case_id: str, name: str, node: str = "jiangsu", institution: str = "qidong-window", **body: Any
    ) -> None:
        officer = await self.window(node, institution)
        await lodge_case.command(self.context(node), officer, case_id, Wish(name, body))

    async def at_authority(self, case_id: str, name: str, *attached: Paper, **body: Any) -> None:
        officer = await self.authority()
        await lodge_case.command(self.context("shanghai"), officer, case_id, Wish(name, body, attached))

    async def as_resident(self, case_id: str, name: str, *attached: Paper, node: str = "jiangsu", **body: Any) -> None:
        await lodge_case.command(self.context(node), await self.resident(node), case_id, Wish(name, body, attached))

    async def forwarded(self, new: NewApplication, node: str = "jiangsu", institution: str = "qidong-window") -> str:
        """Lodged, received, forwarded, and arrived."""
        case_id = await self.lodge(new, node)
        await self.at_window(case_id, "receive", node, institution, identity="identity-card")
        await self.at_window(case_id, "forward", node, institution)
        await self.region.settle()
        return case_id

    async def accepted(self, new: NewApplication) -> str:
        case_id = await self.forwarded(new)
        await self.at_authority(case_id, "sign_for")
        await self.at_authority(case_id, "accept")
        await self.region.settle()
        return case_id

    async def seen(self, node: str, case_id: str) -> CaseView:
        """The case as the resident, or in Shanghai the authority, sees it."""
        reader = await self.authority() if node == "shanghai" else await self.resident(node)
        return await case_for(self.context(node), reader, case_id)

    async def take(self, offer_text: str) -> str:
        """A wallet takes the offer up; returns the credential."""
        context = self.context("shanghai")
        offer = read_offer(offer_text)
        institution = context.by_entity(offer.issuer)
        token = await redeem_code(context, institution, TokenRequest(offer.code, None))
        key, nonce = new_private_key(), await give_nonce(context)
        proof = make_proof(key, offer.issuer, nonce, epoch(context.clock.now()))
        asked = CredentialRequest(offer.configuration_ids[0], (proof,))
        answer = await issue_credential(context, institution, token["access_token"], asked)
        return str(answer["credentials"][0]["credential"])

    async def licences(self, case_id: str) -> list[Any]:
        async with self.context("shanghai").store.begin() as unit:
            return await unit.shelf(LICENCES).find(case_id=case_id)

    async def issued(self, register_id: str) -> list[Issued]:
        async with self.context("shanghai").store.begin() as unit:
            return await unit.shelf(ISSUED).find(register_id=register_id)


def moment(day: str, hour: int = 9) -> Any:
    """A moment of that day in the region."""
    return at_local(date.fromisoformat(day), hour)


async def refusal(action: Any) -> str:
    with pytest.raises(YitongError) as refused:
        await action
    return refused.value.code


def refused_by(region: Simulation, node: str) -> list[str]:
    """The codes with which other nodes refused messages of ``node``."""
    claims = [jose.parse(text).claims() for receiver, text in region.carried if receiver == node]
    return [claim["body"]["code"] for claim in claims if claim["type"] == "peer.refused"]


async def documents(people: People, node: str, case_id: str) -> int:
    async with people.context(node).store.begin() as unit:
        return len(await unit.shelf(DOCUMENTS).find(case_id=case_id))


async def granted(people: People, code: str = enterprise(1)) -> str:
    case_id = await people.accepted(application(code))
    await people.at_authority(case_id, "start_review")
    await people.at_authority(case_id, "grant", DECISION)
    await people.region.settle()
    return case_id
