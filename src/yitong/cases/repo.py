"""What cases need kept: streams of events, appended with an expected length and never changed."""

from __future__ import annotations

from typing import Any, Protocol


class EventRepo(Protocol):
    """Streams of JSON events inside one database transaction."""

    async def append(self, stream: str, expected: int, events: list[dict[str, Any]]) -> None:
        """Add events after the ``expected`` ones already there; raises ``store.conflict`` if there are more or fewer."""
        ...

    async def load(self, stream: str) -> list[dict[str, Any]]:
        """All events of the stream, in order."""
        ...
