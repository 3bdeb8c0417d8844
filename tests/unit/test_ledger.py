"""Posting: sums, limits, pending money, groups, repetitions and reversals; and the postings of the region's stories."""

from dataclasses import replace

import pytest

from yitong.errors import YitongError
from yitong.ledger.account import MAX_SUM_FEN, Account, checked_account
from yitong.ledger.auditor import audit
from yitong.ledger.journal import Journal, open_accounts, post, refuse_unless_posted
from yitong.ledger.postings import (
    account_id,
    care_province_accounts,
    home_insurer_accounts,
    merged_chart,
    metro_issuer_accounts,
    metro_operator_accounts,
    payable,
    receivable,
    transfers_for_net_settlement,
    transfers_for_opening,
    transfers_for_payment,
    transfers_for_reversal,
    transfers_for_settlement,
)
from yitong.ledger.transfer import Transfer, checked_transfer, opposite, transfer_from_json
from yitong.money import MAX_FEN

CASH, DEBT, OTHER = (
    Account("b/cash", "b", "cash", "asset"),
    Account("b/debt", "b", "debt", "liability"),
    Account("c/x", "c", "x", "asset"),
)
PAID = Transfer("t1", "b/cash", "b/debt", 100, "deposit", "use-1")
HELD = replace(PAID, id="p1", phase="pending")


def journal_of(*accounts):
    journal = Journal()
    open_accounts(journal, accounts or (CASH, DEBT, OTHER))
    return journal


def sums(journal, account):
    found = journal.accounts[account]
    return (found.debits_posted_fen, found.credits_posted_fen, found.debits_pending_fen, found.credits_pending_fen)


def codes(journal, *batch):
    return [outcome.code or outcome.status for outcome in post(journal, batch)]


def test_a_transfer_moves_both_sums_by_the_same_amount():
    journal = journal_of()
    assert codes(journal, PAID) == ["posted"]
    assert (sums(journal, "b/cash"), sums(journal, "b/debt")) == ((100, 0, 0, 0), (0, 100, 0, 0))
    assert (journal.accounts["b/cash"].balance_fen, journal.accounts["b/debt"].balance_fen) == (100, 100)


def test_the_same_again_is_nothing_and_other_content_is_refused():
    journal = journal_of()
    assert codes(journal, PAID, PAID) == ["posted", "exists"]
    assert codes(journal, replace(PAID, amount_fen=101), replace(PAID, memo="use-2")) == ["ledger.id-reused"] * 2
    assert sums(journal, "b/cash") == (100, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_fen": 0}, "ledger.amount-out-of-range"),
        ({"amount_fen": -1}, "ledger.amount-out-of-range"),
        ({"amount_fen": MAX_FEN + 1}, "ledger.amount-out-of-range"),
        ({"amount_fen": True}, "ledger.amount-out-of-range"),
        ({"credit_account": "b/cash"}, "ledger.same-account"),
        ({"credit_account": "b/none"}, "ledger.account-unknown"),
        ({"credit_account": "c/x"}, "ledger.different-ledgers"),
        ({"id": ""}, "ledger.name-shape"),
        ({"memo": "a b"}, "ledger.name-shape"),
        ({"phase": "other"}, "ledger.transfer-shape"),
        ({"phase": "post_pending"}, "ledger.transfer-shape"),
        ({"resolves": "p1"}, "ledger.transfer-shape"),
        ({"phase": "pending", "reverses": "t0"}, "ledger.transfer-shape"),
        ({"reverses": "t0"}, "ledger.original-unknown"),
        ({"phase": "void_pending", "resolves": "p0"}, "ledger.pending-unknown"),
    ],
)
def test_unsound_transfers_are_refused_and_leave_no_trace(change, code):
    journal = journal_of()
    assert codes(journal, replace(PAID, **change)) == [code]
    assert journal == journal_of()


