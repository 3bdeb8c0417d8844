"""The books of a ride: every obligation becomes a transfer in each book that it concerns, and the two books mirror each other."""

from dataclasses import replace

import pytest

from rides import SHANGHAI, SUZHOU, metro, ride
from yitong.errors import YitongError
from yitong.ledger.auditor import audit
from yitong.ledger.journal import Journal, open_accounts, post, refuse_unless_posted
from yitong.ledger.postings import transfers_for_net_settlement
from yitong.settlement.ride_books import ride_accounts, ride_transfers
from yitong.settlement.schemes.metro import MetroScheme
from yitong.settlement.usage import corrections

JIADING, XUJIAHUI, KUNSHAN = (SHANGHAI, "jiading-xincheng"), (SHANGHAI, "xujiahui"), (SUZHOU, "kunshan-square")
WORKED = ride(JIADING, XUJIAHUI)
CROSSING = ride(KUNSHAN, JIADING, pass_id="ZXhhbXBsZTI")
GUEST = ride(KUNSHAN, JIADING, issuer=SHANGHAI, pass_id="ZXhhbXBsZTM")


def books(scheme, obligations):
    """Both operators' books after these obligations: balances by account, without the book's name."""
    found = {}
    for book in (SUZHOU, SHANGHAI):
        journal = Journal()
        open_accounts(journal, ride_accounts(book, (SUZHOU, SHANGHAI), scheme.agreement))
        refuse_unless_posted(post(journal, ride_transfers(book, obligations)))
        assert audit(journal.accounts.values(), journal.transfers.values()).clean
        found[book] = {name.removeprefix(f"{book}/"): account.balance_fen for name, account in journal.accounts.items()}
    return found[SUZHOU], found[SHANGHAI]


def charged(*trips):
    return [item for trip in trips for item in metro().scheme.charge(trip)]


def test_the_worked_ride_in_both_books():
    suzhou, shanghai = books(metro().scheme, charged(WORKED))
    assert {name: fen for name, fen in suzhou.items() if fen} == {
        "passenger-receivable": 450,
        "discount-expense": 50,
        "channel-fee-expense": 3,
        "channel-payable": 3,
        "payable/shanghai-metro": 498,
        "payable/example-clearing": 2,
    }
    assert {name: fen for name, fen in shanghai.items() if fen} == {
        "receivable/suzhou-metro": 498,
        "fare-income": 500,
        "scheme-fee-expense": 2,
    }


def test_an_issuer_keeps_what_its_own_trains_earned():
    suzhou, shanghai = books(metro().scheme, charged(CROSSING))
    assert (suzhou["fare-income"], shanghai["fare-income"]) == (381, 319)


@pytest.mark.parametrize("trips", [(WORKED,), (CROSSING, GUEST), (WORKED, CROSSING, GUEST)])
def test_what_one_owes_is_what_the_other_is_owed(trips):
    suzhou, shanghai = books(metro().scheme, charged(*trips))
    assert suzhou["payable/shanghai-metro"] == shanghai["receivable/suzhou-metro"] > 0
    assert shanghai["payable/suzhou-metro"] == suzhou["receivable/shanghai-metro"]


def test_another_operator_that_funds_the_discount_owes_the_issuer():
    scheme = metro().scheme
    terms = replace(scheme.agreement.terms[0], discount_funder=SHANGHAI)
    funded = MetroScheme(replace(scheme.agreement, terms=(terms,)), scheme.tariffs, scheme.network)
    suzhou, shanghai = books(funded, funded.charge(WORKED))
    assert suzhou["receivable/shanghai-metro"] == shanghai["payable/suzhou-metro"] == 50
    assert (suzhou["discount-expense"], shanghai["discount-expense"]) == (0, 50)


def test_a_funder_outside_owes_the_issuer_too():
    scheme = metro().scheme
    terms = replace(scheme.agreement.terms[0], discount_funder="example-city")
    funded = MetroScheme(replace(scheme.agreement, terms=(terms,)), scheme.tariffs, scheme.network)
    suzhou, _ = books(funded, funded.charge(WORKED))
    assert suzhou["receivable/example-city"] == 50


def test_taken_back_and_charged_again_leaves_what_is_wanted():
    wanted = charged(WORKED)
    held = list(wanted)
    held += corrections(held, [])
    assert {fen for book in books(metro().scheme, held) for fen in book.values()} == {0}
    held += corrections(held, wanted)
    assert books(metro().scheme, held) == books(metro().scheme, wanted)


def test_posting_again_changes_nothing():
    journal = Journal()
    open_accounts(journal, ride_accounts(SUZHOU, (SUZHOU, SHANGHAI), metro().scheme.agreement))
    transfers = ride_transfers(SUZHOU, charged(WORKED, CROSSING))
    assert {outcome.status for outcome in post(journal, transfers)} == {"posted"}
    assert {outcome.status for outcome in post(journal, transfers)} == {"exists"}


def test_a_reason_without_a_rule_is_refused():
    odd = replace(charged(WORKED)[0], why="gift")
    with pytest.raises(YitongError) as refused:
        ride_transfers(SUZHOU, [odd])
    assert refused.value.code == "ride.no-posting"


@pytest.mark.parametrize(("owes", "owed", "cash"), [(-498, 0, 498), (700, -200, -900), (-5, -5, 0), (0, 0, 0)])
def test_what_an_earlier_payment_paid_too_much_comes_back_through_the_same_accounts(owes, owed, cash):
    """A statement below zero: the payable stands on its wrong side, and the settlement brings it to nothing again."""
    journal = Journal()
    open_accounts(journal, ride_accounts(SUZHOU, (SUZHOU, SHANGHAI), metro().scheme.agreement))
    paid = transfers_for_net_settlement("run-1", SUZHOU, owes_fen={SHANGHAI: owes}, is_owed_fen={SHANGHAI: owed})
    refuse_unless_posted(post(journal, paid))
    assert journal.accounts[f"{SUZHOU}/payable/{SHANGHAI}"].balance_fen == -owes
    assert journal.accounts[f"{SUZHOU}/receivable/{SHANGHAI}"].balance_fen == -owed
    assert journal.accounts[f"{SUZHOU}/settlement-cash"].balance_fen == cash
    assert journal.accounts[f"{SUZHOU}/netting"].balance_fen == 0
