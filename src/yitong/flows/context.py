"""What every flow is given: who we are, what we may, the clock, the store, and the catalogue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from yitong.catalog.catalogue import Catalog
from yitong.clock import Clock
from yitong.entropy import Entropy
from yitong.errors import Text, YitongError
from yitong.flows.believe import Believer, Get
from yitong.flows.unit import Store, Unit
from yitong.peers.inbox import Identity
from yitong.peers.outbox import send
from yitong.trust.keys import KeyPair


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution of this node's jurisdiction. ``signing`` is its key when the node signs for it."""

    id: str
    entity_id: str
    code: str  # its unified social credit code, or the region code where it has none
    title: Text
    roles: frozenset[str]
    may_issue: frozenset[str]
    decides: frozenset[str]
    receives: frozenset[str]
    signing: KeyPair | None

    def signer(self) -> KeyPair:
        """Its signing key; raises ``flow.keeps-own-keys`` when the institution signs for itself."""
        if self.signing is None:
            raise YitongError("flow.keeps-own-keys", self.id)
        return self.signing


@dataclass(frozen=True, slots=True)
class Policy:
    """What this jurisdiction has decided about staleness: how old a status list may be, how long ours may be kept."""

    status_max_age_s: int
    status_ttl_s: int


@dataclass(slots=True)
class Bell:
    """Wakes whoever listens: each listener has its own event, so that none sleeps through what another heard."""

    _events: list[asyncio.Event] = field(default_factory=list)

    def listen(self) -> asyncio.Event:
        """An event of the caller's own."""
        event = asyncio.Event()
        self._events.append(event)
        return event

    def ring(self) -> None:
        """Something was committed that may need doing."""
        for event in self._events:
            event.set()


@dataclass(slots=True)
class Context:
    """A node as its flows see it."""

    me: Identity
    name: str
    jurisdiction: str
    zone: str
    clock: Clock
    entropy: Entropy
    store: Store
    believer: Believer
    catalog: Catalog
    institutions: dict[str, Institution]
    policy: Policy
    get: Get
    bell: Bell = field(default_factory=Bell)
    status_lists: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by URI: revision and entries

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Unit]:
        """A unit of work; when it has committed, whoever delivers, handles and watches timers is woken."""
        async with self.store.begin() as unit:
            yield unit
        self.bell.ring()

    def institution(self, institution_id: str) -> Institution:
        """An institution of this jurisdiction; raises ``store.not-found``."""
        found = self.institutions.get(institution_id)
        if found is None:
            raise YitongError("store.not-found", institution_id)
        return found

    def by_entity(self, entity_id: str) -> Institution:
        """An institution of this jurisdiction by its entity id; raises ``store.not-found``."""
        for institution in self.institutions.values():
            if institution.entity_id == entity_id:
                return institution
        raise YitongError("store.not-found", entity_id)

    async def tell(
        self, unit: Unit, receiver: str, message_type: str, subject: str, body: dict[str, Any], reply_to: str | None = None
    ) -> str:
        """Keep a signed message to a neighbour in this transaction; returns its identifier."""
        return await send(
            unit.messages,
            self.me,
            self.entropy,
            self.clock.now(),
            receiver=receiver,
            message_type=message_type,
            subject=subject,
            body=body,
            reply_to=reply_to,
        )
