"""Outpatient bills between a place of care and the home of the insured: every message, timer and account of the story.

place of care: :mod:`~yitong.flows.bill_care` (what the hospital hands in), :mod:`~yitong.flows.bill_answers`
home:          :mod:`~yitong.flows.bill_home`, :mod:`~yitong.flows.bill_insured`
both:          :mod:`~yitong.flows.bill_ledger`, :mod:`~yitong.flows.bill_views`
"""

from __future__ import annotations

from collections.abc import Mapping

from yitong.flows import bill_answers, bill_home
from yitong.flows.bill_ledger import accounts
from yitong.flows.bill_record import SILENCE
from yitong.flows.exchange import MessageHandler, TimerHandler
from yitong.settlement import bill_messages as told

__all__ = ["MESSAGES", "TIMERS", "accounts"]

MESSAGES: Mapping[str, MessageHandler] = {
    told.REGISTER: bill_home.register_asked,
    told.QUOTE: bill_home.quote_asked,
    told.SETTLE: bill_home.settle_asked,
    told.QUERY: bill_home.query_asked,
    told.REVERSE: bill_home.reverse_asked,
    told.answer_to(told.REGISTER): bill_answers.registered,
    told.answer_to(told.QUOTE): bill_answers.quoted,
    told.answer_to(told.SETTLE): bill_answers.settled,
    told.answer_to(told.QUERY): bill_answers.queried,
    told.answer_to(told.REVERSE): bill_answers.reversed_,
}
TIMERS: Mapping[str, TimerHandler] = {SILENCE: bill_answers.silence}
