"""Story two between real nodes in one process: a case lodged in Jiangsu is decided in Shanghai."""

from __future__ import annotations

from pathlib import Path

import pytest

from region.simulate import Weather, make_region
from region.wiring_case import (
    DECISION,
    People,
    answers,
    application,
    documents,
    enterprise,
    granted,
    moment,
    paper,
    refusal,
)
from yitong.cases.result import mod_11_10
from yitong.clock import read_moment
from yitong.flows import lodge_case
from yitong.flows.case_views import case_for, document_for, office_cases, own_cases
from yitong.people.account import LOOKS
from yitong.specs.sd_jwt_vc import issuer_of


@pytest.fixture
async def people(tmp_path: Path) -> People:
    return People(await make_region(tmp_path))


async def test_received_in_jiangsu_decided_in_shanghai_taken_up_by_a_wallet(people: People) -> None:
    case_id = await people.lodge(application(enterprise(1)))
    await people.at_window(case_id, "receive", identity="identity-card")
    at_window = await people.seen("jiangsu", case_id)
    assert at_window.file.receipt is not None
    assert at_window.file.receipt.number == "qidong-window-20260212-0001"
    assert (at_window.case.state, at_window.case.acceptance) == ("received", None)  # received is not accepted
    await people.at_window(case_id, "forward")
    await people.region.settle()
    await people.at_authority(case_id, "sign_for")
    await people.at_authority(case_id, "accept")
    await people.region.settle()

    acceptance = (await people.seen("jiangsu", case_id)).case.acceptance
    assert acceptance is not None
    assert acceptance.promised is not None
    assert (acceptance.day.isoformat(), acceptance.statutory.day.isoformat()) == ("2026-02-12", "2026-03-18")
    assert acceptance.promised.day.isoformat() == "2026-03-04"
    assert "Spring Festival 15-23 Feb not counted" in acceptance.statutory.explanation.en
    assert "2月14日、2月28日调休上班计入" in acceptance.statutory.explanation.zh

    await people.at_authority(case_id, "start_review")
    await people.at_authority(case_id, "grant", DECISION)
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert (seen.case.state, bool(seen.file.offer)) == ("produced", True)
    credential = await people.take(seen.file.offer)
    await people.region.settle()

    both = [await people.seen(node, case_id) for node in ("jiangsu", "shanghai")]
    assert [view.case.state for view in both] == ["closed", "closed"]
    assert [view.case.ended_as for view in both] == ["delivered", "delivered"]
    assert both[0].events == both[1].events
    assert both[1].file.offer == ""  # the offer is the applicant's alone
    claims = (await people.licences(case_id))[0].claims
    number = claims["permit_number"]
    assert number == "JY2310151000001" + mod_11_10("2310151000001")
    assert (claims["uscc"], claims["items"], claims["valid_to"]) == (enterprise(1), ["热食类食品制售"], "2031-02-11")
    assert issuer_of(credential)[0] == both[1].file.authority


async def test_the_decision_reaches_the_resident_with_its_document(people: People) -> None:
    case_id = await granted(people)
    decision = (await people.seen("jiangsu", case_id)).case.decision
    assert decision is not None
    found = await document_for(people.context("jiangsu"), await people.resident(), case_id, decision.evidence[0])
    assert found.content == DECISION.content


async def test_asked_twice_an_application_is_lodged_once(people: People) -> None:
    first, second = [await people.lodge(application(enterprise(1))) for _ in range(2)]
    assert first == second
    other = application(enterprise(1), answers=answers(enterprise(1), premises_address="上海市崇明区示例路2号"))
    assert await refusal(people.lodge(other)) == "case.id-reused"
    assert len(await own_cases(people.context("jiangsu"), await people.resident())) == 1


