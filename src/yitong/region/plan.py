"""The plan of a region on one machine: which processes, at which addresses, with which configuration and keys.

A plan follows from three things: the definition in the catalogue, the folder, and the facts decided when the region
was made (:class:`yitong.region.state.Facts`). Ports: the anchor has the base port, the nodes the next ones in the
order of the definition, the embedded database the ninth after it. Making and writing a plan again changes nothing
that a node has relied on: keys and passwords that exist are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli_w

from yitong.digest import canonical_json
from yitong.entropy import Entropy, new_token
from yitong.errors import YitongError
from yitong.region import databases
from yitong.region.definition import RegionDefinition, Title
from yitong.region.ports import HOST
from yitong.region.state import Facts, read_passwords, write_passwords, write_private
from yitong.specs.jwk import Jwk
from yitong.trust.keys import load_or_create

DEFAULT_BASE_PORT = 7400
DATABASE_PORT_OFFSET = 9
FEDERATION_KEY = "federation"
MESSAGE_KEY = "message"
_LOWEST_PORT = 1024
_HIGHEST_PORT = 65535 - DATABASE_PORT_OFFSET
_COMMENT = "# Written by yitong region up; written again at every start. Holds a password: keep it to yourself."


@dataclass(frozen=True, slots=True)
class Member:
    """One process of the region: the anchor or a node. ``jurisdiction`` of the anchor is empty."""

    name: str
    role: Literal["anchor", "node"]
    jurisdiction: str
    title: Title
    port: int

    @property
    def url(self) -> str:
        """Where it answers; a jurisdiction's entity id."""
        return f"http://{HOST}:{self.port}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A region in a folder."""

    folder: Path
    catalog: Path
    definition: RegionDefinition
    facts: Facts
    anchor: Member
    nodes: tuple[Member, ...]

    @property
    def members(self) -> tuple[Member, ...]:
        """The anchor, then the nodes."""
        return (self.anchor, *self.nodes)

    @property
    def database_port(self) -> int:
        """Where the embedded database listens."""
        return self.facts.base_port + DATABASE_PORT_OFFSET

    @property
    def ports(self) -> dict[str, int]:
        """Every port that the region needs on this machine, by who needs it."""
        database = {"postgres": self.database_port} if self.facts.data_folder else {}
        return {member.name: member.port for member in self.members} | database

    def config_file(self, member: Member) -> Path:
        """The configuration of one process."""
        return self.folder / f"{member.name}.toml"

    def keys_dir(self, member: Member) -> Path:
        """The keys of one process."""
        return self.folder / "keys" / member.name

    def log_file(self, name: str) -> Path:
        """The log of one process; the database is called ``postgres``, the supervisor ``supervisor``."""
        return self.folder / "logs" / f"{name}.log"

    def institution_dir(self, institution_id: str) -> Path:
        """What an institution with keys of its own has on its own machine: ``message.pem``."""
        return self.folder / "institutions" / institution_id

    def database_name(self, member: Member) -> str:
        """Database and role of one node; on a server that others use too, with the region's id in it."""
        middle = "" if self.facts.data_folder else f"{self.facts.region_id}_"
        return f"yitong_{middle}{member.name}".replace("-", "_")


