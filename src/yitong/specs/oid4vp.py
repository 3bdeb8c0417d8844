"""OpenID for Verifiable Presentations 1.0: asking a wallet and reading its answer, exactly as the messages travel.

One profile: the verifier is an entity of the federation (``openid_federation:`` and its entity identifier), the request
is a signed object fetched from ``request_uri``, the answer comes by ``direct_post`` as a plain ``vp_token``. Parameters
that change what is asked and are not carried out (``scope``, ``transaction_data``, ``redirect_uri``) are refused with
``oid4vp.not-supported``; ``client_metadata`` is ignored, as the prefix demands (§5.9.3), and so is what the text does
not define (§5.1).

The order of calls: ``sign_request`` and ``request_link`` ⇒ wallet: ``read_link`` → fetch → ``requester_of`` → its key by
the trust chain → ``verify_request`` → ``response_form`` ⇒ ``read_response`` → the caller finds the session by ``state``,
verifies each presentation with ``audience`` = ``client_id`` and the session's nonce, and asks ``dcql.shortfalls``.
A session answers once, also when the answer was a refusal by the wallet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from yitong.digest import canonical_json, parse_json
from yitong.errors import Text, YitongError
from yitong.specs import dcql, jose
from yitong.specs.jwk import PrivateKey, PublicKey
from yitong.specs.oid4vci import checked_url

REQUEST_TYP = "oauth-authz-req+jwt"
REQUEST_MEDIA_TYPE = "application/oauth-authz-req+jwt"
LINK_SCHEME = "openid4vp://"
PREFIX = "openid_federation:"
WALLET_AUDIENCE = "https://self-issued.me/v2"  # §5.8: the wallet is not known beforehand
NONCE_CHARS = 22  # 128 bits in base64url
MAX_REQUEST_BYTES = 65_536
MAX_LINK_CHARS = 2_048
MAX_VP_TOKEN_CHARS = 524_288
MAX_PRESENTATIONS = 32
_URL_SAFE = re.compile(r"[A-Za-z0-9._~-]{1,512}\Z")  # §5.2: nonce and state
_NOT_CARRIED_OUT = ("redirect_uri", "scope", "transaction_data", "request", "request_uri")
# §8.5: what a wallet may say instead of answering
WALLET_ERRORS = frozenset(
    {
        "invalid_scope",
        "invalid_request",
        "invalid_client",
        "access_denied",
        "vp_formats_not_supported",
        "invalid_request_uri_method",
        "invalid_transaction_data",
        "wallet_unavailable",
    }
)


@dataclass(frozen=True, slots=True)
class PresentationRequest:
    """What a verifier asks. ``purpose`` is shown to the holder before consent; a member of ours that other wallets ignore."""

    verifier: str
    response_uri: str
    nonce: str
    state: str
    query: dcql.Query
    iat: int
    exp: int
    purpose: Text | None = None
    wallet_nonce: str | None = None

    @property
    def client_id(self) -> str:
        """The verifier as it is called on the wire, and the ``aud`` that key binding must have (§5.9.1)."""
        return client_id_of(self.verifier)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a wallet presents: for each query id the presentations, still to be verified."""

    state: str
    presentations: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Declined:
    """A wallet's refusal; ``error`` is one of ``WALLET_ERRORS`` or ``"other"``. It ends the session."""

    state: str
    error: str


def client_id_of(entity_id: str) -> str:
    """The Client Identifier of an entity of the federation (§5.9.3)."""
    return PREFIX + entity_id


def verifier_of(client_id: object, where: str = "client_id") -> str:
    """The entity identifier inside a Client Identifier; raises ``oid4vp.wrong-prefix`` for every other prefix."""
    if not isinstance(client_id, str) or not client_id.startswith(PREFIX):
        raise YitongError("oid4vp.wrong-prefix", where)
    return checked_url(client_id.removeprefix(PREFIX), where)


# --- Verifier side: the request -----------------------------------------------------------------------------------


