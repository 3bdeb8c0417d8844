"""OpenID for Verifiable Credential Issuance 1.0: the messages of the pre-authorized code flow, exactly as they travel.

Carried out: offers by value, an optional transaction code, anonymous wallets, Bearer tokens, the nonce endpoint, one
``jwt`` key proof, immediate issuance of ``dc+sd-jwt``. What a request may ask beyond that (a client that
authenticates, ``credential_identifier``, encryption, other proof types) is refused with the error that the text names,
never passed over. Members that the text does not define are ignored, as it demands (§6.1, §8.2).

The order of calls: ``credential_offer`` → ``offer_uri`` ⇒ wallet: ``read_offer`` → ``read_form`` → ``read_token_request``
→ ``token_response`` ⇒ ``nonce_response`` ⇒ wallet: ``make_proof`` → ``read_bearer`` → ``read_credential_request`` →
``verify_proof`` → the caller spends the nonce (``invalid_nonce`` when it is not an unspent one of its own) →
``credential_response``. Every answer to a wallet goes out with ``NO_STORE``. Nothing here stores, fetches or tells the time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from yitong.digest import canonical_json, parse_json
from yitong.errors import Text, YitongError
from yitong.specs import jose
from yitong.specs.jwk import Jwk, PrivateKey, public_jwk, read_public_jwk

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
FORMAT = "dc+sd-jwt"
PROOF_TYP = "openid4vci-proof+jwt"
OFFER_SCHEME = "openid-credential-offer://"
NO_STORE = {"Cache-Control": "no-store"}  # RFC 6749 §5.1, VCI §7.2: tokens and nonces stay out of every cache
MAX_TOKEN_LIFE_S = 300  # a Bearer token that is not bound to a key lives five minutes at most (VCI §13)
MAX_FORM_BYTES = 65_536
MAX_PROOF_BYTES = 8_192
_ASCII = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*\Z")  # RFC 6749 §5.2, VCI §8.3.1.2
_BEARER = re.compile(r"Bearer +([A-Za-z0-9._~+/-]+=*)\Z", re.IGNORECASE)  # RFC 6750 §2.1
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_KEY_NAMES = frozenset({"jwk", "kid", "x5c", "trust_chain"})  # VCI appendix F.1: ways in which a proof may name its key


class OAuthError(Exception):
    """A refusal in the shape that wallets read (RFC 6749 §5.2, RFC 6750 §3, VCI §8.3.1.2); ``description`` is ASCII.

    Descriptions are sentences of this product: nothing that a request carried is ever put into one.
    """

    def __init__(self, code: str, description: str) -> None:
        if not _ASCII.match(description):
            raise ValueError("an error_description is ASCII without quote and backslash")
        self.code = code
        self.description = description
        super().__init__(f"{code}: {description}")

    @property
    def status(self) -> int:
        """401 where the token or client is at fault, 400 everywhere else."""
        return 401 if self.code in {"invalid_token", "invalid_client"} else 400

    def body(self) -> dict[str, str]:
        """The JSON answer."""
        return {"error": self.code, "error_description": self.description}

    def headers(self) -> dict[str, str]:
        """``NO_STORE``, and for a 401 the challenge that RFC 6750 §3 demands."""
        challenge = f'Bearer error="{self.code}", error_description="{self.description}"'
        return NO_STORE | ({"WWW-Authenticate": challenge} if self.status == 401 else {})


# --- Identifiers and places ---------------------------------------------------------------------------------------


def checked_url(text: object, where: str = "") -> str:
    """An absolute https URL without user, query and fragment, as it stands; raises ``oid4vc.not-a-url``.

    http is let through for the machine itself (an example region), for no other host.
    """
    try:
        parts = urlsplit(text) if isinstance(text, str) else None
        host = parts.hostname if parts and parts.port != 0 else None
    except ValueError as error:
        raise YitongError("oid4vc.not-a-url", where) from error
    secure = parts is not None and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK))
    if not isinstance(text, str) or parts is None or not host or not secure or not text.isascii():
        raise YitongError("oid4vc.not-a-url", where)
    if "@" in parts.netloc or "?" in text or "#" in text or any(char.isspace() for char in text):
        raise YitongError("oid4vc.not-a-url", where)
    return text


def _inserted(identifier: str, name: str) -> str:
    parts = urlsplit(checked_url(identifier))
    return urlunsplit((parts.scheme, parts.netloc, f"/.well-known/{name}{parts.path}", "", ""))


def issuer_metadata_url(issuer: str) -> str:
    """Where an issuer publishes its metadata: inserted between host and path (VCI §12.2.2)."""
    return _inserted(issuer, "openid-credential-issuer")


def authorization_server_url(issuer: str) -> str:
    """Where an authorization server publishes its metadata (RFC 8414 §3.1): inserted, a final ``/`` taken off first."""
    return _inserted(issuer.removesuffix("/"), "oauth-authorization-server")


# --- Metadata -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ClaimDisplay:
    """One claim as a wallet shows it."""

    path: tuple[str, ...]
    label: Text
    mandatory: bool


@dataclass(frozen=True, slots=True)
class Configuration:
    """One kind of credential that an issuer offers (VCI §12.2.4, appendix A.3.2)."""

    id: str
    vct: str
    title: Text
    claims: tuple[ClaimDisplay, ...] = ()


def _display(text: Text) -> list[dict[str, str]]:
    return [{"name": text.zh, "locale": "zh-CN"}, {"name": text.en, "locale": "en"}]


def _configuration(row: Configuration) -> dict[str, Any]:
    claims = [{"path": list(c.path), "mandatory": c.mandatory, "display": _display(c.label)} for c in row.claims]
    return {
        "format": FORMAT,
        "vct": row.vct,
        "scope": row.id,
        "credential_signing_alg_values_supported": [jose.ALG],
        "cryptographic_binding_methods_supported": ["jwk"],
        "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": [jose.ALG]}},
        "credential_metadata": {"display": _display(row.title)} | ({"claims": claims} if claims else {}),
    }


def issuer_metadata(
    issuer: str, title: Text, configurations: Sequence[Configuration], *, credential_endpoint: str, nonce_endpoint: str
) -> dict[str, Any]:
    """Credential Issuer Metadata (VCI §12.2.4). Every configuration is bound to a key, hence the nonce endpoint."""
    return {
        "credential_issuer": checked_url(issuer, "credential_issuer"),
        "credential_endpoint": checked_url(credential_endpoint, "credential_endpoint"),
        "nonce_endpoint": checked_url(nonce_endpoint, "nonce_endpoint"),
        "display": _display(title),
        "credential_configurations_supported": {row.id: _configuration(row) for row in configurations},
    }


def authorization_server_metadata(issuer: str, *, token_endpoint: str) -> dict[str, Any]:
    """RFC 8414 §2 for a server of this grant only: no authorization endpoint, hence no response types (VCI §12.3)."""
    return {
        "issuer": checked_url(issuer, "issuer"),
        "token_endpoint": checked_url(token_endpoint, "token_endpoint"),
        "grant_types_supported": [PRE_AUTHORIZED],
        "token_endpoint_auth_methods_supported": ["none"],
        "pre-authorized_grant_anonymous_access_supported": True,
    }


# --- Offer --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TxCode:
    """How the transaction code looks that reaches the resident by a second channel (VCI §4.1.1)."""

    length: int
    numeric: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class CredentialOffer:
    """An offer as a wallet has read it."""

    issuer: str
    configuration_ids: tuple[str, ...]
    code: str
    tx_code: TxCode | None


def credential_offer(issuer: str, configuration_ids: Sequence[str], code: str, tx_code: TxCode | None = None) -> dict[str, Any]:
    """A Credential Offer with the pre-authorized code grant (VCI §4.1.1)."""
    grant: dict[str, Any] = {"pre-authorized_code": code}
    if tx_code is not None:
        shape: dict[str, Any] = {"input_mode": "numeric" if tx_code.numeric else "text", "length": tx_code.length}
        grant["tx_code"] = shape | ({"description": tx_code.description[:300]} if tx_code.description else {})
    return {
        "credential_issuer": checked_url(issuer, "credential_issuer"),
        "credential_configuration_ids": list(configuration_ids),
        "grants": {PRE_AUTHORIZED: grant},
    }


def offer_uri(offer: dict[str, Any]) -> str:
    """The link or QR content that carries an offer by value (VCI §4.1.2)."""
    return f"{OFFER_SCHEME}?credential_offer={quote(canonical_json(offer), safe='')}"


def read_offer(uri: str) -> CredentialOffer:
    """Wallet side: the offer inside a link; raises ``oid4vci.offer-malformed`` or ``oid4vci.offer-not-supported``.

    1. The scheme, and ``credential_offer`` exactly once (§4.1).  An offer by reference, or one that leads only through
    another grant, is not carried out.  2. The issuer is a URL.  3. Identifiers are non-empty and unique.  4. The grant.
    """
    if not uri.startswith(OFFER_SCHEME) or len(uri) > MAX_FORM_BYTES:  # 1
        raise YitongError("oid4vci.offer-malformed", "uri")
    given = parse_qsl(uri.partition("?")[2], keep_blank_values=True)
    if [name for name, _ in given] == ["credential_offer_uri"]:
        raise YitongError("oid4vci.offer-not-supported", "credential_offer_uri")
    if [name for name, _ in given] != ["credential_offer"]:
        raise YitongError("oid4vci.offer-malformed", "credential_offer")
    offer = parse_json(given[0][1], "credential_offer")
    if not isinstance(offer, dict):
        raise YitongError("oid4vci.offer-malformed", "credential_offer")
    issuer = checked_url(offer.get("credential_issuer"), "credential_issuer")  # 2
    ids = offer.get("credential_configuration_ids")
    if not isinstance(ids, list) or not ids or not all(isinstance(i, str) and i for i in ids) or len(set(ids)) != len(ids):  # 3
        raise YitongError("oid4vci.offer-malformed", "credential_configuration_ids")
    grants = offer.get("grants")
    grant = grants.get(PRE_AUTHORIZED) if isinstance(grants, dict) else None
    if grant is None:  # 4
        raise YitongError("oid4vci.offer-not-supported", "grants")
    if not isinstance(grant, dict) or not isinstance(grant.get("pre-authorized_code"), str) or not grant["pre-authorized_code"]:
        raise YitongError("oid4vci.offer-malformed", "grants")
    return CredentialOffer(issuer, tuple(ids), grant["pre-authorized_code"], _read_tx_code(grant.get("tx_code")))


def _read_tx_code(shape: object) -> TxCode | None:
    if shape is None:
        return None
    if not isinstance(shape, dict):
        raise YitongError("oid4vci.offer-malformed", "tx_code")
    mode, length, description = shape.get("input_mode", "numeric"), shape.get("length", 0), shape.get("description", "")
    if mode not in ("numeric", "text") or isinstance(length, bool) or not isinstance(length, int) or length < 0:
        raise YitongError("oid4vci.offer-malformed", "tx_code")
    if not isinstance(description, str) or len(description) > 300:
        raise YitongError("oid4vci.offer-malformed", "tx_code")
    return TxCode(length, mode == "numeric", description)


# --- Token --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to exchange a pre-authorized code (VCI §6.1)."""

    code: str
    tx_code: str | None


