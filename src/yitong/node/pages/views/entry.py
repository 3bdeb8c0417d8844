"""Records of the first pages: the node's home, sign-in, a resident's or enterprise's page, an officer's desk, looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import Link, Paging


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution of this node and the codes of its roles (words ``role.…``)."""

    name: Words
    roles: tuple[str, ...]
    entity_id: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A public service that can be begun here: who decides it, in which mode (words ``mode.…``), promised in how long."""

    title: Words
    authority: Words
    mode: str
    promised: Words
    href: str


@dataclass(frozen=True, slots=True)
class HomePage:
    """``home.html``: what this node is and what it offers."""

    about: Words
    institutions: tuple[Institution, ...]
    offers: tuple[Offer, ...]
    links: tuple[Link, ...] = ()
    sign_in_href: str = ""  # empty: nobody can sign in as an example person here


@dataclass(frozen=True, slots=True)
class Example:
    """An invented person, enterprise or officer one can sign in as; ``value`` is posted as ``subject``."""

    name: Words
    kind: str  # words "subject.…": resident | enterprise | officer
    about: Words
    value: str


@dataclass(frozen=True, slots=True)
class SignInPage:
    """``sign_in.html``: each example with a form that posts ``csrf``, ``subject`` and ``then`` to ``action``."""

    examples: tuple[Example, ...]
    action: str
    then: str = "/"


@dataclass(frozen=True, slots=True)
class LicenceRow:
    """A licence in a list."""

    kind: Words
    holder: Words
    issuer: Words
    state: str  # words "licence-state.…"
    until: date | None
    href: str


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case in a list; ``due`` is the nearest day by which somebody must act."""

    service: Words
    applicant: Words
    authority: Words
    state: str  # words "case-state.…"
    due: date | None
    href: str


@dataclass(frozen=True, slots=True)
class RideRow:
    """A ride in a list."""

    route: Words
    at: datetime
    operator: Words
    fare_fen: int
    state: str  # words "charge-state.…"
    href: str


@dataclass(frozen=True, slots=True)
class BillRow:
    """A bill in a list: the whole of it and the person's own share."""

    place: Words
    patient: Words
    on: date
    total_fen: int
    own_fen: int
    state: str  # words "bill-state.…"
    href: str


@dataclass(frozen=True, slots=True)
class ClearingRow:
    """A clearing window between this institution and another; a negative net is owed by this one."""

    window: Words
    other: Words
    gross_fen: int
    net_fen: int
    state: str  # words "clearing-state.…"
    href: str


@dataclass(frozen=True, slots=True)
class MePage:
    """``me.html``: what a resident or enterprise has here; ``looks_href`` leads to who looked at it."""

    name: Words
    kind: str  # words "subject.…"
    licences: tuple[LicenceRow, ...]
    cases: tuple[CaseRow, ...]
    rides: tuple[RideRow, ...]
    bills: tuple[BillRow, ...]
    looks_href: str
    offers: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficerPage:
    """``officer.html``: the desk of one officer; a list that the officer's role does not open is ``None``."""

    name: Words
    institution: Words
    roles: tuple[str, ...]  # words "role.…"
    licences: tuple[LicenceRow, ...] | None = None
    cases: tuple[CaseRow, ...] | None = None
    rides: tuple[RideRow, ...] | None = None
    clearings: tuple[ClearingRow, ...] | None = None
    bills: tuple[BillRow, ...] | None = None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One time somebody saw the person's data: who, for whom, why, on what basis (words ``basis.…``) and which data."""

    at: datetime
    who: Words
    institution: Words
    why: Words
    what: Words
    basis: str  # refused attempts are looks too, with the basis "refused"
    href: str = ""


@dataclass(frozen=True, slots=True)
class LooksPage:
    """``looks.html``: who looked at my data, when and why."""

    name: Words
    looks: tuple[Look, ...]
    paging: Paging | None = None
