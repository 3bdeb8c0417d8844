"""Metadata policy: every operator, every forbidden pair, every merge."""

from __future__ import annotations

from typing import Any

import pytest

from yitong.errors import YitongError
from yitong.specs.federation_policy import apply_policy, merge_policy, read_policy

KIND = "openid_credential_issuer"
MISSING = object()


def policy(**operators: Any) -> dict[str, Any]:
    return {KIND: {"p": operators}}


def applied(operators: dict[str, Any], value: Any = MISSING, parameter: str = "p") -> Any:
    metadata = {KIND: {} if value is MISSING else {parameter: value}}
    found = apply_policy(read_policy({KIND: {parameter: operators}}), metadata, "leaf")
    return found[KIND].get(parameter, MISSING)


@pytest.mark.parametrize(
    ("operators", "value", "expected"),
    [
        ({"value": "x"}, "y", "x"),
        ({"value": "x"}, MISSING, "x"),
        ({"value": None}, "y", MISSING),
        ({"add": ["b", "a"]}, ["a"], ["a", "b"]),
        ({"add": ["b"]}, MISSING, ["b"]),
        ({"default": "d"}, MISSING, "d"),
        ({"default": "d"}, "own", "own"),
        ({"one_of": ["a", "b"]}, "b", "b"),
        ({"one_of": ["a", "b"]}, MISSING, MISSING),
        ({"one_of": [1, 2]}, 1, 1),
        ({"subset_of": ["a", "b", "c"]}, ["a", "e"], ["a"]),
        ({"subset_of": ["a"], "essential": True}, ["d"], []),
        ({"subset_of": ["a"]}, MISSING, MISSING),
        ({"superset_of": ["a"]}, ["b", "a"], ["b", "a"]),
        ({"superset_of": ["a"]}, MISSING, MISSING),
        ({"essential": False}, MISSING, MISSING),
        ({"essential": True}, {"any": "thing"}, {"any": "thing"}),
        ({"subset_of": ["a", "b"], "superset_of": ["a"], "default": ["a"]}, MISSING, ["a"]),
        ({"add": ["a"], "superset_of": ["a", "b"]}, ["b"], ["b", "a"]),
        ({"regexp": "^x$"}, "y", "y"),
    ],
)
def test_operators(operators: dict[str, Any], value: Any, expected: Any) -> None:
    assert applied(operators, value) == expected


@pytest.mark.parametrize(
    ("operators", "value", "operator"),
    [
        ({"one_of": ["a"]}, "b", "one_of"),
        ({"one_of": ["a"]}, ["a"], "one_of"),
        ({"one_of": [1]}, True, "one_of"),
        ({"one_of": ["1"]}, 1, "one_of"),
        ({"superset_of": ["a", "b"]}, ["a"], "superset_of"),
        ({"superset_of": ["a"]}, "a", "superset_of"),
        ({"subset_of": ["a", "b"], "superset_of": ["b"]}, ["a"], "superset_of"),
        ({"subset_of": ["a"]}, "a", "subset_of"),
        ({"add": ["a"]}, "a", "add"),
        ({"essential": True}, MISSING, "essential"),
        ({"subset_of": ["a"], "essential": True}, MISSING, "essential"),
    ],
)
def test_violations_name_parameter_and_operator(operators: dict[str, Any], value: Any, operator: str) -> None:
    with pytest.raises(YitongError) as caught:
        applied(operators, value)
    assert (caught.value.code, caught.value.where) == ("federation.policy-violation", "leaf")
    assert caught.value.params == {"parameter": f"{KIND}/p", "operator": operator}


@pytest.mark.parametrize(
    "operators",
    [
        {"value": ["a"], "add": ["b"]},
        {"value": None, "add": ["b"]},
        {"value": None, "default": "x"},
        {"value": "c", "one_of": ["a", "b"]},
        {"value": ["a", "c"], "subset_of": ["a", "b"]},
        {"value": ["a"], "superset_of": ["a", "b"]},
        {"value": None, "essential": True},
        {"add": ["a"], "one_of": ["a"]},
        {"add": ["c"], "subset_of": ["a", "b"]},
        {"one_of": ["a"], "subset_of": ["a"]},
        {"one_of": ["a"], "superset_of": ["a"]},
        {"subset_of": ["a"], "superset_of": ["a", "b"]},
    ],
)
def test_forbidden_pairs_in_one_statement_and_by_merging(operators: dict[str, Any]) -> None:
    with pytest.raises(YitongError) as caught:
        read_policy(policy(**operators))
    assert caught.value.code == "federation.policy-combination"
    assert {caught.value.params["first"], caught.value.params["second"]} == set(operators)
    (first, one), (second, other) = operators.items()
    with pytest.raises(YitongError) as caught:
        merge_policy(read_policy(policy(**{first: one})), read_policy(policy(**{second: other})), "below")
    assert (caught.value.code, caught.value.where) == ("federation.policy-combination", "below")


