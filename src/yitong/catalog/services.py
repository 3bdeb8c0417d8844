"""Reads ``catalog/services/*.toml`` into services and checks each (``check_service``)."""

from __future__ import annotations

from pathlib import Path

from yitong.cases import service as rules
from yitong.cases.deadline import ROLL_WORKING, ROLLS, UNITS, Rule
from yitong.cases.service import (
    Deadlines,
    FormField,
    Institution,
    LegalBasis,
    Material,
    Option,
    Provenance,
    ResultClaim,
    Service,
)
from yitong.catalog import Table, read_table
from yitong.errors import Text, YitongError


def read_service(file: Path) -> Service:
    """One service; raises ``catalog.…`` naming file and key, or ``service.…`` for a service that could not be run."""
    table = read_table(file)
    if table.text("id") != file.stem:
        raise table.wrong("id", f"the file's name, {file.stem}")
    found = Service(
        id=table.text("id"),
        version=table.whole("version"),
        effective_from=table.day("effective_from"),
        title=table.names("title"),
        kind=table.one_of("kind", rules.SERVICE_KINDS),
        basic_code=table.text("basic_code"),
        implementation_code=table.text("implementation_code"),
        legal_basis=tuple(_basis(row) for row in table.tables("legal_basis")),
        authority=_institution(table.table("authority")),
        windows=tuple(_institution(row) for row in table.tables("windows")),
        applicants=table.texts("applicants"),
        handling=table.one_of("handling", rules.HANDLINGS),
        mode=table.one_of("mode", rules.MODES),
        conditions=tuple(_sentence(row) for row in table.tables("conditions")),
        materials=tuple(_material(row) for row in table.tables("materials")),
        form=tuple(_field(row) for row in table.tables("form")),
        deadlines=_deadlines(table.table("deadlines")),
        fees_fen=table.whole("fees_fen"),
        fee_basis=table.names("fee_basis"),
        result_kind=table.text("result_kind"),
        remedies=tuple(_sentence(row) for row in table.tables("remedies")),
        provenance=Provenance(*table.provenance()),
        result_claims=tuple(_result_claim(row) for row in table.tables("result_claims")) if table.has("result_claims") else (),
    )
    table.done()
    rules.check_service(found)
    return found


def read_services(folder: Path) -> dict[str, Service]:
    """All services of a folder by id."""
    return {file.stem: read_service(file) for file in sorted(folder.glob("*.toml"))}


def _sentence(row: Table) -> Text:
    found = Text(row.text("zh"), row.text("en"))
    row.provenance()
    row.done()
    return found


def _basis(row: Table) -> LegalBasis:
    found = LegalBasis(row.names("clause"), Provenance(*row.provenance()))
    row.done()
    return found


def _institution(row: Table) -> Institution:
    # Until the region's addresses are known (``placed``), an institution is addressed by its id.
    found = Institution(row.text("institution"), row.region_code("jurisdiction"), row.names("name"), row.text("institution"))
    row.done()
    return found


def _material(row: Table) -> Material:
    found = Material(
        id=row.text("id"),
        title=row.names("title"),
        origin=row.one_of("origin", rules.ORIGINS),
        form=row.one_of("form", rules.FORMS),
        necessity=row.one_of("necessity", rules.NECESSITIES),
        media_types=row.texts("media_types"),
        max_bytes=row.whole("max_bytes"),
        copies=row.whole("copies") if row.has("copies") else 1,
        licence_kind=row.text("licence_kind") if row.has("licence_kind") else "",
    )
    row.provenance()
    row.done()
    return found


def _field(row: Table) -> FormField:
    found = FormField(
        id=row.text("id"),
        label=row.names("label"),
        kind=row.one_of("kind", rules.FIELD_KINDS),
        required=row.flag("required"),
        options=tuple(_option(option) for option in row.tables("options")) if row.has("options") else (),
        max_length=row.whole("max_length") if row.has("max_length") else 200,
        minimum=row.whole("minimum") if row.has("minimum") else 0,
        maximum=row.whole("maximum") if row.has("maximum") else 10**9,
    )
    row.done()
    return found


def _result_claim(row: Table) -> ResultClaim:
    claim, origin = row.text("claim"), row.one_of("origin", rules.RESULT_ORIGINS)
    value = row.text("value") if row.has("value") else ""
    years = row.whole("years") if row.has("years") else 0
    codes = tuple(_code(entry) for entry in row.tables("codes")) if row.has("codes") else ()
    row.done()
    return ResultClaim(claim, origin, value, years, codes)


def _code(row: Table) -> tuple[str, str]:
    found = (row.text("value"), row.text("code"))
    row.done()
    return found


def _option(row: Table) -> Option:
    found = Option(row.text("value"), row.names("label"))
    row.done()
    return found


def _deadlines(table: Table) -> Deadlines:
    found = Deadlines(
        statutory=_rule(table, "statutory", "accepted"),
        promised=_rule(table, "promised", "accepted") if table.has("promised") else None,
        admission=_rule(table, "admission", "handed_over") if table.has("admission") else rules.ADMISSION,
        supplement=_rule(table, "supplement", "supplement_requested") if table.has("supplement") else rules.SUPPLEMENT,
        sign_for=_rule(table, "sign_for", "forwarded") if table.has("sign_for") else rules.SIGN_FOR,
        delivery=_rule(table, "delivery", "decided") if table.has("delivery") else rules.DELIVERY,
    )
    table.done()
    return found


def _rule(table: Table, key: str, anchor: str) -> Rule:
    row = table.table(key)
    n, unit, calendar = row.whole("n"), row.one_of("unit", UNITS), row.text("calendar")
    roll = row.one_of("roll", ROLLS) if row.has("roll") else ROLL_WORKING
    row.provenance()
    row.done()
    try:
        return Rule(anchor, n, unit, calendar, roll)
    except YitongError as error:
        raise row.wrong("n", "a number of units that can be counted") from error
