"""What is kept of bills: at the home the insured, the quotes given and the settlements made; at the place of care the bill.

The bill itself is its events (:mod:`yitong.settlement.bill`), in the event stream of its id; :class:`BillFile` is what
stands on the cover: whose it is, where it stands, what was asked of the home last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from yitong.errors import Text
from yitong.records import Noun
from yitong.settlement.insured import InsuredPerson, Settlement
from yitong.settlement.quote import Quote
from yitong.settlement.visit import BillLine

ASKING, REFUSED = "asking", "refused"  # states of a file whose bill has not begun: the home is asked, or has refused


@dataclass(frozen=True, slots=True)
class Insured:
    """An insured person at home. ``opening`` is the record as it was taken over; ``number`` never leaves the node."""

    person: InsuredPerson
    opening: InsuredPerson
    number: str  # identity number: what the person's account at this node is found by
    institution: str  # the insurer
    registration_class: str  # how the person is registered for care elsewhere
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class HomeQuote:
    """A quote that the home gave: its own copy, which is what it settles, with the lines that it was computed from."""

    digest: str
    care_node: str
    bill_id: str
    institution: str
    care_title: Text
    hospital_title: Text
    quote: Quote
    lines: tuple[BillLine, ...]
    quoted_at: datetime


@dataclass(frozen=True, slots=True)
class HomeSettlement:
    """A settlement at home under the id that the place of care gave it; only its node may ask for it again."""

    settlement: Settlement
    care_node: str
    bill_id: str
    institution: str


@dataclass(frozen=True, slots=True)
class BillFile:
    """The cover of a bill at the place of care."""

    id: str
    hospital: str
    visit_no: str
    person_no: str
    home: str
    home_node: str
    home_title: Text
    visited_on: date
    opened_at: datetime
    state: str
    person_type: str = ""
    quote_asked: str = ""  # the message whose answer is the quote that is wanted; answers to earlier ones are late
    refusal: str = ""  # the home's last refusal, by its code
    settled_by: str = ""  # the type of the message that brought the settlement
    total_fen: int = 0
    own_fen: int = 0  # the patient's share, from the account and in cash, once there is a quote


INSURED: Noun[Insured] = Noun(
    "insured",
    Insured,
    lambda v: v.person.person_no,
    {"number": lambda v: v.number, "institution": lambda v: v.institution},
    ("number",),
)
HOME_QUOTES: Noun[HomeQuote] = Noun("home_quote", HomeQuote, lambda v: v.digest, {"bill_id": lambda v: v.bill_id})
HOME_SETTLEMENTS: Noun[HomeSettlement] = Noun(
    "home_settlement",
    HomeSettlement,
    lambda v: v.settlement.settlement_id,
    {"person_no": lambda v: v.settlement.person_no or None, "institution": lambda v: v.institution or None},
)
BILL_FILES: Noun[BillFile] = Noun("bill_file", BillFile, lambda v: v.id, {"hospital": lambda v: v.hospital})
