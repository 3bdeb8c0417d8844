"""Charts of accounts, and the transfers that outpatient bills, metro rides and their settlement lead to.

Each party keeps its own book; what one owes stands in its book as a payable and in the other's as a receivable of the
same amount. Every function takes plain amounts in fen and gives the transfers of one book, tied into one group with
ids that follow from the reference: calling again and posting again changes nothing. An amount of nothing gives no
transfer.

    outpatient bill   home    Dr fund-expense          Cr payable/{care}        what the funds pay
                              Dr personal-accounts     Cr payable/{care}        what the personal account pays
                      care    Dr receivable/{home}     Cr payable/{hospital}    both together
    ride              issuer  Dr passenger-receivable  Cr payable/{operator}    what the passenger is charged
                              Dr discount-expense      Cr payable/{operator}    the discount that the issuer gives
                              Dr payable/{operator}    Cr scheme-fee-income     the fee kept from the fare
                              Dr channel-fee-expense   Cr channel-payable       what the payment channel takes
                    operator  Dr receivable/{issuer}   Cr fare-income           the fare
                              Dr discount-expense      Cr receivable/{issuer}   the discount that the operator gives
                              Dr scheme-fee-expense    Cr receivable/{issuer}   the fee
    net settlement    each    Dr netting               Cr receivable/{party}    each gross amount that is due to it
                              Dr payable/{party}       Cr netting               each gross amount that it owes
                              settlement-cash against netting                   the one net amount that the bank moves

The cash share of a bill goes from the patient straight to the hospital and stands in neither of these two books.
Gross lines stay visible beside the net payment, because fund accounting keeps income and expenditure apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from yitong.ledger.account import Account
from yitong.ledger.transfer import Transfer, opposite

FUND_EXPENSE = "fund-expense"
PERSONAL_ACCOUNTS = "personal-accounts"
PASSENGER_RECEIVABLE = "passenger-receivable"
DISCOUNT_EXPENSE = "discount-expense"
CHANNEL_FEE_EXPENSE = "channel-fee-expense"
CHANNEL_PAYABLE = "channel-payable"
SCHEME_FEE_INCOME = "scheme-fee-income"
SCHEME_FEE_EXPENSE = "scheme-fee-expense"
FARE_INCOME = "fare-income"
SETTLEMENT_CASH = "settlement-cash"
OPENING_EQUITY = "opening-equity"
NETTING = "netting"
_KIND = {
    FUND_EXPENSE: "expense",
    PERSONAL_ACCOUNTS: "liability",
    PASSENGER_RECEIVABLE: "asset",
    DISCOUNT_EXPENSE: "expense",
    CHANNEL_FEE_EXPENSE: "expense",
    CHANNEL_PAYABLE: "liability",
    SCHEME_FEE_INCOME: "income",
    SCHEME_FEE_EXPENSE: "expense",
    FARE_INCOME: "income",
    SETTLEMENT_CASH: "asset",
    OPENING_EQUITY: "equity",
    NETTING: "liability",
}


def account_id(book: str, code: str) -> str:
    """The id of the account ``code`` in a book."""
    return f"{book}/{code}"


def payable(book: str, party: str) -> str:
    """The id of the account in ``book`` that says what its owner owes ``party``."""
    return account_id(book, f"payable/{party}")


def receivable(book: str, party: str) -> str:
    """The id of the account in ``book`` that says what ``party`` owes its owner."""
    return account_id(book, f"receivable/{party}")


def _chart(book: str, codes: Iterable[str], payable_to: Iterable[str], receivable_from: Iterable[str]) -> tuple[Account, ...]:
    plain = [
        Account(account_id(book, code), book, code, _KIND[code]) for code in (*codes, SETTLEMENT_CASH, OPENING_EQUITY, NETTING)
    ]
    owed = [Account(payable(book, party), book, "payable", "liability") for party in payable_to]
    due = [Account(receivable(book, party), book, "receivable", "asset") for party in receivable_from]
    return (*plain, *owed, *due)


def home_insurer_accounts(book: str, care_provinces: Iterable[str]) -> tuple[Account, ...]:
    """The chart of an insurer that pays for its people's care elsewhere."""
    return _chart(book, (FUND_EXPENSE, PERSONAL_ACCOUNTS), care_provinces, ())


def care_province_accounts(book: str, home_insurers: Iterable[str], hospitals: Iterable[str]) -> tuple[Account, ...]:
    """The chart of a province of care, which pays its hospitals and claims from the homes of the patients."""
    return _chart(book, (), hospitals, home_insurers)


def metro_issuer_accounts(book: str, operators: Iterable[str]) -> tuple[Account, ...]:
    """The chart of an issuer of passes, which charges its passengers and owes the operators that they rode with."""
    codes = (PASSENGER_RECEIVABLE, DISCOUNT_EXPENSE, CHANNEL_FEE_EXPENSE, CHANNEL_PAYABLE, SCHEME_FEE_INCOME)
    return _chart(book, codes, operators, ())


