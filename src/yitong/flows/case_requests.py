"""What an applicant asks for once the case lies with an authority: withdrawal, supplements, a fresh offer, confirmation.

Asked where the applicant is, done where the case is written. Between two nodes that is a message and an answer; the
file remembers what was asked and what came of it, so that a refusal reaches the applicant with its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from yitong.cases.application import read_attachment
from yitong.cases.commands import APPLICANT, Actor, Command
from yitong.cases.decide import decide
from yitong.cases.register import CASES, DONE, REFUSED, WAITING, Asked, CaseFile
from yitong.cases.shape import Shape, check, text, trees
from yitong.digest import canonical_json, sha256_b64
from yitong.errors import YitongError
from yitong.flows.case_papers import Paper, attach, check_present, keep_documents, send_documents
from yitong.flows.case_record import Opened, rules_of, write, writes_here
from yitong.flows.case_result import deliver, offer_result
from yitong.flows.context import Context
from yitong.flows.members import node_of
from yitong.flows.unit import Unit

RENEW_OFFER = "renew_offer"
CONFIRM = "confirm_delivery"
_BODIES = {
    "withdraw": Shape({}, {"reason": text}),
    "supply": Shape({"materials": trees}),
    RENEW_OFFER: Shape(),
    CONFIRM: Shape(),
}
NAMES = frozenset(_BODIES)
OF_EVENT = {"withdrawn": "withdraw", "supplied": "supply"}  # which request an event in the applicant's name answers


async def perform(context: Context, unit: Unit, opened: Opened, name: str, body: Mapping[str, Any], at: datetime) -> Opened:
    """Do what the applicant asks, on the node that writes the case; ``at`` is when it was asked."""
    check(_BODIES[name], body, "case.wrong-command", name)
    if name == RENEW_OFFER:
        return await offer_result(context, unit, opened)
    if name == CONFIRM:
        return await deliver(context, unit, opened, sha256_b64(canonical_json(["confirmed", opened.file.id])))
    if name == "supply":
        attachments = [read_attachment(item, f"/materials/{i}") for i, item in enumerate(body["materials"])]
        await check_present(unit, opened.file.id, attachments)
    reference = opened.case.applicant.reference
    service, calendar = rules_of(context, opened.file.service_id)
    command = Command(name, Actor(APPLICANT, opened.case.window, reference), body)
    return await write(context, unit, opened, decide(opened.case, command, at, service, calendar))


async def ask(context: Context, unit: Unit, opened: Opened, name: str, body: Mapping[str, Any], papers: list[Paper]) -> Opened:
    """Ask on behalf of the applicant who is signed in here: done at once where the case is written here, else sent there.

    Asked again while the answer is outstanding, the same request stands: nothing is sent twice.
    """
    body = dict(body)
    attachments, documents = attach(opened.file.id, papers)
    if name == "supply":
        body["materials"] = attachments
        await keep_documents(unit, documents)
    if writes_here(context, opened.case):
        return await perform(context, unit, opened, name, body, context.clock.now())
    check(_BODIES[name], body, "case.wrong-command", name)
    if any(asked.name == name and asked.state == WAITING for asked in opened.file.asked):
        return opened
    node = node_of(opened.case.authority)
    await send_documents(context, unit, node, documents)
    message = {"case_id": opened.file.id, "name": name, "body": body}
    message_id = await context.tell(unit, node, "case.request", opened.file.id, message)
    asked = (*opened.file.asked, Asked(message_id, name, node, context.clock.now()))
    file = replace(opened.file, asked=asked)
    await unit.shelf(CASES).save(file)
    return replace(opened, file=file)


def answered(file: CaseFile, request_id: str, node: str, code: str) -> CaseFile:
    """The file once ``node`` has answered; raises ``case.unasked`` for an answer to nothing that it was asked."""
    if (request_id, node) not in {(asked.id, asked.node) for asked in file.asked}:
        raise YitongError("case.unasked", file.id)
    state = REFUSED if code else DONE
    return replace(
        file,
        asked=tuple(replace(asked, state=state, code=code) if asked.id == request_id else asked for asked in file.asked),
    )
