"""What the home knows of an insured person for settling bills, and how a settlement changes it: once, and exactly back.

The accumulators live only here. Two hospitals may settle at the same second, so every change raises ``version`` and a
quote is settled only on the version that it was computed on; a storage must write with the same comparison.

A settlement has one id for ever. The same id with the same content gives the same answer; with other content it is
refused. A reversal that arrives before the settlement that it reverses is kept too, so that the late settlement is
refused: what was reversed is never settled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from yitong.errors import YitongError
from yitong.settlement.quote import Quote
from yitong.settlement.records import read_record, write_record


@dataclass(frozen=True, slots=True)
class InsuredPerson:
    """One person's record at the home. ``fund_used_fen`` is what the basic fund paid in ``year``, which the cap bounds."""

    person_no: str
    jurisdiction: str
    person_type: str
    account_balance_fen: int
    deductible_used_fen: int
    fund_used_fen: int
    year: int
    version: int

    def to_json(self) -> dict[str, Any]:
        """All members, plain."""
        return dict(write_record(self))


@dataclass(frozen=True, slots=True)
class SettlementRequest:
    """What the place of care asks for: this quote, on this version, at these amounts, under this id."""

    settlement_id: str
    quote_digest: str
    insured_version: int
    fund_total_fen: int
    account_fen: int
    cash_fen: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settlement as the home keeps it; ``state`` is ``settled`` or ``reversed``.

    One that was reversed before it ever arrived has no quote and no amounts.
    """

    settlement_id: str
    state: str
    quote_digest: str
    person_no: str
    year: int
    deductible_fen: int
    basic_fund_fen: int
    fund_total_fen: int
    account_fen: int
    cash_fen: int
    decided_at: datetime
    reversal_id: str = ""
    reversed_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """All members, plain."""
        return dict(write_record(self))


def insured_from_json(value: object, where: str = "") -> InsuredPerson:
    """A record from its plain members; raises ``outpatient.record-shape``."""
    return read_record(InsuredPerson, value, where)


def settlement_from_json(value: object, where: str = "") -> Settlement:
    """A settlement from its plain members; raises ``outpatient.record-shape``."""
    return read_record(Settlement, value, where)


def request_for(settlement_id: str, quote: Quote) -> SettlementRequest:
    """The request to settle a confirmed quote."""
    return SettlementRequest(
        settlement_id, quote.digest, quote.insured_version, quote.fund_total_fen, quote.account_fen, quote.cash_fen
    )


def for_year(insured: InsuredPerson, year: int) -> InsuredPerson:
    """The record in ``year``: a new year starts with nothing used; a year that is over is not opened again."""
    if year < insured.year:
        raise YitongError("outpatient.wrong-year", insured.jurisdiction, year=year)
    if year == insured.year:
        return insured
    return replace(insured, year=year, deductible_used_fen=0, fund_used_fen=0, version=insured.version + 1)


def settle(insured: InsuredPerson, quote: Quote) -> InsuredPerson:
    """The record after settling ``quote``; raises ``outpatient.quote-stale`` unless nothing changed since it was computed."""
    if (quote.person_no, quote.home) != (insured.person_no, insured.jurisdiction):
        raise YitongError("outpatient.wrong-person", "/person_no")
    if (quote.insured_version, quote.year) != (insured.version, insured.year):
        raise YitongError("outpatient.quote-stale", "/insured_version")
    if quote.account_fen > max(0, insured.account_balance_fen):  # the same version with less on it: a quote tampered with
        raise YitongError("outpatient.quote-mismatch", "/account_fen")
    return replace(
        insured,
        account_balance_fen=insured.account_balance_fen - quote.account_fen,
        deductible_used_fen=insured.deductible_used_fen + quote.deductible_fen,
        fund_used_fen=insured.fund_used_fen + quote.basic_fund_fen,
        version=insured.version + 1,
    )


def reverse(insured: InsuredPerson, settlement: Settlement) -> InsuredPerson:
    """The record after giving back everything that ``settlement`` took; only ``version`` goes on.

    A settlement of a year that is over gives back the account's money; the used amounts of that year are closed.
    """
    if settlement.person_no != insured.person_no:
        raise YitongError("outpatient.wrong-person", "/person_no")
    same_year = settlement.year == insured.year
    deductible_used_fen = insured.deductible_used_fen - settlement.deductible_fen * same_year
    fund_used_fen = insured.fund_used_fen - settlement.basic_fund_fen * same_year
    if min(deductible_used_fen, fund_used_fen) < 0:
        raise YitongError("outpatient.identity-broken", settlement.settlement_id, identity="give-back")
    return replace(
        insured,
        account_balance_fen=insured.account_balance_fen + settlement.account_fen,
        deductible_used_fen=deductible_used_fen,
        fund_used_fen=fund_used_fen,
        version=insured.version + 1,
    )


def settle_once(
    insured: InsuredPerson, quote: Quote, request: SettlementRequest, earlier: Settlement | None, now: datetime
) -> tuple[InsuredPerson, Settlement]:
    """Settle under the id of ``request``; ``quote`` is the home's own copy, ``earlier`` what it keeps under that id.

    1. A reversed id is dead (``outpatient.reversed-already``); the same content again gives the same answer; other
       content is refused (``outpatient.settlement-id-reused``).
    2. The request repeats the quote exactly: what the patient saw is what is settled (``outpatient.quote-mismatch``).
    3. Nothing has changed since (``outpatient.quote-stale``).
    """
    # 1.
    if earlier is not None:
        if earlier.state == "reversed":
            raise YitongError("outpatient.reversed-already", request.settlement_id)
        amounts = (earlier.quote_digest, earlier.fund_total_fen, earlier.account_fen, earlier.cash_fen)
        if amounts != (request.quote_digest, request.fund_total_fen, request.account_fen, request.cash_fen):
            raise YitongError("outpatient.settlement-id-reused", request.settlement_id)
        return insured, earlier
    # 2.
    if request != request_for(request.settlement_id, quote):
        raise YitongError("outpatient.quote-mismatch", request.settlement_id)
    # 3.
    after = settle(insured, quote)
    return after, Settlement(
        settlement_id=request.settlement_id,
        state="settled",
        quote_digest=quote.digest,
        person_no=quote.person_no,
        year=quote.year,
        deductible_fen=quote.deductible_fen,
        basic_fund_fen=quote.basic_fund_fen,
        fund_total_fen=quote.fund_total_fen,
        account_fen=quote.account_fen,
        cash_fen=quote.cash_fen,
        decided_at=now,
    )


def reverse_once(
    insured: InsuredPerson | None, earlier: Settlement | None, settlement_id: str, reversal_id: str, now: datetime
) -> tuple[InsuredPerson | None, Settlement]:
    """Reverse what the home keeps under ``settlement_id``; ``insured`` is the person it names, if it keeps anything.

    1. Nothing under that id: keep the id as reversed, so that the settlement is refused if it arrives after all.
    2. Reversed before: by the same reversal, the same answer; by another, ``outpatient.reversed-already``.
    3. Settled: give everything back.
    """
    # 1.
    if earlier is None:
        return insured, Settlement(settlement_id, "reversed", "", "", 0, 0, 0, 0, 0, 0, now, reversal_id, now)
    if earlier.settlement_id != settlement_id:
        raise YitongError("outpatient.settlement-id-reused", settlement_id)
    # 2.
    if earlier.state == "reversed":
        if earlier.reversal_id != reversal_id:
            raise YitongError("outpatient.reversed-already", settlement_id)
        return insured, earlier
    # 3.
    if insured is None:
        raise YitongError("outpatient.wrong-person", "/person_no")
    return reverse(insured, earlier), replace(earlier, state="reversed", reversal_id=reversal_id, reversed_at=now)