def read_form(body: bytes) -> dict[str, str]:
    """An ``application/x-www-form-urlencoded`` body; a parameter that stands twice is ``invalid_request`` (RFC 6749 §3.2)."""
    if len(body) > MAX_FORM_BYTES:
        raise OAuthError("invalid_request", "The form is too large.")
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=64)
    except ValueError as error:
        raise OAuthError("invalid_request", "The form is not URL-encoded UTF-8.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise OAuthError("invalid_request", "A parameter stands twice.")
    return form


def read_token_request(form: dict[str, str]) -> TokenRequest:
    """Read a token request; unknown parameters are ignored (RFC 6749 §3.2), those without a value count as absent."""
    if not form.get("grant_type"):
        raise OAuthError("invalid_request", "grant_type is missing.")
    if form["grant_type"] != PRE_AUTHORIZED:
        raise OAuthError("unsupported_grant_type", "Only the pre-authorized code grant is served here.")
    if not form.get("pre-authorized_code"):
        raise OAuthError("invalid_request", "pre-authorized_code is missing.")
    return TokenRequest(form["pre-authorized_code"], form.get("tx_code") or None)


def token_response(access_token: str, expires_in_s: int) -> dict[str, Any]:
    """A successful token answer (RFC 6749 §5.1); the life is cut to ``MAX_TOKEN_LIFE_S``."""
    return {"access_token": access_token, "token_type": "Bearer", "expires_in": min(expires_in_s, MAX_TOKEN_LIFE_S)}


def read_bearer(authorization: str | None) -> str:
    """The token of an ``Authorization`` header; anything else is ``invalid_token``. A token in the query is never looked at."""
    found = _BEARER.match(authorization or "")
    if found is None:
        raise OAuthError("invalid_token", "A Bearer token in the Authorization header is needed.")
    return found.group(1)


def nonce_response(c_nonce: str) -> dict[str, str]:
    """The answer of the nonce endpoint (VCI §7.2)."""
    return {"c_nonce": c_nonce}


# --- Key proof ----------------------------------------------------------------------------------------------------


def make_proof(key: PrivateKey, aud: str, nonce: str, iat: int) -> str:
    """Wallet side: a ``jwt`` key proof for the issuer ``aud`` (VCI appendix F.1), anonymous, hence without ``iss``."""
    return jose.sign({"aud": aud, "iat": iat, "nonce": nonce}, key, PROOF_TYP, jwk=public_jwk(key))


def verify_proof(text: str, *, aud: str, now_s: int, window_s: int = 300, leeway_s: int = 60) -> tuple[Jwk, str]:
    """The holder's minimal public JWK and the nonce of a key proof; every fault is ``invalid_proof`` (VCI appendix F.4).

    1. A compact JWS of bounded size.  2. ``jwk`` names the key, and nothing beside it does (appendix F.1).  3. It is a
    public P-256 key without a private member.  4. ``typ``, ``alg`` and the signature by that key.
    5. ``aud`` is this issuer's identifier.  6. ``iat`` lies within the window, both ways.  7. No ``iss``: the wallet is
    anonymous.  8. A nonce is there; whether it is one of ours, unspent, the caller asks.
    """
    try:
        jws = jose.parse(text, "proofs", MAX_PROOF_BYTES)  # 1
        if _KEY_NAMES & jws.header.keys() != {"jwk"}:  # 2
            raise OAuthError("invalid_proof", "The proof names its key by jwk and by nothing else.")
        key = read_public_jwk(jws.header["jwk"], "proofs")  # 3
        jose.verify(jws, key, PROOF_TYP, "proofs")  # 4
        claims = jws.claims()
    except YitongError as error:
        raise OAuthError("invalid_proof", f"The proof is refused: {error.code}.") from error
    if claims.get("aud") != aud:  # 5
        raise OAuthError("invalid_proof", "The proof was made for another issuer.")
    iat = claims.get("iat")
    if isinstance(iat, bool) or not isinstance(iat, int) or not now_s - window_s <= iat <= now_s + leeway_s:  # 6
        raise OAuthError("invalid_proof", "The proof is too old, or the clock of the wallet is ahead.")
    if "iss" in claims:  # 7
        raise OAuthError("invalid_proof", "An anonymous wallet names no iss.")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:  # 8
        raise OAuthError("invalid_proof", "The proof carries no nonce.")
    return public_jwk(key), nonce


# --- Credential ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """A request for one kind of credential, with the proofs of the keys to bind it to."""

    configuration_id: str
    proofs: tuple[str, ...]


def read_credential_request(body: object, *, batch_size: int = 1) -> CredentialRequest:
    """Read a Credential Request (VCI §8.2); the errors are those of §8.3.1.2.

    1. An object.  2. ``credential_configuration_id``: no ``credential_identifier`` was ever given out.  3. No demand
    for an encrypted answer.  4. ``proofs`` is there, of the one type ``jwt``.  5. Not empty, not over the batch size.
    """
    if not isinstance(body, dict):  # 1
        raise OAuthError("invalid_credential_request", "The request is a JSON object.")
    if "credential_identifier" in body:  # 2
        both = "credential_configuration_id" in body
        code = "invalid_credential_request" if both else "unknown_credential_identifier"
        raise OAuthError(code, "Name the credential by credential_configuration_id alone.")
    configuration_id = body.get("credential_configuration_id")
    if not isinstance(configuration_id, str) or not configuration_id:
        raise OAuthError("invalid_credential_request", "credential_configuration_id is missing.")
    if "credential_response_encryption" in body:  # 3
        raise OAuthError("invalid_encryption_parameters", "Encrypted answers are not offered by this issuer.")
    proofs = body.get("proofs")
    if not isinstance(proofs, dict) or set(proofs) != {"jwt"} or not isinstance(proofs["jwt"], list) or not proofs["jwt"]:  # 4
        raise OAuthError("invalid_proof", "proofs with a jwt array is needed.")
    if not all(isinstance(proof, str) for proof in proofs["jwt"]):
        raise OAuthError("invalid_proof", "A jwt proof is a string.")
    if len(proofs["jwt"]) > batch_size:  # 5
        raise OAuthError("invalid_credential_request", "There are more proofs than batch_size.")
    return CredentialRequest(configuration_id, tuple(proofs["jwt"]))


def credential_response(credentials: Sequence[str], notification_id: str | None = None) -> dict[str, Any]:
    """The answer of immediate issuance (VCI §8.3), one credential for each key."""
    answer: dict[str, Any] = {"credentials": [{"credential": text} for text in credentials]}
    return answer if notification_id is None else answer | {"notification_id": notification_id}
