"""What decides how a bill is shared: the list of the place of care and the policy of the home.

Who owns which rule follows the direct settlement of care across provinces (医保发〔2022〕22号 art. 6): *what* is
covered is on the list of the place of care (就医地目录), *how much* is paid is the policy of the home (参保地政策).
The rate that a patient pays first on a class-B item stands with the item when the place owns it, and with the policy
when the home does. All rates are basis points (hundredths of a percent); amounts are fen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from yitong.errors import Text, YitongError
from yitong.money import as_share

LIST_CLASSES = {
    "A": Text("甲类", "class A"),
    "B": Text("乙类", "class B"),
    "C": Text("丙类", "class C"),
    "none": Text("目录外", "not on the list"),
}
PERSON_TYPES = ("employee", "retired", "resident")
LEVELS = ("primary", "secondary", "tertiary")
REGISTRATION_CLASSES = (
    "long-term-residence",  # 异地长期居住
    "temporary-referral",  # 转诊
    "temporary-emergency",  # 急诊抢救, deemed registered when the hospital marks it (视同已备案)
    "temporary-other",
    "zone-exempt",  # 示范区免备案
)
GOVERNING_DAYS = ("visit-day", "upload-day")
ACCOUNT_PARTS = ("in-scope", "pre-self-pay", "over-limit", "full-self-pay")


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item of the list; ``price_limit_fen`` is per unit; no ``self_pay_basis_points`` means that the home owns the rate."""

    code: str
    title: Text
    list_class: str
    price_limit_fen: int | None
    self_pay_basis_points: int | None


@dataclass(frozen=True, slots=True)
class PlaceCatalogue:
    """The list of covered items of the place of care, in one version, in force from a day to a day.

    ``levels`` are the institutions that settle directly under the agreement of the place, each with its level.
    """

    id: str
    version: str
    jurisdiction: str
    title: Text
    valid_from: date
    valid_until: date | None
    items: Mapping[str, ListItem]
    levels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Band:
    """A rate for the part of an amount up to ``up_to_fen`` (none: without end) that lies above the band before."""

    up_to_fen: int | None
    basis_points: int


@dataclass(frozen=True, slots=True)
class PersonTerms:
    """What a type of person must bear first in a year, and what the basic fund pays at most in it."""

    deductible_fen: int
    annual_cap_fen: int


@dataclass(frozen=True, slots=True)
class FurtherFund:
    """A fund that pays after the basic one, from what is left of the amount in scope; its cap is for one visit."""

    code: str
    title: Text
    person_types: tuple[str, ...]
    basis_points: int
    visit_cap_fen: int | None


@dataclass(frozen=True, slots=True)
class HomePolicy:
    """The outpatient policy of the home, in one version; ``rates`` by (person type, level, registration class)."""

    id: str
    version: str
    jurisdiction: str
    title: Text
    valid_from: date
    valid_until: date | None
    governed_by: str
    persons: Mapping[str, PersonTerms]
    self_pay_basis_points: Mapping[str, int]
    rates: Mapping[tuple[str, str, str], tuple[Band, ...]]
    further_funds: tuple[FurtherFund, ...]
    account_covers: tuple[str, ...]


def in_force(valid_from: date, valid_until: date | None, day: date) -> bool:
    """True if ``day`` is in the period, both ends counted."""
    return valid_from <= day and (valid_until is None or day <= valid_until)


def bands_fen(amount_fen: int, bands: tuple[Band, ...]) -> Fraction:
    """The exact share of ``amount_fen`` by bands: each band's rate on the part of the amount that lies in it."""
    share, below_fen = Fraction(0), 0
    for band in bands:
        top_fen = amount_fen if band.up_to_fen is None else min(amount_fen, band.up_to_fen)
        share += max(0, top_fen - below_fen) * as_share(band.basis_points)
        below_fen = max(below_fen, top_fen)
    return share


def rate_bands(policy: HomePolicy, person_type: str, level: str, registration_class: str) -> tuple[Band, ...]:
    """The bands that the policy has for this person at this level under this registration; else ``outpatient.no-rate``."""
    bands = policy.rates.get((person_type, level, registration_class))
    if bands is None:
        raise YitongError("outpatient.no-rate", policy.id, level=level, registration_class=registration_class)
    return bands


def person_terms(policy: HomePolicy, person_type: str) -> PersonTerms:
    """The deductible and the cap of this type of person; else ``outpatient.no-terms``."""
    terms = policy.persons.get(person_type)
    if terms is None:
        raise YitongError("outpatient.no-terms", policy.id)
    return terms


def self_pay_share(item: ListItem, policy: HomePolicy) -> Fraction:
    """The rate that the patient pays first on an item, from whichever side owns it; else ``outpatient.no-self-pay-rate``."""
    basis_points = item.self_pay_basis_points
    if basis_points is None:
        basis_points = policy.self_pay_basis_points.get(item.list_class)
    if basis_points is None:
        raise YitongError("outpatient.no-self-pay-rate", f"{policy.id}: {item.code}")
    return as_share(basis_points)
