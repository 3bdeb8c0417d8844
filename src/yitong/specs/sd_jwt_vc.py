"""SD-JWT-based Verifiable Credentials (draft-ietf-oauth-sd-jwt-vc): issuing and the two verifications.

The profile of the project: ``iss`` and ``vct`` are always there, the issuer's key is found by ``iss`` and ``kid``
through the trust chain (never by a key or certificate that the credential brings along), the holder's key is
``cnf.jwk``, and status is a Token Status List. What governs validity can never be hidden behind a disclosure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from yitong.digest import sha256_b64
from yitong.entropy import Entropy
from yitong.errors import YitongError
from yitong.specs import jose, sd_jwt
from yitong.specs.jwk import PrivateKey, PublicKey, read_public_jwk
from yitong.specs.sd_jwt import SdJwt, numeric_date

TYP = "dc+sd-jwt"
NEVER_DISCLOSABLE = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"})  # §2.2.2.2
DEFAULT_DECOYS = 2  # hides how many claims an enterprise or resident has, at 88 bytes (RFC 9901 §4.2.5)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a verified credential says. ``claims`` are processed: disclosed values in place, nothing of the format left.

    ``disclosed`` names the top-level claims that came from disclosures. ``token_hash`` is SHA-256 over what the issuer
    signed (header and payload, not the signature): the same for each presentation of one credential, whatever is shown,
    and no re-spelling of an ECDSA signature changes it.
    """

    claims: dict[str, Any]
    header: dict[str, Any]
    iss: str
    vct: str
    iat: int | None
    exp: int | None
    holder: PublicKey | None
    status_uri: str | None
    status_index: int | None
    disclosed: tuple[str, ...]
    token_hash: str


def issue_credential(
    claims: dict[str, Any],
    disclosable: Sequence[str],
    key: PrivateKey,
    kid: str,
    entropy: Entropy,
    *,
    decoys: int = DEFAULT_DECOYS,
) -> str:
    """A credential in issued form (ends with a tilde, no KB-JWT), checked by the rules that its verifier will apply.

    Raises ``sdjwt.missing-claim`` without ``iss`` or ``vct``, ``sdjwt.never-disclosable`` when a name in ``disclosable``
    governs validity, ``sdjwt.bad-holder``, ``sdjwt.bad-status`` or ``sdjwt.not-a-date`` for a claim no one could read.
    """
    _name_of(claims, "iss")
    _name_of(claims, "vct")
    _refuse_disclosable(set(disclosable))
    for name in ("iat", "nbf", "exp"):
        numeric_date(claims, name, "claims")
    _holder_of(claims)
    _status_of(claims)
    return sd_jwt.issue(claims, disclosable, key, entropy, typ=TYP, decoys=decoys, kid=kid)


def issuer_of(text: str) -> tuple[str, str]:
    """``iss`` and ``kid`` as the text states them, unverified: good only for finding the key to verify it with."""
    jws = sd_jwt.parse(text, "credential").jws
    kid = jws.header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise YitongError("sdjwt.no-kid", "credential")
    return _name_of(jws.claims(), "iss"), kid


def verify_credential(text: str, issuer_key: PublicKey, now_s: int, *, leeway_s: int = 60) -> Presented:
    """Verify a credential in issued form, as its holder does on receipt; a KB-JWT is ``sdjwt.kb-unexpected``."""
    sd = sd_jwt.parse(text, "credential")
    if sd.kb_text is not None:
        raise YitongError("sdjwt.kb-unexpected", "credential")
    return _verify(sd, issuer_key, now_s, leeway_s)


