"""The verdict: what an officer at a counter, or a gate, may conclude from a presentation, as of a moment.

There are three answers. *Yes* and *no* are given only on evidence that is there and fresh enough by the jurisdiction's
own policy; in every other case the answer is *cannot tell*, with the reason and what to do. An outage never reads as
"not valid", nor as "valid". ``judge`` is pure: the caller gathers the evidence, each piece either found, with where and
when it was obtained, or a ``YitongError`` that says why it is missing (``peer.…``: could not be reached).

Claims are part of the verdict only when the answer is yes, or when the licence is genuine and recognised but its status
cannot be told: then the officer needs its number to ask the registry. With a *no* nothing personal is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from yitong.clock import epoch, from_epoch
from yitong.credentials.kind import LicenceKind
from yitong.credentials.reasons import CANNOT_TELL, REASONS, YES
from yitong.errors import Text, YitongError
from yitong.specs import status_list
from yitong.specs.sd_jwt_vc import Presented
from yitong.specs.status_list import StatusToken
from yitong.trust.chain import INSTITUTION, Chain
from yitong.trust.recognition import Row

LEEWAY_S = 60  # the same as in the verification of the presentation, so that both see one moment of expiry
_PLUMBING = frozenset({"iss", "vct", "iat", "nbf", "exp", "cnf", "status"})  # not for the eyes of an officer


# --- Evidence -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IssuerFound:
    """The issuer as its verified trust chain describes it."""

    entity_id: str
    roles: frozenset[str]
    may_issue: frozenset[str]
    expires_at: datetime
    obtained_at: datetime


@dataclass(frozen=True, slots=True)
class RecognitionFound:
    """What the recognition table says of kind, issuer, this jurisdiction and purpose; ``row`` is ``None`` for "nothing"."""

    row: Row | None
    source: str
    expires_at: datetime
    obtained_at: datetime


@dataclass(frozen=True, slots=True)
class StatusFound:
    """A verified status list token. Fetching it afresh proves nothing of its age: that counts from its signing."""

    token: StatusToken
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is at hand for one credential. ``presentation`` is ``None`` when no key was found to verify it with.

    ``status`` is ``None`` when no list was asked for, because something before it failed.
    """

    presentation: Presented | YitongError | None
    issuer: IssuerFound | YitongError
    recognition: RecognitionFound | YitongError
    status: StatusFound | YitongError | None


@dataclass(frozen=True, slots=True)
class Policy:
    """How old evidence may be in this jurisdiction. ``max_chain_age_s``: when an unknown key is no longer surely unknown."""

    max_status_age_s: int
    max_chain_age_s: int = 60


def issuer_found(chain: Chain, obtained_at: datetime) -> IssuerFound:
    """The issuer of a verified chain; an entity that is no institution has no role and may issue nothing."""
    stated = chain.metadata.get(INSTITUTION, {})
    return IssuerFound(chain.entity_id, _names(stated, "roles"), _names(stated, "may_issue"), chain.expires_at, obtained_at)


def _names(stated: Mapping[str, Any], member: str) -> frozenset[str]:
    value = stated.get(member)
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()


# --- Verdict ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReliedOn:
    """One ground of a verdict: "issuer chain", "recognition", "status list" or "presentation"; whence, and how old."""

    what: str
    source: str
    obtained_at: datetime
    age_s: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """``answer`` is "yes", "no" or "cannot-tell"; ``as_of`` is the moment that it speaks of; ``detail`` is an error code.

    ``token_hash`` names the credential without showing it, for the evidence chain.
    """

    answer: str
    as_of: datetime
    reason: str
    sentence: Text
    relied_on: tuple[ReliedOn, ...] = ()
    claims: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    detail: str = ""
    token_hash: str = ""


