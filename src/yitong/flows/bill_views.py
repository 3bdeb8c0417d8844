"""Bills to be read: at home by the patient and the insurer's officers, at the place of care by the hospital's officers.

One :class:`BillView` serves programs and pages alike: the bill line by line with the reason of each share, how it was
computed, what happened when, and our signed messages behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yitong.clock import write_moment
from yitong.digest import sha256_b64
from yitong.errors import Text
from yitong.flows.bill_record import Opened, find_bill
from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.peers.repo import Outgoing
from yitong.people.account import ACCOUNTS, Account
from yitong.settlement.bill import BillEvent
from yitong.settlement.quote import Quote, computation
from yitong.settlement.register_bills import (
    BILL_FILES,
    HOME_QUOTES,
    HOME_SETTLEMENTS,
    INSURED,
    BillFile,
    HomeQuote,
    HomeSettlement,
    Insured,
)
from yitong.settlement.visit import BillLine

EVENT_WORDS: dict[str, Text] = {
    "register": Text("就诊登记，参保地确认身份", "Visit registered; the home knows the patient"),
    "upload-lines": Text("上传费用明细", "Lines handed in"),
    "present-quote": Text("参保地返回预结算结果", "Quote received from the home"),
    "confirm": Text("患者确认预结算结果", "The patient confirmed the quote"),
    "send": Text("送参保地结算", "Sent to the home to be settled"),
    "record-settled": Text("参保地已结算", "Settled by the home"),
    "record-failed": Text("参保地不予结算", "Refused by the home"),
    "record-silence": Text("未收到答复，结果未知", "No answer came: outcome unknown"),
    "ask-reversal": Text("申请冲正", "Reversal asked for"),
    "record-reversed": Text("参保地已冲正", "Reversed by the home"),
    "cancel": Text("撤销账单", "Cancelled"),
}
_BY_THE_HOME = frozenset({"present-quote", "record-settled", "record-failed", "record-reversed"})
QUOTED_HERE = Text("按就医地目录和本地政策预结算", "Quoted by the list of the place of care and our policy")
SETTLED_HERE = Text("已结算，计入年度累计", "Settled and counted in the year")
REVERSED_HERE = Text("已冲正，全部退回", "Reversed: everything given back")
_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that happened to a bill, and by whom."""

    what: Text
    at: datetime
    who: Text


@dataclass(frozen=True, slots=True)
class Told:
    """A message of ours about the bill: its hash, and that of the receipt once there is one."""

    type: str
    receiver: str
    at: datetime
    digest: str
    receipt_digest: str


@dataclass(frozen=True, slots=True)
class BillView:
    """A bill as it is read. ``side`` is ``home`` or ``care``; ``patient_id`` the account that a look is noted for."""

    id: str
    side: str
    visit_no: str
    person_no: str
    patient: Text
    patient_id: str
    place: Text
    insurer: Text
    institution: str  # whose officers may read it
    on: date
    state: str
    refusal: str
    settlement_id: str
    settled_by: str
    total_fen: int
    quote: Quote | None
    lines: tuple[BillLine, ...]
    events: tuple[Happened, ...]
    messages: tuple[Told, ...] = ()

    @property
    def own_fen(self) -> int:
        """The patient's share, from the account and in cash."""
        return 0 if self.quote is None else self.quote.person_fen


async def _messages(unit: Unit, bill_id: str) -> tuple[Told, ...]:
    rows: list[Outgoing] = await unit.messages.about(bill_id, _LIMIT)
    return tuple(
        Told(
            row.type,
            row.receiver,
            row.created_at,
            sha256_b64(row.text.encode()),
            sha256_b64(row.receipt.encode()) if row.receipt else "",
        )
        for row in reversed(rows)
    )


# --- At the place of care ---


async def bills_of_hospital(context: Context, unit: Unit, hospital: str) -> tuple[BillFile, ...]:
    """The covers of a hospital's newest bills."""
    context.institution(hospital)
    return tuple(await unit.shelf(BILL_FILES).find(hospital=hospital, limit=_LIMIT))


def _happened(event: BillEvent, hospital: Text, home: Text) -> Happened:
    kind = event.to_json()["kind"]
    return Happened(EVENT_WORDS[kind], event.at, home if kind in _BY_THE_HOME else hospital)


async def bill_at_care(context: Context, unit: Unit, bill_id: str) -> BillView | None:
    """The bill at the place of care; the patient is known by number only."""
    opened: Opened | None = await find_bill(unit, bill_id)
    if opened is None:
        return None
    file, bill = opened.file, opened.bill
    hospital = context.institution(file.hospital).title
    return BillView(
        file.id,
        "care",
        file.visit_no,
        file.person_no,
        Text(file.person_no, file.person_no),
        file.person_no,
        hospital,
        file.home_title,
        file.hospital,
        file.visited_on,
        file.state,
        file.refusal,
        "" if bill is None else bill.settlement_id,
        file.settled_by,
        file.total_fen,
        None if bill is None else bill.quote,
        () if bill is None else bill.lines,
        tuple(_happened(event, hospital, file.home_title) for event in opened.events),
        await _messages(unit, file.id),
    )


# --- At home ---


