"""Messages in the memory store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from yitong.digest import sha256_b64
from yitong.peers.message import LIFETIME
from yitong.peers.outbox import LONGEST_WAIT_S
from yitong.peers.repo import REFUSED_KEPT, Incoming, Outgoing
from yitong.store.memory.tables import Tables


def _undelivered(row: Outgoing, now: datetime) -> bool:
    return row.receipt is None and not row.given_up and row.created_at > now - LIFETIME


def _due(row: Outgoing, now: datetime) -> bool:
    return not now < row.due_at <= now + timedelta(seconds=LONGEST_WAIT_S)


class MemoryMessages:
    """Messages out and in, in order of arrival."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def put_outgoing(
        self, message_id: str, receiver: str, message_type: str, subject: str, text: str, now: datetime
    ) -> None:
        """Keep a message that is to be delivered."""
        seq = len(self._tables.outgoing) + 1
        self._tables.outgoing[message_id] = Outgoing(
            seq, message_id, receiver, message_type, subject, text, now, 0, now, None, None, None
        )

    async def due_outgoing(self, receiver: str, now: datetime, limit: int) -> list[Outgoing]:
        """Messages to ``receiver`` without a receipt, oldest first, none beyond one that is not due."""
        found: list[Outgoing] = []
        for row in self._tables.outgoing.values():
            if row.receiver != receiver or not _undelivered(row, now):
                continue
            if not _due(row, now) or len(found) == limit:
                break
            found.append(row)
        return found

    async def receivers_due(self, now: datetime) -> list[str]:
        """Neighbours for whom a message is due."""
        rows = self._tables.outgoing.values()
        return sorted({row.receiver for row in rows if _undelivered(row, now) and _due(row, now)})

    async def delivered(self, message_id: str, receipt: str, now: datetime) -> None:
        """Keep the receipt; the first one stands."""
        row = self._tables.outgoing[message_id]
        if row.receipt is None:
            self._tables.outgoing[message_id] = replace(
                row, attempts=row.attempts + 1, receipt=receipt, receipted_at=now, last_error=None
            )

    async def not_delivered(self, message_id: str, error: str, due_at: datetime, *, final: bool = False) -> None:
        """Count an attempt and say when to try again; a ``final`` one is given up."""
        row = self._tables.outgoing[message_id]
        self._tables.outgoing[message_id] = replace(
            row, attempts=row.attempts + 1, due_at=due_at, last_error=error, given_up=final
        )

    async def take_in(
        self, message_id: str, sender: str, message_type: str, text: str, receipt: str, now: datetime
    ) -> Incoming:
        """Keep a neighbour's message and our receipt; a known (sender, id) returns its row."""
        known = self._tables.incoming.get((sender, message_id))
        if known is not None:
            return known
        seq = len(self._tables.incoming) + 1
        text_hash = sha256_b64(text.encode())
        row = Incoming(seq, message_id, sender, message_type, text, text_hash, receipt, now, 0, None, None)
        self._tables.incoming[sender, message_id] = row
        return row

    async def next_unhandled(self, skip_senders: frozenset[str]) -> Incoming | None:
        """The oldest message that waits to be acted on."""
        waiting = (row for row in self._tables.incoming.values() if row.handled_at is None and row.sender not in skip_senders)
        return next(waiting, None)

    async def handled(self, sender: str, message_id: str, now: datetime, failure: str | None) -> None:
        """The message has been acted on, or refused with a code."""
        row = self._tables.incoming[sender, message_id]
        self._tables.incoming[sender, message_id] = replace(row, handled_at=now, failure=failure)

    async def stumbled(self, sender: str, message_id: str) -> int:
        """Count an attempt that broke on our side."""
        row = self._tables.incoming[sender, message_id]
        self._tables.incoming[sender, message_id] = replace(row, attempts=row.attempts + 1)
        return row.attempts + 1

    async def refused(self, sender: str, code: str, text_hash: str, now: datetime) -> None:
        """Note a message that was not taken in."""
        self._tables.refused.append((sender, code, text_hash, now))
        del self._tables.refused[:-REFUSED_KEPT]

    async def waiting(self) -> tuple[int, int]:
        """How many messages wait: (to be delivered, to be acted on)."""
        out = sum(1 for row in self._tables.outgoing.values() if row.receipt is None and not row.given_up)
        return out, sum(1 for row in self._tables.incoming.values() if row.handled_at is None)

    async def about(self, subject: str, limit: int) -> list[Outgoing]:
        """Our messages about one matter, newest first."""
        return [row for row in reversed(self._tables.outgoing.values()) if row.subject == subject][:limit]
