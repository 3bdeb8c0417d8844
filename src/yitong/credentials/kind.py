"""A licence kind: what a licence of this kind says, who may issue it, how its number is made, how long it lasts.

A kind is catalogue data (one TOML file in ``catalog/licences``). ``read_kind`` is strict: an unknown key, a missing one
or a wrong value is refused with the file and the key. ``check_claims`` compares a dataset with its kind and returns
findings; it never changes the dataset and never puts a value into a finding, because findings reach logs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from yitong.credentials.status import LicenceState
from yitong.errors import Text, YitongError
from yitong.ids import read_person_number, read_resident_id, read_uscc
from yitong.money import checked_fen
from yitong.specs.sd_jwt import RESERVED
from yitong.specs.sd_jwt_vc import NEVER_DISCLOSABLE, TYP

CONFIDENCES = frozenset({"sourced", "general knowledge", "example"})
MAX_TEXT_CHARS = 4_000  # a business scope can fill a page
MAX_LIST_ITEMS = 200
LICENCE_CLAIM = "licence_id"  # carries the licence identifier (GB/T 36904); set by the issuer, never by a dataset
# Names with a meaning of their own in a credential (RFC 7519 §4.1, SD-JWT VC, RFC 9901) cannot be claims of a kind.
TAKEN = NEVER_DISCLOSABLE | RESERVED | {"iat", "sub", "aud", "jti", LICENCE_CLAIM}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}\Z", re.ASCII)


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
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_region(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 6 and value.isascii() and value.isdigit()


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
    unknown = [name if _NAME.match(name) else "" for name in claims if name not in names]  # an odd name may be a value
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


# --- Reading ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """A TOML table that gives out its members by kind and, at the end, refuses what nobody asked for."""

    rows: Mapping[str, Any]
    where: str

    def refuse(self, key: str) -> YitongError:
        return YitongError("kind.malformed", f"{self.where}: {key}", key=key)

    def only(self, *known: str) -> None:
        for key in self.rows:
            if key not in known:
                raise self.refuse(key)

    def string(self, key: str) -> str:
        value = self.rows.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(key)
        return value

    def optional(self, key: str) -> str | None:
        return self.string(key) if key in self.rows else None

    def flag(self, key: str, default: bool | None = None) -> bool:
        value = self.rows.get(key, default)
        if not isinstance(value, bool):
            raise self.refuse(key)
        return value

    def whole(self, key: str) -> int:
        value = self.rows.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise self.refuse(key)
        return value

    def text(self, key: str) -> Text:
        inner = self.inner(key)
        inner.only("zh", "en")
        return Text(inner.string("zh"), inner.string("en"))

    def inner(self, key: str) -> _Table:
        value = self.rows.get(key)
        if not isinstance(value, dict):
            raise self.refuse(key)
        return _Table(value, f"{self.where}: {key}")

    def tables(self, key: str) -> list[_Table]:
        value = self.rows.get(key)
        if not isinstance(value, list) or not value or not all(isinstance(row, dict) for row in value):
            raise self.refuse(key)
        return [_Table(row, f"{self.where}: {key}[{n}]") for n, row in enumerate(value)]


def read_kind(value: Mapping[str, Any], where: str) -> LicenceKind:
    """A licence kind from its TOML table; raises ``kind.malformed`` with file and key, or ``id.…`` for its type code.

    1. Only known keys.  2. The identifier, format and type code; the latter begins with the social credit code of the
    body that defined the type.  3. Claims: known checks, unique names, hidden ones disclosable, ``after`` between
    dates.  4. The number rule and ``valid_until`` name required claims of the kind.  5. States are known, and begin
    with "valid".  6. Every source says how far it can be relied on.
    """
    table = _Table(value, where)
    top = ("id", "title", "vct", "format", "issuing_role", "type_code", "validity_days", "valid_until", "states")
    table.only(*top, "number", "claims", "sources")  # 1
    kind_id, type_code = table.string("id"), table.string("type_code")
    if not _ID.match(kind_id):  # 2
        raise table.refuse("id")
    if table.string("format") != TYP:
        raise table.refuse("format")
    if not _TYPE_CODE.match(type_code):
        raise table.refuse("type_code")
    read_uscc(type_code[:18], f"{where}: type_code")
    claims = _read_claims(table)  # 3
    return LicenceKind(
        id=kind_id,
        title=table.text("title"),
        vct=table.string("vct"),
        format=TYP,
        issuing_role=table.string("issuing_role"),
        type_code=type_code,
        number=_read_number(table, claims),  # 4
        claims=claims,
        validity_days=table.whole("validity_days"),
        valid_until=_read_valid_until(table, claims),
        states=_read_states(table),  # 5
        sources=tuple(_read_source(row) for row in table.tables("sources")),  # 6
    )


def _read_claims(table: _Table) -> tuple[ClaimRule, ...]:
    rules = tuple(_read_claim(row) for row in table.tables("claims"))
    checks = {rule.name: rule.check for rule in rules}
    if len(checks) != len(rules):
        raise table.refuse("claims")
    for rule in rules:
        if rule.after is not None and (rule.check, checks.get(rule.after)) != ("date", "date"):
            raise table.refuse(f"claims: {rule.name}: after")
    return rules


def _read_claim(row: _Table) -> ClaimRule:
    row.only("name", "label", "check", "required", "disclosable", "hidden", "after")
    name, check, hidden, disclosable = (
        row.string("name"),
        row.string("check"),
        row.flag("hidden", False),
        row.flag("disclosable"),
    )
    if not _NAME.match(name) or name in TAKEN:
        raise row.refuse("name")
    if check not in CHECKS:
        raise row.refuse("check")
    if hidden and not disclosable:  # what everyone sees cannot be hidden by default
        raise row.refuse("hidden")
    return ClaimRule(name, row.text("label"), check, row.flag("required"), disclosable, hidden, row.optional("after"))


def _read_number(table: _Table, claims: tuple[ClaimRule, ...]) -> NumberRule:
    row = table.inner("number")
    row.only("claim", "pattern")
    rule = NumberRule(row.string("claim"), row.string("pattern"))
    if not any(claim.name == rule.claim and claim.required and claim.check in {"uscc", "text"} for claim in claims):
        raise row.refuse("claim")
    try:
        re.compile(rule.pattern, re.ASCII)
    except re.error as error:
        raise row.refuse("pattern") from error
    return rule


def _read_valid_until(table: _Table, claims: tuple[ClaimRule, ...]) -> str | None:
    name = table.optional("valid_until")
    if name is not None and not any(claim.name == name and claim.check == "date" for claim in claims):
        raise table.refuse("valid_until")
    return name


def _read_states(table: _Table) -> tuple[LicenceState, ...]:
    value = table.rows.get("states")
    known = {state.value for state in LicenceState}
    if not isinstance(value, list) or len(set(map(str, value))) != len(value) or not set(map(str, value)) <= known:
        raise table.refuse("states")
    if not value or value[0] != LicenceState.VALID.value:
        raise table.refuse("states")
    return tuple(LicenceState(state) for state in value)


def _read_source(row: _Table) -> Provenance:
    row.only("source", "confidence")
    if row.string("confidence") not in CONFIDENCES:
        raise row.refuse("confidence")
    return Provenance(row.string("source"), row.string("confidence"))
