"""From the decision to the result: the licence in the authority's register, an offer for the applicant's wallet, delivery.

Decision, licence and offer are one transaction. The offer goes to the window's node, where the applicant signs in;
when the credential has been issued, a timer set in that very transaction delivers and closes the case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from yitong.cases import events as kinds
from yitong.cases.commands import AUTHORITY, SYSTEM, Actor, Command
from yitong.cases.register import CASES
from yitong.cases.result import Grounds, needs_serial, result_claims
from yitong.clock import local_date
from yitong.credentials.register import ISSUED, LICENCES, Licence
from yitong.digest import canonical_json, sha256_b64
from yitong.errors import YitongError
from yitong.flows.case_record import Opened, after, find_case, judge, next_serial, rules_of, write
from yitong.flows.context import Context
from yitong.flows.issue_licence import offer_licence, record_licence
from yitong.flows.members import node_of
from yitong.flows.unit import Unit

MACHINE = "node"  # the person who acted, where nobody did


async def grant(context: Context, unit: Unit, opened: Opened, command: Command) -> Opened:
    """Grant the application, and make and offer what was granted.

    1. The rules allow the decision.  2. The licence says what the catalogue, the application and the decision say.
    3. It stands in the register of the authority.  4. The case says so.  5. The offer goes to the applicant's node.
    """
    granted = judge(context, opened, command)  # 1
    case = after(opened.case, granted)
    institution = context.by_entity(case.authority)
    claims = await _claims(context, unit, opened, command.body.get("result", {}))  # 2
    kind = rules_of(context, opened.file.service_id)[0].result_kind
    licence, _ = await record_licence(context, unit, institution, kind, opened.file.number, claims, opened.file.id)  # 3
    proof = (sha256_b64(canonical_json(claims)),)
    produce = Command("produce", Actor(AUTHORITY, case.authority, command.actor.reference), {"result_id": licence.id}, proof)
    produced = judge(context, Opened(opened.file, case, opened.rows), produce)
    kept = await write(context, unit, opened, (*granted, *produced))  # 4
    return await offer_result(context, unit, kept)  # 5


async def _claims(context: Context, unit: Unit, opened: Opened, stated: Mapping[str, Any]) -> dict[str, Any]:
    service, calendar = rules_of(context, opened.file.service_id)
    serial = 0
    if needs_serial(service):
        serial = await next_serial(unit, f"{opened.case.authority} {service.result_kind}")
    today = local_date(context.clock.now(), calendar.zone)
    grounds = Grounds(opened.case.answers or {}, opened.file.number, today, serial)
    return result_claims(service, grounds) | dict(stated)


async def offer_result(context: Context, unit: Unit, opened: Opened) -> Opened:
    """A fresh offer of the result, handed to the node where the applicant is; raises ``case.no-result``."""
    licence: Licence | None = await unit.shelf(LICENCES).get(opened.case.result_id) if opened.case.result_id else None
    if licence is None or opened.case.state not in {kinds.PRODUCED, kinds.DELIVERED, kinds.CLOSED}:
        raise YitongError("case.no-result", opened.file.id)
    made = await offer_licence(context, unit, licence, with_tx_code=False)
    home = node_of(opened.case.window)
    if home == context.me.entity_id:
        file = replace(opened.file, offer=made.uri)
        await unit.shelf(CASES).save(file)
        return replace(opened, file=file)
    body = {"case_id": opened.file.id, "result_id": licence.id, "offer": made.uri}
    await context.tell(unit, home, "case.result", opened.file.id, body)
    return opened


async def deliver(context: Context, unit: Unit, opened: Opened, proof: str) -> Opened:
    """The applicant has the result: delivered, and nothing more is to be done."""
    authority = opened.case.authority
    delivery = Command("deliver", Actor(AUTHORITY, authority, MACHINE), {"method": "electronic"}, (proof,))
    delivered = judge(context, opened, delivery)
    case = after(opened.case, delivered)
    closed = judge(context, replace(opened, case=case), Command("close", Actor(SYSTEM, authority, MACHINE)))
    return await write(context, unit, opened, (*delivered, *closed))


async def on_issued(context: Context, unit: Unit, case_id: str) -> None:
    """A credential of the case's licence has been issued: the first one delivers the case."""
    opened = await find_case(unit, case_id, lock=True)
    if opened is None or opened.case.state != kinds.PRODUCED:
        return
    issued = await unit.shelf(ISSUED).find(register_id=opened.case.result_id, limit=1)
    if issued:
        await deliver(context, unit, opened, sha256_b64(issued[0].credential.id.encode()))
