"""An outside wallet: takes offers up by OpenID4VCI, shows by OpenID4VP, keeps its keys to itself.

It shares the formats with the nodes, as any wallet must, and nothing else: every key that it believes comes to it
through the trust chain, from the pinned anchor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from yitong.clock import epoch
from yitong.credentials.holder import Held, choose, credential_request, hold, make_vp_token, token_form
from yitong.digest import parse_json
from yitong.region.tour.client import Tour, TourError
from yitong.specs.jwk import PrivateKey, PublicKey, find_key, new_private_key
from yitong.specs.oid4vci import issuer_metadata_url, make_proof, read_offer
from yitong.specs.oid4vp import read_link, requester_of, response_form, verify_request
from yitong.specs.sd_jwt_vc import issuer_of
from yitong.trust.chain import INSTITUTION, collect_chain, verify_chain


@dataclass(slots=True)
class Wallet:
    """One person's or enterprise's wallet."""

    tour: Tour
    held: dict[str, tuple[Held, PrivateKey]] = field(default_factory=dict)

    async def take(self, offer_uri: str, tx_code: str | None = None) -> Held:
        """Redeem an offer: metadata, token, nonce, proof, credential; verified before it is kept."""
        offer = read_offer(offer_uri)
        metadata = await self._json("GET", issuer_metadata_url(offer.issuer))
        self.tour.expect("issuer metadata names the issuer", offer.issuer, metadata["credential_issuer"])
        token = await self._json("POST", f"{offer.issuer}/token", form=token_form(offer, tx_code))
        nonce = await self._json("POST", metadata["nonce_endpoint"])
        key, now = new_private_key(), await self.tour.clock()
        proof = make_proof(key, offer.issuer, nonce["c_nonce"], epoch(now))
        answer = await self._json(
            "POST",
            metadata["credential_endpoint"],
            json=credential_request(offer.configuration_ids[0], proof),
            bearer=token["access_token"],
        )
        text = answer["credentials"][0]["credential"]
        issuer, kid = issuer_of(text)
        self.tour.expect("the credential names its issuer", offer.issuer, issuer)
        kept = hold(text, await self._key(issuer, kid), epoch(now))
        self.held[kept.content.token_hash] = (kept, key)
        return kept

    async def show(self, link: str, held: Held) -> tuple[str, ...]:
        """Answer a request with the least of ``held`` that it asks for; returns the names of the claims shown."""
        client_id, request_uri = read_link(link)
        status, text = await self.tour.fetch("GET", request_uri)
        self.tour.expect("the request object is served", 200, status)
        verifier, kid = requester_of(text)
        now = epoch(await self.tour.clock())
        request = verify_request(text, await self._key(verifier, kid), now, client_id=client_id)
        choices = choose(request.query, [held])
        token = make_vp_token(choices, self._key_of, aud=client_id, nonce=request.nonce, iat=now)
        await self._json("POST", request.response_uri, form=response_form(token, request.state))
        return choices[0].reveal

    def _key_of(self, held: Held) -> PrivateKey:
        return self.held[held.content.token_hash][1]

    async def _key(self, entity_id: str, kid: str) -> PublicKey:
        anchor_id = self.tour.urls["anchor"]
        pinned = parse_json((self.tour.folder / "anchor.jwks.json").read_bytes())
        chain = verify_chain(await collect_chain(entity_id, anchor_id, self._get), anchor_id, pinned, await self.tour.clock())
        return find_key(chain.metadata.get(INSTITUTION, {}).get("jwks"), kid, entity_id)

    async def _get(self, url: str) -> str:
        status, text = await self.tour.fetch("GET", url)
        self.tour.expect(f"GET {url}", 200, status)
        return text

    async def _json(
        self, method: str, url: str, *, form: dict[str, str] | None = None, json: Any = None, bearer: str | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        status, text = await self.tour.fetch(method, url, headers=headers, data=form, json=json)
        body = parse_json(text)
        if status != 200 or not isinstance(body, dict):
            raise TourError(f"{method} {url}", 200, f"{status} {text[:200]}")
        return body
