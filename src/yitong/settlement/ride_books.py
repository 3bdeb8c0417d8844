"""The books of a metro operator and issuer: from obligations to transfers, one transfer for each obligation and book.

    why                    in the debtor's book                        in the creditor's book
    fare                   (a passenger keeps no book)                 Dr passenger-receivable  Cr fare-income
    discount               Dr discount-expense   Cr passenger-receivable
    discount-funding       Dr discount-expense   Cr payable/{issuer}   Dr receivable/{funder}   Cr discount-expense
    channel-fee            Dr channel-fee-expense  Cr channel-payable
    share                  Dr fare-income        Cr payable/{operator} Dr receivable/{issuer}   Cr fare-income
    scheme-fee             Dr scheme-fee-expense Cr receivable/{issuer}  Dr payable/{operator}  Cr scheme-fee-income
    scheme-fee-passed-on   Dr scheme-fee-income  Cr payable/{clearing}

An issuer enters the whole fare and takes out of it what is others'; what stays is what its own trains earned. What
one operator's book says it owes another, the other's book says is due: every row that names two operators moves
``payable`` and ``receivable`` by the same amount. The transfer's identifier follows from the obligation's, so posting
again changes nothing; a reversal is the exact opposite of the transfer of what it reverses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from yitong.errors import YitongError
from yitong.ledger.account import Account
from yitong.ledger.postings import (
    CHANNEL_FEE_EXPENSE,
    CHANNEL_PAYABLE,
    DISCOUNT_EXPENSE,
    FARE_INCOME,
    PASSENGER_RECEIVABLE,
    SCHEME_FEE_EXPENSE,
    SCHEME_FEE_INCOME,
    account_id,
    merged_chart,
    metro_issuer_accounts,
    metro_operator_accounts,
)
from yitong.ledger.transfer import Transfer, opposite
from yitong.settlement.schemes.metro import Agreement
from yitong.settlement.usage import Obligation


def ride_accounts(book: str, operators: Iterable[str], agreement: Agreement) -> tuple[Account, ...]:
    """The chart of ``book``, one of the agreement's ``operators``: it may owe and be owed by each of the others."""
    others = sorted(set(operators) - {book})
    houses = sorted({terms.clearing for terms in agreement.terms} - {book})
    funders = sorted({terms.discount_funder for terms in agreement.terms} - {"issuer", book})
    owing = tuple(dict.fromkeys([*others, *houses]))
    owed = tuple(dict.fromkeys([*others, *funders]))
    return merged_chart(metro_issuer_accounts(book, owing), metro_operator_accounts(book, owed))


def ride_transfers(book: str, obligations: Iterable[Obligation]) -> tuple[Transfer, ...]:
    """The transfers of ``book`` for those of the obligations that its owner is a party of, in their order."""
    return tuple(_transfer(book, item) for item in obligations if book in (item.debtor, item.creditor))


def _transfer(book: str, item: Obligation) -> Transfer:
    if item.reverses is None:
        return _charge(book, item)
    reversed_item = replace(item, id=item.reverses, debtor=item.creditor, creditor=item.debtor, reverses=None)
    return opposite(_charge(book, reversed_item), _name(book, item), memo=item.usage_id)


def _charge(book: str, item: Obligation) -> Transfer:
    debit, credit = _sides(book, item)
    return Transfer(_name(book, item), debit, credit, item.amount_fen, code=item.why, memo=item.usage_id)


def _name(book: str, item: Obligation) -> str:
    """``#`` (a charge that was made again) is not in the characters of ledger names; no party's name holds a dot."""
    return f"{item.id.replace('#', '.')}@{book}"


def _sides(book: str, item: Obligation) -> tuple[str, str]:
    """Debit and credit by the table above; raises ``ride.no-posting`` for a reason that is not in it."""
    as_debtor = {
        "discount": (DISCOUNT_EXPENSE, PASSENGER_RECEIVABLE),
        "discount-funding": (DISCOUNT_EXPENSE, f"payable/{item.creditor}"),
        "channel-fee": (CHANNEL_FEE_EXPENSE, CHANNEL_PAYABLE),
        "share": (FARE_INCOME, f"payable/{item.creditor}"),
        "scheme-fee": (SCHEME_FEE_EXPENSE, f"receivable/{item.creditor}"),
        "scheme-fee-passed-on": (SCHEME_FEE_INCOME, f"payable/{item.creditor}"),
    }
    as_creditor = {
        "fare": (PASSENGER_RECEIVABLE, FARE_INCOME),
        "discount-funding": (f"receivable/{item.debtor}", DISCOUNT_EXPENSE),
        "share": (f"receivable/{item.debtor}", FARE_INCOME),
        "scheme-fee": (f"payable/{item.debtor}", SCHEME_FEE_INCOME),
    }
    found = (as_debtor if item.debtor == book else as_creditor).get(item.why)
    if found is None:
        raise YitongError("ride.no-posting", item.id, why=item.why)
    return account_id(book, found[0]), account_id(book, found[1])
