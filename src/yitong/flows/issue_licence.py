"""From a decided licence to a credential in a wallet, and what happens to it afterwards.

Register → offer → token → nonce → credential → change of state. Each step is one transaction: a code, a token and a
nonce are spent in the transaction that uses them, and a change of state sets the register and every entry of the
status list together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import epoch
from yitong.credentials.issuer import (
    Grant,
    Signer,
    StatusEntry,
    check_grant,
    code_hash,
    configuration,
    issue,
    licence_id,
    make_grant,
    make_offer,
    redeem,
)
from yitong.credentials.kind import Finding, LicenceKind, check_claims
from yitong.credentials.register import GRANTS, ISSUED, LICENCES, NONCES, OFFERS, Issued, Licence, Nonce
from yitong.credentials.status import LicenceState, change, list_value
from yitong.digest import sha256_b64
from yitong.entropy import new_id, new_token
from yitong.errors import Text, YitongError
from yitong.flows.context import Context, Institution
from yitong.flows.unit import Timer, Unit
from yitong.specs import status_list
from yitong.specs.oid4vci import (
    CredentialRequest,
    OAuthError,
    TokenRequest,
    TxCode,
    credential_offer,
    credential_response,
    issuer_metadata,
    offer_uri,
    token_response,
    verify_proof,
)

LIST_SIZE = 1 << 17  # entries of a list: large from the start, so that its length tells nothing
NONCE_LIFE = timedelta(minutes=5)
TX_DIGITS = 6


@dataclass(frozen=True, slots=True)
class MadeOffer:
    """An offer to hand over: the link, and the transaction code for the second channel."""

    id: str
    uri: str
    tx_code: str | None


def metadata_of_issuer(entity_id: str, title: Text, kinds: Sequence[LicenceKind]) -> dict[str, Any]:
    """The credential issuer metadata of an institution (OpenID4VCI §12.2)."""
    configurations = [configuration(kind) for kind in kinds]
    endpoints = {"credential_endpoint": f"{entity_id}/credential", "nonce_endpoint": f"{entity_id}/nonce"}
    return issuer_metadata(entity_id, title, configurations, **endpoints)


def status_uri(institution: Institution) -> str:
    """Where an institution's status list is served."""
    return f"{institution.entity_id}/status/1"


async def record_licence(
    context: Context,
    unit: Unit,
    institution: Institution,
    kind_id: str,
    subject_id: str,
    claims: Mapping[str, Any],
    case_id: str = "",
) -> tuple[Licence, list[Finding]]:
    """Enter a licence in the register; a newer version of the same number replaces the older one.

    1. The institution may issue the kind, as its jurisdiction states (``licence.not-entitled``).  2. The claims are
    right by the kind (``credential.claims-refused``); warnings are returned.  3. The version follows the last one of
    the same number, which ends as replaced, with its entries of the status list; while that one is suspended, or on its
    way to another jurisdiction, none is made: a new version would undo it (``licence.not-valid``).
    """
    kind = context.catalog.kinds.get(kind_id)
    if kind is None or kind_id not in institution.may_issue:  # 1
        raise YitongError("licence.not-entitled", institution.id, kind=kind_id)
    findings = check_claims(kind, claims)
    wrong = [finding for finding in findings if finding.severity == "error"]
    if wrong:  # 2
        raise YitongError("credential.claims-refused", f"/claims/{wrong[0].claim}", count=len(wrong), first=wrong[0].code)
    now = context.clock.now()
    earlier = [
        licence
        for licence in await unit.shelf(LICENCES).find(subject_id=subject_id, institution=institution.id)
        if licence.kind_id == kind_id and licence.claims.get(kind.number.claim) == claims.get(kind.number.claim)
    ]
    version = max((licence.version for licence in earlier), default=0) + 1
    for stale in earlier:  # 3
        # As it is now: a suspension of this very moment must not be lost.
        licence: Licence | None = await unit.shelf(LICENCES).lock(stale.id)
        if licence is not None and licence.state in (LicenceState.SUSPENDED, LicenceState.TRANSFERRING):
            raise YitongError("licence.not-valid", licence.id, state=licence.state.value)
        if licence is not None and licence.state is LicenceState.VALID:
            await _change(context, unit, licence, LicenceState.REPLACED, "reissued", kind.title.zh, now, institution.id)
    number = str(licence_id(kind, institution.code, claims, version))
    made = Licence(
        new_id(context.entropy, "licence"), kind_id, institution.id, subject_id, dict(claims), number, version, now, case_id
    )
    await unit.shelf(LICENCES).add(made)
    return made, [finding for finding in findings if finding.severity != "error"]


