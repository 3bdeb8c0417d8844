"""Whom we believe right now: trust chains and the recognition table, fetched, verified, kept, and dated.

Everything that is handed out says when it was obtained, so that a verdict can say how old its grounds are. A chain is
fetched again when half its life has passed or when a key is asked for that it does not hold; while the neighbour
cannot be reached, an unexpired chain goes on serving. What is dated after now (an example region's clock was set
back) is fetched again.

Strangers name entities, in messages and credentials, and would send us anywhere. So nothing is fetched from a host
before the anchor's list says that a member is there; what the member is, only its chain says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakValueDictionary

from yitong.clock import Clock
from yitong.digest import parse_json
from yitong.errors import YitongError
from yitong.specs.jwk import PublicKey, find_key
from yitong.trust.anchor import LIST_PATH, InstitutionFacts, read_institution
from yitong.trust.chain import NODE, Chain, collect_chain, verify_anchor, verify_chain
from yitong.trust.recognition import Table, read_table

REFRESH_AT_MOST = timedelta(seconds=2)  # a stranger who names unknown keys cannot make us fetch more often than this
INSTITUTIONS = "/institutions/"  # between the entity id of a node and that of an institution under it
Get = Callable[[str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Believed:
    """A verified chain and when its statements were fetched."""

    chain: Chain
    obtained_at: datetime


class Believer:
    """Finds chains and keys; one for each node. ``get`` fetches the text at a URL."""

    def __init__(self, get: Get, anchor_id: str, anchor_jwks: dict[str, Any], clock: Clock) -> None:
        self._get = get
        self.anchor_id = anchor_id
        self._anchor_jwks = anchor_jwks
        self._clock = clock
        self._known: dict[str, Believed] = {}
        self._table: tuple[Table, datetime] | None = None
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # gone with the last who waits
        self._members: tuple[frozenset[str], datetime] | None = None

    async def chain(self, entity_id: str, *, newer_than: datetime | None = None) -> Believed:
        """The chain of an entity; raises ``trust.…`` when it is not to be believed, ``peer.unreachable`` when nobody can tell."""
        lock = self._fetching.setdefault(entity_id, asyncio.Lock())
        async with lock:
            known, now = self._known.get(entity_id), self._clock.now()
            if known is not None and known.obtained_at <= now < known.chain.expires_at:
                half = known.obtained_at + (known.chain.expires_at - known.obtained_at) / 2
                fresh = now < half and (newer_than is None or known.obtained_at > newer_than)
                if fresh or now - known.obtained_at < REFRESH_AT_MOST:
                    return known
            try:
                await self._check_member(entity_id, now)
                believed = await self._fetch(entity_id, now)
            except YitongError as error:
                if error.code.startswith("peer.") and known is not None and now < known.chain.expires_at:
                    return known
                raise
            self._known[entity_id] = believed
            return believed

    async def _check_member(self, entity_id: str, now: datetime) -> None:
        """Raises ``trust.not-a-member`` unless the anchor lists the node that ``entity_id`` is, or is under."""
        node, known = entity_id.partition(INSTITUTIONS)[0], self._members
        if known is not None and node in known[0]:
            return
        if node not in await self._list_members(now):
            raise YitongError("trust.not-a-member", entity_id)

    async def _list_members(self, now: datetime) -> frozenset[str]:
        """Whom the anchor lists, and the anchor itself; asked again after ``REFRESH_AT_MOST``."""
        known = self._members
        if known is not None and timedelta(0) <= now - known[1] < REFRESH_AT_MOST:
            return known[0]
        listed = parse_json(await self._get(self.anchor_id + LIST_PATH), self.anchor_id)
        names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        self._members = (frozenset({self.anchor_id, *names}), now)
        return self._members[0]

    async def neighbours(self) -> frozenset[str]:
        """The nodes that the anchor lists; while it cannot be reached, those that it listed last."""
        try:
            listed = await self._list_members(self._clock.now())
        except YitongError as error:
            if self._members is None or not error.code.startswith("peer."):
                raise
            listed = self._members[0]
        return listed - {self.anchor_id}

    async def _fetch(self, entity_id: str, now: datetime) -> Believed:
        statements = await collect_chain(entity_id, self.anchor_id, self._get)
        return Believed(verify_chain(statements, self.anchor_id, self._anchor_jwks, now), now)

    async def key(self, entity_id: str, entity_type: str, kid: str) -> PublicKey:
        """The key ``kid`` that the entity publishes for ``entity_type``; an unknown one is looked for once more."""
        believed = await self.chain(entity_id)
        try:
            return _key(believed.chain, entity_type, kid)
        except YitongError:
            newer = await self.chain(entity_id, newer_than=believed.obtained_at)
            if newer is believed:
                raise
            return _key(newer.chain, entity_type, kid)

    async def message_key(self, entity_id: str, kid: str) -> PublicKey:
        """The message key of a node; raises ``message.unknown-sender``, ``message.not-a-node`` or ``peer.unreachable``."""
        try:
            believed = await self.chain(entity_id)
            if NODE not in believed.chain.metadata:
                raise YitongError("message.not-a-node", entity_id)
            return await self.key(entity_id, NODE, kid)
        except YitongError as error:
            if error.code.startswith(("peer.", "message.")):
                raise
            raise YitongError("message.unknown-sender", entity_id, reason=error.code) from error

    async def institution(self, entity_id: str) -> tuple[Believed, InstitutionFacts]:
        """An institution's chain and what its jurisdiction states of it; raises ``trust.…`` or ``peer.unreachable``."""
        believed = await self.chain(entity_id)
        return believed, read_institution(believed.chain)

    async def inbox(self, entity_id: str) -> str:
        """Where a node takes messages."""
        believed = await self.chain(entity_id)
        endpoint = believed.chain.metadata.get(NODE, {}).get("inbox_endpoint")
        if not isinstance(endpoint, str):
            raise YitongError("message.not-a-node", entity_id)
        return endpoint

    async def recognition(self) -> tuple[Table, datetime]:
        """The anchor's recognition table, and when it was fetched."""
        known, now = self._table, self._clock.now()
        if known is not None and known[1] <= now < known[1] + (known[0].expires_at - known[1]) / 2:
            return known
        try:
            anchor = verify_anchor(
                await self._get(f"{self.anchor_id}/.well-known/openid-federation"), self.anchor_id, self._anchor_jwks, now
            )
            text = await self._get(f"{self.anchor_id}/federation/recognition")
            table = read_table(text, anchor.jwks, self.anchor_id, now)
        except YitongError as error:
            if error.code.startswith("peer.") and known is not None and now < known[0].expires_at:
                return known
            raise
        self._table = (table, now)
        return self._table


def _key(chain: Chain, entity_type: str, kid: str) -> PublicKey:
    return find_key(chain.metadata.get(entity_type, {}).get("jwks"), kid, chain.entity_id)
