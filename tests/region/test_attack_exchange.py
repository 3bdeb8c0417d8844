"""The exchange under attack: strangers, neighbours that fall silent, handlers that break, clocks that jump."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any
from unittest.mock import Mock

import pytest

from region.simulate import MORNING, Simulation, make_region
from yitong.errors import YitongError
from yitong.flows.exchange import Exchange
from yitong.flows.unit import Timer
from yitong.peers.message import LIFETIME, Message, seal_message
from yitong.peers.repo import REFUSED_KEPT
from yitong.specs.jwk import new_private_key


@pytest.fixture
async def region(tmp_path: Path) -> Simulation:
    return await make_region(tmp_path)


def exchange_of(region: Simulation, name: str) -> Exchange:
    return region.nodes[name].exchange


def url(region: Simulation, name: str) -> str:
    return region.nodes[name].context.me.entity_id


async def tell(region: Simulation, sender: str, receiver: str, message_type: str = "peer.refused") -> str:
    context = region.nodes[sender].context
    async with context.transaction() as unit:
        return await context.tell(unit, url(region, receiver), message_type, "s", {"code": "x"})


async def waiting(region: Simulation, name: str) -> tuple[int, int]:
    async with region.nodes[name].context.store.begin() as unit:
        return await unit.messages.waiting()


def strange(region: Simulation, iss: str) -> str:
    """A message that a stranger signs for ``iss``."""
    message = Message("m", "peer.refused", iss, url(region, "shanghai"), MORNING, MORNING + timedelta(days=1), {})
    return seal_message(message, new_private_key(), "k")


def listen(region: Simulation, name: str, asked: list[str]) -> None:
    believer = region.nodes[name].context.believer
    get = believer._get

    async def counting(address: str) -> str:
        asked.append(address)
        return await get(address)

    believer._get = counting


@pytest.mark.parametrize(
    "iss", ["https://example.org", "http://169.254.169.254", "http://[", "https://..", "http://127.0.0.1:7401/", "x"]
)
async def test_a_stranger_cannot_send_us_anywhere(region: Simulation, iss: str) -> None:
    asked: list[str] = []
    listen(region, "shanghai", asked)
    for _ in range(5):
        with pytest.raises(YitongError) as refused:
            await exchange_of(region, "shanghai").receive(strange(region, iss))
        assert (refused.value.code, refused.value.params["reason"]) == ("message.unknown-sender", "trust.not-a-member")
    assert asked == [f"{region.plan.anchor.url}/federation/list"]  # once, however often strangers come


async def test_nothing_is_remembered_of_strangers(region: Simulation) -> None:
    believer = region.nodes["shanghai"].context.believer
    for number in range(50):
        with pytest.raises(YitongError):
            await believer.chain(f"https://stranger-{number}.example")
    assert len(believer._fetching) == 0
    assert not any("stranger" in name for name in believer._known)


async def test_a_member_that_joined_later_is_found(region: Simulation) -> None:
    believer = region.nodes["shanghai"].context.believer
    believer._members = (frozenset(), MORNING)
    with pytest.raises(YitongError) as refused:
        await believer.chain(url(region, "anhui"))
    assert refused.value.code == "trust.not-a-member"
    region.clock.advance(timedelta(seconds=2))
    assert (await believer.chain(url(region, "anhui"))).chain.entity_id == url(region, "anhui")


async def test_what_is_noted_of_refusals_is_bounded_and_wakes_nobody(region: Simulation) -> None:
    context = region.nodes["shanghai"].context
    rung = context.bell.listen()
    with pytest.raises(YitongError):
        await exchange_of(region, "shanghai").receive(strange(region, "https://example.org"))
    assert not rung.is_set()
    async with context.store.begin() as unit:
        for number in range(REFUSED_KEPT + 5):
            await unit.messages.refused("", "c", str(number), MORNING)
        kept = unit.messages._tables.refused
    assert len(kept) == REFUSED_KEPT
    assert kept[-1][2] == str(REFUSED_KEPT + 4)


async def test_a_sender_whose_message_must_wait_does_not_hold_up_the_others(region: Simulation) -> None:
    exchange, handled = exchange_of(region, "shanghai"), []

    async def handler(_context: Any, _unit: Any, message: Message) -> None:
        if message.sender == url(region, "anhui") and not handled[1:]:
            raise YitongError("peer.unreachable", "x")
        handled.append(message.sender)

    exchange.on_message = MappingProxyType({"peer.refused": handler})
    await tell(region, "anhui", "shanghai")
    await exchange_of(region, "anhui").deliver_once()
    for _ in range(2):
        await tell(region, "jiangsu", "shanghai")
    await exchange_of(region, "jiangsu").deliver_once()
    for _ in range(4):
        await exchange.handle_once()
    assert handled == [url(region, "jiangsu")] * 2
    region.clock.advance(timedelta(seconds=2))
    await exchange.handle_once()
    assert handled[-1] == url(region, "anhui")
    assert await waiting(region, "shanghai") == (0, 0)


async def test_a_conflict_is_tried_again_and_not_refused(region: Simulation) -> None:
    exchange, tries = exchange_of(region, "shanghai"), []

    async def handler(_context: Any, _unit: Any, message: Message) -> None:
        tries.append(message.id)
        if len(tries) == 1:
            raise YitongError("store.conflict", "case")

    exchange.on_message = MappingProxyType({"peer.refused": handler})
    await tell(region, "anhui", "shanghai")
    await exchange_of(region, "anhui").deliver_once()
    await exchange.handle_once()
    region.clock.advance(timedelta(seconds=2))
    await exchange.handle_once()
    assert len(tries) == 2
    assert await waiting(region, "shanghai") == (0, 0)


@pytest.mark.parametrize(
    "error", [ValueError("x"), TimeoutError(), ExceptionGroup("x", [OSError()]), YitongError("store.conflict")]
)
async def test_no_exception_ends_a_loop(region: Simulation, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    exchange, store = exchange_of(region, "shanghai"), region.nodes["shanghai"].context.store
    begin, broken = store.begin, []

    def breaking() -> Any:
        if len(broken) < 6:
            broken.append(1)
            raise error
        return begin()

    logged = Mock()
    monkeypatch.setattr("yitong.flows.exchange.log", logged)
    monkeypatch.setattr("yitong.flows.exchange.IDLE_S", 0.001)
    monkeypatch.setattr(store, "begin", breaking)
    working = asyncio.create_task(exchange.run())
    for _ in range(500):
        await asyncio.sleep(0.01)
        if len(broken) == 6:
            break
    assert logged.exception.called or logged.warning.called
    await tell(region, "shanghai", "anhui")
    for _ in range(500):
        await asyncio.sleep(0.01)
        if await waiting(region, "shanghai") == (0, 0):
            break
    assert await waiting(region, "shanghai") == (0, 0)
    assert not working.done()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_timer_that_needs_someone_who_is_away_is_kept(region: Simulation) -> None:
    exchange, context, away = exchange_of(region, "shanghai"), region.nodes["shanghai"].context, [True]

    async def handler(_context: Any, unit: Any, subject: str) -> None:
        await unit.messages.refused(subject, "c", "half done", MORNING)
        if away[0]:
            raise YitongError("peer.unreachable", "x")

    exchange.on_timer = MappingProxyType({"k": handler})
    async with context.store.begin() as unit:
        await unit.timers.set(Timer("t", "k", "s", MORNING))
    await exchange.watch_once()
    async with context.store.begin() as unit:
        assert unit.messages._tables.refused == []
        assert await unit.timers.next_due() == MORNING + timedelta(minutes=1)
    away.clear()
    away.append(False)
    region.clock.advance(timedelta(minutes=1))
    await exchange.watch_once()
    async with context.store.begin() as unit:
        assert len(unit.messages._tables.refused) == 1
        assert await unit.timers.next_due() == MORNING + timedelta(hours=1)  # the housekeeping, and nothing else


async def test_a_message_that_outlived_itself_is_given_up_and_the_next_one_goes(region: Simulation) -> None:
    await tell(region, "shanghai", "anhui")
    region.clock.advance(LIFETIME)
    later = await tell(region, "shanghai", "anhui")
    assert await exchange_of(region, "shanghai").deliver_once()
    async with region.nodes["anhui"].context.store.begin() as unit:
        assert [name for _, name in unit.messages._tables.incoming] == [later]
    assert not await exchange_of(region, "shanghai").deliver_once()


async def test_a_clock_that_is_set_back_does_not_keep_messages(region: Simulation) -> None:
    region.down.add("anhui")
    await tell(region, "shanghai", "anhui")
    region.clock.advance(timedelta(minutes=4))
    await exchange_of(region, "shanghai").deliver_once()  # in vain; to be tried again in a second
    region.clock.advance(-timedelta(minutes=4))
    region.down.clear()
    await exchange_of(region, "shanghai").deliver_once()
    assert await waiting(region, "shanghai") == (0, 0)


async def test_dates_beyond_the_calendar_are_refused_with_a_code(region: Simulation) -> None:
    anhui = region.nodes["anhui"].context.me
    message = Message("m", "peer.refused", anhui.entity_id, url(region, "shanghai"), MORNING, MORNING, {})
    text = seal_message(replace(message, expires_at=_Milliseconds()), anhui.key, anhui.kid)
    with pytest.raises(YitongError) as refused:
        await exchange_of(region, "shanghai").receive(text)
    assert (refused.value.code, refused.value.where) == ("message.malformed", "/exp")


class _Milliseconds:
    """A moment whose NumericDate is in milliseconds, as a careless neighbour writes it."""

    def timestamp(self) -> float:
        return MORNING.timestamp() * 600
