"""What the place of care and the home of the insured tell each other about a bill: the bodies of their messages.

    place of care                           home
    outpatient.register   who is it?    ->  known, and how registered for care elsewhere
    outpatient.quote      these lines   ->  the quote
    outpatient.settle     this quote    ->  settled under this id, or refused
    outpatient.query      this id?      ->  settled, reversed, or nothing known
    outpatient.reverse    this id       ->  reversed

Each answer has the type of its question with ``.answer`` behind it; ``refusal`` is the code of a refusal, or empty.
No name and no identity number crosses: the place of care knows the person by the number that the insurance code shows.
The list of the place travels with the lines, cut down to their items: the place says what is covered, the home pays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from yitong.errors import Text, YitongError
from yitong.money import WHOLE_BASIS_POINTS
from yitong.settlement.coverage import LIST_CLASSES, ListItem, PlaceCatalogue
from yitong.settlement.insured import SettlementRequest
from yitong.settlement.quote import Quote
from yitong.settlement.visit import BillLine, Visit

REGISTER, QUOTE, SETTLE = "outpatient.register", "outpatient.quote", "outpatient.settle"
QUERY, REVERSE = "outpatient.query", "outpatient.reverse"
NOTHING = "none"


def answer_to(message_type: str) -> str:
    """The type of the answer to a question."""
    return f"{message_type}.answer"


@dataclass(frozen=True, slots=True)
class RegisterAsk:
    """Is this person insured with you, and how registered for care here?"""

    bill_id: str
    person_no: str
    hospital: str
    visited_on: date


@dataclass(frozen=True, slots=True)
class RegisterAnswer:
    """Known, with the type of person and the registration class."""

    bill_id: str
    refusal: str
    person_type: str = ""
    registration_class: str = ""


@dataclass(frozen=True, slots=True)
class ListExtract:
    """A version of a place's list with the items that one bill needs."""

    id: str
    version: str
    jurisdiction: str
    title: Text
    valid_from: date
    valid_until: date | None
    items: tuple[ListItem, ...]


@dataclass(frozen=True, slots=True)
class QuoteAsk:
    """What would be paid for these lines? Carries the list of the place for their items."""

    bill_id: str
    visit: Visit
    lines: tuple[BillLine, ...]
    catalogue: ListExtract


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """The quote, unless refused."""

    bill_id: str
    refusal: str
    quote: Quote | None


@dataclass(frozen=True, slots=True)
class SettleAsk:
    """Settle what the patient confirmed."""

    bill_id: str
    request: SettlementRequest


@dataclass(frozen=True, slots=True)
class SettleAnswer:
    """Settled under this id, unless refused."""

    bill_id: str
    settlement_id: str
    refusal: str
    quote_digest: str


@dataclass(frozen=True, slots=True)
class QueryAsk:
    """What do you keep under this id?"""

    bill_id: str
    settlement_id: str


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """``state`` is ``settled``, ``reversed`` or ``none``; in the last case there is nothing to tell."""

    bill_id: str
    settlement_id: str
    state: str
    quote_digest: str
    reversal_id: str


@dataclass(frozen=True, slots=True)
class ReverseAsk:
    """Reverse what you keep under this id, and never settle it if you keep nothing."""

    bill_id: str
    settlement_id: str
    reversal_id: str


@dataclass(frozen=True, slots=True)
class ReverseAnswer:
    """Reversed by this reversal, unless refused."""

    bill_id: str
    settlement_id: str
    reversal_id: str
    refusal: str


def extract(catalogue: PlaceCatalogue, lines: Sequence[BillLine]) -> ListExtract:
    """The list, cut down to the items of these lines; codes that are not on it are simply not in it."""
    codes = dict.fromkeys(line.item_code for line in lines)
    items = tuple(catalogue.items[code] for code in codes if code in catalogue.items)
    return ListExtract(
        catalogue.id,
        catalogue.version,
        catalogue.jurisdiction,
        catalogue.title,
        catalogue.valid_from,
        catalogue.valid_until,
        items,
    )


def as_catalogue(found: ListExtract) -> PlaceCatalogue:
    """The list that a neighbour sent; raises ``outpatient.list-shape`` for items that no list could have.

    1. Each code stands once.  2. The class is known.  3. A limit is not negative.  4. A rate is between nothing and
    all, and only an item of class B is paid first in part.
    """
    items: dict[str, ListItem] = {}
    for item in found.items:
        where = f"/catalogue/items/{item.code}"
        known = item.list_class in LIST_CLASSES and item.list_class != "none"  # 2
        limit_holds = item.price_limit_fen is None or item.price_limit_fen >= 0  # 3
        rate = item.self_pay_basis_points
        rate_holds = (rate is None or 0 <= rate <= WHOLE_BASIS_POINTS) if item.list_class == "B" else rate == 0  # 4
        if item.code in items or not (known and limit_holds and rate_holds):  # 1
            raise YitongError("outpatient.list-shape", where)
        items[item.code] = item
    return PlaceCatalogue(found.id, found.version, found.jurisdiction, found.title, found.valid_from, found.valid_until, items)
