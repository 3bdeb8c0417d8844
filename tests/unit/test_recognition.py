"""The recognition table: rows, signature, choice."""

from __future__ import annotations

import tomllib
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from federation_example import ANCHOR, KEYS, NOW, seconds, signed
from yitong.errors import YitongError
from yitong.trust.recognition import Row, Table, read_table, recognised, rows_from, sign_table

KEY = KEYS["anchor"]
GOOD: dict[str, Any] = {
    "kind": "business-licence",
    "issuer_jurisdiction": "340000",
    "accepting_jurisdiction": "310000",
    "purpose": "*",
    "from_day": date(2026, 1, 1),
    "required_role": "registry",
}
DAY = date(2026, 3, 2)


def table(*rows: dict[str, Any]) -> Table:
    return Table(rows_from([GOOD | row for row in rows], "test"), ANCHOR, NOW, NOW)


def choose(
    found: Table, kind: str = "business-licence", issuer: str = "340000", purpose: str = "permit", day: date = DAY
) -> Row | None:
    return recognised(found, kind, issuer, "310000", purpose=purpose, day=day)


def sign(rows: tuple[Row, ...], lifetime: timedelta = timedelta(days=1)) -> str:
    return sign_table(rows, ANCHOR, KEY.private, KEY.kid, iat=seconds(), exp=seconds(NOW + lifetime))


def refused(text: str, now: datetime = NOW, issuer: str = ANCHOR) -> YitongError:
    with pytest.raises(YitongError) as caught:
        read_table(text, KEY.jwks, issuer, now)
    return caught.value


def test_signed_and_read_again() -> None:
    rows = rows_from([GOOD, GOOD | {"purpose": "permit", "to_day": date(2026, 12, 31)}], "recognition.toml")
    found = read_table(sign(rows), KEY.jwks, ANCHOR, NOW)
    assert found == Table(rows, ANCHOR, NOW, NOW + timedelta(days=1))
    assert found.rows[1].to_day == date(2026, 12, 31)


def test_rows_from_toml() -> None:
    text = """
    [[row]]
    kind = "food-business-permit"
    issuer_jurisdiction = "*"
    accepting_jurisdiction = "320000"
    purpose = "opening-account"
    from_day = 2026-02-01
    required_role = "market-regulator"
    """
    (row,) = rows_from(tomllib.loads(text)["row"], "recognition.toml")
    assert row == Row("food-business-permit", "*", "320000", "opening-account", date(2026, 2, 1), None, "market-regulator")


@pytest.mark.parametrize(
    ("change", "member"),
    [
        ({"colour": "red"}, "colour"),
        ({"kind": "*"}, "kind"),
        ({"kind": "营业执照"}, "kind"),
        ({"issuer_jurisdiction": "34"}, "issuer_jurisdiction"),
        ({"issuer_jurisdiction": 340000}, "issuer_jurisdiction"),
        ({"accepting_jurisdiction": "*"}, "accepting_jurisdiction"),
        ({"purpose": ""}, "purpose"),
        ({"required_role": "*"}, "required_role"),
        ({"from_day": "2026-02-30"}, "from_day"),
        ({"from_day": "20260201"}, "from_day"),
        ({"from_day": datetime(2026, 1, 1, tzinfo=NOW.tzinfo)}, "from_day"),
        ({"to_day": date(2025, 12, 31)}, "to_day"),
        ({"to_day": None}, "to_day"),
    ],
)
def test_rows_that_are_refused(change: dict[str, Any], member: str) -> None:
    with pytest.raises(YitongError) as caught:
        rows_from([GOOD, GOOD | change], "recognition.toml")
    assert (caught.value.code, caught.value.where) == ("trust.recognition-row", "recognition.toml#/1")
    assert caught.value.params["member"] == member


@pytest.mark.parametrize("member", sorted(GOOD))
def test_nothing_may_be_missing(member: str) -> None:
    with pytest.raises(YitongError) as caught:
        rows_from([{k: v for k, v in GOOD.items() if k != member}], "recognition.toml")
    assert caught.value.params == {"member": member, "reason": "is missing"}


