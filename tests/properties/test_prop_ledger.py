"""For any sequence of postings: books balance, order and repetition do not matter, back is back, the auditor agrees."""

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yitong.ledger.account import Account
from yitong.ledger.auditor import audit
from yitong.ledger.journal import Journal, open_accounts, post
from yitong.ledger.postings import (
    account_id,
    metro_issuer_accounts,
    metro_operator_accounts,
    net_position_fen,
    payable,
    receivable,
    transfers_for_net_settlement,
)
from yitong.ledger.transfer import Transfer, opposite, transfer_from_json

# how long an example takes on a busy machine says nothing about it
ON_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLAIN = tuple(Account(f"b/{name}", "b", name, kind) for name, kind in (("a", "asset"), ("l", "liability"), ("i", "income")))
LIMITED = (
    Account("b/purse", "b", "purse", "liability", debits_must_not_exceed_credits=True),
    Account("b/till", "b", "till", "asset", credits_must_not_exceed_debits=True),
)
amounts = st.integers(1, 1000)


def journal_of(accounts):
    journal = Journal()
    open_accounts(journal, accounts)
    return journal


def pairs(accounts):
    return st.tuples(st.sampled_from(accounts), st.sampled_from(accounts)).filter(lambda pair: pair[0] != pair[1])


@st.composite
def plain_postings(draw):
    rows = draw(st.lists(st.tuples(pairs(PLAIN), amounts), max_size=12))
    return [Transfer(f"t{n}", debit.id, credit.id, amount, "use", f"m{n}") for n, ((debit, credit), amount) in enumerate(rows)]


@st.composite
def any_postings(draw):
    """Transfers of every phase, many of which must be refused: wrong ids, twice resolved, twice reversed, over a limit."""
    made = []
    for number in range(draw(st.integers(1, 25))):
        debit, credit = draw(pairs(PLAIN + LIMITED))
        transfer = Transfer(
            f"t{number}", debit.id, credit.id, draw(amounts), "use", "m", group=draw(st.sampled_from(["", "", "", "g"]))
        )
        kind = draw(st.sampled_from(["posted", "pending", "post_pending", "void_pending", "reversal", "again"]))
        earlier = draw(st.sampled_from(made)) if made else transfer
        if kind == "pending":
            transfer = replace(transfer, phase=kind)
        elif kind in ("post_pending", "void_pending") and made:
            transfer = replace(earlier, id=transfer.id, phase=kind, resolves=earlier.id, reverses="", group=transfer.group)
        elif kind == "reversal":
            transfer = opposite(earlier, transfer.id, "m", transfer.group)
        elif kind == "again":
            transfer = earlier
        made.append(transfer)
    return made


@ON_ANY_MACHINE
@given(any_postings())
def test_the_auditor_agrees_with_the_engine_whatever_comes(batch):
    journal = journal_of(PLAIN + LIMITED)
    outcomes = post(journal, batch)
    report = audit(journal.accounts.values(), journal.transfers.values())
    assert report.clean, report
    assert {outcome.transfer_id for outcome in outcomes if outcome.status != "refused"} == set(journal.transfers)
    assert len(outcomes) == len(batch)


@ON_ANY_MACHINE
@given(any_postings())
def test_posting_the_same_batch_again_moves_no_money_twice(batch):
    journal = journal_of(PLAIN + LIMITED)
    post(journal, batch)
    before = dict(journal.transfers)
    post(journal, batch)
    assert all(journal.transfers[name] == transfer for name, transfer in before.items())
    assert audit(journal.accounts.values(), journal.transfers.values()).clean


@ON_ANY_MACHINE
@given(any_postings(), st.data())
def test_one_batch_or_many_is_the_same(batch, data):
    batch = [replace(transfer, group="") for transfer in batch]
    cut = data.draw(st.integers(0, len(batch)))
    whole, pieces = journal_of(PLAIN + LIMITED), journal_of(PLAIN + LIMITED)
    together = [(outcome.status, outcome.code) for outcome in post(whole, batch)]
    apart = [(outcome.status, outcome.code) for part in (batch[:cut], batch[cut:]) for outcome in post(pieces, part)]
    assert (whole, together) == (pieces, apart)


@ON_ANY_MACHINE
@given(plain_postings(), st.data())
def test_any_order_and_any_repetition_give_the_same_balances(batch, data):
    once, mixed = journal_of(PLAIN), journal_of(PLAIN)
    post(once, batch)
    again = data.draw(st.lists(st.sampled_from(batch))) if batch else []
    post(mixed, data.draw(st.permutations([*batch, *again])))
    assert mixed.accounts == once.accounts
    assert mixed.transfers == once.transfers


@ON_ANY_MACHINE
@given(plain_postings(), st.data())
def test_reversing_everything_leaves_every_balance_at_nothing(batch, data):
    journal = journal_of(PLAIN)
    post(journal, batch)
    back = [opposite(transfer, f"r-{transfer.id}", "reverse") for transfer in data.draw(st.permutations(batch))]
    assert {outcome.status for outcome in post(journal, back)} <= {"posted"}
    assert all(account.balance_fen == 0 for account in journal.accounts.values())
    assert audit(journal.accounts.values(), journal.transfers.values()).clean


@ON_ANY_MACHINE
@given(any_postings())
def test_a_transfer_survives_its_journey(batch):
    for transfer in batch:
        if (transfer.phase in ("post_pending", "void_pending")) == bool(transfer.resolves):
            assert transfer_from_json(transfer.to_json()) == transfer


parties = st.dictionaries(st.sampled_from(["p", "q", "r"]), st.integers(0, 5000))


@ON_ANY_MACHINE
@given(parties, parties)
def test_net_settlement_moves_the_net_and_clears_the_gross(owes, owed):
    journal = journal_of({a.id: a for a in (*metro_issuer_accounts("b", "pqr"), *metro_operator_accounts("b", "pqr"))}.values())
    paid = transfers_for_net_settlement("run-1", "b", owes_fen=owes, is_owed_fen=owed)
    assert all(outcome.status == "posted" for outcome in post(journal, paid))
    assert journal.accounts[account_id("b", "netting")].balance_fen == 0
    assert journal.accounts[account_id("b", "settlement-cash")].balance_fen == net_position_fen(owes, owed)
    assert all(journal.accounts[payable("b", party)].balance_fen == -amount for party, amount in owes.items())
    assert all(journal.accounts[receivable("b", party)].balance_fen == -amount for party, amount in owed.items())
