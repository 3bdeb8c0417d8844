from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yitong.clock import epoch
from yitong.errors import YitongError
from yitong.settlement.gate import DenyList, Gate, GateRules, GateSite, ReplayMemory, Synced, pinned
from yitong.specs.base45 import base45, base45_decode
from yitong.specs.cose_pass import code_text, issue_pass, make_code
from yitong.specs.jwk import new_private_key

ON_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ISSUER, DEVICE = new_private_key(), new_private_key()
NOW = datetime(2026, 2, 12, 0, 30, tzinfo=UTC)
PASS = issue_pass(
    ISSUER,
    issuer="suzhou-metro",
    pass_id="ZXhhbXBsZTE",
    limit_fen=2000,
    user_key=DEVICE.public_key(),
    valid_from_s=epoch(NOW) - 100,
    expires_s=epoch(NOW) + 100,
)
GOOD = code_text(make_code(PASS, DEVICE, epoch(NOW)))


def a_gate(rules=None):
    rules = rules or GateRules(30, 5, 0, None)
    synced = Synced({"suzhou-metro": pinned([ISSUER.public_key()])}, DenyList(1, NOW, frozenset()))
    return Gate(GateSite("shanghai-metro", "xujiahui", "g1", "entry"), rules, synced, ReplayMemory())


def answer(gate, text, now=NOW):
    try:
        gate.tap(text, now)
    except YitongError as error:
        return error.code
    return "accepted"


@ON_ANY_MACHINE
@given(st.binary(max_size=300))
def test_base45_has_one_spelling(data):
    assert base45_decode(base45(data)) == data


@ON_ANY_MACHINE
@given(st.text(max_size=12))
def test_base45_text_that_reads_is_the_spelling_of_its_bytes(text):
    try:
        spelled = base45(base45_decode(text))
    except YitongError as error:
        spelled = error.code
    assert spelled in (text, "pass.not-base45")


@settings(parent=ON_ANY_MACHINE, max_examples=300)
@given(st.one_of(st.text(), st.text().map("YT1:".__add__), st.binary(max_size=260).map(code_text)))
def test_any_text_gets_an_answer_and_never_lets_anyone_through(text):
    assert answer(a_gate(), text).startswith(("pass.", "gate."))


@settings(parent=ON_ANY_MACHINE, max_examples=300)
@given(st.integers(4, len(GOOD) - 1), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"))
def test_no_changed_character_is_let_through_as_another_code(at, char):
    changed = GOOD[:at] + char + GOOD[at + 1 :]
    assert (answer(a_gate(), changed) == "accepted") == (changed == GOOD)


@ON_ANY_MACHINE
@given(st.integers(-200, 200), st.integers(1, 60), st.integers(0, 9), st.integers(0, 9), st.integers(-99, 99))
def test_the_moment_alone_decides(made_after_s, lifetime_s, ahead_s, behind_s, shown_after_s):
    code = code_text(make_code(PASS, DEVICE, epoch(NOW) + made_after_s, lifetime_s=lifetime_s))
    age_s = shown_after_s - made_after_s
    expected = "accepted"
    if age_s > lifetime_s + behind_s:
        expected = "gate.stale-code"
    if age_s < -ahead_s or made_after_s < -100 - ahead_s:
        expected = "gate.clock"
    if lifetime_s > 30:
        expected = "gate.lifetime-too-long"
    rules = GateRules(30, ahead_s, behind_s, None)
    assert answer(a_gate(rules), code, NOW + timedelta(seconds=shown_after_s)) == expected


@ON_ANY_MACHINE
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 50)), max_size=12))
def test_each_code_passes_at_most_once(showings):
    gate, now, accepted = a_gate(), NOW, []
    codes = [code_text(make_code(PASS, DEVICE, epoch(NOW) + 10 * number)) for number in range(5)]
    for number, wait_s in showings:
        now += timedelta(seconds=wait_s)
        if answer(gate, codes[number], now) == "accepted":
            accepted.append(number)
    assert len(accepted) == len(set(accepted)) == len(gate.log)