def test_pending_money_is_set_aside_then_posted_in_part():
    journal = journal_of()
    part = replace(PAID, id="t2", phase="post_pending", resolves="p1", amount_fen=60)
    assert codes(journal, HELD) == ["posted"]
    assert sums(journal, "b/cash") == (0, 0, 100, 0)
    assert codes(journal, part, part) == ["posted", "exists"]
    assert (sums(journal, "b/cash"), sums(journal, "b/debt")) == ((60, 0, 0, 0), (0, 60, 0, 0))
    assert codes(journal, replace(part, id="t3", amount_fen=40)) == ["ledger.pending-resolved"]


def test_voiding_frees_all_of_it_once():
    journal = journal_of()
    void = replace(PAID, id="t2", phase="void_pending", resolves="p1")
    assert codes(journal, HELD, replace(void, amount_fen=99), void) == ["posted", "ledger.pending-differs", "posted"]
    assert sums(journal, "b/cash") == (0, 0, 0, 0)
    assert codes(journal, replace(void, id="t3", phase="post_pending")) == ["ledger.pending-resolved"]


def test_a_resolution_fits_its_pending_transfer():
    journal = journal_of()
    wrong_way = Transfer("t2", "b/debt", "b/cash", 100, "deposit", "use-1", "post_pending", "p1")
    too_much = replace(PAID, id="t3", phase="post_pending", resolves="p1", amount_fen=101)
    no_pending = replace(PAID, id="t4", phase="post_pending", resolves="t1")
    assert codes(journal, HELD, PAID, wrong_way, too_much, no_pending) == [
        "posted",
        "posted",
        "ledger.pending-differs",
        "ledger.pending-differs",
        "ledger.pending-unknown",
    ]


def test_limits_count_what_is_pending_against_and_not_what_is_pending_in_favour():
    purse = replace(DEBT, debits_must_not_exceed_credits=True)
    journal = journal_of(CASH, purse)
    spend = Transfer("s1", "b/debt", "b/cash", 70, "spend", "use-2")
    assert codes(journal, HELD, spend) == ["posted", "ledger.limit-exceeded"]  # 100 pending in favour do not help
    assert codes(journal, PAID, replace(spend, id="s2", phase="pending")) == ["posted", "posted"]
    assert codes(journal, replace(spend, id="s3", amount_fen=31)) == ["ledger.limit-exceeded"]
    assert codes(journal, replace(spend, id="s4", amount_fen=30)) == ["posted"]
    assert codes(journal, replace(spend, id="s5", phase="post_pending", resolves="s2")) == ["posted"]
    assert journal.accounts["b/debt"].balance_fen == 0


def test_cash_cannot_be_overdrawn_if_it_says_so():
    till = replace(CASH, credits_must_not_exceed_debits=True)
    journal = journal_of(till, DEBT)
    out = Transfer("o1", "b/debt", "b/cash", 100, "pay", "use-2")
    assert codes(journal, out, PAID, out) == ["ledger.limit-exceeded", "posted", "posted"]


def test_sums_do_not_overflow_a_column():
    journal = journal_of()
    journal.accounts["b/cash"] = replace(CASH, debits_posted_fen=MAX_SUM_FEN - 50)
    assert codes(journal, PAID, replace(PAID, id="t2", amount_fen=50)) == ["ledger.sum-overflow", "posted"]


def test_a_reversal_is_the_exact_opposite_once():
    journal = journal_of()
    back = opposite(PAID, "r1", "reverse-1")
    assert codes(journal, PAID, replace(back, amount_fen=99), replace(PAID, id="r0", reverses="t1")) == [
        "posted",
        "ledger.reversal-differs",
        "ledger.reversal-differs",
    ]
    assert codes(journal, back, back) == ["posted", "exists"]
    assert [journal.accounts[name].balance_fen for name in ("b/cash", "b/debt")] == [0, 0]
    assert codes(journal, replace(back, id="r2")) == ["ledger.reversed-already"]
    assert codes(journal, opposite(back, "r3", "reverse-2")) == ["ledger.reverses-a-reversal"]
    assert codes(journal, HELD, opposite(HELD, "r4", "reverse-3")) == ["posted", "ledger.original-unknown"]


