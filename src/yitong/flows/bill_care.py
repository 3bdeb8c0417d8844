"""An outpatient bill at the place of care: what the hospital hands in, and what is asked of the home for it.

Every act is a submission signed by the hospital; doing it, keeping the submission and the message to the home are one
transaction. The answers come later (:mod:`yitong.flows.bill_answers`); the hospital's system asks for the state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from yitong.clock import local_date
from yitong.entropy import new_id
from yitong.errors import YitongError
from yitong.flows.bill_record import (
    SILENCE,
    Opened,
    advance,
    bill_id_of,
    expect_answer,
    find_bill,
    keep_file,
    silence_timer,
)
from yitong.flows.context import Context, Institution
from yitong.flows.members import find_node
from yitong.flows.unit import Timer, Unit
from yitong.money import parse_yuan
from yitong.peers.submission import Submission
from yitong.settlement import bill_messages as told
from yitong.settlement.bill import AskReversal, Confirm, Send, UploadLines
from yitong.settlement.coverage import PlaceCatalogue
from yitong.settlement.insured import request_for
from yitong.settlement.quote import explain
from yitong.settlement.records import read_record, write_record
from yitong.settlement.register_bills import ASKING, BILL_FILES, REFUSED, BillFile
from yitong.settlement.visit import read_lines
from yitong.trust.anchor import read_node

ANSWER_WITHIN = timedelta(seconds=30)  # a patient stands at the desk: after this the outcome is unknown, and asked for
_QUOTED_FROM = frozenset({"lines_uploaded", "quoted", "failed"})
_ASKABLE = frozenset({"sending", "unknown", "settled", "reversing", "reversed"})
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class NewVisit:
    """The body of a registration; ``home`` is the code of the jurisdiction that the insurance code shows."""

    visit_no: str
    person_no: str
    home: str
    visited_on: date


def agreed_list(context: Context, hospital: str) -> tuple[PlaceCatalogue, str]:
    """The list of this place and the level of a hospital under its agreement; raises ``outpatient.no-agreement``."""
    catalogue = context.catalog.place_lists.get(context.jurisdiction)
    level = None if catalogue is None else catalogue.levels.get(hospital)
    if catalogue is None or level is None:
        raise YitongError("outpatient.no-agreement", hospital)
    return catalogue, level


async def register(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Register a visit: its bill waits until the home says who the patient is.

    1. The hospital settles under the agreement of this place.  2. The visit was not after today, and the person is
    insured elsewhere.  3. A visit number stands for one visit: the same again gives its bill, other content is refused
    (``outpatient.visit-reused``).  4. The home is asked; also again, after it had refused.
    """
    new = read_record(NewVisit, submission.body, "/body")
    if not all(0 < len(text) <= _LONGEST for text in (new.visit_no, new.person_no, new.home)):
        raise YitongError("outpatient.record-shape", "/body")
    agreed_list(context, institution.id)  # 1
    now = context.clock.now()
    if new.visited_on > local_date(now, context.zone):  # 2
        raise YitongError("outpatient.visit-after-upload", "/body/visited_on")
    if new.home == context.jurisdiction:
        raise YitongError("outpatient.insured-here", "/body/home")
    bill_id = bill_id_of(institution.entity_id, new.visit_no)
    opened = await find_bill(unit, bill_id, lock=True)
    if opened is None:
        home_node = await find_node(context, new.home)
        home_title = read_node((await context.believer.chain(home_node)).chain).name
        file = BillFile(
            bill_id,
            institution.id,
            new.visit_no,
            new.person_no,
            new.home,
            home_node,
            home_title,
            new.visited_on,
            now,
            ASKING,
        )
        await unit.shelf(BILL_FILES).add(file)
    else:
        file = opened.file
        if (file.person_no, file.home, file.visited_on) != (new.person_no, new.home, new.visited_on):  # 3
            raise YitongError("outpatient.visit-reused", "/body/visit_no")
        if file.state != REFUSED:
            return described(opened)
        file = replace(file, state=ASKING, refusal="")
        await unit.shelf(BILL_FILES).save(file)
    ask = told.RegisterAsk(bill_id, new.person_no, institution.id, new.visited_on)
    await _tell(context, unit, file, told.REGISTER, ask)  # 4
    return described(Opened(file, None))


async def _tell(context: Context, unit: Unit, file: BillFile, message_type: str, body: object) -> str:
    return await context.tell(unit, file.home_node, message_type, file.id, write_record(body))


async def open_own(unit: Unit, institution: Institution, body: Mapping[str, Any], *members: str) -> Opened:
    """The bill that a submission is about, its body having these members; raises ``store.not-found`` for another's."""
    if body.keys() != {"bill_id", *members} or not isinstance(body["bill_id"], str):
        raise YitongError("outpatient.record-shape", "/body")
    opened = await find_bill(unit, body["bill_id"], lock=True)
    if opened is None or opened.file.hospital != institution.id:
        raise YitongError("store.not-found", "/body/bill_id")
    return opened


