"""Licence states: what may follow what, two kinds of time, and what the status list says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yitong.credentials.status import RULES, LicenceState, change, current, list_value, state_at
from yitong.errors import YitongError

S = LicenceState
DAY = timedelta(days=1)
T0 = datetime(2026, 1, 10, 1, 0, tzinfo=UTC)


def after(history, to_state, recorded, effective=None, **given):
    row = change(
        history,
        "credential-1",
        to_state,
        reason=given.get("reason", "premises-closed"),
        legal_basis=given.get("legal_basis", "行政许可法第六十九条"),
        effective_at=effective or recorded,
        now=recorded,
        officer=given.get("officer", "officer-1"),
        allowed=given.get("allowed", tuple(S)),
    )
    return [*history, row]


def refused(history, to_state, recorded, effective=None, **given):
    with pytest.raises(YitongError) as caught:
        after(history, to_state, recorded, effective, **given)
    return caught.value.code


def reach(state):
    """A shortest history that ends in ``state``."""
    paths = [[S.VALID]]
    while paths:
        path = paths.pop(0)
        if path[-1] is state:
            history = []
            for n, step in enumerate(path[1:]):
                history = after(history, step, T0 + n * DAY)
            return history
        paths += [[*path, follower] for follower in S if follower in RULES[path[-1]].followers and follower not in path]
    raise AssertionError(state)


ALLOWED = """
valid:        suspended revoked withdrawn penalised expired cancelled transferring replaced
suspended:    valid revoked withdrawn penalised expired cancelled
revoked:      cancelled
withdrawn:    cancelled
penalised:    cancelled
expired:      cancelled revoked
cancelled:
transferring: valid transferred
transferred:
replaced:
"""


@pytest.mark.parametrize("line", ALLOWED.strip().splitlines())
def test_what_may_follow(line):
    start, _, rest = line.partition(":")
    history = reach(S(start))
    for wanted in S:
        if wanted.value in rest.split():
            assert current(after(history, wanted, T0 + 30 * DAY)) is wanted
        else:
            assert refused(history, wanted, T0 + 30 * DAY) == "licence.change-not-allowed"


@pytest.mark.parametrize(
    ("state", "value"),
    [("valid", 0), ("suspended", 2), ("revoked", 1), ("withdrawn", 1), ("penalised", 1), ("cancelled", 1), ("expired", 0),
     ("transferring", 0), ("transferred", 1), ("replaced", 1)],
)  # fmt: skip
def test_what_the_list_says(state, value):
    assert list_value(reach(S(state))) == value


def test_expiry_leaves_the_list_as_it_was():
    assert list_value(after(after([], S.SUSPENDED, T0), S.EXPIRED, T0 + DAY)) == 2


def test_given_back_is_valid_again():
    history = after(after([], S.SUSPENDED, T0), S.VALID, T0 + 5 * DAY)
    assert (current(history), list_value(history)) == (S.VALID, 0)
    assert state_at(history, T0 + 4 * DAY) is S.SUSPENDED
    assert state_at(history, T0 + 5 * DAY) is S.VALID
    assert state_at(history, T0 - DAY) is S.VALID


def test_a_kind_may_have_fewer_states():
    assert refused([], S.WITHDRAWN, T0, allowed=(S.VALID, S.REVOKED)) == "licence.change-not-allowed"


def test_a_revocation_may_hold_from_the_start():
    history = after(after([], S.SUSPENDED, T0), S.REVOKED, T0 + 10 * DAY, effective=T0 - 400 * DAY)
    assert state_at(history, T0 - 399 * DAY) is S.REVOKED
    assert state_at(history, T0 + DAY) is S.REVOKED
    assert state_at(history, T0 + DAY, known_at=T0 + 9 * DAY) is S.SUSPENDED
    assert state_at(history, T0 - 399 * DAY, known_at=T0 + 9 * DAY) is S.VALID
    assert history[-1].from_state is S.SUSPENDED


def test_only_a_revocation_reaches_back_beyond_the_last_change():
    assert refused(after([], S.SUSPENDED, T0), S.PENALISED, T0 + DAY, effective=T0 - DAY) == "licence.effective-too-early"


def test_a_decision_may_be_recorded_later_than_it_holds():
    history = after([], S.PENALISED, T0 + DAY, effective=T0)
    assert state_at(history, T0) is S.PENALISED
    assert state_at(history, T0, known_at=T0) is S.VALID


@pytest.mark.parametrize("given", [{"reason": ""}, {"reason": "Premises closed"}, {"legal_basis": " "}, {"officer": ""}])
def test_a_change_says_why_and_by_whom(given):
    assert refused([], S.SUSPENDED, T0, **given) == "licence.reason-missing"


def test_a_change_holds_now_and_comes_after_the_last():
    assert refused([], S.SUSPENDED, T0, effective=T0 + DAY) == "licence.not-yet-effective"
    assert refused(after([], S.SUSPENDED, T0), S.VALID, T0 - DAY) == "licence.recorded-out-of-order"


def test_every_state_has_a_rule_and_a_name():
    assert set(RULES) == set(S)
    assert all(rule.label.zh and rule.label.en for rule in RULES.values())
