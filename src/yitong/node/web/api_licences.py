"""Licences for programs: an institution's register, offers, changes of state; a holder's own licences."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import Field

from yitong.clock import write_moment
from yitong.credentials.register import LICENCES, Licence
from yitong.credentials.status import LicenceState
from yitong.errors import YitongError
from yitong.flows.issue_licence import change_state, offer_licence, record_licence
from yitong.flows.looks import note_look
from yitong.node.build import Node
from yitong.node.web.access import account_of, institution_of
from yitong.node.web.routes import Body, Routes
from yitong.people.account import Account


class NewLicence(Body):
    """A decided licence to enter in the register."""

    kind: str = Field(max_length=60)
    subject: str = Field(min_length=1, max_length=100)
    claims: dict[str, Any]


class NewOffer(Body):
    """Whether a transaction code goes to the holder by a second channel."""

    with_tx_code: bool = False


class Change(Body):
    """A change of state with its reason and legal basis."""

    state: LicenceState = Field(strict=False)
    reason: str = Field(min_length=1, max_length=100)
    legal_basis: str = Field(min_length=1, max_length=300)


def described(licence: Licence) -> dict[str, Any]:
    """A licence as its institution and its holder read it."""
    return {
        "id": licence.id,
        "kind": licence.kind_id,
        "licence_id": licence.licence_id,
        "version": licence.version,
        "state": licence.state.value,
        "claims": licence.claims,
        "recorded_at": write_moment(licence.recorded_at),
        "history": [
            {
                "from": change.from_state.value,
                "to": change.to_state.value,
                "reason": change.reason,
                "legal_basis": change.legal_basis,
                "effective_at": write_moment(change.effective_at),
                "recorded_at": write_moment(change.recorded_at),
            }
            for change in licence.history
        ],
    }


async def find_licence(node: Node, account: Account, licence_id: str) -> Licence:
    """A licence that this account may see: its holder's own, or one of its institution; ``store.not-found`` otherwise."""
    async with node.context.transaction() as unit:
        licence: Licence | None = await unit.shelf(LICENCES).get(licence_id)
        own = licence is not None and licence.subject_id == account.id
        office = licence is not None and account.institution == licence.institution and account.may("licence.read")
        if licence is not None and not own:
            await note_look(
                node.context, unit, account, licence.subject_id, "licence.read", licence.kind_id, refused=not office
            )
    if licence is None or not (own or office):
        raise YitongError("store.not-found", licence_id)
    return licence


def add(routes: Routes, node: Node) -> None:
    """The endpoints of registers."""
    context = node.context

    @routes.add("POST", "/api/licences", "may:licence.issue", status=201)
    async def licences(new: NewLicence, request: Request) -> dict[str, Any]:
        """Enter a licence in the register of one's own institution."""
        institution = context.institution(institution_of(request))
        async with context.transaction() as unit:
            licence, warnings = await record_licence(context, unit, institution, new.kind, new.subject, new.claims)
        return described(licence) | {"warnings": [{"claim": w.claim, "code": w.code} for w in warnings]}

    @routes.add("GET", "/api/licences/{licence_id}", "signed-in")
    async def licence(licence_id: str, request: Request) -> dict[str, Any]:
        """A licence: one's own, or one of one's institution."""
        return described(await find_licence(node, account_of(request), licence_id))

    @routes.add("POST", "/api/licences/{licence_id}/offers", "may:licence.issue", status=201)
    async def licence_offers(licence_id: str, new: NewOffer, request: Request) -> dict[str, Any]:
        """An offer of a licence for the holder's wallet; the code in it is told once."""
        kept = await find_licence(node, account_of(request), licence_id)
        async with context.transaction() as unit:
            made = await offer_licence(context, unit, kept, with_tx_code=new.with_tx_code)
        return {"id": made.id, "offer": made.uri, "tx_code": made.tx_code}

    @routes.add("POST", "/api/licences/{licence_id}/state", "may:licence.status")
    async def licence_state(licence_id: str, change: Change, request: Request) -> dict[str, Any]:
        """Suspend, reinstate or end a licence of one's own institution."""
        institution = context.institution(institution_of(request))
        officer = account_of(request).id
        done = await change_state(context, institution, licence_id, change.state, change.reason, change.legal_basis, officer)
        return described(done)

    @routes.add("GET", "/api/my/licences", "may:own")
    async def my_licences(request: Request) -> list[dict[str, Any]]:
        """One's own licences in the registers of this node."""
        async with context.store.begin() as unit:
            return [described(found) for found in await unit.shelf(LICENCES).find(subject_id=account_of(request).id)]
