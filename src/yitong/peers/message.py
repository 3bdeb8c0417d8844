"""What crosses a border: a signed message, and the signed receipt that answers it.

Both are compact JWS with ES256. A message says who sends it to whom, its type, when it was made, until when it may
be delivered, and its body. Its identity is ``jti``; the same ``jti`` with other bytes is never the same message. A
receipt names the message by ``jti`` and by the hash of its exact bytes and says one thing only: stored.
See docs/reference/messages.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from yitong.clock import NO_LATER, epoch, from_epoch
from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.specs import jose
from yitong.specs.jwk import PrivateKey, PublicKey

MESSAGE_TYP = "yitong-message+jwt"
RECEIPT_TYP = "yitong-receipt+jwt"
MEDIA_TYPE = "application/yitong-message+jwt"
RECEIPT_MEDIA_TYPE = "application/yitong-receipt+jwt"
LIFETIME = timedelta(days=30)  # a neighbour that was away for a month still gets what was sent to it
LEEWAY = timedelta(minutes=5)  # the clocks of two nodes may differ by this much
_FIELDS = frozenset({"jti", "iss", "aud", "iat", "exp", "type", "reply_to", "body"})
_RECEIPT_FIELDS = frozenset({"jti", "iss", "aud", "iat", "message_hash", "outcome"})


@dataclass(frozen=True, slots=True)
class Message:
    """A message between two nodes; ``reply_to`` is the ``id`` of the message that it answers."""

    id: str
    type: str
    sender: str
    receiver: str
    created_at: datetime
    expires_at: datetime
    body: dict[str, Any]
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """``receiver`` has stored the message ``message_id`` whose bytes hash to ``message_hash``."""

    message_id: str
    message_hash: str
    sender: str
    receiver: str
    stored_at: datetime


def seal_message(message: Message, key: PrivateKey, kid: str) -> str:
    """The signed bytes of a message."""
    claims: dict[str, Any] = {
        "jti": message.id,
        "iss": message.sender,
        "aud": message.receiver,
        "iat": epoch(message.created_at),
        "exp": epoch(message.expires_at),
        "type": message.type,
        "body": message.body,
    }
    if message.reply_to is not None:
        claims["reply_to"] = message.reply_to
    return jose.sign(claims, key, MESSAGE_TYP, kid=kid)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value or len(value) > 300:
        raise YitongError("message.malformed", f"/{name}")
    return value


def _moment(claims: dict[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < NO_LATER:
        raise YitongError("message.malformed", f"/{name}")
    return from_epoch(value)


def peek_sender(text: str) -> tuple[str, str]:
    """``(sender, kid)`` as the message claims them, unverified: only to find the key to verify with."""
    jws = jose.parse(text, "message")
    kid = jws.header.get("kid")
    if not isinstance(kid, str):
        raise YitongError("message.malformed", "/kid")
    return _text(jws.claims(), "iss"), kid


def message_from_claims(claims: dict[str, Any]) -> Message:
    """The message that these claims make; raises ``message.malformed`` or ``message.unknown-field``."""
    unknown = claims.keys() - _FIELDS
    if unknown:
        raise YitongError("message.unknown-field", f"/{min(unknown)}")
    body, reply_to = claims.get("body"), claims.get("reply_to")
    if not isinstance(body, dict) or not (reply_to is None or isinstance(reply_to, str)):
        raise YitongError("message.malformed", "/body")
    return Message(
        _text(claims, "jti"),
        _text(claims, "type"),
        _text(claims, "iss"),
        _text(claims, "aud"),
        _moment(claims, "iat"),
        _moment(claims, "exp"),
        body,
        reply_to,
    )


def read_message(text: str, key: PublicKey, *, receiver: str, now: datetime) -> Message:
    """Verify a message; raises a ``message.…`` or ``jws.…`` code.

    1. Form, type and signature (RFC 7515 §5.2, RFC 8725 §3.11).  2. No member missing, none unknown.
    3. Addressed to us (RFC 8725 §3.9).  4. Not from the future beyond the leeway.  5. Not expired (RFC 7519 §4.1.4).
    """
    jws = jose.parse(text, "message")
    jose.verify(jws, key, MESSAGE_TYP, "message")  # 1
    message = message_from_claims(jws.claims())  # 2
    if message.receiver != receiver:  # 3
        raise YitongError("message.wrong-addressee", message.receiver)
    if message.created_at > now + LEEWAY:  # 4
        ahead_s = int((message.created_at - now).total_seconds())
        raise YitongError("message.from-the-future", message.sender, ahead_s=ahead_s)
    if message.expires_at + LEEWAY < now:  # 5
        raise YitongError("message.expired", message.sender)
    return message


def seal_receipt(receipt: Receipt, key: PrivateKey, kid: str) -> str:
    """The signed bytes of a receipt."""
    claims = {
        "jti": receipt.message_id,
        "iss": receipt.receiver,
        "aud": receipt.sender,
        "iat": epoch(receipt.stored_at),
        "message_hash": receipt.message_hash,
        "outcome": "stored",
    }
    return jose.sign(claims, key, RECEIPT_TYP, kid=kid)


def read_receipt(text: str, key: PublicKey, *, message_text: str, sender: str, receiver: str) -> Receipt:
    """Verify that ``text`` is ``receiver``'s receipt for exactly ``message_text``; raises ``message.bad-receipt``.

    1. Form, type and signature.  2. No unknown member.  3. The right two parties.  4. The hash is of our bytes.
    """
    jws = jose.parse(text, "receipt")
    jose.verify(jws, key, RECEIPT_TYP, "receipt")  # 1
    claims = jws.claims()
    if claims.keys() != _RECEIPT_FIELDS or claims["outcome"] != "stored":  # 2
        raise YitongError("message.bad-receipt", receiver)
    if claims["iss"] != receiver or claims["aud"] != sender:  # 3
        raise YitongError("message.bad-receipt", receiver)
    if claims["message_hash"] != sha256_b64(message_text.encode()):  # 4
        raise YitongError("message.bad-receipt", receiver)
    return Receipt(_text(claims, "jti"), claims["message_hash"], sender, receiver, _moment(claims, "iat"))
