"""An outpatient bill shared between patient and insurance: the list of the place of care, the policy of the home.

:func:`quote` is computed at the home. It is pure: the same lines, list, policy, record and visit give the same quote.
Per line, all in fen (the national names of the parts are in :mod:`yitong.settlement.quote`):

    class C, or not on the list         all of it is the patient's
    over the price limit                max(0, price - limit) x quantity is the patient's
    pre-self-pay                        (gross - over) x rate, rounded half up, is the patient's
    the rest                            is in scope

Worked example (an employee insured in Anhui, at a tertiary hospital's outpatient clinic in Shanghai): 1170.00 in
all; 120.00 not covered, 100.00 over a limit, 110.00 paid first, so 840.00 in scope. Deductible 800.00 a year, 600.00
used: 200.00; of the other 640.00 the fund's share is 50 % = 320.00, but its cap is 6000.00 a year and 5800.00 is
used: 200.00. Of the person's 970.00 the account, with 300.00 on it, pays 300.00; 670.00 is cash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yitong.clock import SHANGHAI, local_date
from yitong.errors import Text, YitongError
from yitong.money import WHOLE_BASIS_POINTS, as_share, format_yuan, round_half_up, share_half_up
from yitong.settlement.coverage import (
    LIST_CLASSES,
    HomePolicy,
    ListItem,
    PlaceCatalogue,
    bands_fen,
    in_force,
    person_terms,
    rate_bands,
    self_pay_share,
)
from yitong.settlement.insured import InsuredPerson
from yitong.settlement.quote import LineResult, Quote, check_identities
from yitong.settlement.usage import Obligation
from yitong.settlement.visit import BillLine, Visit, check_upload


def quote(
    lines: Sequence[BillLine],
    place_catalogue: PlaceCatalogue,
    home_policy: HomePolicy,
    insured_snapshot: InsuredPerson,
    visit: Visit,
) -> Quote:
    """The quote for a bill.

    1. The upload is sound by itself (:func:`yitong.settlement.visit.check_upload`).
    2. Person, list and policy are those of this visit, and in force on the day that governs.
    3. Each line is taken apart by the list of the place.
    4. Deductible: min(in scope, what is left of the year's deductible, never less than nothing: the policy may have
       been lowered in mid-year).
    5. The basic fund's share of the rest by rate or bands, rounded once, and no more than is left under the cap.
    6. Further funds, in the order of the home, each from what is left of the amount in scope.
    7. The rest is the person's: first the account, for the parts that it may pay, then cash.
    8. Every identity holds (``outpatient.identity-broken`` otherwise).
    """
    check_upload(lines, visit)  # 1.
    governing_day = _check_parties(place_catalogue, home_policy, insured_snapshot, visit)  # 2.
    results = tuple(_take_apart(line, place_catalogue, home_policy) for line in lines)  # 3.
    catalogue_name = f"{place_catalogue.id}@{place_catalogue.version}"
    found = _shared(results, home_policy, insured_snapshot, visit, day=governing_day, catalogue_name=catalogue_name)  # 4. to 7.
    check_identities(found)  # 8.
    return found


def _shared(
    lines: tuple[LineResult, ...],
    policy: HomePolicy,
    insured: InsuredPerson,
    visit: Visit,
    *,
    day: date,
    catalogue_name: str,
) -> Quote:
    registration, terms = visit.registration, person_terms(policy, insured.person_type)
    in_scope_fen = sum(line.in_scope_fen for line in lines)
    deductible_fen = min(in_scope_fen, max(0, terms.deductible_fen - insured.deductible_used_fen))  # 4.
    shared_fen = in_scope_fen - deductible_fen
    bands = rate_bands(policy, insured.person_type, registration.level, registration.registration_class)
    share_fen = round_half_up(bands_fen(shared_fen, bands))  # 5.
    basic_fund_fen = min(share_fen, max(0, terms.annual_cap_fen - insured.fund_used_fen))
    further = _further_funds(policy, insured.person_type, in_scope_fen - basic_fund_fen)  # 6.
    fund_total_fen = basic_fund_fen + sum(amount_fen for _, amount_fen in further)
    may_pay_fen = _account_may_pay(policy, lines, in_scope_fen - fund_total_fen)  # 7.
    account_fen = min(max(0, insured.account_balance_fen), may_pay_fen)
    person_fen = visit.total_fen - fund_total_fen
    return Quote(
        visit_no=registration.visit_no,
        person_no=registration.person_no,
        home=registration.home,
        care=registration.care,
        hospital=registration.hospital,
        registration_class=registration.registration_class,
        governing_day=day,
        year=insured.year,
        insured_version=insured.version,
        policy=f"{policy.id}@{policy.version}",
        catalogue=catalogue_name,
        lines=lines,
        total_fen=visit.total_fen,
        full_self_pay_fen=sum(line.full_self_pay_fen for line in lines),
        over_limit_fen=sum(line.over_limit_fen for line in lines),
        pre_self_pay_fen=sum(line.pre_self_pay_fen for line in lines),
        in_scope_fen=in_scope_fen,
        deductible_fen=deductible_fen,
        shared_fen=shared_fen,
        capped_fen=share_fen - basic_fund_fen,
        basic_fund_fen=basic_fund_fen,
        further_funds=further,
        fund_total_fen=fund_total_fen,
        person_fen=person_fen,
        account_fen=account_fen,
        cash_fen=person_fen - account_fen,
    )


def governing_day(policy: HomePolicy, visit: Visit) -> date:
    """The day whose version of the policy, and whose year, a bill falls under."""
    return visit.registration.visited_on if policy.governed_by == "visit-day" else visit.uploaded_on


def _check_parties(catalogue: PlaceCatalogue, policy: HomePolicy, insured: InsuredPerson, visit: Visit) -> date:
    """Check that person, list and policy fit the visit; the day that the policy says governs."""
    registration = visit.registration
    if registration.person_no != insured.person_no:
        raise YitongError("outpatient.wrong-person", "/person_no")
    if not registration.home == insured.jurisdiction == policy.jurisdiction:
        raise YitongError("outpatient.other-province", policy.id)
    if registration.care != catalogue.jurisdiction:
        raise YitongError("outpatient.other-place", catalogue.id)
    if not in_force(catalogue.valid_from, catalogue.valid_until, registration.visited_on):
        raise YitongError("outpatient.not-in-force", catalogue.id, day=registration.visited_on.isoformat())
    day = governing_day(policy, visit)
    if not in_force(policy.valid_from, policy.valid_until, day):
        raise YitongError("outpatient.not-in-force", policy.id, day=day.isoformat())
    if day.year != insured.year:
        raise YitongError("outpatient.wrong-year", policy.id, year=day.year)
    return day


def _take_apart(line: BillLine, catalogue: PlaceCatalogue, policy: HomePolicy) -> LineResult:
    item = catalogue.items.get(line.item_code)
    gross_fen = line.gross_fen
    if item is None:
        reason = Text(
            "项目编码不在就医地目录内，全部自费。", "The item is not on the list of the place of care: all of it is yours."
        )
        return LineResult(line.line_id, line.item_code, "none", gross_fen, gross_fen, 0, 0, 0, reason)
    if item.list_class == "C":
        reason = Text("丙类，全部自费。", "Class C: all of it is yours.")
        return LineResult(line.line_id, line.item_code, "C", gross_fen, gross_fen, 0, 0, 0, reason)
    over_fen = 0 if item.price_limit_fen is None else max(0, line.price_fen - item.price_limit_fen) * line.quantity
    rate = self_pay_share(item, policy)
    pre_fen = share_half_up(gross_fen - over_fen, rate)
    rest_fen = gross_fen - over_fen - pre_fen
    reason = _reason(item, over_fen, int(rate * WHOLE_BASIS_POINTS))
    return LineResult(line.line_id, line.item_code, item.list_class, gross_fen, 0, over_fen, pre_fen, rest_fen, reason)


def _reason(item: ListItem, over_fen: int, basis_points: int) -> Text:
    name = LIST_CLASSES[item.list_class]
    zh, en = [name.zh], [name.en[:1].upper() + name.en[1:]]
    if over_fen and item.price_limit_fen is not None:
        limit = format_yuan(item.price_limit_fen)
        zh.append(f"单价超过限价 {limit} 元的部分自付")
        en.append(f"the part of the price above {limit} yuan is yours")
    if basis_points:
        rate = f"{basis_points // 100}.{basis_points % 100:02d}".rstrip("0").rstrip(".")
        zh.append(f"先行自付 {rate}%")
        en.append(f"you pay {rate} % first")
    if len(zh) == 1:
        zh.append("全额纳入报销范围")
        en.append("all of it is in scope")
    return Text("，".join(zh) + "。", f"{en[0]}: {', and '.join(en[1:])}.")


def _further_funds(policy: HomePolicy, person_type: str, left_fen: int) -> tuple[tuple[str, int], ...]:
    """What each further fund pays for this person, in order; funds that pay nothing are left out."""
    found: list[tuple[str, int]] = []
    for fund in policy.further_funds:
        if person_type not in fund.person_types:
            continue
        share_fen = share_half_up(left_fen, as_share(fund.basis_points))
        paid_fen = share_fen if fund.visit_cap_fen is None else min(share_fen, fund.visit_cap_fen)
        left_fen -= paid_fen
        if paid_fen:
            found.append((fund.code, paid_fen))
    return tuple(found)


def _account_may_pay(policy: HomePolicy, lines: Sequence[LineResult], in_scope_left_fen: int) -> int:
    """The person's parts that the policy lets the personal account pay; never what lies outside them."""
    parts_fen = {
        "in-scope": in_scope_left_fen,
        "pre-self-pay": sum(line.pre_self_pay_fen for line in lines),
        "over-limit": sum(line.over_limit_fen for line in lines),
        "full-self-pay": sum(line.full_self_pay_fen for line in lines),
    }
    return sum(parts_fen[part] for part in policy.account_covers)