def test_a_group_is_posted_whole_or_not_at_all():
    journal = journal_of()
    good = replace(PAID, group="g1")
    bad = replace(PAID, id="t2", credit_account="b/none", group="g1")
    outcomes = post(journal, [good, bad])
    assert [outcome.code for outcome in outcomes] == ["ledger.group-failed", "ledger.account-unknown"]
    assert journal == journal_of()
    with pytest.raises(YitongError) as caught:
        refuse_unless_posted(outcomes)
    assert caught.value.code == "ledger.account-unknown"
    mended = replace(bad, credit_account="b/debt")
    assert codes(journal, good, mended, good, mended) == ["posted", "posted", "exists", "exists"]
    assert codes(journal, good, mended) == ["exists", "exists"]
    refuse_unless_posted(post(journal, [good, mended]))


def test_a_posted_group_is_closed_and_a_split_one_is_refused():
    journal = journal_of()
    first, second = replace(PAID, group="g1"), replace(PAID, id="t2", group="g1")
    assert codes(journal, first, replace(PAID, id="t3"), second) == ["ledger.group-split", "posted", "ledger.group-split"]
    assert codes(journal, first, second) == ["posted", "posted"]
    assert codes(journal, first) == ["ledger.group-changed"]
    assert codes(journal, first, second, replace(PAID, id="t4", group="g1"))[0] == "ledger.group-changed"
    assert "t4" not in journal.transfers


def test_one_refusal_does_not_stop_the_batch():
    journal = journal_of()
    assert codes(journal, replace(PAID, amount_fen=0), PAID) == ["ledger.amount-out-of-range", "posted"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "purse"}, "ledger.account-shape"),
        ({"debits_posted_fen": 1}, "ledger.account-shape"),
        ({"credits_must_not_exceed_debits": True, "debits_must_not_exceed_credits": True}, "ledger.account-shape"),
        ({"id": "账户"}, "ledger.name-shape"),
        ({"ledger": ""}, "ledger.name-shape"),
    ],
)
def test_unsound_accounts_are_refused(change, code):
    with pytest.raises(YitongError) as caught:
        checked_account(replace(CASH, **change))
    assert caught.value.code == code


def test_opening_again_is_nothing_and_on_other_terms_is_refused():
    journal = journal_of()
    post(journal, [PAID])
    open_accounts(journal, [CASH])
    assert sums(journal, "b/cash") == (100, 0, 0, 0)
    with pytest.raises(YitongError) as caught:
        open_accounts(journal, [Account("b/new", "b", "new", "asset"), replace(CASH, kind="expense")])
    assert caught.value.code == "ledger.account-exists"
    assert "b/new" not in journal.accounts


def test_transfers_come_back_from_json():
    assert transfer_from_json(PAID.to_json()) == checked_transfer(PAID)
    assert CASH.to_json()["id"] == "b/cash"
    for change in ({"amount_fen": "100"}, {"memo": None}, {"extra": ""}):
        with pytest.raises(YitongError) as caught:
            transfer_from_json(PAID.to_json() | change)
        assert caught.value.code == "ledger.transfer-shape"


# --- the stories ------------------------------------------------------------------------------------------------

HOME, CARE, CLINIC = "anhui-insurance", "shanghai", "example-clinic"
BILL_CHARTS = (*home_insurer_accounts(HOME, [CARE]), *care_province_accounts(CARE, [HOME], [CLINIC]))
ISSUER, OPERATOR = "suzhou-metro", "shanghai-metro"
RIDE_CHARTS = (*metro_issuer_accounts(ISSUER, [OPERATOR]), *metro_operator_accounts(OPERATOR, [ISSUER]))


def balances(journal):
    return {name: account.balance_fen for name, account in journal.accounts.items() if account.balance_fen}


