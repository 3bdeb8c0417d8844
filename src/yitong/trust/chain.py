"""Trust chains of OpenID Federation 1.0 (§4, §10): from an entity up to the one anchor whose keys are pinned.

A chain is ``[configuration of the leaf, statement about the leaf by its superior, …, statement by the anchor,
configuration of the anchor]``. :func:`collect_chain` finds one by way of a getter that it is given, and believes
nothing; :func:`verify_chain` is pure and judges it. Every refusal names the broken link: ``where`` is the
entity whose statement is at fault and must be mended, ``params`` hold ``statement`` (its place, 0 is the leaf's own),
``issuer`` and ``subject``, and clock differences in seconds.

Two rules are ours, beside those of the specification. What an entity may do (``roles``, ``may_issue``, ``decides``,
the jurisdiction and the names that people see) counts only as its immediate superior states it. And only an entity
directly below the anchor can be a node.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from yitong.clock import epoch, from_epoch
from yitong.errors import YitongError
from yitong.specs import jose
from yitong.specs.federation_policy import Policy, apply_policy, merge_policy, read_policy
from yitong.specs.jwk import find_key
from yitong.specs.openid_federation import (
    FEDERATION_ENTITY,
    TYP,
    Constraints,
    EntityStatement,
    Metadata,
    check_endpoint,
    configuration_url,
    fetch_url,
    host_of,
    is_domain_name,
    read_statement,
)

NODE = "yitong_node"
INSTITUTION = "yitong_institution"
STATED_BY_SUPERIOR = {
    NODE: frozenset({"jurisdiction", "name"}),
    INSTITUTION: frozenset({"roles", "may_issue", "decides", "name"}),
}
LEEWAY_S = 60  # clocks of two machines differ; more than this is a fault that someone should mend
MAX_DEPTH = 5  # superiors above a leaf, the anchor included
MAX_HINTS = 4
MAX_FETCHES = 20
MIN_STATEMENTS = 3
MAX_STATEMENTS = MAX_DEPTH + 2  # a statement by each superior, and the two configurations at the ends

Link = tuple[EntityStatement, jose.Jws]


@dataclass(frozen=True, slots=True)
class Chain:
    """A verified chain: who the entity is, what it may be believed to be, and until when.

    ``jurisdiction_id`` is the entity directly below the anchor on the path (the entity itself, when that is it), and
    ``jurisdiction`` its code as the anchor states it, empty when the anchor states none.
    """

    entity_id: str
    jurisdiction_id: str
    jurisdiction: str
    metadata: Metadata
    expires_at: datetime
    path: tuple[str, ...]
    statements: tuple[str, ...]


def verify_chain(statements: Sequence[str], anchor_id: str, anchor_jwks: object, now: datetime) -> Chain:
    """Verify a chain against the pinned keys of the anchor; raises ``trust.…``, ``federation.…``, ``jws.…`` or ``jwk.…``.

    1. It has a length that a chain can have.  2. Each statement is well-formed (§3.2).  3. They are in order: each is
    issued by the subject of the next (§10.2).  4. No entity stands twice.  5. The leaf names its superior in
    ``authority_hints`` (§3.2).  6. The anchor's configuration and statement are signed by pinned keys (§10.2).
    7. Each other statement is signed by a key that the next one vouches for, the leaf's own also by its own (§10.2).
    8. Each is in force, within the leeway (§3.2).  9. Constraints of every superior hold (§6.2).  10. Metadata of
    the immediate superior, allowed types, and merged policy make the metadata (§6.1.4).  11. The chain expires
    with the earliest of its statements (§10.4).
    """
    if not MIN_STATEMENTS <= len(statements) <= MAX_STATEMENTS:  # 1
        raise YitongError("trust.chain-length", statements=len(statements), most=MAX_STATEMENTS)
    links = [_read(text, place) for place, text in enumerate(statements)]  # 2
    _check_order(links, anchor_id)  # 3
    path = tuple(link[0].sub for link in (links[0], *links[2:]))
    if len(set(path)) != len(path):  # 4
        raise YitongError("trust.loop", next(one for one in path if path.count(one) > 1))
    leaf, superior = links[0][0], links[1][0]
    if superior.iss not in leaf.authority_hints:  # 5
        raise YitongError("trust.link-unclaimed", leaf.iss, statement=0, subject=leaf.sub, superior=superior.iss)
    _check_signatures(links, anchor_jwks)  # 6, 7
    _check_times([link[0] for link in links], epoch(now))  # 8
    subordinate = [link[0] for link in links[1:-1]]
    for place, statement in enumerate(subordinate, 1):  # 9
        _check_constraints(statement, place, [below.sub for below in subordinate[:place]])
    metadata = _resolve(leaf, subordinate)  # 10
    code = subordinate[-1].metadata.get(NODE, {}).get("jurisdiction", "")
    return Chain(
        entity_id=leaf.sub,
        jurisdiction_id=path[-2],
        jurisdiction=code if isinstance(code, str) else "",
        metadata=metadata,
        expires_at=from_epoch(min(link[0].exp for link in links)),  # 11
        path=path,
        statements=tuple(statements),
    )


def verify_anchor(text: str, anchor_id: str, anchor_jwks: object, now: datetime) -> EntityStatement:
    """The anchor's own configuration, verified by the pinned keys alone; raises as :func:`verify_chain` does."""
    statement, jws = _read(text, 0)
    if statement.sub != anchor_id or not statement.is_configuration:
        raise YitongError("trust.anchor-unpinned", statement.iss, expected=anchor_id)
    _check_pinned((statement, jws), 0, anchor_jwks)
    _check_signature((statement, jws), 0, statement)
    _check_times([statement], epoch(now))
    return statement


