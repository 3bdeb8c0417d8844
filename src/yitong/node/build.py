"""The composition root: from a configuration to a running node or anchor. Nothing else wires parts together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from yitong.catalog.catalogue import read_catalog
from yitong.clock import Clock, SystemClock
from yitong.digest import parse_json
from yitong.entropy import Entropy, SystemEntropy
from yitong.errors import YitongError
from yitong.flows import handlers
from yitong.flows.believe import Believer, Get
from yitong.flows.context import Context, Institution, Policy
from yitong.flows.exchange import Exchange, Holds, Poster
from yitong.flows.unit import Store
from yitong.node.config import Config
from yitong.node.example_clock import ExampleClock
from yitong.node.pages.render import Pages, Site
from yitong.node.publish import AnchorPublisher, NodePublisher, text_of
from yitong.peers.client import PeerClient
from yitong.peers.inbox import Identity
from yitong.store.postgres import PostgresStore
from yitong.trust.keys import KeyPair, load_or_create

FEDERATION_KEY = "federation"
MESSAGE_KEY = "message"


@dataclass(frozen=True, slots=True)
class Node:
    """A jurisdiction's running node."""

    config: Config
    context: Context
    exchange: Exchange
    publisher: NodePublisher
    pages: Pages
    client: PeerClient


@dataclass(frozen=True, slots=True)
class Anchor:
    """The running trust anchor."""

    config: Config
    clock: Clock
    entropy: Entropy
    publisher: AnchorPublisher
    pages: Pages
    client: PeerClient


def make_clock(config: Config) -> Clock:
    """The machine's clock, or in an example region one that can be moved."""
    return ExampleClock(Path(config.clock.offset_file)) if config.clock.offset_file else SystemClock()


def make_pages(config: Config) -> Pages:
    """The pages of this process."""
    sign_in = "/sign-in" if config.example and config.role == "node" else ""
    title, region_title = text_of(config.title), text_of(config.region_title)
    return Pages(Site(title, region_title, config.zone, config.example, sign_in_href=sign_in))


def _institutions(config: Config, keys_dir: Path) -> tuple[dict[str, Institution], dict[str, KeyPair]]:
    institutions: dict[str, Institution] = {}
    federation_keys: dict[str, KeyPair] = {}
    for settings in config.institutions:
        federation_keys[settings.id] = load_or_create(keys_dir, f"{settings.id}-federation")
        signing = None if settings.message_jwk else load_or_create(keys_dir, f"{settings.id}-signing")
        institutions[settings.id] = Institution(
            settings.id,
            config.entity_of(settings.id),
            settings.uscc or config.jurisdiction,
            text_of(settings.title),
            frozenset(settings.roles),
            frozenset(settings.may_issue),
            frozenset(settings.decides),
            frozenset(settings.receives),
            signing,
        )
    return institutions, federation_keys


def read_pinned(config: Config) -> dict[str, list[dict[str, str]]]:
    """The anchor's pinned public keys; raises ``config.unreadable`` or ``config.wrong``."""
    path = Path(config.anchor.jwks_file)
    try:
        jwks = parse_json(path.read_bytes(), str(path))
    except OSError as error:
        raise YitongError("config.unreadable", str(path), reason=error.strerror or "?") from error
    if not isinstance(jwks, dict) or not isinstance(jwks.get("keys"), list):
        raise YitongError("config.wrong", str(path), reason="anchor.jwks_file: a JWK set")
    return jwks


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of, whatever its store, its clock and its network are."""

    context: Context
    exchange: Exchange
    publisher: NodePublisher


def assemble(config: Config, clock: Clock, entropy: Entropy, store: Store, get: Get, poster: Poster) -> Parts:
    """Put a node together: keys, catalogue, institutions, context, exchange. The simulation calls this too."""
    keys_dir = Path(config.keys_dir)
    federation, message = load_or_create(keys_dir, FEDERATION_KEY), load_or_create(keys_dir, MESSAGE_KEY)
    catalog = read_catalog(Path(config.catalog_dir))
    institutions, federation_keys = _institutions(config, keys_dir)
    context = Context(
        Identity(config.public_url, message.private, message.kid),
        config.name,
        config.jurisdiction,
        config.zone,
        clock,
        entropy,
        store,
        Believer(get, config.anchor.entity_id, read_pinned(config), clock),
        catalog,
        institutions,
        Policy(config.status_max_age_s, config.status_ttl_s),
        get,
    )
    signing_jwks = {s.id: s.message_jwk or institutions[s.id].signer().jwk for s in config.institutions}
    publisher = NodePublisher(config, clock, federation, message, federation_keys, signing_jwks, catalog.kinds)
    exchange = Exchange(context, poster, handlers.MESSAGES, handlers.TIMERS, Holds({}))
    return Parts(context, exchange, publisher)


@asynccontextmanager
async def open_node(config: Config) -> AsyncIterator[Node]:
    """Open everything that a node needs, and close it again; the exchange is not started here."""
    clock = make_clock(config)
    store = await PostgresStore.open(config.database_url, clock, config.zone)
    async with PeerClient(allow_loopback_http=config.example) as client:
        try:
            parts = assemble(config, clock, SystemEntropy(), store, client.get_text, client)
            await handlers.prepare(parts.context)
            yield Node(config, parts.context, parts.exchange, parts.publisher, make_pages(config), client)
        finally:
            await store.close()


@asynccontextmanager
async def open_anchor(config: Config) -> AsyncIterator[Anchor]:
    """Open what the anchor needs: its key, and a client to see whether its members are well."""
    clock = make_clock(config)
    key = load_or_create(Path(config.keys_dir), FEDERATION_KEY)
    async with PeerClient(allow_loopback_http=config.example, timeout_s=2.0) as client:
        yield Anchor(config, clock, SystemEntropy(), AnchorPublisher(config, clock, key), make_pages(config), client)