def test_a_settled_bill_and_its_reversal():
    journal = journal_of(*BILL_CHARTS)
    home, care = transfers_for_settlement("settle-1", HOME, CARE, CLINIC, fund_fen=20000, account_fen=30000)
    refuse_unless_posted(post(journal, [*home, *care]))
    assert balances(journal) == {
        account_id(HOME, "fund-expense"): 20000,
        account_id(HOME, "personal-accounts"): -30000,
        payable(HOME, CARE): 50000,
        receivable(CARE, HOME): 50000,
        payable(CARE, CLINIC): 50000,
    }
    assert {transfer.memo for transfer in journal.transfers.values()} == {"settle-1"}
    back = [transfer for book in (home, care) for transfer in transfers_for_reversal(book, "reverse-1")]
    refuse_unless_posted(post(journal, back))
    assert balances(journal) == {}
    twice = transfers_for_reversal(home, "reverse-2")
    assert sorted(codes(journal, *twice)) == ["ledger.group-failed", "ledger.reversed-already"]


def test_a_bill_that_is_all_cash_posts_nothing():
    assert transfers_for_settlement("settle-1", HOME, CARE, CLINIC, fund_fen=0, account_fen=0) == ((), ())


def test_net_settlement_pays_once_and_keeps_the_gross_lines():
    book, other, third = "suzhou-metro", "shanghai-metro", "hefei-metro"
    chart = merged_chart(metro_issuer_accounts(book, [other, third]), metro_operator_accounts(book, [other, third]))
    assert len({account.id for account in chart}) == len(chart)
    journal = journal_of(*chart)
    refuse_unless_posted(post(journal, transfers_for_opening("open-1", book, "settlement-cash", 10000)))
    owes, owed = {other: 900, third: 300}, {other: 500}
    ride = Transfer("ride-1", account_id(book, "passenger-receivable"), payable(book, other), 900, "ride", "trip-1")
    refuse_unless_posted(post(journal, [ride]))
    paid = transfers_for_net_settlement("run-1", book, owes_fen=owes, is_owed_fen=owed)
    assert [(transfer.code, transfer.amount_fen) for transfer in paid] == [
        ("net-due", 500),
        ("net-owed", 300),
        ("net-owed", 900),
        ("net-cash", 700),
    ]
    refuse_unless_posted(post(journal, paid))
    assert journal.accounts[account_id(book, "netting")].balance_fen == 0
    assert journal.accounts[account_id(book, "settlement-cash")].balance_fen == 9300
    assert journal.accounts[payable(book, other)].balance_fen == 0
    assert codes(journal, *paid) == ["exists"] * 4


def test_net_settlement_that_brings_money_and_one_that_moves_none():
    journal = journal_of(*metro_operator_accounts(OPERATOR, [ISSUER]))
    brings = transfers_for_net_settlement("run-1", OPERATOR, owes_fen={}, is_owed_fen={ISSUER: 498})
    refuse_unless_posted(post(journal, brings))
    assert journal.accounts[account_id(OPERATOR, "settlement-cash")].balance_fen == 498
    even = transfers_for_net_settlement("run-2", ISSUER, owes_fen={OPERATOR: 5}, is_owed_fen={OPERATOR: 5})
    assert [transfer.code for transfer in even] == ["net-due", "net-owed"]


def test_care_pays_its_hospital():
    journal = journal_of(*BILL_CHARTS)
    _, care = transfers_for_settlement("settle-1", HOME, CARE, CLINIC, fund_fen=20000, account_fen=30000)
    paid = transfers_for_payment("payment-1", CARE, CLINIC, 50000)
    refuse_unless_posted(post(journal, [*transfers_for_opening("open-1", CARE, "settlement-cash", 60000), *care, *paid]))
    assert (
        journal.accounts[payable(CARE, CLINIC)].balance_fen,
        audit(journal.accounts.values(), journal.transfers.values()).clean,
    ) == (
        0,
        True,
    )
