"""What the peers package needs kept: messages out, messages in, their receipts, and what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

REFUSED_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message of ours: its signed bytes, where it stands, and the receipt once there is one."""

    seq: int
    id: str
    receiver: str
    type: str
    subject: str
    text: str
    created_at: datetime
    attempts: int
    due_at: datetime
    receipt: str | None
    receipted_at: datetime | None
    last_error: str | None
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A neighbour's message: its signed bytes, our receipt, and what became of it."""

    seq: int
    id: str
    sender: str
    type: str
    text: str
    text_hash: str
    receipt: str
    received_at: datetime
    attempts: int
    handled_at: datetime | None
    failure: str | None


class MessageRepo(Protocol):
    """Messages of one node inside one database transaction. Rows are added and completed, never changed; messages never go."""

    async def put_outgoing(
        self, message_id: str, receiver: str, message_type: str, subject: str, text: str, now: datetime
    ) -> None:
        """Keep a message that is to be delivered."""
        ...

    async def due_outgoing(self, receiver: str, now: datetime, limit: int) -> list[Outgoing]:
        """Messages to ``receiver`` without a receipt, oldest first, none beyond one that is not due yet.

        One that has outlived ``LIFETIME`` is given up: its receiver would refuse it, and it would hold up the others.
        One that waits longer than any wait is due: the clock of an example region was set back.
        """
        ...

    async def receivers_due(self, now: datetime) -> list[str]:
        """Neighbours for whom a message is due."""
        ...

    async def delivered(self, message_id: str, receipt: str, now: datetime) -> None:
        """Keep the receipt; the first one stands."""
        ...

    async def not_delivered(self, message_id: str, error: str, due_at: datetime, *, final: bool = False) -> None:
        """Count an attempt and say when to try again; a ``final`` one is given up, so that it holds up no other."""
        ...

    async def take_in(
        self, message_id: str, sender: str, message_type: str, text: str, receipt: str, now: datetime
    ) -> Incoming:
        """Keep a neighbour's message and our receipt; if (sender, id) is known, nothing changes and the known row returns."""
        ...

    async def next_unhandled(self, skip_senders: frozenset[str]) -> Incoming | None:
        """The oldest message of any sender not in ``skip_senders`` that waits to be acted on, held for this transaction."""
        ...

    async def handled(self, sender: str, message_id: str, now: datetime, failure: str | None) -> None:
        """The message has been acted on in this transaction, or refused with the code ``failure``."""
        ...

    async def stumbled(self, sender: str, message_id: str) -> int:
        """Count an attempt that broke on our side; returns how many there were."""
        ...

    async def refused(self, sender: str, code: str, text_hash: str, now: datetime) -> None:
        """Note a message that was not taken in, by hash only. The newest ``REFUSED_KEPT`` notes stay: strangers cause them."""
        ...

    async def waiting(self) -> tuple[int, int]:
        """How many messages wait: (to be delivered, to be acted on)."""
        ...

    async def about(self, subject: str, limit: int) -> list[Outgoing]:
        """Our messages about one matter, newest first."""
        ...
