"""Where unguessable values come from: the only module that asks for randomness.

Nodes are given an :class:`Entropy`, so that a simulation with one seed makes the same region twice.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Protocol

from yitong.digest import b64url


class Entropy(Protocol):
    """Gives unguessable bytes."""

    def bytes(self, count: int) -> bytes:
        """``count`` fresh bytes."""
        ...


@dataclass(frozen=True, slots=True)
class SystemEntropy:
    """The operating system's randomness."""

    def bytes(self, count: int) -> bytes:
        """``count`` fresh bytes from the operating system."""
        return secrets.token_bytes(count)


@dataclass(slots=True)
class SeededEntropy:
    """A repeatable stream for tests and simulation; never for a node."""

    seed: int
    drawn: int = 0

    def bytes(self, count: int) -> bytes:
        """The next ``count`` bytes of the stream of this seed."""
        self.drawn += 1
        return hashlib.shake_256(f"yitong/{self.seed}/{self.drawn}".encode()).digest(count)


def new_token(entropy: Entropy, bytes_count: int = 24) -> str:
    """An unguessable URL-safe string, 192 bits unless told."""
    return b64url(entropy.bytes(bytes_count))


def new_id(entropy: Entropy, prefix: str) -> str:
    """An identifier such as ``case-3mWy…``: a readable prefix and 120 random bits."""
    return f"{prefix}-{b64url(entropy.bytes(15))}"


def below(entropy: Entropy, bound: int) -> int:
    """A uniform integer in ``[0, bound)``, by rejection so that no value is likelier than another."""
    size = (bound.bit_length() + 7) // 8
    top = (1 << (8 * size)) // bound * bound
    while True:
        drawn = int.from_bytes(entropy.bytes(size), "big")
        if drawn < top:
            return drawn % bound
