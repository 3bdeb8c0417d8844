"""Story three between real nodes in one process: one code at every gate, cleared and settled between two operators."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from region.simulate import Weather, make_region
from region.wiring_ride import SHANGHAI, SUZHOU, Riding
from yitong.catalog.schemes import MetroCatalogue
from yitong.errors import YitongError
from yitong.flows.ride_views import ride_for
from yitong.people.account import LOOKS, Account
from yitong.region.tour.gates import give_pass
from yitong.settlement.register_rides import LINES
from yitong.specs.cose_pass import code_text
from yitong.specs.jwk import new_private_key

BORDER, KUNSHAN, EXPO = (SUZHOU, "huaqiao"), (SUZHOU, "kunshan-square"), (SUZHOU, "huaqiao-expo")
XUJIAHUI, ANTING, JIADING = (SHANGHAI, "xujiahui"), (SHANGHAI, "anting"), (SHANGHAI, "jiading-xincheng")


async def riding_in(folder: Path, seed: int = 0, weather: Weather | None = None) -> Riding:
    riding = Riding(await make_region(folder, seed, weather))
    await riding.open_gates()
    return riding


@pytest.fixture
async def riding(tmp_path: Path) -> Riding:
    return await riding_in(tmp_path)


async def refusal(action: Any) -> str:
    with pytest.raises(YitongError) as refused:
        await action
    return refused.value.code


def gate_refuses(riding: Riding, text: str, station: tuple[str, str], later_s: int = 0) -> str:
    gate = riding.stations[station[0]].gate(station[1], "entry")
    with pytest.raises(YitongError) as refused:
        gate.tap(text, riding.region.clock.now() + timedelta(seconds=later_s))
    return refused.value.code


async def settled(riding: Riding, closer: str = SUZHOU) -> None:
    await riding.close(closer)
    await riding.region.settle()
    for operator in (SUZHOU, SHANGHAI):
        assert {window.state for window in await riding.windows(operator)} == {"settled"}
    assert await riding.mirrored() == (0, 0)


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
    await settled(riding)
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


async def test_gates_refuse_what_they_must(riding: Riding) -> None:
    phone, now = await riding.rider(), riding.region.clock.now()
    text = phone.code(now)
    assert gate_refuses(riding, text, XUJIAHUI, later_s=31) == "gate.stale-code"
    riding.stations[SHANGHAI].gate("xujiahui", "entry").tap(text, now)
    assert gate_refuses(riding, text, XUJIAHUI) == "gate.replayed"
    own_key = new_private_key()
    forged = give_pass(SUZHOU, own_key, riding.entropy, now, 2000)
    assert gate_refuses(riding, forged.code(now), XUJIAHUI) == "gate.unknown-key"
    stranger = give_pass("other-metro", own_key, riding.entropy, now, 2000)
    assert gate_refuses(riding, stranger.code(now), XUJIAHUI) == "gate.unknown-issuer"
    assert gate_refuses(riding, code_text(phone.travel_pass), XUJIAHUI) == "pass.unknown-header"


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
    await settled(riding, SHANGHAI)
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
    await settled(riding)
    riding.region.clock.advance(timedelta(minutes=20))
    riding.tap(phone, *XUJIAHUI, "exit")
    await riding.upload_all()
    (ride,) = await riding.rides()
    assert (ride.state, ride.fare_fen) == ("over_time", 700 + 300)
    assert await riding.mirrored() == (1000 - 5 - (900 - 4), 0)
    await settled(riding, SHANGHAI)
    assert [(w.part, w.net_fen) for w in await riding.windows(SUZHOU)] == [(0, 896), (1, 99)]


async def test_what_is_taken_back_after_settlement_is_paid_back(riding: Riding) -> None:
    phone = await riding.rider()
    entered, left = riding.ride(phone, ANTING, XUJIAHUI)
    await riding.upload_all()
    await settled(riding)
    late = riding.stations[SUZHOU].gate("huaqiao-expo", "entry")
    between = late.tap(phone.code(entered.at + timedelta(minutes=20)), entered.at + timedelta(minutes=20))
    closing = riding.stations[SUZHOU].gate("huaqiao-expo", "exit")
    closing.tap(phone.code(left.at - timedelta(minutes=5)), left.at - timedelta(minutes=5))
    assert between.at < left.at
    await riding.upload_all()
    assert sorted(ride.state for ride in await riding.rides()) == ["expired_no_exit", "orphan_exit", "same_station"]
    before = (await riding.balances(SHANGHAI))["settlement-cash"]
    await settled(riding)
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
    await settled(riding)
    (window,) = await riding.windows(SUZHOU)
    assert (window.gross, window.net_fen) == (((SHANGHAI, SUZHOU, 697), (SUZHOU, SHANGHAI, 697)), 0)
    assert (await riding.balances(SUZHOU))["settlement-cash"] == 0


def dear(riding: Riding) -> MetroCatalogue:
    """Shanghai's node gets a catalogue with dearer tariffs; returns the right one."""
    context = riding.context(SHANGHAI)
    metro = context.catalog.metro
    tariffs = {name: tuple(replace(t, base_fen=t.base_fen + 100) for t in rows) for name, rows in metro.scheme.tariffs.items()}
    changed = replace(metro, scheme=replace(metro.scheme, tariffs=tariffs))
    context.catalog = replace(context.catalog, metro=changed)
    return metro


