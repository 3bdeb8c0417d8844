"""A federation of three with real keys and real statements, in memory, and nodes that exchange nothing but text.

Nothing of a story is here: the handlers are the tests' own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from yitong.clock import ManualClock
from yitong.digest import canonical_json
from yitong.entropy import SeededEntropy
from yitong.errors import Text, YitongError
from yitong.flows.believe import Believer
from yitong.flows.context import Context, Policy
from yitong.flows.exchange import Exchange, Holds
from yitong.peers.inbox import Identity
from yitong.peers.message import LIFETIME, Message, seal_message
from yitong.specs.jwk import new_private_key
from yitong.store.memory import MemoryStore
from yitong.trust import anchor as publish
from yitong.trust.keys import KeyPair, key_pair

NOW = datetime(2026, 2, 12, 1, 0, tzinfo=UTC)
ANCHOR, SHANGHAI, JIANGSU, ANHUI = (f"https://{name}.example" for name in ("anchor", "shanghai", "jiangsu", "anhui"))
STRANGER = "https://stranger.example"
HOSPITAL = f"{JIANGSU}/institutions/example-clinic"
NODES = {SHANGHAI: "310000", JIANGSU: "320000", ANHUI: "340000"}


def _inbox(node: str) -> str:
    return f"{node}/peer/messages"


@dataclass
class Region:
    """The anchor, its jurisdictions and one institution; ``away`` cannot be reached, ``handlers`` act for every node."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    away: set[str] = field(default_factory=set)
    handlers: dict[str, Any] = field(default_factory=dict)
    timers: dict[str, Any] = field(default_factory=dict)
    on_the_way: Callable[[str, str], str] | None = None  # may change, lose (raise) or repeat what is delivered
    hospital_says_it_is_a_node: bool = False
    stores: dict[str, MemoryStore] = field(default_factory=dict)
    exchanges: dict[str, Exchange] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [ANCHOR, *NODES, STRANGER, HOSPITAL]
        self.federation_keys = {name: key_pair(new_private_key()) for name in names}
        self.message_keys = {name: key_pair(new_private_key()) for name in names}
        for number, node in enumerate(NODES):
            self.stores[node] = MemoryStore(self.clock)
            self.start(node, number)

    def start(self, node: str, seed: int = 9) -> Exchange:
        """A fresh process of ``node`` on what its store holds."""
        key = self.message_keys[node]
        believer = Believer(self.get, ANCHOR, self.federation_keys[ANCHOR].jwks, self.clock)
        context = Context(
            Identity(node, key.private, key.kid),
            node,
            NODES[node],
            "Asia/Shanghai",
            self.clock,
            SeededEntropy(seed),
            self.stores[node],
            believer,
            None,
            {},
            Policy(3600, 300),
            self.get,
        )
        self.exchanges[node] = Exchange(context, self, self.handlers, self.timers, Holds({}))
        return self.exchanges[node]

    # --- what the members publish ---

    async def get(self, url: str) -> str:
        """What a GET of ``url`` answers."""
        parts = urlsplit(url)
        entity = f"{parts.scheme}://{parts.netloc}"
        if entity in self.away:
            raise YitongError("peer.unreachable", url)
        if parts.path == "/federation/fetch":
            return self._statement(entity, parse_qs(parts.query)["sub"][0])
        if parts.path == "/federation/list":
            return canonical_json([*NODES] if entity == ANCHOR else [HOSPITAL] if entity == JIANGSU else []).decode()
        return self._configuration(entity + parts.path.removesuffix("/.well-known/openid-federation"))

    def _configuration(self, entity: str) -> str:
        key, now, name = self.federation_keys[entity], self.clock.now(), Text("示例", "Example")
        if entity == ANCHOR:
            return publish.configuration(ANCHOR, publish.superior_metadata(ANCHOR, name), key, now)
        messages = self.message_keys[entity].jwks
        if entity == HOSPITAL:
            own = publish.institution_metadata(name, messages)
            if self.hospital_says_it_is_a_node:
                own = own | {"yitong_node": {"jwks": messages, "inbox_endpoint": _inbox(HOSPITAL)}}
            return publish.configuration(HOSPITAL, own, key, now, superiors=(JIANGSU,))
        own = publish.node_metadata(entity, name, messages, _inbox(entity))
        return publish.configuration(entity, own, key, now, superiors=(ANCHOR,))

    def _statement(self, superior: str, subject: str) -> str:
        key, now, name = self.federation_keys[superior], self.clock.now(), Text("示例", "Example")
        jwks = self.federation_keys[subject].jwks
        if superior == ANCHOR and subject in NODES:
            return publish.subordinate(ANCHOR, publish.Member(subject, NODES[subject], name, jwks), key, now)
        if superior == JIANGSU and subject == HOSPITAL:
            return publish.subordinate(JIANGSU, publish.Institution(HOSPITAL, name, jwks, ("hospital",)), key, now)
        raise YitongError("peer.bad-answer", superior, reason="HTTP 404")

    # --- what goes between them ---

    async def post_message(self, url: str, text: str) -> str:
        """Deliver a message and bring the receipt back."""
        node = url.removesuffix("/peer/messages")
        if node in self.away:
            raise YitongError("peer.unreachable", url)
        receipt = await self.exchanges[node].receive(text)
        return self.on_the_way(text, receipt) if self.on_the_way is not None else receipt

    async def tell(self, sender: str, receiver: str, message_type: str, body: dict[str, Any] | None = None) -> str:
        """``sender`` keeps a message for ``receiver``; returns its identifier."""
        context = self.exchanges[sender].context
        async with context.transaction() as unit:
            return await context.tell(unit, receiver, message_type, "matter-1", body or {})

    def sealed(self, sender: str, key: KeyPair | None = None, **changed: Any) -> str:
        """A message as ``sender`` would sign it, to Shanghai unless told otherwise."""
        now = self.clock.now()
        values = {"id": "msg-x", "type": "note", "sender": sender, "receiver": SHANGHAI, "created_at": now} | changed
        signer = key or self.message_keys[sender]
        return seal_message(Message(expires_at=now + LIFETIME, body={}, **values), signer.private, signer.kid)

    async def settle(self) -> None:
        """Let everybody work until nobody has anything to do now."""
        for _ in range(200):
            steps = [s for e in self.exchanges.values() for s in (e.deliver_once, e.handle_once, e.watch_once)]
            if not any([await step() for step in steps]):
                return
        raise AssertionError("they never come to rest")

    async def outgoing(self, node: str) -> list[Any]:
        """What ``node`` has sent about the one matter, newest first."""
        async with self.stores[node].begin() as unit:
            return await unit.messages.about("matter-1", 99)

    async def incoming(self, node: str) -> dict[str, Any]:
        """What ``node`` was told, by identifier."""
        return {row.id: row for row in self.stores[node]._tables.incoming.values()}

    def refused(self, node: str) -> list[tuple[str, str]]:
        """Sender and code of what ``node`` did not take in."""
        return [(sender, code) for sender, code, _, _ in self.stores[node]._tables.refused]
