"""Money, bytes, JSON, moments, unguessable values, and the table of errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction

import pytest

from yitong.clock import (
    ManualClock,
    OffsetClock,
    SystemClock,
    as_day,
    at_local,
    epoch,
    from_epoch,
    local_date,
    read_moment,
    write_moment,
)
from yitong.digest import MAX_JSON_DEPTH, b64url, b64url_decode, canonical_json, parse_json, sha256_b64
from yitong.entropy import SeededEntropy, SystemEntropy, below, new_id, new_token
from yitong.errors import WHO, Text, YitongError, table
from yitong.money import (
    MAX_FEN,
    checked_fen,
    format_yuan,
    largest_remainder,
    parse_yuan,
    round_half_up,
    share_down,
    share_half_up,
)


def code_of(call, *arguments):
    with pytest.raises(YitongError) as caught:
        call(*arguments)
    return caught.value.code


# --- money ---


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0),
        ("12.50", 1250),
        ("12.5", 1250),
        ("-0.51", -51),
        ("0.01", 1),
        ("1170.00", 117_000),
        ("9999999999999.99", MAX_FEN),
    ],
)
def test_yuan_are_read_exactly(text, fen):
    assert parse_yuan(text) == fen
    assert parse_yuan(format_yuan(fen)) == fen


@pytest.mark.parametrize(
    "text",
    ["", "1.234", "1.000", "1e3", "+1", " 1", "1 ", "1,000", "01", ".5", "1.", "１", "¥1", "NaN", "--1", "0x1", "1.2.3", "1\n"],
)
def test_what_is_not_an_amount_in_yuan_is_refused(text):
    assert code_of(parse_yuan, text, "/fee") == "money.not-yuan"


def test_amounts_are_bounded_integers():
    assert code_of(parse_yuan, "10000000000000.00") == "money.not-yuan"
    assert checked_fen(-MAX_FEN) == -MAX_FEN
    for wrong in (MAX_FEN + 1, -MAX_FEN - 1, 1.0, True, "1", None):
        assert code_of(checked_fen, wrong) == "money.out-of-range"


@pytest.mark.parametrize(
    ("fen", "rate", "half_up", "down"),
    [
        (10_001, Fraction(1, 2), 5_001, 5_000),
        (333, Fraction(1, 3), 111, 111),
        (5, Fraction(1, 10), 1, 0),
        (4, Fraction(1, 10), 0, 0),
        (-5, Fraction(1, 10), 0, -1),  # a half goes towards plus infinity
        (-15, Fraction(1, 10), -1, -2),
        (117_000, Fraction(7, 10), 81_900, 81_900),
    ],
)
def test_shares_are_rounded_as_stated(fen, rate, half_up, down):
    assert (share_half_up(fen, rate), share_down(fen, rate)) == (half_up, down)


def test_a_half_is_rounded_up():
    assert [round_half_up(Fraction(n, 2)) for n in (-3, -1, 1, 3)] == [-1, 0, 1, 2]


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [1, 1, 0], [50, 50, 0]),
        (7, [3, 3, 1], [3, 3, 1]),
        (10, [1, 2, 4], [1, 3, 6]),
        (0, [5, 5], [0, 0]),
        (2, [1, 1, 1], [1, 1, 0]),
    ],
)
def test_the_largest_remainders_get_what_is_left(total, weights, parts):
    assert largest_remainder(total, weights) == parts


@pytest.mark.parametrize(("total", "weights"), [(-1, [1]), (1, [0, 0]), (1, [2, -1])])
def test_what_cannot_be_split_is_refused(total, weights):
    assert code_of(largest_remainder, total, weights) == "money.out-of-range"


# --- bytes and JSON ---


@pytest.mark.parametrize("data", [b"", b"f", b"fo", b"foo", bytes(range(256))])
def test_base64url_goes_both_ways(data):
    assert b64url_decode(b64url(data)) == data
    assert "=" not in b64url(data)


@pytest.mark.parametrize("text", ["Zg==", "Zh", "Z", "Zm9v\n", " Zm9v", "Zm9+", "Zm9/", "Zm9vé", "Zm-v!"])
def test_another_spelling_of_base64url_is_refused(text):
    assert code_of(b64url_decode, text, "/x") == "value.not-base64url"


def test_a_hash_has_one_form():
    assert sha256_b64(b"") == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": [1, None, True], "a": "名"}) == '{"a":"名","b":[1,null,true]}'.encode()
    assert canonical_json({"a": (1, 2)}) == b'{"a":[1,2]}'
    for wrong in ({"a": 1.5}, [0.0], {"a": {"b": [float("nan")]}}):
        with pytest.raises(ValueError, match="floating"):
            canonical_json(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a":1,}',
        '{"a":1,"a":2}',
        '{"x":{"a":1,"\\u0061":2}}',
        "[NaN]",
        "[Infinity]",
        "[-Infinity]",
        "[1e999]",
        "{'a':1}",
        '"\\ud800"',
        '"\\u0000"',
        '"\x00"',
        "[1] [2]",
        "// x\n1",
        "\ufeff{}",
        "[01]",
        '"\n"',
    ],
)
def test_json_with_two_readings_or_none_is_refused(text):
    assert code_of(parse_json, text, "body") == "value.not-json"
    assert code_of(parse_json, text.encode("utf-8", "surrogatepass"), "body") == "value.not-json"


@pytest.mark.parametrize("data", [b"\xff", b'"\xc0\x80"', b'"\xed\xa0\x80"', '{"a":1}'.encode("utf-16")])
def test_bytes_that_are_not_utf_8_are_refused(data):
    assert code_of(parse_json, data) == "value.not-json"


def test_json_is_read_to_its_depth_and_no_deeper():
    assert parse_json("[" * MAX_JSON_DEPTH + "]" * MAX_JSON_DEPTH) is not None
    for depth in (MAX_JSON_DEPTH + 1, 100_000):
        assert code_of(parse_json, "[" * depth + "]" * depth) == "value.not-json"
    assert code_of(parse_json, '{"a":' * 5_000 + "1" + "}" * 5_000) == "value.not-json"
    brackets = '"' + "[{" * 500 + '\\"['
    assert parse_json(brackets + '"') == "[{" * 500 + '"['


def test_json_of_any_text_and_size_of_number_is_read():
    assert parse_json('{"名":"\\ud83d\\ude00","n":12345678901234567890}') == {"名": "😀", "n": 12345678901234567890}


# --- moments ---


def test_moments_are_utc_to_the_millisecond():
    moment = datetime(2026, 2, 12, 9, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=8)))
    assert write_moment(moment) == "2026-02-12T01:30:00.123Z"
    assert read_moment("2026-02-12T09:30:00+08:00") == datetime(2026, 2, 12, 1, 30, tzinfo=UTC)
    assert read_moment("2026-02-12T01:30:00Z").tzinfo is UTC


@pytest.mark.parametrize("text", ["", "2026-02-12", "2026-02-12T09:30:00", "2026-02-30T00:00:00Z", "yesterday", "1770000000"])
def test_what_is_not_a_moment_is_refused(text):
    assert code_of(read_moment, text, "/at") == "time.not-a-moment"


@pytest.mark.parametrize("value", ["", "20260212", "2026-W07-4", "2026-2-12", "2026-02-30", "2026-02-12 ", None, 20260212])
def test_a_day_has_one_spelling(value):
    assert as_day("2026-02-12") == date(2026, 2, 12)
    assert as_day(value) is None


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+08:00", "9999-12-31T23:00:00-08:00"])
def test_a_moment_outside_the_calendar_is_refused(text):
    assert code_of(read_moment, text) == "time.not-a-moment"


def test_numeric_dates_are_whole_seconds_rounded_down():
    assert epoch(datetime(1970, 1, 1, 0, 0, 1, 999_999, tzinfo=UTC)) == 1
    assert epoch(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)) == -1
    assert from_epoch(epoch(datetime(2026, 2, 12, tzinfo=UTC))) == datetime(2026, 2, 12, tzinfo=UTC)


def test_a_day_is_one_of_its_zone():
    late = datetime(2026, 2, 12, 16, 30, tzinfo=UTC)
    assert local_date(late) == date(2026, 2, 13)
    assert local_date(late, "UTC") == date(2026, 2, 12)
    assert at_local(date(2026, 2, 13), 0, 30) == late


def test_clocks_are_aware_and_move_as_told():
    assert SystemClock().now().tzinfo is UTC
    manual = ManualClock(datetime(2026, 2, 12, tzinfo=UTC))
    manual.advance(timedelta(days=1))
    assert manual.now() == datetime(2026, 2, 13, tzinfo=UTC)
    moved = OffsetClock()
    moved.set(datetime(2030, 1, 1, tzinfo=UTC))
    moved.advance(timedelta(hours=1))
    assert timedelta() <= moved.now() - datetime(2030, 1, 1, 1, tzinfo=UTC) < timedelta(minutes=1)


# --- unguessable values ---


def test_one_seed_makes_the_same_values_twice_and_another_does_not():
    drawn = [SeededEntropy(seed).bytes(16) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    entropy = SeededEntropy(1)
    assert entropy.bytes(16) != entropy.bytes(16)


def test_tokens_are_long_and_differ():
    made = {new_token(SystemEntropy()) for _ in range(50)} | {new_id(SystemEntropy(), "case") for _ in range(50)}
    assert len(made) == 100
    assert len(b64url_decode(new_token(SystemEntropy()))) == 24
    assert re.fullmatch(r"case-[A-Za-z0-9_-]{20}", new_id(SystemEntropy(), "case"))


def test_a_number_below_a_bound_is_as_likely_as_any_other():
    entropy = SeededEntropy(5)
    drawn = [below(entropy, 3) for _ in range(3_000)]
    assert set(drawn) == {0, 1, 2}
    assert all(850 < drawn.count(value) < 1_150 for value in range(3))
    assert below(entropy, 1) == 0


# --- errors ---


@pytest.mark.parametrize("code", sorted(table()))
def test_an_error_says_in_both_languages_what_is_wrong_who_can_mend_it_and_how(code):
    spec = table()[code]
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\.[a-z0-9]+(-[a-z0-9]+)*", code)
    assert spec.code == code
    assert 400 <= spec.status <= 599
    assert spec.who in WHO
    for text in (spec.what, spec.remedy):
        assert re.search(r"[\u4e00-\u9fff]", text.zh), "no Chinese"
        assert not re.search(r"[\u4e00-\u9fff]", text.en), "Chinese in the English sentence"
        assert text.zh.endswith("。"), text.zh
        assert text.en.endswith("."), text.en
    placeholders = [sorted(re.findall(r"\{(\w+)\}", text)) for text in (spec.what.zh, spec.what.en)]
    assert placeholders[0] == placeholders[1], "the two sentences tell different things"


def test_a_refusal_is_filled_in_and_never_breaks():
    error = YitongError("http.too-large", "body", limit=5)
    assert error.what == Text("请求体超过 5 字节。", "The request is larger than 5 bytes.")
    assert (error.what.of("zh"), error.what.of("fr")) == (error.what.zh, error.what.en)
    assert str(error) == "http.too-large: The request is larger than 5 bytes. [body]"
    assert "{limit}" in YitongError("http.too-large").what.en
    with pytest.raises(KeyError):
        YitongError("http.no-such-code")