def metro_operator_accounts(book: str, issuers: Iterable[str]) -> tuple[Account, ...]:
    """The chart of an operator, which earns fares from the passengers of issuers."""
    return _chart(book, (FARE_INCOME, DISCOUNT_EXPENSE, SCHEME_FEE_EXPENSE), (), issuers)


def merged_chart(*charts: Iterable[Account]) -> tuple[Account, ...]:
    """Several charts of one book as one: an issuer that is also an operator keeps one cash account."""
    return tuple({account.id: account for chart in charts for account in chart}.values())


_Leg = tuple[str, str, str, int]  # name, debit account, credit account, amount in fen


def _legs(reference: str, book: str, legs: Sequence[_Leg]) -> tuple[Transfer, ...]:
    group = f"{reference}@{book}"
    return tuple(
        Transfer(f"{group}/{name}", debit, credit, amount_fen, code=name.split("/")[0], memo=reference, group=group)
        for name, debit, credit, amount_fen in legs
        if amount_fen
    )


def transfers_for_settlement(
    settlement_id: str, home: str, care: str, hospital: str, *, fund_fen: int, account_fen: int
) -> tuple[tuple[Transfer, ...], tuple[Transfer, ...]]:
    """The transfers of one settled bill: those of the home insurer's book, and those of the province of care's."""
    home_legs = [
        ("bill-fund", account_id(home, FUND_EXPENSE), payable(home, care), fund_fen),
        ("bill-account", account_id(home, PERSONAL_ACCOUNTS), payable(home, care), account_fen),
    ]
    care_legs = [("bill-claim", receivable(care, home), payable(care, hospital), fund_fen + account_fen)]
    return _legs(settlement_id, home, home_legs), _legs(settlement_id, care, care_legs)


def transfers_for_reversal(originals: Sequence[Transfer], reversal_id: str) -> tuple[Transfer, ...]:
    """The opposite of each transfer of one book, in the reverse order, as one group under ``reversal_id``.

    The reverse order keeps every step inside the limits that the original order kept.
    """
    return tuple(
        opposite(
            original, f"{reversal_id}/{original.id}", memo=reversal_id, group=f"{reversal_id}/{original.group or original.id}"
        )
        for original in reversed(originals)
    )


def net_position_fen(owes_fen: Mapping[str, int], is_owed_fen: Mapping[str, int]) -> int:
    """What the bank moves to a party (negative: from it): all that it is owed less all that it owes."""
    return sum(is_owed_fen.values()) - sum(owes_fen.values())


def transfers_for_net_settlement(
    run_id: str, book: str, *, owes_fen: Mapping[str, int], is_owed_fen: Mapping[str, int]
) -> tuple[Transfer, ...]:
    """The transfers by which one party's part of a net settlement is paid, in its own book.

    Every gross amount goes through ``netting``, in the order of the parties' names, and one transfer between
    ``netting`` and ``settlement-cash`` matches the one line of the bank's statement. ``netting`` ends where it began.
    An amount below zero takes back what an earlier run paid: it runs the other way through the same two accounts.
    """
    netting, cash = account_id(book, NETTING), account_id(book, SETTLEMENT_CASH)
    legs: list[_Leg] = [
        *((f"net-due/{party}", netting, receivable(book, party), is_owed_fen[party]) for party in sorted(is_owed_fen)),
        *((f"net-owed/{party}", payable(book, party), netting, owes_fen[party]) for party in sorted(owes_fen)),
        ("net-cash", cash, netting, net_position_fen(owes_fen, is_owed_fen)),
    ]
    return _legs(run_id, book, [_forward(leg) for leg in legs])


def _forward(leg: _Leg) -> _Leg:
    name, debit, credit, amount_fen = leg
    return leg if amount_fen >= 0 else (name, credit, debit, -amount_fen)


def transfers_for_payment(payment_id: str, book: str, party: str, amount_fen: int) -> tuple[Transfer, ...]:
    """The transfer by which the owner of a book pays what it owes one party, such as a province its hospital."""
    return _legs(payment_id, book, [("payment", payable(book, party), account_id(book, SETTLEMENT_CASH), amount_fen)])


def transfers_for_opening(reference: str, book: str, code: str, amount_fen: int) -> tuple[Transfer, ...]:
    """The transfer that enters an opening balance: on the debit of an asset such as cash, on the credit of a liability."""
    account, equity = account_id(book, code), account_id(book, OPENING_EQUITY)
    debit, credit = (account, equity) if _KIND[code] in ("asset", "expense") else (equity, account)
    return _legs(reference, book, [("opening", debit, credit, amount_fen)])
