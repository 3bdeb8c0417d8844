"""An outpatient bill at the home of the insured: who is known, what would be paid, settling once, giving back once.

A refusal is an answer like any other, so that the place of care never waits for one in vain. What is answered is
decided before anything is written, in one transaction with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from yitong.errors import YitongError
from yitong.flows.bill_ledger import give_back, owe
from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.peers.message import Message
from yitong.settlement import bill_messages as told
from yitong.settlement.coverage import HomePolicy
from yitong.settlement.insured import for_year, reverse_once, settle_once
from yitong.settlement.records import read_record, write_record
from yitong.settlement.register_bills import (
    HOME_QUOTES,
    HOME_SETTLEMENTS,
    INSURED,
    HomeQuote,
    HomeSettlement,
    Insured,
)
from yitong.settlement.schemes.outpatient import governing_day, quote
from yitong.trust.anchor import InstitutionFacts, read_node

_ANSWERED = ("outpatient.", "trust.", "money.")  # all raised before anything is written; the rest undoes the transaction


def _refusal(error: YitongError) -> str:
    """The code to answer with; what is no refusal of what was asked is raised again."""
    if not error.code.startswith(_ANSWERED):
        raise error
    return error.code


async def _answer(context: Context, unit: Unit, message: Message, bill_id: str, body: Any) -> None:
    await context.tell(unit, message.sender, told.answer_to(message.type), bill_id, write_record(body), message.id)


async def hospital_of(context: Context, sender: str, hospital: str) -> InstitutionFacts:
    """What the sending jurisdiction states of its hospital; raises ``outpatient.not-a-hospital`` or ``trust.…``.

    A node that knows no such institution answers that there is none: no reason to ask it for ever.
    """
    try:
        _, facts = await context.believer.institution(f"{sender}/institutions/{hospital}")
    except YitongError as error:
        if error.code in ("peer.bad-answer", "peer.bad-address"):
            raise YitongError("outpatient.not-a-hospital", hospital) from error
        raise
    if facts.jurisdiction_id != sender or "hospital" not in facts.roles:
        raise YitongError("outpatient.not-a-hospital", hospital)
    return facts


async def _insured(context: Context, unit: Unit, person_no: str, *, lock: bool = False) -> Insured:
    """The insured person; numbers of ours begin with our code, so that another province's is told apart."""
    if not any("insurer" in institution.roles for institution in context.institutions.values()):
        raise YitongError("outpatient.no-insurer", context.jurisdiction)
    if not person_no.startswith(f"{context.jurisdiction}-"):
        raise YitongError("outpatient.other-province", "/person_no")
    shelf = unit.shelf(INSURED)
    found: Insured | None = await (shelf.lock(person_no) if lock else shelf.get(person_no))
    if found is None:
        raise YitongError("outpatient.person-unknown", "/person_no")
    return found


def _policy(context: Context) -> HomePolicy:
    policy = context.catalog.home_policies.get(context.jurisdiction)
    if policy is None:
        raise YitongError("outpatient.no-insurer", context.jurisdiction)
    return policy


async def register_asked(context: Context, unit: Unit, message: Message) -> None:
    """Say whether a person is insured here, and how registered for care elsewhere."""
    ask = read_record(told.RegisterAsk, message.body, "/body")
    try:
        await hospital_of(context, message.sender, ask.hospital)
        found = await _insured(context, unit, ask.person_no)
        answer = told.RegisterAnswer(ask.bill_id, "", found.person.person_type, found.registration_class)
    except YitongError as error:
        answer = told.RegisterAnswer(ask.bill_id, _refusal(error))
    await _answer(context, unit, message, ask.bill_id, answer)


async def quote_asked(context: Context, unit: Unit, message: Message) -> None:
    """Compute a quote and keep our copy of it: that copy is what can be settled."""
    ask = read_record(told.QuoteAsk, message.body, "/body")
    try:
        kept = await _compute(context, unit, message, ask)
        await unit.shelf(HOME_QUOTES).save(kept)
        answer = told.QuoteAnswer(ask.bill_id, "", kept.quote)
    except YitongError as error:
        answer = told.QuoteAnswer(ask.bill_id, _refusal(error), None)
    await _answer(context, unit, message, ask.bill_id, answer)


async def _compute(context: Context, unit: Unit, message: Message, ask: told.QuoteAsk) -> HomeQuote:
    """1. The hospital is the sender's, and the place of care the sender's own.  2. The home is ours.  3. The person is
    known; how the person is registered is our word.  4. The list of the place, our policy, the year that governs.
    """
    claimed = ask.visit.registration
    facts = await hospital_of(context, message.sender, claimed.hospital)  # 1
    if claimed.care != facts.jurisdiction:
        raise YitongError("outpatient.other-place", "/visit/registration/care")
    if claimed.home != context.jurisdiction:  # 2
        raise YitongError("outpatient.other-province", "/visit/registration/home")
    found, policy = await _insured(context, unit, claimed.person_no), _policy(context)  # 3
    visit = replace(ask.visit, registration=replace(claimed, registration_class=found.registration_class))
    person = for_year(found.person, governing_day(policy, visit).year)  # 4
    made = quote(ask.lines, told.as_catalogue(ask.catalogue), policy, person, visit)
    care_title = read_node((await context.believer.chain(message.sender)).chain).name
    now = context.clock.now()
    return HomeQuote(made.digest, message.sender, ask.bill_id, found.institution, care_title, facts.name, made, ask.lines, now)