def verify_presentation(
    text: str,
    issuer_key: PublicKey,
    *,
    aud: str,
    nonce: str,
    now_s: int,
    leeway_s: int = 60,
    kb_max_age_s: int = 300,
) -> Presented:
    """Verify a presentation with key binding (RFC 9901 §7.3). The binding is demanded here, not offered by the presenter.

    1. A KB-JWT is there (step 2).  2. The credential holds (step 3, and ``_verify`` below).  3. Its own ``aud``, if it
    has one, includes this verifier (RFC 7519 §4.1.3).  4. It names the holder's key.  5. The KB-JWT is by that key,
    for this ``aud`` and ``nonce``, fresh, over this very text (step 4).
    """
    sd = sd_jwt.parse(text, "credential")
    if sd.kb_text is None:  # 1
        raise YitongError("sdjwt.kb-missing", "credential")
    presented = _verify(sd, issuer_key, now_s, leeway_s)  # 2
    audience = presented.claims.get("aud", aud)
    if aud not in (audience if isinstance(audience, list) else [audience]):  # 3
        raise YitongError("sdjwt.audience", "credential")
    if presented.holder is None:  # 4
        raise YitongError("sdjwt.not-bound", "credential")
    sd_jwt.verify_binding(  # 5
        sd, presented.holder, aud=aud, nonce=nonce, now_s=now_s, leeway_s=leeway_s, max_age_s=kb_max_age_s
    )
    return presented


def _verify(sd: SdJwt, issuer_key: PublicKey, now_s: int, leeway_s: int) -> Presented:
    """The steps common to both forms.

    1. Type, algorithm, ``crit`` and signature by the key given (draft §2.2.1, RFC 9901 §7.1 steps 2.a, 2.b).
    2. Digests and disclosures (RFC 9901 §7.1 steps 2.d to 5).  3. Nothing that governs validity is disclosable, whole
    or in part, even if undisclosed (draft §2.2.2.2).  4. ``iss`` and ``vct`` are there.  5. ``nbf``, ``iat`` and ``exp``
    hold (RFC 9901 §7.1 step 6).  6. ``cnf`` and ``status``, when there, are of the kinds in use.
    """
    jose.verify(sd.jws, issuer_key, TYP, "credential")  # 1
    claims = sd_jwt.process(sd)  # 2
    payload = sd.jws.claims()
    disclosed = tuple(name for name in claims if name not in payload)
    _refuse_disclosable(set(disclosed))  # 3
    if any(_has_digests(payload[name]) for name in NEVER_DISCLOSABLE & payload.keys()):
        raise YitongError("sdjwt.never-disclosable", "credential")
    iss, vct = _name_of(claims, "iss"), _name_of(claims, "vct")  # 4
    iat, exp = _check_times(claims, now_s, leeway_s)  # 5
    holder, (status_uri, status_index) = _holder_of(claims), _status_of(claims)  # 6
    token_hash = sha256_b64(sd.jws.signing_input)
    return Presented(claims, sd.jws.header, iss, vct, iat, exp, holder, status_uri, status_index, disclosed, token_hash)


def _refuse_disclosable(names: set[str]) -> None:
    if names & NEVER_DISCLOSABLE:
        raise YitongError("sdjwt.never-disclosable", "disclosures")


def _has_digests(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(sd_jwt.RESERVED & value.keys()) or any(_has_digests(item) for item in value.values())
    return isinstance(value, list) and any(_has_digests(item) for item in value)


def _name_of(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise YitongError("sdjwt.missing-claim", "credential", name=name)
    return value


def _check_times(claims: dict[str, Any], now_s: int, leeway_s: int) -> tuple[int | None, int | None]:
    iat, nbf, exp = (numeric_date(claims, name, "credential") for name in ("iat", "nbf", "exp"))
    if any(start is not None and now_s < start - leeway_s for start in (iat, nbf)):
        raise YitongError("sdjwt.not-yet-valid", "credential")
    if exp is not None and now_s >= exp + leeway_s:
        raise YitongError("sdjwt.expired", "credential")
    return iat, exp


def _holder_of(claims: dict[str, Any]) -> PublicKey | None:
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    if not isinstance(cnf, dict) or "jwk" not in cnf:  # RFC 7800 knows other ways; a key by reference is not followed
        raise YitongError("sdjwt.bad-holder", "credential")
    return read_public_jwk(cnf["jwk"], "cnf")


def _status_of(claims: dict[str, Any]) -> tuple[str | None, int | None]:
    """``uri`` and ``idx`` (Token Status List §6.2). A status of an unknown kind is refused: it might say "revoked"."""
    if "status" not in claims:
        return None, None
    match claims["status"]:
        case {"status_list": {"uri": str(uri), "idx": int(index)}} if uri and index >= 0 and not isinstance(index, bool):
            return uri, index
    raise YitongError("sdjwt.bad-status", "credential")
