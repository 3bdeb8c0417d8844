"""Whatever byte of a valid chain is changed, the chain is refused; whatever order it is put in, too."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from federation_example import ANCHOR, KEYS, NOW, Federation
from yitong.errors import YitongError
from yitong.specs.federation_policy import apply_policy, merge_policy, read_policy
from yitong.trust.chain import verify_chain

GOOD = Federation().texts
WORDS = st.lists(st.sampled_from("abcd"), unique=True)
LISTS = ("add", "subset_of", "superset_of", "default", "value")
OPERATORS = st.fixed_dictionaries({}, optional=dict.fromkeys(LISTS, WORDS) | {"essential": st.booleans()})


def verify(texts: list[str]) -> None:
    verify_chain(texts, ANCHOR, KEYS["anchor"].jwks, NOW)


@settings(max_examples=400, deadline=None)
@given(data=st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1), "statement")
    at = data.draw(st.integers(0, len(GOOD[place]) - 1), "position")
    other = data.draw(st.characters(min_codepoint=0, max_codepoint=255).filter(lambda c: c != GOOD[place][at]), "character")
    texts = list(GOOD)
    texts[place] = texts[place][:at] + other + texts[place][at + 1 :]
    with pytest.raises(YitongError):
        verify(texts)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_statement_cut_or_lengthened_is_refused(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1), "statement")
    end = data.draw(st.integers(0, len(GOOD[place]) - 1), "end")
    for text in (GOOD[place][:end], GOOD[place] + data.draw(st.text(min_size=1, max_size=4), "tail")):
        texts = list(GOOD)
        texts[place] = text
        with pytest.raises(YitongError):
            verify(texts)


@settings(max_examples=100, deadline=None)
@given(order=st.lists(st.integers(0, 3), max_size=9).filter(lambda order: order != [0, 1, 2, 3]))
def test_any_other_order_is_refused(order: list[int]) -> None:
    with pytest.raises(YitongError):
        verify([GOOD[place] for place in order])


@settings(max_examples=300, deadline=None)
@given(upper=OPERATORS, lower=OPERATORS, value=st.none() | WORDS)
def test_a_lower_policy_never_loosens(upper: dict[str, Any], lower: dict[str, Any], value: list[str] | None) -> None:
    """What passes both policies merged also satisfies every check of the higher one."""
    metadata = {"t": {} if value is None else {"p": value}}
    try:
        merged = merge_policy(read_policy({"t": {"p": upper}}), read_policy({"t": {"p": lower}}))
        found = apply_policy(merged, metadata)["t"].get("p")
    except YitongError:
        return
    if found is None:
        assert not upper.get("essential", False)
        assert "value" not in upper
        return
    assert set(found) <= set(upper.get("subset_of", found))
    assert set(found) >= set(upper.get("superset_of", []))
    assert set(found) >= set(upper.get("add", []))
    assert found == upper.get("value", found)
