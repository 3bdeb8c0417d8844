"""Pages of rides and of clearing windows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from fastapi import Request
from fastapi.responses import Response

from yitong.clock import at_local
from yitong.errors import Text, table
from yitong.flows.ride_views import (
    Place,
    RideView,
    WindowLine,
    WindowView,
    ride_for,
    rides_at,
    rides_of,
    window_for,
    windows_of,
)
from yitong.flows.ride_words import kilometres
from yitong.node.build import Node
from yitong.node.pages.text import Words
from yitong.node.pages.views import entry, money
from yitong.node.pages.views.parts import Event, Exact, Fact, Link, Yuan
from yitong.node.web.access import account_of
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import HOME, respond, visit_of
from yitong.people.account import Account

PAGE = "text/html"
NOT_READ = Text("无记录", "not read")
# A trip's own state says more than the money's until the money has moved.
MONEY_FIRST = frozenset({"settled", "reversed"})


def _charge_state(view: RideView) -> str:
    return view.money if view.money in MONEY_FIRST else view.state


def _route(view: RideView) -> Text:
    start = view.entry.station_title if view.entry else NOT_READ
    end = view.exit.station_title if view.exit else NOT_READ
    return Text(f"{start.zh} → {end.zh}", f"{start.en} → {end.en}")


async def ride_rows(node: Node, account: Account) -> tuple[entry.RideRow, ...]:
    """One's own rides, or those of the passes that one's institution issued, newest first."""
    if account.institution is None:
        found = await rides_of(node.context, account.id)
    else:
        found = await rides_at(node.context, account.institution)
    return tuple(
        entry.RideRow(
            _route(view),
            (view.entry or view.exit or _nowhere(node, view)).at,
            view.issuer_title,
            view.charged_fen,
            _charge_state(view),
            f"/rides/{view.id}",
        )
        for view in found
    )


def _nowhere(node: Node, view: RideView) -> Place:
    """A ride without any tap is shown under its service day; there is none such, but a page must not break on it."""
    return Place(view.issuer, view.issuer_title, "", NOT_READ, at_local(view.service_day, 12, zone=node.context.zone))


def _window_words(view: WindowView) -> Text:
    day = view.window.isoformat()
    return Text(f"{day} 运营日第 {view.part + 1} 批", f"Service day {day}, part {view.part + 1}")


async def clearing_rows(node: Node, account: Account) -> tuple[entry.ClearingRow, ...]:
    """The closed windows of one's operator, newest first."""
    return tuple(
        entry.ClearingRow(
            _window_words(view),
            view.other_title,
            sum(amount for _, _, amount in view.gross),
            -view.net_fen if view.debtor == view.book else view.net_fen,
            view.state,
            f"/clearing/{view.ref}",
        )
        for view in await windows_of(node.context, account)
    )


def _gate(place: Place | None) -> money.Gate | None:
    return money.Gate(place.station_title, place.operator_title, place.at) if place else None


def _ride_page(view: RideView) -> money.RidePage:
    shares = tuple(
        money.Share(
            share.title,
            Text("按运营里程分摊", "by its share of the track")
            if share.track_m is None
            else Text(f"运营里程 {kilometres(share.track_m)} 公里", f"{kilometres(share.track_m)} km of its track"),
            share.amount_fen,
        )
        for share in view.shares
    )
    why = tuple(money.Step(step.sentence, step.amount_fen) for step in view.why)
    events = tuple(
        Event(words, place.at, place.station_title, place.operator_title)
        for words, place in ((Text("进站", "Entered"), view.entry), (Text("出站", "Left"), view.exit))
        if place is not None
    )
    if view.state == "expired_no_exit":
        by_rule = Text("没有出站记录，按运营方规则计价", "No exit was read: priced by the operator's rule")
        events = (*events, Event(by_rule, view.changed_at, view.issuer_title))
    if view.problem:
        why_not: Words = table()[view.problem].what if view.problem in table() else view.problem
        events = (*events, Event(Text("未能计价", "Could not be priced"), view.changed_at, view.issuer_title, "", why_not))
    return money.RidePage(
        view.id,
        _gate(view.entry),
        _gate(view.exit),
        view.fare_fen,
        why,
        shares,
        _charge_state(view),
        view.charged_fen,
        view.issuer_title,
        None,
        events,
    )


