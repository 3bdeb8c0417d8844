"""Story two between real nodes in one process: a case lodged in Jiangsu is decided in Shanghai."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from region.simulate import Simulation, Weather, make_region
from region.wiring_case import DECISION, People, answers, application, enterprise, moment, paper
from yitong.cases.register import DOCUMENTS
from yitong.cases.result import mod_11_10
from yitong.clock import read_moment
from yitong.errors import YitongError
from yitong.flows import lodge_case
from yitong.flows.case_views import case_for, document_for, office_cases, own_cases
from yitong.flows.lodge_case import Wish
from yitong.people.account import LOOKS
from yitong.specs import jose
from yitong.specs.sd_jwt_vc import issuer_of


@pytest.fixture
async def people(tmp_path: Path) -> People:
    return People(await make_region(tmp_path))


async def refusal(action: Any) -> str:
    with pytest.raises(YitongError) as refused:
        await action
    return refused.value.code


def refused_by(region: Simulation, node: str) -> list[str]:
    """The codes with which other nodes refused messages of ``node``."""
    claims = [jose.parse(text).claims() for receiver, text in region.carried if receiver == node]
    return [claim["body"]["code"] for claim in claims if claim["type"] == "peer.refused"]


async def documents(people: People, node: str, case_id: str) -> int:
    async with people.context(node).store.begin() as unit:
        return len(await unit.shelf(DOCUMENTS).find(case_id=case_id))


async def granted(people: People, code: str = enterprise(1)) -> str:
    case_id = await people.accepted(application(code))
    await people.at_authority(case_id, "start_review")
    await people.at_authority(case_id, "grant", DECISION)
    await people.region.settle()
    return case_id


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
    stripped = [replace_institution(row) for row in config.institutions]
    region.configs["shanghai"] = replace_config(config, stripped)
    await people.at_authority(case_id, "sign_for")
    region.restart("shanghai")  # from now on its jurisdiction no longer states that it decides
    region.restart("jiangsu")  # and Jiangsu has to ask for the chain anew
    await region.settle()
    assert refused_by(region, "shanghai") == ["case.not-decided-there"]
    assert (await people.seen("jiangsu", case_id)).case.state == "forwarded"
    assert await refusal(people.at_authority(case_id, "accept")) == "case.not-competent"


def replace_institution(row: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(row, decides=[]) if row.id == "chongming-market" else row


def replace_config(config: Any, institutions: list[Any]) -> Any:
    import msgspec

    return msgspec.structs.replace(config, institutions=institutions)


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
