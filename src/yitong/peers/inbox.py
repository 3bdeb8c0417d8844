"""Taking in a neighbour's message: verify, store with our receipt, answer with the receipt. Acting comes later.

The receipt is signed before the row is written and sent only after it is durable: a neighbour that holds our receipt
knows that we hold its message. Sent again, the message meets its own row and gets the same receipt back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.peers.message import Message, Receipt, peek_sender, read_message, seal_receipt
from yitong.peers.repo import MessageRepo
from yitong.specs.jwk import PrivateKey, PublicKey


class KeyFinder(Protocol):
    """Finds a neighbour's message key; raises ``message.unknown-sender`` or ``message.not-a-node``."""

    async def message_key(self, entity_id: str, kid: str) -> PublicKey:
        """The key ``kid`` of the node ``entity_id``, believed by the trust chain."""
        ...


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to our neighbours: entity id and the key that signs messages and receipts."""

    entity_id: str
    key: PrivateKey
    kid: str


async def read_incoming(text: str, me: Identity, keys: KeyFinder, now: datetime) -> Message:
    """Find the sender's key through the trust chain and verify the message with it."""
    sender, kid = peek_sender(text)
    return read_message(text, await keys.message_key(sender, kid), receiver=me.entity_id, now=now)


async def take_in(repo: MessageRepo, message: Message, text: str, me: Identity, now: datetime) -> str:
    """Store a verified message with a receipt and return the receipt that stands.

    1. Sign a receipt for exactly these bytes.  2. Store both; a known identifier returns its first row.
    3. A known identifier with other bytes is refused (``message.id-reused``).
    """
    text_hash = sha256_b64(text.encode())
    receipt = seal_receipt(Receipt(message.id, text_hash, message.sender, me.entity_id, now), me.key, me.kid)  # 1
    kept = await repo.take_in(message.id, message.sender, message.type, text, receipt, now)  # 2
    if kept.text_hash != text_hash:  # 3
        raise YitongError("message.id-reused", message.id)
    return kept.receipt
