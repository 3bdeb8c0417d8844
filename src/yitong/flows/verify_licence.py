"""A check at a counter: ask, receive, gather the evidence, judge.

The evidence is gathered anew for every check: the presentation, the issuer's chain, the recognition table, the status
list. What cannot be reached is replaced by the newest that we hold, with its age; the verdict says what that allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import epoch, local_date, write_moment
from yitong.credentials.kind import LicenceKind
from yitong.credentials.register import HELD_STATUS, PRESENTATIONS, HeldStatus, Presentation
from yitong.credentials.verifier import (
    Evidence,
    IssuerFound,
    Policy,
    RecognitionFound,
    StatusFound,
    Verdict,
    issuer_found,
    judge,
)
from yitong.entropy import new_id, new_token
from yitong.errors import Text, YitongError
from yitong.flows.context import Context, Institution
from yitong.specs import jose
from yitong.specs.dcql import read_query, shortfalls
from yitong.specs.jwk import find_key
from yitong.specs.oid4vp import (
    Answer,
    Declined,
    PresentationRequest,
    client_id_of,
    request_link,
    sign_request,
)
from yitong.specs.sd_jwt_vc import Presented, issuer_of, verify_presentation
from yitong.specs.status_list import verify_token
from yitong.trust.chain import INSTITUTION
from yitong.trust.recognition import recognised

REQUEST_LIFE = timedelta(minutes=5)
QUERY_ID = "licence"
PURPOSES: Mapping[str, Text] = {
    "counter-check": Text("窗口核验证照", "Check of a licence at a counter"),
    "bidding": Text("招标投标资格核验", "Check of a bidder's standing"),
}


def licence_query(kind: LicenceKind, claims: tuple[str, ...]) -> dict[str, Any]:
    """The DCQL query for these claims of a kind; raises ``presentation.unknown-claim``."""
    names = {rule.name for rule in kind.claims}
    for claim in claims:
        if claim not in names:
            raise YitongError("presentation.unknown-claim", f"/claims/{claim}")
    asked = {
        "id": QUERY_ID,
        "format": "dc+sd-jwt",
        "meta": {"vct_values": [kind.vct]},
        "claims": [{"path": [claim]} for claim in claims],
    }
    return {"credentials": [asked]}


async def ask(
    context: Context, institution: Institution, officer: str, kind_id: str, claims: tuple[str, ...], purpose: str
) -> tuple[Presentation, str]:
    """Begin a check; returns it with the link for the wallet. The purpose is one that the holder will be shown."""
    kind = context.catalog.kinds.get(kind_id)
    if kind is None or purpose not in PURPOSES:
        raise YitongError("presentation.unknown-kind" if kind is None else "presentation.unknown-purpose", kind_id)
    now = context.clock.now()
    presentation = Presentation(
        new_id(context.entropy, "check"),
        institution.id,
        officer,
        kind_id,
        purpose,
        licence_query(kind, claims),
        new_token(context.entropy),
        new_token(context.entropy),
        now,
        now + REQUEST_LIFE,
    )
    async with context.transaction() as unit:
        await unit.shelf(PRESENTATIONS).add(presentation)
    request_uri = f"{context.me.entity_id}/presentations/{presentation.id}/request"
    return presentation, request_link(client_id_of(institution.entity_id), request_uri)


async def request_object(context: Context, presentation_id: str) -> str:
    """The signed request object of a check, the same again on a second fetch; raises ``store.not-found``."""
    async with context.store.begin() as unit:
        kept: Presentation | None = await unit.shelf(PRESENTATIONS).get(presentation_id)
    if kept is None or kept.expires_at <= context.clock.now():
        raise YitongError("store.not-found", presentation_id)
    institution = context.institution(kept.institution)
    request = PresentationRequest(
        verifier=institution.entity_id,
        response_uri=f"{context.me.entity_id}/presentations/{kept.id}/response",
        nonce=kept.nonce,
        state=kept.state,
        query=read_query(kept.query),
        iat=epoch(kept.created_at),
        exp=epoch(kept.expires_at),
        purpose=PURPOSES[kept.purpose],
    )
    signing = institution.signer()
    return sign_request(request, signing.private, signing.kid)


async def receive(context: Context, presentation_id: str, answer: Answer | Declined) -> Presentation:
    """Take a wallet's answer: once, in time, for this check; the verdict is kept and is the officer's to read.

    1. The check exists, waits, and its state is the answer's.  2. Declined is an answer too.  3. Evidence and verdict.
    4. Closed and recorded in one transaction, if it still waits: of two answers the first one counts, and a check that
    a dying process was judging can be answered again.
    """
    now = context.clock.now()
    async with context.store.begin() as unit:
        kept = _waiting(await unit.shelf(PRESENTATIONS).get(presentation_id), presentation_id, answer, now)  # 1
    if isinstance(answer, Declined):  # 2
        verdict = {"answer": "cannot-tell", "reason": "declined", "detail": answer.error, "as_of": write_moment(now)}
    else:
        verdict = written(await check(context, kept, answer))  # 3
    async with context.transaction() as unit:  # 4
        kept = _waiting(await unit.shelf(PRESENTATIONS).lock(presentation_id), presentation_id, answer, now)
        done = replace(kept, answered_at=now, verdict=verdict)
        await unit.shelf(PRESENTATIONS).save(done)
    return done


def _waiting(kept: Presentation | None, presentation_id: str, answer: Answer | Declined, now: datetime) -> Presentation:
    if kept is None or kept.state != answer.state:
        raise YitongError("store.not-found", presentation_id)
    if kept.answered_at is not None:
        raise YitongError("presentation.answered", presentation_id)
    if kept.expires_at <= now:
        raise YitongError("presentation.expired", presentation_id)
    return kept


async def check(context: Context, asked: Presentation, answer: Answer) -> Verdict:
    """Gather the evidence for one presentation and judge it."""
    now, kind = context.clock.now(), context.catalog.kinds[asked.kind_id]
    verifier = client_id_of(context.institution(asked.institution).entity_id)
    policy = Policy(context.policy.status_max_age_s)
    try:
        text = _only(answer)
    except YitongError as error:  # it answers another question than ours
        return judge(Evidence(error, error, error, None), kind, policy, now)
    issuer_id = kid = ""
    presentation: Presented | YitongError | None = None
    issuer: IssuerFound | YitongError
    try:
        issuer_id, kid = issuer_of(text)
        believed = await context.believer.chain(issuer_id)
        issuer = issuer_found(believed.chain, believed.obtained_at)
        jurisdiction = believed.chain.jurisdiction
    except YitongError as error:
        issuer, jurisdiction = error, ""
        presentation = error if not issuer_id else None
    status: StatusFound | YitongError | None = None
    if isinstance(issuer, IssuerFound):
        presentation = await _presented(context, asked, text, (issuer_id, kid), verifier, now)
        if isinstance(presentation, Presented) and presentation.status_uri is not None:
            status = await current_status(context, presentation.status_uri, issuer_id)
    recognition = await _recognition(context, kind, jurisdiction, asked.purpose, now)
    return judge(Evidence(presentation, issuer, recognition, status), kind, policy, now)


def _only(answer: Answer) -> str:
    if set(answer.presentations) != {QUERY_ID} or len(answer.presentations[QUERY_ID]) != 1:
        raise YitongError("dcql.unexpected-id", "vp_token")
    return answer.presentations[QUERY_ID][0]


async def _presented(
    context: Context, asked: Presentation, text: str, signer: tuple[str, str], verifier: str, now: datetime
) -> Presented | YitongError:
    try:
        key = await context.believer.key(signer[0], INSTITUTION, signer[1])
        presented = verify_presentation(text, key, aud=verifier, nonce=asked.nonce, now_s=epoch(now))
        missing = shortfalls(read_query(asked.query), {QUERY_ID: [presented]})
        if missing:
            return YitongError(missing[0].code, QUERY_ID)
    except YitongError as error:
        return error
    return presented


async def _recognition(
    context: Context, kind: LicenceKind, jurisdiction: str, purpose: str, now: datetime
) -> RecognitionFound | YitongError:
    try:
        table, obtained_at = await context.believer.recognition()
    except YitongError as error:
        return error
    today = local_date(now, context.zone)
    row = recognised(table, kind.id, jurisdiction, context.jurisdiction, purpose=purpose, day=today)
    return RecognitionFound(row, table.issuer, table.expires_at, obtained_at)


async def current_status(context: Context, uri: str, issuer_id: str) -> StatusFound | YitongError:
    """The status list at ``uri`` as fetched now, or the newest that we hold when it cannot be reached.

    An older list than one we have seen is not believed: it would bring a revoked licence back.
    """
    now = context.clock.now()
    async with context.store.begin() as unit:
        held: HeldStatus | None = await unit.shelf(HELD_STATUS).get(uri)
    if held is not None and (held.issuer != issuer_id or held.fetched_at > now):
        held = None
    try:
        text = await context.get(uri)
        key = await context.believer.key(issuer_id, INSTITUTION, str(jose.parse(text, uri).header.get("kid")))
        token = verify_token(text, key, uri=uri, now_s=epoch(now))
        if held is not None and token.iat < held.issued_at:
            raise YitongError("status.rolled-back", uri)
    except YitongError as error:
        return await _held_status(context, held) if held is not None and error.code.startswith("peer.") else error
    async with context.transaction() as unit:
        await unit.shelf(HELD_STATUS).save(HeldStatus(uri, issuer_id, text, token.iat, now))
    return StatusFound(token, now)


async def _held_status(context: Context, held: HeldStatus) -> StatusFound | YitongError:
    """A held list, verified as of the moment at which it was fetched; its age is for the verdict to weigh."""
    try:
        believed = await context.believer.chain(held.issuer)
        jwks = believed.chain.metadata.get(INSTITUTION, {}).get("jwks")
        key = find_key(jwks, jose.parse(held.text).header.get("kid"), held.uri)
        return StatusFound(verify_token(held.text, key, uri=held.uri, now_s=epoch(held.fetched_at)), held.fetched_at)
    except YitongError as error:
        return error


def written(verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is stored and answered."""
    return {
        "answer": verdict.answer,
        "as_of": write_moment(verdict.as_of),
        "reason": verdict.reason,
        "sentence": {"zh": verdict.sentence.zh, "en": verdict.sentence.en},
        "detail": verdict.detail,
        "claims": dict(verdict.claims),
        "relied_on": [
            {"what": g.what, "source": g.source, "obtained_at": write_moment(g.obtained_at), "age_s": g.age_s}
            for g in verdict.relied_on
        ],
        "token_hash": verdict.token_hash,
    }
