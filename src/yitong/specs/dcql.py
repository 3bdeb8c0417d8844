"""The Digital Credentials Query Language (OpenID4VP 1.0 §6, §7): what a verifier asks for, and whether it was answered.

Carried out: ``dc+sd-jwt`` with ``vct_values``, claims by path, ``values``, ``claim_sets``, ``credential_sets`` and
``multiple``. Everything else (other formats, ``trusted_authorities``, waiving the holder's key, members unknown here) is
refused with ``dcql.not-supported``. The text (§6) tells a wallet to ignore members that it does not know; a query says
whom a verifier will believe, so one that is understood in part is not acted on.

One engine serves both sides: the wallet asks ``chosen_queries`` and ``chosen_claims`` what to disclose, the verifier
asks ``shortfalls`` what is missing in the answer. An index in a path counts the elements that are visible: where
elements can be hidden one by one it is better to ask for all of them (``null``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from yitong.errors import YitongError
from yitong.specs.sd_jwt_vc import TYP as FORMAT
from yitong.specs.sd_jwt_vc import Presented

Path = tuple[str | int | None, ...]
Value = str | int | bool
MAX_QUERIES = 32  # of credentials, of claims in each, of options: a query for a person to read stays far below
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


@dataclass(frozen=True, slots=True)
class ClaimQuery:
    """One claim asked for (§6.3); no ``values`` means any value."""

    path: Path
    id: str | None = None
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class CredentialQuery:
    """One credential asked for (§6.1); empty ``vct_values`` means any type."""

    id: str
    vct_values: tuple[str, ...]
    claims: tuple[ClaimQuery, ...] = ()
    claim_sets: tuple[tuple[str, ...], ...] = ()
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class CredentialSet:
    """Alternatives, in the verifier's order of preference (§6.2)."""

    options: tuple[tuple[str, ...], ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; without ``credential_sets`` every credential is required (§6.4.2)."""

    credentials: tuple[CredentialQuery, ...]
    credential_sets: tuple[CredentialSet, ...] = ()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """One way in which an answer does not fulfil the query: a code of the errors table and the query id it concerns."""

    code: str
    id: str


# --- Reading and writing ------------------------------------------------------------------------------------------


def read_query(value: object, where: str = "dcql_query") -> Query:
    """A query from JSON; raises ``dcql.malformed`` or ``dcql.not-supported``, each naming the member."""
    members = _object(value, where, {"credentials", "credential_sets"})
    credentials = tuple(_credential(item, at) for at, item in _items(members.get("credentials"), f"{where}/credentials"))
    ids = {row.id for row in credentials}
    if len(ids) != len(credentials):
        raise YitongError("dcql.malformed", f"{where}/credentials")
    if "credential_sets" not in members:
        return Query(credentials)
    rows = _items(members["credential_sets"], f"{where}/credential_sets")
    return Query(credentials, tuple(_credential_set(item, at, ids) for at, item in rows))


def write_query(query: Query) -> dict[str, Any]:
    """The JSON of a query; ``read_query`` of it gives the same query."""
    body: dict[str, Any] = {"credentials": [_write_credential(row) for row in query.credentials]}
    if query.credential_sets:
        rows = query.credential_sets
        body["credential_sets"] = [{"options": [list(option) for option in s.options], "required": s.required} for s in rows]
    return body


def _write_credential(row: CredentialQuery) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": row.id,
        "format": FORMAT,
        "meta": {"vct_values": list(row.vct_values)} if row.vct_values else {},
    }
    if row.claims:
        body["claims"] = [
            {"path": list(claim.path)}
            | ({"id": claim.id} if claim.id is not None else {})
            | ({"values": list(claim.values)} if claim.values else {})
            for claim in row.claims
        ]
    if row.claim_sets:
        body["claim_sets"] = [list(option) for option in row.claim_sets]
    return body | ({"multiple": True} if row.multiple else {})


def _object(value: object, where: str, known: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise YitongError("dcql.malformed", where)
    for name in value:
        if name not in known:
            raise YitongError("dcql.not-supported", where, member=str(name)[:40])
    return value


def _items(value: object, where: str) -> list[tuple[str, Any]]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_QUERIES:
        raise YitongError("dcql.malformed", where)
    return [(f"{where}/{n}", item) for n, item in enumerate(value)]


def _flag(members: dict[str, Any], name: str, default: bool, where: str) -> bool:
    value = members.get(name, default)
    if not isinstance(value, bool):
        raise YitongError("dcql.malformed", f"{where}/{name}")
    return value


def _identifier(value: object, where: str) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise YitongError("dcql.malformed", where)
    return value


def _credential(value: object, where: str) -> CredentialQuery:
    known = {"id", "format", "meta", "claims", "claim_sets", "multiple", "require_cryptographic_holder_binding"}
    members = _object(value, where, known)
    if members.get("format") != FORMAT:
        raise YitongError("dcql.not-supported", where, member="format")
    if not _flag(members, "require_cryptographic_holder_binding", True, where):
        raise YitongError("dcql.not-supported", where, member="require_cryptographic_holder_binding")
    meta = _object(members.get("meta"), f"{where}/meta", {"vct_values"})
    rows = _items(meta["vct_values"], f"{where}/meta/vct_values") if "vct_values" in meta else []
    if not all(isinstance(vct, str) and vct for _, vct in rows):
        raise YitongError("dcql.malformed", f"{where}/meta/vct_values")
    claims = tuple(_claim(c, at) for at, c in _items(members["claims"], f"{where}/claims")) if "claims" in members else ()
    named = [claim.id for claim in claims if claim.id is not None]
    if len(set(named)) != len(named) or len({claim.path for claim in claims}) != len(claims):  # §6.1: the same claim not twice
        raise YitongError("dcql.malformed", f"{where}/claims")
    sets: tuple[tuple[str, ...], ...] = ()
    if "claim_sets" in members:  # §6.4.1: not without claims, each of which then has an id
        if len(named) != len(claims) or not claims:
            raise YitongError("dcql.malformed", f"{where}/claim_sets")
        sets = tuple(_option(o, at, set(named)) for at, o in _items(members["claim_sets"], f"{where}/claim_sets"))
    name, multiple = _identifier(members.get("id"), f"{where}/id"), _flag(members, "multiple", False, where)
    return CredentialQuery(name, tuple(vct for _, vct in rows), claims, sets, multiple)


def _claim(value: object, where: str) -> ClaimQuery:
    members = _object(value, where, {"id", "path", "values"})
    path = tuple(step for _, step in _items(members.get("path"), f"{where}/path"))
    for step in path:
        if isinstance(step, bool) or not isinstance(step, str | int | None) or (isinstance(step, int) and step < 0):
            raise YitongError("dcql.malformed", f"{where}/path")
    if not isinstance(path[0], str):  # the root is an object
        raise YitongError("dcql.malformed", f"{where}/path")
    values = tuple(v for _, v in _items(members["values"], f"{where}/values")) if "values" in members else ()
    if not all(isinstance(v, str | int | bool) for v in values):
        raise YitongError("dcql.malformed", f"{where}/values")
    return ClaimQuery(path, _identifier(members["id"], f"{where}/id") if "id" in members else None, values)


def _option(value: object, where: str, known: set[str]) -> tuple[str, ...]:
    names = tuple(_identifier(item, at) for at, item in _items(value, where))
    if not set(names) <= known or len(set(names)) != len(names):
        raise YitongError("dcql.malformed", where)
    return names


def _credential_set(value: object, where: str, known: set[str]) -> CredentialSet:
    members = _object(value, where, {"options", "required"})
    options = tuple(_option(o, at, known) for at, o in _items(members.get("options"), f"{where}/options"))
    return CredentialSet(options, _flag(members, "required", True, where))


# --- Paths and claims ---------------------------------------------------------------------------------------------


def follow(claims: Mapping[str, Any], path: Path) -> list[Any]:
    """The elements that a claims path pointer selects (§7.1.1); nothing when the text says "abort" or none is left."""
    selected: list[Any] = [claims]
    for step in path:
        kind: type = Mapping if isinstance(step, str) else list
        if not all(isinstance(item, kind) for item in selected):
            return []
        if isinstance(step, str):
            selected = [item[step] for item in selected if step in item]
        elif step is None:
            selected = [element for item in selected for element in item]
        else:
            selected = [item[step] for item in selected if step < len(item)]
    return selected


def _same(left: object, right: object) -> bool:
    return type(left) is type(right) and left == right  # §6.3: type and value; in Python True == 1


def claim_met(claims: Mapping[str, Any], asked: ClaimQuery) -> bool:
    """Whether the claim is there, with one of the values asked for."""
    found = follow(claims, asked.path)
    return bool(found) and (not asked.values or any(_same(item, value) for item in found for value in asked.values))


def chosen_claims(claims: Mapping[str, Any], query: CredentialQuery) -> tuple[ClaimQuery, ...] | None:
    """The claims to send (§6.4.1): all, or the first claim set that can be met; ``None`` when it cannot be met."""
    by_id = {claim.id: claim for claim in query.claims}
    options = [tuple(by_id[name] for name in names) for names in query.claim_sets] or [query.claims]
    return next((option for option in options if all(claim_met(claims, claim) for claim in option)), None)


def type_met(vct: str, query: CredentialQuery) -> bool:
    """Whether a credential of this type was asked for."""
    return not query.vct_values or vct in query.vct_values


# --- The answer ---------------------------------------------------------------------------------------------------


def chosen_queries(query: Query, available: set[str]) -> tuple[str, ...] | None:
    """Wallet side: the query ids to answer (§6.4.2), of each required set the first option at hand; ``None`` when one has none.

    Sets that are not required stay unanswered: nothing is shown that need not be.
    """
    if not query.credential_sets:
        wanted = [row.id for row in query.credentials]
        return tuple(wanted) if set(wanted) <= available else None
    wanted = []
    for row in query.credential_sets:
        if not row.required:
            continue
        option = next((names for names in row.options if set(names) <= available), None)
        if option is None:
            return None
        wanted += [name for name in option if name not in wanted]
    return tuple(wanted)


def shortfalls(query: Query, answer: Mapping[str, Sequence[Presented]]) -> tuple[Shortfall, ...]:
    """Every way in which verified presentations do not fulfil the query (§8.1, §8.6); empty when they do.

    1. No id that was not asked for.  2. One presentation for each id, unless ``multiple``.  3. Each is bound to a
    holder's key, of a type asked for, with the claims and values of one option.  4. Every required credential or set.
    """
    by_id = {row.id: row for row in query.credentials}
    found = [Shortfall("dcql.unexpected-id", "") for name in answer if name not in by_id]  # 1
    for name, rows in answer.items():
        if (asked := by_id.get(name)) is None:
            continue
        if not rows or (len(rows) > 1 and not asked.multiple):  # 2
            found.append(Shortfall("dcql.wrong-count", name))
        found += [Shortfall(code, name) for row in rows if (code := _unmet(row, asked))]  # 3
    sets = query.credential_sets or tuple(CredentialSet(((row.id,),)) for row in query.credentials)
    for row in sets:  # 4
        if row.required and not any(all(answer.get(name) for name in option) for option in row.options):
            found.append(Shortfall("dcql.credential-missing", row.options[0][0]))
    return tuple(found)


def _unmet(presented: Presented, asked: CredentialQuery) -> str | None:
    if presented.holder is None:
        return "dcql.not-bound"
    if not type_met(presented.vct, asked):
        return "dcql.wrong-type"
    return "dcql.claims-missing" if chosen_claims(presented.claims, asked) is None else None


def satisfies(query: Query, answer: Mapping[str, Sequence[Presented]]) -> bool:
    """Whether verified presentations fulfil the query."""
    return not shortfalls(query, answer)
