"""Issuing: an offer is redeemed once, a credential says what governs it, a wallet shows as little as is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from example_licence import CLAIMS
from yitong.catalog import read_table
from yitong.catalog.licences import read_kind
from yitong.clock import at_local, epoch
from yitong.credentials import holder, issuer
from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.specs import dcql, oid4vci, sd_jwt_vc
from yitong.specs.jwk import new_private_key, public_jwk, thumbprint
from yitong.specs.oid4vci import OAuthError, TokenRequest

NOW = datetime(2026, 3, 18, 2, 17, 33, tzinfo=UTC)
ISSUER = "https://anhui.example/institutions/hefei-registry"
ISSUER_KEY, HOLDER_KEY = new_private_key(), new_private_key()
SIGNER = issuer.Signer(ISSUER, ISSUER_KEY, "k1")
STATUS = issuer.StatusEntry("https://anhui.example/status/1", 4711)
CATALOGUE = Path(__file__).parents[2] / "catalog" / "licences"
KIND = read_kind(read_table(CATALOGUE / "business-licence.toml"))
PERMIT = read_kind(read_table(CATALOGUE / "food-business-permit.toml"))
LICENCE = issuer.licence_id(KIND, "11340100MB99990A0T", CLAIMS, 1)


def offer(with_tx_code=True, **given):
    arguments = {"configuration_id": KIND.id, "dataset_id": "d1", "now": NOW, "with_tx_code": with_tx_code} | given
    return issuer.make_offer(SeededEntropy(7), **arguments)


def issued(**given):
    arguments = {"holder": public_jwk(HOLDER_KEY), "status": STATUS, "signer": SIGNER, "now": NOW, "entropy": SeededEntropy(1)}
    claims = given.pop("claims", CLAIMS)
    return issuer.issue(given.pop("kind", KIND), claims, LICENCE, **(arguments | given))


def test_an_offer_is_redeemed_once():
    new = offer()
    assert new.tx_code is not None
    assert len(new.tx_code) == 6
    assert new.tx_code.isdigit()
    first = issuer.redeem(new.offer, TokenRequest(new.code, new.tx_code), NOW)
    assert first.refusal is None
    assert first.offer.used_at == NOW
    again = issuer.redeem(first.offer, TokenRequest(new.code, new.tx_code), NOW)
    assert again.refusal is not None
    assert again.refusal.code == "invalid_grant"


def test_what_is_kept_of_an_offer_does_not_give_it_away():
    new = offer()
    assert new.code not in repr(new.offer)
    assert str(new.tx_code) not in repr(new.offer)


@pytest.mark.parametrize(
    ("with_tx_code", "given", "code"),
    [
        (True, None, "invalid_request"),
        (False, "123456", "invalid_request"),
        (True, "wrong!", "invalid_grant"),
    ],
)
def test_transaction_codes_that_do_not_fit(with_tx_code, given, code):
    new = offer(with_tx_code)
    refusal = issuer.redeem(new.offer, TokenRequest(new.code, given), NOW).refusal
    assert refusal is not None
    assert refusal.code == code


def test_three_wrong_transaction_codes_end_the_offer():
    new, kept = offer(), offer().offer
    for _ in range(3):
        kept = issuer.redeem(kept, TokenRequest(new.code, "wrong!"), NOW).offer
    assert kept.attempts_left == 0
    refusal = issuer.redeem(kept, TokenRequest(new.code, new.tx_code), NOW).refusal
    assert refusal is not None
    assert refusal.code == "invalid_grant"


def test_a_missing_transaction_code_costs_no_attempt():
    new = offer()
    assert issuer.redeem(new.offer, TokenRequest(new.code, None), NOW).offer == new.offer


def test_an_offer_ends():
    new = offer(False, life_s=60)
    assert issuer.redeem(new.offer, TokenRequest(new.code, None), NOW + timedelta(seconds=59)).refusal is None
    refusal = issuer.redeem(new.offer, TokenRequest(new.code, None), NOW + timedelta(seconds=60)).refusal
    assert refusal is not None
    assert refusal.code == "invalid_grant"


def test_a_token_holds_for_five_minutes():
    grant, token = issuer.make_grant(offer().offer, SeededEntropy(3), NOW, 86_400)
    assert grant.token_hash == issuer.code_hash(token)
    assert issuer.check_grant(grant, NOW + timedelta(seconds=299)) is grant
    for lost in (None, replace(grant, expires_at=NOW)):
        with pytest.raises(OAuthError) as caught:
            issuer.check_grant(lost, NOW)
        assert caught.value.code == "invalid_token"


def test_a_credential_says_what_governs_it():
    kept, text = issued()
    presented = sd_jwt_vc.verify_credential(text, ISSUER_KEY.public_key(), epoch(NOW))
    assert (presented.iss, presented.vct, presented.status_uri, presented.status_index) == (ISSUER, KIND.vct, STATUS.uri, 4711)
    assert presented.iat == epoch(datetime(2026, 3, 18, 2, tzinfo=UTC))
    assert presented.exp == presented.iat + 365 * 86_400
    assert presented.claims["licence_id"] == str(LICENCE)
    assert presented.claims["cnf"] == {"jwk": public_jwk(HOLDER_KEY)}
    assert {name: presented.claims[name] for name in CLAIMS} == CLAIMS
    assert set(presented.disclosed) == set(CLAIMS) - {"enterprise_name", "uscc"}
    assert kept.token_hash == presented.token_hash
    assert kept.holder_thumbprint == thumbprint(public_jwk(HOLDER_KEY))
    assert kept.expires_at == datetime(2027, 3, 18, 2, tzinfo=UTC)


def test_only_the_minimal_key_goes_into_the_credential():
    _, text = issued(holder=public_jwk(HOLDER_KEY) | {"kid": "phone-of-zhang", "alg": "ES256"})
    claims = sd_jwt_vc.verify_credential(text, ISSUER_KEY.public_key(), epoch(NOW)).claims
    assert set(claims["cnf"]["jwk"]) == {"kty", "crv", "x", "y"}


def test_a_private_key_is_never_bound():
    with pytest.raises(YitongError) as caught:
        issued(holder=public_jwk(HOLDER_KEY) | {"d": "AA"})
    assert caught.value.code == "jwk.not-public"


def test_a_credential_ends_with_the_last_day_of_its_licence():
    kept, _ = issued(claims=CLAIMS | {"valid_to": "2026-04-30"})
    assert kept.expires_at == at_local(date(2026, 5, 1), 0)
    kept, _ = issued(claims=CLAIMS | {"valid_to": "2026-03-18"})
    assert kept.expires_at == datetime(2026, 3, 18, 16, tzinfo=UTC)
    with pytest.raises(YitongError) as caught:
        issued(claims=CLAIMS | {"valid_to": "2026-03-17"})
    assert caught.value.code == "credential.licence-over"


def test_a_wrong_dataset_is_not_signed_and_a_warning_is():
    with pytest.raises(YitongError) as caught:
        issued(claims=CLAIMS | {"region": "x", "address": ""})
    assert caught.value.code == "credential.claims-refused"
    assert (caught.value.params["count"], caught.value.params["first"]) == (2, "kind.claim-wrong")
    _, text = issued(claims=CLAIMS | {"uscc": "91350100M0001TGQXM"})
    assert "~" in text


def test_a_licence_identifier_has_its_parts():
    assert str(LICENCE).startswith("1.2.156.3005.2.11100000MB99999A8K001.11340100MB99990A0T.91340100MA99990A76.001.")
    with pytest.raises(YitongError) as caught:
        issuer.licence_id(KIND, "1134", CLAIMS, 1)
    assert caught.value.code == "id.licence-shape"


def test_two_credentials_of_one_licence_share_nothing_to_link_them_by():
    one, other = issued(entropy=SeededEntropy(1))[1], issued(entropy=SeededEntropy(2), holder=public_jwk(new_private_key()))[1]
    assert not set(one.split("~")[1:-1]) & set(other.split("~")[1:-1])


# --- The wallet ---------------------------------------------------------------------------------------------------


def query(*paths, vct=KIND.vct):
    return dcql.Query((dcql.CredentialQuery("licence", (vct,), tuple(dcql.ClaimQuery(path) for path in paths)),))


def held(**given):
    return holder.hold(issued(**given)[1], ISSUER_KEY.public_key(), epoch(NOW))


def test_a_wallet_shows_only_what_is_asked():
    choices = holder.choose(query(("uscc",), ("business_scope", None)), [held()])
    token = holder.make_vp_token(choices, lambda _: HOLDER_KEY, aud="openid_federation:https://v", nonce="n", iat=epoch(NOW))
    presented = sd_jwt_vc.verify_presentation(
        token["licence"][0], ISSUER_KEY.public_key(), aud="openid_federation:https://v", nonce="n", now_s=epoch(NOW)
    )
    assert presented.disclosed == ("business_scope",)
    assert "legal_representative" not in presented.claims
    assert dcql.satisfies(query(("uscc",), ("business_scope", None)), {"licence": [presented]})


@pytest.mark.parametrize(
    "asked",
    [query(("uscc",), vct="https://other"), query(("none",)), query(("address", "street"))],
)
def test_a_wallet_with_nothing_fitting_shows_nothing(asked):
    with pytest.raises(YitongError) as caught:
        holder.choose(asked, [held()])
    assert caught.value.code == "credential.nothing-to-show"


def test_a_wallet_asks_before_it_shows_what_is_hidden():
    claims = {
        "permit_number": "JY13101510000011",
        "operator_name": "示例餐饮店",
        "uscc": "91340100MA99990A76",
        "legal_representative": "张示例",
        "holder_id_number": "34052419800101001X",
        "address": "上海市崇明区示例路2号",
        "region": "310151",
        "business_form": "餐饮服务经营者",
        "items": ["热食类食品制售"],
        "decided_on": "2026-03-18",
        "valid_to": "2031-03-17",
        "authority": "崇明区市场监督管理局（示例）",
    }
    permit = held(kind=PERMIT, claims=claims)
    plain = holder.choose(query(("items",), vct=PERMIT.vct), [permit])
    deep = holder.choose(query(("items",), ("holder_id_number",), vct=PERMIT.vct), [permit])
    assert holder.needs_asking(plain[0], PERMIT) == ()
    assert [rule.name for rule in holder.needs_asking(deep[0], PERMIT)] == ["holder_id_number"]


def test_a_whole_issuance_between_wallet_and_issuer():
    new = offer()
    link = oid4vci.offer_uri(oid4vci.credential_offer(ISSUER, [KIND.id], new.code, oid4vci.TxCode(6)))
    read = oid4vci.read_offer(link)
    done = issuer.redeem(new.offer, oid4vci.read_token_request(holder.token_form(read, new.tx_code)), NOW)
    assert done.refusal is None
    proof = oid4vci.make_proof(HOLDER_KEY, read.issuer, "nonce-1", epoch(NOW))
    request = oid4vci.read_credential_request(holder.credential_request(KIND.id, proof))
    jwk, nonce = oid4vci.verify_proof(request.proofs[0], aud=ISSUER, now_s=epoch(NOW))
    assert (request.configuration_id, nonce) == (KIND.id, "nonce-1")
    answer = oid4vci.credential_response([issued(holder=jwk)[1]])
    content = holder.hold(answer["credentials"][0]["credential"], ISSUER_KEY.public_key(), epoch(NOW)).content
    assert content.claims["cnf"] == {"jwk": public_jwk(HOLDER_KEY)}


def test_metadata_of_a_kind():
    row = issuer.configuration(KIND)
    assert (row.id, row.vct, len(row.claims)) == (KIND.id, KIND.vct, len(KIND.claims))
