"""Cases for programs: lodging one, reading it, and what applicants, windows and authorities do with it.

One endpoint takes every command. Who is signed in says as whom: the applicant, an officer of the window, an officer of
the authority; the rules of the case and its service say what that one may do now.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import Field

from yitong.cases.case import Case, Due
from yitong.cases.clocks import Timer
from yitong.cases.register import CaseFile
from yitong.clock import write_moment
from yitong.digest import b64url_decode
from yitong.flows.case_papers import Paper
from yitong.flows.case_views import CaseView, case_for, document_for, office_cases, own_cases
from yitong.flows.lodge_case import NewApplication, Wish, command, submit
from yitong.node.build import Node
from yitong.node.web import api_services
from yitong.node.web.access import account_of
from yitong.node.web.api_services import sentence
from yitong.node.web.routes import Body, Routes

MAX_CONTENT = 700_000  # characters of base64url: the largest paper, a little more so that it is refused by its own code


class PaperBody(Body):
    """A file: ``content`` is base64url; ``material`` is the material of the service that it is."""

    material: str = Field(default="", max_length=60)
    file_name: str = Field(min_length=1, max_length=255)
    media_type: str = Field(min_length=1, max_length=100)
    content: str = Field(max_length=MAX_CONTENT)


class ApplicantBody(Body):
    """Who applies: the name, the kind of number, and the number."""

    name: str = Field(min_length=1, max_length=100)
    id_kind: str = Field(max_length=20)
    number: str = Field(min_length=1, max_length=18)


class ApplicationBody(Body):
    """An application. ``id`` is the client's own; sent again under it, it is lodged once."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")
    service: str = Field(max_length=60)
    service_version: int = Field(ge=1)
    window: str = Field(max_length=60)
    applicant: ApplicantBody
    answers: dict[str, Any]
    papers: list[PaperBody] = Field(max_length=50)
    consent: bool
    for_account: str = Field(default="", max_length=100)


class CommandBody(Body):
    """A command: its name, what it carries, papers that come with it, and hashes of evidence kept elsewhere."""

    name: str = Field(max_length=40)
    body: dict[str, Any] = Field(default_factory=dict)
    papers: list[PaperBody] = Field(default_factory=list, max_length=50)
    evidence: list[str] = Field(default_factory=list, max_length=50)


def _papers(bodies: list[PaperBody]) -> list[Paper]:
    return [Paper(body.material, body.file_name, body.media_type, body.content) for body in bodies]


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else write_moment(moment)


def summary(file: CaseFile) -> dict[str, Any]:
    """What a list of cases shows of one."""
    return {
        "id": file.id,
        "service": file.service_id,
        "state": file.state,
        "window": file.window,
        "authority": file.authority or None,
        "receipt": None if file.receipt is None else {"number": file.receipt.number, "day": file.receipt.day},
        "turned_away": file.turned_away or None,
        "overdue": list(file.overdue),
        "opened_at": write_moment(file.opened_at),
        "changed_at": write_moment(file.changed_at),
    }


def _due(due: Due | None) -> dict[str, Any] | None:
    if due is None:
        return None
    return {"day": due.day.isoformat(), "provisional": due.provisional, "explanation": sentence(due.explanation)}


def _clock(clock: Timer) -> dict[str, Any]:
    return {
        "name": clock.name,
        "due_at": write_moment(clock.due),
        "day": clock.day.isoformat(),
        "provisional": clock.provisional,
        "paused": clock.paused,
        "explanation": sentence(clock.explanation),
    }


