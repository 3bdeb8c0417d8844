"""A licence kind: what a licence of this kind says, who may issue it, how its number is made, how long it lasts.

A kind is catalogue data (one TOML file in ``catalog/licences``, read by :mod:`yitong.catalog.licences`).
``check_claims`` compares a dataset with its kind and returns findings; it never changes the dataset and never puts a
value into a finding, because findings reach logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from yitong.clock import as_day
from yitong.credentials.status import LicenceState
from yitong.errors import Text, YitongError
from yitong.ids import REGION_CODE, read_person_number, read_resident_id, read_uscc
from yitong.money import checked_fen
from yitong.specs.sd_jwt import RESERVED
from yitong.specs.sd_jwt_vc import NEVER_DISCLOSABLE

MAX_TEXT_CHARS = 4_000  # a business scope can fill a page
MAX_LIST_ITEMS = 200
LICENCE_CLAIM = "licence_id"  # carries the licence identifier (GB/T 36904); set by the issuer, never by a dataset
# Names with a meaning of their own in a credential (RFC 7519 §4.1, SD-JWT VC, RFC 9901) cannot be claims of a kind.
TAKEN = NEVER_DISCLOSABLE | RESERVED | {"iat", "sub", "aud", "jti", LICENCE_CLAIM}
CLAIM_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or to be confirmed, with one claim; ``code`` is in the errors table, ``severity`` "error" or "warn"."""

    claim: str
    code: str
    severity: str


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """One claim of a kind. ``hidden`` claims are never shown by default; ``after`` names a date that must not be later."""

    name: str
    label: Text
    check: str
    required: bool
    disclosable: bool
    hidden: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Which claim is the serial of the licence identifier, and how it is written."""

    claim: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact of the catalogue comes from and how far it can be relied on."""

    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class LicenceKind:
    """One kind of licence. ``valid_until`` names the claim with its last day, when licences of this kind have one."""

    id: str
    title: Text
    vct: str
    format: str
    issuing_role: str
    type_code: str
    number: NumberRule
    claims: tuple[ClaimRule, ...]
    validity_days: int
    valid_until: str | None
    states: tuple[LicenceState, ...]
    sources: tuple[Provenance, ...]

    def claim(self, name: str) -> ClaimRule:
        """The rule of a claim; raises KeyError for one that the kind does not have."""
        return {rule.name: rule for rule in self.claims}[name]


# --- Checks on one value ------------------------------------------------------------------------------------------


def _wrong(name: str) -> list[Finding]:
    return [Finding(name, "kind.claim-wrong", "error")]


def _uscc(value: Any, name: str) -> list[Finding]:
    if not isinstance(value, str):
        return _wrong(name)
    return [] if read_uscc(value).ok else [Finding(name, "kind.uscc-unconfirmed", "warn")]


def _number_read_by(read: Callable[[str], object]) -> Callable[[Any, str], list[Finding]]:
    def check(value: Any, name: str) -> list[Finding]:
        if not isinstance(value, str):
            return _wrong(name)
        read(value)
        return []

    return check


def _matching(fits: Callable[[Any], bool]) -> Callable[[Any, str], list[Finding]]:
    return lambda value, name: [] if fits(value) else _wrong(name)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value == value.strip() and 0 < len(value) <= MAX_TEXT_CHARS and value.isprintable()


def _is_date(value: Any) -> bool:
    return as_day(value) is not None


def _is_region(value: Any) -> bool:
    return isinstance(value, str) and REGION_CODE.match(value) is not None


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_LIST_ITEMS and all(map(_is_text, value))


def _is_fen(value: Any) -> bool:
    try:
        return checked_fen(value) >= 0
    except YitongError:
        return False


CHECKS: Mapping[str, Callable[[Any, str], list[Finding]]] = {
    "uscc": _uscc,
    "resident-id": _number_read_by(read_resident_id),
    "person-number": _number_read_by(read_person_number),
    "text": _matching(_is_text),
    "date": _matching(_is_date),
    "region": _matching(_is_region),
    "list": _matching(_is_list),
    "fen": _matching(_is_fen),
}


# --- Checks on a dataset ------------------------------------------------------------------------------------------


def check_claims(kind: LicenceKind, claims: Mapping[str, Any]) -> list[Finding]:
    """Everything that a dataset has wrong by its kind, errors and warnings; empty when there is nothing to say.

    1. No claim that the kind does not have.  2. Every required claim; each value passes its check (a credit code of
    before 2016 that fails its check character is a warning: the registry must confirm it).  3. The number is written
    as the kind says.  4. Dates in their order.
    """
    names = {rule.name for rule in kind.claims}
    unknown = [name if CLAIM_NAME.match(name) else "" for name in claims if name not in names]  # an odd name may be a value
    found = [Finding(name, "kind.claim-unknown", "error") for name in unknown]  # 1
    for rule in kind.claims:  # 2
        if rule.name in claims:
            found += _checked(rule, claims[rule.name])
        elif rule.required:
            found.append(Finding(rule.name, "kind.claim-missing", "error"))
    wrong = {finding.claim for finding in found if finding.severity == "error"}
    number = kind.number
    if (
        number.claim in claims
        and number.claim not in wrong
        and not re.fullmatch(number.pattern, claims[number.claim], re.ASCII)
    ):  # 3
        found.append(Finding(number.claim, "kind.number-wrong", "error"))
    for rule in kind.claims:  # 4
        both = rule.after is not None and rule.name in claims and rule.after in claims and not wrong & {rule.name, rule.after}
        if both and claims[rule.name] < claims[str(rule.after)]:
            found.append(Finding(rule.name, "kind.dates-crossed", "error"))
    return found


def _checked(rule: ClaimRule, value: Any) -> list[Finding]:
    try:
        return CHECKS[rule.check](value, rule.name)
    except YitongError as error:  # an identifier with a fault of its own
        return [Finding(rule.name, error.code, "error")]


def payload_of(kind: LicenceKind, claims: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The claims of a dataset as a credential carries them, and the names of those that its holder may keep back."""
    present = [rule for rule in kind.claims if rule.name in claims]
    return {rule.name: claims[rule.name] for rule in present}, tuple(rule.name for rule in present if rule.disclosable)
