"""Who the operators of the agreement are, believed anew whenever it matters, and whose passes our gates may take.

The agreement names operators and the jurisdictions that answer for them; the trust chain says which node that is, with
which keys, in which roles. So a neighbour speaks for its own operators and for nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yitong.clock import local_date
from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.members import find_node
from yitong.peers.message import Message
from yitong.trust.anchor import InstitutionFacts, read_node
from yitong.trust.recognition import recognised

ISSUER_ROLE, OPERATOR_ROLE = "pass-issuer", "operator"
TRANSIT_KIND = "transit-pass"
GATE_PURPOSE = "gate"


@dataclass(frozen=True, slots=True)
class PassIssuer:
    """An issuer whose passes are taken here: its name in passes, its keys, and until when they may be believed."""

    issuer: str
    entity_id: str
    jurisdiction: str
    keys: tuple[dict[str, Any], ...]
    obtained_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Recognised:
    """The issuers whose passes this jurisdiction takes as of a moment, and those of the agreement that it does not take."""

    as_of: datetime
    expires_at: datetime
    issuers: tuple[PassIssuer, ...]
    left_out: tuple[tuple[str, str], ...]  # issuer, code of the reason


def our_operators(context: Context) -> tuple[str, ...]:
    """The operators of the agreement that are institutions of this node."""
    return tuple(
        name
        for name, operator in sorted(context.catalog.metro.operators.items())
        if name in context.institutions and operator.jurisdiction == context.jurisdiction
    )


async def node_of_operator(context: Context, operator: str) -> str:
    """The entity id of the node that answers for an operator of the agreement.

    Raises ``service.no-node``, ``ride.not-entitled``, ``trust.…`` or ``peer.unreachable``.
    """
    node = await find_node(context, _jurisdiction(context, operator))
    await _facts(context, node, operator, OPERATOR_ROLE)
    return node


async def check_speaker(context: Context, message: Message, operator: str, role: str) -> None:
    """The sender may speak for ``operator``; raises ``ride.not-entitled``, ``trust.…`` or ``peer.unreachable``.

    1. The operator is of the agreement, and the sender is the node of the jurisdiction that answers for it: nobody else
    can make us ask around.  2. The operator's chain leads through it.  3. It has the role in which it is spoken for.
    A node that answers for no such institution is refused, one that does not answer at all is asked again later.
    """
    believed = await context.believer.chain(message.sender)
    if read_node(believed.chain).jurisdiction != _jurisdiction(context, operator):  # 1
        raise YitongError("ride.not-entitled", operator, role=role)
    try:
        await _facts(context, message.sender, operator, role)  # 2, 3
    except YitongError as error:
        if error.code == "peer.bad-answer":
            raise YitongError("ride.not-entitled", operator, role=role) from error
        raise


def check_ours(context: Context, operator: object) -> str:
    """The same name if it is an operator of this node; raises ``ride.not-ours``."""
    if not isinstance(operator, str) or operator not in our_operators(context):
        raise YitongError("ride.not-ours")
    return operator


async def recognised_issuers(context: Context) -> Recognised:
    """Whose passes the gates of this jurisdiction may take now.

    For each operator of the agreement: 1. its chain holds;  2. the recognition table has a row for its passes here
    today;  3. it has the role that the row requires, and may issue passes. Raises ``peer.unreachable`` when the table
    itself cannot be had; an issuer that cannot be verified is left out and named with the reason.
    """
    now = context.clock.now()
    table, _ = await context.believer.recognition()
    found: list[PassIssuer] = []
    left_out: list[tuple[str, str]] = []
    for name in sorted(context.catalog.metro.operators):
        try:
            jurisdiction = _jurisdiction(context, name)
            node = await find_node(context, jurisdiction)
            row = recognised(
                table, TRANSIT_KIND, jurisdiction, context.jurisdiction, purpose=GATE_PURPOSE, day=local_date(now, context.zone)
            )
            if row is None:  # 2
                raise YitongError("ride.not-recognised", name)
            facts = await _facts(context, node, name, row.required_role)  # 1, 3
            if TRANSIT_KIND not in facts.may_issue:
                raise YitongError("ride.not-entitled", name, role=TRANSIT_KIND)
            believed = await context.believer.chain(facts.entity_id)
        except YitongError as error:
            left_out.append((name, error.code))
            continue
        keys = tuple(dict(key) for key in facts.jwks["keys"])
        found.append(PassIssuer(name, facts.entity_id, jurisdiction, keys, believed.obtained_at, believed.chain.expires_at))
    expires_at = min([table.expires_at, *(issuer.expires_at for issuer in found)])
    return Recognised(now, expires_at, tuple(found), tuple(left_out))


def _jurisdiction(context: Context, operator: str) -> str:
    known = context.catalog.metro.operators.get(operator)
    if known is None:
        raise YitongError("metro.unknown-operator", operator=operator[:40])
    return known.jurisdiction


async def _facts(context: Context, node: str, operator: str, role: str) -> InstitutionFacts:
    """What the operator's jurisdiction states of it, if that is the one the agreement means and it has the role."""
    _, facts = await context.believer.institution(f"{node}/institutions/{operator}")
    if facts.jurisdiction_id != node or facts.jurisdiction != _jurisdiction(context, operator) or role not in facts.roles:
        raise YitongError("ride.not-entitled", operator, role=role)
    return facts
