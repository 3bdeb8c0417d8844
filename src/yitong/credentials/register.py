"""What an issuer and a verifier keep: licences and their history, offers, grants, nonces, issued credentials, checks made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from yitong.credentials.issuer import Grant, IssuedCredential, Offer
from yitong.credentials.status import LicenceState, StatusChange, current
from yitong.records import Noun


@dataclass(frozen=True, slots=True)
class Licence:
    """A decided licence in an institution's register; credentials are made of it. ``history`` is only ever added to."""

    id: str
    kind_id: str
    institution: str
    subject_id: str  # the account, enterprise code or reference that it belongs to; stays at this node
    claims: dict[str, Any]
    licence_id: str
    version: int
    recorded_at: datetime
    case_id: str = ""  # the case whose decision it is the result of, if any
    history: tuple[StatusChange, ...] = ()

    @property
    def state(self) -> LicenceState:
        """The state after everything recorded."""
        return current(self.history)


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential that was made of a licence."""

    credential: IssuedCredential
    register_id: str


@dataclass(frozen=True, slots=True)
class Nonce:
    """A nonce given to a wallet; taken once."""

    value_hash: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Presentation:
    """A check at a counter: what was asked, by whom and why, and the verdict once there is one."""

    id: str
    institution: str
    officer: str
    kind_id: str
    purpose: str
    query: dict[str, Any]
    nonce: str
    state: str
    created_at: datetime
    expires_at: datetime
    answered_at: datetime | None = None
    verdict: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HeldStatus:
    """The newest status list token of a list that we have seen, as it was fetched."""

    uri: str
    issuer: str
    text: str
    issued_at: int
    fetched_at: datetime


LICENCES: Noun[Licence] = Noun(
    "licence",
    Licence,
    lambda v: v.id,
    {
        "institution": lambda v: v.institution,
        "subject_id": lambda v: v.subject_id,
        "licence_id": lambda v: v.licence_id,
        "case_id": lambda v: v.case_id,
    },
    ("licence_id",),
)
ISSUED: Noun[Issued] = Noun("issued", Issued, lambda v: v.credential.id, {"register_id": lambda v: v.register_id})
OFFERS: Noun[Offer] = Noun("offer", Offer, lambda v: v.id, {"code_hash": lambda v: v.code_hash}, ("code_hash",))
GRANTS: Noun[Grant] = Noun("token_grant", Grant, lambda v: v.token_hash)
NONCES: Noun[Nonce] = Noun("nonce", Nonce, lambda v: v.value_hash)
PRESENTATIONS: Noun[Presentation] = Noun(
    "presentation",
    Presentation,
    lambda v: v.id,
    {"state": lambda v: v.state, "institution": lambda v: v.institution},
    ("state",),
)
HELD_STATUS: Noun[HeldStatus] = Noun("held_status", HeldStatus, lambda v: v.uri)
