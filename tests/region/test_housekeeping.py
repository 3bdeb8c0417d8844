"""What is kept for a while goes after a while; a refused message holds up no other; a suspension cannot be reissued away."""

from __future__ import annotations

from datetime import timedelta

import pytest

from example_licence import CLAIMS
from region.simulate import make_region
from yitong.credentials.register import NONCES
from yitong.credentials.status import LicenceState
from yitong.errors import YitongError
from yitong.flows.issue_licence import change_state, give_nonce, record_licence


async def test_nonces_that_nobody_took_are_gone_after_a_day(tmp_path):
    region = await make_region(tmp_path)
    context, exchange = region.nodes["anhui"].context, region.nodes["anhui"].exchange
    for _ in range(3):
        await give_nonce(context)
    region.clock.advance(timedelta(hours=2))
    assert await exchange.watch_once()  # too early: they stay
    await give_nonce(context)
    async with context.store.begin() as unit:
        assert len(await unit.shelf(NONCES).find()) == 4
    region.clock.advance(timedelta(hours=23))
    assert await exchange.watch_once()
    async with context.store.begin() as unit:
        assert len(await unit.shelf(NONCES).find()) == 1


async def test_a_message_that_is_refused_for_good_holds_up_no_other(tmp_path):
    region = await make_region(tmp_path)
    context = region.nodes["jiangsu"].context
    shanghai = region.nodes["shanghai"].context.me.entity_id
    post, taken = region.post_message, []

    async def deliver(url, text):
        try:
            receipt = await post(url, text)
        except YitongError as error:  # as the client over HTTP reports it
            raise YitongError("peer.bad-answer", url, reason=f"HTTP {error.spec.status} {error.code}") from error
        taken.append(text)
        return receipt

    region.nodes["jiangsu"].exchange.poster = type("Poster", (), {"post_message": staticmethod(deliver)})()
    async with context.transaction() as unit:
        await context.tell(unit, shanghai, "not.a.type", "x", {})
        await context.tell(unit, shanghai, "peer.refused", "x", {"code": "example"})
    await region.nodes["jiangsu"].exchange.deliver_once()
    assert len(taken) == 1
    async with context.store.begin() as unit:
        first = (await unit.messages.about("x", 10))[-1]
        assert (first.given_up, first.last_error) == (True, "peer.bad-answer")
        assert await unit.messages.waiting() == (0, 0)


async def test_a_suspended_licence_is_not_reissued(tmp_path):
    region = await make_region(tmp_path)
    context = region.nodes["anhui"].context
    registry = context.institution("hefei-registry")
    async with context.transaction() as unit:
        licence, _ = await record_licence(context, unit, registry, "business-licence", "enterprise", CLAIMS)
    await change_state(context, registry, licence.id, LicenceState.SUSPENDED, "example", "example", "officer")
    with pytest.raises(YitongError) as caught:
        async with context.transaction() as unit:
            await record_licence(context, unit, registry, "business-licence", "enterprise", CLAIMS)
    assert caught.value.code == "licence.not-valid"
    await change_state(context, registry, licence.id, LicenceState.VALID, "example", "example", "officer")
    async with context.transaction() as unit:
        newer, _ = await record_licence(context, unit, registry, "business-licence", "enterprise", CLAIMS)
    assert newer.version == 2
