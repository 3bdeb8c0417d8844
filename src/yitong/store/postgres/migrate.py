"""Migrations: numbered SQL files, each applied once, in order, in one transaction, and never edited afterwards.

Several processes may start at once: an advisory lock lets one migrate while the others wait. A database that is newer
than the program, or whose applied files differ from ours, is refused before anything is read from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.store.postgres.connection import Connection

_LOCK = 0x59_69_74_6F  # "Yito": any constant that no other program uses on this database
_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version integer PRIMARY KEY, name text NOT NULL, text_hash text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, name and text."""

    version: int
    name: str
    text: str


@cache
def migrations() -> tuple[Migration, ...]:
    """The files beside this module, in order; their numbers are 1, 2, 3 … without a gap."""
    folder = resources.files(__package__) / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    found = tuple(Migration(int(file.name[:4]), file.name, file.read_text("utf-8")) for file in files)
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError("migrations are not numbered 0001, 0002 … without a gap")
    return found


async def migrate(connection: Connection) -> None:
    """Apply what is missing; raises ``store.outdated`` when the database is newer or other than this program."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_TABLE)
        applied = await _applied(connection)
        for migration in migrations()[len(applied) :]:
            await connection.execute(migration.text)
            await connection.execute(
                "INSERT INTO schema_migration (version, name, text_hash) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                sha256_b64(migration.text.encode()),
            )


async def check_version(connection: Connection) -> None:
    """Raises ``store.outdated`` unless every migration of this program, and no other, is applied."""
    applied = await _applied(connection)
    if len(applied) != len(migrations()):
        raise YitongError("store.outdated", found=len(applied), wanted=len(migrations()))


async def _applied(connection: Connection) -> list[str]:
    rows = await connection.fetch("SELECT text_hash FROM schema_migration ORDER BY version")
    applied = [row["text_hash"] for row in rows]
    ours = [sha256_b64(migration.text.encode()) for migration in migrations()]
    if applied != ours[: len(applied)]:
        raise YitongError("store.outdated", found=len(applied), wanted=len(ours))
    return applied
