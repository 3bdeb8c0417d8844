"""Under which reference an applicant stands in a case, and by which number they go."""

from __future__ import annotations

from yitong.cases.application import Application
from yitong.cases.service import Service
from yitong.errors import YitongError
from yitong.ids import read_person_number, read_uscc

_PEOPLE = "/people/"


def reference_of(node: str, account_id: str) -> str:
    """The reference of an account of ``node``: no other node gives out the same one, and only this one can resolve it."""
    return f"{node}{_PEOPLE}{account_id}"


def is_reference_of(reference: str, node: str) -> bool:
    """Whether ``node`` gave out the reference."""
    return bool(node) and reference.startswith(node + _PEOPLE) and len(reference) > len(node + _PEOPLE)


def check_number(application: Application, number: str, service: Service) -> None:
    """The applicant's number is of the kind stated, with a right check character, and the form does not say another.

    Raises an ``id.…`` code, ``case.applicant-kind`` or ``case.answer-wrong``.
    """
    id_kind = application.applicant.id_kind
    if id_kind == "uscc":
        read_uscc(number, "/applicant/number")
    elif not read_person_number(number, "/applicant/number").kind.startswith(
        "five-star" if id_kind == "five-star" else "resident"
    ):
        raise YitongError("case.applicant-kind", "/applicant/id_kind")
    asked = [field.id for field in service.form if field.kind == ("uscc" if id_kind == "uscc" else "person-number")]
    if len(asked) == 1 and application.answers.get(asked[0], number) != number:  # asked once, it is the applicant's own
        raise YitongError("case.answer-wrong", f"/answers/{asked[0]}", field=asked[0])