async def bills_of_account(context: Context, unit: Unit, account: Account) -> tuple[BillView, ...]:
    """The settlements of a resident who is insured here, newest first."""
    insured: list[Insured] = await unit.shelf(INSURED).find(number=account.number, limit=1) if account.number else []
    if not insured:
        return ()
    kept: list[HomeSettlement] = await unit.shelf(HOME_SETTLEMENTS).find(person_no=insured[0].person.person_no, limit=_LIMIT)
    return await _views(context, unit, kept)


async def bills_of_insurer(context: Context, unit: Unit, institution: str) -> tuple[BillView, ...]:
    """An insurer's newest settlements."""
    kept: list[HomeSettlement] = await unit.shelf(HOME_SETTLEMENTS).find(institution=institution, limit=_LIMIT)
    return await _views(context, unit, kept)


async def _views(context: Context, unit: Unit, kept: list[HomeSettlement]) -> tuple[BillView, ...]:
    found = [await _home_view(context, unit, one, with_messages=False) for one in kept]
    return tuple(view for view in found if view is not None)


async def bill_at_home(context: Context, unit: Unit, settlement_id: str) -> BillView | None:
    """The settlement of that id with the quote that it settled."""
    kept: HomeSettlement | None = await unit.shelf(HOME_SETTLEMENTS).get(settlement_id)
    return None if kept is None else await _home_view(context, unit, kept, with_messages=True)


async def _home_view(context: Context, unit: Unit, kept: HomeSettlement, *, with_messages: bool) -> BillView | None:
    """None for an id that was reversed before it ever arrived: there is no bill behind it."""
    settlement = kept.settlement
    quoted: HomeQuote | None = await unit.shelf(HOME_QUOTES).get(settlement.quote_digest)
    insured: Insured | None = await unit.shelf(INSURED).get(settlement.person_no)
    if quoted is None or insured is None:
        return None
    accounts: list[Account] = await unit.shelf(ACCOUNTS).find(number=insured.number, role="resident", limit=1)
    name = Text(accounts[0].name_zh, accounts[0].name_en) if accounts else Text(settlement.person_no, settlement.person_no)
    insurer = context.institution(kept.institution).title
    events = [Happened(QUOTED_HERE, quoted.quoted_at, insurer), Happened(SETTLED_HERE, settlement.decided_at, insurer)]
    if settlement.reversed_at is not None:
        events.append(Happened(REVERSED_HERE, settlement.reversed_at, insurer))
    place = Text(f"{quoted.care_title.zh} · {quoted.hospital_title.zh}", f"{quoted.hospital_title.en}, {quoted.care_title.en}")
    return BillView(
        settlement.settlement_id,
        "home",
        quoted.quote.visit_no,
        settlement.person_no,
        name,
        accounts[0].id if accounts else settlement.person_no,
        place,
        insurer,
        kept.institution,
        quoted.quote.governing_day,
        settlement.state,
        "",
        settlement.settlement_id,
        "",
        quoted.quote.total_fen,
        quoted.quote,
        quoted.lines,
        tuple(events),
        await _messages(unit, kept.bill_id) if with_messages else (),
    )


async def insured_by_account(unit: Unit, insured: Insured) -> str:
    """The account that a look at an insured person is noted for; the person's number where there is no account."""
    accounts: list[Account] = await unit.shelf(ACCOUNTS).find(number=insured.number, role="resident", limit=1)
    return accounts[0].id if accounts else insured.person.person_no


# --- For programs ---


def summary(view: BillView) -> dict[str, Any]:
    """A bill in a list."""
    return {
        "id": view.id,
        "visit_no": view.visit_no,
        "place": {"zh": view.place.zh, "en": view.place.en},
        "on": view.on.isoformat(),
        "state": view.state,
        "total_fen": view.total_fen,
        "own_fen": view.own_fen,
    }


def written(view: BillView) -> dict[str, Any]:
    """A whole bill."""
    titles = {line.line_id: line for line in view.lines}
    quote = view.quote
    body: dict[str, Any] = summary(view) | {
        "person_no": view.person_no,
        "insurer": {"zh": view.insurer.zh, "en": view.insurer.en},
        "settlement_id": view.settlement_id,
        "settled_by": view.settled_by,
        "refusal": view.refusal,
        "quote": None if quote is None else quote.to_json() | {"digest": quote.digest},
        "explanation": []
        if quote is None
        else [{"zh": text.zh, "en": text.en, "amount_fen": amount_fen} for text, amount_fen in computation(quote)],
        "lines": []
        if quote is None
        else [
            {
                "line_id": line.line_id,
                "item_code": line.item_code,
                "title": titles[line.line_id].title,
                "gross_fen": line.gross_fen,
                "in_scope_fen": line.in_scope_fen,
                "reason": {"zh": line.reason.zh, "en": line.reason.en},
            }
            for line in quote.lines
        ],
    }
    body["events"] = [
        {"what": {"zh": event.what.zh, "en": event.what.en}, "at": write_moment(event.at)} for event in view.events
    ]
    body["messages"] = [
        {
            "type": message.type,
            "receiver": message.receiver,
            "at": write_moment(message.at),
            "hash": message.digest,
            "receipt_hash": message.receipt_digest,
        }
        for message in view.messages
    ]
    return body
