"""Sending: a message is stored in the transaction that decided it, and delivered until the receipt is stored too.

Messages to one neighbour are delivered in the order in which they were stored, so that what depends on an earlier
one never overtakes it. Waiting grows from one second to a minute, until the message expires.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from yitong.entropy import Entropy, new_id
from yitong.peers.inbox import Identity
from yitong.peers.message import LIFETIME, Message, seal_message
from yitong.peers.repo import MessageRepo

FIRST_WAIT_S = 1
LONGEST_WAIT_S = 60


def wait_after(attempts: int) -> timedelta:
    """How long to wait after the ``attempts``-th failure: 1, 2, 4 … at most 60 seconds."""
    return timedelta(seconds=min(FIRST_WAIT_S * 2 ** min(attempts, 10), LONGEST_WAIT_S))


async def send(
    repo: MessageRepo,
    me: Identity,
    entropy: Entropy,
    now: datetime,
    *,
    receiver: str,
    message_type: str,
    subject: str,
    body: dict[str, Any],
    reply_to: str | None = None,
) -> str:
    """Sign a message and keep it for delivery; returns its identifier. ``subject`` says what it is about, for look-up."""
    message_id = new_id(entropy, "msg")
    message = Message(message_id, message_type, me.entity_id, receiver, now, now + LIFETIME, body, reply_to)
    await repo.put_outgoing(message_id, receiver, message_type, subject, seal_message(message, me.key, me.kid), now)
    return message_id
