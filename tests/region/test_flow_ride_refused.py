"""What is refused in story three: codes at gates, taps, lines, statements and payments that are not right."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from region.wiring_ride import ANTING, BORDER, DAY, SHANGHAI, SUZHOU, XUJIAHUI, Riding, refusal, riding_in
from yitong.errors import YitongError
from yitong.region.tour.gates import give_pass
from yitong.settlement.register_rides import LINES
from yitong.specs.cose_pass import code_text
from yitong.specs.jwk import new_private_key


@pytest.fixture
async def riding(tmp_path: Path) -> Riding:
    return await riding_in(tmp_path)


def gate_refuses(riding: Riding, text: str, station: tuple[str, str], later_s: int = 0) -> str:
    gate = riding.stations[station[0]].gate(station[1], "entry")
    with pytest.raises(YitongError) as refused:
        gate.tap(text, riding.region.clock.now() + timedelta(seconds=later_s))
    return refused.value.code


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


async def test_nobody_speaks_for_anothers_operator(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (taps,) = riding.sent("metro.taps")
    (trips,) = riding.sent("metro.trips")
    assert await riding.send("anhui", "jiangsu", "metro.taps", taps) == ["ride.not-entitled"]
    assert await riding.send("jiangsu", "jiangsu", "metro.taps", taps | {"operator": SUZHOU}) == ["ride.not-your-gate"]
    assert await riding.send("zhejiang", "shanghai", "metro.trips", trips) == ["ride.not-entitled"]
    assert await riding.send("jiangsu", "zhejiang", "metro.trips", trips) == ["ride.not-ours"]
    assert await riding.send("jiangsu", "shanghai", "metro.trips", trips | {"more": 1}) == ["ride.malformed"]
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
    assert await riding.send("jiangsu", "shanghai", "metro.trips", body) == []
    assert {"id": "another-line", "answer": expected} in [a for b in riding.sent("metro.trips.answer") for a in b["answers"]]
    assert await riding.mirrored() == (697, 0)


async def test_lines_that_come_again_or_too_late(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    (trips,) = riding.sent("metro.trips")
    await riding.send("jiangsu", "shanghai", "metro.trips", trips)
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"accepted"}
    assert await riding.mirrored() == (697, 0)
    other_part = trips | {"lines": [line | {"part": 5} for line in trips["lines"]]}
    await riding.send("jiangsu", "shanghai", "metro.trips", other_part)
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"ride.duplicate"}
    await riding.settled()
    renamed = [line | {"obligation": line["obligation"] | {"id": line["obligation"]["id"] + "#2"}} for line in trips["lines"]]
    await riding.send("jiangsu", "shanghai", "metro.trips", trips | {"lines": renamed})
    assert {answer["answer"] for answer in riding.sent("metro.trips.answer")[-1]["answers"]} == {"ride.window-closed"}
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


async def test_an_operator_that_computes_another_price_refuses_the_line(riding: Riding) -> None:
    riding.dear()
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
    right = riding.dear()
    phone = await riding.rider()
    riding.ride(phone, BORDER, XUJIAHUI)
    riding.ride(phone, XUJIAHUI, BORDER)
    await riding.upload(SHANGHAI)
    await riding.upload(SUZHOU)
    here, there = riding.region.nodes["jiangsu"].exchange, riding.region.nodes["shanghai"].exchange
    while await there.watch_once():  # the timer of the taps, and whatever the house had to do
        continue
    await there.deliver_once()
    await here.handle_once()
    while await here.watch_once():
        continue
    for step in (here.deliver_once, there.handle_once):
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
    await riding.settled()


async def test_wrong_statements_are_refused(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    await riding.settled()
    statement = next(body for body in riding.sent("metro.statement") if body["from"] == SUZHOU)
    later = statement["statements"][0].replace('"part":0', '"part":1')
    wrong_total = statement | {"part": 1, "statements": [later.replace('"net_fen":697', '"net_fen":698')]}
    for body, code in [
        (wrong_total, "clearing.wrong-total"),
        (statement | {"statements": [later]}, "clearing.not-same"),
        (statement | {"part": 7, "statements": []}, "clearing.not-same"),
        (statement | {"round": 9}, "clearing.settled-already"),
        (statement | {"window": "12.02.2026"}, "clearing.malformed"),
        (statement | {"from": SHANGHAI, "to": SUZHOU}, "ride.not-ours"),
    ]:
        assert await riding.send("jiangsu", "shanghai", "metro.statement", body) == [code]
    assert await riding.mirrored() == (0, 0)


async def test_wrong_payments_are_refused_and_a_right_one_counts_once(riding: Riding) -> None:
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    payment = {"from": SUZHOU, "to": SHANGHAI, "window": DAY, "part": 0, "hash": "too-early"}
    payment |= {"debtor": SUZHOU, "creditor": SHANGHAI, "amount_fen": 697}
    assert await riding.send("jiangsu", "shanghai", "metro.settlement", payment) == ["clearing.not-agreed"]
    await riding.settled()
    (window,) = await riding.windows(SHANGHAI)
    payment["hash"] = window.our_hash
    for change, codes in [
        ({"amount_fen": 696}, ["clearing.wrong-payment"]),
        ({"debtor": SHANGHAI, "creditor": SUZHOU}, ["clearing.wrong-payment"]),
        ({"hash": "another"}, ["clearing.not-agreed"]),
        ({"part": 1}, ["clearing.not-agreed"]),
        ({}, []),
    ]:
        assert await riding.send("jiangsu", "shanghai", "metro.settlement", payment | change) == codes
    assert (await riding.balances(SHANGHAI))["settlement-cash"] == 697