async def upload(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Put lines on the bill and ask the home for a quote; the same lines again ask for a fresh one.

    1. Amounts are exact yuan (``money.not-yuan``).  2. The lines add up to the header, and what else is checked before
    anyone computes.  3. The home is asked, as long as nothing was sent to be settled.
    """
    body = submission.body
    opened = await open_own(unit, institution, body, "lines", "total_yuan")
    bill = opened.begun("upload-lines")
    if not isinstance(body["total_yuan"], str):
        raise YitongError("outpatient.record-shape", "/body/total_yuan")
    lines = read_lines(body["lines"], "/body/lines")  # 1
    total_fen = parse_yuan(body["total_yuan"], "/body/total_yuan")
    day = local_date(context.clock.now(), context.zone)
    if (lines, total_fen) == (bill.lines, bill.total_fen) and bill.uploaded_on is not None and bill.state not in _QUOTED_FROM:
        return described(opened)
    opened = await advance(context, unit, opened, UploadLines(lines, total_fen, day))  # 2
    bill = opened.begun("upload-lines")
    if bill.visit is not None and bill.state in _QUOTED_FROM:  # 3
        catalogue, _ = agreed_list(context, institution.id)
        ask = told.QuoteAsk(opened.file.id, bill.visit, lines, told.extract(catalogue, lines))
        message_id = await _tell(context, unit, opened.file, told.QUOTE, ask)
        opened = await keep_file(unit, opened, replace(opened.file, quote_asked=message_id, refusal=""))
    return described(opened)


async def confirm(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """The patient agrees to the quote with this digest: send it to be settled, once.

    1. What was reversed is not settled again.  2. The quote is the present one (``outpatient.quote-stale``).  3. It is
    sent under a new id; confirming twice sends nothing again.  4. The answer is waited for, and not for ever.
    """
    opened = await open_own(unit, institution, submission.body, "quote_digest")
    bill = opened.begun("confirm")
    if bill.state in ("reversing", "reversed"):  # 1
        raise YitongError("outpatient.reversed-already", opened.file.id)
    opened = await advance(context, unit, opened, Confirm(str(submission.body["quote_digest"])))  # 2
    if opened.begun("confirm").state != "confirmed":
        return described(opened)
    settlement_id = new_id(context.entropy, "settle")
    opened = await advance(context, unit, opened, Send(settlement_id))  # 3
    quote = opened.begun("send").quote
    if quote is None:
        raise YitongError("outpatient.quote-stale", opened.file.id)
    ask = told.SettleAsk(opened.file.id, request_for(settlement_id, quote))
    await _tell(context, unit, opened.file, told.SETTLE, ask)
    opened = await keep_file(unit, opened, replace(opened.file, quote_asked="", refusal=""))
    due_at = context.clock.now() + ANSWER_WITHIN
    timer = Timer(silence_timer(settlement_id), SILENCE, f"{opened.file.id} {settlement_id}", due_at)
    await expect_answer(unit, opened, timer)  # 4
    return described(opened)


async def query(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Ask the home what became of the settlement: the way out when its answer never came."""
    opened = await open_own(unit, institution, submission.body)
    bill = opened.begun("query")
    if bill.state not in _ASKABLE:
        raise YitongError("outpatient.state-forbids", bill.bill_id, state=bill.state, command="query")
    await _tell(context, unit, opened.file, told.QUERY, told.QueryAsk(bill.bill_id, bill.settlement_id))
    return described(opened)


async def reverse(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Ask the home to reverse the settlement; asked again, the first request stands."""
    opened = await open_own(unit, institution, submission.body)
    bill = opened.begun("ask-reversal")
    if bill.state in ("reversing", "reversed"):
        return described(opened)
    reversal_id = new_id(context.entropy, "reverse")
    opened = await advance(context, unit, opened, AskReversal(reversal_id))
    ask = told.ReverseAsk(bill.bill_id, bill.settlement_id, reversal_id)
    await _tell(context, unit, opened.file, told.REVERSE, ask)
    return described(opened)


async def state(_context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Where the bill stands."""
    return described(await open_own(unit, institution, submission.body))


def described(opened: Opened) -> dict[str, Any]:
    """A bill as the hospital's system reads it."""
    file, bill = opened.file, opened.bill
    quote = None if bill is None else bill.quote
    return {
        "bill_id": file.id,
        "visit_no": file.visit_no,
        "person_no": file.person_no,
        "person_type": file.person_type,
        "state": file.state,
        "refusal": file.refusal,
        "total_fen": file.total_fen,
        "quote": None if quote is None else quote.to_json(),
        "quote_digest": "" if quote is None else quote.digest,
        "quote_awaited": bool(file.quote_asked),
        "explanation": [] if quote is None else [{"zh": text.zh, "en": text.en} for text in explain(quote)],
        "settlement_id": "" if bill is None else bill.settlement_id,
        "settled_by": file.settled_by,
        "reversal_id": "" if bill is None else bill.reversal_id,
        "history": [{"number": e.number, "at": e.to_json()["at"], "kind": e.to_json()["kind"]} for e in opened.events],
    }
