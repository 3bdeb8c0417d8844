"""Passes and taps: what issuers and operators hand in to their own nodes, and the taps that go on to the pass's issuer.

An issuer's system tells its node of every pass that it gave out, with the account behind it; an operator's back office
uploads the taps of its gates, late, twice and in any order. Taps of passes of other issuers are told to those issuers'
nodes; what becomes of taps is for :mod:`yitong.flows.ride_trips`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import read_moment
from yitong.digest import b64url_decode
from yitong.errors import YitongError
from yitong.flows.context import Context, Institution
from yitong.flows.ride_parties import OPERATOR_ROLE, check_ours, check_speaker, our_operators
from yitong.flows.ride_trips import expire_timer, rematch
from yitong.flows.unit import Unit
from yitong.peers.message import Message
from yitong.peers.submission import Submission
from yitong.people.account import ACCOUNTS, Account
from yitong.settlement.gate import Tap, tap_from_json
from yitong.settlement.register_rides import PASSES, TAPS, KeptTap, PassRecord, pass_key
from yitong.settlement.usage import read_fields
from yitong.specs.cose_pass import MAX_LIMIT_FEN, PASS_ID_BYTES

LONGEST_PASS = timedelta(days=7)  # what an issuer answers for without being asked again: limit × rides within this time
CLOCK_LEEWAY = timedelta(minutes=5)
MAX_TAPS = 1000
PASS_ACT, TAPS_ACT = "metro.pass", "metro.taps"
_PASS_FIELDS: dict[str, tuple[type, ...]] = {
    "pass_id": (str,),
    "account": (str,),
    "limit_fen": (int,),
    "valid_from": (str,),
    "expires_at": (str,),
}


async def record_pass(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Enter a pass that the institution gave out; the same one again changes nothing.

    1. The institution is an issuer of the agreement.  2. The pass is one that a gate would read, and no longer valid
    than is allowed.  3. The account is a resident's of this node.  4. No other pass has its identifier.
    """
    issuer = check_ours(context, institution.id)  # 1
    made = _read_pass(issuer, submission.body, context.clock.now())  # 2
    account: Account | None = await unit.shelf(ACCOUNTS).get(made.account_id)
    if account is None or account.role != "resident":  # 3
        raise YitongError("ride.unknown-account", "/account")
    known: PassRecord | None = await unit.shelf(PASSES).lock(pass_key(issuer, made.pass_id))
    if known is None:
        await unit.shelf(PASSES).add(made)
        await rematch(context, unit, [pass_key(issuer, made.pass_id)])  # taps may have been faster than this
    elif _given(known) != _given(made):  # 4
        raise YitongError("ride.pass-conflict", "/pass_id")
    return {"pass_id": made.pass_id, "new": known is None}


def _given(record: PassRecord) -> tuple[object, ...]:
    return (record.account_id, record.limit_fen, record.valid_from, record.expires_at)


def _read_pass(issuer: str, body: dict[str, Any], now: datetime) -> PassRecord:
    fields = read_fields(body, _PASS_FIELDS, "ride.malformed", "")
    if len(b64url_decode(fields["pass_id"], "/pass_id")) != PASS_ID_BYTES or not 0 <= fields["limit_fen"] <= MAX_LIMIT_FEN:
        raise YitongError("ride.malformed", "/pass_id")
    begins, ends = read_moment(fields["valid_from"], "/valid_from"), read_moment(fields["expires_at"], "/expires_at")
    if not begins < ends <= begins + LONGEST_PASS:
        raise YitongError("ride.pass-period", "/expires_at", longest_days=LONGEST_PASS.days)
    return PassRecord(issuer, fields["pass_id"], fields["account"], fields["limit_fen"], begins, ends, now, now)


async def upload_taps(context: Context, unit: Unit, institution: Institution, submission: Submission) -> dict[str, Any]:
    """Take in what an operator's gates logged; each tap once, whoever sends it how often. The answer is line by line.

    One tap that is wrong does not keep the others out: it comes back with the code of its refusal.
    """
    operator = check_ours(context, institution.id)
    rows = read_fields(submission.body, {"taps": (list,)}, "ride.malformed", "")["taps"]
    if len(rows) > MAX_TAPS:
        raise YitongError("ride.malformed", "/taps")
    good: dict[str, Tap] = {}
    refused: list[dict[str, str]] = []
    for place, row in enumerate(rows):
        try:
            tap = _checked(context, operator, row, f"/taps/{place}")
            if good.setdefault(tap.tap_id, tap) != tap:
                raise YitongError("tap.conflict", f"/taps/{place}")
        except YitongError as error:
            refused.append({"place": f"/taps/{place}", "code": error.code})
    new, known, conflicts = await _keep(context, unit, good.values())
    refused += [{"place": name, "code": "tap.conflict"} for name in conflicts]
    return {"new": new, "known": known, "refused": refused}


