"""What a node keeps of cases beside their events: the file, the guard against a second application, papers, counters.

The events are the truth; a :class:`CaseFile` says whose they are, where the case stands, and what is known only here:
the receipt, what the applicant asked of the other node, and the offer of the result.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from yitong.records import Noun

WAITING = "waiting"
DONE = "done"
REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The window's receipt (收件告知单): received, which is not accepted. Its hash is the evidence of the event."""

    number: str
    day: str
    officer: str
    identity: str  # how the window made sure of who applies: one of ``IDENTITY_CHECKS``


IDENTITY_CHECKS = frozenset({"identity-card", "electronic-licence", "authorisation", "signed-in"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Something that the applicant asked here of the authority's node: ``id`` is also that of the message."""

    id: str
    name: str
    node: str  # whom it was asked of: nobody else can answer it
    asked_at: datetime
    state: str = WAITING
    code: str = ""  # why it was refused


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as this node files it. ``number`` is the applicant's own and goes to the deciding node only."""

    id: str
    service_id: str
    applicant: str  # the reference under which the applicant stands in the events
    account: str  # the applicant's account here; empty at a node where they have none
    number: str
    window: str
    authority: str
    state: str
    opened_at: datetime
    changed_at: datetime
    application_hash: str = ""  # tells a repeated submission from another one under the same id
    lodged_by: str = ""  # the account that submitted: the applicant's own, or an officer's at the counter
    receipt: Receipt | None = None
    turned_away: str = ""  # the code with which the authority's node refused what was forwarded
    asked: tuple[Asked, ...] = ()
    overdue: tuple[str, ...] = ()  # the clocks that have run out
    result_id: str = ""
    offer: str = ""  # of the result, for the applicant's wallet; only where the applicant is


@dataclass(frozen=True, slots=True)
class OpenApplication:
    """The one open application of an applicant for a service; ``key`` tells nobody who that is."""

    key: str
    case_id: str


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes of a paper of a case, as base64url; found by the hash that the events hold."""

    case_id: str
    sha256: str
    media_type: str
    content: str


@dataclass(frozen=True, slots=True)
class Serial:
    """The last number given out of one series."""

    series: str
    last: int


CASES: Noun[CaseFile] = Noun(
    "case_file",
    CaseFile,
    lambda v: v.id,
    {
        "applicant": lambda v: v.applicant,
        "window_id": lambda v: v.window,
        "authority_id": lambda v: v.authority or None,
        "state": lambda v: v.state,
    },
)
OPEN_APPLICATIONS: Noun[OpenApplication] = Noun("open_application", OpenApplication, lambda v: v.key)
DOCUMENTS: Noun[Document] = Noun(
    "document", Document, lambda v: document_key(v.case_id, v.sha256), {"case_id": lambda v: v.case_id}
)
SERIALS: Noun[Serial] = Noun("serial", Serial, lambda v: v.series)


def document_key(case_id: str, sha256: str) -> str:
    """Under which a paper is kept: a paper belongs to one case, even if two hold the same bytes."""
    return f"{case_id} {sha256}"