async def offer_licence(context: Context, unit: Unit, licence: Licence, *, with_tx_code: bool) -> MadeOffer:
    """An offer for a licence in the register; raises ``licence.not-valid`` for one that is not valid."""
    if licence.state is not LicenceState.VALID:
        raise YitongError("licence.not-valid", licence.id, state=licence.state.value)
    institution = context.institution(licence.institution)
    made = make_offer(
        context.entropy,
        configuration_id=licence.kind_id,
        dataset_id=licence.id,
        now=context.clock.now(),
        with_tx_code=with_tx_code,
    )
    await unit.shelf(OFFERS).add(made.offer)
    shape = TxCode(TX_DIGITS) if with_tx_code else None
    offer = credential_offer(institution.entity_id, [licence.kind_id], made.code, shape)
    return MadeOffer(made.offer.id, offer_uri(offer), made.tx_code)


async def redeem_code(context: Context, institution: Institution, request: TokenRequest) -> dict[str, Any]:
    """Exchange a pre-authorized code for a token; the count of wrong transaction codes is kept also when it is refused."""
    now = context.clock.now()
    async with context.transaction() as unit:
        found = await unit.shelf(OFFERS).find(code_hash=code_hash(request.code), limit=1)
        offer = await unit.shelf(OFFERS).lock(found[0].id) if found else None
        if offer is None or not await _belongs(unit, offer.dataset_id, institution):
            raise OAuthError("invalid_grant", "The code is unknown, used or locked.")
        redemption = redeem(offer, request, now)
        await unit.shelf(OFFERS).save(redemption.offer)
        if redemption.refusal is None:
            grant, token = make_grant(redemption.offer, context.entropy, now)
            await unit.shelf(GRANTS).add(grant)
    if redemption.refusal is not None:
        raise redemption.refusal
    return token_response(token, int((grant.expires_at - now).total_seconds()))


async def _belongs(unit: Unit, register_id: str, institution: Institution) -> bool:
    licence: Licence | None = await unit.shelf(LICENCES).get(register_id)
    return licence is not None and licence.institution == institution.id


async def give_nonce(context: Context) -> str:
    """A fresh nonce for a key proof."""
    value = new_token(context.entropy)
    async with context.transaction() as unit:
        await unit.shelf(NONCES).add(Nonce(sha256_b64(value.encode()), context.clock.now() + NONCE_LIFE))
    return value


