"""The parts under the flow of a case: papers, numbers, references, requests, and taking back what was turned away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from example_case import AUTHORITY, CLOCK, SERVICE, WINDOW_ID, application, do, forwarded, handed_over, moment
from yitong.cases.application import read_application
from yitong.cases.commands import Actor
from yitong.cases.decide import possible
from yitong.cases.register import CASES, Asked, CaseFile, Receipt
from yitong.digest import b64url, sha256_b64
from yitong.errors import YitongError
from yitong.flows.case_papers import MAX_BYTES, Paper, attach, read_document
from yitong.flows.case_requests import answered
from yitong.flows.identity import check_number, is_reference_of, reference_of
from yitong.flows.lodge_case import case_id_of
from yitong.flows.members import node_of, stands_under
from yitong.ids import make_resident_id, make_uscc

NODE = "http://127.0.0.1:7402"
NOW = datetime(2026, 2, 12, 1, tzinfo=UTC)
NODE_ACTOR = Actor("system", WINDOW_ID, "node")


def refusal(action: Any, *values: Any) -> str:
    with pytest.raises(YitongError) as refused:
        action(*values)
    return refused.value.code


def test_a_window_takes_back_what_was_turned_away() -> None:
    case = do(forwarded(), "take_back", NODE_ACTOR, moment("2026-02-10"), code="case.already-lodged")
    assert (case.state, case.authority, case.forwarded_at, len(case.materials)) == ("returned_at_window", "", None, 4)


@pytest.mark.parametrize("actor", [CLOCK, AUTHORITY, Actor("window", WINDOW_ID, "officer-a")])
def test_nobody_else_takes_it_back(actor: Actor) -> None:
    with pytest.raises(YitongError) as refused:
        do(forwarded(), "take_back", actor, moment("2026-02-10"), code="case.already-lodged")
    assert refused.value.code in {"case.wrong-actor", "case.not-writer"}


def test_what_an_authority_has_signed_for_is_not_taken_back() -> None:
    with pytest.raises(YitongError) as refused:
        do(handed_over(), "take_back", NODE_ACTOR, moment("2026-02-11"), code="case.already-lodged")
    assert refused.value.code == "case.state"


def test_what_each_could_do_now() -> None:
    assert possible(handed_over(), "applicant") == ("withdraw",)
    assert set(possible(handed_over(), "authority")) == {
        "request_supplement", "accept", "not_competent", "refuse_acceptance", "terminate"
    }  # fmt: skip


def test_a_paper_is_known_by_the_hash_of_its_bytes() -> None:
    attachments, documents = attach("case-1", [Paper("safety-rules", "rules.pdf", "application/pdf", b64url(b"rules"))])
    assert (attachments[0]["sha256"], attachments[0]["size_bytes"]) == (sha256_b64(b"rules"), 5)
    body = {"case_id": "case-1", "sha256": sha256_b64(b"rules"), "media_type": "application/pdf", "content": b64url(b"rules")}
    assert read_document(body) == documents[0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("cnVsZXM=", "case.document-wrong"),
        ("not base64", "case.document-wrong"),
        (b64url(bytes(MAX_BYTES + 1)), "case.document-too-large"),
    ],
)
def test_a_paper_that_cannot_be_passed_on_is_refused(content: str, code: str) -> None:
    assert refusal(attach, "case-1", [Paper("safety-rules", "rules.pdf", "application/pdf", content)]) == code


@pytest.mark.parametrize(
    "change", [{"sha256": "A" * 43}, {"content": ""}, {"case_id": 1}, {"friend": "x"}, {"media_type": None}]
)
def test_a_paper_in_a_message_is_what_its_hash_says(change: dict[str, Any]) -> None:
    body = {"case_id": "case-1", "sha256": sha256_b64(b"rules"), "media_type": "application/pdf", "content": b64url(b"rules")}
    assert refusal(read_document, body | change) == "case.document-wrong"


def test_institutions_stand_under_the_node_that_their_id_begins_with() -> None:
    assert node_of(f"{NODE}/institutions/chongming-market") == NODE
    assert stands_under(f"{NODE}/institutions/chongming-market", NODE)
    assert not stands_under(f"{NODE}0/institutions/chongming-market", NODE)
    assert not stands_under("/institutions/chongming-market", "")


def test_a_reference_belongs_to_the_node_that_gave_it() -> None:
    assert is_reference_of(reference_of(NODE, "li"), NODE)
    assert not is_reference_of(reference_of(NODE, "li"), NODE + "0")
    assert not is_reference_of(f"{NODE}/people/", NODE)
    assert not is_reference_of("/people/li", "")


def test_a_case_is_its_applicants_own() -> None:
    ids = {case_id_of(node, account, key) for node in ("a", "b") for account in ("c", "d") for key in ("e", "f")}
    assert len(ids) == 8
    assert case_id_of("a", "c", "e") == case_id_of("a", "c", "e")


def number_refused(number: str, **applicant: str) -> str:
    value = application()
    value["applicant"] |= applicant
    return refusal(check_number, read_application(value), number, SERVICE)


def test_the_number_is_the_applicants_own_and_right() -> None:
    code = application()["answers"]["operator_code"]
    check_number(read_application(application()), code, SERVICE)
    assert number_refused(code[:17] + ("A" if code[17] != "A" else "B")) == "id.uscc-check"
    assert number_refused(make_uscc("91340100", "MA2EXAM1")) == "case.answer-wrong"
    resident = make_resident_id("320681", date(1980, 1, 1), 1)
    assert number_refused(resident, id_kind="five-star") == "case.applicant-kind"
    assert number_refused(resident[:17] + ("0" if resident[17] != "0" else "1"), id_kind="resident-id") == "id.resident-check"


FILE = CaseFile(
    "case-1", SERVICE.id, "ref", "li", "n", "w", "a", "accepted", NOW, NOW, receipt=Receipt("1", "2026-02-12", "o", "i")
)


def test_only_who_was_asked_answers() -> None:
    file = replace(FILE, asked=(Asked("msg-1", "withdraw", NODE, NOW), Asked("msg-2", "supply", NODE, NOW)))
    done = answered(file, "msg-2", NODE, "case.supplement-late")
    assert [(asked.state, asked.code) for asked in done.asked] == [("waiting", ""), ("refused", "case.supplement-late")]
    assert answered(file, "msg-1", NODE, "").asked[0].state == "done"
    assert refusal(answered, file, "msg-3", NODE, "") == "case.unasked"
    assert refusal(answered, file, "msg-1", "http://elsewhere", "") == "case.unasked"


def test_a_file_is_found_by_who_has_to_do_with_it() -> None:
    found = {name: read(FILE) for name, read in CASES.indexes.items()}
    assert found == {"applicant": "ref", "window_id": "w", "authority_id": "a", "state": "accepted"}
    assert CASES.indexes["authority_id"](replace(FILE, authority="")) is None
