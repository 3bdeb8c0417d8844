"""What a service must be, and what an application to it must bring."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from example_case import AUTHORITY_ID, JIANGSU, SERVICE, SHANGHAI, UNPLACED, WINDOW_ID, ZHEJIANG, application, paper
from yitong.cases.application import check_application, read_application
from yitong.cases.deadline import Rule
from yitong.cases.service import FormField, Option, check_service, placed
from yitong.errors import Text, YitongError

NAME = Text("示例", "Example")


def refusal(application_json: dict[str, Any]) -> YitongError:
    with pytest.raises(YitongError) as refused:
        check_application(read_application(application_json), SERVICE)
    return refused.value


def answers(**changes: Any) -> dict[str, Any]:
    return application(answers={**application()["answers"], **changes})


def materials(*papers: dict[str, Any]) -> dict[str, Any]:
    return application(materials=[*application()["materials"], *papers])


def test_a_whole_application_is_taken_and_survives_json() -> None:
    read = read_application(application())
    check_application(read, SERVICE)
    assert read.to_json() == application()
    assert read_application(read.to_json()) == read


def test_everything_missing_is_named_at_once() -> None:
    bare = application(
        answers={"operator_name": "合肥示例餐饮有限公司", "premises_address": "  "}, materials=[paper("safety-rules")]
    )
    refused = refusal(bare)
    assert refused.code == "case.incomplete"
    assert refused.params["missing"] == (
        "operator_code, legal_representative, premises_address, business_type, business_items, "
        "application-form, business-licence, premises-layout"
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"favourite_colour": "red"}, "case.answer-unknown"),
        ({"operator_name": "x" * 101}, "case.answer-wrong"),
        ({"operator_name": "a\x00b"}, "case.answer-wrong"),
        ({"operator_name": 77}, "case.answer-wrong"),
        ({"operator_code": "91340100MA2EXAM00X"}, "id.uscc-check"),
        ({"operator_code": "91340100"}, "id.uscc-shape"),
        ({"business_type": "smuggling"}, "case.answer-wrong"),
        ({"business_items": "hot-food"}, "case.answer-wrong"),
        ({"business_items": ["hot-food", "hot-food"]}, "case.answer-wrong"),
        ({"business_items": ["hot-food", 3]}, "case.answer-wrong"),
        ({"premises_area_m2": 1000001}, "case.answer-wrong"),
        ({"premises_area_m2": True}, "case.answer-wrong"),
        ({"premises_area_m2": 12.5}, "case.answer-wrong"),
        ({"opens_on": "2026-02-30"}, "case.answer-wrong"),
        ({"opens_on": "20260301"}, "case.answer-wrong"),
        ({"online_trade": "yes"}, "case.answer-wrong"),
    ],
)
def test_answers_are_checked(changes: dict[str, Any], code: str) -> None:
    refused = refusal(answers(**changes))
    assert refused.code == code
    assert str(next(iter(changes.values()))) not in str(refused)  # what was answered never reaches an error


def test_good_optional_answers_are_taken() -> None:
    good = answers(premises_area_m2=80, opens_on="2026-05-01", online_trade=False, premises_address="示例路1号\n2楼")
    check_application(read_application(good), SERVICE)
    rare = answers(legal_representative="示\U00020bb7\ue000")  # rare characters, one from a private-use area
    check_application(read_application(rare), SERVICE)


def test_a_person_number_is_checked_where_the_form_asks_for_one() -> None:
    asking = replace(SERVICE, form=(*SERVICE.form, FormField("agent_number", NAME, "person-number", required=False)))
    check_application(read_application(answers(agent_number="34052419800101001X")), asking)
    with pytest.raises(YitongError) as refused:
        check_application(read_application(answers(agent_number="340524198001010011")), asking)
    assert refused.value.code == "id.resident-check"


@pytest.mark.parametrize(
    ("attached", "code"),
    [
        (paper("horoscope"), "case.material-unknown"),
        (paper("proxy-authorisation", size_bytes=0), "case.material-empty"),
        (paper("proxy-authorisation", size_bytes=20_000_001), "case.material-too-large"),
        (paper("proxy-authorisation", "application/zip"), "case.material-type"),
        (paper("safety-rules"), "case.material-twice"),
        (paper("proxy-authorisation", file_name="../../etc/passwd"), "case.material-name"),
        (paper("proxy-authorisation", file_name=".."), "case.material-name"),
        (paper("proxy-authorisation", file_name="a\\b.pdf"), "case.material-name"),
        (paper("proxy-authorisation", file_name="x\u202efdp.exe"), "case.material-name"),
        (paper("proxy-authorisation", file_name="x" * 256), "case.material-name"),
    ],
)
def test_materials_are_checked(attached: dict[str, Any], code: str) -> None:
    assert refusal(materials(attached)).code == code


def test_two_different_files_of_one_material_are_taken() -> None:
    check_application(read_application(materials(paper("safety-rules", content=b"page 2"))), SERVICE)


@pytest.mark.parametrize(
    "changes",
    [
        {"extra": 1},
        {"answers": []},
        {"service_version": "1"},
        {"applicant": {"reference": "applicant-1", "name": "示例"}},
        {"applicant": {"reference": "", "name": "示例", "id_kind": "uscc"}},
        {"materials": [{"material_id": "safety-rules"}]},
        {"materials": [paper("safety-rules", sha256="short")]},
        {"materials": [paper("safety-rules", size_bytes=-1)]},
        {"materials": [paper("safety-rules", colour="red")]},
    ],
)
def test_applications_are_read_strictly(changes: dict[str, Any]) -> None:
    with pytest.raises(YitongError) as refused:
        read_application(application(**changes))
    assert refused.value.code == "case.wrong-application"


def test_another_version_and_another_kind_of_applicant_are_refused() -> None:
    assert refusal(application(service_version=2)).code == "case.wrong-service"
    person = {"reference": "applicant-1", "name": "示例人", "id_kind": "resident-id"}
    assert refusal(application(applicant=person)).code == "case.applicant-kind"


def test_placing_a_service_gives_its_institutions_their_entity_ids() -> None:
    assert UNPLACED.authority.entity_id == "chongming-market"
    assert (SERVICE.authority.entity_id, SERVICE.windows[0].entity_id) == (AUTHORITY_ID, WINDOW_ID)
    with pytest.raises(YitongError) as refused:
        placed(UNPLACED, {"310000": SHANGHAI})
    assert (refused.value.code, refused.value.params["jurisdiction"]) == ("service.no-node", "320000")
    assert placed(UNPLACED, {"310000": SHANGHAI, "320000": JIANGSU, "330000": ZHEJIANG}) == SERVICE


def deadlines(**changes: Any) -> dict[str, Any]:
    return {"deadlines": replace(SERVICE.deadlines, **changes)}


FIRST = SERVICE.materials[0]
LICENCE = SERVICE.materials[1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        (deadlines(promised=Rule("accepted", 21)), "service.promise-too-long"),
        (deadlines(promised=Rule("accepted", 5, "calendar-day")), "service.promise-too-long"),
        (deadlines(promised=Rule("accepted", 5, calendar="other")), "service.promise-too-long"),
        (deadlines(promised=None), "service.no-clock"),
        (deadlines(promised=Rule("received", 5)), "service.wrong-value"),
        (deadlines(statutory=Rule("submitted", 20)), "service.wrong-value"),
        (deadlines(statutory=Rule("accepted", 20, "hour")), "service.wrong-value"),
        (deadlines(admission=Rule("received", 5)), "service.wrong-value"),
        (deadlines(admission=Rule("handed_over", 5, "hour")), "service.wrong-value"),
        ({"implementation_code": "11310151MB28559184EXAMPLE000001"}, "id.uscc-check"),
        ({"implementation_code": "11310151MBEX000149EXAMPLE00001"}, "service.wrong-code"),
        ({"implementation_code": "11310151MBEX000149example000001"}, "service.wrong-code"),
        ({"basic_code": "1"}, "service.wrong-code"),
        ({"materials": (FIRST, FIRST)}, "service.twice"),
        ({"materials": (replace(FIRST, origin="licence"),)}, "service.material-origin"),
        ({"materials": (replace(FIRST, licence_kind="business-licence"),)}, "service.material-origin"),
        ({"materials": (replace(LICENCE, licence_kind=""),)}, "service.material-origin"),
        ({"materials": (replace(FIRST, origin="applicant, data-sharing"),)}, "service.material-origin"),
        ({"materials": (replace(FIRST, necessity="perhaps"),)}, "service.wrong-value"),
        ({"materials": (replace(FIRST, max_bytes=0),)}, "service.wrong-value"),
        ({"materials": (replace(FIRST, id="Not A Name"),)}, "service.wrong-value"),
        ({"form": (SERVICE.form[0], SERVICE.form[0])}, "service.twice"),
        ({"form": (FormField("x", NAME, "choice"),)}, "service.wrong-value"),
        ({"form": (FormField("x", NAME, "text", options=(Option("a", NAME),)),)}, "service.wrong-value"),
        ({"form": (FormField("x", NAME, "choice", options=(Option("a", NAME), Option("a", NAME))),)}, "service.wrong-value"),
        ({"form": (FormField("x", NAME, "integer", minimum=2, maximum=1),)}, "service.wrong-value"),
        ({"id": "Food Permit"}, "service.wrong-value"),
        ({"version": 0}, "service.wrong-value"),
        ({"windows": ()}, "service.wrong-value"),
        ({"applicants": ("passport",)}, "service.wrong-value"),
        ({"legal_basis": ()}, "service.wrong-value"),
        ({"remedies": ()}, "service.wrong-value"),
        ({"mode": "by-pigeon"}, "service.wrong-value"),
        ({"handling": "someday"}, "service.wrong-value"),
        ({"fees_fen": -1}, "service.wrong-value"),
    ],
)
def test_a_service_that_cannot_be_run_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(YitongError) as refused:
        check_service(replace(UNPLACED, **changes))
    assert refused.value.code == code
    assert refused.value.where.startswith(changes.get("id", UNPLACED.id))


def test_the_promise_may_be_as_long_as_the_law_allows() -> None:
    check_service(replace(UNPLACED, **deadlines(promised=Rule("accepted", 20))))
    check_service(replace(UNPLACED, handling="on-the-spot", **deadlines(promised=None)))