def _clearing_page(node: Node, view: WindowView) -> money.ClearingPage:
    titles: dict[str, Words] = {view.book: view.book_title, view.other: view.other_title}
    counts = Counter((line.debtor, line.creditor) for line in view.lines)
    pairs = tuple(
        money.Pair(
            titles.get(debtor, debtor),
            titles.get(creditor, creditor),
            counts[debtor, creditor],
            amount_fen,
            view.net_fen if (debtor, creditor) == (view.debtor, view.creditor) else 0,
            view.state,
        )
        for debtor, creditor, amount_fen in view.gross
    )
    positions = (
        (money.Position(titles[view.debtor], -view.net_fen), money.Position(titles[view.creditor], view.net_fen))
        if view.net_fen
        else ()
    )
    return money.ClearingPage(
        _window_words(view),
        view.state,
        pairs,
        positions,
        tuple(_line(titles, view.state, line) for line in view.lines),
        _settlement(view, titles),
        (
            money.SideHash(view.book_title, view.our_hash, view.our_hash_at),
            money.SideHash(view.other_title, view.their_hash, view.their_hash_at),
        ),
        tuple(
            Event(
                Text("双方不一致的一项", "An item on which the two sides differ"),
                view.closed_at or node.context.clock.now(),
                view.other_title,
                "",
                f"{difference.usage_id} ({difference.kind})",
            )
            for difference in view.differences
        ),
    )


def _line(titles: dict[str, Words], state: str, line: WindowLine) -> money.ClearingLine:
    """A line as it counts in the gross: a fee is held back from what the other side owes, a reversal takes back."""
    debtor, creditor, amount_fen = line.debtor, line.creditor, line.amount_fen
    for turned in (line.why == "scheme-fee", line.reverses is not None):
        if turned:
            debtor, creditor, amount_fen = creditor, debtor, -amount_fen
    return money.ClearingLine(
        f"{line.why} {line.usage_id}",
        line.posted_at,
        titles.get(debtor, debtor),
        titles.get(creditor, creditor),
        amount_fen,
        "reversed" if line.reverses else state,
    )


def _settlement(view: WindowView, titles: dict[str, Words]) -> tuple[Fact, ...]:
    if view.paid is None:
        return ()
    return (
        Fact(Text("付款方", "Paid by"), titles.get(view.paid.debtor, view.paid.debtor)),
        Fact(Text("收款方", "Paid to"), titles.get(view.paid.creditor, view.paid.creditor)),
        Fact(Text("金额", "Amount"), Yuan(view.paid.amount_fen)),
        Fact(Text("时间", "At"), view.paid.at),
        Fact(Text("窗口编号", "Window"), Exact(view.ref)),
    )


def add(routes: Routes, node: Node) -> None:
    """Register the pages."""
    context = node.context

    @routes.add("GET", "/rides/{ride_id}", "signed-in", gives=PAGE)
    async def ride_page(ride_id: str, request: Request) -> Response:
        """A ride: one's own, or one of a pass that one's institution issued."""
        account = account_of(request)
        view = await ride_for(context, account, ride_id)
        page = _ride_page(view)
        if account.may("ride.clear") and view.windows:
            page = replace(page, window=Link(Text("清分窗口", "Clearing window"), f"/clearing/{view.windows[0]}"))
        return respond(request, node.pages, "ride.html", page, await visit_of(node, request, HOME))

    @routes.add("GET", "/clearing/{ref}", "may:ride.read", gives=PAGE)
    async def clearing_page(ref: str, request: Request) -> Response:
        """A clearing window of one's operator: gross, net, lines, both sides' hashes, settlement."""
        view = await window_for(context, account_of(request), ref)
        return respond(request, node.pages, "clearing.html", _clearing_page(node, view), await visit_of(node, request, HOME))
