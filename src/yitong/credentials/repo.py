"""What credentials need kept beside their nouns: the entries of the status list."""

from __future__ import annotations

from typing import Protocol

from yitong.entropy import Entropy


class StatusRepo(Protocol):
    """Entries of status lists inside one database transaction."""

    async def allocate(self, list_id: str, size: int, entropy: Entropy) -> int:
        """A random index in ``[0, size)`` never given out before; raises ``store.status-list-full`` near the brim."""
        ...

    async def put(self, list_id: str, index: int, value: int) -> None:
        """Set an allocated entry."""
        ...

    async def nonzero(self, list_id: str) -> list[tuple[int, int]]:
        """``(index, value)`` of every entry that is not valid."""
        ...

    async def revision(self, list_id: str) -> int:
        """Grows with every change of an entry."""
        ...
