"""What holds for every amount, every spelling, every number with a check character."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from fractions import Fraction

from hypothesis import assume, given
from hypothesis import strategies as st

from yitong.clock import epoch, from_epoch, read_moment, write_moment
from yitong.digest import b64url, b64url_decode, canonical_json, parse_json
from yitong.errors import YitongError
from yitong.ids import LicenceId, make_resident_id, make_uscc, read_licence_id, read_resident_id, read_uscc
from yitong.money import MAX_FEN, format_yuan, largest_remainder, parse_yuan, share_down, share_half_up


def answer(call, *arguments):
    """What a call gives: its value and no code, or nothing and the code of its refusal."""
    try:
        return call(*arguments), ""
    except YitongError as error:
        return None, error.code


FEN = st.integers(-MAX_FEN, MAX_FEN)
RATES = st.fractions(0, 1)
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",))), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(FEN)
def test_an_amount_survives_writing(fen):
    assert parse_yuan(format_yuan(fen)) == fen


@given(st.text("0123456789.-+eE ,", max_size=20))
def test_what_is_read_as_yuan_means_what_a_fraction_means(text):
    fen, code = answer(parse_yuan, text)
    assert code in ("", "money.not-yuan", "money.out-of-range")
    assert code or Fraction(text) * 100 == fen


@given(FEN, RATES)
def test_a_share_is_rounded_by_less_than_a_fen(fen, rate):
    exact = fen * rate
    assert 0 <= exact - share_down(fen, rate) < 1
    assert Fraction(-1, 2) < share_half_up(fen, rate) - exact <= Fraction(1, 2)


@given(st.integers(0, MAX_FEN), st.lists(st.integers(0, 10**9), min_size=1, max_size=12))
def test_a_split_loses_nothing_and_is_fair(total, weights):
    assume(sum(weights) > 0)
    parts = largest_remainder(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert part >= 0
        assert part == 0 or weight > 0


@given(st.integers(0, MAX_FEN), st.lists(st.integers(1, 1000), min_size=2, max_size=6))
def test_a_larger_weight_never_gets_less(total, weights):
    parts = largest_remainder(total, weights)
    by_weight = [part for _, part in sorted(zip(weights, parts, strict=True))]
    heavier = [
        (a, b) for (wa, a) in zip(weights, parts, strict=True) for (wb, b) in zip(weights, parts, strict=True) if wa > wb
    ]
    assert all(a >= b for a, b in heavier), by_weight


@given(st.binary(max_size=100))
def test_bytes_survive_base64url(data):
    assert b64url_decode(b64url(data)) == data


@given(st.text("ABab01-_+/= \n", max_size=12))
def test_base64url_has_one_spelling(text):
    data, code = answer(b64url_decode, text)
    assert code in ("", "value.not-base64url")
    assert code or b64url(data) == text


@given(JSON)
def test_a_value_survives_canonical_json_and_has_one_spelling(value):
    written = canonical_json(value)
    assert parse_json(written) == value
    assert canonical_json(parse_json(written)) == written
    assert parse_json(json.dumps(value, indent=1)) == value


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_anything_is_read_as_json_or_refused_with_one_code(data):
    assert answer(parse_json, data)[1] in ("", "value.not-json")


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone
def test_moments_survive_writing(moment):
    whole = from_epoch(epoch(moment))
    assert read_moment(write_moment(whole)) == whole
    assert 0 <= (moment - read_moment(write_moment(moment))).total_seconds() < 0.001


@given(st.integers(100_000, 899_999), st.dates(date(1850, 1, 1), date(2026, 1, 1)), st.integers(0, 999))
def test_made_resident_numbers_are_right(region, born, sequence):
    found = read_resident_id(make_resident_id(str(region), born, sequence))
    assert (found.born, found.male) == (born, sequence % 2 == 1)


@given(st.integers(100_000, 899_999), st.dates(date(1850, 1, 1), date(2026, 1, 1)), st.integers(0, 999), st.data())
def test_one_wrong_character_of_a_resident_number_is_always_found(region, born, sequence, data):
    number = make_resident_id(str(region), born, sequence)
    place = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from("0123456789X" if place == 17 else "0123456789"))
    assume(wrong != number[place])
    _, code = answer(read_resident_id, number[:place] + wrong + number[place + 1 :])
    assert code in ("id.resident-check", "id.resident-birth", "id.resident-shape")


@given(st.text(USCC_ALPHABET, min_size=8, max_size=8), st.text("0123456789ABCDEFGHJKLNPQRTUWXY", min_size=8, max_size=8))
def test_made_codes_are_right_and_one_wrong_character_is_found(prefix, organisation):
    code = make_uscc(prefix, organisation)
    assume(code[16] in USCC_ALPHABET)
    assert read_uscc(code).ok is True
    for place in (0, 7, 9, 15, 17):
        wrong = USCC_ALPHABET[(USCC_ALPHABET.index(code[place]) + 1) % 31]
        found, refusal = answer(read_uscc, code[:place] + wrong + code[place + 1 :])
        assert refusal == "id.uscc-check" or (refusal == "" and not found.ok)


@given(
    st.text(ALNUM, min_size=21, max_size=21),
    st.text(ALNUM, min_size=18, max_size=18) | st.text("0123456789", min_size=6, max_size=6),
    st.text(ALNUM, min_size=1, max_size=32),
    st.integers(0, 999),
    st.data(),
)
def test_licence_identifiers_survive_writing_and_one_wrong_character_is_found(kind, issuer, serial, version, data):
    made = LicenceId(kind, issuer, serial, version)
    text = str(made)
    assert read_licence_id(text) == made
    place = data.draw(st.integers(len("1.2.156.3005.2."), len(text) - 1))
    wrong = data.draw(st.sampled_from(ALNUM))
    assume(text[place] not in (".", wrong))
    _, code = answer(read_licence_id, text[:place] + wrong + text[place + 1 :])
    assert code in ("id.licence-check", "id.licence-shape")