@pytest.mark.parametrize(
    "operators",
    [
        {"value": ["a", "b"], "add": ["a"], "subset_of": ["a", "b"], "superset_of": ["b"], "default": ["z"], "essential": True},
        {"value": None, "essential": False},
        {"value": "a", "one_of": ["a"]},
    ],
)
def test_allowed_pairs(operators: dict[str, Any]) -> None:
    assert read_policy(policy(**operators)) == policy(**operators)


@pytest.mark.parametrize(
    "claim",
    [
        {KIND: []},
        {KIND: {"p": []}},
        policy(add="a"),
        policy(one_of=[]),
        policy(one_of="a"),
        policy(subset_of=[None]),
        policy(superset_of={}),
        policy(essential=1),
        policy(default=None),
    ],
)
def test_malformed(claim: dict[str, Any]) -> None:
    with pytest.raises(YitongError) as caught:
        read_policy(claim)
    assert caught.value.code == "federation.policy-malformed"


@pytest.mark.parametrize(
    ("upper", "lower", "merged"),
    [
        ({"value": 1}, {"value": 1}, {"value": 1}),
        ({"default": ["a"]}, {"default": ["a"]}, {"default": ["a"]}),
        ({"add": ["a", "b"]}, {"add": ["b", "c"]}, {"add": ["a", "b", "c"]}),
        ({"superset_of": ["a"]}, {"superset_of": ["b"]}, {"superset_of": ["a", "b"]}),
        ({"one_of": ["a", "b"]}, {"one_of": ["b", "c"]}, {"one_of": ["b"]}),
        ({"subset_of": ["a"]}, {"subset_of": ["b"]}, {"subset_of": []}),
        ({"essential": True}, {"essential": False}, {"essential": True}),
        ({"essential": False}, {"essential": True}, {"essential": True}),
        ({"one_of": ["a"]}, {"default": "a"}, {"one_of": ["a"], "default": "a"}),
    ],
)
def test_merges(upper: dict[str, Any], lower: dict[str, Any], merged: dict[str, Any]) -> None:
    assert merge_policy(read_policy(policy(**upper)), read_policy(policy(**lower))) == policy(**merged)


@pytest.mark.parametrize(
    ("upper", "lower", "operator"),
    [
        ({"value": "a"}, {"value": "b"}, "value"),
        ({"value": 1}, {"value": True}, "value"),
        ({"value": None}, {"value": "a"}, "value"),
        ({"default": "a"}, {"default": "b"}, "default"),
        ({"one_of": ["a"]}, {"one_of": ["b"]}, "one_of"),
    ],
)
def test_merges_that_conflict(upper: dict[str, Any], lower: dict[str, Any], operator: str) -> None:
    with pytest.raises(YitongError) as caught:
        merge_policy(read_policy(policy(**upper)), read_policy(policy(**lower)), "below")
    assert (caught.value.code, caught.value.where) == ("federation.policy-merge", "below")
    assert caught.value.params["operator"] == operator


def test_a_lower_policy_adds_types_and_parameters_and_changes_nothing_given() -> None:
    upper, lower = (
        read_policy({"a": {"p": {"essential": True}}}),
        read_policy({"a": {"q": {"value": 1}}, "b": {"r": {"add": []}}}),
    )
    merged = merge_policy(upper, lower)
    assert merged == {"a": {"p": {"essential": True}, "q": {"value": 1}}, "b": {"r": {"add": []}}}
    assert upper == {"a": {"p": {"essential": True}}}


def test_policy_makes_no_entity_type() -> None:
    assert apply_policy(read_policy(policy(value="x")), {"other": {"p": "y"}}) == {"other": {"p": "y"}}


def test_scope_is_a_string_treated_as_a_list() -> None:
    assert applied({"subset_of": ["openid", "email"]}, "openid phone email", "scope") == "openid email"
    assert applied({"default": "openid"}, MISSING, "scope") == "openid"
    assert applied({"superset_of": ["openid"], "value": "email openid"}, "x", "scope") == "email openid"


def test_the_example_of_the_specification() -> None:
    """The shape of §6.1.5, with our own values: two superiors narrow and add, the leaf ends up with both."""
    anchor = read_policy(
        {
            KIND: {
                "grants": {"default": ["code"], "subset_of": ["code", "refresh"], "superset_of": ["code"]},
                "method": {"one_of": ["key", "tls"], "essential": True},
                "contacts": {"add": ["help@region.example"]},
            }
        }
    )
    below = read_policy(
        {
            KIND: {
                "grants": {"subset_of": ["code"]},
                "method": {"one_of": ["tls"]},
                "contacts": {"add": ["help@anhui.example"]},
            }
        }
    )
    found = apply_policy(merge_policy(anchor, below), {KIND: {"method": "tls", "contacts": ["me@leaf.example"]}})
    assert found[KIND] == {
        "grants": ["code"],
        "method": "tls",
        "contacts": ["me@leaf.example", "help@region.example", "help@anhui.example"],
    }
