"""What anchor, jurisdictions and institutions publish about themselves and about those below them, and its reading.

The anchor keeps a :class:`Member` for each jurisdiction, a jurisdiction an :class:`Institution` for each of its own.
From these records :func:`subordinate` makes the statement by which the superior answers for its subordinate: its
federation keys, what it is, and what it may do. The subordinate's own :func:`configuration` adds only what the
subordinate alone knows: the keys it signs messages with and where it listens. :func:`read_node` and
:func:`read_institution` turn the metadata of a verified chain into records again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import epoch
from yitong.errors import Text, YitongError
from yitong.ids import REGION_CODE
from yitong.specs.jwk import Jwk, read_public_jwk
from yitong.specs.openid_federation import (
    CREDENTIAL_ISSUER,
    CREDENTIAL_VERIFIER,
    FEDERATION_ENTITY,
    Metadata,
    check_endpoint,
    sign_statement,
)
from yitong.trust.chain import INSTITUTION, NODE, Chain
from yitong.trust.keys import KeyPair

FETCH_PATH = "/federation/fetch"
LIST_PATH = "/federation/list"
LIFETIME = timedelta(days=1)  # what a superior withdraws is gone everywhere within this time
KeySet = dict[str, list[Jwk]]
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Member:
    """A jurisdiction as the anchor answers for it; ``federation_jwks`` are the public keys it signs statements with."""

    entity_id: str
    jurisdiction: str
    name: Text
    federation_jwks: KeySet


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution as its jurisdiction answers for it: what it is, which kinds it issues, which services it decides."""

    entity_id: str
    name: Text
    federation_jwks: KeySet
    roles: tuple[str, ...] = ()
    may_issue: tuple[str, ...] = ()
    decides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What a verified chain says of a node."""

    entity_id: str
    jurisdiction: str
    name: Text
    jwks: KeySet
    inbox_endpoint: str


@dataclass(frozen=True, slots=True)
class InstitutionFacts:
    """What a verified chain says of an institution; ``jurisdiction`` is the code of the jurisdiction above it."""

    entity_id: str
    jurisdiction_id: str
    jurisdiction: str
    name: Text
    jwks: KeySet
    roles: tuple[str, ...]
    may_issue: tuple[str, ...]
    decides: tuple[str, ...]


def configuration(
    entity_id: str,
    metadata: Metadata,
    key: KeyPair,
    now: datetime,
    *,
    superiors: tuple[str, ...] = (),
    lifetime: timedelta = LIFETIME,
) -> str:
    """A signed Entity Configuration (§9); ``superiors`` stay empty only for the anchor."""
    claims: dict[str, Any] = _claims(entity_id, entity_id, key.jwks, now, lifetime) | {"metadata": metadata}
    if superiors:
        claims["authority_hints"] = list(superiors)
    return sign_statement(claims, key.private, key.kid)


def subordinate(
    issuer_id: str, subject: Member | Institution, key: KeyPair, now: datetime, lifetime: timedelta = LIFETIME
) -> str:
    """The signed statement by which ``issuer_id`` answers for a member or an institution (§3.1.3)."""
    stated, constraints = _member(subject) if isinstance(subject, Member) else _institution(subject)
    claims: dict[str, Any] = _claims(issuer_id, subject.entity_id, subject.federation_jwks, now, lifetime)
    claims |= {"metadata": stated, "constraints": constraints, "source_endpoint": issuer_id.removesuffix("/") + FETCH_PATH}
    return sign_statement(claims, key.private, key.kid)


def superior_metadata(entity_id: str, name: Text) -> Metadata:
    """The ``federation_entity`` metadata of an entity with subordinates: where its statements are fetched (§5.1.1)."""
    base = entity_id.removesuffix("/")
    endpoints = {"federation_fetch_endpoint": base + FETCH_PATH, "federation_list_endpoint": base + LIST_PATH}
    return {FEDERATION_ENTITY: endpoints | {"organization_name": name.en, "organization_name#zh": name.zh}}


def node_metadata(entity_id: str, name: Text, message_jwks: KeySet, inbox_endpoint: str) -> Metadata:
    """What a jurisdiction's node says of itself: a superior, with its message keys and its inbox."""
    own: Metadata = {NODE: {"jwks": message_jwks, "inbox_endpoint": inbox_endpoint}}
    return superior_metadata(entity_id, name) | own


