"""The reference documentation, made from the program itself: ``python -m yitong.node.reference FOLDER`` writes it.

``docs/reference`` holds what this prints; a test compares the two, so neither can be changed alone.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI

from yitong.credentials.reasons import REASONS
from yitong.entropy import SystemEntropy
from yitong.errors import table
from yitong.flows import handlers
from yitong.node.build import Anchor, Node, assemble, make_clock, make_pages
from yitong.node.config import Config, read_config
from yitong.node.publish import AnchorPublisher
from yitong.node.settings import DESCRIPTIONS
from yitong.node.web.app import anchor_app, node_app
from yitong.peers.client import PeerClient
from yitong.region.definition import read_definition
from yitong.region.plan import default_catalog, make_plan, write_files
from yitong.region.state import Facts
from yitong.store.memory import MemoryStore
from yitong.trust.keys import load_or_create

MADE = "<!-- Made by python -m yitong.node.reference; change the program, not this file. -->"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines) + "\n"


def _first(text: str | None) -> str:
    """The first sentence of a docstring, on one line."""
    whole = " ".join((text or "").strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.;]) (?=[A-Z])", whole)[0]


def errors() -> str:
    """Every error code: what it means and what to do, in both languages, the HTTP status, and who can mend it."""
    rows = [
        (f"`{code}`", str(spec.status), spec.who, f"{spec.what.zh}<br>{spec.what.en}", f"{spec.remedy.zh}<br>{spec.remedy.en}")
        for code, spec in sorted(table().items())
    ]
    intro = (
        "A refusal is a problem document (RFC 9457) with a code that never changes its meaning. `who` says who can mend\n"
        "it: the caller, the resident, an officer, the node's engineer, the neighbour, or nobody.\n"
    )
    return f"# Error codes\n\n{MADE}\n\n{intro}\n" + _table(("code", "status", "who", "what", "remedy"), rows)


def reasons() -> str:
    """Every reason of a verdict: its answer and its sentence for the counter."""
    rows = [(f"`{r.code}`", r.answer, r.sentence.zh, r.sentence.en) for r in REASONS.values()]
    return f"# Reasons of a verdict\n\n{MADE}\n\n" + _table(("reason", "answer", "中文", "English"), rows)


def _fields(struct: type[msgspec.Struct], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for field in msgspec.structs.fields(struct):
        inner = field.type
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            yield from _fields(inner, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field


def setting_names() -> list[str]:
    """Every key of a configuration file, dotted; lists of tables count as one key."""
    return [name for name, _ in _fields(Config)]


def settings() -> str:
    """Every key of a configuration file, its default, and what it does."""
    rows = []
    for name, field in _fields(Config):
        default = "required" if field.required else f"`{field.default!r}`" if field.default is not msgspec.NODEFAULT else "`[]`"
        rows.append((f"`{name}`", default, DESCRIPTIONS[name]))
    intro = (
        "One TOML file for each process; an unknown key is refused. `yitong region up` writes those of the example region.\n"
    )
    return f"# Settings\n\n{MADE}\n\n{intro}\n" + _table(("key", "default", "what it does"), rows)


def messages() -> str:
    """Every type of message between nodes, and what its receiver does."""
    rows = [(f"`{name}`", _first(handler.__doc__)) for name, handler in sorted(handlers.MESSAGES.items())]
    intro = (
        "A message is a compact JWS (ES256, `typ` `yitong-message+jwt`) posted to the receiver's inbox\n"
        "(`inbox_endpoint` of its `yitong_node` metadata) as `application/yitong-message+jwt`. Its claims: `jti`, `iss` and\n"
        "`aud` (entity ids of the two nodes), `iat`, `exp`, `type`, `body`, and `reply_to` when it answers another. The answer\n"
        "is a receipt (`yitong-receipt+jwt`): `jti`, `iss`, `aud`, `iat`, `message_hash` (SHA-256 of the exact bytes,\n"
        "base64url) and `outcome`, which is always `stored`. The same message sent again gets the same receipt.\n"
    )
    return f"# Messages between nodes\n\n{MADE}\n\n{intro}\n" + _table(("type", "what the receiver does"), rows)


def applications() -> tuple[FastAPI, FastAPI]:
    """A node's and the anchor's application of the example region, not served: to be described."""
    with tempfile.TemporaryDirectory() as place:
        folder, catalog = Path(place), default_catalog()
        definition = read_definition(catalog / "regions" / "delta.toml")
        plan = make_plan(folder, catalog, definition, Facts(definition.id, "reference", 7400, data_folder=place))
        write_files(plan, {member.name: "postgresql://none" for member in plan.members})
        config = read_config(plan.config_file(plan.nodes[0]))
        client, clock = PeerClient(allow_loopback_http=True), make_clock(config)
        parts = assemble(config, clock, SystemEntropy(), MemoryStore(clock), client.get_text, client)
        node = Node(config, parts.context, parts.exchange, parts.publisher, make_pages(config), client)
        above = read_config(plan.config_file(plan.anchor))
        key = load_or_create(Path(above.keys_dir), "federation")
        publisher = AnchorPublisher(above, clock, key)
        anchor = Anchor(above, clock, SystemEntropy(), publisher, make_pages(above), client)
        return node_app(node), anchor_app(anchor)


def _endpoint_rows(app: FastAPI) -> list[tuple[str, str, str, str]]:
    paths: dict[str, dict[str, dict[str, Any]]] = app.openapi()["paths"]
    return [
        (method.upper(), f"`{path}`", f"`{operation['x-yitong-access']}`", operation["summary"])
        for path, operations in sorted(paths.items())
        for method, operation in sorted(operations.items())
    ]


def endpoints() -> str:
    """Every endpoint of a node and of the anchor, who may call it, and what it does."""
    node, anchor = applications()
    head = ("method", "path", "who may", "what it does")
    intro = (
        "The same, with request bodies, is at `/openapi.json` of every process. Who may, in one word: see\n"
        "`node/web/access.py`. What says `example` exists only in a region whose configuration says so.\n"
    )
    body = f"## A node\n\n{_table(head, _endpoint_rows(node))}\n## The trust anchor\n\n{_table(head, _endpoint_rows(anchor))}"
    return f"# Endpoints\n\n{MADE}\n\n{intro}\n{body}"


PAGES: dict[str, Callable[[], str]] = {
    "endpoints.md": endpoints,
    "errors.md": errors,
    "messages.md": messages,
    "reasons.md": reasons,
    "settings.md": settings,
}


def main(folder: Path) -> None:
    """Write every page into ``folder``."""
    for name, page in PAGES.items():
        (folder / name).write_text(page(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
