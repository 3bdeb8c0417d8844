"""The only asynchronous edges of a node: messages out, messages in, timers. Each step is one transaction.

Taking a message in and acting on it are two transactions; what acting changes and that it was acted on are one. So a
process may die anywhere: what was not committed is done again, what was committed is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from yitong.clock import monotonic_s
from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.unit import Timer, Unit
from yitong.peers.inbox import read_incoming, take_in
from yitong.peers.message import Message, message_from_claims, peek_sender, read_receipt
from yitong.peers.outbox import wait_after
from yitong.peers.repo import Incoming, Outgoing
from yitong.specs import jose

MessageHandler = Callable[[Context, Unit, Message], Awaitable[None]]
TimerHandler = Callable[[Context, Unit, str], Awaitable[None]]
IDLE_S = 0.5  # a timer is looked at this often when nothing else wakes the node
BATCH = 50
ROUND_S = 5.0  # how long one neighbour may take before the others get their turn
# What a neighbour will never take, however often it is sent: by these codes of its answer a message is given up.
NEVER = frozenset(
    {"message.unknown-type", "message.malformed", "message.unknown-field", "message.id-reused", "message.wrong-addressee"}
)
BROKEN_TIMER_WAITS = timedelta(minutes=1)
AGAIN = ("peer.", "store.conflict")  # says nothing against the message or timer: somebody is away, or was quicker
GIVE_UP_AFTER = 5  # a handler that broke so often is broken: the message is set aside, the next one gets its turn
log = structlog.get_logger("yitong.exchange")


class Poster(Protocol):
    """Delivers a message's text to a URL and returns the receipt's text."""

    async def post_message(self, url: str, text: str) -> str:
        """Deliver; raises ``peer.unreachable`` or ``peer.bad-answer``."""
        ...


@dataclass(slots=True)
class Holds:
    """Message types that an example region holds back for a while, so that an answer that never came can be shown."""

    types: dict[str, int]


@dataclass(slots=True)
class Patience:
    """Senders whose oldest message has to wait: what it needs cannot be reached. Their later ones keep their turn."""

    _since: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def waiting(self, now: datetime) -> frozenset[str]:
        """Who is not to be tried now; a wait that began after now (a clock was set back) is over."""
        return frozenset(who for who, (tries, since) in self._since.items() if since <= now < since + wait_after(tries))

    def wait(self, sender: str, now: datetime) -> None:
        """Once more in vain."""
        tries = self._since[sender][0] + 1 if sender in self._since else 0
        self._since[sender] = (tries, now)

    def done(self, sender: str) -> None:
        """There was an end to it."""
        self._since.pop(sender, None)


@dataclass(slots=True)
class Exchange:
    """Delivers, takes in, acts and watches timers for one node."""

    context: Context
    poster: Poster
    on_message: Mapping[str, MessageHandler]
    on_timer: Mapping[str, TimerHandler]
    holds: Holds
    patience: Patience = field(default_factory=Patience)

    async def receive(self, text: str) -> str:
        """Take a message in and return our receipt; raises ``message.…``, and notes what was refused."""
        context, now = self.context, self.context.clock.now()
        try:
            message = await read_incoming(text, context.me, context.believer, now)
            if message.type not in self.on_message:
                raise YitongError("message.unknown-type", message.type)
            async with context.transaction() as unit:
                return await take_in(unit.messages, message, text, context.me, now)
        except YitongError as error:
            if not error.code.startswith(("peer.", "store.")):
                async with context.store.begin() as unit:  # nobody is woken: anyone at all can make us note a refusal
                    await unit.messages.refused(_sender(text), error.code, sha256_b64(text.encode()), now)
            raise

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._forever(self.deliver_once))
            tasks.create_task(self._forever(self.handle_once))
            tasks.create_task(self._forever(self.watch_once))

    async def _forever(self, step: Callable[[], Awaitable[bool]]) -> None:
        rung = self.context.bell.listen()
        while True:
            rung.clear()
            try:
                busy = await step()
            except YitongError as error:  # the database is away: say so, wait, go on
                log.warning("step failed", step=step.__name__, code=error.code)
                busy = False
            except Exception:  # not foreseen: a node whose loops have ended looks well and does nothing, so they never end
                log.exception("step broke", step=step.__name__)
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_S):  # wait_for of Python 3.11 can lose a cancellation to a ring
                        await rung.wait()

    async def deliver_once(self) -> bool:
        """Try every neighbour for whom something is due; True if anything was delivered."""
        async with self.context.store.begin() as unit:
            receivers = await unit.messages.receivers_due(self.context.clock.now())
        delivered = await asyncio.gather(*map(self._deliver_to, receivers), return_exceptions=True)
        for failed in delivered:  # the others have gone their way before one failure is told
            if isinstance(failed, BaseException):
                raise failed
        return any(delivered)

    async def _deliver_to(self, receiver: str) -> bool:
        context = self.context
        async with context.store.begin() as unit:
            waiting = await unit.messages.due_outgoing(receiver, context.clock.now(), BATCH)
        busy, started_s = False, monotonic_s()
        for row in waiting:
            if monotonic_s() - started_s > ROUND_S:  # a slow neighbour must not keep the others waiting
                return True
            if self.holds.types.get(row.type, 0) > 0:  # held back by its type: what is of another type passes it
                continue
            try:
                receipt = await self._deliver(row)
            except YitongError as error:
                reason = str(error.params.get("reason", ""))  # what the neighbour said, such as "HTTP 400 message.…"
                log.info("not delivered", receiver=receiver, type=row.type, code=error.code, reason=reason)
                final = any(code in reason.split() for code in NEVER)
                async with context.store.begin() as unit:
                    again_at = context.clock.now() + wait_after(row.attempts)
                    await unit.messages.not_delivered(row.id, error.code, again_at, final=final)
                if final:
                    continue
                return busy
            async with context.store.begin() as unit:
                await unit.messages.delivered(row.id, receipt, context.clock.now())
            busy = True
        return busy

    async def _deliver(self, row: Outgoing) -> str:
        """1. Post.  2. Find the receiver's key.  3. The receipt is for these bytes, or the message stays undelivered."""
        context = self.context
        text = await self.poster.post_message(await context.believer.inbox(row.receiver), row.text)  # 1
        kid = jose.parse(text, "receipt").header.get("kid")
        key = await context.believer.message_key(row.receiver, kid if isinstance(kid, str) else "")  # 2
        read_receipt(text, key, message_text=row.text, sender=context.me.entity_id, receiver=row.receiver)  # 3
        return text

    async def handle_once(self) -> bool:
        """Act on the oldest message that waits; True if there was one."""
        context = self.context
        row: Incoming | None = None
        try:
            async with context.store.begin() as unit:  # nobody is woken when there was nothing to do
                row = await unit.messages.next_unhandled(self.patience.waiting(context.clock.now()))
                if row is None:
                    return False
                await self.on_message[row.type](context, unit, _message(row))
                await unit.messages.handled(row.sender, row.id, context.clock.now(), None)
            context.bell.ring()
            self.patience.done(row.sender)
        except YitongError as error:
            if row is None or error.code == "store.unreachable":
                raise
            if error.code.startswith(AGAIN):
                log.info("message waits", type=row.type, code=error.code)
                self.patience.wait(row.sender, context.clock.now())
                return True
            log.info("message refused", type=row.type, code=error.code, where=error.where)
            await self._set_aside(row, error.code)
        except Exception:  # a mistake in one handler must not stop the node; it is logged whole and tried again
            if row is None:
                raise
            log.exception("handler broke", type=row.type, id=row.id)
            async with context.store.begin() as unit:
                tries = await unit.messages.stumbled(row.sender, row.id)
            if tries >= GIVE_UP_AFTER:
                await self._set_aside(row, "http.internal")
        return True

    async def _set_aside(self, row: Incoming, code: str) -> None:
        """The message stays as refused, and its sender is told the code."""
        self.patience.done(row.sender)
        async with self.context.transaction() as unit:
            await unit.messages.handled(row.sender, row.id, self.context.clock.now(), code)
            if row.type != "peer.refused":
                await self.context.tell(unit, row.sender, "peer.refused", row.id, {"type": row.type, "code": code}, row.id)

    async def watch_once(self) -> bool:
        """Do what the most overdue timer asks for; True if there was one. What a refusal broke off is undone whole."""
        context = self.context
        timer: Timer | None = None
        try:
            async with context.store.begin() as unit:
                timer = await unit.timers.due(context.clock.now())
                if timer is None:
                    return False
                await unit.timers.cancel(timer.id)
                await self.on_timer[timer.kind](context, unit, timer.subject)
            context.bell.ring()
        except YitongError as error:
            if timer is None or error.code == "store.unreachable":
                raise
            if error.code.startswith(AGAIN):
                log.info("timer waits", kind=timer.kind, code=error.code)
                await self._postpone(timer)
                return True
            log.info("timer had nothing to do", kind=timer.kind, code=error.code)
            async with context.store.begin() as unit:
                await unit.timers.cancel(timer.id)
        except Exception:  # as with messages: one mistake must not stop the node; it is logged whole and tried again
            if timer is None:
                raise
            log.exception("timer broke", kind=timer.kind, id=timer.id)
            await self._postpone(timer)
        return True

    async def _postpone(self, timer: Timer) -> None:
        async with self.context.store.begin() as unit:
            await unit.timers.set(replace(timer, due_at=self.context.clock.now() + BROKEN_TIMER_WAITS))


async def noted(_context: Context, _unit: Unit, message: Message) -> None:
    """A neighbour refused a message of ours: it is kept, and the log says so."""
    log.warning("refused by neighbour", sender=message.sender, code=str(message.body.get("code"))[:80])


def _sender(text: str) -> str:
    try:
        return peek_sender(text)[0]
    except YitongError:
        return ""


def _message(row: Incoming) -> Message:
    """The message of a row: it was verified before it was stored, so only its parts are read here."""
    return message_from_claims(jose.parse(row.text, "message").claims())
