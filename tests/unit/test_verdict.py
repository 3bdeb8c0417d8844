"""The verdict: each kind of evidence, missing, wrong, stale or fresh, gives the answer and reason that it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from yitong.catalog import read_table
from yitong.catalog.licences import read_kind
from yitong.clock import epoch, from_epoch
from yitong.credentials.reasons import REASONS
from yitong.credentials.verifier import (
    Evidence,
    IssuerFound,
    Policy,
    RecognitionFound,
    StatusFound,
    issuer_found,
    judge,
    worst,
)
from yitong.errors import YitongError, table
from yitong.specs import status_list
from yitong.specs.jwk import new_private_key
from yitong.specs.sd_jwt_vc import Presented
from yitong.specs.status_list import StatusToken
from yitong.trust.chain import Chain
from yitong.trust.recognition import Row

NOW = datetime(2026, 3, 18, 2, tzinfo=UTC)
NOW_S = epoch(NOW)
POLICY = Policy(max_status_age_s=900)
CATALOGUE = Path(__file__).parents[2] / "catalog" / "licences"
KIND = read_kind(read_table(CATALOGUE / "business-licence.toml"))
ISSUER = "https://anhui.example/institutions/hefei-registry"
LIST = "https://anhui.example/status/1"
PRESENTED = Presented(
    claims={"iss": ISSUER, "vct": KIND.vct, "cnf": {}, "status": {}, "enterprise_name": "示例", "licence_id": "1.2"},
    header={},
    iss=ISSUER,
    vct=KIND.vct,
    iat=NOW_S - 3600,
    exp=NOW_S + 86_400,
    holder=new_private_key().public_key(),
    status_uri=LIST,
    status_index=5,
    disclosed=("enterprise_name",),
    token_hash="hash-1",
)
FOUND = IssuerFound(
    ISSUER, frozenset({"registry"}), frozenset({KIND.id}), NOW + timedelta(hours=1), NOW - timedelta(seconds=30)
)
ROW = Row(KIND.id, "340000", "310000", "*", date(2025, 1, 1), None, "registry")
RECOGNISED = RecognitionFound(ROW, "https://anchor.example", NOW + timedelta(days=1), NOW - timedelta(seconds=600))


def status(value=status_list.VALID, age_s=60, exp_in_s=86_400, uri=LIST, size=64, fetched_ago_s=5):
    entries = status_list.new_bits(size)
    if size > 5:
        status_list.put(entries, 5, value)
    token = StatusToken(uri, NOW_S - age_s, NOW_S + exp_in_s, 300, 2, bytes(entries))
    return StatusFound(token, NOW - timedelta(seconds=fetched_ago_s))


GOOD = Evidence(PRESENTED, FOUND, RECOGNISED, status())


def verdict(policy=POLICY, now=NOW, **evidence):
    return judge(replace(GOOD, **evidence), KIND, policy, now)


def outcome(**evidence):
    found = verdict(**evidence)
    return found.answer, found.reason


def test_yes_says_as_of_when_and_on_what():
    found = verdict()
    assert (found.answer, found.reason, found.as_of) == ("yes", "valid", from_epoch(NOW_S - 60))
    assert [(row.what, row.source, row.age_s) for row in found.relied_on] == [
        ("presentation", "hash-1", 0),
        ("issuer chain", ISSUER, 30),
        ("recognition", "https://anchor.example", 600),
        ("status list", LIST, 60),
    ]
    assert found.relied_on[-1].obtained_at == NOW - timedelta(seconds=5)
    assert dict(found.claims) == {"enterprise_name": "示例", "licence_id": "1.2"}
    assert "电子营业执照" in found.sentence.zh
    assert "1 minutes ago" in found.sentence.en
    assert found.token_hash == "hash-1"


def error(code):
    params = {"expected": "x", "name": "x", "member": "x", "reason": "x"}
    return YitongError(code, "somewhere", **params)


@pytest.mark.parametrize(
    ("code", "answer", "reason"),
    [
        ("jws.bad-signature", "no", "not-genuine"),
        ("jws.wrong-alg", "no", "not-genuine"),
        ("sdjwt.duplicate-digest", "no", "not-genuine"),
        ("sdjwt.kb-hash", "no", "not-genuine"),
        ("value.not-json", "no", "not-genuine"),
        ("sdjwt.kb-nonce", "no", "not-for-this-check"),
        ("sdjwt.kb-audience", "no", "not-for-this-check"),
        ("sdjwt.kb-missing", "no", "not-for-this-check"),
        ("sdjwt.kb-stale", "no", "not-for-this-check"),
        ("sdjwt.expired", "no", "expired"),
        ("sdjwt.not-yet-valid", "no", "not-yet-valid"),
        ("dcql.claims-missing", "no", "answer-incomplete"),
        ("jwk.unknown-kid", "no", "not-genuine"),
        ("store.unreachable", "cannot-tell", "not-checked"),
        ("peer.unreachable", "cannot-tell", "not-checked"),
    ],
)
def test_presentations_that_fail(code, answer, reason):
    found = verdict(presentation=error(code))
    assert (found.answer, found.reason, found.detail) == (answer, reason, code)
    assert found.claims == {}
    assert found.relied_on == ()


def test_an_unknown_key_is_forged_only_if_the_chain_is_fresh():
    old = replace(FOUND, obtained_at=NOW - timedelta(seconds=61))
    assert outcome(presentation=error("jwk.unknown-kid"), issuer=old) == ("cannot-tell", "issuer-key-unknown")
    lost = error("peer.unreachable")
    assert outcome(presentation=error("jwk.unknown-kid"), issuer=lost) == ("cannot-tell", "issuer-key-unknown")


@pytest.mark.parametrize(
    ("code", "answer", "reason"),
    [
        ("peer.unreachable", "cannot-tell", "issuer-unreachable"),
        ("trust.link-expired", "cannot-tell", "issuer-chain-expired"),
        ("trust.link-not-yet-valid", "cannot-tell", "issuer-chain-expired"),
        ("trust.anchor-unpinned", "no", "issuer-not-trusted"),
        ("trust.no-path", "no", "issuer-not-trusted"),
        ("federation.malformed", "no", "issuer-not-trusted"),
        ("jws.bad-signature", "no", "issuer-not-trusted"),
        ("store.unreachable", "cannot-tell", "not-checked"),
    ],
)
def test_issuers_that_cannot_be_believed(code, answer, reason):
    assert outcome(presentation=None, issuer=error(code)) == (answer, reason)


def test_the_issuer_must_be_the_one_named_in_time_and_entitled():
    assert outcome(issuer=replace(FOUND, entity_id="https://other")) == ("no", "issuer-not-trusted")
    assert outcome(issuer=replace(FOUND, expires_at=NOW)) == ("cannot-tell", "issuer-chain-expired")
    assert outcome(issuer=replace(FOUND, may_issue=frozenset({"transit-pass"}))) == ("no", "issuer-not-entitled")
    assert outcome(presentation=replace(PRESENTED, vct="https://other")) == ("no", "other-kind")
    assert outcome(presentation=None) == ("cannot-tell", "not-checked")


def test_recognition_is_needed_and_so_is_its_role():
    assert outcome(recognition=replace(RECOGNISED, row=None)) == ("no", "not-recognised")
    assert outcome(recognition=replace(RECOGNISED, row=replace(ROW, required_role="authority"))) == (
        "no",
        "issuer-role-missing",
    )
    assert outcome(recognition=replace(RECOGNISED, expires_at=NOW)) == ("cannot-tell", "recognition-unknown")
    assert outcome(recognition=error("peer.unreachable")) == ("cannot-tell", "recognition-unknown")


def test_time_may_pass_between_check_and_verdict():
    assert outcome(presentation=replace(PRESENTED, exp=NOW_S - 60)) == ("no", "expired")
    assert outcome(presentation=replace(PRESENTED, exp=NOW_S - 59)) == ("yes", "valid")


@pytest.mark.parametrize(
    ("found", "answer", "reason"),
    [
        (status(), "yes", "valid"),
        (status(age_s=900), "yes", "valid"),
        (status(age_s=901), "cannot-tell", "status-stale"),
        (status(age_s=901, fetched_ago_s=0), "cannot-tell", "status-stale"),
        (status(exp_in_s=-60), "cannot-tell", "status-stale"),
        (status(status_list.SUSPENDED), "no", "suspended"),
        (status(status_list.SUSPENDED, age_s=901), "cannot-tell", "status-stale-suspended"),
        (status(status_list.INVALID), "no", "ended"),
        (status(status_list.INVALID, age_s=86_400 * 30, exp_in_s=-86_400), "no", "ended"),
        (status(3), "cannot-tell", "status-unknown-value"),
        (status(3, age_s=901), "cannot-tell", "status-unknown-value"),
        (status(size=4), "no", "status-no-entry"),
        (status(uri="https://anhui.example/status/2"), "cannot-tell", "status-unreadable"),
        (error("peer.unreachable"), "cannot-tell", "status-unreachable"),
        (error("status.sub"), "cannot-tell", "status-unreadable"),
        (error("status.expired"), "cannot-tell", "status-unreadable"),
        (None, "cannot-tell", "status-unreachable"),
    ],
)
def test_status(found, answer, reason):
    assert outcome(status=found) == (answer, reason)


def test_a_credential_without_a_list_can_not_be_told():
    assert outcome(presentation=replace(PRESENTED, status_uri=None, status_index=None)) == ("cannot-tell", "status-not-listed")


def test_a_list_signed_in_the_future_is_not_older_than_now():
    found = verdict(status=status(age_s=-30))
    assert found.answer == "yes"
    assert found.relied_on[-1].age_s == 0


@pytest.mark.parametrize(
    "evidence",
    [
        {"status": status(status_list.SUSPENDED)},
        {"status": status(status_list.INVALID)},
        {"status": status(size=4)},
        {"recognition": replace(RECOGNISED, row=None)},
        {"issuer": replace(FOUND, may_issue=frozenset())},
        {"presentation": replace(PRESENTED, exp=NOW_S - 3600)},
    ],
)
def test_nothing_personal_is_shown_with_a_no(evidence):
    found = verdict(**evidence)
    assert found.answer == "no"
    assert found.claims == {}
    assert "示例" not in repr(found)


def test_the_officer_sees_whom_to_ask_about_when_only_the_status_is_unknown():
    found = verdict(status=error("peer.unreachable"))
    assert found.claims["licence_id"] == "1.2"
    assert found.as_of == NOW
    assert [row.what for row in found.relied_on] == ["presentation", "issuer chain", "recognition"]


def test_a_chain_gives_roles_only_to_institutions():
    chain = Chain(ISSUER, "https://anhui.example", "340000", {}, NOW, (), ())
    assert issuer_found(chain, NOW).may_issue == frozenset()
    stated = {"yitong_institution": {"roles": ["registry", 5], "may_issue": [KIND.id], "decides": []}}
    found = issuer_found(replace(chain, metadata=stated), NOW)
    assert (found.roles, found.may_issue) == (frozenset({"registry"}), frozenset({KIND.id}))
    odd = {"yitong_institution": {"roles": "registry", "may_issue": None}}
    assert issuer_found(replace(chain, metadata=odd), NOW).roles == frozenset()


def test_several_together():
    yes, no, open_ = verdict(), verdict(status=status(1)), verdict(status=None)
    assert worst((yes, yes)) == "yes"
    assert worst((yes, open_)) == "cannot-tell"
    assert worst((open_, no, yes)) == "no"
    assert worst(()) == "cannot-tell"


def test_every_reason_has_sentences_that_can_be_filled():
    for reason in REASONS.values():
        for sentence in (reason.sentence.zh, reason.sentence.en):
            assert "{" not in sentence.format(kind="K", minutes=1)
    assert {reason.answer for reason in REASONS.values()} == {"yes", "no", "cannot-tell"}
    assert [code for code, reason in REASONS.items() if reason.answer == "yes"] == ["valid"]


def test_no_error_of_the_product_makes_a_yes_and_unknown_areas_make_no_no():
    known = {"sdjwt", "jws", "jwk", "value", "dcql"}
    for code in table():
        found = verdict(presentation=YitongError(code))
        assert found.answer != "yes"
        assert found.answer == "cannot-tell" or code.partition(".")[0] in known
