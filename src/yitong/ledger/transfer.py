"""A transfer: an amount from one account to another, with what it is for; written once, never edited.

Four phases:

    posted         moves the amount at once
    pending        sets the amount aside on both accounts
    post_pending   moves all or part of what ``resolves`` set aside; the rest is free again
    void_pending   frees all of what ``resolves`` set aside

A pending transfer is resolved once. ``reverses`` names a transfer that this one is the exact opposite of. ``group``
ties transfers that follow each other in one batch: all of them are posted, or none. ``memo`` is the usage,
settlement or run that the transfer comes from, so that every fen can be followed back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from yitong.errors import YitongError
from yitong.ledger.account import checked_name
from yitong.money import MAX_FEN

PHASES = frozenset({"posted", "pending", "post_pending", "void_pending"})
_RESOLVING = frozenset({"post_pending", "void_pending"})


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. Two transfers are the same if every member is."""

    id: str
    debit_account: str
    credit_account: str
    amount_fen: int
    code: str
    memo: str
    phase: str = "posted"
    resolves: str = ""
    reverses: str = ""
    group: str = ""

    @property
    def resolving(self) -> bool:
        """True if it posts or voids a pending transfer."""
        return self.phase in _RESOLVING

    def to_json(self) -> dict[str, Any]:
        """All members, plain."""
        return asdict(self)


def transfer_from_json(value: object, where: str = "") -> Transfer:
    """A checked transfer from its plain members; raises ``ledger.transfer-shape`` for a missing, unknown or mistyped one."""
    names = [field.name for field in fields(Transfer)]
    if not isinstance(value, dict) or sorted(value) != sorted(names):
        raise YitongError("ledger.transfer-shape", where)
    if any(not isinstance(value[name], int if name == "amount_fen" else str) for name in names):
        raise YitongError("ledger.transfer-shape", where)
    return checked_transfer(Transfer(**value))


def checked_transfer(transfer: Transfer) -> Transfer:
    """The same transfer if it is sound by itself, before any account is looked at.

    1. Names are written in the characters that names may have (``ledger.name-shape``).
    2. The amount is 1 to ``MAX_FEN`` (``ledger.amount-out-of-range``): nothing moves by a transfer of nothing,
       and a negative one would turn debit and credit round unseen.
    3. Debit and credit are two accounts (``ledger.same-account``).
    4. The phase is known; ``resolves`` is there if it posts or voids, and only then; only a posted one reverses.
    """
    # 1.
    where = checked_name(transfer.id, "/id")
    for name in ("debit_account", "credit_account", "code", "memo"):
        checked_name(getattr(transfer, name), f"{where}/{name}")
    for name in ("resolves", "reverses", "group"):
        if getattr(transfer, name) != "":
            checked_name(getattr(transfer, name), f"{where}/{name}")
    # 2.
    amount_fen = transfer.amount_fen
    if isinstance(amount_fen, bool) or not isinstance(amount_fen, int) or not 1 <= amount_fen <= MAX_FEN:
        raise YitongError("ledger.amount-out-of-range", where)
    # 3.
    if transfer.debit_account == transfer.credit_account:
        raise YitongError("ledger.same-account", where)
    # 4.
    known = transfer.phase in PHASES and transfer.resolving == bool(transfer.resolves)
    if not known or (transfer.reverses and transfer.phase != "posted"):
        raise YitongError("ledger.transfer-shape", where)
    return transfer


def opposite(original: Transfer, transfer_id: str, memo: str, group: str = "") -> Transfer:
    """The transfer that puts ``original`` right: same amount, debit and credit changed over, naming what it reverses."""
    return Transfer(
        id=transfer_id,
        debit_account=original.credit_account,
        credit_account=original.debit_account,
        amount_fen=original.amount_fen,
        code=original.code,
        memo=memo,
        reverses=original.id,
        group=group,
    )
