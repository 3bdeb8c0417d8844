"""A process's configuration: one TOML file, one frozen record, unknown keys refused.

This is the only module that reads configuration or the environment (it reads none: everything is in the file).
docs/reference/settings.md lists every key; a test compares the two.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from yitong.errors import YitongError


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in the two languages."""

    zh: str
    en: str


class AnchorPin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The trust anchor: its entity id, and the file with its public federation keys, pinned by hand or by the installer."""

    entity_id: str
    jwks_file: str


class InstitutionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An institution of this jurisdiction.

    ``roles``, ``may_issue`` and ``decides`` are what the jurisdiction states of it in its federation statement.
    ``message_jwk`` is the public key of an institution that keeps its own keys (a hospital's system, an operator's
    back office); without it this node signs for the institution, which then works at the node's pages.
    """

    id: str
    title: Title
    roles: list[str]
    uscc: str = ""
    may_issue: list[str] = []
    decides: list[str] = []
    receives: list[str] = []
    message_jwk: dict[str, str] | None = None


class MemberSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A jurisdiction that the anchor vouches for, with its public federation key."""

    entity_id: str
    name: str
    jurisdiction: str
    title: Title
    jwk: dict[str, str]


class ClockSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an example region keeps how far its clock is moved; empty: the machine's clock, unmoved."""

    offset_file: str = ""


class RateSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Requests that one client address may make: a burst, then so many a second. Neighbours' messages are not counted."""

    burst: int = 400
    per_second: float = 100.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything a node or the anchor is told. ``example`` opens what exists only in an example region."""

    name: str
    role: str
    jurisdiction: str
    zone: str
    title: Title
    region_title: Title
    listen_host: str
    listen_port: int
    public_url: str
    keys_dir: str
    catalog_dir: str
    anchor: AnchorPin
    database_url: str = ""
    example: bool = False
    log_level: str = "info"
    institutions: list[InstitutionSettings] = []
    members: list[MemberSettings] = []
    recognition: list[dict[str, Any]] = []
    clock: ClockSettings = ClockSettings()
    rate: RateSettings = RateSettings()
    max_body_bytes: int = 1_048_576
    status_max_age_s: int = 3600
    status_ttl_s: int = 300

    def institution(self, institution_id: str) -> InstitutionSettings:
        """The institution of that id; raises ``store.not-found``."""
        for institution in self.institutions:
            if institution.id == institution_id:
                return institution
        raise YitongError("store.not-found", institution_id)

    def entity_of(self, institution_id: str) -> str:
        """The entity id of an institution of this jurisdiction."""
        return f"{self.public_url}/institutions/{institution_id}"


def read_config(path: Path) -> Config:
    """Read and check a configuration file; raises ``config.unreadable`` or ``config.wrong`` naming file and key."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise YitongError("config.unreadable", str(path), reason=error.strerror or "?") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise YitongError("config.wrong", str(path), reason=str(error)) from error
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        raise YitongError("config.wrong", str(path), reason=str(error)) from error
    _check(config, path)
    return config


def _check(config: Config, path: Path) -> None:
    problems = [
        ("role", config.role in ("anchor", "node"), "anchor or node"),
        ("public_url", not config.public_url.endswith("/") and "://" in config.public_url, "a URL without a final slash"),
        ("database_url", bool(config.database_url) or config.role == "anchor", "a node needs a database"),
        ("listen_port", 0 < config.listen_port < 65536, "1 to 65535"),
        ("clock.offset_file", config.example or not config.clock.offset_file, "only an example region may move its clock"),
        ("public_url", config.example or config.public_url.startswith("https://"), "https, except in an example region"),
    ]
    for key, holds, wanted in problems:
        if not holds:
            raise YitongError("config.wrong", str(path), reason=f"{key}: {wanted}")
