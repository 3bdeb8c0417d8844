"""The states of a licence, what may follow what, and what was so at a moment.

The four ends are kept apart because the law does (行政许可法 arts. 69, 70; 行政处罚法): *revoked* (撤销, should never have
been granted), *withdrawn* (撤回, law or facts changed), *penalised* (吊销) and *cancelled* (注销, the formal closing that
follows any of them, or expiry, death and dissolution). A status list has room for two bits only, so the reason lives
in ``StatusChange``, which the issuer keeps and signs.

A history is bitemporal. ``effective_at`` is when the change holds in law, ``recorded_at`` when it was written down; a
revocation may hold from before the licence was granted. A later record overrides earlier ones from its effective
moment on, and nothing is ever rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from yitong.errors import Text, YitongError
from yitong.specs.status_list import INVALID, SUSPENDED, VALID

_REASON = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")


class LicenceState(StrEnum):
    """Where a licence stands."""

    VALID = "valid"  # 有效
    SUSPENDED = "suspended"  # 暂扣
    REVOKED = "revoked"  # 撤销
    WITHDRAWN = "withdrawn"  # 撤回
    PENALISED = "penalised"  # 吊销
    EXPIRED = "expired"  # 失效
    CANCELLED = "cancelled"  # 注销
    TRANSFERRING = "transferring"  # 办理转出, first phase of a move to another jurisdiction
    TRANSFERRED = "transferred"  # 转出完成
    REPLACED = "replaced"  # a newer version of the same licence was issued (变更, 延续)


@dataclass(frozen=True, slots=True)
class StateRule:
    """One state: its name, what the status list says of it (``None``: as it was), and what may follow."""

    label: Text
    list_value: int | None
    followers: frozenset[LicenceState]


_S = LicenceState
_ENDS = frozenset({_S.REVOKED, _S.WITHDRAWN, _S.PENALISED, _S.CANCELLED, _S.EXPIRED})
_CLOSING = frozenset({_S.CANCELLED})
# Expiry stands in the credential's own exp and leaves the list alone. While a licence is on its way to another
# jurisdiction it is still valid here, and only here: it closes when the other side has issued its own.
RULES: Mapping[LicenceState, StateRule] = {
    _S.VALID: StateRule(Text("有效", "valid"), VALID, _ENDS | {_S.SUSPENDED, _S.TRANSFERRING, _S.REPLACED}),
    _S.SUSPENDED: StateRule(Text("暂扣", "suspended"), SUSPENDED, _ENDS | {_S.VALID}),
    _S.REVOKED: StateRule(Text("撤销", "revoked"), INVALID, _CLOSING),
    _S.WITHDRAWN: StateRule(Text("撤回", "withdrawn"), INVALID, _CLOSING),
    _S.PENALISED: StateRule(Text("吊销", "revoked as a penalty"), INVALID, _CLOSING),
    _S.EXPIRED: StateRule(Text("失效", "expired"), None, _CLOSING | {_S.REVOKED}),
    _S.CANCELLED: StateRule(Text("注销", "cancelled"), INVALID, frozenset()),
    _S.TRANSFERRING: StateRule(
        Text("办理转出", "moving to another jurisdiction"), VALID, frozenset({_S.VALID, _S.TRANSFERRED})
    ),
    _S.TRANSFERRED: StateRule(Text("已转出", "moved elsewhere"), INVALID, frozenset()),
    _S.REPLACED: StateRule(Text("已换发", "replaced by a newer version"), INVALID, frozenset()),
}
# Void from the start: the only change that may hold from before what was recorded last.
RETROACTIVE = frozenset({_S.REVOKED})


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One recorded change; ``reason`` is a code such as ``premises-closed``, ``legal_basis`` cites the law."""

    credential_id: str
    from_state: LicenceState
    to_state: LicenceState
    reason: str
    legal_basis: str
    effective_at: datetime
    recorded_at: datetime
    officer: str


def change(
    history: Sequence[StatusChange],
    credential_id: str,
    to_state: LicenceState,
    *,
    reason: str,
    legal_basis: str,
    effective_at: datetime,
    now: datetime,
    officer: str,
    allowed: Sequence[LicenceState] = tuple(LicenceState),
) -> StatusChange:
    """The next change of a credential with this history (in recorded order); the caller stores it and sets the list.

    1. Reason, legal basis and officer are stated.  2. The kind has such a state, and it may follow the present one.
    3. It holds now: a change ordered for later is recorded when its day comes.  4. It is recorded after the last one,
    and holds from no earlier, unless it says that the licence was void from the start.
    """
    present = current(history)
    if not _REASON.match(reason) or not legal_basis.strip() or not officer:  # 1
        raise YitongError("licence.reason-missing", credential_id)
    if to_state not in allowed or to_state not in RULES[present].followers:  # 2
        raise YitongError("licence.change-not-allowed", credential_id, present=present.value, wanted=to_state.value)
    if effective_at > now:  # 3
        raise YitongError("licence.not-yet-effective", credential_id)
    if history and history[-1].recorded_at > now:  # 4
        raise YitongError("licence.recorded-out-of-order", credential_id)
    if history and history[-1].effective_at > effective_at and to_state not in RETROACTIVE:
        raise YitongError("licence.effective-too-early", credential_id)
    return StatusChange(credential_id, present, to_state, reason, legal_basis, effective_at, now, officer)


def current(history: Sequence[StatusChange]) -> LicenceState:
    """The state after everything recorded; a credential without history is valid."""
    return history[-1].to_state if history else LicenceState.VALID


def state_at(history: Sequence[StatusChange], moment: datetime, known_at: datetime | None = None) -> LicenceState:
    """The state at ``moment`` as known at ``known_at`` (now, when not given): the last record that reaches back so far."""
    known = [row for row in history if (known_at is None or row.recorded_at <= known_at) and row.effective_at <= moment]
    return known[-1].to_state if known else LicenceState.VALID


def list_value(history: Sequence[StatusChange]) -> int:
    """What the status list must say (Token Status List §7.1): that of the last state that has a say in it."""
    said = [value for row in history if (value := RULES[row.to_state].list_value) is not None]
    return said[-1] if said else VALID
