"""Records of the region's page, which the trust anchor shows, and of the page of a problem."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import FieldError, Link


@dataclass(frozen=True, slots=True)
class TrustNode:
    """An entity in the tree of trust and those it vouches for; ``kind``: words ``entity.…`` (anchor, jurisdiction, …)."""

    name: Words
    kind: str
    entity_id: str
    state: str  # words "trust-state.…": trusted | expiring | expired | revoked | unknown
    until: datetime | None = None
    children: tuple[TrustNode, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A member's node as the anchor last saw it."""

    name: Words
    href: str
    region_code: str
    version: str
    health: str  # words "health.…": up | slow | down | unknown
    checked_at: datetime
    detail: Words = ""


@dataclass(frozen=True, slots=True)
class TrustRow:
    """One signed statement: who vouches for whom, as what (words ``role.…``), until when."""

    issuer: Words
    subject: Words
    role: str
    until: datetime
    state: str  # words "trust-state.…"


@dataclass(frozen=True, slots=True)
class RecognitionRow:
    """One row of the recognition table: which licence kind of which issuer is accepted where, for what, from when to when."""

    kind: Words
    issuer: Words
    accepting: Words
    purpose: Words
    since: date
    until: date | None
    state: str  # words "trust-state.…"


@dataclass(frozen=True, slots=True)
class RegionPage:
    """``region.html``: the members under one anchor, the trust between them, their health, whose licences are accepted."""

    about: Words
    anchor: TrustNode
    members: tuple[Member, ...]
    trust: tuple[TrustRow, ...]
    recognition: tuple[RecognitionRow, ...]
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """``error.html``: what is wrong, what to do, who can do it (words ``who.…``), the code, and how to name this request."""

    status: int
    what: Words
    remedy: Words
    who: str
    code: str
    request_id: str
    at: datetime
    errors: tuple[FieldError, ...] = ()
    back: Link | None = None
