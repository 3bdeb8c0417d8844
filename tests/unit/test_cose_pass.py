import cbor2
import pytest
import segno

from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.specs.base45 import base45, base45_decode
from yitong.specs.cose_pass import (
    MAX_CODE_BYTES,
    code_text,
    issue_pass,
    issuer_signed,
    key_id,
    make_code,
    read_code,
    read_pass,
    read_text,
    user_signed,
)
from yitong.specs.jwk import new_private_key, public_jwk

ISSUER, DEVICE, OTHER = new_private_key(), new_private_key(), new_private_key()
NOW_S = 1_770_856_200


def a_pass(**changed):
    fields = {
        "issuer": "suzhou-metro",
        "pass_id": "ZXhhbXBsZTE",
        "limit_fen": 2000,
        "valid_from_s": NOW_S,
        "expires_s": NOW_S + 9,
    }
    return issue_pass(ISSUER, **({"user_key": DEVICE.public_key()} | fields | changed))


def holds(data):
    try:
        code = read_code(data)
    except YitongError:
        return False
    return issuer_signed(code.travel_pass, ISSUER.public_key()) and user_signed(code)


def refused(call, *args, **more):
    with pytest.raises(YitongError) as caught:
        call(*args, **more)
    return caught.value.code


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_base45_examples_of_rfc_9285(data, text):
    assert base45(data) == text
    assert base45_decode(text) == data


@pytest.mark.parametrize("text", ["GGW", "A", "::", "aB8", "BB8é", ":::"])
def test_base45_refuses_what_names_no_bytes(text):
    assert refused(base45_decode, text) == "pass.not-base45"


def test_a_pass_reads_as_it_was_issued():
    made = read_pass(a_pass())
    assert (made.issuer, made.pass_id, made.limit_fen) == ("suzhou-metro", "ZXhhbXBsZTE", 2000)
    assert (made.valid_from_s, made.expires_s, made.key_id) == (NOW_S, NOW_S + 9, key_id(ISSUER.public_key()))
    assert public_jwk(made.user_key) == public_jwk(DEVICE)


def test_signatures_hold_for_their_keys_only():
    code = read_code(make_code(a_pass(), DEVICE, NOW_S, inside=True))
    assert (code.created_at_s, code.lifetime_s, code.inside) == (NOW_S, 30, True)
    assert issuer_signed(code.travel_pass, ISSUER.public_key())
    assert not issuer_signed(code.travel_pass, OTHER.public_key())
    assert user_signed(code)
    assert not user_signed(read_code(make_code(a_pass(), OTHER, NOW_S)))


def test_longest_code_stays_readable_at_a_gate():
    code = make_code(a_pass(issuer="shanghai-metro"), DEVICE, NOW_S, inside=True)
    assert len(code) <= 250
    assert segno.make(code_text(code), error="l", boost_error=False, micro=False).version == 10
    widest = code_text(bytes(MAX_CODE_BYTES))
    assert segno.make(widest, error="l", boost_error=False, micro=False).version == 10
    assert read_text(code_text(code)) == code


@pytest.mark.parametrize(
    "changed",
    [
        {"limit_fen": -1},
        {"limit_fen": 2**24},
        {"issuer": ""},
        {"issuer": "a" * 21},
        {"pass_id": "ZXhhbXBsZQ"},
        {"valid_from_s": -1},
        {"expires_s": 2**32},
        {"limit_fen": 1.5},
        {"limit_fen": True},
    ],
)
def test_an_issuer_cannot_issue_what_no_gate_reads(changed):
    assert refused(a_pass, **changed) == "pass.malformed"


def test_pass_id_must_be_canonical_base64url():
    assert refused(a_pass, pass_id="ZXhhbXBsZTE=") == "value.not-base64url"


def test_a_changed_byte_anywhere_is_refused_or_breaks_a_signature():
    good = make_code(a_pass(), DEVICE, NOW_S)
    assert holds(good)
    for at in range(len(good)):
        bad = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        assert not holds(bad), at


def test_random_bytes_never_crash_the_reader():
    entropy = SeededEntropy(7)
    for size in range(1, MAX_CODE_BYTES + 10):
        assert refused(read_code, entropy.bytes(size)) in {"pass.malformed", "pass.too-long", "pass.unknown-header"}


@pytest.mark.parametrize("tagged", ["c4821a3b9aca0001", "d81c81d81d00", "d8230000", "f97e00", "1bffffffffffffffff", "9fff"])
def test_a_field_of_another_type_is_refused(tagged):
    real = cbor2.loads(a_pass())
    payload = real[2].replace(bytes.fromhex("031907d0"), b"\x03" + bytes.fromhex(tagged))
    assert payload != real[2]
    assert refused(read_pass, cbor2.dumps([real[0], {}, payload, real[3]], canonical=True)) == "pass.malformed"


def test_code_hash_is_of_the_code_and_not_of_its_spelling():
    twice = [make_code(a_pass_bytes, DEVICE, NOW_S) for a_pass_bytes in [a_pass()] * 2]
    assert twice[0] != twice[1]  # ECDSA draws a nonce for each signature
    assert read_code(make_code(a_pass(), DEVICE, NOW_S + 1)).code_hash != read_code(twice[0]).code_hash
    same = a_pass()
    assert read_code(make_code(same, DEVICE, NOW_S)).code_hash == read_code(make_code(same, DEVICE, NOW_S)).code_hash
