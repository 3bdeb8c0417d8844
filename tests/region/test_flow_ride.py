"""Story three between real nodes in one process: one code at every gate, cleared and settled between two operators."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from region.simulate import Weather
from region.wiring_ride import (
    ANTING,
    BORDER,
    EXPO,
    JIADING,
    KUNSHAN,
    SHANGHAI,
    SUZHOU,
    XUJIAHUI,
    Riding,
    refusal,
    riding_in,
)
from yitong.flows.ride_views import ride_for
from yitong.people.account import LOOKS, Account


@pytest.fixture
async def riding(tmp_path: Path) -> Riding:
    return await riding_in(tmp_path)


async def test_there_and_back_split_by_track_cleared_netted_settled(riding: Riding) -> None:
    phone, guest = await riding.rider(), await riding.rider(SHANGHAI, "guest")
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(phone, XUJIAHUI, KUNSHAN)
    riding.ride(guest, KUNSHAN, EXPO)
    await riding.upload_all()
    back, there = await riding.rides()
    assert (there.fare_fen, [(s.operator, s.amount_fen) for s in there.shares]) == (700, [(SHANGHAI, 700)])
    assert (back.fare_fen, [(s.operator, s.track_m, s.amount_fen) for s in back.shares]) == (
        1000,
        [(SHANGHAI, 42500, 670), (SUZHOU, 20900, 330)],
    )
    assert (back.charged_fen, [step.amount_fen for step in back.why]) == (900, [1000, -100])
    assert await riding.mirrored() == (700 - 3 + 670 - 3, 500 - 2)
    await riding.settled()
    (ours,), (theirs,) = await riding.windows(SUZHOU), await riding.windows(SHANGHAI)
    assert ours.our_hash == ours.their_hash == theirs.our_hash == theirs.their_hash
    assert ours.gross == theirs.gross == ((SHANGHAI, SUZHOU, 498), (SUZHOU, SHANGHAI, 1364))
    assert (ours.debtor, ours.creditor, ours.net_fen) == (SUZHOU, SHANGHAI, 866)
    assert (await riding.balances(SUZHOU))["settlement-cash"] == -866
    assert (await riding.balances(SHANGHAI))["settlement-cash"] == 866
    assert {ride.money for ride in await riding.rides()} == {"settled"}


async def test_each_book_keeps_what_its_trains_earned(riding: Riding) -> None:
    riding.ride(await riding.rider(), XUJIAHUI, KUNSHAN)
    await riding.upload_all()
    suzhou, shanghai = await riding.balances(SUZHOU), await riding.balances(SHANGHAI)
    assert (suzhou["fare-income"], shanghai["fare-income"]) == (330, 670)
    assert (suzhou["passenger-receivable"], suzhou["discount-expense"]) == (900, 100)
    assert (suzhou["channel-payable"], suzhou["scheme-fee-income"], suzhou["payable/example-clearing"]) == (5, 0, 3)
    assert shanghai["scheme-fee-expense"] == 3


async def test_taps_come_late_twice_and_out_of_order(riding: Riding) -> None:
    phone = await riding.rider()
    entered, left = riding.ride(phone, KUNSHAN, JIADING)
    assert (await riding.upload(SHANGHAI, [left]))["new"] == [left.tap_id]
    await riding.region.settle()
    assert [(ride.state, ride.fare_fen) for ride in await riding.rides()] == [("orphan_exit", 300)]
    assert (await riding.upload(SUZHOU, [entered, entered]))["new"] == [entered.tap_id]
    assert (await riding.upload(SUZHOU, [entered]))["known"] == [entered.tap_id]
    assert (await riding.upload(SHANGHAI, [left]))["known"] == [left.tap_id]
    await riding.region.settle()
    assert [(ride.state, ride.fare_fen) for ride in await riding.rides()] == [("matched", 700)]
    assert await riding.mirrored() == (319 - 1, 0)
    await riding.settled(SHANGHAI)
    moved = replace(entered, at=entered.at + timedelta(seconds=1))
    assert (await riding.upload(SUZHOU, [moved]))["refused"] == [{"place": entered.tap_id, "code": "tap.conflict"}]


async def test_a_missing_exit_is_priced_by_the_rule_and_a_late_one_corrects_it(riding: Riding) -> None:
    phone = await riding.rider()
    riding.ride(phone, ANTING, None)
    await riding.upload_all()
    assert [ride.state for ride in await riding.rides()] == ["open"]
    riding.region.clock.advance(timedelta(minutes=240))
    await riding.region.settle()
    (ride,) = await riding.rides()
    assert (ride.state, ride.fare_fen, ride.charged_fen) == ("expired_no_exit", 900, 900)
    await riding.settled()
    riding.region.clock.advance(timedelta(minutes=20))
    riding.tap(phone, *XUJIAHUI, "exit")
    await riding.upload_all()
    (ride,) = await riding.rides()
    assert (ride.state, ride.fare_fen) == ("over_time", 700 + 300)
    assert await riding.mirrored() == (1000 - 5 - (900 - 4), 0)
    await riding.settled(SHANGHAI)
    assert [(w.part, w.net_fen) for w in await riding.windows(SUZHOU)] == [(0, 896), (1, 99)]


async def test_what_is_taken_back_after_settlement_is_paid_back(riding: Riding) -> None:
    phone = await riding.rider()
    entered, left = riding.ride(phone, ANTING, XUJIAHUI)
    await riding.upload_all()
    await riding.settled()
    late = riding.stations[SUZHOU].gate("huaqiao-expo", "entry")
    between = late.tap(phone.code(entered.at + timedelta(minutes=20)), entered.at + timedelta(minutes=20))
    closing = riding.stations[SUZHOU].gate("huaqiao-expo", "exit")
    closing.tap(phone.code(left.at - timedelta(minutes=5)), left.at - timedelta(minutes=5))
    assert between.at < left.at
    await riding.upload_all()
    assert sorted(ride.state for ride in await riding.rides()) == ["expired_no_exit", "orphan_exit", "same_station"]
    before = (await riding.balances(SHANGHAI))["settlement-cash"]
    await riding.settled()
    assert (await riding.balances(SHANGHAI))["settlement-cash"] - before == (900 - 4) + (300 - 1) - (700 - 3)


async def test_both_officers_close_at_once(riding: Riding) -> None:
    phone, guest = await riding.rider(), await riding.rider(SHANGHAI, "guest")
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(guest, KUNSHAN, EXPO)
    await riding.upload_all()
    await riding.close(SUZHOU)
    await riding.close(SHANGHAI)
    await riding.region.settle()
    assert [window.state for window in await riding.windows(SUZHOU)] == ["settled"]
    await riding.close(SUZHOU)
    assert len(await riding.windows(SUZHOU)) == 1
    assert await riding.mirrored() == (0, 0)
    assert await refusal(riding.close(SUZHOU, "2026-02-13")) == "clearing.nothing-open"


async def test_even_debts_are_settled_without_cash(riding: Riding) -> None:
    phone, guest = await riding.rider(), await riding.rider(SHANGHAI, "guest")
    riding.ride(phone, ANTING, JIADING)  # 11.7 km in Shanghai: 4 yuan
    riding.ride(guest, KUNSHAN, (SUZHOU, "weiting"))  # 19.6 km in Suzhou: 5 yuan
    riding.ride(phone, ANTING, ANTING, minutes=16)  # 3 yuan
    riding.ride(guest, EXPO, BORDER)  # 2 yuan
    await riding.upload_all()
    await riding.settled()
    (window,) = await riding.windows(SUZHOU)
    assert (window.gross, window.net_fen) == (((SHANGHAI, SUZHOU, 697), (SUZHOU, SHANGHAI, 697)), 0)
    assert (await riding.balances(SUZHOU))["settlement-cash"] == 0


async def test_a_pass_that_is_told_after_its_taps_is_matched_then(riding: Riding) -> None:
    phone = await riding.rider(told=False)
    riding.ride(phone, BORDER, XUJIAHUI)
    await riding.upload_all()
    assert await riding.rides() == []
    await riding.tell_pass(phone)
    await riding.region.settle()
    assert [ride.fare_fen for ride in await riding.rides()] == [700]
    assert await riding.mirrored() == (697, 0)


async def test_who_may_see_a_ride(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (ride,) = await riding.rides()
    context, now = riding.context(SUZHOU), riding.region.clock.now()
    own = Account("rider", "resident", "", "", "", None, True, now)
    assert (await ride_for(context, own, ride.id)).id == ride.id
    assert (await ride_for(context, riding.officer(SUZHOU), ride.id)).id == ride.id
    other = replace(own, id="someone-else")
    clerk = Account("clerk", "window", "", "", "", "qidong-window", True, now)
    for stranger in (other, clerk, riding.officer(SHANGHAI)):
        assert await refusal(ride_for(context, stranger, ride.id)) == "store.not-found"
    assert await refusal(ride_for(riding.context(SHANGHAI), riding.officer(SHANGHAI), ride.id)) == "store.not-found"
    async with context.store.begin() as unit:
        looks = await unit.shelf(LOOKS).find(subject_id="rider")
    assert sorted((look.looker, look.refused) for look in looks) == [
        ("qidong-window", True),
        (SHANGHAI, True),
        ("someone-else", True),
        (SUZHOU, False),
    ]


async def test_the_operator_learns_no_person(riding: Riding) -> None:
    riding.ride(await riding.rider(account="rider-name"), BORDER, XUJIAHUI)
    await riding.upload_all()
    await riding.settled()
    assert riding.region.carried
    assert not [text for _, text in riding.region.carried if "rider-name" in str(Riding.claims(text))]


@pytest.mark.parametrize("seed", range(3))
async def test_lost_and_repeated_messages_and_crashes_change_nothing(tmp_path: Path, seed: int) -> None:
    riding = await riding_in(tmp_path, seed, Weather(lost=20, receipt_lost=20, twice=20))
    phone, guest = await riding.rider(), await riding.rider(SHANGHAI, "guest")
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(guest, KUNSHAN, JIADING)
    await riding.upload(SHANGHAI)
    await riding.upload(SUZHOU)
    riding.region.restart("jiangsu")
    await riding.region.settle()
    assert await riding.mirrored() == (697, 380)
    await riding.close(SHANGHAI)
    riding.region.restart("shanghai")
    for _ in range(30):
        await riding.region.nodes["shanghai"].exchange.deliver_once()
        await riding.region.nodes["jiangsu"].exchange.handle_once()
    riding.region.restart("jiangsu")
    await riding.region.settle()
    (window,) = await riding.windows(SUZHOU)
    assert (window.state, window.net_fen) == ("settled", 697 - 380)
    assert await riding.mirrored() == (0, 0)


async def test_nothing_is_lost_while_the_neighbour_or_the_anchor_is_away(riding: Riding) -> None:
    phone = await riding.rider()
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.region.down |= {"shanghai", "anchor"}
    await riding.upload(SUZHOU)
    exchange = riding.region.nodes["jiangsu"].exchange
    assert await exchange.watch_once() is False
    await riding.upload(SHANGHAI)
    for _ in range(3):
        await riding.region.nodes["shanghai"].exchange.watch_once()
    assert riding.sent("metro.taps") == []
    riding.region.down.clear()
    riding.region.clock.advance(timedelta(seconds=30))
    await riding.region.settle()
    assert await riding.mirrored() == (697, 0)
