"""Checks at a counter under attack: answers to another question, two answers at once, a process that dies judging."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from region.simulate import Simulation, make_region
from yitong.credentials.register import LICENCES, PRESENTATIONS, Presentation
from yitong.credentials.status import LicenceState
from yitong.errors import YitongError
from yitong.flows import issue_licence, verify_licence
from yitong.flows.context import Context
from yitong.specs.oid4vp import Answer


@pytest.fixture
async def region(tmp_path: Path) -> Simulation:
    return await make_region(tmp_path)


@pytest.fixture
def shanghai(region: Simulation) -> Context:
    return region.nodes["shanghai"].context


async def begun(context: Context) -> Presentation:
    office = context.institution("chongming-market")
    made, _ = await verify_licence.ask(context, office, "officer", "business-licence", ("uscc",), "counter-check")
    return made


async def kept(context: Context, asked: Presentation) -> Presentation:
    async with context.store.begin() as unit:
        found: Presentation | None = await unit.shelf(PRESENTATIONS).get(asked.id)
    assert found is not None
    return found


@pytest.mark.parametrize("presentations", [{}, {"other": ("x",)}, {"licence": ()}, {"licence": ("x", "y")}])
async def test_an_answer_to_another_question_has_a_verdict(
    shanghai: Context, presentations: dict[str, tuple[str, ...]]
) -> None:
    asked = await begun(shanghai)
    await verify_licence.receive(shanghai, asked.id, Answer(asked.state, presentations))
    verdict = (await kept(shanghai, asked)).verdict
    assert (verdict["reason"], verdict["claims"]) == ("answer-incomplete", {})


async def test_of_two_answers_at_once_one_counts(shanghai: Context) -> None:
    asked = await begun(shanghai)
    answers = [verify_licence.receive(shanghai, asked.id, Answer(asked.state, {"licence": ("x",)})) for _ in range(5)]
    found = await asyncio.gather(*answers, return_exceptions=True)
    codes = [answer.code for answer in found if isinstance(answer, YitongError)]
    assert codes == ["presentation.answered"] * 4


async def test_a_check_whose_judging_was_cut_off_can_be_answered_again(
    shanghai: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, judging = await begun(shanghai), verify_licence.check

    async def cut_off(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(verify_licence, "check", cut_off)
    with pytest.raises(asyncio.CancelledError):
        await verify_licence.receive(shanghai, asked.id, Answer(asked.state, {"licence": ("x",)}))
    assert (await kept(shanghai, asked)).answered_at is None
    monkeypatch.setattr(verify_licence, "check", judging)
    await verify_licence.receive(shanghai, asked.id, Answer(asked.state, {"licence": ("x",)}))
    assert (await kept(shanghai, asked)).verdict["answer"] == "no"


async def test_a_new_version_does_not_forget_what_happened_to_the_old_one_meanwhile(region: Simulation) -> None:
    context = region.nodes["anhui"].context
    office = context.institution("hefei-registry")
    claims = {
        "enterprise_name": "示例", "uscc": "91340100MA01000013", "legal_representative": "示例", "enterprise_type": "示例",
        "registered_capital_fen": 1, "address": "示例", "region": "340104", "business_scope": ["示例"],
        "established_on": "2020-03-26", "registration_authority": "示例",
    }  # fmt: skip
    from yitong.ids import make_uscc

    claims["uscc"] = make_uscc("91340100", "MA010001")
    async with context.transaction() as unit:
        first, _ = await issue_licence.record_licence(context, unit, office, "business-licence", "e", claims)
    async with context.transaction() as unit:
        shelf = unit.shelf(LICENCES)
        stale = await shelf.find(subject_id="e")
        await issue_licence._change(
            context, unit, first, LicenceState.SUSPENDED, "under-investigation", "x", context.clock.now(), "officer"
        )

        class Late:
            """The register as a transaction sees it that looked before the suspension was committed."""

            def __getattr__(self, name: str) -> object:
                return getattr(shelf, name)

            async def find(self, **_: object) -> object:
                return stale

        class View:
            def __getattr__(self, name: str) -> object:
                return getattr(unit, name)

            def shelf(self, noun: object) -> object:
                return Late() if noun is LICENCES else unit.shelf(noun)

        with pytest.raises(YitongError) as caught:
            await issue_licence.record_licence(context, View(), office, "business-licence", "e", claims)
        assert caught.value.code == "licence.not-valid"
        old = await shelf.get(first.id)
    assert [change.to_state for change in old.history] == [LicenceState.SUSPENDED]