async def test_a_supplement_is_asked_for_once_and_supplied_at_the_window(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(2)))
    await people.at_authority(case_id, "sign_for")
    await people.at_authority(
        case_id, "request_supplement", lacking=["premises-layout", "proxy-authorisation"], note="see art. 12"
    )
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert seen.case.supplement is not None
    assert seen.case.supplement.due.day.isoformat() == "2026-02-26"
    people.region.clock.moment = moment("2026-02-13")
    new = (paper("premises-layout", content=b"%PDF new"), paper("proxy-authorisation"))
    await people.as_resident(case_id, "supply", *new)
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert [(asked.name, asked.state) for asked in seen.file.asked] == [("supply", "done")]
    assert (seen.case.state, len(seen.case.materials)) == ("handed_over", 6)
    assert await documents(people, "shanghai", case_id) == 6
    assert (
        await refusal(people.at_authority(case_id, "request_supplement", lacking=["safety-rules"])) == "case.supplement-twice"
    )
    await people.at_authority(case_id, "accept")
    await people.region.settle()
    acceptance = (await people.seen("jiangsu", case_id)).case.acceptance
    assert acceptance is not None
    assert (acceptance.day.isoformat(), acceptance.deemed) == ("2026-02-13", False)


async def test_an_incomplete_or_late_supplement_is_refused_and_the_resident_is_told_why(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(2)))
    await people.at_authority(case_id, "sign_for")
    await people.at_authority(case_id, "request_supplement", lacking=["premises-layout", "proxy-authorisation"])
    await people.region.settle()
    await people.as_resident(case_id, "supply", paper("premises-layout", content=b"%PDF half"))
    await people.region.settle()
    people.region.clock.moment = moment("2026-02-27")
    await people.region.settle()
    await people.as_resident(case_id, "supply", paper("premises-layout", content=b"%PDF late"), paper("proxy-authorisation"))
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert [(asked.state, asked.code) for asked in seen.file.asked] == [
        ("refused", "case.incomplete"),
        ("refused", "case.supplement-late"),
    ]
    assert seen.case.supplement is not None
    assert seen.case.supplement.overdue is True
    await people.at_authority(case_id, "terminate", reason="supplement-missing")
    await people.region.settle()
    assert (await people.seen("jiangsu", case_id)).case.state == "terminated"


async def test_what_was_handed_in_on_the_last_day_is_not_late_for_travelling(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(2)))
    await people.at_authority(case_id, "sign_for")
    await people.at_authority(case_id, "request_supplement", lacking=["safety-rules"])
    await people.region.settle()
    people.region.clock.moment = moment("2026-02-26", 23)
    await people.as_resident(case_id, "supply", paper("safety-rules", content=b"%PDF new"))
    people.region.clock.moment = moment("2026-02-27", 0)
    while await people.region.nodes["jiangsu"].exchange.deliver_once():
        pass
    while await people.region.nodes["shanghai"].exchange.handle_once():
        pass
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert seen.file.asked[0].state == "done"
    assert seen.case.supplement is not None
    assert seen.case.supplement.supplied_at == read_moment("2026-02-26T23:00:00+08:00")


async def test_a_case_is_withdrawn_before_the_decision_and_makes_room_for_another(people: People) -> None:
    case_id = await people.accepted(application(enterprise(3)))
    await people.as_resident(case_id, "withdraw", reason="the shop will not open")
    await people.as_resident(case_id, "withdraw", reason="asked again while the answer is outstanding")
    await people.region.settle()
    for node in ("jiangsu", "shanghai"):
        assert (await people.seen(node, case_id)).case.state == "withdrawn"
    assert len((await people.seen("jiangsu", case_id)).file.asked) == 1
    assert await refusal(people.at_authority(case_id, "start_review")) == "case.withdrawn"
    again = await people.forwarded(application(enterprise(3), application_id="application-2"))
    assert (await people.seen("shanghai", again)).case.state == "forwarded"


async def test_a_case_that_has_not_left_the_window_is_withdrawn_there(people: People) -> None:
    case_id = await people.lodge(application(enterprise(3)))
    await people.as_resident(case_id, "withdraw")
    assert (await people.seen("jiangsu", case_id)).case.state == "withdrawn"
    assert people.region.carried == []


async def test_withdrawal_after_the_decision_is_refused_with_the_reason(people: People) -> None:
    case_id = await granted(people)
    await people.as_resident(case_id, "withdraw")
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert (seen.case.state, seen.file.asked[0].state, seen.file.asked[0].code) == ("produced", "refused", "case.decided")


