"""How a kind of record is kept: the one declaration that the domains make and every store obeys.

A :class:`Noun` names a record type, its key, and the few values by which it is looked up. A store keeps the record
whole, and those values beside it. Domains declare their nouns; stores know none by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Noun(Generic[T]):
    """A kind of record: ``name`` is its table, ``key`` its identity, ``indexes`` what it is found by, ``unique`` what may not repeat."""

    name: str
    type: type[T]
    key: Callable[[T], str]
    indexes: dict[str, Callable[[T], str | None]] = field(default_factory=dict)
    unique: tuple[str, ...] = ()


class Shelf(Protocol[T]):
    """The records of one noun inside one database transaction."""

    async def get(self, key: str) -> T | None:
        """The record, or None."""
        ...

    async def lock(self, key: str) -> T | None:
        """The record, held so that no other transaction changes it before this one ends."""
        ...

    async def add(self, record: T) -> None:
        """Keep a new record; raises ``store.exists`` when its key or a unique index is taken."""
        ...

    async def save(self, record: T) -> None:
        """Keep this version of the record, new or not."""
        ...

    async def find(self, *, limit: int = 100, **indexes: str) -> list[T]:
        """The newest ``limit`` records whose indexes have these values, newest first."""
        ...

    async def drop(self, key: str) -> T | None:
        """Remove the record and return it: whoever gets it is the only one who does."""
        ...

    async def sweep(self, before: datetime) -> int:
        """Remove the records last changed before ``before``; only for nouns that may be forgotten. Returns how many."""
        ...


class Shelves(Protocol):
    """Gives the shelf of a noun."""

    def shelf(self, noun: Noun[Any]) -> Shelf[Any]:
        """The shelf of ``noun`` in this transaction."""
        ...
