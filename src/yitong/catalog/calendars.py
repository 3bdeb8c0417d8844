"""Reads ``catalog/calendars/*.toml`` into calendars; every year says which notice it was taken from."""

from __future__ import annotations

from pathlib import Path

from yitong.cases.calendar import Calendar, Holiday, build_calendar
from yitong.catalog import Table, read_table


def read_calendar(file: Path) -> Calendar:
    """One calendar; raises ``catalog.…`` naming file and key, or ``calendar.wrong-day`` for days that contradict each other."""
    table = read_table(file)
    if table.text("id") != file.stem:
        raise table.wrong("id", f"the file's name, {file.stem}")
    zone, title = table.zone("zone"), table.names("title")
    table.provenance()
    notices: dict[int, tuple[Holiday, ...]] = {}
    for notice in table.tables("year"):
        year = notice.whole("year")
        if year in notices:
            raise notice.wrong("year", "a year that does not stand twice")
        notices[year] = tuple(_holiday(row) for row in notice.tables("holidays"))
        notice.provenance()
        notice.done()
    table.done()
    return build_calendar(file.stem, title, notices, zone)


def read_calendars(folder: Path) -> dict[str, Calendar]:
    """All calendars of a folder by id."""
    return {file.stem: read_calendar(file) for file in sorted(folder.glob("*.toml"))}


def _holiday(row: Table) -> Holiday:
    worked = row.days("worked") if row.has("worked") else ()
    found = Holiday(row.names("name"), row.day("first"), row.day("last"), worked)
    row.done()
    return found
