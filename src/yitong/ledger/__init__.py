"""A double-entry ledger in integer fen: accounts, transfers, and the rules by which one changes the other.

Every transfer debits one account and credits another of the same book by the same amount, so the books cannot fall
out of balance. A transfer is never edited and never removed: a mistake is put right by an opposite transfer that
names the one it reverses. Money may be set aside first (*pending*) and later *posted* or *voided*.

- ``account``: the account, its kind, its limits, its four sums.
- ``transfer``: the transfer and what may be said of it before any account is looked at.
- ``journal``: posting, the reference for every storage.
- ``auditor``: a second, plainer way to the same balances, to find out where the first went wrong.
- ``postings``: charts of accounts and the transfers that the schemes of the region lead to.
"""
