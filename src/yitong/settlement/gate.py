"""A gate that decides offline: at the moment of a tap it asks nobody, and holds everything that it needs.

What it needs comes by synchronisation: the issuers' keys, pinned by the trust chain that ``trust`` verified, and the
deny list, whole or in numbered changes. A key that a code brings along is never looked at; the format has no place
for one. :func:`check` is pure: it reads the replay memory and changes nothing. :class:`Gate` adds what must be
remembered, and turns an accepted code into a :class:`Tap`, the record that fares are computed from.

Someone who holds a photograph of a code has until its lifetime ends, at another station: no offline gate can know
of the first use. Matching the taps finds it (``settlement.trips``), and the first use counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from yitong.clock import epoch, from_epoch, read_moment, write_moment
from yitong.errors import YitongError
from yitong.settlement.usage import read_fields
from yitong.specs.cose_pass import Code, Pass, issuer_signed, key_id, read_code, read_text, user_signed
from yitong.specs.jwk import PublicKey

Direction = Literal["entry", "exit"]
IssuerKeys = Mapping[str, Mapping[str, PublicKey]]


@dataclass(frozen=True, slots=True)
class GateRules:
    """The agreement's rules for a code. Times in seconds.

    ``skew_ahead_s`` forgives phones whose clock is ahead of the gate's. ``skew_behind_s`` forgives those behind, and
    lets a photograph of a code work that much longer: the lifetime already forgives a little, so leave it at 0.
    """

    max_lifetime_s: int
    skew_ahead_s: int
    skew_behind_s: int
    deny_list_max_age_s: int | None


@dataclass(frozen=True, slots=True)
class GateSite:
    """Where a gate stands and which way it lets people through."""

    operator: str
    station: str
    gate: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class DenyList:
    """The (issuer, pass id) pairs that are stopped, as of change ``number``."""

    number: int
    as_of: datetime
    denied: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class DenyChange:
    """Change ``number`` of the deny list: what is added to it and what is lifted."""

    number: int
    as_of: datetime
    added: frozenset[tuple[str, str]]
    lifted: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Synced:
    """What the gate was given when it was last online."""

    issuer_keys: IssuerKeys
    deny_list: DenyList


@dataclass(frozen=True, slots=True)
class Tap:
    """One accepted code at one gate. ``pass_id`` is the issuer's alias: the operator learns no person from it."""

    tap_id: str
    operator: str
    station: str
    gate: str
    direction: Direction
    at: datetime
    issuer: str
    pass_id: str
    limit_fen: int
    code_hash: str


@dataclass(slots=True)
class ReplayMemory:
    """The codes that were used, until they would be stale anyway; the gates of one station share one memory."""

    until_s: dict[str, int] = field(default_factory=dict)

    def knows(self, code_hash: str) -> bool:
        """Whether this code was used here."""
        return code_hash in self.until_s

    def remember(self, code: Code, rules: GateRules) -> None:
        """Keep the code as long as step 6 of :func:`check` would accept it: one second less lets it through twice."""
        self.until_s[code.code_hash] = code.created_at_s + code.lifetime_s + rules.skew_behind_s

    def forget(self, now_s: int) -> None:
        """Drop what has become stale, so that the memory stays as small as the traffic of one lifetime."""
        for code_hash in [known for known, until in self.until_s.items() if until < now_s]:
            del self.until_s[code_hash]


def pinned(keys: Iterable[PublicKey]) -> dict[str, PublicKey]:
    """One issuer's keys by their names in passes; raises ``gate.ambiguous-key`` when two share a name."""
    found: dict[str, PublicKey] = {}
    for key in keys:
        name = key_id(key)
        if name in found:
            raise YitongError("gate.ambiguous-key", key_id=name)
        found[name] = key
    return found


def change_deny_list(held: DenyList, change: DenyChange) -> DenyList:
    """The list after ``change``; raises ``gate.deny-list-gap`` when a number is missing between them."""
    if change.number != held.number + 1:
        raise YitongError("gate.deny-list-gap", held=held.number, got=change.number)
    return DenyList(change.number, change.as_of, (held.denied | change.added) - change.lifted)


def check(
    site: GateSite,
    rules: GateRules,
    synced: Synced,
    text: str,
    now: datetime,
    *,
    memory: ReplayMemory,
    fare_fen: int | None = None,
) -> Code:
    """The code in ``text`` if this gate lets its holder through at ``now``; raises ``pass.…`` or ``gate.…`` otherwise.

    1. Version, length, structure.  2. The issuer is known, and the key that the pass names is one of the issuer's
    keys as synchronised.  3. The issuer's signature over the pass.  4. The pass is valid now.  5. The claimed
    lifetime is one that the agreement allows.  6. The code was made at a possible moment and is not stale.  7. The
    device's signature over the code.  8. Not used before at this station.  9. The deny list is fresh enough and does
    not hold the pass.  10. The state that the device claims fits the direction.  11. At an exit whose station
    computer knows the fare: it is within the limit.

    What is signed is believed only after its signature: 4 reads the pass after 3. 5 and 6 read the code before 7,
    because they cost nothing and the honest mistakes (a screenshot, a wrong clock) deserve their own answer.
    """
    now_s = epoch(now)
    code = read_code(read_text(text))  # 1
    travel_pass = code.travel_pass
    if not issuer_signed(travel_pass, _issuer_key(synced.issuer_keys, travel_pass)):  # 2, 3
        raise YitongError("gate.bad-issuer-signature")
    if now_s >= travel_pass.expires_s:  # 4
        raise YitongError("gate.pass-expired")
    if now_s < travel_pass.valid_from_s - rules.skew_ahead_s:  # 4
        raise YitongError("gate.pass-not-yet-valid")
    _check_moment(code, rules, now_s)  # 5, 6
    if not user_signed(code):  # 7
        raise YitongError("gate.bad-user-signature")
    if memory.knows(code.code_hash):  # 8
        raise YitongError("gate.replayed")
    _check_denied(synced.deny_list, rules, travel_pass, now_s)  # 9
    if code.inside is not None and code.inside != (site.direction == "exit"):  # 10
        raise YitongError("gate.already-inside" if code.inside else "gate.not-inside")
    if site.direction == "exit" and fare_fen is not None and fare_fen > travel_pass.limit_fen:  # 11
        raise YitongError("gate.over-limit")
    return code


