"""Messages on PostgreSQL. ``FOR UPDATE SKIP LOCKED`` lets several workers share the work without meeting."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from yitong.digest import sha256_b64
from yitong.peers.message import LIFETIME
from yitong.peers.outbox import LONGEST_WAIT_S
from yitong.peers.repo import REFUSED_KEPT, Incoming, Outgoing
from yitong.store.postgres.connection import Connection

_OUT = "seq, id, receiver, type, subject, text, created_at, attempts, due_at, receipt, receipted_at, last_error, given_up"
_IN = "seq, id, sender, type, text, text_hash, receipt, received_at, attempts, handled_at, failure"
_LONGEST_WAIT = timedelta(seconds=LONGEST_WAIT_S)


def _outgoing(row: asyncpg.Record) -> Outgoing:
    return Outgoing(*row.values())


def _incoming(row: asyncpg.Record) -> Incoming:
    return Incoming(*row.values())


class PostgresMessages:
    """Messages of one node inside one database transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put_outgoing(
        self, message_id: str, receiver: str, message_type: str, subject: str, text: str, now: datetime
    ) -> None:
        """Keep a message that is to be delivered."""
        await self._connection.execute(
            "INSERT INTO outgoing (id, receiver, type, subject, text, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
            message_id,
            receiver,
            message_type,
            subject,
            text,
            now,
        )

    async def due_outgoing(self, receiver: str, now: datetime, limit: int) -> list[Outgoing]:
        """Messages to ``receiver`` without a receipt, oldest first, none beyond one that is not due."""
        rows = await self._connection.fetch(
            f"SELECT {_OUT} FROM outgoing WHERE receiver = $1 AND receipt IS NULL AND NOT given_up AND created_at > $3 "
            "ORDER BY seq LIMIT $2",
            receiver,
            limit,
            now - LIFETIME,
        )
        found: list[Outgoing] = []
        for row in rows:
            if now < row["due_at"] <= now + _LONGEST_WAIT:
                break
            found.append(_outgoing(row))
        return found

    async def receivers_due(self, now: datetime) -> list[str]:
        """Neighbours for whom a message is due."""
        rows = await self._connection.fetch(
            "SELECT DISTINCT receiver FROM outgoing WHERE receipt IS NULL AND NOT given_up AND created_at > $3 "
            "AND (due_at <= $1 OR due_at > $2) "
            "ORDER BY receiver",
            now,
            now + _LONGEST_WAIT,
            now - LIFETIME,
        )
        return [row["receiver"] for row in rows]

    async def delivered(self, message_id: str, receipt: str, now: datetime) -> None:
        """Keep the receipt; the first one stands."""
        await self._connection.execute(
            "UPDATE outgoing SET receipt = $2, receipted_at = $3, attempts = attempts + 1, last_error = NULL "
            "WHERE id = $1 AND receipt IS NULL",
            message_id,
            receipt,
            now,
        )

    async def not_delivered(self, message_id: str, error: str, due_at: datetime, *, final: bool = False) -> None:
        """Count an attempt and say when to try again; a ``final`` one is given up."""
        await self._connection.execute(
            "UPDATE outgoing SET attempts = attempts + 1, last_error = $2, due_at = $3, given_up = $4 WHERE id = $1",
            message_id,
            error,
            due_at,
            final,
        )

    async def take_in(
        self, message_id: str, sender: str, message_type: str, text: str, receipt: str, now: datetime
    ) -> Incoming:
        """Keep a neighbour's message and our receipt; a known (sender, id) returns its row."""
        text_hash = sha256_b64(text.encode())
        await self._connection.execute(
            "INSERT INTO incoming (id, sender, type, text, text_hash, receipt, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7) "
            "ON CONFLICT (sender, id) DO NOTHING",
            message_id,
            sender,
            message_type,
            text,
            text_hash,
            receipt,
            now,
        )
        row = await self._connection.fetchrow(f"SELECT {_IN} FROM incoming WHERE sender = $1 AND id = $2", sender, message_id)
        if row is None:
            raise RuntimeError("a row that was just inserted is not there")
        return _incoming(row)

    async def next_unhandled(self, skip_senders: frozenset[str]) -> Incoming | None:
        """The oldest message that waits to be acted on and that no other transaction holds."""
        row = await self._connection.fetchrow(
            f"SELECT {_IN} FROM incoming WHERE handled_at IS NULL AND sender <> ALL($1::text[]) "
            "ORDER BY seq LIMIT 1 FOR UPDATE SKIP LOCKED",
            sorted(skip_senders),
        )
        return None if row is None else _incoming(row)

    async def handled(self, sender: str, message_id: str, now: datetime, failure: str | None) -> None:
        """The message has been acted on, or refused with a code."""
        await self._connection.execute(
            "UPDATE incoming SET handled_at = $3, failure = $4 WHERE sender = $1 AND id = $2", sender, message_id, now, failure
        )

    async def stumbled(self, sender: str, message_id: str) -> int:
        """Count an attempt that broke on our side."""
        found = await self._connection.fetchval(
            "UPDATE incoming SET attempts = attempts + 1 WHERE sender = $1 AND id = $2 RETURNING attempts", sender, message_id
        )
        return int(found)

    async def refused(self, sender: str, code: str, text_hash: str, now: datetime) -> None:
        """Note a message that was not taken in."""
        await self._connection.execute(
            "WITH noted AS (INSERT INTO refused_message (sender, code, text_hash, refused_at) VALUES ($1, $2, $3, $4) RETURNING seq) "
            "DELETE FROM refused_message WHERE seq <= (SELECT seq FROM noted) - $5",
            sender,
            code,
            text_hash,
            now,
            REFUSED_KEPT,
        )

    async def waiting(self) -> tuple[int, int]:
        """How many messages wait: (to be delivered, to be acted on)."""
        out = await self._connection.fetchval("SELECT count(*) FROM outgoing WHERE receipt IS NULL AND NOT given_up")
        return int(out), int(await self._connection.fetchval("SELECT count(*) FROM incoming WHERE handled_at IS NULL"))

    async def about(self, subject: str, limit: int) -> list[Outgoing]:
        """Our messages about one matter, newest first."""
        rows = await self._connection.fetch(
            f"SELECT {_OUT} FROM outgoing WHERE subject = $1 ORDER BY seq DESC LIMIT $2", subject, limit
        )
        return [_outgoing(row) for row in rows]