def default_catalog() -> Path:
    """``catalog/`` of the checkout that this module lies in."""
    return Path(__file__).resolve().parents[3] / "catalog"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asked of a region; None: nothing, take what is there or the default."""

    base_port: int | None = None
    database_url: str | None = None


def new_facts(asked: Asked, region: str, region_id: str, data_folder: Path) -> Facts:
    """The facts of a new region; raises ``region.port-out-of-range`` or ``region.bad-database-url``."""
    port = DEFAULT_BASE_PORT if asked.base_port is None else asked.base_port
    if not _LOWEST_PORT <= port <= _HIGHEST_PORT:
        raise YitongError("region.port-out-of-range", base_port=port, highest=_HIGHEST_PORT)
    if asked.database_url is None:
        return Facts(region, region_id, port, data_folder=str(data_folder))
    return Facts(region, region_id, port, admin_url=databases.check_url(asked.database_url))


def kept_facts(known: Facts, asked: Asked) -> Facts:
    """The facts of a region that exists; user and password of its database server may change, nothing else.

    Raises ``region.base-port-fixed``, ``region.database-fixed`` or ``region.bad-database-url``.
    """
    if asked.base_port not in (None, known.base_port):
        raise YitongError("region.base-port-fixed", planned=known.base_port, asked=asked.base_port)
    if asked.database_url is None:
        return known
    server = databases.server_of(databases.check_url(asked.database_url))
    planned = databases.server_of(known.admin_url) if known.admin_url else "PostgreSQL (embedded)"
    if planned != server:
        raise YitongError("region.database-fixed", planned=planned, asked=server)
    return msgspec.structs.replace(known, admin_url=asked.database_url)


def make_plan(folder: Path, catalog: Path, definition: RegionDefinition, facts: Facts) -> Plan:
    """The plan that follows; ``folder`` is absolute. Touches nothing."""
    anchor = Member(definition.anchor.name, "anchor", "", definition.anchor.title, facts.base_port)
    nodes = tuple(
        Member(node.name, "node", node.jurisdiction, node.title, facts.base_port + place)
        for place, node in enumerate(definition.nodes, start=1)
    )
    return Plan(folder, catalog, definition, facts, anchor, nodes)


def keep_passwords(plan: Plan, names: list[str], entropy: Entropy) -> dict[str, str]:
    """The passwords of these database roles, by role: those that exist, and fresh ones for the others."""
    known = read_passwords(plan.folder)
    passwords = known | {name: new_token(entropy) for name in names if name not in known}
    if passwords != known:
        write_passwords(plan.folder, passwords)
    return passwords


def write_files(plan: Plan, database_urls: Mapping[str, str]) -> None:
    """Write one configuration per process, making the keys that are missing; ``database_urls`` by name of the node."""
    keys = {member.name: load_or_create(plan.keys_dir(member), FEDERATION_KEY) for member in plan.members}
    pinned = plan.folder / "anchor.jwks.json"
    write_private(pinned, canonical_json(keys[plan.anchor.name].jwks))
    for member in plan.members:
        values = _common(plan, member, pinned)
        if member.role == "anchor":
            values["members"] = [_vouched(node, keys[node.name].jwk) for node in plan.nodes]
            values["recognition"] = list(plan.definition.recognition)
        else:
            values["database_url"] = database_urls[member.name]
            values["institutions"] = _institutions(plan, member)
        write_private(plan.config_file(member), f"{_COMMENT}\n\n{tomli_w.dumps(values)}".encode())


def _common(plan: Plan, member: Member, pinned: Path) -> dict[str, Any]:
    """What every process is told."""
    return {
        "name": member.name,
        "role": member.role,
        "jurisdiction": member.jurisdiction,
        "zone": plan.definition.zone,
        "example": plan.definition.example,
        "listen_host": HOST,
        "listen_port": member.port,
        "public_url": member.url,
        "keys_dir": str(plan.keys_dir(member)),
        "catalog_dir": str(plan.catalog),
        "log_level": "info",
        "title": _title(member.title),
        "region_title": _title(plan.definition.title),
        "anchor": {"entity_id": plan.anchor.url, "jwks_file": str(pinned)},
        "clock": {"offset_file": str(plan.folder / "clock-offset") if plan.definition.example else ""},
    }


def _title(title: Title) -> dict[str, str]:
    return {"zh": title.zh, "en": title.en}


def _vouched(node: Member, jwk: Jwk) -> dict[str, Any]:
    """A jurisdiction that the anchor vouches for, with its public federation key."""
    return {
        "entity_id": node.url,
        "name": node.name,
        "jurisdiction": node.jurisdiction,
        "title": _title(node.title),
        "jwk": jwk,
    }


def _institutions(plan: Plan, member: Member) -> list[dict[str, Any]]:
    """The institutions of one node; of those with keys of their own, the public key alone."""
    rows = []
    for found in plan.definition.institutions_of(member.name):
        row: dict[str, Any] = {
            "id": found.id,
            "title": _title(found.name),
            "roles": list(found.roles),
            "uscc": found.uscc,
            "may_issue": list(found.may_issue),
            "decides": list(found.decides),
            "receives": list(found.receives),
        }
        if found.own_keys:
            row["message_jwk"] = load_or_create(plan.institution_dir(found.id), MESSAGE_KEY).jwk
        rows.append(row)
    return rows
