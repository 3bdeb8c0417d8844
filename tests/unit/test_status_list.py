"""Token Status List: packing, the bounded zlib stream, and each reason to refuse a token."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from yitong.digest import b64url
from yitong.errors import YitongError
from yitong.specs import jose, status_list
from yitong.specs.jwk import new_private_key

KEY, STRANGER = new_private_key(), new_private_key()
URI, NOW = "https://shanghai.example/status/1", 1_800_000_000
CLAIMS: dict[str, Any] = {
    "sub": URI,
    "iat": NOW - 10,
    "exp": NOW + 100,
    "ttl": 43200,
    "status_list": {"bits": 2, "lst": status_list.encode(bytes(4))},
}


def refused(code: str, act: Any, *args: Any, **named: Any) -> None:
    with pytest.raises(YitongError) as caught:
        act(*args, **named)
    assert caught.value.code == code


def verify(text: str, **named: Any) -> status_list.StatusToken:
    return status_list.verify_token(text, KEY.public_key(), **({"uri": URI, "now_s": NOW} | named))


def signed(change: dict[str, Any], typ: str = status_list.TYP) -> str:
    return jose.sign({key: value for key, value in (CLAIMS | change).items() if value is not ...}, KEY, typ)


@pytest.mark.parametrize(
    ("bits", "packed", "values"),
    [  # the two worked examples of the draft, §4.1 and its 2-bit counterpart
        (1, b"\xb9\xa3", [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]),
        (2, b"\xc9\x44\xf9", [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]),
    ],
)
def test_the_first_entry_is_in_the_lowest_bits(bits: int, packed: bytes, values: list[int]) -> None:
    assert [status_list.get(packed, n, bits) for n in range(len(values))] == values
    made = status_list.new_bits(len(values), bits)
    for n, value in enumerate(values):
        status_list.put(made, n, value, bits)
    assert made == packed


def test_the_published_encodings_are_read() -> None:
    assert status_list.decode("eNrbuRgAAhcBXQ", 10) == b"\xb9\xa3"
    assert status_list.decode("eNo76fITAAPfAgc", 10) == b"\xc9\x44\xf9"
    assert status_list.encode(b"\xb9\xa3") == "eNrbuRgAAhcBXQ"


def test_putting_changes_one_entry_only() -> None:
    made = status_list.new_bits(9, 2)
    assert len(made) == 3
    status_list.put(made, 4, 3)
    status_list.put(made, 4, status_list.SUSPENDED)
    assert [status_list.get(made, n) for n in range(9)] == [0, 0, 0, 0, 2, 0, 0, 0, 0]


def test_what_does_not_fit_is_refused() -> None:
    made = status_list.new_bits(8, 1)
    refused("status.value", status_list.put, made, 0, 2, 1)
    refused("status.value", status_list.put, made, 0, -1, 1)
    for index in (-1, 8, 10**30):
        refused("status.index", status_list.get, made, index, 1)
        refused("status.index", status_list.put, made, index, 0, 1)
    for bits in (0, 3, -1, 16):
        refused("status.bits", status_list.get, made, 0, bits)
        refused("status.bits", status_list.new_bits, 8, bits)


RAW = zlib.compressobj(9, zlib.DEFLATED, -15)


@pytest.mark.parametrize(
    ("code", "lst"),
    [
        ("status.not-zlib", b64url(RAW.compress(bytes(8)) + RAW.flush())),
        ("status.not-zlib", b64url(gzip.compress(bytes(8)))),
        ("status.not-zlib", b64url(zlib.compress(bytes(8))[:-1])),
        ("status.not-zlib", b64url(zlib.compress(bytes(8)) + b"\0")),
        ("status.not-zlib", b64url(zlib.compress(bytes(8)) * 2)),
        ("status.not-zlib", b64url(zlib.compress(bytes(8))[:-1] + b"\0")),
        ("status.not-zlib", ""),
        ("status.too-large", b64url(zlib.compress(bytes(65)))),
        ("status.too-large", b64url(zlib.compress(bytes(200_000_000), 9))),
        ("value.not-base64url", b64url(zlib.compress(bytes(8))) + "="),
    ],
    ids=lambda value: value[:20],
)
def test_another_stream_is_refused(code: str, lst: str) -> None:
    refused(code, status_list.decode, lst, 64)


def test_a_list_of_exactly_the_bound_is_read() -> None:
    assert status_list.decode(b64url(zlib.compress(bytes(64))), 64) == bytes(64)


def test_a_token_is_issued_and_verified() -> None:
    entries = status_list.new_bits(1 << 10)
    status_list.put(entries, 1000, status_list.INVALID)
    text = status_list.issue_token(URI, entries, KEY, "k1", iat=NOW, exp=NOW + 60, ttl_s=30)
    got = verify(text)
    assert got == status_list.StatusToken(URI, NOW, NOW + 60, 30, 2, bytes(entries))
    assert status_list.get(got.entries, 1000, got.bits) == status_list.INVALID
    assert jose.parse(text).header == {"alg": "ES256", "typ": "statuslist+jwt", "kid": "k1"}
    refused("status.bits", status_list.issue_token, URI, entries, KEY, "k1", iat=NOW, exp=NOW, ttl_s=1, bits=3)
    refused("status.ttl", status_list.issue_token, URI, entries, KEY, "k1", iat=NOW, exp=NOW, ttl_s=0)


def test_exp_and_ttl_may_be_absent() -> None:
    got = verify(signed({"exp": ..., "ttl": ...}))
    assert (got.exp, got.ttl_s) == (None, None)


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("status.sub", {"sub": URI + "2"}),
        ("status.sub", {"sub": ...}),
        ("status.malformed", {"iat": ...}),
        ("status.malformed", {"iat": "today"}),
        ("status.not-yet-valid", {"iat": NOW + 61}),
        ("status.not-yet-valid", {"nbf": NOW + 61}),
        ("status.expired", {"exp": NOW - 60}),
        ("status.malformed", {"exp": True}),
        ("status.ttl", {"ttl": 0}),
        ("status.ttl", {"ttl": -1}),
        ("status.malformed", {"ttl": "1"}),
        ("status.malformed", {"status_list": ...}),
        ("status.malformed", {"status_list": []}),
        ("status.malformed", {"status_list": {"bits": True, "lst": "eNrbuRgAAhcBXQ"}}),
        ("status.malformed", {"status_list": {"bits": 1}}),
        ("status.malformed", {"status_list": {"bits": 1, "lst": 7}}),
        ("status.bits", {"status_list": {"bits": 3, "lst": "eNrbuRgAAhcBXQ"}}),
        ("status.bits", {"status_list": {"bits": -8, "lst": "eNrbuRgAAhcBXQ"}}),
    ],
)
def test_each_rule_of_the_token(code: str, change: dict[str, Any]) -> None:
    refused(code, verify, signed(change))


def test_the_edges_of_time_are_inside() -> None:
    assert verify(signed({"iat": NOW + 60, "exp": NOW - 59})).iat == NOW + 60


def test_more_entries_than_allowed_are_refused() -> None:
    assert len(verify(signed({}), max_entries=16).entries) == 4
    refused("status.too-large", verify, signed({}), max_entries=15)


@pytest.mark.parametrize("typ", ["JWT", "dc+sd-jwt", "statuslist+cwt"])
def test_another_type_is_refused(typ: str) -> None:
    refused("jws.wrong-typ", verify, signed({}, typ))


def test_another_signer_is_refused() -> None:
    refused("jws.bad-signature", verify, jose.sign(CLAIMS, STRANGER, status_list.TYP))