@dataclass(slots=True)
class _Bench:
    """One judgement on its way: grounds are added as they are relied on, and ``say`` closes it."""

    kind: LicenceKind
    now: datetime
    presented: Presented | None = None
    grounds: list[ReliedOn] = field(default_factory=list)

    def rely(self, what: str, source: str, obtained_at: datetime, since: datetime | None = None) -> None:
        age_s = max(0, epoch(self.now) - epoch(since or obtained_at))
        self.grounds.append(ReliedOn(what, source, obtained_at, age_s))

    def say(self, code: str, *, as_of: datetime | None = None, detail: str = "", show: bool = False) -> Verdict:
        reason, moment = REASONS[code], as_of or self.now
        minutes = max(0, epoch(self.now) - epoch(moment)) // 60
        sentence = Text(
            reason.sentence.zh.format(kind=self.kind.title.zh, minutes=minutes),
            reason.sentence.en.format(kind=self.kind.title.en, minutes=minutes),
        )
        shown = self.presented.claims if show and self.presented else {}
        claims = MappingProxyType({name: value for name, value in shown.items() if name not in _PLUMBING})
        token_hash = self.presented.token_hash if self.presented else ""
        return Verdict(reason.answer, moment, code, sentence, tuple(self.grounds), claims, detail, token_hash)


def judge(evidence: Evidence, kind: LicenceKind, policy: Policy, now: datetime) -> Verdict:
    """The verdict on one presented credential of ``kind``.

    1. The presentation is genuine, made for this check, and answers it.  2. The issuer is known by its chain, and the
    chain holds.  3. It is the issuer that the credential names.  4. The credential is of this kind, and the issuer may
    issue the kind.  5. This jurisdiction recognises it for this purpose, and the issuer has the role that the
    recognition demands.  6. It is in time.  7. Its status, known and fresh, says valid.
    """
    bench = _Bench(kind, now)
    if isinstance(evidence.presentation, YitongError):  # 1
        return _unfit(bench, evidence.presentation, evidence.issuer, policy)
    issuer = evidence.issuer
    if isinstance(issuer, YitongError):  # 2
        return bench.say(_chain_reason(issuer), detail=issuer.code)
    if issuer.expires_at <= now:
        return bench.say("issuer-chain-expired")
    presented = evidence.presentation
    if presented is None:
        return bench.say("not-checked")
    if presented.iss != issuer.entity_id:  # 3
        return bench.say("issuer-not-trusted")
    bench.presented = presented
    bench.rely("presentation", presented.token_hash, now)
    bench.rely("issuer chain", issuer.entity_id, issuer.obtained_at)
    if presented.vct != kind.vct:  # 4
        return bench.say("other-kind")
    if kind.id not in issuer.may_issue:
        return bench.say("issuer-not-entitled")
    return (
        _recognition(bench, evidence, issuer)
        or _in_time(bench, presented)
        or _status(bench, evidence.status, presented, policy)
    )


def _unfit(bench: _Bench, error: YitongError, issuer: IssuerFound | YitongError, policy: Policy) -> Verdict:
    """Step 1: why a presentation is refused; a code that says nothing about it makes the answer "cannot tell"."""
    if error.code == "jwk.unknown-kid":  # a key that an older chain does not have may be the issuer's new one
        fresh = isinstance(issuer, IssuerFound) and epoch(bench.now) - epoch(issuer.obtained_at) <= policy.max_chain_age_s
        return bench.say("not-genuine" if fresh else "issuer-key-unknown", detail=error.code)
    if error.code in _PRESENTATION_REASONS:
        return bench.say(_PRESENTATION_REASONS[error.code], detail=error.code)
    area = error.code.partition(".")[0]
    return bench.say(_PRESENTATION_AREAS.get(area, "not-checked"), detail=error.code)


_PRESENTATION_REASONS = {
    "sdjwt.expired": "expired",
    "sdjwt.not-yet-valid": "not-yet-valid",
    "sdjwt.kb-missing": "not-for-this-check",
    "sdjwt.kb-nonce": "not-for-this-check",
    "sdjwt.kb-audience": "not-for-this-check",
    "sdjwt.kb-stale": "not-for-this-check",
    "sdjwt.kb-future": "not-for-this-check",
    "sdjwt.audience": "not-for-this-check",
}
_PRESENTATION_AREAS = {
    "sdjwt": "not-genuine",
    "jws": "not-genuine",
    "jwk": "not-genuine",
    "value": "not-genuine",
    "dcql": "answer-incomplete",
}
_IN_DOUBT = frozenset({"trust.link-expired", "trust.link-not-yet-valid"})  # a paper not renewed, or a clock that is wrong
_UNTRUSTED = ("trust", "federation", "jws", "jwk", "value")


