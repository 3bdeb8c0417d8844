"""A quote: how a bill will be shared if it is settled now, computed at the home, shown to the patient, then confirmed.

A quote (预结算) promises nothing: it carries the version of the insured person's record that it was computed on, and
settling is refused when that has moved on. Its :attr:`Quote.digest` is what the patient confirms and the home settles.
It never carries the home's accumulators themselves; they stay at the home.

The national interface has these amounts under names of its own (in yuan there, in integer fen here):

    medfee_sumamt       total_fen             hifp_pay          basic_fund_fen
    fulamt_ownpay_amt   full_self_pay_fen     cvlserv_pay, hifob_pay, hifmi_pay, hifes_pay, maf_pay, oth_pay
    overlmt_selfpay     over_limit_fen                          further_funds, in the order of the home
    preselfpay_amt      pre_self_pay_fen      fund_pay_sumamt   fund_total_fen
    inscp_scp_amt       in_scope_fen          psn_part_amt      person_fen
    act_pay_dedc        deductible_fen        acct_pay          account_fen
                                              psn_cash_pay      cash_fen
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from yitong.digest import canonical_json, sha256_b64
from yitong.errors import Text, YitongError
from yitong.money import format_yuan
from yitong.settlement.records import read_record, write_record


@dataclass(frozen=True, slots=True)
class LineResult:
    """How one line was taken apart, and the reason in a sentence."""

    line_id: str
    item_code: str
    list_class: str
    gross_fen: int
    full_self_pay_fen: int
    over_limit_fen: int
    pre_self_pay_fen: int
    in_scope_fen: int
    reason: Text


@dataclass(frozen=True, slots=True)
class Quote:
    """All parts of one bill. ``policy`` and ``catalogue`` are ``id@version``; ``year`` is the accounting year at the home.

    ``shared_fen`` is in scope and above the deductible; ``capped_fen`` is what the yearly cap kept the basic fund from
    paying of its share.
    """

    visit_no: str
    person_no: str
    home: str
    care: str
    hospital: str
    registration_class: str
    governing_day: date
    year: int
    insured_version: int
    policy: str
    catalogue: str
    lines: tuple[LineResult, ...]
    total_fen: int
    full_self_pay_fen: int
    over_limit_fen: int
    pre_self_pay_fen: int
    in_scope_fen: int
    deductible_fen: int
    shared_fen: int
    capped_fen: int
    basic_fund_fen: int
    further_funds: tuple[tuple[str, int], ...]
    fund_total_fen: int
    person_fen: int
    account_fen: int
    cash_fen: int

    @property
    def digest(self) -> str:
        """The hash of everything in the quote: the same digest is the same quote."""
        return sha256_b64(canonical_json(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """All members, plain."""
        return dict(write_record(self))


def quote_from_json(value: object, where: str = "") -> Quote:
    """A quote from its plain members, its identities checked; raises ``outpatient.record-shape`` or ``…identity-broken``."""
    quote = read_record(Quote, value, where)
    check_identities(quote)
    return quote


def check_identities(quote: Quote) -> None:
    """Raise ``outpatient.identity-broken`` unless every fen of the bill is somewhere, once.

    1. No part is negative.
    2. Each line is the sum of its four parts, and each part of the bill the sum of that part over the lines.
    3. The total is the four parts; the amount in scope is deductible and shared part.
    4. What the basic fund pays and what the cap withheld fit into the shared part.
    5. The funds add up, and do not pay for what is out of scope.
    6. What the funds do not pay is the person's: from the account and in cash.
    """
    further_fen = [amount for _, amount in quote.further_funds]
    # 1.
    _must("negative", min(_amounts(quote)) >= 0 and min(further_fen, default=0) >= 0)
    # 2.
    for line in quote.lines:
        _must("line", min(_line_parts(line)) >= 0 and line.gross_fen == sum(_line_parts(line)))
    sums = tuple(sum(column) for column in zip(*(_line_parts(line) for line in quote.lines), strict=True)) or (0, 0, 0, 0)
    _must("lines", sums == (quote.full_self_pay_fen, quote.over_limit_fen, quote.pre_self_pay_fen, quote.in_scope_fen))
    # 3.
    _must("total", quote.total_fen == sum(sums))
    _must("scope", quote.in_scope_fen == quote.deductible_fen + quote.shared_fen)
    # 4.
    _must("share", quote.basic_fund_fen + quote.capped_fen <= quote.shared_fen)
    # 5.
    _must("funds", quote.fund_total_fen == quote.basic_fund_fen + sum(further_fen))
    _must("out-of-scope", quote.fund_total_fen <= quote.in_scope_fen)
    # 6.
    _must("person", quote.person_fen == quote.total_fen - quote.fund_total_fen)
    _must("cash", quote.person_fen == quote.account_fen + quote.cash_fen)


def _must(identity: str, holds: bool) -> None:
    if not holds:
        raise YitongError("outpatient.identity-broken", identity, identity=identity)


def _amounts(quote: Quote) -> Iterable[int]:
    return (getattr(quote, name) for name in Quote.__slots__ if name.endswith("_fen"))


def _line_parts(line: LineResult) -> tuple[int, int, int, int]:
    return (line.full_self_pay_fen, line.over_limit_fen, line.pre_self_pay_fen, line.in_scope_fen)


def explain(quote: Quote) -> tuple[Text, ...]:
    """The bill in sentences for the patient, in the order in which it was computed; parts of nothing are left out."""
    return tuple(sentence for sentence, _ in computation(quote))


def computation(quote: Quote) -> tuple[tuple[Text, int], ...]:
    """The sentences of :func:`explain`, each with the amount in fen that it speaks of."""
    sentences = (
        (quote.total_fen, "费用总额 {yuan} 元。", "The bill is {yuan} yuan."),
        (quote.full_self_pay_fen, "其中目录外或丙类自费 {yuan} 元。", "{yuan} yuan of it is not covered and yours to pay."),
        (quote.over_limit_fen, "超过限价自付 {yuan} 元。", "{yuan} yuan is above price limits and yours to pay."),
        (quote.pre_self_pay_fen, "先行自付 {yuan} 元。", "{yuan} yuan is the part of covered items that you pay first."),
        (quote.in_scope_fen, "纳入报销范围 {yuan} 元。", "{yuan} yuan is in scope of the insurance."),
        (
            quote.deductible_fen,
            "其中起付标准以内自付 {yuan} 元。",
            "{yuan} yuan of that is still within your yearly deductible.",
        ),
        (
            quote.capped_fen,
            "因达到年度最高支付限额，少付 {yuan} 元。",
            "{yuan} yuan is not paid because the yearly cap is reached.",
        ),
        (quote.fund_total_fen, "医保基金支付 {yuan} 元。", "The funds pay {yuan} yuan."),
        (quote.account_fen, "个人账户支付 {yuan} 元。", "Your personal account pays {yuan} yuan."),
        (quote.cash_fen, "您需现金支付 {yuan} 元。", "You pay {yuan} yuan in cash."),
    )
    return tuple(
        (Text(zh.format(yuan=format_yuan(amount_fen)), en.format(yuan=format_yuan(amount_fen))), amount_fen)
        for amount_fen, zh, en in sentences
        if amount_fen
    )
