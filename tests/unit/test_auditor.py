"""The auditor finds what was put wrong on purpose, and nothing where all is right."""

from dataclasses import replace

import pytest

from yitong.ledger.account import Account
from yitong.ledger.auditor import Difference, Finding, audit, recompute
from yitong.ledger.journal import Journal, open_accounts, post
from yitong.ledger.transfer import Transfer, opposite

CASH, DEBT, OTHER = (
    Account("b/cash", "b", "cash", "asset"),
    Account("b/debt", "b", "debt", "liability"),
    Account("c/x", "c", "x", "asset"),
)
PAID = Transfer("t1", "b/cash", "b/debt", 100, "deposit", "use-1")
HELD = replace(PAID, id="p1", phase="pending")
PART = replace(PAID, id="t2", phase="post_pending", resolves="p1", amount_fen=60)
OPEN = replace(PAID, id="p2", phase="pending", amount_fen=7)
BACK = opposite(PAID, "r1", "reverse-1")
GOOD = (PAID, HELD, PART, OPEN, BACK)


def books():
    journal = Journal()
    open_accounts(journal, (CASH, DEBT, OTHER))
    post(journal, GOOD)
    return journal


def report(*, accounts=None, transfers=None):
    journal = books()
    stored = journal.accounts | (accounts or {})
    return audit(stored.values(), journal.transfers.values() if transfers is None else transfers)


def test_right_books_are_clean():
    found = report()
    assert (found.clean, found.sums_are_zero, found.net_fen_by_ledger) == (True, True, {"b": 0, "c": 0})


def test_sums_by_their_definition():
    assert recompute("b/cash", GOOD) == {
        "debits_posted_fen": 160,
        "credits_posted_fen": 100,
        "debits_pending_fen": 7,
        "credits_pending_fen": 0,
    }


@pytest.mark.parametrize("name", ["debits_posted_fen", "credits_posted_fen", "debits_pending_fen", "credits_pending_fen"])
def test_every_sum_is_compared(name):
    cash = books().accounts["b/cash"]
    stored = getattr(cash, name)
    found = report(accounts={"b/cash": replace(cash, **{name: stored + 1})})
    assert found.differences == (Difference("b/cash", name, stored + 1, stored),)
    assert found.sums_are_zero == ("pending" in name)
    assert not found.clean


def test_a_lost_transfer_shows_as_a_difference_on_both_accounts():
    found = report(transfers=[t for t in GOOD if t.id != "t2"])
    assert {(d.account_id, d.sum_name) for d in found.differences} >= {
        ("b/cash", "debits_posted_fen"),
        ("b/debt", "credits_posted_fen"),
    }


@pytest.mark.parametrize(
    ("added", "finding"),
    [
        (PAID, Finding("id-twice", "t1")),
        (replace(PART, id="t9"), Finding("resolved-twice", "p1")),
        (replace(BACK, id="r9"), Finding("reversed-twice", "t1")),
        (replace(PAID, id="t9", amount_fen=0), Finding("amount-not-positive", "t9")),
        (replace(PAID, id="t9", credit_account="c/x"), Finding("different-ledgers", "t9")),
        (replace(PAID, id="t9", credit_account="b/none"), Finding("account-unknown", "b/none")),
        (replace(PART, id="t9", resolves="p2"), Finding("resolution-differs", "t9")),
        (replace(PART, id="t9", resolves="p9"), Finding("resolution-differs", "t9")),
        (replace(BACK, id="r9", amount_fen=99), Finding("reversal-differs", "r9")),
        (replace(BACK, id="r9", reverses="t9"), Finding("reversal-differs", "r9")),
    ],
)
def test_findings(added, finding):
    assert finding in report(transfers=[*GOOD, added]).findings


def test_a_broken_limit_is_found():
    journal = books()
    strict = {"b/debt": replace(journal.accounts["b/debt"], debits_must_not_exceed_credits=True)}
    assert report(accounts=strict).findings == ()
    strict = {"b/cash": replace(journal.accounts["b/cash"], debits_must_not_exceed_credits=True)}
    assert report(accounts=strict).findings == (Finding("limit-exceeded", "b/cash"),)
    strict = {"b/debt": replace(journal.accounts["b/debt"], credits_must_not_exceed_debits=True)}
    assert report(accounts=strict).findings == (Finding("limit-exceeded", "b/debt"),)


def test_it_takes_what_can_be_read_only_once():
    journal = books()
    assert audit(iter(journal.accounts.values()), iter(journal.transfers.values())).clean
