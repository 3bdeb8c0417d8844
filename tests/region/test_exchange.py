"""Between nodes: stored by both sides before either acts, sent again after failure, acted on once, in order."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from region.wiring_exchange import ANCHOR, ANHUI, HOSPITAL, JIANGSU, SHANGHAI, STRANGER, Region
from yitong.errors import YitongError
from yitong.flows.exchange import GIVE_UP_AFTER, noted
from yitong.peers.message import RECEIPT_TYP
from yitong.specs import jose
from yitong.specs.jwk import new_private_key
from yitong.trust.keys import key_pair


class CrashError(BaseException):
    """The process ends here, as by kill -9."""


@pytest.fixture
def region():
    made = Region()
    made.acted = []

    async def note(context, unit, message):
        made.acted.append((context.me.entity_id, message.body.get("n")))
        await unit.events.append(f"note-{message.body.get('n')}", 0, [{"by": message.sender}])

    made.handlers |= {"note": note, "peer.refused": noted}
    return made


async def received(region, text, node=SHANGHAI):
    with pytest.raises(YitongError) as caught:
        await region.exchanges[node].receive(text)
    return caught.value.code


async def events(region, stream, node=SHANGHAI):
    async with region.stores[node].begin() as unit:
        return await unit.events.load(stream)


# --- going well, and the line breaking ---


async def test_a_message_is_delivered_acted_on_and_receipted(region):
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.settle()
    assert region.acted == [(SHANGHAI, 1)]
    (sent,) = await region.outgoing(JIANGSU)
    (taken,) = (await region.incoming(SHANGHAI)).values()
    assert (sent.receipt, sent.text) == (taken.receipt, taken.text)
    assert taken.failure is None
    assert taken.handled_at == region.clock.now()


async def test_a_lost_receipt_makes_it_go_again_and_be_acted_on_once(region):
    lost = []

    def lose_twice(text, receipt):
        lost.append(receipt)
        if len(lost) <= 2:
            raise YitongError("peer.unreachable")
        return receipt

    region.on_the_way = lose_twice
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.settle()
    (sent,) = await region.outgoing(JIANGSU)
    assert (sent.attempts, sent.receipt, sent.last_error) == (1, None, "peer.unreachable")
    for _ in range(3):
        region.clock.advance(timedelta(seconds=5))
        await region.settle()
    (sent,) = await region.outgoing(JIANGSU)
    assert (sent.attempts, sent.last_error) == (3, None)
    assert len(set(lost)) == 1, "the same message gets the same receipt"
    assert region.acted == [(SHANGHAI, 1)]
    assert await events(region, "note-1") == [{"by": JIANGSU}]


async def test_order_is_kept_through_failures(region):
    for number in range(6):
        await region.tell(JIANGSU, SHANGHAI, "note", {"n": number})
    failures = [True, False, True, True, False, True]

    def sometimes(text, receipt):
        if failures and failures.pop(0):
            raise YitongError("peer.unreachable")
        return receipt

    region.on_the_way = sometimes
    for _ in range(12):
        await region.settle()
        region.clock.advance(timedelta(seconds=70))
    assert region.acted == [(SHANGHAI, number) for number in range(6)]
    assert all(row.receipt for row in await region.outgoing(JIANGSU))


async def test_one_neighbour_away_does_not_hold_up_another(region):
    region.away = {ANHUI}
    await region.tell(JIANGSU, ANHUI, "note", {"n": 1})
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 2})
    await region.settle()
    assert region.acted == [(SHANGHAI, 2)]
    region.away = set()
    region.clock.advance(timedelta(minutes=2))
    await region.settle()
    assert region.acted == [(SHANGHAI, 2), (ANHUI, 1)]


async def test_a_held_type_waits_and_others_pass(region):
    region.handlers["other"] = region.handlers["note"]
    region.exchanges[JIANGSU].holds.types["note"] = 1
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.tell(JIANGSU, SHANGHAI, "other", {"n": 2})
    await region.settle()
    assert region.acted == [(SHANGHAI, 2)]
    region.exchanges[JIANGSU].holds.types["note"] = 0
    await region.settle()
    assert region.acted == [(SHANGHAI, 2), (SHANGHAI, 1)]


@pytest.mark.parametrize("forgery", ["other message", "other signer", "no receipt", "own key"])
async def test_a_receipt_that_does_not_fit_leaves_the_message_undelivered(region, forgery):
    stranger = key_pair(new_private_key())

    def forge(text, receipt):
        claims = jose.parse(receipt).claims()
        match forgery:
            case "other message":
                key = region.message_keys[SHANGHAI]
                return jose.sign(claims | {"message_hash": "x" * 43}, key.private, RECEIPT_TYP, kid=key.kid)
            case "other signer":
                key = region.message_keys[ANHUI]
                return jose.sign(claims, key.private, RECEIPT_TYP, kid=key.kid)
            case "own key":
                return jose.sign(claims, stranger.private, RECEIPT_TYP, kid=stranger.kid)
        return "<html>hotel wifi</html>"

    region.on_the_way = forge
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.settle()
    (sent,) = await region.outgoing(JIANGSU)
    assert sent.receipt is None
    assert sent.last_error is not None
    assert sent.due_at > region.clock.now()
    region.on_the_way = None
    region.clock.advance(timedelta(minutes=2))
    await region.settle()
    (sent,) = await region.outgoing(JIANGSU)
    assert sent.receipt is not None
    assert region.acted == [(SHANGHAI, 1)]


# --- who may send ---


async def test_a_stranger_is_refused_and_noted(region):
    assert await received(region, region.sealed(STRANGER)) in ("message.unknown-sender", "peer.bad-answer")
    assert await region.incoming(SHANGHAI) == {}


async def test_an_institution_is_not_a_node(region):
    assert await received(region, region.sealed(HOSPITAL)) == "message.not-a-node"
    region.hospital_says_it_is_a_node = True
    region.start(SHANGHAI)
    assert await received(region, region.sealed(HOSPITAL)) in ("message.not-a-node", "message.unknown-sender")
    assert await region.incoming(SHANGHAI) == {}
    assert {sender for sender, _ in region.refused(SHANGHAI)} == {HOSPITAL}


async def test_a_message_in_another_name_is_refused(region):
    forged = region.sealed(JIANGSU, key=region.message_keys[ANHUI])
    assert await received(region, forged) == "message.unknown-sender"
    own = region.message_keys[JIANGSU]
    text = region.sealed(JIANGSU)
    assert await received(region, text[:-6] + ("AAAAAA" if text[-6:] != "AAAAAA" else "BBBBBB")) != ""
    assert await received(region, jose.sign({"iss": JIANGSU}, own.private, RECEIPT_TYP, kid=own.kid)) == "jws.wrong-typ"
    assert {code for _, code in region.refused(SHANGHAI)} >= {"message.unknown-sender", "jws.wrong-typ"}


async def test_a_message_for_a_neighbour_is_refused(region):
    assert await received(region, region.sealed(JIANGSU, receiver=ANHUI)) == "message.wrong-addressee"
    assert region.refused(SHANGHAI) == [(JIANGSU, "message.wrong-addressee")]


async def test_a_type_that_nobody_handles_is_refused_at_the_door(region):
    assert await received(region, region.sealed(JIANGSU, type="case.from-tomorrow")) == "message.unknown-type"
    assert await region.incoming(SHANGHAI) == {}


async def test_an_expired_and_a_future_message_are_refused(region):
    text = region.sealed(JIANGSU)
    region.clock.advance(timedelta(days=31))
    assert await received(region, text) == "message.expired"
    assert await received(region, region.sealed(JIANGSU, created_at=region.clock.now() + timedelta(hours=1))) == (
        "message.from-the-future"
    )


async def test_when_nobody_can_tell_who_it_is_the_sender_tries_again(region):
    region.away = {ANCHOR}
    assert await received(region, region.sealed(JIANGSU)) == "peer.unreachable"
    assert region.refused(SHANGHAI) == [], "it is not the message's fault"
    region.away = set()
    assert await region.exchanges[SHANGHAI].receive(region.sealed(JIANGSU, id="msg-y"))


async def test_a_new_key_of_a_neighbour_is_found(region):
    await region.exchanges[SHANGHAI].receive(region.sealed(JIANGSU))
    region.message_keys[JIANGSU] = key_pair(new_private_key())
    region.clock.advance(timedelta(seconds=10))
    await region.exchanges[SHANGHAI].receive(region.sealed(JIANGSU, id="msg-y"))
    assert set(await region.incoming(SHANGHAI)) == {"msg-x", "msg-y"}


async def test_garbage_is_noted_and_nothing_more(region):
    for text in ("", "a.b.c", "x" * 2_000_000, "e30.e30.e30", "é"):
        assert (await received(region, text)).split(".")[0] in ("jws", "value", "message")
    assert [sender for sender, _ in region.refused(SHANGHAI)] == [""] * 5


# --- acting ---


async def test_a_refusal_is_undone_kept_and_told(region):
    async def refuse(context, unit, message):
        await unit.events.append("half-done", 0, [{"n": 1}])
        raise YitongError("case.no-result", "case-1")

    region.handlers["refused-one"] = refuse
    message_id = await region.tell(JIANGSU, SHANGHAI, "refused-one")
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 2})
    await region.settle()
    row = (await region.incoming(SHANGHAI))[message_id]
    assert (row.failure, row.attempts) == ("case.no-result", 0)
    assert await events(region, "half-done") == []
    (told,) = (await region.incoming(JIANGSU)).values()
    claims = jose.parse(told.text).claims()
    assert (claims["type"], claims["reply_to"]) == ("peer.refused", message_id)
    assert claims["body"] == {"type": "refused-one", "code": "case.no-result"}
    assert region.acted == [(SHANGHAI, 2)]


async def test_a_refusal_of_a_refusal_is_not_told(region):
    async def refuse(context, unit, message):
        raise YitongError("case.no-result")

    region.handlers["peer.refused"] = refuse
    await region.tell(JIANGSU, SHANGHAI, "peer.refused", {"code": "x"})
    await region.settle()
    assert await region.incoming(JIANGSU) == {}


async def test_a_broken_handler_is_tried_again_then_set_aside_and_the_next_gets_its_turn(region):
    tried = []

    async def broken(context, unit, message):
        tried.append(message.id)
        await unit.events.append("half-done", 0, [{"n": 1}])
        raise ZeroDivisionError

    region.handlers["broken"] = broken
    message_id = await region.tell(JIANGSU, SHANGHAI, "broken")
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 2})
    await region.settle()
    assert tried == [message_id] * GIVE_UP_AFTER
    assert (await region.incoming(SHANGHAI))[message_id].failure == "http.internal"
    assert await events(region, "half-done") == []
    assert region.acted == [(SHANGHAI, 2)]


async def test_a_handler_that_breaks_once_is_done_once(region):
    tried = []

    async def shaky(context, unit, message):
        await unit.events.append("done", 0, [{"n": 1}])
        tried.append(1)
        if len(tried) == 1:
            raise ZeroDivisionError

    region.handlers["shaky"] = shaky
    await region.tell(JIANGSU, SHANGHAI, "shaky")
    await region.settle()
    assert (len(tried), await events(region, "done")) == (2, [{"n": 1}])
    (row,) = (await region.incoming(SHANGHAI)).values()
    assert (row.failure, row.attempts) == (None, 1)


@pytest.mark.parametrize("code", ["peer.unreachable", "store.conflict"])
async def test_what_cannot_be_done_now_waits_in_its_place(region, code):
    away = [True]

    async def needs_a_third(context, unit, message):
        if away[0]:
            raise YitongError(code)
        region.acted.append("done")

    region.handlers["needs"] = needs_a_third
    await region.tell(JIANGSU, SHANGHAI, "needs")
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.tell(ANHUI, SHANGHAI, "note", {"n": 2})
    await region.settle()
    assert region.acted == [(SHANGHAI, 2)], "another sender's message passes, the same sender's does not"
    away[0] = False
    region.clock.advance(timedelta(minutes=2))
    await region.settle()
    assert region.acted == [(SHANGHAI, 2), "done", (SHANGHAI, 1)]
    assert {row.failure for row in (await region.incoming(SHANGHAI)).values()} == {None}


# --- dying ---


async def test_a_crash_between_taking_in_and_acting_loses_nothing(region):
    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    await region.exchanges[JIANGSU].deliver_once()
    assert region.acted == []
    region.start(SHANGHAI)
    await region.settle()
    assert region.acted == [(SHANGHAI, 1)]


async def test_a_crash_while_acting_undoes_it_and_it_is_done_once(region):
    async def die_once(context, unit, message):
        region.acted.append("tried")
        await unit.events.append("done", 0, [{"n": 1}])
        await context.tell(unit, JIANGSU, "note", "matter-1", {"n": 9})
        if region.acted == ["tried"]:
            raise CrashError

    region.handlers["deadly"] = die_once
    await region.tell(JIANGSU, SHANGHAI, "deadly")
    await region.exchanges[JIANGSU].deliver_once()
    with pytest.raises(CrashError):
        await region.exchanges[SHANGHAI].handle_once()
    assert await events(region, "done") == []
    assert await region.outgoing(SHANGHAI) == []
    region.start(SHANGHAI)
    await region.settle()
    assert await events(region, "done") == [{"n": 1}]
    assert region.acted == ["tried", "tried", (JIANGSU, 9)]


async def test_a_sender_that_dies_before_it_keeps_the_receipt_sends_again(region):
    def die(text, receipt):
        raise CrashError

    await region.tell(JIANGSU, SHANGHAI, "note", {"n": 1})
    region.on_the_way = die
    with pytest.raises(CrashError):
        await region.exchanges[JIANGSU].deliver_once()
    region.on_the_way = None
    region.start(JIANGSU)
    await region.settle()
    assert region.acted == [(SHANGHAI, 1)]
    assert [row.receipt is not None for row in await region.outgoing(JIANGSU)] == [True]


async def test_the_loops_run_until_cancelled(region):
    async def answer(context, unit, message):
        await context.tell(unit, message.sender, "note", "matter-1", {"n": message.body["n"] + 1}, message.id)

    async def hear(context, unit, message):
        region.acted.append(message.body["n"])
        if len(region.acted) == 5:
            all_heard.set()

    all_heard = asyncio.Event()
    region.handlers |= {"ask": answer, "note": hear}
    working = [asyncio.create_task(exchange.run()) for exchange in region.exchanges.values()]
    await asyncio.sleep(0)
    for number in range(5):
        await region.tell(JIANGSU, SHANGHAI, "ask", {"n": number})
    async with asyncio.timeout(10):
        await all_heard.wait()
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)
    assert region.acted == [1, 2, 3, 4, 5]
