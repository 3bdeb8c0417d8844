"""Metadata policies of OpenID Federation 1.0 (§6.1): checked, merged from the anchor down, applied in order.

A policy maps entity type → parameter → operator → operand. Operators that the specification does not define are
ignored (§6.1.3.2); a statement that calls one critical has been refused when it was read. Values are compared as
JSON, so that ``1``, ``true`` and ``"1"`` are three values; arrays are equal only in the same order.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from yitong.errors import YitongError
from yitong.specs.openid_federation import Metadata

Operators = dict[str, Any]
Policy = dict[str, dict[str, Operators]]
ORDER = ("value", "add", "default", "one_of", "subset_of", "superset_of", "essential")
_LISTS = frozenset({"add", "one_of", "subset_of", "superset_of"})
_ABSENT: Any = object()


def _spelling(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _among(value: Any, values: list[Any]) -> bool:
    return _spelling(value) in {_spelling(one) for one in values}


def _within(values: Any, outer: Any) -> bool:
    """Whether every one of ``values`` is in ``outer``; false when either is no array."""
    return isinstance(values, list) and isinstance(outer, list) and all(_among(one, outer) for one in values)


def _union(first: list[Any], second: list[Any]) -> list[Any]:
    return first + [one for one in second if not _among(one, first)]


def _intersection(first: list[Any], second: list[Any]) -> list[Any]:
    return [one for one in first if _among(one, second)]


def _check_operand(name: str, operand: Any) -> bool:
    """Operand types of §6.1.3.1: only ``value`` may be null, the list operators take arrays, ``essential`` a boolean."""
    if name in _LISTS:
        return isinstance(operand, list) and None not in operand and not (name == "one_of" and not operand)
    if name == "essential":
        return isinstance(operand, bool)
    return operand is not None or name == "value"


def _scope_list(parameter: str, value: Any) -> Any:
    """``scope`` is a string that policies treat as an array (§6.1.3.1.8)."""
    return value.split() if parameter == "scope" and isinstance(value, str) else value


def _forbidden_pair(operators: Operators) -> tuple[str, str] | None:
    """The first pair that the "Combination with other operators" rules of §6.1.3.1 do not allow, if any."""

    def both(first: str, second: str) -> bool:
        return first in operators and second in operators

    value = operators.get("value", _ABSENT)
    rules: tuple[tuple[str, str, Callable[[], bool]], ...] = (
        ("value", "add", lambda: _within(operators["add"], value)),
        ("value", "default", lambda: value is not None),
        ("value", "one_of", lambda: _among(value, operators["one_of"])),
        ("value", "subset_of", lambda: _within(value, operators["subset_of"])),
        ("value", "superset_of", lambda: _within(operators["superset_of"], value)),
        ("value", "essential", lambda: not (value is None and operators["essential"])),
        ("add", "one_of", lambda: False),
        ("add", "subset_of", lambda: _within(operators["add"], operators["subset_of"])),
        ("one_of", "subset_of", lambda: False),
        ("one_of", "superset_of", lambda: False),
        ("subset_of", "superset_of", lambda: _within(operators["superset_of"], operators["subset_of"])),
    )
    for first, second, allowed in rules:
        if both(first, second) and not allowed():
            return first, second
    return None


def _check_pairs(operators: Operators, place: str, where: str) -> None:
    pair = _forbidden_pair(operators)
    if pair is not None:
        raise YitongError("federation.policy-combination", where, parameter=place, first=pair[0], second=pair[1])


def read_policy(claim: dict[str, Any], where: str = "") -> Policy:
    """Check one ``metadata_policy`` claim (§6.1.2); raises ``federation.policy-malformed`` or ``…-combination``."""
    found: Policy = {}
    for entity_type, parameters in claim.items():
        if not isinstance(parameters, dict):
            raise YitongError("federation.policy-malformed", where, parameter=entity_type)
        for parameter, operators in parameters.items():
            place = f"{entity_type}/{parameter}"
            if not isinstance(operators, dict):
                raise YitongError("federation.policy-malformed", where, parameter=place)
            known = {name: _scope_list(parameter, operators[name]) for name in ORDER if name in operators}
            if not all(_check_operand(name, operand) for name, operand in known.items()):
                raise YitongError("federation.policy-malformed", where, parameter=place)
            _check_pairs(known, place, where)
            found.setdefault(entity_type, {})[parameter] = known
    return found


def _merge_operand(name: str, upper: Any, lower: Any) -> Any:
    """One operator of two statements made one; ``_ABSENT`` when the specification forbids the merge."""
    if name in ("add", "superset_of"):
        return _union(upper, lower)
    if name in ("one_of", "subset_of"):
        common = _intersection(upper, lower)
        return _ABSENT if name == "one_of" and not common else common
    if name == "essential":
        return upper or lower
    return upper if _spelling(upper) == _spelling(lower) else _ABSENT


def _merge_operators(upper: Operators, lower: Operators, place: str, where: str) -> Operators:
    merged = dict(upper)
    for name, operand in lower.items():
        merged[name] = _merge_operand(name, upper[name], operand) if name in upper else operand
        if merged[name] is _ABSENT:
            raise YitongError("federation.policy-merge", where, parameter=place, operator=name)
    _check_pairs(merged, place, where)
    return merged


def merge_policy(upper: Policy, lower: Policy, where: str = "") -> Policy:
    """The policy of a superior with that of the next statement below it (§6.1.4.1); ``where`` names who wrote the lower.

    Raises ``federation.policy-merge`` when one operator contradicts itself, ``…-combination`` when two operators do.
    """
    merged = {entity_type: dict(parameters) for entity_type, parameters in upper.items()}
    for entity_type, parameters in lower.items():
        into = merged.setdefault(entity_type, {})
        for parameter, operators in parameters.items():
            above = into.get(parameter, {})
            into[parameter] = _merge_operators(above, operators, f"{entity_type}/{parameter}", where)
    return merged


def _apply_one(name: str, operand: Any, value: Any) -> tuple[Any, bool]:
    """What one operator makes of a parameter (``_ABSENT`` when it is not there), and whether it is satisfied."""
    present = value is not _ABSENT
    if name == "value":
        return (_ABSENT if operand is None else operand), True
    if name == "add":
        return (_union(value, operand), True) if isinstance(value, list) else (operand, not present)
    if name == "default":
        return (value if present else operand), True
    if name == "essential":
        return value, present or not operand
    if not present:
        return value, True
    if name == "one_of":
        return value, not isinstance(value, list | bool) and _among(value, operand)
    if name == "subset_of":
        return (_intersection(value, operand), True) if isinstance(value, list) else (value, False)
    return value, _within(operand, value)


def _apply_parameter(parameter: str, operators: Operators, value: Any, place: str, where: str) -> Any:
    result = _scope_list(parameter, value)
    for name in ORDER:
        if name in operators:
            result, satisfied = _apply_one(name, operators[name], result)
            if not satisfied:
                raise YitongError("federation.policy-violation", where, parameter=place, operator=name)
    return " ".join(map(str, result)) if parameter == "scope" and isinstance(result, list) else result


def apply_policy(policy: Policy, metadata: Metadata, where: str = "") -> Metadata:
    """Metadata after the merged policy (§6.1.4.2); raises ``federation.policy-violation`` naming parameter and operator.

    Entity types that the subject does not have are not made for it.
    """
    found = {entity_type: dict(parameters) for entity_type, parameters in metadata.items()}
    for entity_type, parameters in found.items():
        for parameter, operators in policy.get(entity_type, {}).items():
            value = parameters.get(parameter, _ABSENT)
            result = _apply_parameter(parameter, operators, value, f"{entity_type}/{parameter}", where)
            if result is _ABSENT:
                parameters.pop(parameter, None)
            else:
                parameters[parameter] = result
    return found
