"""What the flows need of a store: one database transaction in which everything of a use case happens or nothing does."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from yitong.cases.repo import EventRepo
from yitong.credentials.repo import StatusRepo
from yitong.ledger.repo import LedgerRepo
from yitong.peers.repo import MessageRepo
from yitong.records import Shelves


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that must happen when ``due_at`` has come: which flow (``kind``) and about what (``subject``)."""

    id: str
    kind: str
    subject: str
    due_at: datetime


class TimerRepo(Protocol):
    """Timers inside one database transaction: set with the change that needs them, done with the change they make."""

    async def set(self, timer: Timer) -> None:
        """Set or move a timer."""
        ...

    async def due(self, now: datetime) -> Timer | None:
        """The most overdue timer, held for this transaction and not offered to another."""
        ...

    async def next_due(self) -> datetime | None:
        """When the next timer is due."""
        ...

    async def cancel(self, timer_id: str) -> None:
        """The timer is done, or no longer needed."""
        ...


class Unit(Shelves, Protocol):
    """One database transaction."""

    @property
    def messages(self) -> MessageRepo:
        """Messages to and from the neighbours."""
        ...

    @property
    def events(self) -> EventRepo:
        """Event streams of cases."""
        ...

    @property
    def timers(self) -> TimerRepo:
        """Timers."""
        ...

    @property
    def status(self) -> StatusRepo:
        """Entries of status lists."""
        ...

    @property
    def ledger(self) -> LedgerRepo:
        """The ledger."""
        ...


class Store(Protocol):
    """A node's store."""

    def begin(self) -> AbstractAsyncContextManager[Unit]:
        """A transaction that commits when the block ends and is undone when it raises."""
        ...

    async def check(self) -> None:
        """Raises ``store.unreachable`` or ``store.outdated`` when the store cannot serve."""
        ...
