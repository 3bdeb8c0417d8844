"""Phones and gates of the tour: both offline, each with what it was given when it was last online.

An issuer's system gives out passes with the issuer's own key; a phone makes codes with its own; a gate believes the
keys that a node published, and nothing that a code brings along. None of them is part of a node.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import epoch, write_moment
from yitong.digest import b64url
from yitong.entropy import Entropy
from yitong.settlement.gate import DenyList, Direction, Gate, GateRules, GateSite, ReplayMemory, Synced, Tap, pinned
from yitong.specs.cose_pass import PASS_ID_BYTES, code_text, issue_pass, make_code
from yitong.specs.jwk import PrivateKey, new_private_key, read_public_jwk

PASS_LASTS = timedelta(days=2)
LIFETIME_S = 30


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone with a pass: the pass is bound to its key, which never leaves it."""

    issuer: str
    pass_id: str
    travel_pass: bytes
    key: PrivateKey
    limit_fen: int
    valid_from: datetime
    expires_at: datetime

    def code(self, now: datetime, *, inside: bool | None = None) -> str:
        """The text of the QR code that it shows at ``now``."""
        return code_text(make_code(self.travel_pass, self.key, epoch(now), lifetime_s=LIFETIME_S, inside=inside))

    def told(self, account: str) -> dict[str, Any]:
        """What the issuer's system tells its node of this pass."""
        return {
            "pass_id": self.pass_id,
            "account": account,
            "limit_fen": self.limit_fen,
            "valid_from": write_moment(self.valid_from),
            "expires_at": write_moment(self.expires_at),
        }


def give_pass(issuer: str, issuer_key: PrivateKey, entropy: Entropy, now: datetime, limit_fen: int) -> Phone:
    """The issuer's system gives a phone a pass."""
    key, begins = new_private_key(), now.replace(microsecond=0)
    ends = begins + PASS_LASTS
    pass_id = b64url(entropy.bytes(PASS_ID_BYTES))
    travel_pass = issue_pass(
        issuer_key,
        issuer=issuer,
        pass_id=pass_id,
        limit_fen=limit_fen,
        user_key=key.public_key(),
        valid_from_s=epoch(begins),
        expires_s=epoch(ends),
    )
    return Phone(issuer, pass_id, travel_pass, key, limit_fen, begins, ends)


@dataclass(slots=True)
class Stations:
    """The gates of one operator, and the taps that its back office has not handed in yet.

    ``run`` is in the names of the gates: a gate's own numbers begin anew in every run of the tour.
    """

    operator: str
    run: str
    rules: GateRules
    synced: Synced
    gates: dict[tuple[str, Direction], Gate] = field(default_factory=dict)
    memories: dict[str, ReplayMemory] = field(default_factory=dict)

    def gate(self, station: str, direction: Direction) -> Gate:
        """The gate of a station in one direction; the gates of a station share their memory of codes."""
        found = self.gates.get((station, direction))
        if found is None:
            memory = self.memories.setdefault(station, ReplayMemory())
            site = GateSite(self.operator, station, f"{station}-{direction}-{self.run}", direction)
            found = self.gates[station, direction] = Gate(site, self.rules, self.synced, memory)
        return found

    def taps(self) -> list[Tap]:
        """What the gates have logged since they were last asked."""
        found = sorted((tap for gate in self.gates.values() for tap in gate.log), key=lambda tap: (tap.at, tap.tap_id))
        for gate in self.gates.values():
            gate.log.clear()
        return found


def synchronise(issuers: Iterable[Mapping[str, Any]], now: datetime) -> Synced:
    """What a gate keeps of the issuers that a node published; nobody is on a deny list."""
    keys = {
        str(issuer["issuer"]): pinned(read_public_jwk(jwk, str(issuer["issuer"])) for jwk in issuer["keys"])
        for issuer in issuers
    }
    return Synced(keys, DenyList(0, now, frozenset()))