def _chain_reason(error: YitongError) -> str:
    """Step 2: a chain that is refused is a no; one that cannot be had, or is out of date, leaves the question open."""
    area = error.code.partition(".")[0]
    if area == "peer":
        return "issuer-unreachable"
    if error.code in _IN_DOUBT:
        return "issuer-chain-expired"
    return "issuer-not-trusted" if area in _UNTRUSTED else "not-checked"


def _recognition(bench: _Bench, evidence: Evidence, issuer: IssuerFound) -> Verdict | None:
    """Step 5."""
    found = evidence.recognition
    if isinstance(found, YitongError):
        return bench.say("recognition-unknown", detail=found.code)
    if found.expires_at <= bench.now:
        return bench.say("recognition-unknown")
    bench.rely("recognition", found.source, found.obtained_at)
    if found.row is None:
        return bench.say("not-recognised")
    return None if found.row.required_role in issuer.roles else bench.say("issuer-role-missing")


def _in_time(bench: _Bench, presented: Presented) -> Verdict | None:
    """Step 6: time may have passed since the presentation was verified."""
    return bench.say("expired") if presented.exp is not None and epoch(bench.now) >= presented.exp + LEEWAY_S else None


def _status(bench: _Bench, found: StatusFound | YitongError | None, presented: Presented, policy: Policy) -> Verdict:
    """Step 7, in which final and fresh count differently: an end stays an end however old the list that says so.

    1. The credential names a list, and the list at hand is that one.  2. It has the entry.  3. "Invalid" is final.
    4. A list that is too old, or past its own end, says nothing about now.  5. Fresh: suspended, valid, or a value
    that we do not know.
    """
    if presented.status_uri is None or presented.status_index is None:  # 1
        return bench.say("status-not-listed", show=True)
    if found is None or isinstance(found, YitongError):
        reached = isinstance(found, YitongError) and not found.code.startswith("peer.")
        code, detail = ("status-unreadable" if reached else "status-unreachable"), (found.code if found else "")
        return bench.say(code, detail=detail, show=True)
    token = found.token
    if token.uri != presented.status_uri:
        return bench.say("status-unreadable", show=True)
    signed_at = from_epoch(token.iat)
    bench.rely("status list", token.uri, found.fetched_at, since=signed_at)
    try:
        value = status_list.get(token.entries, presented.status_index, token.bits)
    except YitongError as error:  # 2
        return bench.say("status-no-entry", as_of=signed_at, detail=error.code)
    if value == status_list.INVALID:  # 3
        return bench.say("ended", as_of=signed_at)
    over = token.exp is not None and epoch(bench.now) >= token.exp + LEEWAY_S
    if over or epoch(bench.now) - token.iat > policy.max_status_age_s:  # 4
        stale = {status_list.VALID: "status-stale", status_list.SUSPENDED: "status-stale-suspended"}
        return bench.say(stale.get(value, "status-unknown-value"), as_of=signed_at, show=True)
    if value == status_list.SUSPENDED:  # 5
        return bench.say("suspended", as_of=signed_at)
    if value != status_list.VALID:
        return bench.say("status-unknown-value", as_of=signed_at, show=True)
    return bench.say("valid", as_of=signed_at, show=True)


def worst(verdicts: tuple[Verdict, ...]) -> str:
    """The answer for several credentials together: no before cannot-tell before yes; nothing at all cannot be told."""
    answers = {verdict.answer for verdict in verdicts}
    if not answers:
        return CANNOT_TELL
    return next((answer for answer in ("no", CANNOT_TELL) if answer in answers), YES)
