"""Accounts of a node and what each role may do. Deny by default: a right that is not listed does not exist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from yitong.records import Noun

# Permissions are words; a role is a set of them. An officer acts for one institution and only for it.
ROLES: dict[str, frozenset[str]] = {
    "resident": frozenset({"own"}),
    "enterprise": frozenset({"own"}),
    "registrar": frozenset({"licence.issue", "licence.status", "licence.read"}),
    "window": frozenset({"case.receive", "case.read"}),
    "authority": frozenset({"case.decide", "case.read", "licence.read"}),
    "insurer": frozenset({"insured.write", "bill.read", "ledger.read"}),
    "operator": frozenset({"ride.clear", "ride.read", "ledger.read"}),
    "verifier": frozenset({"presentation.ask"}),
    "hospital": frozenset({"bill.read", "ledger.read"}),
}
OFFICER_ROLES = frozenset(ROLES) - {"resident", "enterprise"}


@dataclass(frozen=True, slots=True)
class Account:
    """A person or enterprise known to this node. ``number`` (identity number or USCC) never leaves the node by itself."""

    id: str
    role: str
    name_zh: str
    name_en: str
    number: str
    institution: str | None  # officers: the institution they act for
    example: bool  # invented, and may be signed in as on the example pages
    created_at: datetime

    def may(self, permission: str) -> bool:
        """Whether the role carries this permission."""
        return permission in ROLES.get(self.role, frozenset())


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in account. The cookie holds a token; only its hash is kept."""

    token_hash: str
    account_id: str
    csrf: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One look at someone's data: who, at whose, when, why. Refused attempts are looks too."""

    id: str
    subject_id: str
    looker: str
    purpose: str
    what: str
    refused: bool
    at: datetime


ACCOUNTS: Noun[Account] = Noun(
    "account",
    Account,
    lambda a: a.id,
    {"role": lambda a: a.role, "number": lambda a: a.number, "institution": lambda a: a.institution},
)
SESSIONS: Noun[Session] = Noun("session", Session, lambda s: s.token_hash, {"account_id": lambda s: s.account_id})
LOOKS: Noun[Look] = Noun("look", Look, lambda v: v.id, {"subject_id": lambda v: v.subject_id})
