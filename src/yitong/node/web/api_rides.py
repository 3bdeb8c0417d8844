"""Rides for programs: what issuers and operators hand in, which issuers a gate may believe, rides, and clearing windows."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import Request

from yitong.clock import write_moment
from yitong.errors import Text
from yitong.flows.context import Context
from yitong.flows.ride_clearing import close_windows
from yitong.flows.ride_parties import ISSUER_ROLE, OPERATOR_ROLE, check_ours, recognised_issuers
from yitong.flows.ride_taps import PASS_ACT, TAPS_ACT, record_pass, upload_taps
from yitong.flows.ride_views import Place, RideView, WindowView, ride_for, rides_of, windows_of, windows_on
from yitong.node.build import Node
from yitong.node.web.access import account_of, institution_of
from yitong.node.web.routes import Routes
from yitong.node.web.submissions import add_act
from yitong.settlement.usage import read_day
from yitong.settlement.windows import difference_to_json


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "operator": place.operator,
        "station": place.station,
        "title": _text(place.station_title),
        "at": write_moment(place.at),
    }


def described(ride: RideView) -> dict[str, Any]:
    """A ride as its passenger and its issuer read it."""
    return {
        "id": ride.id,
        "state": ride.state,
        "money": ride.money,
        "issuer": ride.issuer,
        "entry": _place(ride.entry),
        "exit": _place(ride.exit),
        "fare_fen": ride.fare_fen,
        "charged_fen": ride.charged_fen,
        "why": [{"sentence": _text(step.sentence), "amount_fen": step.amount_fen} for step in ride.why],
        "shares": [
            {"operator": share.operator, "track_m": share.track_m, "amount_fen": share.amount_fen, "fee_fen": share.fee_fen}
            for share in ride.shares
        ],
        "service_day": ride.service_day.isoformat(),
        "windows": list(ride.windows),
        "problem": ride.problem or None,
    }


def described_window(window: WindowView) -> dict[str, Any]:
    """A clearing window as the officers of one side read it."""
    return {
        "ref": window.ref,
        "book": window.book,
        "other": window.other,
        "window": window.window.isoformat(),
        "part": window.part,
        "state": window.state,
        "gross": [{"debtor": debtor, "creditor": creditor, "amount_fen": fen} for debtor, creditor, fen in window.gross],
        "debtor": window.debtor,
        "creditor": window.creditor,
        "net_fen": window.net_fen,
        "our_hash": window.our_hash or None,
        "their_hash": window.their_hash or None,
        "hashes_agree": window.hashes_agree,
        "differences": [difference_to_json(each) for each in window.differences],
        "paid": None if window.paid is None else {"amount_fen": window.paid.amount_fen, "at": write_moment(window.paid.at)},
        "lines": [
            {
                "id": line.id,
                "usage_id": line.usage_id,
                "issuer": line.issuer,
                "debtor": line.debtor,
                "creditor": line.creditor,
                "why": line.why,
                "amount_fen": line.amount_fen,
                "answer": line.answer or None,
                "reverses": line.reverses,
            }
            for line in window.lines
        ],
    }


def _day(text: str) -> date:
    return read_day(text, "clearing.malformed", "/day")


def add(routes: Routes, node: Node) -> None:
    """The endpoints of rides."""
    context = node.context
    add_act(
        routes, node, "/api/metro/passes", PASS_ACT, ISSUER_ROLE, record_pass, "metro_passes",
        "Enter a pass that the institution gave out, and whose it is.",
    )  # fmt: skip
    add_act(
        routes, node, "/api/metro/taps", TAPS_ACT, OPERATOR_ROLE, upload_taps, "metro_taps",
        "Take in what the institution's gates logged; each tap once, answered line by line.",
    )  # fmt: skip

    @routes.add("GET", "/api/metro/issuers", "public")
    async def metro_issuers() -> dict[str, Any]:
        """The issuers whose passes the gates of this jurisdiction take, their keys, and the rules: what a gate synchronises."""
        return await _issuers(context)

    @routes.add("GET", "/api/my/rides", "may:own")
    async def my_rides(request: Request) -> list[dict[str, Any]]:
        """One's own rides, newest first."""
        return [described(ride) for ride in await rides_of(context, account_of(request).id)]

    @routes.add("GET", "/api/rides/{ride_id}", "signed-in")
    async def one_ride(ride_id: str, request: Request) -> dict[str, Any]:
        """A ride: one's own, or one of a pass of the officer's institution (the look is noted)."""
        return described(await ride_for(context, account_of(request), ride_id))

    @routes.add("GET", "/api/metro/windows", "may:ride.read")
    async def metro_windows(request: Request) -> list[dict[str, Any]]:
        """The closed windows of one's operator, newest first, without their lines."""
        return [described_window(window) for window in await windows_of(context, account_of(request))]

    @routes.add("GET", "/api/metro/windows/{day}", "may:ride.read")
    async def metro_windows_of_day(day: str, request: Request) -> list[dict[str, Any]]:
        """All windows of a service day of one's operator, with their lines; the last may be open still."""
        return [described_window(window) for window in await windows_on(context, account_of(request), _day(day))]

    @routes.add("POST", "/api/metro/windows/{day}/close", "may:ride.clear")
    async def metro_window_close(day: str, request: Request) -> list[dict[str, Any]]:
        """Close what is open on a service day, and state anew what is disputed; asked again, nothing more happens."""
        book = check_ours(context, institution_of(request))
        async with context.transaction() as unit:
            await close_windows(context, unit, book, _day(day))
        return [described_window(window) for window in await windows_on(context, account_of(request), _day(day))]


async def _issuers(context: Context) -> dict[str, Any]:
    found, agreement = await recognised_issuers(context), context.catalog.metro.scheme.agreement
    return {
        "agreement": agreement.name,
        "gate_rules": asdict(agreement.gate_rules),
        "jurisdiction": context.jurisdiction,
        "as_of": write_moment(found.as_of),
        "expires_at": write_moment(found.expires_at),
        "issuers": [
            {
                "issuer": issuer.issuer,
                "entity_id": issuer.entity_id,
                "jurisdiction": issuer.jurisdiction,
                "keys": list(issuer.keys),
                "obtained_at": write_moment(issuer.obtained_at),
                "expires_at": write_moment(issuer.expires_at),
            }
            for issuer in found.issuers
        ],
        "left_out": [{"issuer": issuer, "code": code} for issuer, code in found.left_out],
    }
