"""Who accepts whose licences: rows of kind × issuer × accepting jurisdiction × purpose × days, as signed data.

Recognition is never an ``if`` in the program: a jurisdiction that begins or ends to accept a kind from another
changes a row, and its officers can read the table. The table travels as a JWS of type ``yitong-recognition+jwt``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from yitong.clock import as_day, epoch, from_epoch
from yitong.errors import YitongError
from yitong.ids import REGION_CODE
from yitong.specs import jose
from yitong.specs.jwk import PrivateKey, find_key

TYP = "yitong-recognition+jwt"
ANY = "*"
LEEWAY_S = 60
MAX_TABLE_BYTES = 1_048_576
_WORD = re.compile(r"[a-z0-9][a-z0-9-]{0,63}\Z", re.ASCII)
_REQUIRED = frozenset({"kind", "issuer_jurisdiction", "accepting_jurisdiction", "purpose", "from_day", "required_role"})
_KNOWN = _REQUIRED | {"to_day"}


@dataclass(frozen=True, slots=True)
class Row:
    """One recognition; ``to_day`` is the last day, None without end; ``required_role`` is a role the issuer must have."""

    kind: str
    issuer_jurisdiction: str
    accepting_jurisdiction: str
    purpose: str
    from_day: date
    to_day: date | None
    required_role: str


@dataclass(frozen=True, slots=True)
class Table:
    """A verified table, as ``issuer`` signed it."""

    rows: tuple[Row, ...]
    issuer: str
    issued_at: datetime
    expires_at: datetime


def rows_from(rows: list[dict[str, Any]], where: str) -> tuple[Row, ...]:
    """Check rows that were read from TOML or JSON; raises ``trust.recognition-row`` naming file, row and member.

    Unknown members are refused; days are dates or ISO text; the same row twice is refused.
    """
    found = tuple(_row(row, f"{where}#/{place}") for place, row in enumerate(rows))
    for place, row in enumerate(found):
        if row in found[:place]:
            raise YitongError("trust.recognition-row", f"{where}#/{place}", member="row", reason="stands twice")
    return found


def _refuse(where: str, member: str, reason: str) -> YitongError:
    return YitongError("trust.recognition-row", where, member=member, reason=reason)


def _row(row: object, where: str) -> Row:
    if not isinstance(row, dict):
        raise _refuse(where, "row", "is no table")
    if unknown := sorted(map(str, row.keys() - _KNOWN)):
        raise _refuse(where, unknown[0][:64], "is not known")
    if missing := sorted(_REQUIRED - row.keys()):
        raise _refuse(where, missing[0], "is missing")
    from_day = _day(row["from_day"], "from_day", where)
    to_day = _day(row["to_day"], "to_day", where) if "to_day" in row else None
    if to_day is not None and to_day < from_day:
        raise _refuse(where, "to_day", "is before from_day")
    return Row(
        kind=_text(row, "kind", _WORD, where),
        issuer_jurisdiction=_text(row, "issuer_jurisdiction", REGION_CODE, where, or_any=True),
        accepting_jurisdiction=_text(row, "accepting_jurisdiction", REGION_CODE, where),
        purpose=_text(row, "purpose", _WORD, where, or_any=True),
        from_day=from_day,
        to_day=to_day,
        required_role=_text(row, "required_role", _WORD, where),
    )


def _text(row: dict[str, Any], member: str, shape: re.Pattern[str], where: str, or_any: bool = False) -> str:
    value = row[member]
    if not isinstance(value, str) or not (shape.match(value) or (or_any and value == ANY)):
        wanted = "six digits" if shape is REGION_CODE else "a word of a-z, 0-9 and hyphens"
        raise _refuse(where, member, f"must be {wanted}" + (" or *" if or_any else ""))
    return value


def _day(value: object, member: str, where: str) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    day = as_day(value)
    if day is None:
        raise _refuse(where, member, "must be a day of the calendar such as 2026-01-31")
    return day


def _written(row: Row) -> dict[str, str]:
    written = {
        "kind": row.kind,
        "issuer_jurisdiction": row.issuer_jurisdiction,
        "accepting_jurisdiction": row.accepting_jurisdiction,
        "purpose": row.purpose,
        "from_day": row.from_day.isoformat(),
        "required_role": row.required_role,
    }
    return written if row.to_day is None else written | {"to_day": row.to_day.isoformat()}


def sign_table(rows: Sequence[Row], issuer: str, key: PrivateKey, kid: str, *, iat: int, exp: int) -> str:
    """The table as a signed token of ``issuer``."""
    claims = {"iss": issuer, "iat": iat, "exp": exp, "rows": [_written(row) for row in rows]}
    return jose.sign(claims, key, TYP, kid=kid)


def read_table(text: str, jwks: object, issuer: str, now: datetime) -> Table:
    """Verify a signed table against the key set of ``issuer``; raises ``trust.recognition-…``, ``jws.…`` or ``jwk.…``.

    1. It is signed by a key of the set, with our ``typ`` (RFC 8725 §3.11).  2. ``iss`` is the expected one.
    3. It is in force, within the leeway (RFC 7519 §4.1.4, §4.1.6).  4. Each row is well-formed.
    """
    jws = jose.parse(text, issuer, MAX_TABLE_BYTES)
    jose.verify(jws, find_key(jwks, jws.header.get("kid"), issuer), TYP, issuer)  # 1
    claims = jws.claims()
    if claims.get("iss") != issuer:  # 2
        raise YitongError("trust.recognition-malformed", issuer, member="iss")
    iat, exp, rows, now_s = claims.get("iat"), claims.get("exp"), claims.get("rows"), epoch(now)
    if type(iat) is not int or type(exp) is not int or not 0 <= iat < exp < 1 << 37:
        raise YitongError("trust.recognition-malformed", issuer, member="exp")
    if iat > now_s + LEEWAY_S:  # 3
        raise YitongError("trust.recognition-not-yet-valid", issuer, ahead_s=iat - now_s, leeway_s=LEEWAY_S)
    if exp <= now_s - LEEWAY_S:
        raise YitongError("trust.recognition-expired", issuer, expired_s=now_s - exp, leeway_s=LEEWAY_S)
    if not isinstance(rows, list):
        raise YitongError("trust.recognition-malformed", issuer, member="rows")
    return Table(rows_from(rows, issuer), issuer, from_epoch(iat), from_epoch(exp))  # 4


def recognised(
    table: Table, kind: str, issuer_jurisdiction: str, accepting_jurisdiction: str, *, purpose: str, day: date
) -> Row | None:
    """The row by which ``accepting_jurisdiction`` accepts the kind on ``day``, or None.

    Of several, the one for this very issuer goes before the one for any, then this very purpose before any, then
    the one that began last. The caller still has to see that the issuer has the row's ``required_role``.
    """
    fitting = [
        row
        for row in table.rows
        if row.kind == kind
        and row.accepting_jurisdiction == accepting_jurisdiction
        and row.issuer_jurisdiction in (ANY, issuer_jurisdiction)
        and row.purpose in (ANY, purpose)
        and row.from_day <= day
        and (row.to_day is None or day <= row.to_day)
    ]
    return max(fitting, key=lambda row: (row.issuer_jurisdiction != ANY, row.purpose != ANY, row.from_day), default=None)
