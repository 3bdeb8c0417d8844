"""Every message type and timer of a node, and what must exist before the first one comes."""

from __future__ import annotations

from collections.abc import Mapping

from yitong.flows import bill, housekeeping, lodge_case, ride
from yitong.flows.context import Context
from yitong.flows.exchange import MessageHandler, TimerHandler, noted

MESSAGES: Mapping[str, MessageHandler] = {
    "peer.refused": noted,
    **lodge_case.MESSAGES,
    **ride.MESSAGES,
    **bill.MESSAGES,
}
TIMERS: Mapping[str, TimerHandler] = {**lodge_case.TIMERS, **ride.TIMERS, **bill.TIMERS, **housekeeping.TIMERS}


async def prepare(context: Context) -> None:
    """Open the ledger accounts that the flows post to, and set the timer of the housekeeping; asked again, the same."""
    async with context.transaction() as unit:
        await unit.ledger.open_accounts([*ride.accounts(context), *bill.accounts(context)])
        await housekeeping.set_timer(context, unit)
