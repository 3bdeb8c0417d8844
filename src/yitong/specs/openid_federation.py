"""Entity statements of OpenID Federation 1.0: their shape, signing and strict reading (§3, §8.9, §9).

A statement is either an Entity Configuration (``iss`` equals ``sub``) or a Subordinate Statement about another
entity. :func:`read_statement` checks everything that can be checked on one statement alone: which claims may stand
in which of the two, types, unique ``kid``, public keys only, no ``null`` in metadata, no ``crit``. It verifies no
signature and reads no clock: both need the other links and are done by the verifier of chains.

Narrower than the specification, on purpose: keys are P-256; moments are whole seconds; no extension claim and no
extension policy operator is understood, so any ``crit`` or ``metadata_policy_crit`` is refused. Wider: an entity
identifier may use ``http`` when its host is the machine itself, for regions that run on one machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from yitong.errors import YitongError
from yitong.specs import jose
from yitong.specs.jwk import Jwk, PrivateKey, read_public_jwk

TYP = "entity-statement+jwt"
MEDIA_TYPE = f"application/{TYP}"
WELL_KNOWN = "/.well-known/openid-federation"
MAX_STATEMENT_BYTES = 65_536
MAX_ENTITY_ID_CHARS = 2048

FEDERATION_ENTITY = "federation_entity"
CREDENTIAL_ISSUER = "openid_credential_issuer"
CREDENTIAL_VERIFIER = "openid_credential_verifier"

ERROR_STATUS = {
    "invalid_request": 400,
    "invalid_client": 401,
    "invalid_issuer": 404,
    "invalid_subject": 404,
    "invalid_trust_anchor": 404,
    "invalid_trust_chain": 400,
    "invalid_metadata": 400,
    "not_found": 404,
    "server_error": 500,
    "temporarily_unavailable": 503,
    "unsupported_parameter": 400,
}

Metadata = dict[str, dict[str, Any]]
_ONLY_CONFIGURATION = ("authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners")
_ONLY_SUBORDINATE = ("constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z", re.ASCII)
_URL_CHARS = re.compile(r"[!-~]+\Z", re.ASCII)
_NOT_IN_DESCRIPTION = re.compile(r"[^ !#-\[\]-~]")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class Constraints:
    """Limits that a superior sets on what stands below it (§6.2); None where it sets no such limit."""

    max_path_length: int | None = None
    permitted_names: tuple[str, ...] | None = None
    excluded_names: tuple[str, ...] = ()
    allowed_entity_types: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class EntityStatement:
    """One statement, structurally sound, its signature not yet verified; ``text`` is the JWT that it was read from."""

    iss: str
    sub: str
    iat: int
    exp: int
    jwks: dict[str, list[Jwk]]
    metadata: Metadata
    authority_hints: tuple[str, ...]
    constraints: Constraints
    metadata_policy: dict[str, Any]
    trust_marks: tuple[dict[str, str], ...]
    source_endpoint: str | None
    text: str

    @property
    def is_configuration(self) -> bool:
        """Whether the entity speaks of itself (§3.2)."""
        return self.iss == self.sub


def configuration_url(entity_id: str) -> str:
    """Where an entity publishes its configuration: the well-known path appended, one trailing slash dropped (§9)."""
    return entity_id.removesuffix("/") + WELL_KNOWN


def fetch_url(fetch_endpoint: str, subject: str) -> str:
    """The request for the statement about ``subject`` (§8.1.1)."""
    joint = "&" if "?" in fetch_endpoint else "?"
    return f"{fetch_endpoint}{joint}sub={quote(subject, safe='')}"


def error_body(error: str, description: str) -> dict[str, str]:
    """The JSON of an error answer (§8.9); characters that RFC 6749 §5.2 forbids in a description become ``?``."""
    if error not in ERROR_STATUS:
        raise ValueError(f"{error} is no error code of OpenID Federation")
    return {"error": error, "error_description": _NOT_IN_DESCRIPTION.sub("?", description)}


def host_of(entity_id: str) -> str:
    """The host of an entity identifier that has been checked, in lower case."""
    return urlsplit(entity_id).hostname or ""


def is_domain_name(host: str) -> bool:
    """Whether ``host`` is a domain name in letters, digits and hyphens: no address, no final dot."""
    labels = host.split(".")
    return len(host) <= 253 and all(map(_LABEL.match, labels)) and not labels[-1].isdigit()


def _split_url(text: object) -> SplitResult | None:
    if not isinstance(text, str) or len(text) > MAX_ENTITY_ID_CHARS or not _URL_CHARS.match(text) or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return None
    plain = "@" not in parts.netloc and not {".", ".."} & set(parts.path.split("/"))
    return parts if plain and (is_domain_name(host) or _is_address(host)) else None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def check_entity_id(text: object, claim: str, where: str = "") -> str:
    """An entity identifier (§1.2): an https URL without user, query or fragment; raises ``federation.entity-id``."""
    parts = _split_url(text)
    if not isinstance(text, str) or parts is None or "?" in text or "#" in text:
        raise YitongError("federation.entity-id", where, claim=claim)
    return text


def check_endpoint(text: object, claim: str, where: str = "") -> str:
    """The URL of an endpoint: like an entity identifier, but it may have a query; raises ``federation.malformed``."""
    if not isinstance(text, str) or _split_url(text) is None or "#" in text:
        raise YitongError("federation.malformed", where, claim=claim)
    return text


def _malformed(claim: str, where: str) -> YitongError:
    return YitongError("federation.malformed", where, claim=claim)


def _strings(claims: dict[str, Any], claim: str, where: str, least: int = 0) -> tuple[str, ...]:
    value = claims[claim]
    if not isinstance(value, list) or len(value) < least or not all(isinstance(item, str) and item for item in value):
        raise _malformed(claim, where)
    return tuple(value)


def _object(claims: dict[str, Any], claim: str, where: str) -> dict[str, Any]:
    value = claims.get(claim, {})
    if not isinstance(value, dict):
        raise _malformed(claim, where)
    return value


def _seconds(claims: dict[str, Any], claim: str, where: str) -> int:
    value = claims.get(claim)
    if type(value) is not int or not 0 <= value < 1 << 37:  # beyond it no calendar year can be written
        raise _malformed(claim, where)
    return value


def _keys(claims: dict[str, Any], where: str) -> dict[str, list[Jwk]]:
    """The federation keys: at least one, all public, on P-256, each with its own ``kid`` (§3.1.1)."""
    keys = _object(claims, "jwks", where).get("keys")
    if not isinstance(keys, list) or not keys:
        raise _malformed("jwks", where)
    kids = []
    for key in keys:
        read_public_jwk(key, where)
        kid = key.get("kid")
        if not isinstance(kid, str) or not kid:
            raise _malformed("jwks", where)
        kids.append(kid)
    if len(set(kids)) != len(kids):
        raise YitongError("federation.duplicate-kid", where)
    return {"keys": keys}


def _metadata(claims: dict[str, Any], where: str) -> Metadata:
    """Entity types to objects, no parameter ``null`` (§5), and no private half in a published key set."""
    metadata = _object(claims, "metadata", where)
    for entity_type, parameters in metadata.items():
        if not isinstance(parameters, dict) or any(value is None for value in parameters.values()):
            raise _malformed(f"metadata/{entity_type}", where)
        jwks = parameters.get("jwks", {"keys": []})
        keys = jwks.get("keys") if isinstance(jwks, dict) else None
        if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
            raise _malformed(f"metadata/{entity_type}/jwks", where)
        if any(_PRIVATE & key.keys() for key in keys):
            raise YitongError("jwk.not-public", where)
    return metadata


def _names(limits: dict[str, Any], member: str, where: str) -> tuple[str, ...] | None:
    if member not in limits:
        return None
    names = _strings(limits, member, where)
    if not all(is_domain_name(name.lower().removeprefix(".")) for name in names):
        raise _malformed(f"constraints/naming_constraints/{member}", where)
    return tuple(name.lower() for name in names)


def _constraints(claims: dict[str, Any], where: str) -> Constraints:
    """The limits of §6.2; parameters that are not understood are ignored, as it says."""
    limits = _object(claims, "constraints", where)
    length = limits.get("max_path_length")
    if "max_path_length" in limits and (type(length) is not int or length < 0):
        raise _malformed("constraints/max_path_length", where)
    naming = _object(limits, "naming_constraints", where)
    types = None
    if "allowed_entity_types" in limits:
        types = _strings(limits, "allowed_entity_types", where)
        if FEDERATION_ENTITY in types:  # always allowed, and never listed (§6.2.3)
            raise _malformed("constraints/allowed_entity_types", where)
    return Constraints(length, _names(naming, "permitted", where), _names(naming, "excluded", where) or (), types)


def _trust_marks(claims: dict[str, Any], where: str) -> tuple[dict[str, str], ...]:
    """Trust marks whose outer type is the type inside (§3.2, §7.1); who may issue them is not judged here."""
    marks = claims.get("trust_marks", [])
    if not isinstance(marks, list):
        raise _malformed("trust_marks", where)
    for mark in marks:
        named, signed = (mark.get("trust_mark_type"), mark.get("trust_mark")) if isinstance(mark, dict) else (None, None)
        if not isinstance(named, str) or not isinstance(signed, str):
            raise _malformed("trust_marks", where)
        if jose.parse(signed, where, MAX_STATEMENT_BYTES).claims().get("trust_mark_type") != named:
            raise _malformed("trust_marks", where)
    return tuple(marks)


def _check_places(claims: dict[str, Any], is_configuration: bool, where: str) -> None:
    """Claims that belong to the other kind of statement, or to no statement of ours, are refused (§3.1.2-§3.1.4)."""
    misplaced = (*(_ONLY_SUBORDINATE if is_configuration else _ONLY_CONFIGURATION), "trust_anchor")
    for claim in misplaced:
        if claim in claims:
            raise YitongError("federation.misplaced-claim", where, claim=claim)


def _check_critical(claims: dict[str, Any], where: str) -> None:
    """Nothing beyond the specification is understood, so nothing may be critical (§3.1.1, §3.1.3)."""
    for claim, refusal in (("crit", "federation.crit"), ("metadata_policy_crit", "federation.policy-crit")):
        if claim in claims:
            _strings(claims, claim, where, least=1)
            raise YitongError(refusal, where)


def _read_claims(claims: dict[str, Any], text: str, where: str) -> EntityStatement:
    """The structural steps of §3.2.

    1. ``iss`` and ``sub`` are entity identifiers.  2. Only claims of that kind of statement.  3. Nothing critical.
    4. ``iat`` before ``exp``.  5. Keys.  6. Hints, metadata, constraints, trust marks are well-formed.
    """
    iss = check_entity_id(claims.get("iss"), "iss", where)  # 1
    where = where or iss
    sub = check_entity_id(claims.get("sub"), "sub", where)
    _check_places(claims, iss == sub, where)  # 2
    _check_critical(claims, where)  # 3
    iat, exp = _seconds(claims, "iat", where), _seconds(claims, "exp", where)  # 4
    if iat >= exp:
        raise _malformed("exp", where)
    jwks = _keys(claims, where)  # 5
    hints = _strings(claims, "authority_hints", where, least=1) if "authority_hints" in claims else ()  # 6
    for hint in hints:
        check_entity_id(hint, "authority_hints", where)
    source = claims.get("source_endpoint")
    return EntityStatement(
        iss=iss,
        sub=sub,
        iat=iat,
        exp=exp,
        jwks=jwks,
        metadata=_metadata(claims, where),
        authority_hints=hints,
        constraints=_constraints(claims, where),
        metadata_policy=_object(claims, "metadata_policy", where),
        trust_marks=_trust_marks(claims, where),
        source_endpoint=None if source is None else check_endpoint(source, "source_endpoint", where),
        text=text,
    )


def read_statement(text: str, where: str = "") -> tuple[EntityStatement, jose.Jws]:
    """Read one statement and check its structure; raises ``federation.…``, ``jws.…``, ``jwk.…`` or ``value.…``.

    Errors name the issuer when no other ``where`` is given. The signature is not verified: that takes the key that a
    superior vouches for.
    """
    jws = jose.parse(text, where, MAX_STATEMENT_BYTES)
    named = jws.header.get("typ")
    if not isinstance(named, str) or named.lower().removeprefix("application/") != TYP:
        raise YitongError("jws.wrong-typ", where, expected=TYP)
    if not isinstance(jws.header.get("kid"), str) or not jws.header["kid"]:
        raise _malformed("kid", where)
    return _read_claims(jws.claims(), text, where), jws


def sign_statement(claims: dict[str, Any], key: PrivateKey, kid: str) -> str:
    """Sign a statement, after the same checks that a reader makes: nothing is signed that would be refused."""
    statement = _read_claims(claims, "", "")
    if statement.is_configuration and kid not in {jwk["kid"] for jwk in statement.jwks["keys"]}:
        raise YitongError("jwk.unknown-kid", "kid")
    return jose.sign(claims, key, TYP, kid=kid)
