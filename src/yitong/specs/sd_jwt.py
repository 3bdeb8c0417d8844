"""Selective Disclosure for JWTs (RFC 9901), compact form, SHA-256 and ES256 only.

An SD-JWT is ``<issuer-signed JWT>~<disclosure>~…~`` and, when presented with key binding, a KB-JWT after the last
tilde. It is read strictly: one spelling per disclosure, bounds on size, count and depth, and every rule of §7.1 kept,
including those that need no disclosure to be broken (a digest that stands twice). Whether a key is the issuer's is
not decided here; ``process`` and ``select`` expect that the caller has verified, or will verify, the signature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from yitong.digest import MAX_JSON_DEPTH, b64url, b64url_decode, canonical_json, parse_json, sha256_b64
from yitong.entropy import Entropy, below
from yitong.errors import YitongError
from yitong.specs import jose
from yitong.specs.jose import Jws
from yitong.specs.jwk import PrivateKey, PublicKey

HASH_NAME = "sha-256"  # the only _sd_alg in use, and the one that its absence means (§4.1.1)
KB_TYP = "kb+jwt"
SALT_BYTES = 16  # 128 bits (§9.3)
MAX_BYTES = 131_072  # a licence with a small picture fits; a body made to exhaust the reader does not
MAX_DISCLOSURES = 256
RESERVED = frozenset({"_sd", "...", "_sd_alg"})  # names that belong to the format itself (§4.1, §4.2.4)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure (§4.2): ``name`` is ``None`` for an array element. ``text`` is kept as it came: its hash is the digest."""

    text: str
    salt: str
    name: str | None
    value: Any

    @property
    def digest(self) -> str:
        """The digest by which the payload or another disclosure refers to this one (§4.2.3)."""
        return sha256_b64(self.text.encode("ascii"))


@dataclass(frozen=True, slots=True)
class SdJwt:
    """A parsed SD-JWT, or SD-JWT with key binding; nothing in it is verified yet."""

    jws: Jws
    jws_text: str
    disclosures: tuple[Disclosure, ...]
    kb_text: str | None

    @property
    def sd_text(self) -> str:
        """The exact text up to and including the last tilde, without the KB-JWT: what ``sd_hash`` is taken over (§4.3.1)."""
        return "~".join((self.jws_text, *(disclosure.text for disclosure in self.disclosures), ""))


def issue(
    payload: dict[str, Any],
    disclosable: Sequence[str],
    key: PrivateKey,
    entropy: Entropy,
    *,
    typ: str,
    decoys: int = 0,
    **header: Any,
) -> str:
    """An SD-JWT in which the top-level claims named ``disclosable`` are hidden behind digests; ends with a tilde.

    The digests, with ``decoys`` that nothing belongs to (§4.2.5), are shuffled so that their order says nothing
    (§4.2.4.1). Raises ``sdjwt.reserved-name``, ``sdjwt.unknown-claim``, ``sdjwt.not-issuable`` or a bound of ``parse``.
    """
    _refuse_reserved(payload, 0)
    plain = dict(payload)
    texts: list[str] = []
    try:
        for name in disclosable:
            if name not in plain:  # absent from the payload, or named twice
                raise YitongError("sdjwt.unknown-claim", "disclosable", name=name)
            texts.append(b64url(canonical_json([b64url(entropy.bytes(SALT_BYTES)), name, plain.pop(name)])))
        digests = [sha256_b64(text.encode("ascii")) for text in texts]
        digests += [sha256_b64(entropy.bytes(32)) for _ in range(decoys)]
        if digests:
            plain |= {"_sd": _shuffled(digests, entropy), "_sd_alg": HASH_NAME}
        token = "~".join((jose.sign(plain, key, typ, **header), *texts, ""))
    except (TypeError, ValueError) as error:  # canonical JSON holds no floats, and only JSON values
        raise YitongError("sdjwt.not-issuable", "payload") from error
    parse(token)  # never hand out what no reader would accept
    return token


