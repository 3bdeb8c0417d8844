"""Runs every folder of tests/vectors/gate; a new case needs no code here."""

import json
from pathlib import Path

import pytest

from yitong.clock import read_moment
from yitong.errors import YitongError
from yitong.settlement.gate import DenyList, Gate, GateRules, GateSite, ReplayMemory, Synced, pinned
from yitong.specs.jwk import read_public_jwk

CASES = sorted(path.parent for path in (Path(__file__).parent / "gate").glob("*/case.json"))


def station(case):
    keys = {issuer: pinned(read_public_jwk(jwk) for jwk in jwks) for issuer, jwks in case["issuers"].items()}
    deny = case["deny_list"]
    synced = Synced(keys, DenyList(1, read_moment(deny["as_of"]), frozenset((i, p) for i, p in deny["denied"])))
    memory = ReplayMemory()
    site = case["site"]
    return {
        name: Gate(
            GateSite(site["operator"], site["station"], name, site["direction"]), GateRules(**case["rules"]), synced, memory
        )
        for name in {shown["gate"] for shown in case["shown"]}
    }


def test_cases_are_found():
    assert len(CASES) > 40


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_gate_case(folder):
    case = json.loads((folder / "case.json").read_text("utf-8"))
    gates = station(case)
    assert folder.name.endswith("_fail") == ("refused" in case["shown"][-1])
    for shown in case["shown"]:
        gate = gates[shown["gate"]]
        moment, before = read_moment(shown["at"]), len(gate.log)
        if "refused" in shown:
            with pytest.raises(YitongError) as caught:
                gate.tap(shown["text"], moment, shown["fare_fen"])
            assert caught.value.code == shown["refused"]
            assert len(gate.log) == before
        else:
            tap = gate.tap(shown["text"], moment, shown["fare_fen"])
            assert (tap.issuer, tap.at, gate.log[-1]) == ("suzhou-metro", moment, tap)
