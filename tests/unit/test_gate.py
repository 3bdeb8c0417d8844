from datetime import UTC, datetime, timedelta

import pytest

from yitong.clock import epoch
from yitong.errors import YitongError
from yitong.settlement.gate import (
    DenyChange,
    DenyList,
    Gate,
    GateRules,
    GateSite,
    ReplayMemory,
    Synced,
    change_deny_list,
    check,
    pinned,
    tap_from_json,
    tap_to_json,
)
from yitong.specs.cose_pass import code_text, issue_pass, key_id, make_code
from yitong.specs.jwk import new_private_key

ISSUER, DEVICE = new_private_key(), new_private_key()
NOW = datetime(2026, 2, 12, 0, 30, tzinfo=UTC)
RULES = GateRules(max_lifetime_s=30, skew_ahead_s=5, skew_behind_s=0, deny_list_max_age_s=None)
PASS_ID = "ZXhhbXBsZTE"
NOBODY = DenyList(4, NOW, frozenset())


def a_code(made=NOW, lifetime_s=30):
    travel_pass = issue_pass(
        ISSUER,
        issuer="suzhou-metro",
        pass_id=PASS_ID,
        limit_fen=2000,
        user_key=DEVICE.public_key(),
        valid_from_s=epoch(NOW) - 60,
        expires_s=epoch(NOW) + 86400,
    )
    return code_text(make_code(travel_pass, DEVICE, epoch(made), lifetime_s=lifetime_s))


def a_gate(rules=RULES, deny_list=NOBODY, name="g1", memory=None):
    synced = Synced({"suzhou-metro": pinned([ISSUER.public_key()])}, deny_list)
    return Gate(GateSite("shanghai-metro", "xujiahui", name, "entry"), rules, synced, memory or ReplayMemory())


def refusal(gate, code, now):
    with pytest.raises(YitongError) as caught:
        gate.tap(code, now)
    return caught.value


def test_an_accepted_code_becomes_a_numbered_tap():
    gate = a_gate()
    first, second = gate.tap(a_code(), NOW), gate.tap(a_code(NOW + timedelta(seconds=15)), NOW + timedelta(seconds=15))
    assert [first.tap_id, second.tap_id] == ["shanghai-metro/g1/1", "shanghai-metro/g1/2"]
    assert (first.pass_id, first.limit_fen, first.direction) == (PASS_ID, 2000, "entry")
    assert gate.log == [first, second]


def test_check_changes_nothing():
    gate, code = a_gate(), a_code()
    for _ in range(2):
        check(gate.site, gate.rules, gate.synced, code, NOW, memory=gate.memory)
    assert gate.memory.until_s == {}


def test_a_screenshot_31_seconds_later_is_stale_and_says_its_age():
    error = refusal(a_gate(), a_code(), NOW + timedelta(seconds=31))
    assert (error.code, error.params["age_s"]) == ("gate.stale-code", 31)
    assert "31" in error.what.zh


def test_a_refused_code_leaves_the_gate_as_it_was():
    gate = a_gate()
    refusal(gate, a_code(), NOW + timedelta(seconds=31))
    assert (gate.log, gate.next_number, gate.memory.until_s) == ([], 1, {})


@pytest.mark.parametrize("behind_s", [0, 4])
def test_a_code_is_remembered_exactly_as_long_as_it_would_be_accepted(behind_s):
    rules = GateRules(30, 5, behind_s, None)
    gate, code = a_gate(rules), a_code()
    gate.tap(code, NOW)
    last = NOW + timedelta(seconds=30 + behind_s)
    gate.tap(a_code(last), last)  # forgets what is stale
    assert refusal(gate, code, last).code == "gate.replayed"
    gate.tap(a_code(last + timedelta(seconds=1)), last + timedelta(seconds=1))
    assert refusal(gate, code, last + timedelta(seconds=1)).code == "gate.stale-code"
    assert len(gate.memory.until_s) == 2


def test_gates_of_one_station_share_their_memory():
    memory, code = ReplayMemory(), a_code()
    a_gate(memory=memory).tap(code, NOW)
    assert refusal(a_gate(name="g2", memory=memory), code, NOW).code == "gate.replayed"


def test_another_issuers_key_of_the_same_name_is_not_tried():
    gate = a_gate()
    gate.synced = Synced({"suzhou-metro": {}, "shanghai-metro": pinned([ISSUER.public_key()])}, NOBODY)
    assert refusal(gate, a_code(), NOW).code == "gate.unknown-key"


def test_two_keys_under_one_name_are_refused_when_synchronised():
    with pytest.raises(YitongError) as caught:
        pinned([ISSUER.public_key(), ISSUER.public_key()])
    assert (caught.value.code, caught.value.params["key_id"]) == ("gate.ambiguous-key", key_id(ISSUER.public_key()))


def test_deny_list_changes_in_numbered_steps():
    mine, other = ("suzhou-metro", PASS_ID), ("suzhou-metro", "ZXhhbXBsZTI")
    later = NOW + timedelta(hours=1)
    added = change_deny_list(NOBODY, DenyChange(5, later, frozenset({mine, other}), frozenset()))
    assert refusal(a_gate(deny_list=added), a_code(), NOW).code == "gate.denied"
    lifted = change_deny_list(added, DenyChange(6, later, frozenset(), frozenset({mine})))
    assert lifted == DenyList(6, later, frozenset({other}))
    assert a_gate(deny_list=lifted).tap(a_code(), NOW).pass_id == PASS_ID
    for number in (4, 5, 7):
        with pytest.raises(YitongError) as caught:
            change_deny_list(added, DenyChange(number, later, frozenset(), frozenset()))
        assert caught.value.code == "gate.deny-list-gap"


def test_taps_survive_json_and_nothing_else_is_read():
    tap = a_gate().tap(a_code(), NOW)
    written = tap_to_json(tap)
    assert tap_from_json(written) == tap
    bad = [
        written | {"more": 1},
        {name: value for name, value in written.items() if name != "station"},
        written | {"direction": "in"},
        written | {"limit_fen": True},
        written | {"limit_fen": -1},
        written | {"tap_id": "suzhou-metro/g1/1"},
        written | {"tap_id": "shanghai-metro/g1/x"},
        written | {"station": ""},
        [written],
    ]
    for data in bad:
        with pytest.raises(YitongError) as caught:
            tap_from_json(data)
        assert caught.value.code == "tap.malformed"
    with pytest.raises(YitongError) as caught:
        tap_from_json(written | {"at": "2026-02-12T08:30:00"})
    assert caught.value.code == "time.not-a-moment"