def sign_request(request: PresentationRequest, key: PrivateKey, kid: str) -> str:
    """The request object (§5, RFC 9101), signed by the verifier; served as ``REQUEST_MEDIA_TYPE``, again on a second fetch.

    Raises ``oid4vp.malformed`` for a nonce, state or ``response_uri`` that no wallet would accept.
    """
    _check_request(request)
    claims: dict[str, Any] = {
        "aud": WALLET_AUDIENCE,
        "client_id": request.client_id,
        "response_type": "vp_token",
        "response_mode": "direct_post",
        "response_uri": request.response_uri,
        "nonce": request.nonce,
        "state": request.state,
        "dcql_query": dcql.write_query(request.query),
        "iat": request.iat,
        "exp": request.exp,
    }
    if request.purpose is not None:
        claims["purpose"] = {"zh": request.purpose.zh, "en": request.purpose.en}
    if request.wallet_nonce is not None:  # §5.10: echoed when the wallet fetched by POST
        claims["wallet_nonce"] = request.wallet_nonce
    return jose.sign(claims, key, REQUEST_TYP, kid=kid)


def _check_request(request: PresentationRequest) -> None:
    if len(request.nonce) < NONCE_CHARS or not _URL_SAFE.match(request.nonce):
        raise YitongError("oid4vp.malformed", "nonce")
    if not _URL_SAFE.match(request.state):
        raise YitongError("oid4vp.malformed", "state")
    if _origin(request.response_uri, "response_uri") != _origin(request.verifier, "client_id"):
        raise YitongError("oid4vp.foreign-response-uri", "response_uri")


def _origin(url: str, where: str) -> tuple[str, str]:
    parts = urlsplit(checked_url(url, where))
    return parts.scheme, parts.netloc.lower()


def request_link(client_id: str, request_uri: str) -> str:
    """The link or QR content that leads a wallet to the request object (§5.4)."""
    return f"{LINK_SCHEME}?{urlencode({'client_id': client_id, 'request_uri': checked_url(request_uri, 'request_uri')})}"


# --- Wallet side --------------------------------------------------------------------------------------------------


def read_link(text: str) -> tuple[str, str]:
    """``client_id`` and ``request_uri`` of a link; raises ``oid4vp.malformed`` or ``oid4vp.not-supported``."""
    if not text.startswith(LINK_SCHEME) or len(text) > MAX_LINK_CHARS:
        raise YitongError("oid4vp.malformed", "link")
    pairs = parse_qsl(text.partition("?")[2], keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs):
        raise YitongError("oid4vp.malformed", "link")
    if "request_uri" not in given or given.get("request_uri_method", "get") != "get":  # a request by value, or by POST
        raise YitongError("oid4vp.not-supported", "link", member="request_uri")
    verifier_of(given.get("client_id"))
    return given["client_id"], checked_url(given["request_uri"], "request_uri")


def requester_of(text: str) -> tuple[str, str]:
    """Entity identifier and ``kid`` named in a request object, unverified: good only for finding the key to verify it with."""
    jws = jose.parse(text, "request", MAX_REQUEST_BYTES)
    kid = jws.header.get("kid")
    if not isinstance(kid, str) or not kid:
        raise YitongError("oid4vp.malformed", "kid")
    return verifier_of(jws.claims().get("client_id")), kid


