"""Issuing: the offer that a resident redeems once, and the credential made of a decided licence.

``make_offer`` gives out a code, and a transaction code when there is a second channel to send it by; only their hashes
are kept. ``redeem`` answers a token request and returns the offer as it now stands, also when it refuses: the caller
stores it either way, so that wrong transaction codes are counted. ``issue`` checks the dataset by its kind, adds what
governs validity, and signs. Nothing here stores; keys are used, never kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from yitong.clock import SHANGHAI, at_local, epoch, from_epoch
from yitong.credentials.kind import LICENCE_CLAIM, LicenceKind, check_claims, payload_of
from yitong.digest import sha256_b64
from yitong.entropy import Entropy, below, new_id, new_token
from yitong.errors import YitongError
from yitong.ids import LicenceId, read_licence_id
from yitong.specs import sd_jwt_vc
from yitong.specs.jwk import Jwk, PrivateKey, read_public_jwk, thumbprint
from yitong.specs.oid4vci import MAX_TOKEN_LIFE_S, ClaimDisplay, Configuration, OAuthError, TokenRequest
from yitong.specs.sd_jwt import parse

OFFER_LIFE_S = 600
TX_CODE_DIGITS = 6
TX_CODE_ATTEMPTS = 3  # a million codes and three attempts: a chance of 3 in a million for who has stolen the offer
ROUND_S = 3_600  # iat and exp on the hour: the second of issuing would tell credentials of one batch apart, and link them


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer as the issuer keeps it. ``dataset_id`` is the decided licence that it leads to."""

    id: str
    configuration_id: str
    dataset_id: str
    code_hash: str
    tx_code_hash: str | None
    attempts_left: int
    expires_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewOffer:
    """A fresh offer with the secrets that are told once: ``code`` in the offer, ``tx_code`` by the second channel."""

    offer: Offer
    code: str
    tx_code: str | None


@dataclass(frozen=True, slots=True)
class Redemption:
    """An offer after a token request; ``refusal`` is the answer to give when there is one."""

    offer: Offer
    refusal: OAuthError | None


@dataclass(frozen=True, slots=True)
class Grant:
    """An access token as the issuer keeps it."""

    token_hash: str
    offer_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class IssuedCredential:
    """What the issuer remembers of a credential. ``token_hash`` is the one that a verifier's evidence has."""

    id: str
    kind_id: str
    licence_id: str
    issuer: str
    holder_thumbprint: str
    status_uri: str
    status_index: int
    issued_at: datetime
    expires_at: datetime
    token_hash: str


# --- Offer and token ----------------------------------------------------------------------------------------------


def configuration(kind: LicenceKind) -> Configuration:
    """The kind as issuer metadata describe it; its identifier is the kind's."""
    claims = tuple(ClaimDisplay((rule.name,), rule.label, rule.required) for rule in kind.claims)
    return Configuration(kind.id, kind.vct, kind.title, claims)


def code_hash(code: str) -> str:
    """By which an offer is found again."""
    return sha256_b64(code.encode("utf-8"))


def _tx_code_hash(code: str, tx_code: str) -> str:
    return sha256_b64(f"{code}\n{tx_code}".encode())  # mixed with the code: six digits alone are soon guessed from a hash


def make_offer(
    entropy: Entropy, *, configuration_id: str, dataset_id: str, now: datetime, with_tx_code: bool, life_s: int = OFFER_LIFE_S
) -> NewOffer:
    """An offer that holds for ``life_s`` and can be redeemed once (VCI §4.1.1)."""
    code = new_token(entropy)
    tx_code = f"{below(entropy, 10**TX_CODE_DIGITS):0{TX_CODE_DIGITS}d}" if with_tx_code else None
    offer = Offer(
        id=new_id(entropy, "offer"),
        configuration_id=configuration_id,
        dataset_id=dataset_id,
        code_hash=code_hash(code),
        tx_code_hash=None if tx_code is None else _tx_code_hash(code, tx_code),
        attempts_left=TX_CODE_ATTEMPTS,
        expires_at=now + timedelta(seconds=life_s),
    )
    return NewOffer(offer, code, tx_code)


