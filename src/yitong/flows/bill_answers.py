"""An outpatient bill at the place of care: the home's answers, and what to make of it when none comes.

An answer counts only from the node that was asked. One that comes twice, or after its matter was settled by asking,
changes nothing. A refusal after silence proves nothing and is only noted: the request may have been acted on after all.
"""

from __future__ import annotations

from dataclasses import replace

from yitong.errors import YitongError
from yitong.flows.bill_care import agreed_list
from yitong.flows.bill_record import Opened, advance, find_bill, keep_file
from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.peers.message import Message
from yitong.settlement import bill_messages as told
from yitong.settlement.bill import PresentQuote, RecordFailed, RecordReversed, RecordSettled, RecordSilence, Register
from yitong.settlement.records import read_record
from yitong.settlement.register_bills import ASKING, REFUSED
from yitong.settlement.visit import Registration


async def _asked_by_us(unit: Unit, message: Message, bill_id: str) -> Opened:
    """The bill that the answer is about; raises ``store.not-found`` unless its home is the sender."""
    opened = await find_bill(unit, bill_id, lock=True)
    if opened is None or opened.file.home_node != message.sender:
        raise YitongError("store.not-found", bill_id)
    return opened


async def _note_refusal(unit: Unit, opened: Opened, code: str) -> Opened:
    return await keep_file(unit, opened, replace(opened.file, refusal=code))


async def registered(context: Context, unit: Unit, message: Message) -> None:
    """The home knows the person, or does not: the bill begins, or its cover says why it cannot."""
    answer = read_record(told.RegisterAnswer, message.body, "/body")
    opened = await _asked_by_us(unit, message, answer.bill_id)
    file = opened.file
    if file.state != ASKING:
        return
    if answer.refusal:
        await keep_file(unit, opened, replace(file, state=REFUSED, refusal=answer.refusal))
        return
    _, level = agreed_list(context, file.hospital)
    registration = Registration(
        file.visit_no,
        file.person_no,
        file.home,
        context.jurisdiction,
        file.hospital,
        level,
        answer.registration_class,
        file.visited_on,
    )
    opened = replace(opened, file=replace(file, person_type=answer.person_type))
    await advance(context, unit, opened, Register(file.id, registration))


async def quoted(context: Context, unit: Unit, message: Message) -> None:
    """The home's quote, or its refusal; an answer about lines that were replaced since is late."""
    answer = read_record(told.QuoteAnswer, message.body, "/body")
    opened = await _asked_by_us(unit, message, answer.bill_id)
    if message.reply_to is None or message.reply_to != opened.file.quote_asked:
        return
    opened = await keep_file(unit, opened, replace(opened.file, quote_asked="", refusal=answer.refusal))
    if answer.quote is not None and not answer.refusal:
        await advance(context, unit, opened, PresentQuote(answer.quote))


async def settled(context: Context, unit: Unit, message: Message) -> None:
    """The home has settled, or refuses to."""
    answer = read_record(told.SettleAnswer, message.body, "/body")
    opened = await _asked_by_us(unit, message, answer.bill_id)
    if not answer.refusal:
        await _settle(context, unit, opened, message, RecordSettled(answer.settlement_id, answer.quote_digest))
    elif opened.begun("record-failed").state == "unknown":
        await _note_refusal(unit, opened, answer.refusal)
    else:
        opened = await _note_refusal(unit, opened, answer.refusal)
        await advance(context, unit, opened, RecordFailed(answer.settlement_id, answer.refusal))


async def _settle(context: Context, unit: Unit, opened: Opened, message: Message, command: RecordSettled) -> None:
    after = await advance(context, unit, opened, command)
    if len(after.events) > len(opened.events):
        await keep_file(unit, after, replace(after.file, settled_by=message.type, refusal=""))


async def queried(context: Context, unit: Unit, message: Message) -> None:
    """What the home keeps under the id. Knowing nothing decides nothing: the request may still arrive there."""
    answer = read_record(told.QueryAnswer, message.body, "/body")
    opened = await _asked_by_us(unit, message, answer.bill_id)
    if answer.state == "settled":
        await _settle(context, unit, opened, message, RecordSettled(answer.settlement_id, answer.quote_digest))
    elif answer.state == "reversed":
        await advance(context, unit, opened, RecordReversed(answer.reversal_id))
    elif opened.begun("query").state in ("sending", "unknown"):
        await _note_refusal(unit, opened, "outpatient.nothing-known")


async def reversed_(context: Context, unit: Unit, message: Message) -> None:
    """The home has given everything back; a refusal is noted, and the bill stays in reversal for an officer to see."""
    answer = read_record(told.ReverseAnswer, message.body, "/body")
    opened = await _asked_by_us(unit, message, answer.bill_id)
    opened = await _note_refusal(unit, opened, answer.refusal)
    if not answer.refusal:
        await advance(context, unit, opened, RecordReversed(answer.reversal_id))


async def silence(context: Context, unit: Unit, subject: str) -> None:
    """No answer came in time: the outcome is unknown. Nothing is sent again; the hospital asks."""
    bill_id, _, settlement_id = subject.partition(" ")
    opened = await find_bill(unit, bill_id, lock=True)
    if opened is not None:
        await advance(context, unit, opened, RecordSilence(settlement_id))
