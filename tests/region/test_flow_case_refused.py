"""What nobody may do with a case: lodge it twice, decide without competence, speak for another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from region.simulate import make_region
from region.wiring_case import (
    DECISION,
    People,
    application,
    documents,
    enterprise,
    paper,
    refusal,
    refused_by,
)
from yitong.cases.register import DOCUMENTS
from yitong.flows import lodge_case
from yitong.flows.case_views import case_for, own_cases
from yitong.flows.lodge_case import Wish
from yitong.people.account import LOOKS


@pytest.fixture
async def people(tmp_path: Path) -> People:
    return People(await make_region(tmp_path))


async def test_the_same_application_lodged_twice_at_one_node_is_refused(people: People) -> None:
    await people.lodge(application(enterprise(4)))
    again = application(enterprise(4), application_id="application-2")
    assert await refusal(people.lodge(again)) == "case.already-lodged"


async def test_the_same_application_through_a_window_of_another_province_is_turned_away_and_nothing_is_lost(
    people: People,
) -> None:
    first = await people.accepted(application(enterprise(4)))
    new = application(enterprise(4), "jiashan-window")
    second = await people.forwarded(new, "zhejiang", "jiashan-window")
    seen = await people.seen("zhejiang", second)
    assert (seen.case.state, seen.file.turned_away) == ("returned_at_window", "case.already-lodged")
    assert seen.events[-1].body == {"code": "case.already-lodged"}
    assert (await documents(people, "zhejiang", second), await documents(people, "shanghai", second)) == (4, 0)
    assert await refusal(people.seen("shanghai", second)) == "store.not-found"

    await people.as_resident(first, "withdraw")
    await people.region.settle()
    officer, context = await people.resident("zhejiang"), people.context("zhejiang")
    await lodge_case.command(context, officer, second, Wish("submit", {"answers": dict(new.answers)}, new.papers))
    await people.at_window(second, "receive", "zhejiang", "jiashan-window", identity="identity-card")
    await people.at_window(second, "forward", "zhejiang", "jiashan-window")
    await people.region.settle()
    await people.at_authority(second, "sign_for")
    await people.region.settle()
    seen = await people.seen("zhejiang", second)
    assert (seen.case.state, seen.file.turned_away) == ("handed_over", "")


async def test_an_officer_who_is_not_competent_decides_nothing(people: People) -> None:
    case_id = await people.accepted(application(enterprise(5)))
    await people.at_authority(case_id, "start_review")
    await people.region.settle()
    stranger, shanghai = await people.authority("shanghai-metro"), people.context("shanghai")
    assert (
        await refusal(lodge_case.command(shanghai, stranger, case_id, Wish("grant", {}, (DECISION,)))) == "case.not-competent"
    )
    assert await refusal(case_for(shanghai, stranger, case_id)) == "store.not-found"
    window, jiangsu = await people.window(), people.context("jiangsu")
    assert await refusal(lodge_case.command(jiangsu, window, case_id, Wish("grant", {}, (DECISION,)))) == "case.wrong-actor"
    local = await people.account("jiangsu", "local-authority", "authority", "suzhou-metro")
    assert await refusal(lodge_case.command(jiangsu, local, case_id, Wish("grant", {}, (DECISION,)))) == "case.not-competent"
    assert await refusal(people.as_resident(case_id, "grant", DECISION)) == "case.wrong-actor"
    clerk = await people.account("shanghai", "clerk", "verifier", "chongming-market")
    assert await refusal(lodge_case.command(shanghai, clerk, case_id, Wish("grant", {}, (DECISION,)))) == "store.not-found"
    async with shanghai.store.begin() as unit:
        looks = await unit.shelf(LOOKS).find()
    assert {(look.looker, look.refused) for look in looks} >= {("shanghai-metro", True)}
    assert (await people.seen("shanghai", case_id)).case.state == "in_review"


async def test_events_are_believed_from_the_deciding_authoritys_node_only(people: People) -> None:
    case_id = await people.accepted(application(enterprise(5)))
    await people.at_authority(case_id, "start_review")
    region = people.region
    await region.settle()
    before = await people.seen("jiangsu", case_id)
    rows = [event.to_json() for event in before.events]
    forged = rows[-1] | {"seq": len(rows) + 1, "type": "granted", "body": {"late": False}, "evidence": ["A" * 43]}
    zhejiang = people.context("zhejiang")
    async with zhejiang.transaction() as unit:
        body = {"case_id": case_id, "events": [*rows, forged]}
        await zhejiang.tell(unit, people.context("jiangsu").me.entity_id, "case.events", case_id, body)
    await region.settle()
    assert refused_by(region, "zhejiang") == ["case.not-writer"]
    assert (await people.seen("jiangsu", case_id)).case.state == "in_review"


async def test_an_authority_that_lost_its_competence_is_not_believed(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(5)))
    region = people.region
    config = region.configs["shanghai"]
    rows = [msgspec.structs.replace(row, decides=[]) for row in config.institutions]
    region.configs["shanghai"] = msgspec.structs.replace(config, institutions=rows)
    await people.at_authority(case_id, "sign_for")
    region.restart("shanghai")  # from now on its jurisdiction no longer states that it decides
    region.restart("jiangsu")  # and Jiangsu has to ask for the chain anew
    await region.settle()
    assert refused_by(region, "shanghai") == ["case.not-decided-there"]
    assert (await people.seen("jiangsu", case_id)).case.state == "forwarded"
    assert await refusal(people.at_authority(case_id, "accept")) == "case.not-competent"


async def test_the_authoritys_node_cannot_withdraw_in_the_applicants_name(people: People) -> None:
    case_id = await people.accepted(application(enterprise(6)))
    seen = await people.seen("jiangsu", case_id)
    rows = [event.to_json() for event in seen.events]
    reference = seen.case.applicant.reference
    forged = rows[-1] | {
        "seq": len(rows) + 1,
        "type": "withdrawn",
        "by": reference,
        "actor": reference,
        "body": {},
        "evidence": [],
    }
    changed = [rows[0], rows[1] | {"actor": "someone-else"}, *rows[2:]]
    shanghai = people.context("shanghai")
    for events in ([*rows, forged], changed):
        async with shanghai.transaction() as unit:
            body = {"case_id": case_id, "events": events}
            await shanghai.tell(unit, people.context("jiangsu").me.entity_id, "case.events", case_id, body)
    await people.region.settle()
    assert refused_by(people.region, "shanghai") == ["case.unasked", "case.history-differs"]
    assert (await people.seen("jiangsu", case_id)).case.state == "accepted"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"window": "jiashan-window"}, "case.window-unknown"),
        ({"consent": False}, "case.consent-missing"),
        ({"number": enterprise(1)[:17] + ("0" if enterprise(1)[17] != "0" else "1")}, "id.uscc-check"),
        ({"number": enterprise(2)}, "case.answer-wrong"),
        ({"id_kind": "resident-id"}, "case.not-the-applicant"),
        ({"papers": (paper("application-form"),)}, "case.incomplete"),
        ({"papers": (replace(paper("application-form"), content="%%%"),)}, "case.document-wrong"),
        ({"service_version": 2}, "case.wrong-service"),
        ({"for_account": "someone"}, "access.denied"),
    ],
)
async def test_what_cannot_be_lodged(people: People, changes: dict[str, Any], code: str) -> None:
    assert await refusal(people.lodge(application(enterprise(1), **changes))) == code
    assert await own_cases(people.context("jiangsu"), await people.resident()) == []


async def test_a_case_is_passed_on_only_to_one_who_decides_the_service(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(9)))
    await people.at_authority(case_id, "sign_for")
    metro = people.context("shanghai").institution("shanghai-metro").entity_id
    for to in (metro, "http://127.0.0.1:9999/institutions/nobody"):
        assert await refusal(people.at_authority(case_id, "not_competent", to=to, reason="theirs")) == "case.not-decided-there"


async def test_a_forwarded_case_whose_papers_do_not_arrive_goes_back(people: People) -> None:
    region = people.region
    case_id = await people.lodge(application(enterprise(9)))
    await people.at_window(case_id, "receive", identity="identity-card")
    context = people.context("jiangsu")
    async with context.transaction() as unit:
        for document in (await unit.shelf(DOCUMENTS).find(case_id=case_id))[:1]:
            await unit.shelf(DOCUMENTS).drop(f"{case_id} {document.sha256}")
    await people.at_window(case_id, "forward")
    await region.settle()
    assert (await people.seen("jiangsu", case_id)).file.turned_away == "case.document-missing"
    assert await documents(people, "shanghai", case_id) == 0