def redeem(offer: Offer, request: TokenRequest, now: datetime) -> Redemption:
    """The offer after this request (VCI §6.1, §6.3); find it by ``code_hash``, inside one transaction.

    1. The code is this offer's, unused and in time (``invalid_grant``).  2. A transaction code is there if, and only
    if, one was sent (``invalid_request``).  3. It is right: a wrong one costs an attempt, the last one the code.
    """
    if code_hash(request.code) != offer.code_hash or offer.used_at is not None or offer.attempts_left < 1:  # 1
        return Redemption(offer, OAuthError("invalid_grant", "The code is unknown, used or locked."))
    if now >= offer.expires_at:
        return Redemption(offer, OAuthError("invalid_grant", "The code has expired."))
    if (request.tx_code is None) != (offer.tx_code_hash is None):  # 2
        wanted = "needed" if request.tx_code is None else "not expected"
        return Redemption(offer, OAuthError("invalid_request", f"A transaction code is {wanted}."))
    if request.tx_code is not None and _tx_code_hash(request.code, request.tx_code) != offer.tx_code_hash:  # 3
        left = replace(offer, attempts_left=offer.attempts_left - 1)
        return Redemption(left, OAuthError("invalid_grant", "The transaction code is wrong."))
    return Redemption(replace(offer, used_at=now), None)


def make_grant(offer: Offer, entropy: Entropy, now: datetime, life_s: int = MAX_TOKEN_LIFE_S) -> tuple[Grant, str]:
    """An access token for a redeemed offer: what is kept, and the token itself."""
    token = new_token(entropy)
    return Grant(sha256_b64(token.encode()), offer.id, now + timedelta(seconds=min(life_s, MAX_TOKEN_LIFE_S))), token


def check_grant(grant: Grant | None, now: datetime) -> Grant:
    """The grant if it was found and still holds; ``invalid_token`` otherwise."""
    if grant is None or now >= grant.expires_at:
        raise OAuthError("invalid_token", "The access token is unknown or has expired.")
    return grant


# --- Credential ---------------------------------------------------------------------------------------------------


def licence_id(kind: LicenceKind, issuer_uscc: str, claims: Mapping[str, Any], version: int) -> LicenceId:
    """The licence identifier (GB/T 36904) of a dataset, checked; ``version`` grows when the licence is made anew."""
    made = LicenceId(kind.type_code, issuer_uscc, str(claims[kind.number.claim]), version)
    return read_licence_id(str(made), kind.id)


def expires_at(kind: LicenceKind, claims: Mapping[str, Any], now: datetime, zone: str = SHANGHAI) -> datetime:
    """When a credential issued now ends: after the kind's validity, but no later than the licence's own last day.

    Raises ``credential.licence-over`` when that day has passed.
    """
    end = _rounded(now) + timedelta(days=kind.validity_days)
    if kind.valid_until is not None and kind.valid_until in claims:
        last_day = date.fromisoformat(claims[kind.valid_until])
        end = min(end, at_local(last_day + timedelta(days=1), 0, zone=zone))
    if end <= now:
        raise YitongError("credential.licence-over", kind.id)
    return end


def _rounded(moment: datetime) -> datetime:
    return from_epoch(epoch(moment) // ROUND_S * ROUND_S)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who issues: the institution's entity identifier and its credential key."""

    entity_id: str
    key: PrivateKey
    kid: str


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The entry of the status list that is this credential's own."""

    uri: str
    index: int


def issue(
    kind: LicenceKind,
    claims: Mapping[str, Any],
    licence: LicenceId,
    *,
    holder: Jwk,
    status: StatusEntry,
    signer: Signer,
    now: datetime,
    entropy: Entropy,
    zone: str = SHANGHAI,
) -> tuple[IssuedCredential, str]:
    """A credential bound to the holder's key: what the issuer keeps, and the SD-JWT VC to hand out.

    1. The dataset is right by its kind; warnings pass, the officer has seen them (``credential.claims-refused``).
    2. The holder's key is a public P-256 key.  3. What governs validity is added, all of it always visible.  4. Signed.
    """
    wrong = [finding for finding in check_claims(kind, claims) if finding.severity == "error"]
    if wrong:  # 1
        raise YitongError("credential.claims-refused", f"{kind.id}/{wrong[0].claim}", count=len(wrong), first=wrong[0].code)
    read_public_jwk(holder, "cnf")  # 2
    end = expires_at(kind, claims, now, zone)
    payload, disclosable = payload_of(kind, claims)
    payload |= {  # 3
        "iss": signer.entity_id,
        "vct": kind.vct,
        "iat": epoch(_rounded(now)),
        "exp": epoch(end),
        "cnf": {"jwk": {name: holder[name] for name in ("crv", "kty", "x", "y")}},
        "status": {"status_list": {"uri": status.uri, "idx": status.index}},
        LICENCE_CLAIM: str(licence),
    }
    text = sd_jwt_vc.issue_credential(payload, disclosable, signer.key, signer.kid, entropy)  # 4
    kept = IssuedCredential(
        id=new_id(entropy, "credential"),
        kind_id=kind.id,
        licence_id=str(licence),
        issuer=signer.entity_id,
        holder_thumbprint=thumbprint(holder),
        status_uri=status.uri,
        status_index=status.index,
        issued_at=now,
        expires_at=end,
        token_hash=sha256_b64(parse(text).jws.signing_input),
    )
    return kept, text
