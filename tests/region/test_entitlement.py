"""A licence from an issuer that may not issue its kind: genuine, signed by a trusted institution, and still a no."""

from __future__ import annotations

import pytest

from example_licence import CLAIMS
from region.simulate import MORNING, make_region
from yitong.clock import epoch
from yitong.credentials.issuer import Signer, StatusEntry, issue, licence_id
from yitong.entropy import SystemEntropy
from yitong.errors import YitongError
from yitong.flows.issue_licence import LIST_SIZE, record_licence, status_uri
from yitong.flows.verify_licence import QUERY_ID, ask, receive
from yitong.specs import sd_jwt
from yitong.specs.jwk import new_private_key, public_jwk
from yitong.specs.oid4vp import Answer, client_id_of


async def verdict_on_a_licence_of(region, node, institution_id):
    """What Shanghai's counter says of a business licence that this institution signed."""
    context, counter = region.nodes[node].context, region.nodes["shanghai"].context
    kind, issuer, key = context.catalog.kinds["business-licence"], context.institution(institution_id), new_private_key()
    async with context.transaction() as unit:
        index = await unit.status.allocate(status_uri(issuer), LIST_SIZE, SystemEntropy())
    signing = issuer.signer()
    _, text = issue(
        kind,
        CLAIMS,
        licence_id(kind, issuer.code, CLAIMS, 1),
        holder=public_jwk(key),
        status=StatusEntry(status_uri(issuer), index),
        signer=Signer(issuer.entity_id, signing.private, signing.kid),
        now=MORNING,
        entropy=SystemEntropy(),
    )
    office = counter.institution("chongming-market")
    asked, _ = await ask(counter, office, "clerk", "business-licence", ("uscc",), "counter-check")
    shown = sd_jwt.select(text, ["uscc"])
    bound = sd_jwt.bind(shown, key, aud=client_id_of(office.entity_id), nonce=asked.nonce, iat=epoch(MORNING))
    done = await receive(counter, asked.id, Answer(asked.state, {QUERY_ID: (bound,)}))
    return done.verdict["answer"], done.verdict["reason"], done.verdict["claims"]


async def test_the_registry_may_and_the_insurer_of_the_same_jurisdiction_may_not(tmp_path):
    region = await make_region(tmp_path)
    answer, reason, claims = await verdict_on_a_licence_of(region, "anhui", "hefei-registry")
    assert (answer, reason, claims["uscc"]) == ("yes", "valid", CLAIMS["uscc"])
    assert await verdict_on_a_licence_of(region, "anhui", "anhui-insurance") == ("no", "issuer-not-entitled", {})


async def test_a_register_takes_no_kind_that_its_institution_may_not_issue(tmp_path):
    region = await make_region(tmp_path)
    context = region.nodes["anhui"].context
    async with context.store.begin() as unit:
        office = context.institution("anhui-insurance")
        with pytest.raises(YitongError) as caught:
            await record_licence(context, unit, office, "business-licence", "someone", CLAIMS)
    assert caught.value.code == "licence.not-entitled"