@dataclass(frozen=True, slots=True)
class SettledBill:
    """A settled bill as a usage: the parties, and what the funds and the personal account pay of it."""

    usage_id: str  # the settlement's id
    at: datetime
    insurer: str
    care: str
    hospital: str
    fund_fen: int
    account_fen: int


@dataclass(frozen=True, slots=True)
class OutpatientScheme:
    """What is owed for a settled bill: the insurer at home owes the place of care, and that the hospital, the same amount.

    Cash is no obligation: the patient has paid it. Bills are cleared by the month, named by its first day.
    """

    name: str = "outpatient"
    zone: str = SHANGHAI

    def window(self, usage: SettledBill) -> date:
        """The first day of the month, in the zone of the scheme, in which the bill was settled."""
        return local_date(usage.at, self.zone).replace(day=1)

    def charge(self, usage: SettledBill) -> tuple[Obligation, ...]:
        """The obligations of one bill; none for a bill that is all cash."""
        both_fen = usage.fund_fen + usage.account_fen
        parts = (
            ("fund", usage.insurer, usage.care, usage.fund_fen),
            ("account", usage.insurer, usage.care, usage.account_fen),
            ("hospital", usage.care, usage.hospital, both_fen),
        )
        return tuple(
            Obligation(f"{usage.usage_id}/{why}", debtor, creditor, amount_fen, why, usage.usage_id, self.window(usage))
            for why, debtor, creditor, amount_fen in parts
            if amount_fen
        )
