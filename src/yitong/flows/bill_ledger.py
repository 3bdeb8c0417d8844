"""A settled bill in the two ledgers: what the home owes the place of care, and the place of care its hospital.

A book is named by the code of its jurisdiction. The accounts towards a neighbour are opened when the first bill is
settled with it, if they do not stand already.
"""

from __future__ import annotations

from collections.abc import Sequence

from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.ledger.account import Account
from yitong.ledger.journal import refuse_unless_posted
from yitong.ledger.postings import (
    PERSONAL_ACCOUNTS,
    care_province_accounts,
    home_insurer_accounts,
    merged_chart,
    transfers_for_opening,
    transfers_for_reversal,
    transfers_for_settlement,
)
from yitong.ledger.transfer import Transfer
from yitong.settlement.bill import Bill
from yitong.settlement.quote import Quote


def accounts(context: Context) -> tuple[Account, ...]:
    """The accounts that this node needs from the start: as an insurer's home, and as a place of care."""
    book, roles = context.jurisdiction, [(found.id, found.roles) for found in context.institutions.values()]
    hospitals = [name for name, held in roles if "hospital" in held]
    charts: list[Sequence[Account]] = []
    if any("insurer" in held for _, held in roles):
        charts.append(home_insurer_accounts(book, sorted(context.catalog.place_lists.keys() - {book})))
    if hospitals:
        charts.append(care_province_accounts(book, sorted(context.catalog.home_policies.keys() - {book}), hospitals))
    return merged_chart(*charts)


async def _post(unit: Unit, transfers: Sequence[Transfer]) -> None:
    if transfers:
        refuse_unless_posted(await unit.ledger.post(transfers))


async def owe(unit: Unit, book: str, settlement_id: str, quote: Quote) -> None:
    """Enter a settled bill at the home."""
    await unit.ledger.open_accounts(home_insurer_accounts(book, [quote.care]))
    home, _ = _both(settlement_id, quote)
    await _post(unit, home)


async def claim(unit: Unit, book: str, bill: Bill) -> None:
    """Enter a settled bill at the place of care."""
    if bill.quote is None:
        return
    await unit.ledger.open_accounts(care_province_accounts(book, [bill.quote.home], [bill.quote.hospital]))
    _, care = _both(bill.settlement_id, bill.quote)
    await _post(unit, care)


def _both(settlement_id: str, quote: Quote) -> tuple[tuple[Transfer, ...], tuple[Transfer, ...]]:
    return transfers_for_settlement(
        settlement_id,
        quote.home,
        quote.care,
        quote.hospital,
        fund_fen=quote.fund_total_fen,
        account_fen=quote.account_fen,
    )


async def give_back(unit: Unit, settlement_id: str, reversal_id: str) -> None:
    """Enter the opposite of everything that was entered under a settlement; nothing where nothing was."""
    await _post(unit, transfers_for_reversal(await unit.ledger.transfers(settlement_id), reversal_id))


async def open_personal_account(unit: Unit, book: str, person_no: str, balance_fen: int) -> None:
    """Enter what stood on a person's account when it was taken over."""
    await unit.ledger.open_accounts(home_insurer_accounts(book, []))
    await _post(unit, transfers_for_opening(person_no, book, PERSONAL_ACCOUNTS, balance_fen))