def institution_metadata(name: Text, jwks: KeySet, protocols: Metadata | None = None) -> Metadata:
    """What an institution says of itself: the keys it signs with, and its issuer or verifier metadata, if any."""
    named = {"organization_name": name.en, "organization_name#zh": name.zh}
    own: Metadata = {FEDERATION_ENTITY: named, INSTITUTION: {"jwks": jwks}}
    return own | (protocols or {})


def _claims(issuer: str, subject: str, jwks: KeySet, now: datetime, lifetime: timedelta) -> dict[str, Any]:
    return {"iss": issuer, "sub": subject, "iat": epoch(now), "exp": epoch(now + lifetime), "jwks": jwks}


def _member(member: Member) -> tuple[Metadata, dict[str, Any]]:
    """Stated by the anchor: which jurisdiction this is. Below it stand institutions, and nothing below those."""
    stated: dict[str, Any] = {"jurisdiction": member.jurisdiction, "name": {"zh": member.name.zh, "en": member.name.en}}
    types = [NODE, INSTITUTION, CREDENTIAL_ISSUER, CREDENTIAL_VERIFIER]
    return {NODE: stated}, {"max_path_length": 1, "allowed_entity_types": types}


def _institution(institution: Institution) -> tuple[Metadata, dict[str, Any]]:
    """Stated by the jurisdiction: all that it may do, empty lists included. Without a kind to issue it is no issuer."""
    stated = {
        "name": {"zh": institution.name.zh, "en": institution.name.en},
        "roles": list(institution.roles),
        "may_issue": list(institution.may_issue),
        "decides": list(institution.decides),
    }
    types = [INSTITUTION, CREDENTIAL_VERIFIER, *([CREDENTIAL_ISSUER] if institution.may_issue else [])]
    return {INSTITUTION: stated}, {"max_path_length": 0, "allowed_entity_types": types}


def read_node(chain: Chain) -> NodeFacts:
    """The node that a verified chain leads to; raises ``trust.metadata-malformed`` when it is none."""
    facts = _facts(chain, NODE)
    code = facts.get("jurisdiction")
    if not isinstance(code, str) or not REGION_CODE.match(code):
        raise _malformed(chain, f"{NODE}/jurisdiction")
    inbox = check_endpoint(facts.get("inbox_endpoint"), f"{NODE}/inbox_endpoint", chain.entity_id)
    return NodeFacts(chain.entity_id, code, _name(chain, facts, NODE), _key_set(chain, facts, NODE), inbox)


def read_institution(chain: Chain) -> InstitutionFacts:
    """The institution that a verified chain leads to; raises ``trust.metadata-malformed`` when it is none."""
    facts = _facts(chain, INSTITUTION)
    return InstitutionFacts(
        entity_id=chain.entity_id,
        jurisdiction_id=chain.jurisdiction_id,
        jurisdiction=chain.jurisdiction,
        name=_name(chain, facts, INSTITUTION),
        jwks=_key_set(chain, facts, INSTITUTION),
        roles=_words(chain, facts, "roles"),
        may_issue=_words(chain, facts, "may_issue"),
        decides=_words(chain, facts, "decides"),
    )


def _malformed(chain: Chain, member: str) -> YitongError:
    return YitongError("trust.metadata-malformed", chain.entity_id, member=member)


def _facts(chain: Chain, entity_type: str) -> dict[str, Any]:
    if entity_type not in chain.metadata:
        raise _malformed(chain, entity_type)
    return chain.metadata[entity_type]


def _name(chain: Chain, facts: dict[str, Any], entity_type: str) -> Text:
    name = facts.get("name")
    zh, en = (name.get("zh"), name.get("en")) if isinstance(name, dict) else (None, None)
    if not isinstance(zh, str) or not isinstance(en, str) or not zh or not en:
        raise _malformed(chain, f"{entity_type}/name")
    return Text(zh, en)


def _key_set(chain: Chain, facts: dict[str, Any], entity_type: str) -> KeySet:
    jwks = facts.get("jwks")
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not keys:
        raise _malformed(chain, f"{entity_type}/jwks")
    for key in keys:
        read_public_jwk(key, chain.entity_id)
    return {"keys": keys}


def _words(chain: Chain, facts: dict[str, Any], member: str) -> tuple[str, ...]:
    """A list that the superior stated; one that it did not state is empty, whatever the institution claimed."""
    words = facts.get(member, [])
    if not isinstance(words, list) or not all(isinstance(word, str) and _WORD.match(word) for word in words):
        raise _malformed(chain, f"{INSTITUTION}/{member}")
    return tuple(words)