def verify_request(
    text: str, verifier_key: PublicKey, now_s: int, *, client_id: str | None = None, leeway_s: int = 60
) -> PresentationRequest:
    """What a verifier asks, once its request object is shown to be its own.

    1. Type, algorithm and signature by the verifier's key (RFC 9101 §6.2).  2. ``client_id`` has our prefix, and is the
    one outside when that is known (§5.10.1).  3. ``aud`` is a wallet not known beforehand (§5.8).  4. It is current.
    5. Nothing is asked that is not carried out; ``vp_token`` by ``direct_post``.  6. Nonce and state (§5.2), and the
    answer goes to the verifier's own origin (our policy: the prefix leaves it open).  7. The query.
    """
    jws = jose.parse(text, "request", MAX_REQUEST_BYTES)
    jose.verify(jws, verifier_key, REQUEST_TYP, "request")  # 1
    claims = jws.claims()
    verifier = verifier_of(claims.get("client_id"))  # 2
    if client_id is not None and client_id != claims["client_id"]:
        raise YitongError("oid4vp.client-differs", "client_id")
    if claims.get("aud") != WALLET_AUDIENCE:  # 3
        raise YitongError("oid4vp.malformed", "aud")
    iat, exp = _whole(claims, "iat"), _whole(claims, "exp")
    if iat > now_s + leeway_s or exp <= now_s - leeway_s:  # 4
        raise YitongError("oid4vp.request-expired", "request")
    for name in _NOT_CARRIED_OUT:  # 5
        if name in claims:
            raise YitongError("oid4vp.not-supported", name, member=name)
    if claims.get("response_type") != "vp_token" or claims.get("response_mode") != "direct_post":
        raise YitongError("oid4vp.not-supported", "response_mode", member="response_mode")
    query = dcql.read_query(claims.get("dcql_query"))  # 7
    request = PresentationRequest(
        verifier=verifier,
        response_uri=_string(claims, "response_uri"),
        nonce=_string(claims, "nonce"),
        state=_string(claims, "state"),
        query=query,
        iat=iat,
        exp=exp,
        purpose=_purpose(claims.get("purpose")),
        wallet_nonce=_string(claims, "wallet_nonce") if "wallet_nonce" in claims else None,
    )
    _check_request(request)  # 6
    return request


def _whole(claims: dict[str, Any], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise YitongError("oid4vp.malformed", name)
    return value


def _string(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise YitongError("oid4vp.malformed", name)
    return value


def _purpose(value: object) -> Text | None:
    """The purpose, when it is in our form; another ecosystem may use the name for something else, and is not refused for it."""
    match value:
        case {"zh": str(zh), "en": str(en)}:
            return Text(zh[:300], en[:300])
    return None


def response_form(vp_token: Mapping[str, Sequence[str]], state: str) -> dict[str, str]:
    """The form that a wallet posts to ``response_uri`` (§8.2)."""
    body = {name: list(rows) for name, rows in vp_token.items()}
    return {"vp_token": canonical_json(body).decode("utf-8"), "state": state}


def declining_form(error: str, state: str) -> dict[str, str]:
    """The form by which a wallet declines (§8.5), such as ``access_denied`` when the holder said no."""
    return {"error": error, "state": state}


# --- Verifier side: the answer ------------------------------------------------------------------------------------


def read_response(form: Mapping[str, str]) -> Answer | Declined:
    """Read what a wallet posted (§8.2); raises ``oid4vp.malformed`` or ``oid4vp.not-supported``. What is unknown is ignored.

    1. ``state`` is there: each of our requests has one.  2. A refusal is taken as that.  3. An encrypted answer was not
    asked for.  4. ``vp_token`` is an object of bounded size: id → non-empty array of strings (§8.1).
    """
    state = form.get("state", "")
    if not _URL_SAFE.match(state):  # 1
        raise YitongError("oid4vp.malformed", "state")
    if "error" in form:  # 2
        return Declined(state, form["error"] if form["error"] in WALLET_ERRORS else "other")
    if "response" in form:  # 3
        raise YitongError("oid4vp.not-supported", "response", member="response")
    text = form.get("vp_token", "")
    if not text or len(text) > MAX_VP_TOKEN_CHARS:  # 4
        raise YitongError("oid4vp.malformed", "vp_token")
    token = parse_json(text, "vp_token")
    if not isinstance(token, dict) or not token or len(token) > MAX_PRESENTATIONS:
        raise YitongError("oid4vp.malformed", "vp_token")
    for rows in token.values():
        whole = isinstance(rows, list) and 1 <= len(rows) <= MAX_PRESENTATIONS
        if not whole or not all(isinstance(row, str) and row for row in rows):
            raise YitongError("oid4vp.malformed", "vp_token")
    return Answer(state, {name: tuple(rows) for name, rows in token.items()})