def _read(text: str, place: int) -> Link:
    """A statement; when it cannot be read far enough to say whose it is, ``where`` is its place."""
    try:
        return read_statement(text)
    except YitongError as error:
        raise YitongError(error.code, error.where or f"statements/{place}", **(error.params | {"statement": place})) from error


@contextmanager
def _naming(statement: EntityStatement, place: int) -> Iterator[None]:
    """Errors raised inside say which link they are about."""
    try:
        yield
    except YitongError as error:
        link = {"statement": place, "issuer": statement.iss, "subject": statement.sub}
        raise YitongError(error.code, statement.iss, **(error.params | link)) from error


def _check_order(links: Sequence[Link], anchor_id: str) -> None:
    last = len(links) - 1
    for place, (statement, _) in enumerate(links):
        with _naming(statement, place):
            if statement.is_configuration != (place in (0, last)):
                raise YitongError("trust.chain-order", expected="configuration" if place in (0, last) else "statement")
            if place < last and statement.iss != links[place + 1][0].sub:
                raise YitongError("trust.chain-order", expected=links[place + 1][0].sub)
            if place == last and statement.sub != anchor_id:
                raise YitongError("trust.anchor-unpinned", expected=anchor_id)


def _check_signatures(links: Sequence[Link], anchor_jwks: object) -> None:
    """From the anchor down, so that a key is trusted before it vouches for another; the first failure is the highest."""
    last = len(links) - 1
    for place in (last, last - 1):
        _check_pinned(links[place], place, anchor_jwks)
    _check_signature(links[last], last, links[last][0])
    for place in range(last - 1, -1, -1):
        _check_signature(links[place], place, links[place + 1][0])
    _check_signature(links[0], 0, links[0][0])


def _check_pinned(link: Link, place: int, anchor_jwks: object) -> None:
    statement, jws = link
    with _naming(statement, place):
        try:
            key = find_key(anchor_jwks, jws.header.get("kid"))
        except YitongError as error:
            raise YitongError("trust.anchor-unpinned", expected=statement.iss) from error
        jose.verify(jws, key, TYP)