async def test_an_operator_that_computes_another_price_refuses_the_line(riding: Riding) -> None:
    dear(riding)
    phone, guest = await riding.rider(), await riding.rider(SHANGHAI, "guest")
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(guest, ANTING, XUJIAHUI)  # their own rides are nobody else's matter
    await riding.upload_all()
    answers = {line.obligation.why: line.answer for line in await riding.lines(SUZHOU) if line.other}
    assert answers == {"share": "ride.price-differs", "scheme-fee": "ride.price-differs"}
    assert (await riding.balances(SHANGHAI))[f"receivable/{SUZHOU}"] == 0
    await riding.close(SUZHOU)
    await riding.region.settle()
    (window,) = await riding.windows(SUZHOU)
    assert (window.state, window.gross, {line.answer for line in window.lines}) == ("settled", (), {"ride.price-differs"})


async def test_a_window_closed_before_the_refusal_is_known_is_stated_anew(riding: Riding) -> None:
    right = dear(riding)
    phone = await riding.rider()
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(phone, XUJIAHUI, BORDER)
    await riding.upload(SHANGHAI)
    await riding.upload(SUZHOU)
    here, there = riding.region.nodes["jiangsu"].exchange, riding.region.nodes["shanghai"].exchange
    await there.watch_once()
    await there.deliver_once()
    for step in (here.handle_once, here.watch_once, here.watch_once, here.deliver_once, there.handle_once):
        await step()
    assert {line.answer for line in await riding.lines(SUZHOU) if line.other} == {""}
    assert {line.answer for line in await riding.lines(SHANGHAI)} == {"ride.price-differs"}
    riding.context(SHANGHAI).catalog = replace(riding.context(SHANGHAI).catalog, metro=right)
    await riding.close(SUZHOU)
    await riding.region.settle()
    for operator in (SUZHOU, SHANGHAI):
        (window,) = await riding.windows(operator)
        assert (window.state, window.gross, window.hashes_agree) == ("settled", (), True)
    assert [body["round"] for body in riding.sent("metro.statement") if body["from"] == SUZHOU] == [1, 2]
    assert (await riding.balances(SUZHOU))[f"payable/{SHANGHAI}"] > 0  # refused lines stay open between the two


async def test_a_difference_is_found_down_to_the_usage_and_an_officer_states_anew(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    share = next(line for line in await riding.lines(SUZHOU) if line.obligation.why == "share")
    extra = replace(share, obligation=replace(share.obligation, id="trip-x/share", usage_id="trip-x"))
    async with riding.context(SUZHOU).transaction() as unit:
        await unit.shelf(LINES).add(extra)
    await riding.close(SHANGHAI)
    await riding.region.settle()
    (window,), (other,) = await riding.windows(SUZHOU), await riding.windows(SHANGHAI)
    assert (window.state, other.state) == ("disputed", "disputed")
    assert [(d.usage_id, d.kind) for d in window.differences] == [("trip-x", "only-ours")]
    assert [(d.usage_id, d.kind) for d in other.differences] == [("trip-x", "only-theirs")]
    async with riding.context(SUZHOU).transaction() as unit:
        await unit.shelf(LINES).save(replace(extra, answer="ride.trip-missing"))
    await settled(riding)


async def _send(riding: Riding, sender: str, receiver: str, message_type: str, body: dict[str, Any]) -> list[str]:
    """A node sends a message by hand; returns the codes with which it was refused."""
    nodes, before = riding.region.nodes, len(riding.sent("peer.refused"))
    context = nodes[sender].context
    async with context.transaction() as unit:
        await context.tell(unit, nodes[receiver].context.me.entity_id, message_type, "test", body)
    await riding.region.settle()
    return [body["code"] for body in riding.sent("peer.refused")[before:]]


async def test_nobody_speaks_for_anothers_operator(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (taps,) = riding.sent("metro.taps")
    (trips,) = riding.sent("metro.trips")
    assert await _send(riding, "anhui", "jiangsu", "metro.taps", taps) == ["ride.not-entitled"]
    assert await _send(riding, "jiangsu", "jiangsu", "metro.taps", taps | {"operator": SUZHOU}) == ["ride.not-your-gate"]
    assert await _send(riding, "zhejiang", "shanghai", "metro.trips", trips) == ["ride.not-entitled"]
    assert await _send(riding, "jiangsu", "zhejiang", "metro.trips", trips) == ["ride.not-ours"]
    assert await _send(riding, "jiangsu", "shanghai", "metro.trips", trips | {"more": 1}) == ["ride.malformed"]
    assert await riding.mirrored() == (697, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"amount_fen": 701}, "ride.price-differs"),
        ({"debtor": SHANGHAI, "creditor": SUZHOU}, "ride.price-differs"),
        ({"creditor": "example-clearing"}, "ride.not-ours"),
        ({"usage_id": "trip-unknown"}, "ride.trip-missing"),
        ({"window": "2026-02-13"}, "ride.price-differs"),
        ({"reverses": "no-such-line"}, "ride.unknown-original"),
    ],
)
async def test_lines_that_are_refused_one_by_one(riding: Riding, change: dict[str, Any], expected: str) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (told,) = riding.sent("metro.trips")
    row = told["lines"][0]["obligation"] | {"id": "another-line"} | change
    body = told | {"lines": [{"obligation": row, "part": 0}]}
    assert await _send(riding, "jiangsu", "shanghai", "metro.trips", body) == []
    assert {"id": "another-line", "answer": expected} in [a for b in riding.sent("metro.trips.answer") for a in b["answers"]]
    assert await riding.mirrored() == (697, 0)


