"""What is kept only for a while: offers, tokens, nonces and sessions are removed a day after they were last touched.

Each of them has ended long before (minutes, or a working day); whoever asks for a nonce again and again costs a row for
a day and no more.
"""

from __future__ import annotations

from datetime import timedelta

from yitong.credentials.register import GRANTS, NONCES, OFFERS
from yitong.flows.context import Context
from yitong.flows.exchange import TimerHandler
from yitong.flows.unit import Timer, Unit
from yitong.people.account import SESSIONS

KEPT = timedelta(days=1)
EVERY = timedelta(hours=1)
FORGOTTEN = (OFFERS, GRANTS, NONCES, SESSIONS)
_SWEEP = "house.sweep"


async def set_timer(context: Context, unit: Unit) -> None:
    """Sweep an hour from now."""
    await unit.timers.set(Timer(_SWEEP, _SWEEP, "", context.clock.now() + EVERY))


async def sweep(context: Context, unit: Unit, _subject: str) -> None:
    """Remove what has ended long ago, and set the timer again."""
    for noun in FORGOTTEN:
        await unit.shelf(noun).sweep(context.clock.now() - KEPT)
    await set_timer(context, unit)


TIMERS: dict[str, TimerHandler] = {_SWEEP: sweep}