def _check_signature(link: Link, place: int, voucher: EntityStatement) -> None:
    """Signed by a key that ``voucher`` lists: the statement above, or the configuration itself."""
    statement, jws = link
    with _naming(statement, place):
        try:
            key = find_key(voucher.jwks, jws.header.get("kid"))
        except YitongError as error:
            raise YitongError("trust.link-unknown-key", superior=voucher.iss) from error
        jose.verify(jws, key, TYP)


def _check_times(statements: Sequence[EntityStatement], now_s: int) -> None:
    for place, statement in enumerate(statements):
        with _naming(statement, place):
            if statement.iat > now_s + LEEWAY_S:
                raise YitongError("trust.link-not-yet-valid", ahead_s=statement.iat - now_s, leeway_s=LEEWAY_S)
            if statement.exp <= now_s - LEEWAY_S:
                raise YitongError("trust.link-expired", expired_s=now_s - statement.exp, leeway_s=LEEWAY_S)


def _check_constraints(statement: EntityStatement, place: int, below: Sequence[str]) -> None:
    """Path length (§6.2.1) and names (§6.2.2) that one superior demands of all entities below it.

    ``below`` are the subjects from the leaf up to the subject of this statement; all but the last are reached
    through intermediates, one for each.
    """
    limits = statement.constraints
    with _naming(statement, place):
        between = len(below) - 1
        if limits.max_path_length is not None and between > limits.max_path_length:
            raise YitongError("trust.constraint-path-length", between=between, most=limits.max_path_length)
        for entity_id in below:
            if not name_allowed(host_of(entity_id), limits):
                raise YitongError("trust.constraint-name", entity=entity_id)


def name_allowed(host: str, limits: Constraints) -> bool:
    """Whether a host satisfies naming constraints (§6.2.2, RFC 5280 §4.2.1.10).

    ``.example.cn`` covers any host below it but not ``example.cn``; without the point it is that host alone. Excluded
    wins. An address instead of a name satisfies no constraint.
    """
    if limits.permitted_names is None and not limits.excluded_names:
        return True
    if not is_domain_name(host) or any(_covers(name, host) for name in limits.excluded_names):
        return False
    return limits.permitted_names is None or any(_covers(name, host) for name in limits.permitted_names)


def _covers(name: str, host: str) -> bool:
    return host.endswith(name) and len(host) > len(name) if name.startswith(".") else host == name


def _resolve(leaf: EntityStatement, subordinate: Sequence[EntityStatement]) -> Metadata:
    """The metadata that the chain gives the leaf (§6.1.4).

    1. What only a superior may state is dropped from the leaf's own claim (our rule).  2. The immediate superior's
    metadata goes over the rest, for the types that the leaf has (§3.1.1).  3. Types that any superior does not allow
    go (§6.2.3).  4. A node stands directly below the anchor (our rule).  5. The policies, merged from the anchor
    down, are applied.
    """
    superior = subordinate[0].metadata
    metadata: Metadata = {}
    for entity_type, claimed in leaf.metadata.items():
        reserved = STATED_BY_SUPERIOR.get(entity_type, frozenset())
        own = {name: value for name, value in claimed.items() if name not in reserved}  # 1
        metadata[entity_type] = own | superior.get(entity_type, {})  # 2
    for statement in subordinate:  # 3
        allowed = statement.constraints.allowed_entity_types
        if allowed is not None:
            metadata = {name: value for name, value in metadata.items() if name in (*allowed, FEDERATION_ENTITY)}
    if NODE in metadata and len(subordinate) > 1:  # 4
        raise YitongError("trust.node-misplaced", subordinate[0].iss, statement=1, issuer=subordinate[0].iss, subject=leaf.sub)
    return apply_policy(_merged_policy(subordinate), metadata, leaf.sub)  # 5


def _merged_policy(subordinate: Sequence[EntityStatement]) -> Policy:
    merged: Policy = {}
    for place in range(len(subordinate), 0, -1):
        statement = subordinate[place - 1]
        with _naming(statement, place):
            merged = merge_policy(merged, read_policy(statement.metadata_policy))
    return merged


