"""Outpatient bills for programs: a hospital's submissions, an insurer's records, a patient's and an officer's bills."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from pydantic import Field

from yitong.clock import write_moment
from yitong.errors import YitongError
from yitong.flows import bill_care
from yitong.flows.bill_insured import Opening, enrol
from yitong.flows.bill_views import (
    BillView,
    bill_at_care,
    bill_at_home,
    bills_of_account,
    bills_of_hospital,
    bills_of_insurer,
    insured_by_account,
    summary,
    written,
)
from yitong.flows.looks import note_look
from yitong.flows.unit import Unit
from yitong.money import format_yuan, parse_yuan
from yitong.node.build import Node
from yitong.node.web.access import account_of, institution_of
from yitong.node.web.routes import Body, Routes
from yitong.node.web.submissions import add_act
from yitong.people.account import Account
from yitong.settlement.register_bills import INSURED, Insured

ACTS = (
    ("register", bill_care.register, "Register a visit of a person who is insured elsewhere."),
    ("lines", bill_care.upload, "Put lines on the bill of a visit and have them quoted; the same lines again are quoted anew."),
    ("confirm", bill_care.confirm, "The patient agrees to a quote, by its digest: have it settled."),
    ("query", bill_care.query, "Ask the home what became of a settlement."),
    ("reverse", bill_care.reverse, "Ask the home to reverse a settlement."),
    ("state", bill_care.state, "Where a bill stands."),
)


class NewInsured(Body):
    """A person with the accumulators of the old system, in yuan such as ``"600.00"``."""

    number: str = Field(max_length=18)
    person_type: str = Field(max_length=40)
    registration_class: str = Field(max_length=40)
    account_balance_yuan: str = Field(max_length=20)
    deductible_used_yuan: str = Field(max_length=20)
    fund_used_yuan: str = Field(max_length=20)


def _opening(new: NewInsured) -> Opening:
    return Opening(
        new.number,
        new.person_type,
        new.registration_class,
        parse_yuan(new.account_balance_yuan, "/account_balance_yuan"),
        parse_yuan(new.deductible_used_yuan, "/deductible_used_yuan"),
        parse_yuan(new.fund_used_yuan, "/fund_used_yuan"),
    )


def described(insured: Insured) -> dict[str, Any]:
    """An insured person as the insurer reads it; the identity number is not repeated."""
    person = insured.person
    return {
        "person_no": person.person_no,
        "person_type": person.person_type,
        "registration_class": insured.registration_class,
        "year": person.year,
        "version": person.version,
        "account_balance_yuan": format_yuan(person.account_balance_fen),
        "deductible_used_yuan": format_yuan(person.deductible_used_fen),
        "fund_used_yuan": format_yuan(person.fund_used_fen),
        "enrolled_at": write_moment(insured.enrolled_at),
    }


async def find_view(node: Node, account: Account, bill_id: str) -> BillView:
    """A bill that this account may see: one's own at home, or one of one's institution; ``store.not-found`` otherwise."""
    context = node.context
    async with context.transaction() as unit:
        view = await bill_at_care(context, unit, bill_id) or await bill_at_home(context, unit, bill_id)
        own = view is not None and view.side == "home" and view.patient_id == account.id
        office = view is not None and account.institution == view.institution and account.may("bill.read")
        if view is not None and not own:
            await note_look(context, unit, account, view.patient_id, "bill.read", view.visit_no, refused=not office)
    if view is None or not (own or office):
        raise YitongError("store.not-found", bill_id)
    return view


async def list_office(node: Node, unit: Unit, account: Account) -> list[dict[str, Any]]:
    """The bills of an officer's institution: as a hospital where the care was given, as an insurer at home."""
    context, institution = node.context, node.context.institution(account.institution or "")
    if "hospital" in institution.roles:
        return [
            {
                "id": file.id,
                "visit_no": file.visit_no,
                "place": {"zh": institution.title.zh, "en": institution.title.en},
                "on": file.visited_on.isoformat(),
                "state": file.state,
                "total_fen": file.total_fen,
                "own_fen": file.own_fen,
            }
            for file in await bills_of_hospital(context, unit, institution.id)
        ]
    return [summary(view) for view in await bills_of_insurer(context, unit, institution.id)]


def add(routes: Routes, node: Node) -> None:
    """Register the endpoints."""
    for name, do, sentence in ACTS:
        act = f"outpatient.{name}"
        add_act(routes, node, f"/api/outpatient/{name}", act, "hospital", do, f"outpatient_{name}", sentence)
    _add_insured(routes, node)
    _add_reading(routes, node)


def _add_insured(routes: Routes, node: Node) -> None:
    context = node.context

    @routes.add("POST", "/api/insured", "may:insured.write", status=201)
    async def insured_people(new: NewInsured, request: Request) -> dict[str, Any]:
        """Take over an insured person with what the old system had of the year; the same again changes nothing."""
        institution = context.institution(institution_of(request))
        async with context.transaction() as unit:
            return described(await enrol(context, unit, institution, _opening(new)))

    @routes.add("GET", "/api/insured/{person_no}", "may:insured.write")
    async def insured_person(person_no: str, request: Request) -> dict[str, Any]:
        """An insured person of one's own institution; the look is noted."""
        account = account_of(request)
        async with context.transaction() as unit:
            found: Insured | None = await unit.shelf(INSURED).get(person_no)
            ours = found is not None and found.institution == account.institution
            if found is not None:
                subject = await insured_by_account(unit, found)
                await note_look(context, unit, account, subject, "insured.write", found.person.person_no, refused=not ours)
        if found is None or not ours:
            raise YitongError("store.not-found", person_no)
        return described(found)


def _add_reading(routes: Routes, node: Node) -> None:
    context = node.context

    @routes.add("GET", "/api/my/bills", "may:own")
    async def my_bills(request: Request) -> dict[str, Any]:
        """One's own settled bills, newest first."""
        async with context.store.begin() as unit:
            return {"bills": [summary(view) for view in await bills_of_account(context, unit, account_of(request))]}

    @routes.add("GET", "/api/my/bills/{bill_id}", "may:own")
    async def my_bill(bill_id: str, request: Request) -> dict[str, Any]:
        """One's own bill, line by line with the reasons."""
        return written(await find_view(node, account_of(request), bill_id))

    @routes.add("GET", "/api/bills", "may:bill.read")
    async def bills(request: Request) -> dict[str, Any]:
        """The bills of one's own institution, newest first."""
        async with context.store.begin() as unit:
            return {"bills": await list_office(node, unit, account_of(request))}

    @routes.add("GET", "/api/bills/{bill_id}", "may:bill.read")
    async def bill(bill_id: str, request: Request) -> dict[str, Any]:
        """A bill of one's own institution, line by line; the look is noted."""
        return written(await find_view(node, account_of(request), bill_id))