def test_a_row_stands_once() -> None:
    with pytest.raises(YitongError) as caught:
        rows_from([GOOD, GOOD], "recognition.toml")
    assert caught.value.params["reason"] == "stands twice"


def test_who_signed_and_when() -> None:
    text = sign(rows_from([GOOD], "x"))
    assert refused(text, issuer="https://other.example").code == "trust.recognition-malformed"
    late = refused(text, NOW + timedelta(days=1, seconds=61))
    assert (late.code, late.params["expired_s"]) == ("trust.recognition-expired", 61)
    early = refused(text, NOW - timedelta(seconds=61))
    assert (early.code, early.params["ahead_s"]) == ("trust.recognition-not-yet-valid", 61)
    assert read_table(text, KEY.jwks, ANCHOR, NOW + timedelta(days=1, seconds=59)).issuer == ANCHOR
    assert refused(text[:-4] + "AAAA").code == "jws.bad-signature"


@pytest.mark.parametrize(
    ("claims", "member"),
    [
        ({"rows": {}}, "rows"),
        ({"exp": None}, "exp"),
        ({"exp": 5}, "exp"),
        ({"iat": "now"}, "exp"),
    ],
)
def test_malformed_tables(claims: dict[str, Any], member: str) -> None:
    whole = {"iss": ANCHOR, "iat": seconds(), "exp": seconds(days=1), "rows": []} | claims
    error = refused(signed(whole, KEY, "yitong-recognition+jwt"))
    assert (error.code, error.params["member"]) == ("trust.recognition-malformed", member)


def test_a_signed_row_is_checked_like_any_other() -> None:
    whole = {"iss": ANCHOR, "iat": seconds(), "exp": seconds(days=1), "rows": ["*"]}
    error = refused(signed(whole, KEY, "yitong-recognition+jwt"))
    assert (error.code, error.where, error.params["member"]) == ("trust.recognition-row", f"{ANCHOR}#/0", "row")


def test_other_tokens_and_keys_are_refused() -> None:
    whole = {"iss": ANCHOR, "iat": seconds(), "exp": seconds(days=1), "rows": []}
    assert refused(signed(whole, KEY, "entity-statement+jwt")).code == "jws.wrong-typ"
    assert refused(signed(whole, KEYS["stranger"], "yitong-recognition+jwt")).code == "jwk.unknown-kid"
    assert refused(signed(whole, KEYS["stranger"], "yitong-recognition+jwt", kid=KEY.kid)).code == "jws.bad-signature"


def test_recognised_within_its_days() -> None:
    found = table({"to_day": date(2026, 3, 2)})
    assert choose(found, day=date(2025, 12, 31)) is None
    assert choose(found, day=date(2026, 1, 1)) == found.rows[0]
    assert choose(found, day=date(2026, 3, 2)) == found.rows[0]
    assert choose(found, day=date(2026, 3, 3)) is None


def test_recognised_only_for_kind_issuer_acceptor_and_purpose() -> None:
    found = table({"purpose": "permit"})
    assert choose(found) == found.rows[0]
    assert choose(found, kind="food-business-permit") is None
    assert choose(found, issuer="330000") is None
    assert choose(found, purpose="other") is None
    assert recognised(found, "business-licence", "340000", "330000", purpose="permit", day=DAY) is None


def test_the_most_particular_row_is_chosen() -> None:
    wide = {"issuer_jurisdiction": "*", "required_role": "any"}
    purpose = wide | {"purpose": "permit", "required_role": "for-purpose"}
    old, new = {"required_role": "old"}, {"required_role": "new", "from_day": date(2026, 2, 1)}
    found = table(wide, purpose, old, new)
    assert (row := choose(found)) is not None
    assert row.required_role == "new"
    assert (row := choose(found, issuer="330000")) is not None
    assert row.required_role == "for-purpose"
    assert (row := choose(found, issuer="330000", purpose="other")) is not None
    assert row.required_role == "any"