async def issue_credential(
    context: Context, institution: Institution, token: str, request: CredentialRequest
) -> dict[str, Any]:
    """Answer a credential request (OpenID4VCI §8): all is spent in one transaction, or nothing.

    1. The token is live.  2. The configuration is the one that was offered.  3. The proof holds.  4. The nonce is ours
    and unspent; it is spent now.  5. The licence is valid.  6. A status entry, the credential, the record of it.
    """
    now = context.clock.now()
    jwk, nonce = verify_proof(request.proofs[0], aud=institution.entity_id, now_s=epoch(now))  # 3
    async with context.transaction() as unit:
        grant: Grant = check_grant(await unit.shelf(GRANTS).lock(sha256_b64(token.encode())), now)  # 1
        offer = await unit.shelf(OFFERS).get(grant.offer_id)
        licence = await unit.shelf(LICENCES).lock(offer.dataset_id) if offer else None
        if licence is None or licence.institution != institution.id:
            raise OAuthError("invalid_token", "The access token belongs to another issuer.")
        if request.configuration_id != licence.kind_id:  # 2
            raise OAuthError("unknown_credential_configuration", "This configuration was not offered.")
        kept = await unit.shelf(NONCES).drop(sha256_b64(nonce.encode()))  # 4
        if kept is None or kept.expires_at <= now:
            raise OAuthError("invalid_nonce", "The nonce is unknown, used or has expired.")
        if licence.state is not LicenceState.VALID:  # 5
            raise OAuthError("credential_request_denied", "The licence is not valid.")
        uri = status_uri(institution)
        index = await unit.status.allocate(uri, LIST_SIZE, context.entropy)  # 6
        signing = institution.signer()
        record, text = issue(
            context.catalog.kinds[licence.kind_id],
            licence.claims,
            licence_id(context.catalog.kinds[licence.kind_id], institution.code, licence.claims, licence.version),
            holder=jwk,
            status=StatusEntry(uri, index),
            signer=Signer(institution.entity_id, signing.private, signing.kid),
            now=now,
            entropy=context.entropy,
            zone=context.zone,
        )
        await unit.shelf(ISSUED).add(Issued(record, licence.id))
        await unit.shelf(GRANTS).drop(grant.token_hash)
        if licence.case_id:  # its case is delivered by a timer of its own, set in this transaction
            await unit.timers.set(Timer(f"case-issued {licence.case_id}", "case.issued", licence.case_id, now))
    return credential_response([text])


async def change_state(
    context: Context,
    institution: Institution,
    register_id: str,
    to_state: LicenceState,
    reason: str,
    legal_basis: str,
    officer: str,
) -> Licence:
    """Suspend, reinstate or end a licence: the register and every credential's entry change together or not at all."""
    async with context.transaction() as unit:
        licence: Licence | None = await unit.shelf(LICENCES).lock(register_id)
        if licence is None or licence.institution != institution.id:
            raise YitongError("store.not-found", register_id)
        return await _change(context, unit, licence, to_state, reason, legal_basis, context.clock.now(), officer)


async def _change(
    context: Context, unit: Unit, licence: Licence, to_state: LicenceState, reason: str, basis: str, now: datetime, officer: str
) -> Licence:
    allowed = {*context.catalog.kinds[licence.kind_id].states, LicenceState.REPLACED}
    made = change(
        licence.history,
        licence.id,
        to_state,
        reason=reason,
        legal_basis=basis,
        effective_at=now,
        now=now,
        officer=officer,
        allowed=tuple(allowed),
    )
    changed = replace(licence, history=(*licence.history, made))
    await unit.shelf(LICENCES).save(changed)
    for issued in await unit.shelf(ISSUED).find(register_id=licence.id, limit=10_000):
        await unit.status.put(issued.credential.status_uri, issued.credential.status_index, list_value(changed.history))
    return changed


async def status_token(context: Context, institution: Institution, list_number: str) -> str:
    """The signed status list of an institution as it stands now; raises ``store.not-found``."""
    if list_number != "1":
        raise YitongError("store.not-found", list_number)
    uri, now = status_uri(institution), epoch(context.clock.now())
    async with context.store.begin() as unit:
        revision = await unit.status.revision(uri)
        known = context.status_lists.get(uri)
        if known is None or known[0] != revision:  # entries are read again only when one has changed
            entries = status_list.new_bits(LIST_SIZE)
            for index, value in await unit.status.nonzero(uri):
                status_list.put(entries, index, value)
            known = context.status_lists[uri] = (revision, bytes(entries))
    entries_now = known[1]
    signing, ttl_s = institution.signer(), context.policy.status_ttl_s
    expires = now + max(ttl_s * 4, context.policy.status_max_age_s)
    return status_list.issue_token(uri, entries_now, signing.private, signing.kid, iat=now, exp=expires, ttl_s=ttl_s)