def _checked(context: Context, operator: str, row: object, where: str) -> Tap:
    """A tap that this operator may hand in.

    1. Its form.  2. Its gate is the operator's, at a station of the network.  3. Its issuer is of the agreement; whose
    keys counted was for the gate to say.  4. It is not from the future.
    """
    tap = tap_from_json(row, where)  # 1
    metro = context.catalog.metro
    if tap.operator != operator:  # 2
        raise YitongError("ride.not-your-gate", where)
    if (tap.operator, tap.station) not in metro.scheme.network:
        raise YitongError("metro.unknown-station", where, operator=operator, station=tap.station[:40])
    if tap.issuer not in metro.operators:  # 3
        raise YitongError("metro.unknown-operator", where, operator=tap.issuer[:40])
    ahead = tap.at - context.clock.now()
    if ahead > CLOCK_LEEWAY:  # 4
        raise YitongError("ride.tap-from-the-future", where, ahead_s=int(ahead.total_seconds()))
    return tap


async def _keep(context: Context, unit: Unit, taps: Iterable[Tap]) -> tuple[list[str], list[str], list[str]]:
    """Keep what is new, match what is ours, see to it that the rest is told; returns identifiers: new, known, in conflict.

    The order of locks is that of :mod:`yitong.flows.ride_trips`.
    """
    now, ours = context.clock.now(), our_operators(context)
    new, known, conflicts = [], [], []
    for tap in sorted(taps, key=lambda tap: tap.tap_id):
        kept = await _add(unit, KeptTap(tap, now, tap.issuer not in ours))
        if kept is None:
            new.append(tap)
        elif kept.tap == tap:
            known.append(tap.tap_id)
        else:
            conflicts.append(tap.tap_id)
    mine = [tap for tap in new if tap.issuer in ours]
    for tap in mine:
        await expire_timer(context, unit, tap)
    strangers = {(tap.operator, tap.issuer) for tap in new if tap.issuer not in ours}
    await rematch(context, unit, {pass_key(tap.issuer, tap.pass_id) for tap in mine}, tell_too=strangers)
    return [tap.tap_id for tap in new], known, conflicts


async def _add(unit: Unit, made: KeptTap) -> KeptTap | None:
    """Keep a tap; returns the one that is there already, also when somebody else is handing it in at this moment."""
    kept: KeptTap | None = await unit.shelf(TAPS).get(made.tap.tap_id)
    if kept is None:
        try:
            await unit.shelf(TAPS).add(made)
        except YitongError as error:
            if error.code != "store.exists":
                raise
            kept = await unit.shelf(TAPS).get(made.tap.tap_id)
    return kept


async def receive_taps(context: Context, unit: Unit, message: Message) -> None:
    """A neighbour's operator let riders of ours through; the operator saw an alias, we know whose it is.

    1. The form.  2. The sender speaks for the operator, and the issuer is ours.  3. Each tap is one that the operator
    may have, of a pass of that issuer.  4. None differs from what we hold under its identifier (``tap.conflict``).
    """
    known: dict[str, tuple[type, ...]] = {"operator": (str,), "issuer": (str,), "taps": (list,)}
    body = read_fields(message.body, known, "ride.malformed", "")  # 1
    issuer = check_ours(context, body["issuer"])  # 2
    await check_speaker(context, message, body["operator"], OPERATOR_ROLE)
    taps: dict[str, Tap] = {}
    for place, row in enumerate(body["taps"]):
        tap = _checked(context, body["operator"], row, f"/taps/{place}")  # 3
        if tap.issuer != issuer:
            raise YitongError("ride.not-ours", f"/taps/{place}")
        if taps.setdefault(tap.tap_id, tap) != tap:  # 4
            raise YitongError("tap.conflict", tap.tap_id)
    _, _, conflicts = await _keep(context, unit, taps.values())
    if conflicts:
        raise YitongError("tap.conflict", conflicts[0])
