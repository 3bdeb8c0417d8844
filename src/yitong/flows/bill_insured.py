"""Taking over an insured person at the home: the accumulators of the old system, and what stands on the account."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yitong.clock import local_date
from yitong.entropy import new_id
from yitong.errors import YitongError
from yitong.flows.bill_ledger import open_personal_account
from yitong.flows.context import Context, Institution
from yitong.flows.unit import Unit
from yitong.ids import read_person_number
from yitong.settlement.coverage import PERSON_TYPES, REGISTRATION_CLASSES
from yitong.settlement.insured import InsuredPerson
from yitong.settlement.register_bills import INSURED, Insured


@dataclass(frozen=True, slots=True)
class Opening:
    """What the old system had of a person in the present year."""

    number: str
    person_type: str
    registration_class: str
    account_balance_fen: int
    deductible_used_fen: int
    fund_used_fen: int


async def enrol(context: Context, unit: Unit, institution: Institution, new: Opening) -> Insured:
    """Enter a person in the insurer's records; the same person with the same opening again changes nothing.

    1. Identity number, type and class are possible; no amount is negative.  2. A number is insured once: with another
    opening it is refused (``store.exists``).  3. Record and opening balance together.
    """
    read_person_number(new.number, "/number")  # 1
    if new.person_type not in PERSON_TYPES or new.registration_class not in REGISTRATION_CLASSES:
        raise YitongError("outpatient.record-shape", "/person_type")
    if min(new.account_balance_fen, new.deductible_used_fen, new.fund_used_fen) < 0:
        raise YitongError("money.out-of-range", "/account_balance_yuan")
    now = context.clock.now()
    opening = InsuredPerson(
        new_id(context.entropy, context.jurisdiction),
        context.jurisdiction,
        new.person_type,
        new.account_balance_fen,
        new.deductible_used_fen,
        new.fund_used_fen,
        local_date(now, context.zone).year,
        1,
    )
    earlier: list[Insured] = await unit.shelf(INSURED).find(number=new.number, limit=1)
    if earlier:  # 2
        if replace(earlier[0].opening, person_no=opening.person_no) != opening or earlier[0].institution != institution.id:
            raise YitongError("store.exists", "/number")
        return earlier[0]
    insured = Insured(opening, opening, new.number, institution.id, new.registration_class, now)
    await unit.shelf(INSURED).add(insured)  # 3
    await open_personal_account(unit, context.jurisdiction, opening.person_no, opening.account_balance_fen)
    return insured
