"""The wallet's side: take an offer up, keep what is issued, and show as little of it as a request needs.

Yitong is no wallet. This is what any wallet does with the same messages; the tests and the tour use it as the party
outside. The holder's private key is used by whoever has it and is never kept with a credential.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yitong.credentials.kind import ClaimRule, LicenceKind
from yitong.errors import YitongError
from yitong.specs import sd_jwt
from yitong.specs.dcql import CredentialQuery, Query, chosen_claims, chosen_queries, type_met
from yitong.specs.jwk import PrivateKey, PublicKey
from yitong.specs.oid4vci import PRE_AUTHORIZED, CredentialOffer
from yitong.specs.sd_jwt_vc import Presented, verify_credential


@dataclass(frozen=True, slots=True)
class Held:
    """A credential in a wallet: the text as issued, and what it says in full."""

    text: str
    content: Presented


@dataclass(frozen=True, slots=True)
class Choice:
    """What a wallet would show for one query: which credential, and the top-level claims to disclose."""

    query_id: str
    held: Held
    reveal: tuple[str, ...]


def token_form(offer: CredentialOffer, tx_code: str | None = None) -> dict[str, str]:
    """The form of a token request (VCI §6.1)."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": offer.code}
    return form if tx_code is None else form | {"tx_code": tx_code}


def credential_request(configuration_id: str, proof: str) -> dict[str, Any]:
    """The body of a credential request (VCI §8.2)."""
    return {"credential_configuration_id": configuration_id, "proofs": {"jwt": [proof]}}


def hold(text: str, issuer_key: PublicKey, now_s: int) -> Held:
    """A credential on receipt, verified; raises what ``verify_credential`` raises."""
    return Held(text, verify_credential(text, issuer_key, now_s))


def choose(query: Query, wallet: Sequence[Held]) -> tuple[Choice, ...]:
    """The least that fulfils the query: for each the first credential that can; raises ``credential.nothing-to-show``."""
    possible = {row.id: choice for row in query.credentials if (choice := _candidate(row, wallet)) is not None}
    wanted = chosen_queries(query, set(possible))
    if wanted is None:
        raise YitongError("credential.nothing-to-show")
    return tuple(possible[name] for name in wanted)


def _candidate(asked: CredentialQuery, wallet: Sequence[Held]) -> Choice | None:
    for held in wallet:
        claims = (
            chosen_claims(held.content.claims, asked) if held.content.holder and type_met(held.content.vct, asked) else None
        )
        if claims is not None:
            names = dict.fromkeys(str(claim.path[0]) for claim in claims)
            return Choice(asked.id, held, tuple(names))
    return None


def needs_asking(choice: Choice, kind: LicenceKind) -> tuple[ClaimRule, ...]:
    """The claims that are hidden by default and would be shown: a wallet asks its holder about each of them."""
    return tuple(rule for rule in kind.claims if rule.hidden and rule.name in choice.reveal)


def make_vp_token(
    choices: Sequence[Choice], key_of: Callable[[Held], PrivateKey], *, aud: str, nonce: str, iat: int
) -> dict[str, list[str]]:
    """The ``vp_token`` (VP §8.1): every choice with only its claims, bound to one verifier and nonce."""
    return {
        choice.query_id: [
            sd_jwt.bind(sd_jwt.select(choice.held.text, choice.reveal), key_of(choice.held), aud=aud, nonce=nonce, iat=iat)
        ]
        for choice in choices
    }
