"""Story three, a ride: the messages and timers of the flow, and the accounts that it posts to.

    at the issuer's node                                   at the operator's node
    metro.pass (submission)  a pass and whose it is        metro.taps (submission)  what the gates logged
    ◄──────────────────────── metro.taps ────────────────  taps of the issuer's passes
    trips, prices, lines  ─── metro.trips ──────────────►  priced again, posted line by line
    ◄──────────────────────── metro.trips.answer ────────
    ◄────── metro.statement, metro.statement.answer ─────► the same window, computed by both
    ◄─────────────────────── metro.settlement ───────────► told by the net debtor, posted by both

An institution that is issuer and operator, as metros are, stands on both sides of this picture.
"""

from __future__ import annotations

from collections.abc import Mapping

from yitong.flows.context import Context
from yitong.flows.exchange import MessageHandler, TimerHandler
from yitong.flows.ride_clearing import receive_settlement, receive_statement, receive_statement_answer
from yitong.flows.ride_lines import receive_answers, receive_trips
from yitong.flows.ride_parties import our_operators
from yitong.flows.ride_taps import receive_taps
from yitong.flows.ride_tell import TELL, tell_due
from yitong.flows.ride_trips import EXPIRE, expire
from yitong.ledger.account import Account
from yitong.settlement.ride_books import ride_accounts

MESSAGES: Mapping[str, MessageHandler] = {
    "metro.taps": receive_taps,
    "metro.trips": receive_trips,
    "metro.trips.answer": receive_answers,
    "metro.statement": receive_statement,
    "metro.statement.answer": receive_statement_answer,
    "metro.settlement": receive_settlement,
}
TIMERS: Mapping[str, TimerHandler] = {TELL: tell_due, EXPIRE: expire}


def accounts(context: Context) -> list[Account]:
    """The books of the operators of this node; none at a node without."""
    metro = context.catalog.metro
    charts = [ride_accounts(book, metro.operators, metro.scheme.agreement) for book in our_operators(context)]
    return [account for chart in charts for account in chart]