@pytest.mark.parametrize("seed", range(4))
async def test_on_a_bad_line_with_nodes_dying_the_story_ends_the_same(tmp_path: Path, seed: int) -> None:
    region = await make_region(tmp_path, seed, Weather(lost=20, receipt_lost=20, twice=20))
    people = People(region)
    case_id = await people.lodge(application(enterprise(7)))
    await people.at_window(case_id, "receive", identity="authorisation")
    await people.at_window(case_id, "forward")
    region.restart("jiangsu")
    await region.settle()
    for name, attached in (("sign_for", ()), ("accept", ()), ("start_review", ()), ("grant", (DECISION,))):
        await people.at_authority(case_id, name, *attached)
        region.restart("shanghai")
        await region.settle()
    seen = await people.seen("jiangsu", case_id)
    await people.take(seen.file.offer)
    region.restart("shanghai")
    await region.settle()
    both = [await people.seen(node, case_id) for node in ("jiangsu", "shanghai")]
    assert [view.case.state for view in both] == ["closed", "closed"]
    assert both[0].events == both[1].events
    assert len(await people.licences(case_id)) == 1


async def test_silence_is_acceptance_and_lateness_is_marked(people: People) -> None:
    case_id = await people.forwarded(application(enterprise(8)))
    people.region.clock.moment = moment("2026-02-14", 9)  # a Saturday that is worked, the day after the one for signing
    await people.region.settle()
    for node in ("jiangsu", "shanghai"):
        assert (await people.seen(node, case_id)).file.overdue == ("sign-for",)
    await people.at_authority(case_id, "sign_for")
    people.region.clock.moment = moment("2026-03-01", 9)
    await people.region.settle()
    acceptance = (await people.seen("jiangsu", case_id)).case.acceptance
    assert acceptance is not None
    assert (acceptance.deemed, acceptance.day.isoformat()) == (True, "2026-02-14")
    people.region.clock.moment = moment("2026-04-01", 9)
    await people.region.settle()
    assert (await people.seen("shanghai", case_id)).file.overdue == ("sign-for", "promised", "statutory")
    await people.at_authority(case_id, "start_review")
    await people.at_authority(case_id, "grant", DECISION)
    await people.region.settle()
    decision = (await people.seen("jiangsu", case_id)).case.decision
    assert decision is not None
    assert decision.late is True


async def test_an_offer_that_ran_out_is_made_again_and_delivery_can_be_confirmed(people: People) -> None:
    case_id = await granted(people)
    first = (await people.seen("jiangsu", case_id)).file.offer
    await people.as_resident(case_id, "renew_offer")
    await people.region.settle()
    seen = await people.seen("jiangsu", case_id)
    assert (seen.file.offer != first, seen.file.asked[0].state) == (True, "done")
    await people.as_resident(case_id, "confirm_delivery")
    await people.region.settle()
    assert (await people.seen("jiangsu", case_id)).case.state == "closed"


async def test_an_officer_enters_an_application_at_the_counter(people: People) -> None:
    resident, officer = await people.resident(), await people.window()
    context = people.context("jiangsu")
    new = application(enterprise(9), for_account=resident.id)
    file = await lodge_case.submit(context, officer, new)
    assert (file.account, file.lodged_by, file.state) == (resident.id, officer.id, "submitted")
    assert [found.id for found in await own_cases(context, resident)] == [file.id]
    assert [found.id for found in await office_cases(context, officer)] == [file.id]
    other = await people.account("jiangsu", "other-resident", "resident", number="")
    assert await refusal(case_for(context, other, file.id)) == "store.not-found"
    assert (await case_for(context, officer, file.id)).wishes == ("receive", "return_at_window", "terminate")
    async with context.store.begin() as unit:
        looks = await unit.shelf(LOOKS).find(subject_id=resident.id)
    assert [(look.looker, look.purpose, look.refused) for look in looks] == [
        ("qidong-window", "case.read", False),
        ("other-resident", "case.read", True),
    ]
