"""Pages of bills: the list of a patient or an office, and one bill line by line with its reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fastapi import Request
from fastapi.responses import Response

from yitong.errors import Text, YitongError, table
from yitong.flows.bill_views import (
    BillView,
    Told,
    bills_of_account,
    bills_of_hospital,
    bills_of_insurer,
)
from yitong.money import format_yuan
from yitong.node.build import Node
from yitong.node.pages.text import Words
from yitong.node.pages.views.entry import BillRow
from yitong.node.pages.views.money import BillLine, BillPage, Payer, Step
from yitong.node.pages.views.parts import Event, Exact, Fact, Message
from yitong.node.publish import text_of
from yitong.node.web.access import account_of
from yitong.node.web.api_bills import find_view
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import HOME, respond, visit_of
from yitong.people.account import Account
from yitong.settlement import bill_messages as told
from yitong.settlement.coverage import LIST_CLASSES
from yitong.settlement.quote import computation
from yitong.trust.anchor import read_node

MESSAGE_WORDS: dict[str, Text] = {
    told.REGISTER: Text("询问患者是否参保", "Asked whether the patient is insured"),
    told.QUOTE: Text("送明细请求预结算", "Sent the lines to be quoted"),
    told.SETTLE: Text("请求结算", "Asked to settle"),
    told.QUERY: Text("查询结算结果", "Asked what became of it"),
    told.REVERSE: Text("请求冲正", "Asked to reverse"),
    told.answer_to(told.REGISTER): Text("答复参保情况", "Answered whether the patient is insured"),
    told.answer_to(told.QUOTE): Text("返回预结算结果", "Gave the quote"),
    told.answer_to(told.SETTLE): Text("答复结算结果", "Answered that it is settled, or why not"),
    told.answer_to(told.QUERY): Text("答复查询", "Answered what became of it"),
    told.answer_to(told.REVERSE): Text("答复冲正结果", "Answered that it is reversed, or why not"),
}


async def bill_rows(node: Node, account: Account) -> tuple[BillRow, ...]:
    """One's own bills, or those of one's institution, newest first."""
    context = node.context
    async with context.store.begin() as unit:
        if account.institution is None:
            return tuple(_row(view) for view in await bills_of_account(context, unit, account))
        institution = context.institution(account.institution)
        if "hospital" not in institution.roles:
            return tuple(_row(view) for view in await bills_of_insurer(context, unit, institution.id))
        files = await bills_of_hospital(context, unit, institution.id)
    return tuple(
        BillRow(institution.title, f.person_no, f.visited_on, f.total_fen, f.own_fen, f.state, f"/bills/{f.id}") for f in files
    )


def _row(view: BillView) -> BillRow:
    return BillRow(view.place, view.patient, view.on, view.total_fen, view.own_fen, view.state, f"/bills/{view.id}")


def _lines(node: Node, view: BillView) -> tuple[BillLine, ...]:
    """The lines as shared by the quote; without one, there is nothing to say yet of who pays what.

    An item is named as on the list of the place of care where we have it, else in the hospital's own words.
    """
    if view.quote is None:
        return ()
    uploaded = {line.line_id: line for line in view.lines}
    catalogue = node.context.catalog.place_lists.get(view.quote.care)
    names: dict[str, Text] = {} if catalogue is None else {code: item.title for code, item in catalogue.items.items()}
    return tuple(
        BillLine(
            names.get(line.item_code, uploaded[line.line_id].title),
            LIST_CLASSES[line.list_class],
            str(uploaded[line.line_id].quantity),
            uploaded[line.line_id].price_fen,
            line.gross_fen,
            line.full_self_pay_fen,
            line.over_limit_fen,
            line.pre_self_pay_fen,
            line.in_scope_fen,
            line.reason,
        )
        for line in view.quote.lines
    )


def _payers(view: BillView) -> tuple[Payer, ...]:
    if view.quote is None:
        return ()
    quote = view.quote
    return (Payer("fund", quote.fund_total_fen), Payer("account", quote.account_fen), Payer("cash", quote.cash_fen))


def _facts(view: BillView) -> tuple[Fact, ...]:
    facts = [Fact(Text("就诊流水号", "Visit number"), Exact(view.visit_no))]
    if view.settlement_id and view.settlement_id != view.id:
        facts.append(Fact(Text("结算编号", "Settlement number"), Exact(view.settlement_id)))
    if view.settled_by == told.answer_to(told.QUERY):
        facts.append(Fact(Text("结果来自", "Outcome known by"), Text("主动查询", "asking the home")))
    if view.quote is not None:
        facts.append(Fact(Text("就医地目录", "List of the place of care"), Exact(view.quote.catalogue)))
        facts.append(Fact(Text("参保地政策", "Policy of the home"), Exact(view.quote.policy)))
    if view.quote is not None and view.quote.capped_fen:
        withheld = format_yuan(view.quote.capped_fen)
        note = Text(f"少付 {withheld} 元", f"{withheld} yuan less was paid")
        facts.append(Fact(Text("年度最高支付限额", "Yearly cap"), Text("已达到", "reached"), note))
    if view.refusal:
        known = table().get(view.refusal)  # a newer neighbour may have a code that we do not know yet
        reason: Words = view.refusal if known is None else known.what
        facts.append(Fact(Text("参保地未办理的原因", "Why the home refused"), reason))
    return tuple(facts)


def _message(node: Node, message: Told, names: Mapping[str, Text]) -> Message:
    what: Words = MESSAGE_WORDS.get(message.type, message.type)
    receiver: Words = names.get(message.receiver, message.receiver)
    return Message(what, message.at, text_of(node.config.title), receiver, message.digest, message.receipt_digest)


async def _names(node: Node, messages: Iterable[Told]) -> dict[str, Text]:
    """The neighbours' names, as the anchor states them; one that cannot be asked for keeps its address."""
    found: dict[str, Text] = {}
    for receiver in {message.receiver for message in messages}:
        try:
            found[receiver] = read_node((await node.context.believer.chain(receiver)).chain).name
        except YitongError:
            continue
    return found


def bill_page(node: Node, view: BillView, names: Mapping[str, Text]) -> BillPage:
    """The page of a bill."""
    return BillPage(
        view.id,
        view.patient,
        view.place,
        view.insurer,
        view.on,
        view.state,
        _facts(view),
        _lines(node, view),
        () if view.quote is None else tuple(Step(sentence, amount_fen) for sentence, amount_fen in computation(view.quote)),
        _payers(view),
        tuple(Event(event.what, event.at, event.who) for event in view.events),
        tuple(_message(node, message, names) for message in view.messages),
    )


def add(routes: Routes, node: Node) -> None:
    """Register the pages."""

    @routes.add("GET", "/bills/{bill_id}", "signed-in", gives="text/html")
    async def bill_page_of(bill_id: str, request: Request) -> Response:
        """A bill: one's own at home, or one of one's institution."""
        view = await find_view(node, account_of(request), bill_id)
        page = bill_page(node, view, await _names(node, view.messages))
        return respond(request, node.pages, "bill.html", page, await visit_of(node, request, HOME))
