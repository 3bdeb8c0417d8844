"""A message and its receipt: signed, addressed, dated, and nothing in them that is not known."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from yitong.clock import ManualClock, epoch
from yitong.digest import b64url, canonical_json, sha256_b64
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.peers.inbox import Identity, read_incoming, take_in
from yitong.peers.message import (
    LEEWAY,
    LIFETIME,
    MESSAGE_TYP,
    RECEIPT_TYP,
    Message,
    Receipt,
    message_from_claims,
    peek_sender,
    read_message,
    read_receipt,
    seal_message,
    seal_receipt,
)
from yitong.peers.outbox import LONGEST_WAIT_S, send, wait_after
from yitong.peers.submission import WINDOW, peek_institution, read_submission, seal_submission
from yitong.specs import jose
from yitong.specs.jwk import new_private_key
from yitong.store.memory import MemoryStore

NOW = datetime(2026, 2, 12, 1, 0, tzinfo=UTC)
JIANGSU, SHANGHAI, ANHUI = "https://jiangsu.example", "https://shanghai.example", "https://anhui.example"
KEY, OTHER_KEY = new_private_key(), new_private_key()
MESSAGE = Message("msg-1", "case.forward", JIANGSU, SHANGHAI, NOW, NOW + LIFETIME, {"案号": "1", "amount_fen": 5}, "msg-0")
TEXT = seal_message(MESSAGE, KEY, "k1")
CLAIMS = jose.parse(TEXT).claims()


def read(text=TEXT, key=None, receiver=SHANGHAI, now=NOW):
    return read_message(text, (key or KEY).public_key(), receiver=receiver, now=now)


def signed(claims, typ=MESSAGE_TYP, key=KEY, **header):
    return jose.sign(claims, key, typ, **({"kid": "k1"} | header))


def code_of(call, *arguments, **named):
    with pytest.raises(YitongError) as caught:
        call(*arguments, **named)
    return caught.value.code


def test_what_is_sealed_is_read_back():
    assert read() == MESSAGE
    assert read(seal_message(replace(MESSAGE, reply_to=None), KEY, "k1")).reply_to is None
    assert peek_sender(TEXT) == (JIANGSU, "k1")


def test_any_changed_character_is_refused():
    for place in range(0, len(TEXT), 7):
        other = "A" if TEXT[place] != "A" else "B"
        changed = TEXT[:place] + other + TEXT[place + 1 :]
        assert code_of(read, changed).split(".")[0] in ("jws", "value", "message"), place


def test_a_changed_body_is_refused():
    head, _, signature = TEXT.split(".")
    forged = b64url(canonical_json(CLAIMS | {"body": {"amount_fen": 500}}))
    assert code_of(read, f"{head}.{forged}.{signature}") == "jws.bad-signature"


def test_another_key_another_type_another_algorithm_are_refused():
    assert code_of(read, TEXT, OTHER_KEY) == "jws.bad-signature"
    receipt = seal_receipt(Receipt("msg-1", sha256_b64(b"x"), JIANGSU, SHANGHAI, NOW), KEY, "k1")
    assert code_of(read, receipt) == "jws.wrong-typ"
    assert code_of(read, signed(CLAIMS, "JWT")) == "jws.wrong-typ"
    unsigned = b64url(canonical_json({"alg": "none", "typ": MESSAGE_TYP})) + "." + TEXT.split(".")[1] + "."
    assert code_of(read, unsigned) == "jws.wrong-alg"


def test_a_message_for_another_is_refused():
    assert code_of(read, receiver=ANHUI) == "message.wrong-addressee"
    assert code_of(read, signed(CLAIMS | {"aud": [SHANGHAI, ANHUI]})) == "message.malformed"
    assert code_of(read, receiver=SHANGHAI + "/") == "message.wrong-addressee"


def test_a_message_lives_as_long_as_it_says():
    assert read(now=NOW + LIFETIME + LEEWAY).id == "msg-1"
    assert code_of(read, now=NOW + LIFETIME + LEEWAY + timedelta(seconds=1)) == "message.expired"


def test_a_message_from_the_future_is_refused_with_how_far():
    assert read(now=NOW - LEEWAY).id == "msg-1"
    with pytest.raises(YitongError) as caught:
        read(now=NOW - LEEWAY - timedelta(seconds=9))
    assert (caught.value.code, caught.value.params["ahead_s"]) == ("message.from-the-future", 309)


@pytest.mark.parametrize("name", sorted(CLAIMS.keys() - {"reply_to"}))
def test_a_missing_member_is_refused(name):
    without = {key: value for key, value in CLAIMS.items() if key != name}
    assert code_of(read, signed(without)) == "message.malformed"


@pytest.mark.parametrize("name", ["jti", "type", "iss", "aud"])
@pytest.mark.parametrize("value", ["", 1, None, True, ["x"], {"x": 1}, "x" * 301])
def test_a_text_that_is_none_is_refused(name, value):
    assert code_of(read, signed(CLAIMS | {name: value})) == "message.malformed"


@pytest.mark.parametrize("name", ["iat", "exp"])
@pytest.mark.parametrize("value", [0, -1, True, None, "1770858000", 1 << 40, epoch(NOW) * 1000])
def test_a_moment_that_is_none_is_refused(name, value):
    assert code_of(read, signed(CLAIMS | {name: value})) == "message.malformed"


@pytest.mark.parametrize("member", [{"body": []}, {"body": None}, {"body": "x"}, {"reply_to": 5}, {"reply_to": ["x"]}])
def test_a_body_that_is_no_object_is_refused(member):
    assert code_of(read, signed(CLAIMS | member)) == "message.malformed"


@pytest.mark.parametrize("name", ["nbf", "sub", "cc", "Body", ""])
def test_an_unknown_member_is_refused(name):
    with pytest.raises(YitongError) as caught:
        message_from_claims(CLAIMS | {name: 1})
    assert (caught.value.code, caught.value.where) == ("message.unknown-field", f"/{name}")


@pytest.mark.parametrize("header", [{"kid": 7}, {"kid": None}, {"kid": ["k1"]}])
def test_without_the_name_of_a_key_there_is_no_sender(header):
    assert code_of(peek_sender, signed(CLAIMS, **header)) == "message.malformed"


# --- receipts ---


def receipt(**changed):
    claims = {
        "jti": "msg-1",
        "iss": SHANGHAI,
        "aud": JIANGSU,
        "iat": epoch(NOW),
        "message_hash": sha256_b64(TEXT.encode()),
        "outcome": "stored",
    }
    return jose.sign({k: v for k, v in (claims | changed).items() if v is not None}, KEY, RECEIPT_TYP, kid="k1")


def read_back(text, key=KEY):
    return read_receipt(text, key.public_key(), message_text=TEXT, sender=JIANGSU, receiver=SHANGHAI)


def test_a_receipt_names_the_exact_bytes():
    made = Receipt("msg-1", sha256_b64(TEXT.encode()), JIANGSU, SHANGHAI, NOW)
    assert read_back(seal_receipt(made, KEY, "k1")) == made == read_back(receipt())


@pytest.mark.parametrize(
    "changed",
    [
        {"message_hash": sha256_b64(b"other bytes")},
        {"message_hash": None},
        {"iss": ANHUI},
        {"aud": ANHUI},
        {"iss": JIANGSU, "aud": SHANGHAI},
        {"outcome": "refused"},
        {"outcome": None},
        {"extra": 1},
    ],
)
def test_a_receipt_for_something_else_is_refused(changed):
    assert code_of(read_back, receipt(**changed)) == "message.bad-receipt"


def test_a_receipt_that_is_not_signed_by_the_receiver_is_refused():
    assert code_of(read_back, receipt(), OTHER_KEY) == "jws.bad-signature"
    assert code_of(read_back, TEXT) == "jws.wrong-typ"


# --- taking in ---


class Keys:
    async def message_key(self, entity_id, kid):
        if entity_id != JIANGSU:
            raise YitongError("message.unknown-sender", entity_id, reason="trust.no-path")
        assert kid == "k1"
        return KEY.public_key()


ME = Identity(SHANGHAI, OTHER_KEY, "k2")


async def take(store, text, now=NOW):
    message = await read_incoming(text, ME, Keys(), now)
    async with store.begin() as unit:
        return await take_in(unit.messages, message, text, ME, now)


async def test_a_replayed_message_gets_the_same_receipt_and_is_stored_once():
    store = MemoryStore(ManualClock(NOW))
    first = await take(store, TEXT)
    again = await take(store, TEXT, NOW + timedelta(days=3))
    assert again == first
    found = read_receipt(first, OTHER_KEY.public_key(), message_text=TEXT, sender=JIANGSU, receiver=SHANGHAI)
    assert found.stored_at == NOW
    async with store.begin() as unit:
        assert await unit.messages.waiting() == (0, 1)


async def test_a_used_identifier_with_other_bytes_is_refused():
    store = MemoryStore(ManualClock(NOW))
    await take(store, TEXT)
    other = seal_message(replace(MESSAGE, body={"amount_fen": 500}), KEY, "k1")
    with pytest.raises(YitongError) as caught:
        await take(store, other)
    assert (caught.value.code, caught.value.spec.status) == ("message.id-reused", 409)
    async with store.begin() as unit:
        assert (await unit.messages.next_unhandled(frozenset())).text == TEXT


async def test_a_sender_without_a_key_is_refused():
    with pytest.raises(YitongError) as caught:
        await read_incoming(seal_message(replace(MESSAGE, sender=ANHUI), KEY, "k1"), ME, Keys(), NOW)
    assert caught.value.code == "message.unknown-sender"


async def test_what_is_sent_can_be_read_by_its_receiver():
    store = MemoryStore(ManualClock(NOW))
    async with store.begin() as unit:
        message_id = await send(
            unit.messages,
            Identity(JIANGSU, KEY, "k1"),
            SeededEntropy(1),
            NOW,
            receiver=SHANGHAI,
            message_type="case.forward",
            subject="case-1",
            body={"a": 1},
        )
    async with store.begin() as unit:
        (row,) = await unit.messages.due_outgoing(SHANGHAI, NOW, 9)
    found = read(row.text)
    assert (found.id, found.sender, found.expires_at - found.created_at) == (message_id, JIANGSU, timedelta(days=30))


def test_waiting_grows_to_a_minute_and_no_further():
    assert [wait_after(n).total_seconds() for n in range(8)] == [1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert wait_after(10**6).total_seconds() == LONGEST_WAIT_S


# --- submissions of institutions ---

HOSPITAL = f"{SHANGHAI}/institutions/example-clinic"


def submission(**changed):
    claims = {"iss": HOSPITAL, "aud": SHANGHAI, "jti": "s-1", "iat": epoch(NOW), "act": "bill.register", "body": {"a": 1}}
    merged = {k: v for k, v in (claims | changed).items() if v is not None}
    return jose.sign(merged, KEY, "yitong-submission+jwt", kid="k1")


def read_it(text, now=NOW, act="bill.register", key=KEY):
    return read_submission(text, key.public_key(), node=SHANGHAI, act=act, now=now)


def test_a_submission_is_read_back():
    sealed = seal_submission(HOSPITAL, SHANGHAI, "bill.register", "s-1", {"a": 1}, key=KEY, kid="k1", now=NOW)
    assert peek_institution(sealed) == (HOSPITAL, "k1")
    found = read_it(sealed)
    assert (found.id, found.institution, found.act, found.body) == ("s-1", HOSPITAL, "bill.register", {"a": 1})


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": ANHUI},
        {"act": "bill.settle"},
        {"jti": ""},
        {"jti": None},
        {"iat": "now"},
        {"iat": epoch(NOW) * 1000},
        {"iat": True},
        {"body": []},
        {"extra": 1},
        {"iat": epoch(NOW - WINDOW) - 1},
        {"iat": epoch(NOW + WINDOW) + 1},
    ],
)
def test_another_submission_is_refused(changed):
    assert code_of(read_it, submission(**changed)) == "access.submission"


def test_a_submission_of_another_hand_or_form_is_refused():
    assert code_of(read_it, submission(), key=OTHER_KEY) == "jws.bad-signature"
    assert code_of(read_it, TEXT) == "jws.wrong-typ"
    assert code_of(read_it, submission(), act="bill.settle") == "access.submission"
    assert code_of(peek_institution, submission(iss=None)) == "access.submission"
