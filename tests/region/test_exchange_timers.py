"""Timers of a node: they ring when their time has come, once, and one that fails does not stop the others."""

from __future__ import annotations

from datetime import timedelta

import pytest

from region.wiring_exchange import SHANGHAI, Region
from yitong.errors import YitongError
from yitong.flows.exchange import BROKEN_TIMER_WAITS
from yitong.flows.unit import Timer


@pytest.fixture
def region():
    return Region()


async def events(region, stream):
    async with region.stores[SHANGHAI].begin() as unit:
        return await unit.events.load(stream)


@pytest.fixture
def rung(region):
    done = []

    async def ring(context, unit, subject):
        done.append(subject)
        await unit.events.append(f"rung-{subject}", 0, [{"n": 1}])
        if subject.startswith("refuse"):
            raise YitongError("case.no-result")
        if subject.startswith("conflict"):
            raise YitongError("store.conflict")
        if subject.startswith("break"):
            raise ZeroDivisionError

    region.timers["ring"] = ring
    return done


async def set_timer(region, subject, minutes=5):
    async with region.stores[SHANGHAI].begin() as unit:
        await unit.timers.set(Timer(subject, "ring", subject, region.clock.now() + timedelta(minutes=minutes)))


async def test_a_timer_rings_when_its_time_has_come_and_once(region, rung):
    await set_timer(region, "b", 6)
    await set_timer(region, "a", 5)
    await region.settle()
    assert rung == []
    region.clock.advance(timedelta(minutes=10))
    await region.settle()
    await region.settle()
    assert rung == ["a", "b"]
    assert await events(region, "rung-a") == [{"n": 1}]


async def test_a_timer_whose_matter_is_settled_is_done_and_leaves_nothing(region, rung):
    await set_timer(region, "refuse", 0)
    await region.settle()
    region.clock.advance(timedelta(hours=1))
    await region.settle()
    assert rung == ["refuse"]
    assert await events(region, "rung-refuse") == []


@pytest.mark.parametrize("subject", ["conflict", "break"])
async def test_a_timer_that_could_not_be_done_rings_again_later(region, rung, subject):
    await set_timer(region, subject, 0)
    await set_timer(region, "other", 0)
    await region.settle()
    assert sorted(rung) == sorted([subject, "other"]), "the others get their turn"
    assert await events(region, f"rung-{subject}") == []
    region.clock.advance(BROKEN_TIMER_WAITS)
    await region.settle()
    assert rung.count(subject) == 2
