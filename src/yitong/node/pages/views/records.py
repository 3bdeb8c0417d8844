"""Records of the detail pages of the seal and the counter: a licence, a case, the answer to a presentation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import Action, Event, Fact, Link, Reliance


@dataclass(frozen=True, slots=True)
class LicencePage:
    """``licence.html``: what a licence says, its state as of a moment, and what became of it."""

    kind: Words
    identifier: str
    holder: Words
    issuer: Words
    state: str  # words "licence-state.…"
    as_of: datetime
    issued_on: date
    until: date | None
    claims: tuple[Fact, ...]
    history: tuple[Event, ...]
    actions: tuple[Action, ...] = ()
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseClock:
    """One deadline of a case: ``name`` says which, ``sentence`` why that day; ``day`` counts from 1 in ``unit``.

    ``due`` is None while the clock stands still; ``provisional`` says that the calendar of the year is not published yet.
    """

    name: Words
    sentence: Words
    state: str  # words "clock-state.…": running | stopped | met | missed
    due: date | None
    day: int
    of_days: int
    unit: str  # words "unit.…": working-day | calendar-day | hour
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """A paper of a case: where it comes from, its state (words ``material-state.…``) and the hash of its bytes."""

    name: Words
    source: Words
    state: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """How a case ended: granted or not, by whom, why, on what law, and what can be done against it."""

    granted: bool
    at: datetime
    authority: Words
    reason: Words
    law: Words = ""
    remedy: Words = ""


@dataclass(frozen=True, slots=True)
class CasePage:
    """``case.html``: a case with its clocks, its events, and what the reader may do."""

    service: Words
    number: str
    applicant: Words
    window: Words
    authority: Words
    state: str  # words "case-state.…"
    turn: Words  # who must act now; empty when the case is over
    next_step: Words
    clocks: tuple[CaseClock, ...]
    materials: tuple[Material, ...]
    events: tuple[Event, ...]
    decision: Decision | None = None
    result: Link | None = None
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a verification: what was checked and how it came out (words ``check.…``: passed | failed | unknown)."""

    what: Words
    outcome: str
    note: Words = ""


@dataclass(frozen=True, slots=True)
class VerdictPage:
    """``verdict.html``: yes, no or cannot tell, as of a moment, with what the answer relied on and how old that was."""

    answer: str  # words "answer.…": yes | no | cannot-tell
    sentence: Words
    reason_code: str
    as_of: datetime
    kind: Words
    issuer: Words
    verifier: Words
    purpose: Words
    relied_on: tuple[Reliance, ...]
    checks: tuple[Check, ...]
    shown: tuple[Fact, ...]
    remedy: Words = ""
    links: tuple[Link, ...] = ()
