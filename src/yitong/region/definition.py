"""What a region is made of, read from ``catalog/regions/NAME.toml``: members, institutions, and whose licences count.

Unknown keys, missing keys, wrong values and names that point nowhere are refused with the file and the place in it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec

from yitong.errors import YitongError
from yitong.ids import read_uscc
from yitong.trust.recognition import ANY, rows_from

MAX_NODES = 8  # the ports after the anchor's; the ninth is the database's

Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Words = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]


class Title(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name in the two languages of the product."""

    zh: Words
    en: Words


class Anchor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The process that everybody trusts to say who is a member."""

    name: Slug
    title: Title


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A jurisdiction's node; ``jurisdiction`` is its code (GB/T 2260)."""

    name: Slug
    jurisdiction: Code
    title: Title


class Institution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A leaf under a node. ``own_keys``: it signs on a machine of its own, and the node knows its public key only.

    ``uscc`` is its unified social credit code, part of the identifier of every licence that it issues.
    """

    id: Slug
    node: Slug
    name: Title
    roles: tuple[Slug, ...]
    uscc: str = ""
    may_issue: tuple[Slug, ...] = ()
    decides: tuple[Slug, ...] = ()
    receives: tuple[Slug, ...] = ()
    own_keys: bool = False


class RegionDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole region. ``recognition`` holds rows as :mod:`yitong.trust.recognition` reads them."""

    id: Slug
    title: Title
    zone: Words
    example: bool
    source: Words
    confidence: Words
    anchor: Anchor
    nodes: tuple[Node, ...]
    institutions: tuple[Institution, ...]
    recognition: tuple[dict[str, Any], ...]

    def institutions_of(self, node: str) -> tuple[Institution, ...]:
        """The institutions under one node, in the order of the file."""
        return tuple(found for found in self.institutions if found.node == node)


def read_definition(file: Path) -> RegionDefinition:
    """Read and check a region's file; raises ``region.no-catalog``, ``region.file-broken`` or ``trust.recognition-row``."""
    try:
        region = msgspec.convert(tomllib.loads(file.read_text("utf-8")), RegionDefinition)
    except FileNotFoundError as error:
        raise YitongError("region.no-catalog", file=file) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise YitongError("region.file-broken", str(file), file=file, reason=error) from error
    rows_from(list(region.recognition), str(file))
    fault = _fault(region)
    if fault:
        raise YitongError("region.file-broken", str(file), file=file, reason=fault)
    return region


def _fault(region: RegionDefinition) -> str | None:
    """The first contradiction between parts that are each well-formed."""
    names = [region.anchor.name, *(node.name for node in region.nodes)]
    codes = {node.jurisdiction for node in region.nodes}
    ids = [institution.id for institution in region.institutions]
    for institution in region.institutions:
        if institution.uscc:
            read_uscc(institution.uscc, f"institutions: {institution.id}: uscc")
    if len(region.nodes) > MAX_NODES:
        return f"nodes: more than {MAX_NODES}"
    if len(set(names)) < len(names) or len(codes) < len(region.nodes) or len(set(ids)) < len(ids):
        return "a name, jurisdiction or institution stands twice"
    for institution in region.institutions:
        if institution.node not in names[1:]:
            return f"institutions: {institution.id}: there is no node {institution.node}"
    for row in region.recognition:
        for code in (row["issuer_jurisdiction"], row["accepting_jurisdiction"]):
            if code not in codes | {ANY}:
                return f"recognition: {row['kind']}: there is no jurisdiction {code}"
    return None