def _steps(case: Case) -> dict[str, Any]:
    """What has come of the case so far: supplement, acceptance, decision."""
    asked, accepted, decided = case.supplement, case.acceptance, case.decision
    return {
        "supplement": None
        if asked is None
        else {
            "lacking": list(asked.lacking),
            "due": _due(asked.due),
            "supplied_at": _moment(asked.supplied_at),
            "overdue": asked.overdue,
        },
        "acceptance": None
        if accepted is None
        else {
            "day": accepted.day.isoformat(),
            "deemed": accepted.deemed,
            "statutory": _due(accepted.statutory),
            "promised": _due(accepted.promised),
        },
        "decision": None
        if decided is None
        else {
            "granted": decided.granted,
            "at": write_moment(decided.at),
            "late": decided.late,
            "reason": decided.reason,
            "evidence": list(decided.evidence),
        },
    }


def described(view: CaseView) -> dict[str, Any]:
    """A case as one reader sees it; the offer of the result is its applicant's alone."""
    case, file = view.case, view.file
    return (
        summary(file)
        | _steps(case)
        | {
            "service": {"id": view.service.id, "version": case.service_version, "title": sentence(view.service.title)},
            "applicant": {"name": case.applicant.name, "id_kind": case.applicant.id_kind, "number": file.number},
            "answers": dict(case.answers or {}),
            "materials": [material.to_json() for material in case.materials],
            "ended_as": case.ended_as or None,
            "withdrawn_at": _moment(case.withdrawn_at),
            "clocks": [_clock(clock) for clock in view.clocks],
            "asked": [
                {"name": asked.name, "state": asked.state, "code": asked.code or None, "at": write_moment(asked.asked_at)}
                for asked in file.asked
            ],
            "result": {"id": case.result_id, "offer": file.offer if view.own else None} if case.result_id else None,
            "wishes": list(view.wishes),
            "events": [event.to_json() for event in view.events],
        }
    )


def _new(body: ApplicationBody) -> NewApplication:
    return NewApplication(
        body.id,
        body.service,
        body.service_version,
        body.window,
        body.applicant.name,
        body.applicant.id_kind,
        body.applicant.number,
        body.answers,
        _papers(body.papers),
        body.consent,
        body.for_account,
    )


def add(routes: Routes, node: Node) -> None:
    """The endpoints of cases, and of the services that they are for."""
    context = node.context
    api_services.add(routes, node)

    @routes.add("POST", "/api/cases", "signed-in", status=201)
    async def lodge(body: ApplicationBody, request: Request) -> dict[str, Any]:
        """Lodge an application at a window of this node; the same id again gives the same case."""
        return summary(await submit(context, account_of(request), _new(body)))

    @routes.add("GET", "/api/my/cases", "may:own")
    async def my_cases(request: Request) -> list[dict[str, Any]]:
        """One's own cases."""
        return [summary(file) for file in await own_cases(context, account_of(request))]

    @routes.add("GET", "/api/cases", "may:case.read")
    async def cases(request: Request) -> list[dict[str, Any]]:
        """The cases of one's own institution: received there, or sent there to be decided."""
        return [summary(file) for file in await office_cases(context, account_of(request))]

    @routes.add("GET", "/api/cases/{case_id}", "signed-in")
    async def case(case_id: str, request: Request) -> dict[str, Any]:
        """A case: one's own, or one of one's institution."""
        return described(await case_for(context, account_of(request), case_id))

    @routes.add("GET", "/api/cases/{case_id}/documents/{sha256}", "signed-in", gives="application/octet-stream")
    async def case_document(case_id: str, sha256: str, request: Request) -> Response:
        """A paper of a case, as a download."""
        found = await document_for(context, account_of(request), case_id, sha256)
        headers = {"Content-Disposition": "attachment"}
        return Response(b64url_decode(found.content), media_type="application/octet-stream", headers=headers)

    @routes.add("POST", "/api/cases/{case_id}/commands", "signed-in")
    async def case_command(case_id: str, body: CommandBody, request: Request) -> dict[str, Any]:
        """Do something with a case, as whoever is signed in; an applicant's request of the authority may be answered later."""
        wish = Wish(body.name, body.body, _papers(body.papers), tuple(body.evidence))
        return summary(await command(context, account_of(request), case_id, wish))