async def settle_asked(context: Context, unit: Unit, message: Message) -> None:
    """Settle under the id of the request: once, whatever comes how often."""
    ask = read_record(told.SettleAsk, message.body, "/body")
    settlement_id = ask.request.settlement_id
    try:
        digest = await _settle(context, unit, message, ask)
        answer = told.SettleAnswer(ask.bill_id, settlement_id, "", digest)
    except YitongError as error:
        answer = told.SettleAnswer(ask.bill_id, settlement_id, _refusal(error), "")
    await _answer(context, unit, message, ask.bill_id, answer)


async def _settle(context: Context, unit: Unit, message: Message, ask: told.SettleAsk) -> str:
    """1. What we keep under the id is the sender's.  2. The quote is one that we gave this sender.  3. It is settled, or
    was.  4. Record, settlement and ledger together.
    """
    request = ask.request
    earlier = await _kept(unit, request.settlement_id)
    if earlier is not None and earlier.care_node != message.sender:  # 1
        raise YitongError("outpatient.settlement-id-reused", request.settlement_id)
    kept: HomeQuote | None = await unit.shelf(HOME_QUOTES).get(request.quote_digest)
    if kept is None or (kept.care_node, kept.bill_id) != (message.sender, ask.bill_id):  # 2
        raise YitongError("outpatient.quote-mismatch", "/request/quote_digest")
    found = await _insured(context, unit, kept.quote.person_no, lock=True)
    before = None if earlier is None else earlier.settlement
    person = found.person if before is not None else for_year(found.person, kept.quote.year)
    after, settlement = settle_once(person, kept.quote, request, before, context.clock.now())  # 3
    if before is None:  # 4
        await unit.shelf(INSURED).save(replace(found, person=after))
        record = HomeSettlement(settlement, message.sender, ask.bill_id, kept.institution)
        await unit.shelf(HOME_SETTLEMENTS).add(record)
        await owe(unit, context.jurisdiction, request.settlement_id, kept.quote)
    return settlement.quote_digest


async def _kept(unit: Unit, settlement_id: str) -> HomeSettlement | None:
    found: HomeSettlement | None = await unit.shelf(HOME_SETTLEMENTS).lock(settlement_id)
    return found


async def query_asked(context: Context, unit: Unit, message: Message) -> None:
    """Say what we keep under an id; to anyone but the node that settled under it, nothing."""
    ask = read_record(told.QueryAsk, message.body, "/body")
    kept = await _kept(unit, ask.settlement_id)
    if kept is None or kept.care_node != message.sender:
        answer = told.QueryAnswer(ask.bill_id, ask.settlement_id, told.NOTHING, "", "")
    else:
        found = kept.settlement
        answer = told.QueryAnswer(ask.bill_id, ask.settlement_id, found.state, found.quote_digest, found.reversal_id)
    await _answer(context, unit, message, ask.bill_id, answer)


async def reverse_asked(context: Context, unit: Unit, message: Message) -> None:
    """Reverse what we keep under an id; if we keep nothing, keep the id as reversed, so that it is never settled."""
    ask = read_record(told.ReverseAsk, message.body, "/body")
    try:
        await _reverse(context, unit, message, ask)
        answer = told.ReverseAnswer(ask.bill_id, ask.settlement_id, ask.reversal_id, "")
    except YitongError as error:
        answer = told.ReverseAnswer(ask.bill_id, ask.settlement_id, ask.reversal_id, _refusal(error))
    await _answer(context, unit, message, ask.bill_id, answer)


async def _reverse(context: Context, unit: Unit, message: Message, ask: told.ReverseAsk) -> None:
    """1. What we keep under the id is the sender's.  2. It is reversed, or was.  3. Record, settlement, ledger together."""
    kept = await _kept(unit, ask.settlement_id)
    if kept is not None and kept.care_node != message.sender:  # 1
        raise YitongError("outpatient.settlement-id-reused", ask.settlement_id)
    before = None if kept is None else kept.settlement
    found: Insured | None = None
    if before is not None and before.state == "settled":
        found = await _insured(context, unit, before.person_no, lock=True)
    person = None if found is None else found.person
    after, settlement = reverse_once(person, before, ask.settlement_id, ask.reversal_id, context.clock.now())  # 2
    if settlement == before:
        return
    if found is not None and after is not None:  # 3
        await unit.shelf(INSURED).save(replace(found, person=after))
    record = HomeSettlement(settlement, message.sender, ask.bill_id, "" if kept is None else kept.institution)
    await unit.shelf(HOME_SETTLEMENTS).save(record)
    await give_back(unit, ask.settlement_id, ask.reversal_id)