async def collect_chain(entity_id: str, anchor_id: str, get: Callable[[str], Awaitable[str]]) -> list[str]:
    """Fetch the statements from ``entity_id`` up to the anchor (§10.1); what comes back still has to be verified.

    ``get`` returns the body at an address or raises :class:`YitongError`; the addresses come from strangers, so it is
    the getter that keeps away from hosts that nobody should reach. Raises ``trust.loop``, ``trust.too-deep``,
    ``trust.too-many-hints``, ``trust.too-many-fetches``, ``trust.wrong-statement``, ``trust.no-fetch-endpoint``,
    ``trust.no-path``, or the getter's own error when there was but one way to go.
    """
    search = _Search(anchor_id, get)
    leaf = await search.configuration(entity_id)
    above = await search.climb(leaf, (entity_id,))
    return above if entity_id == anchor_id else [leaf.text, *above]


@dataclass(slots=True)
class _Search:
    """One climb, depth first, the anchor tried before other superiors."""

    anchor_id: str
    get: Callable[[str], Awaitable[str]]
    fetches: int = 0
    configurations: dict[str, EntityStatement] = field(default_factory=dict)

    async def fetch(self, url: str, issuer: str, subject: str) -> EntityStatement:
        """The statement at ``url``, which must be ``issuer``'s about ``subject``."""
        if self.fetches >= MAX_FETCHES:
            raise YitongError("trust.too-many-fetches", issuer, most=MAX_FETCHES)
        self.fetches += 1
        statement, _ = read_statement(await self.get(url), issuer)
        if (statement.iss, statement.sub) != (issuer, subject):
            raise YitongError("trust.wrong-statement", issuer, subject=subject)
        return statement

    async def configuration(self, entity_id: str) -> EntityStatement:
        """An entity's own configuration, fetched once."""
        if entity_id not in self.configurations:
            self.configurations[entity_id] = await self.fetch(configuration_url(entity_id), entity_id, entity_id)
        return self.configurations[entity_id]

    async def climb(self, entity: EntityStatement, path: tuple[str, ...]) -> list[str]:
        """The statements above ``entity``, which ends ``path``; its own configuration when it is the anchor."""
        if entity.sub == self.anchor_id:
            return [entity.text]
        if len(path) > MAX_DEPTH:
            raise YitongError("trust.too-deep", entity.sub, most=MAX_DEPTH)
        if len(entity.authority_hints) > MAX_HINTS:
            raise YitongError("trust.too-many-hints", entity.sub, hints=len(entity.authority_hints), most=MAX_HINTS)
        failures: list[YitongError] = []
        for superior_id in sorted(entity.authority_hints, key=lambda hint: hint != self.anchor_id):
            try:
                return await self.through(superior_id, entity, path)
            except YitongError as error:
                if error.code == "trust.too-many-fetches":
                    raise
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        reasons = ", ".join(f"{failure.code} [{failure.where}]" for failure in failures) or "no authority_hints"
        raise YitongError("trust.no-path", entity.sub, reasons=reasons)

    async def through(self, superior_id: str, entity: EntityStatement, path: tuple[str, ...]) -> list[str]:
        """The statements above ``entity`` by way of one superior."""
        if superior_id in path:
            raise YitongError("trust.loop", superior_id)
        superior = await self.configuration(superior_id)
        above = await self.climb(superior, (*path, superior_id))
        endpoint = superior.metadata.get(FEDERATION_ENTITY, {}).get("federation_fetch_endpoint")
        if endpoint is None:
            raise YitongError("trust.no-fetch-endpoint", superior_id)
        endpoint = check_endpoint(endpoint, "federation_fetch_endpoint", superior_id)
        statement = await self.fetch(fetch_url(endpoint, entity.sub), superior_id, entity.sub)
        return [statement.text, *above]
