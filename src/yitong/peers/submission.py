"""What an institution hands to its own jurisdiction's node: signed with the institution's own key.

A compact JWS of type ``yitong-submission+jwt``: ``iss`` the institution, ``aud`` the node, ``jti`` its identity,
``iat``, ``act`` which endpoint it is meant for, ``body``. A submission made for one act serves no other, and each is
taken once; the node keeps the text, so that every number can be followed to the signature behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import NO_LATER, epoch, from_epoch
from yitong.errors import YitongError
from yitong.records import Noun
from yitong.specs import jose
from yitong.specs.jwk import PrivateKey, PublicKey

TYP = "yitong-submission+jwt"
MEDIA_TYPE = "application/yitong-submission+jwt"
WINDOW = timedelta(minutes=5)  # older ones are refused; the identities of younger ones are kept for good
_FIELDS = frozenset({"iss", "aud", "jti", "iat", "act", "body"})


@dataclass(frozen=True, slots=True)
class Submission:
    """A verified submission."""

    id: str
    institution: str
    act: str
    made_at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptSubmission:
    """A submission as the node keeps it."""

    id: str
    institution: str
    act: str
    text: str
    received_at: datetime


SUBMISSIONS: Noun[KeptSubmission] = Noun(
    "submission", KeptSubmission, lambda s: f"{s.institution} {s.id}", {"institution": lambda s: s.institution}
)


def seal_submission(
    institution: str, node: str, act: str, submission_id: str, body: dict[str, Any], *, key: PrivateKey, kid: str, now: datetime
) -> str:
    """The institution's side: sign a submission."""
    claims = {"iss": institution, "aud": node, "jti": submission_id, "iat": epoch(now), "act": act, "body": body}
    return jose.sign(claims, key, TYP, kid=kid)


def peek_institution(text: str) -> tuple[str, str]:
    """``(institution, kid)`` as claimed, unverified: only to find the key."""
    jws = jose.parse(text, "submission")
    institution, kid = jws.claims().get("iss"), jws.header.get("kid")
    if not isinstance(institution, str) or not isinstance(kid, str):
        raise YitongError("access.submission", reason="iss or kid is missing")
    return institution, kid


def read_submission(text: str, key: PublicKey, *, node: str, act: str, now: datetime) -> Submission:
    """Verify a submission; raises ``access.submission`` saying what is wrong, or a ``jws.…`` code.

    1. Type and signature.  2. Members.  3. For this node and this act.  4. Made within the window.
    """
    jws = jose.parse(text, "submission")
    jose.verify(jws, key, TYP, "submission")  # 1
    claims = jws.claims()
    made_s, body = claims.get("iat"), claims.get("body")
    shaped = all(isinstance(t, str) and 0 < len(t) <= 300 for t in (claims.get(name) for name in ("iss", "jti", "act")))
    timed = isinstance(made_s, int) and 0 < made_s < NO_LATER
    if claims.keys() != _FIELDS or not (shaped and timed) or not isinstance(made_s, int) or not isinstance(body, dict):  # 2
        raise YitongError("access.submission", reason="members are missing, unknown or of the wrong form")
    if claims["aud"] != node or claims["act"] != act:  # 3
        raise YitongError("access.submission", reason="made for another node or another act")
    made_at = from_epoch(made_s)
    if abs(now - made_at) > WINDOW:  # 4
        difference_s = int((now - made_at).total_seconds())
        raise YitongError("access.submission", reason=f"made {difference_s} seconds ago by the institution's clock")
    return Submission(claims["jti"], claims["iss"], act, made_at, body)
