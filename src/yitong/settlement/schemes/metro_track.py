"""How far a ride goes, and on whose track: the shortest way through the paid areas of several operators.

A stop is (operator, station). Two operators that share a station have a stop each, joined by an interchange of length
0 when the agreement says that one may walk from one to the other without leaving the paid area.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from yitong.errors import YitongError

Stop = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of track of ``operator`` between two of its stations, the same length both ways."""

    operator: str
    one: str
    other: str
    length_m: int


@dataclass(frozen=True, slots=True)
class Interchange:
    """Two stops of different operators inside one paid area."""

    one: Stop
    other: Stop


@dataclass(frozen=True, slots=True)
class Way:
    """The length of a ride, and of its part on each operator's track, in the order of the operators' names."""

    total_m: int
    by_operator: tuple[tuple[str, int], ...]


class Network:
    """The stops and how they are joined. Frozen after it is made."""

    __slots__ = ("_near",)

    def __init__(self, segments: Iterable[Segment], interchanges: Iterable[Interchange]) -> None:
        self._near: dict[Stop, list[tuple[Stop, str, int]]] = {}
        for piece in segments:
            self._join((piece.operator, piece.one), (piece.operator, piece.other), piece.operator, piece.length_m)
        for walk in interchanges:
            self._join(walk.one, walk.other, walk.one[0], 0)

    def _join(self, one: Stop, other: Stop, operator: str, length_m: int) -> None:
        self._near.setdefault(one, []).append((other, operator, length_m))
        self._near.setdefault(other, []).append((one, operator, length_m))

    def __contains__(self, stop: object) -> bool:
        return stop in self._near

    def way(self, start: Stop, end: Stop) -> Way:
        """The shortest way; raises ``metro.unknown-station`` or ``metro.no-path``.

        Among ways of equal length the one whose parts sort first wins, so that everybody apportions the same.
        """
        for stop in (start, end):
            if stop not in self:
                raise YitongError("metro.unknown-station", operator=stop[0], station=stop[1])
        found = self._ways(start, end)
        if end not in found:
            raise YitongError("metro.no-path", f"{'/'.join(start)} {'/'.join(end)}")
        return found[end]

    def farthest_m(self, start: Stop) -> int:
        """The longest of the shortest ways from ``start`` to a station of the same operator."""
        if start not in self:
            raise YitongError("metro.unknown-station", operator=start[0], station=start[1])
        return max(way.total_m for stop, way in self._ways(start, None).items() if stop[0] == start[0])

    def _ways(self, start: Stop, end: Stop | None) -> dict[Stop, Way]:
        """Dijkstra's algorithm, stopping at ``end``."""
        done: dict[Stop, Way] = {}
        queue: list[tuple[int, tuple[tuple[str, int], ...], Stop]] = [(0, (), start)]
        while queue and end not in done:
            total_m, parts, stop = heapq.heappop(queue)
            if stop in done:
                continue
            done[stop] = Way(total_m, parts)
            for near, operator, length_m in self._near[stop]:
                if near not in done:
                    heapq.heappush(queue, (total_m + length_m, _with(parts, operator, length_m), near))
        return done


def _with(parts: tuple[tuple[str, int], ...], operator: str, length_m: int) -> tuple[tuple[str, int], ...]:
    if length_m == 0:
        return parts
    lengths = dict(parts)
    lengths[operator] = lengths.get(operator, 0) + length_m
    return tuple(sorted(lengths.items()))