async def test_lines_that_come_again_or_too_late(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (trips,) = riding.sent("metro.trips")
    await _send(riding, "jiangsu", "shanghai", "metro.trips", trips)
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"accepted"}
    assert await riding.mirrored() == (697, 0)
    other_part = trips | {"lines": [line | {"part": 5} for line in trips["lines"]]}
    await _send(riding, "jiangsu", "shanghai", "metro.trips", other_part)
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"ride.duplicate"}
    await settled(riding)
    renamed = [line | {"obligation": line["obligation"] | {"id": line["obligation"]["id"] + "#2"}} for line in trips["lines"]]
    await _send(riding, "jiangsu", "shanghai", "metro.trips", trips | {"lines": renamed})
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"ride.window-closed"}
    assert await riding.mirrored() == (0, 0)


async def test_wrong_statements_and_payments_are_refused(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    riding.region.nodes["jiangsu"].exchange.holds.types["metro.settlement"] = 1
    await riding.close(SUZHOU)
    riding.region.clock.advance(timedelta(seconds=1))
    for _ in range(200):
        for node in ("jiangsu", "shanghai"):
            exchange = riding.region.nodes[node].exchange
            await exchange.watch_once()
            await exchange.deliver_once()
            await exchange.handle_once()
    (window,) = await riding.windows(SHANGHAI)
    assert window.state == "agreed"
    statement = next(body for body in riding.sent("metro.statement") if body["from"] == SUZHOU)
    text = statement["statements"][0]
    wrong = statement | {
        "part": 1,
        "statements": [text.replace('"part":0', '"part":1').replace('"net_fen":697', '"net_fen":698')],
    }
    payment = {"from": SUZHOU, "to": SHANGHAI, "window": "2026-02-12", "part": 0, "hash": window.our_hash}
    payment |= {"debtor": SUZHOU, "creditor": SHANGHAI, "amount_fen": 697}
    refused = []
    for message_type, body in [
        ("metro.statement", wrong),
        ("metro.statement", statement | {"part": 7}),
        ("metro.statement", statement | {"round": 9}),
        ("metro.settlement", payment | {"amount_fen": 696}),
        ("metro.settlement", payment | {"hash": "x"}),
        ("metro.settlement", payment | {"part": 3}),
    ]:
        refused += await _send(riding, "jiangsu", "shanghai", message_type, body) if message_type == "metro.statement" else []
        if message_type == "metro.settlement":
            riding.region.nodes["jiangsu"].exchange.holds.types.clear()
            refused += await _send(riding, "jiangsu", "shanghai", message_type, body)
    assert refused[:3] == ["clearing.wrong-total", "clearing.not-same", "clearing.settled-already"]
    assert await riding.mirrored() == (0, 0)


async def test_what_an_operator_may_not_hand_in(riding: Riding) -> None:
    entered, left = riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    future = replace(left, at=left.at + timedelta(hours=1))
    nowhere = replace(left, station="nowhere")
    stranger = replace(left, issuer="other-metro")
    done = await riding.upload(SHANGHAI, [entered, future, nowhere, stranger, left])
    assert [row["code"] for row in done["refused"]] == [
        "ride.not-your-gate",
        "ride.tap-from-the-future",
        "metro.unknown-station",
        "metro.unknown-operator",
    ]
    assert done["new"] == [left.tap_id]


async def test_passes_are_told_once_and_for_a_resident(riding: Riding) -> None:
    phone = await riding.rider(told=False)
    assert await riding.tell_pass(phone) == {"pass_id": phone.pass_id, "new": True}
    assert await riding.tell_pass(phone) == {"pass_id": phone.pass_id, "new": False}
    assert await refusal(riding.tell_pass(phone, limit_fen=1)) == "ride.pass-conflict"
    assert await refusal(riding.tell_pass(phone, "nobody")) == "ride.unknown-account"
    assert await refusal(riding.tell_pass(phone, more=1)) == "ride.malformed"
    assert await refusal(riding.tell_pass(phone, expires_at="2026-03-12T00:00:00Z")) == "ride.pass-period"
    assert await refusal(riding.tell_pass(phone, pass_id="AAAA")) == "ride.malformed"


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
    await settled(riding)
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
