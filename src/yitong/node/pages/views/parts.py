"""The parts that several pages share: links, values that need a form of their own, events, actions, paging."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.node.pages.text import Words


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go: ``href`` is a path of this node or an http(s) address."""

    text: Words
    href: str


@dataclass(frozen=True, slots=True)
class Yuan:
    """An amount where a page would otherwise take the integer for a count."""

    amount_fen: int


@dataclass(frozen=True, slots=True)
class Coded:
    """A state or role by its code; ``area`` names its words, such as ``case-state``."""

    area: str
    code: str


@dataclass(frozen=True, slots=True)
class Exact:
    """A value to be read character by character: an identifier, a hash, a code."""

    value: str


# A value that a page can write: see ``Voice.show``. Nothing is written as a dash with words for those who listen.
Value = Words | Yuan | Coded | Exact | Link | datetime | date | int | None


@dataclass(frozen=True, slots=True)
class Fact:
    """A label, its value, and perhaps a remark."""

    label: Words
    value: Value
    note: Words = ""


@dataclass(frozen=True, slots=True)
class Reliance:
    """Something an answer relied on: what, from whom, as of when, and its age at the moment of the answer."""

    what: Words
    source: Words
    as_of: datetime
    age_s: int


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, when, who did it and for which institution; ``digest`` is the evidence that was recorded."""

    what: Words
    at: datetime
    who: Words
    institution: Words = ""
    note: Words = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something the reader may do now: ``kind`` names its words (``action.suspend``), ``href`` takes the POST.

    With ``reason`` the form asks for one, in a field named ``reason`` unless told. ``error`` and ``value`` are what came
    back from a refused form. ``danger`` marks what cannot be undone. ``hidden`` are further fields of the form.
    """

    kind: str
    href: str
    reason: bool = False
    danger: bool = False
    error: Words = ""
    value: str = ""
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class FieldError:
    """A complaint about one field of a form, linked to it by the id of the field."""

    field_id: str
    message: Words


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a reader is in a long list; an empty ``previous`` or ``following`` means that there is none."""

    number: int
    pages_count: int
    previous: str = ""
    following: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A signed message that crossed a border, and the hash of the receipt that came back (empty: none yet)."""

    what: Words
    at: datetime
    sender: Words
    receiver: Words
    digest: str
    receipt_digest: str = ""
