"""Trust chains: a good one, and every way in which one can be bad, each naming who must act."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from federation_example import (
    ANCHOR,
    ANHUI,
    ANHUI_NAME,
    KEYS,
    NOW,
    REGISTRY,
    REGISTRY_NAME,
    Federation,
    claims_of,
    seconds,
    signed,
)
from yitong.errors import YitongError
from yitong.trust import anchor as publish
from yitong.trust.chain import verify_anchor, verify_chain

STRANGER = "https://stranger.example"


def refused(world: Federation, later: timedelta = timedelta()) -> YitongError:
    with pytest.raises(YitongError) as caught:
        world.verify(later)
    return caught.value


# --- what a good chain gives


def test_an_institution() -> None:
    world = Federation()
    chain = world.verify()
    assert (chain.entity_id, chain.jurisdiction_id, chain.jurisdiction) == (REGISTRY, ANHUI, "340000")
    assert chain.path == (REGISTRY, ANHUI, ANCHOR)
    assert chain.statements == tuple(world.texts)
    assert chain.expires_at == NOW + timedelta(days=1)
    facts = publish.read_institution(chain)
    assert (facts.roles, facts.may_issue, facts.decides) == (("registry",), ("business-licence",), ())
    assert (facts.name, facts.jwks) == (REGISTRY_NAME, KEYS["registry-signing"].jwks)
    assert (facts.jurisdiction_id, facts.jurisdiction) == (ANHUI, "340000")
    assert chain.metadata["openid_credential_issuer"] == {"credential_issuer": REGISTRY}


def test_a_jurisdiction() -> None:
    chain = verify_chain(Federation().node_chain(), ANCHOR, KEYS["anchor"].jwks, NOW)
    assert (chain.entity_id, chain.jurisdiction_id, chain.path) == (ANHUI, ANHUI, (ANHUI, ANCHOR))
    facts = publish.read_node(chain)
    assert facts == publish.NodeFacts(ANHUI, "340000", ANHUI_NAME, KEYS["anhui-messages"].jwks, f"{ANHUI}/inbox")
    with pytest.raises(YitongError) as caught:
        publish.read_institution(chain)
    assert caught.value.code == "trust.metadata-malformed"


def test_the_chain_expires_with_its_earliest_statement() -> None:
    assert Federation().spoil(2, exp=seconds(hours=3)).verify().expires_at == NOW + timedelta(hours=3)


def test_the_anchor_alone() -> None:
    world = Federation()
    statement = verify_anchor(world.texts[3], ANCHOR, KEYS["anchor"].jwks, NOW)
    assert statement.metadata["federation_entity"]["federation_fetch_endpoint"] == f"{ANCHOR}/federation/fetch"
    for text, jwks in ((world.texts[2], KEYS["anchor"].jwks), (world.texts[3], KEYS["stranger"].jwks)):
        with pytest.raises(YitongError) as caught:
            verify_anchor(text, ANCHOR, jwks, NOW)
        assert caught.value.code == "trust.anchor-unpinned"
    with pytest.raises(YitongError) as caught:
        verify_anchor(world.texts[3], ANCHOR, KEYS["anchor"].jwks, NOW + timedelta(days=2))
    assert caught.value.code == "trust.link-expired"


# --- what an institution may do is what its superior says


def test_a_leaf_that_claims_more_gets_no_more() -> None:
    world = Federation()
    own = claims_of(world.texts[0])["metadata"]
    own["yitong_institution"] |= {
        "roles": ["registry", "hospital"],
        "may_issue": ["business-licence", "food-business-permit"],
        "decides": ["food-business-permit-new"],
        "name": {"zh": "上海", "en": "Shanghai"},
    }
    own["yitong_node"] = {"jurisdiction": "310000", "jwks": KEYS["stranger"].jwks, "inbox_endpoint": f"{REGISTRY}/inbox"}
    chain = world.spoil(0, metadata=own).verify()
    facts = publish.read_institution(chain)
    assert (facts.roles, facts.may_issue, facts.decides) == (("registry",), ("business-licence",), ())
    assert (facts.name, facts.jurisdiction) == (REGISTRY_NAME, "340000")
    assert "yitong_node" not in chain.metadata


def test_what_the_superior_leaves_unsaid_is_not_granted() -> None:
    world = Federation()
    own = claims_of(world.texts[0])["metadata"]
    own["yitong_institution"] |= {"may_issue": ["business-licence"], "roles": ["registry"]}
    stated = {"yitong_institution": {"name": {"zh": "甲", "en": "A"}}}
    facts = publish.read_institution(world.spoil(0, metadata=own).spoil(1, metadata=stated).verify())
    assert (facts.roles, facts.may_issue) == ((), ())


def test_no_issuer_without_a_kind_to_issue() -> None:
    world = Federation()
    clinic = publish.Institution(REGISTRY, REGISTRY_NAME, KEYS["registry"].jwks, ("hospital",))
    world.texts[1] = publish.subordinate(ANHUI, clinic, KEYS["anhui"], NOW)
    assert "openid_credential_issuer" not in world.verify().metadata


def test_the_superior_does_not_give_types_that_the_leaf_does_not_have() -> None:
    world = Federation().spoil(0, metadata={"federation_entity": {}})
    assert world.verify().metadata == {"federation_entity": {}}


def test_a_jurisdiction_cannot_make_a_second_node() -> None:
    world = Federation()
    own = claims_of(world.texts[0])["metadata"] | {"yitong_node": {"inbox_endpoint": f"{REGISTRY}/inbox"}}
    world.spoil(0, metadata=own).spoil(1, metadata={"yitong_node": {"jurisdiction": "310000"}}, constraints=None)
    error = refused(world)
    assert (error.code, error.where, error.params["subject"]) == ("trust.node-misplaced", ANHUI, REGISTRY)


@pytest.mark.parametrize(
    ("place", "change", "member"),
    [
        (0, {"yitong_institution": {}}, "yitong_institution/jwks"),
        (1, {"yitong_institution": {"name": "甲"}}, "yitong_institution/name"),
        (1, {"yitong_institution": {"name": {"zh": "甲", "en": "A"}, "roles": "registry"}}, "yitong_institution/roles"),
        (1, {"yitong_institution": {"name": {"zh": "甲", "en": "A"}, "decides": ["<b>"]}}, "yitong_institution/decides"),
    ],
)
def test_metadata_that_cannot_be_read(place: int, change: dict[str, Any], member: str) -> None:
    chain = Federation().spoil(place, metadata=change).verify()
    with pytest.raises(YitongError) as caught:
        publish.read_institution(chain)
    assert (caught.value.code, caught.value.where, caught.value.params["member"]) == (
        "trust.metadata-malformed",
        REGISTRY,
        member,
    )


def test_a_node_without_a_true_code() -> None:
    world = Federation().spoil(2, metadata={"yitong_node": {"jurisdiction": "上海", "name": {"zh": "甲", "en": "A"}}})
    with pytest.raises(YitongError) as caught:
        publish.read_node(verify_chain(world.node_chain(), ANCHOR, KEYS["anchor"].jwks, NOW))
    assert caught.value.params["member"] == "yitong_node/jurisdiction"


# --- order and length


@pytest.mark.parametrize("length", [0, 1, 2, 8])
def test_length(length: int) -> None:
    world = Federation()
    world.texts = (world.texts * 2)[:length]
    assert refused(world).code == "trust.chain-length"


@pytest.mark.parametrize("order", [(1, 0, 2, 3), (0, 2, 1, 3), (3, 2, 1, 0), (0, 1, 3, 2), (0, 1, 1, 3), (0, 1, 3), (1, 2, 3)])
def test_wrong_order(order: tuple[int, ...]) -> None:
    world = Federation()
    world.texts = [world.texts[place] for place in order]
    error = refused(world)
    assert error.code == "trust.chain-order"
    assert error.where in {REGISTRY, ANHUI, ANCHOR}
    assert "statement" in error.params


def test_a_statement_about_someone_else() -> None:
    error = refused(Federation().spoil(1, sub=STRANGER))
    assert (error.code, error.where, error.params["expected"]) == ("trust.chain-order", REGISTRY, STRANGER)


def test_a_loop() -> None:
    world = Federation()
    again = signed(claims_of(world.texts[1]) | {"iss": REGISTRY, "sub": ANHUI}, KEYS["registry"])
    world.texts = [world.texts[0], world.texts[1], again, world.texts[1], *world.texts[2:]]
    assert refused(world).code == "trust.loop"


def test_a_superior_that_the_leaf_does_not_name() -> None:
    error = refused(Federation().spoil(0, authority_hints=[STRANGER]))
    assert (error.code, error.where, error.params["superior"]) == ("trust.link-unclaimed", REGISTRY, ANHUI)


# --- signatures


def test_an_anchor_that_is_not_pinned() -> None:
    world = Federation()
    for anchor_id, jwks in ((STRANGER, KEYS["anchor"].jwks), (ANCHOR, KEYS["stranger"].jwks), (ANCHOR, {"keys": []})):
        with pytest.raises(YitongError) as caught:
            verify_chain(world.texts, anchor_id, jwks, NOW)
        assert (caught.value.code, caught.value.where) == ("trust.anchor-unpinned", ANCHOR)
        assert caught.value.params["statement"] == 3


def test_a_whole_region_that_someone_else_signed_again() -> None:
    """All keys in it agree with one another; only the pinned key does not."""
    world, other = Federation(), KEYS["stranger"]
    world.texts[2] = signed(claims_of(world.texts[2]), other)
    world.texts[3] = signed(claims_of(world.texts[3]) | {"jwks": other.jwks}, other)
    assert refused(world).code == "trust.anchor-unpinned"


def test_an_anchor_that_does_not_list_the_key_it_signs_with() -> None:
    world = Federation().spoil(3, jwks=KEYS["stranger"].jwks)
    error = refused(world)
    assert (error.code, error.where, error.params["statement"]) == ("trust.link-unknown-key", ANCHOR, 3)
    with pytest.raises(YitongError) as caught:
        verify_anchor(world.texts[3], ANCHOR, KEYS["anchor"].jwks, NOW)
    assert caught.value.code == "trust.link-unknown-key"


def test_a_pinned_key_that_the_anchor_gave_up() -> None:
    world = Federation()
    pinned = {"keys": [KEYS["anchor"].jwk, KEYS["stranger"].jwk]}
    world.texts[2] = signed(claims_of(world.texts[2]), KEYS["stranger"])
    with pytest.raises(YitongError) as caught:
        verify_chain(world.texts, ANCHOR, pinned, NOW)
    assert (caught.value.code, caught.value.params["statement"]) == ("trust.link-unknown-key", 2)


def test_a_leaf_that_only_signs_for_itself() -> None:
    world, other = Federation(), KEYS["stranger"]
    world.texts[0] = signed(claims_of(world.texts[0]) | {"jwks": other.jwks}, other)
    error = refused(world)
    assert (error.code, error.where, error.params["superior"]) == ("trust.link-unknown-key", REGISTRY, ANHUI)


def test_a_leaf_whose_own_set_lacks_the_key_that_signs_it() -> None:
    error = refused(Federation().spoil(0, jwks=KEYS["stranger"].jwks))
    assert (error.code, error.params["superior"]) == ("trust.link-unknown-key", REGISTRY)


@pytest.mark.parametrize("place", [0, 1])
def test_a_key_swapped_under_the_same_name(place: int) -> None:
    world = Federation()
    world.texts[place] = signed(claims_of(world.texts[place]), KEYS["stranger"], kid=world.signer(place).kid)
    error = refused(world)
    assert (error.code, error.where, error.params["statement"]) == ("jws.bad-signature", (REGISTRY, ANHUI)[place], place)


def test_a_superior_that_vouches_for_another_key() -> None:
    error = refused(Federation().spoil(2, jwks=KEYS["stranger"].jwks))
    assert (error.code, error.where, error.params) == (
        "trust.link-unknown-key",
        ANHUI,
        {"statement": 1, "issuer": ANHUI, "subject": REGISTRY, "superior": ANCHOR},
    )


def test_a_private_key_in_a_statement() -> None:
    leaked = {"keys": [KEYS["registry"].jwk | {"d": "AAAA"}]}
    for place, where in ((0, REGISTRY), (1, ANHUI)):
        error = refused(Federation().spoil(place, jwks=leaked))
        assert (error.code, error.where, error.params["statement"]) == ("jwk.not-public", where, place)


def test_wrong_typ_and_unreadable_text() -> None:
    world = Federation()
    world.texts[1] = signed(claims_of(world.texts[1]), KEYS["anhui"], typ="yitong-recognition+jwt")
    error = refused(world)
    assert (error.code, error.where) == ("jws.wrong-typ", "statements/1")
    world.texts[1] = "not a token"
    assert (refused(world).code, refused(world).where) == ("jws.malformed", "statements/1")


def test_algorithms_and_critical_headers() -> None:
    world = Federation()
    world.texts[1] = signed(claims_of(world.texts[1]), KEYS["anhui"], alg="none")
    assert (refused(world).code, refused(world).where) == ("jws.wrong-alg", ANHUI)
    world.texts[1] = signed(claims_of(world.texts[1]), KEYS["anhui"], crit=["b64"])
    assert refused(world).code == "jws.crit"


@pytest.mark.parametrize("place", range(4))
def test_an_unknown_critical_claim(place: int) -> None:
    error = refused(Federation().spoil(place, crit=["seal"], seal="x"))
    assert (error.code, error.where) == ("federation.crit", (REGISTRY, ANHUI, ANCHOR, ANCHOR)[place])


def test_an_unknown_critical_operator() -> None:
    assert refused(Federation().spoil(2, metadata_policy_crit=["regexp"])).code == "federation.policy-crit"


# --- time


@pytest.mark.parametrize("place", range(4))
def test_an_expired_link_names_who_must_sign_again(place: int) -> None:
    world = Federation().spoil(place, exp=seconds(hours=1))
    assert world.verify(timedelta(hours=1, seconds=59)).path[0] == REGISTRY
    error = refused(world, timedelta(hours=1, seconds=60))
    assert (error.code, error.where) == ("trust.link-expired", (REGISTRY, ANHUI, ANCHOR, ANCHOR)[place])
    assert error.params["statement"] == place
    assert (error.params["expired_s"], error.params["leeway_s"]) == (60, 60)
    assert "60" in error.what.en
    assert error.where in error.remedy.zh


@pytest.mark.parametrize("place", range(4))
def test_a_link_from_the_future_tells_the_difference_of_clocks(place: int) -> None:
    world = Federation().spoil(place, iat=seconds(minutes=10))
    error = refused(world)
    assert (error.code, error.params["ahead_s"], error.params["statement"]) == ("trust.link-not-yet-valid", 600, place)
    assert world.verify(timedelta(minutes=9)).path[0] == REGISTRY


# --- policy


def issue_policy(**operators: Any) -> dict[str, Any]:
    return {"yitong_institution": {"may_issue": operators}}


def test_policy_is_merged_from_the_anchor_down_and_applied_after_the_superior() -> None:
    world = Federation().spoil(2, metadata_policy=issue_policy(subset_of=["business-licence", "seal-record"]))
    world.spoil(1, metadata_policy=issue_policy(add=["seal-record"]))
    assert publish.read_institution(world.verify()).may_issue == ("business-licence", "seal-record")
    world.spoil(1, metadata_policy=issue_policy(subset_of=["seal-record"]))
    assert publish.read_institution(world.verify()).may_issue == ()


def test_a_policy_conflict_names_the_lower_superior() -> None:
    world = Federation().spoil(2, metadata_policy=issue_policy(value=["a"])).spoil(1, metadata_policy=issue_policy(value=["b"]))
    error = refused(world)
    assert (error.code, error.where, error.params["statement"]) == ("federation.policy-merge", ANHUI, 1)
    world.spoil(1, metadata_policy=issue_policy(add=["b"]))
    assert (refused(world).code, refused(world).where) == ("federation.policy-combination", ANHUI)
    world.spoil(2, metadata_policy=issue_policy(one_of=[]))
    assert (refused(world).code, refused(world).where) == ("federation.policy-malformed", ANCHOR)


def test_a_policy_violation_names_the_leaf() -> None:
    error = refused(Federation().spoil(2, metadata_policy={"yitong_institution": {"insured": {"essential": True}}}))
    assert (error.code, error.where, error.params["parameter"]) == (
        "federation.policy-violation",
        REGISTRY,
        "yitong_institution/insured",
    )