def _issuer_key(issuer_keys: IssuerKeys, travel_pass: Pass) -> PublicKey:
    if travel_pass.issuer not in issuer_keys:
        raise YitongError("gate.unknown-issuer", issuer=travel_pass.issuer)
    key = issuer_keys[travel_pass.issuer].get(travel_pass.key_id)
    if key is None:
        raise YitongError("gate.unknown-key", issuer=travel_pass.issuer, key_id=travel_pass.key_id)
    return key


def _check_moment(code: Code, rules: GateRules, now_s: int) -> None:
    """Steps 5 and 6. A code older than its own pass was made by a clock, or counted from an epoch, that is wrong."""
    age_s = now_s - code.created_at_s
    if code.lifetime_s > rules.max_lifetime_s:  # 5
        raise YitongError("gate.lifetime-too-long", lifetime_s=code.lifetime_s, max_lifetime_s=rules.max_lifetime_s)
    if age_s < -rules.skew_ahead_s or code.created_at_s < code.travel_pass.valid_from_s - rules.skew_ahead_s:  # 6
        raise YitongError("gate.clock")
    if age_s > code.lifetime_s + rules.skew_behind_s:  # 6
        raise YitongError("gate.stale-code", age_s=age_s)


def _check_denied(deny_list: DenyList, rules: GateRules, travel_pass: Pass, now_s: int) -> None:
    """Step 9. An old list is refused only where the operator chose that; otherwise its age is the operator's risk."""
    if rules.deny_list_max_age_s is not None and now_s - epoch(deny_list.as_of) > rules.deny_list_max_age_s:
        raise YitongError("gate.deny-list-stale")
    if (travel_pass.issuer, travel_pass.pass_id) in deny_list.denied:
        raise YitongError("gate.denied")


@dataclass(slots=True)
class Gate:
    """One gate: its place, its rules, what it was given, what it remembers, and the taps it has taken."""

    site: GateSite
    rules: GateRules
    synced: Synced
    memory: ReplayMemory
    next_number: int = 1
    log: list[Tap] = field(default_factory=list)

    def tap(self, text: str, now: datetime, fare_fen: int | None = None) -> Tap:
        """Let the holder of the code through and log it; raises what :func:`check` raises, and then nothing is changed."""
        code = check(self.site, self.rules, self.synced, text, now, memory=self.memory, fare_fen=fare_fen)
        self.memory.forget(epoch(now))
        self.memory.remember(code, self.rules)
        site, travel_pass = self.site, code.travel_pass
        taken = Tap(
            tap_id=f"{site.operator}/{site.gate}/{self.next_number}",
            operator=site.operator,
            station=site.station,
            gate=site.gate,
            direction=site.direction,
            at=from_epoch(epoch(now)),
            issuer=travel_pass.issuer,
            pass_id=travel_pass.pass_id,
            limit_fen=travel_pass.limit_fen,
            code_hash=code.code_hash,
        )
        self.next_number += 1
        self.log.append(taken)
        return taken


def tap_to_json(tap: Tap) -> dict[str, Any]:
    """The JSON members of a tap."""
    return {
        "tap_id": tap.tap_id,
        "operator": tap.operator,
        "station": tap.station,
        "gate": tap.gate,
        "direction": tap.direction,
        "at": write_moment(tap.at),
        "issuer": tap.issuer,
        "pass_id": tap.pass_id,
        "limit_fen": tap.limit_fen,
        "code_hash": tap.code_hash,
    }


def tap_from_json(data: object, where: str = "") -> Tap:
    """Read what :func:`tap_to_json` wrote, and nothing else; raises ``tap.malformed`` or ``time.not-a-moment``.

    The identifier is the operator, the gate and the gate's own sequence: a tap cannot claim another's.
    """
    names = ("tap_id", "operator", "station", "gate", "direction", "at", "issuer", "pass_id", "code_hash")
    known: dict[str, tuple[type, ...]] = dict.fromkeys(names, (str,))
    fields = read_fields(data, known | {"limit_fen": (int,)}, "tap.malformed", where)
    prefix, _, number = fields["tap_id"].rpartition("/")
    if prefix != f"{fields['operator']}/{fields['gate']}" or not (number.isascii() and number.isdigit()):
        raise YitongError("tap.malformed", f"{where}/tap_id")
    if fields["direction"] not in ("entry", "exit") or fields["limit_fen"] < 0:
        raise YitongError("tap.malformed", where)
    return Tap(**(fields | {"at": read_moment(fields["at"], f"{where}/at")}))