def _refuse_reserved(value: Any, depth: int) -> None:
    if depth > MAX_JSON_DEPTH:
        raise YitongError("sdjwt.too-deep", "payload")
    if isinstance(value, dict):
        if RESERVED & value.keys():
            raise YitongError("sdjwt.reserved-name", "payload")
        for item in value.values():
            _refuse_reserved(item, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_reserved(item, depth + 1)


def _shuffled(items: list[str], entropy: Entropy) -> list[str]:
    mixed = list(items)
    for last in range(len(mixed) - 1, 0, -1):
        chosen = below(entropy, last + 1)
        mixed[last], mixed[chosen] = mixed[chosen], mixed[last]
    return mixed


def parse(text: str, where: str = "") -> SdJwt:
    """Split and decode, verifying nothing.

    Raises ``sdjwt.too-large``, ``sdjwt.malformed``, ``sdjwt.bad-disclosure``, ``jws.malformed`` or a ``value.…`` code.
    """
    if len(text) > MAX_BYTES or text.count("~") > MAX_DISCLOSURES + 1:  # counted before anything is split
        raise YitongError("sdjwt.too-large", where)
    jws_text, *rest = text.split("~")
    if not rest:  # an SD-JWT without disclosures still ends with a tilde (§4)
        raise YitongError("sdjwt.malformed", where)
    disclosures = tuple(_read_disclosure(part, f"{where}/disclosures/{n}") for n, part in enumerate(rest[:-1]))
    return SdJwt(jose.parse(jws_text, where, MAX_BYTES), jws_text, disclosures, rest[-1] or None)


def _read_disclosure(text: str, where: str) -> Disclosure:
    content = parse_json(b64url_decode(text, where), where)
    match content:
        case [str(salt), str(name), value]:
            return Disclosure(text, salt, name, value)
        case [str(salt), value]:
            return Disclosure(text, salt, None, value)
    raise YitongError("sdjwt.bad-disclosure", where)  # §7.1 step 3.c: three elements for a claim, two for an array element


def process(sd: SdJwt) -> dict[str, Any]:
    """The payload with the disclosed claims in their places and every trace of the format removed (§7.1 from step 2.d).

    1. ``_sd_alg`` is understood (step 2.d): ``sdjwt.unknown-hash``.  2. No disclosure is sent twice:
    ``sdjwt.duplicate-disclosure``.  3. Each embedded digest is replaced by its disclosure or dropped (steps 3.b to
    3.f): ``sdjwt.wrong-place``, ``sdjwt.reserved-name``, ``sdjwt.overwrite``, ``sdjwt.too-deep``.  4. No digest stands
    twice, disclosed or not (step 4): ``sdjwt.duplicate-digest``.  5. Each disclosure is referred to (step 5):
    ``sdjwt.unreferenced-disclosure``.
    """
    payload = sd.jws.claims()
    if payload.pop("_sd_alg", HASH_NAME) != HASH_NAME:  # 1
        raise YitongError("sdjwt.unknown-hash", "payload")
    walk = _Walk({disclosure.digest: disclosure for disclosure in sd.disclosures})
    if len(walk.by_digest) != len(sd.disclosures):  # 2
        raise YitongError("sdjwt.duplicate-disclosure", "disclosures")
    claims = walk.object(payload, 0)  # 3, 4
    if walk.by_digest.keys() - walk.seen:  # 5
        raise YitongError("sdjwt.unreferenced-disclosure", "disclosures")
    return claims


@dataclass(slots=True)
class _Walk:
    """One pass over payload and disclosures; ``seen`` remembers every digest met, with or without a disclosure."""

    by_digest: dict[str, Disclosure]
    seen: set[str] = field(default_factory=set)

    def value(self, value: Any, depth: int) -> Any:
        """Any JSON value, processed."""
        if depth > MAX_JSON_DEPTH:  # each disclosure is bounded by itself; a chain of them is bounded here
            raise YitongError("sdjwt.too-deep", "disclosures")
        if isinstance(value, dict):
            return self.object(value, depth)
        return self.array(value, depth) if isinstance(value, list) else value

    def object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        """An object with the disclosed claims added (step 3.c.ii) and ``_sd`` removed (step 3.e)."""
        digests = value.get("_sd", [])
        if not isinstance(digests, list) or not all(isinstance(digest, str) for digest in digests):
            raise YitongError("sdjwt.reserved-name", "_sd")
        if (RESERVED - {"_sd"}) & value.keys():  # "..." outside an array, or _sd_alg below the top level (§4.1.1)
            raise YitongError("sdjwt.reserved-name", "payload")
        claims = {name: self.value(item, depth + 1) for name, item in value.items() if name != "_sd"}
        for digest in digests:
            found = self.take(digest)
            if found is None:
                continue
            if found.name is None:  # 3.c.ii.1
                raise YitongError("sdjwt.wrong-place", "disclosures")
            if found.name in RESERVED:  # 3.c.ii.2
                raise YitongError("sdjwt.reserved-name", "disclosures")
            if found.name in claims:  # 3.c.ii.3
                raise YitongError("sdjwt.overwrite", "disclosures")
            claims[found.name] = self.value(found.value, depth + 1)  # 3.c.ii.4, 5
        return claims

    def array(self, value: list[Any], depth: int) -> list[Any]:
        """An array with the disclosed elements in place (step 3.c.iii) and the undisclosed ones removed (step 3.d)."""
        items: list[Any] = []
        for element in value:
            if not isinstance(element, dict) or "..." not in element:
                items.append(self.value(element, depth + 1))
                continue
            if len(element) != 1 or not isinstance(element["..."], str):  # §4.2.4.2
                raise YitongError("sdjwt.reserved-name", "...")
            found = self.take(element["..."])
            if found is None:  # 3.d
                continue
            if found.name is not None:  # 3.c.iii.1
                raise YitongError("sdjwt.wrong-place", "disclosures")
            items.append(self.value(found.value, depth + 1))  # 3.c.iii.2, 3
        return items

    def take(self, digest: str) -> Disclosure | None:
        """The disclosure of a digest that is met for the first time, if there is one."""
        if digest in self.seen:  # step 4
            raise YitongError("sdjwt.duplicate-digest", "payload")
        self.seen.add(digest)
        return self.by_digest.get(digest)


def select(text: str, reveal: Sequence[str]) -> str:
    """The SD-JWT with only the disclosures of the top-level claims named, and of all that lies beneath them.

    A claim that is always visible may be named; then what is hidden beneath it is kept. A name that the SD-JWT does
    not have is ``sdjwt.unknown-claim``; a KB-JWT, which fits one selection only, is ``sdjwt.kb-unexpected``.
    """
    sd = parse(text)
    if sd.kb_text is not None:
        raise YitongError("sdjwt.kb-unexpected")
    process(sd)  # refuses loops, excess depth and digests that stand twice, on which the search below relies
    payload = sd.jws.claims()
    by_digest = {disclosure.digest: disclosure for disclosure in sd.disclosures}
    top = {found.name: found for digest in payload.get("_sd", []) if (found := by_digest.get(digest))}
    kept: set[str] = set()
    for name in reveal:
        if name in top:
            kept |= {top[name].digest, *_beneath(top[name].value, by_digest)}
        elif name in payload and name not in RESERVED:
            kept.update(_beneath(payload[name], by_digest))
        else:
            raise YitongError("sdjwt.unknown-claim", "reveal", name=name)
    return "~".join((sd.jws_text, *(d.text for d in sd.disclosures if d.digest in kept), ""))


def _beneath(value: Any, by_digest: dict[str, Disclosure]) -> Iterator[str]:
    """The digests of the disclosures on hand that ``value`` refers to, at any depth."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        yield from _beneath(item, by_digest)
    if isinstance(value, dict):
        for digest in (*value.get("_sd", ()), value.get("...")):
            if digest in by_digest:
                yield digest
                yield from _beneath(by_digest[digest].value, by_digest)


def bind(sd_text: str, key: PrivateKey, *, aud: str, nonce: str, iat: int, extra: dict[str, Any] | None = None) -> str:
    """``sd_text`` with a KB-JWT by the holder's ``key`` for one verifier and one nonce (§4.3); ``extra`` claims are added."""
    if parse(sd_text).kb_text is not None:
        raise YitongError("sdjwt.kb-unexpected")
    claims = {**(extra or {}), "aud": aud, "nonce": nonce, "iat": iat, "sd_hash": sha256_b64(sd_text.encode("ascii"))}
    return sd_text + jose.sign(claims, key, KB_TYP)


def verify_binding(
    sd: SdJwt, holder: PublicKey, *, aud: str, nonce: str, now_s: int, leeway_s: int = 60, max_age_s: int = 300
) -> dict[str, Any]:
    """The claims of the KB-JWT, once it is shown to be the holder's, for this verifier, fresh, and over this very text (§7.3).

    1. There is one.  2. Type, algorithm and signature by the confirmed key (steps 4.a to 4.d).  3. ``nonce`` and
    ``aud`` are ours; ``aud`` is one string (step 4.f).  4. ``iat`` lies in the window, both ways (step 4.e).
    5. ``sd_hash`` is of the exact text before it (step 4.g).  6. ``exp`` and ``nbf``, if there, hold (step 4.h).
    """
    if sd.kb_text is None:  # 1
        raise YitongError("sdjwt.kb-missing")
    jws = jose.parse(sd.kb_text, "kb-jwt", MAX_BYTES)
    jose.verify(jws, holder, KB_TYP, "kb-jwt")  # 2
    claims = jws.claims()
    if claims.get("nonce") != nonce:  # 3
        raise YitongError("sdjwt.kb-nonce", "kb-jwt")
    if claims.get("aud") != aud:
        raise YitongError("sdjwt.kb-audience", "kb-jwt")
    iat = numeric_date(claims, "iat", "kb-jwt")
    if iat is None:  # 4
        raise YitongError("sdjwt.missing-claim", "kb-jwt", name="iat")
    if iat > now_s + leeway_s:
        raise YitongError("sdjwt.kb-future", "kb-jwt")
    if iat < now_s - max_age_s - leeway_s:
        raise YitongError("sdjwt.kb-stale", "kb-jwt")
    if claims.get("sd_hash") != sha256_b64(sd.sd_text.encode("ascii")):  # 5
        raise YitongError("sdjwt.kb-hash", "kb-jwt")
    exp, nbf = numeric_date(claims, "exp", "kb-jwt"), numeric_date(claims, "nbf", "kb-jwt")
    if exp is not None and now_s >= exp + leeway_s:  # 6
        raise YitongError("sdjwt.kb-stale", "kb-jwt")
    if nbf is not None and now_s < nbf - leeway_s:
        raise YitongError("sdjwt.kb-future", "kb-jwt")
    return claims


def numeric_date(claims: dict[str, Any], name: str, where: str) -> int | None:
    """A NumericDate claim (RFC 7519 §2) if it is there. Only whole seconds are taken: ``sdjwt.not-a-date`` otherwise."""
    value = claims.get(name)
    if name in claims and (not isinstance(value, int) or isinstance(value, bool)):
        raise YitongError("sdjwt.not-a-date", where, name=name)
    return value
