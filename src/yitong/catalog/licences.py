"""Reads ``catalog/licences/*.toml`` into licence kinds."""

from __future__ import annotations

import re
from pathlib import Path

from yitong.catalog import Table, read_table
from yitong.credentials.kind import CHECKS, CLAIM_NAME, TAKEN, ClaimRule, LicenceKind, NumberRule, Provenance
from yitong.credentials.status import LicenceState
from yitong.ids import read_uscc
from yitong.specs.sd_jwt_vc import TYP

_ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_TYPE_CODE = re.compile(r"[0-9A-Z]{21}\Z", re.ASCII)


def read_kinds(folder: Path) -> dict[str, LicenceKind]:
    """All kinds of a folder by id; a file is named for the id of its kind."""
    found: dict[str, LicenceKind] = {}
    for file in sorted(folder.glob("*.toml")):
        table = read_table(file)
        kind = read_kind(table)
        if kind.id != file.stem:
            raise table.wrong("id", f"the file's name, {file.stem}")
        found[kind.id] = kind
    return found


def read_kind(table: Table) -> LicenceKind:
    """One kind; raises ``catalog.…`` naming file and key, or ``id.…`` for its type code.

    1. The identifier, format and type code; the latter begins with the social credit code of the body that defined the
    type.  2. Claims: known checks, unique names, hidden ones disclosable, ``after`` between dates.  3. The number rule
    and ``valid_until`` name claims of the kind.  4. States are known, and begin with "valid".  5. Every source says how
    far it can be relied on.  6. No key that nobody asked for.
    """
    kind_id = table.shaped("id", _ID, "words of a-z and 0-9 joined by hyphens")  # 1
    type_code = table.shaped("type_code", _TYPE_CODE, "21 characters of 0-9 and A-Z")
    table.one_of("format", frozenset({TYP}))
    read_uscc(type_code[:18], table.where("type_code"))
    claims = _claims(table)  # 2
    kind = LicenceKind(
        id=kind_id,
        title=table.names("title"),
        vct=table.text("vct"),
        format=TYP,
        issuing_role=table.text("issuing_role"),
        type_code=type_code,
        number=_number(table.table("number"), claims),  # 3
        claims=claims,
        validity_days=table.whole("validity_days", 1),
        valid_until=_valid_until(table, claims),
        states=_states(table),  # 4
        sources=_sources(table),  # 5
    )
    table.done()  # 6
    return kind


def _claims(table: Table) -> tuple[ClaimRule, ...]:
    rows = table.tables("claims", 1)
    rules = tuple(_claim(row) for row in rows)
    checks = {rule.name: rule.check for rule in rules}
    if len(checks) != len(rules):
        raise table.wrong("claims", "claims of which no two have one name")
    for row, rule in zip(rows, rules, strict=True):
        if rule.after is not None and (rule.check, checks.get(rule.after)) != ("date", "date"):
            raise row.wrong("after", "the name of a date, on a date")
    return rules


def _claim(row: Table) -> ClaimRule:
    name, check = row.text("name"), row.one_of("check", frozenset(CHECKS))
    hidden, disclosable = row.has("hidden") and row.flag("hidden"), row.flag("disclosable")
    if not CLAIM_NAME.match(name) or name in TAKEN:
        raise row.wrong("name", "a word of a-z, 0-9 and _ without a meaning of its own in a credential")
    if hidden and not disclosable:  # what everyone sees cannot be hidden by default
        raise row.wrong("hidden", "false, unless the claim is disclosable")
    after = row.text("after") if row.has("after") else None
    rule = ClaimRule(name, row.names("label"), check, row.flag("required"), disclosable, hidden, after)
    row.done()
    return rule


def _number(row: Table, claims: tuple[ClaimRule, ...]) -> NumberRule:
    rule = NumberRule(row.text("claim"), row.text("pattern"))
    if not any(claim.name == rule.claim and claim.required and claim.check in {"uscc", "text"} for claim in claims):
        raise row.wrong("claim", "a required claim that is a text or a credit code")
    try:
        re.compile(rule.pattern, re.ASCII)
    except re.error as error:
        raise row.wrong("pattern", "a regular expression") from error
    row.done()
    return rule


def _valid_until(table: Table, claims: tuple[ClaimRule, ...]) -> str | None:
    name = table.text("valid_until") if table.has("valid_until") else None
    if name is not None and not any(claim.name == name and claim.check == "date" for claim in claims):
        raise table.wrong("valid_until", "the name of a claim that is a date")
    return name


def _states(table: Table) -> tuple[LicenceState, ...]:
    value, known = table.texts("states"), {state.value for state in LicenceState}
    if value[:1] != (LicenceState.VALID.value,) or len(set(value)) != len(value) or not set(value) <= known:
        raise table.wrong("states", "known states, valid first, none twice")
    return tuple(LicenceState(state) for state in value)


def _sources(table: Table) -> tuple[Provenance, ...]:
    found = []
    for row in table.tables("sources", 1):
        found.append(Provenance(*row.provenance()))
        row.done()
    return tuple(found)
