"""OpenID4VP endpoints: the officer begins a check, the wallet fetches the request and answers, the officer reads the verdict."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from yitong.clock import write_moment
from yitong.credentials.register import PRESENTATIONS, Presentation
from yitong.errors import YitongError
from yitong.flows.verify_licence import ask, receive, request_object
from yitong.node.build import Node
from yitong.node.web.access import account_of, institution_of
from yitong.node.web.issuing import FORM
from yitong.node.web.routes import Body, Routes
from yitong.specs.oid4vci import OAuthError, read_form
from yitong.specs.oid4vp import REQUEST_MEDIA_TYPE, read_response


class Ask(Body):
    """A check to begin: which kind, which of its claims, and for what purpose."""

    kind: str = Field(max_length=60)
    claims: list[str] = Field(min_length=1, max_length=30)
    purpose: str = Field(max_length=60)


def described(presentation: Presentation) -> dict[str, Any]:
    """A check as its officer reads it."""
    return {
        "id": presentation.id,
        "kind": presentation.kind_id,
        "purpose": presentation.purpose,
        "created_at": write_moment(presentation.created_at),
        "answered_at": write_moment(presentation.answered_at) if presentation.answered_at else None,
        "verdict": presentation.verdict or None,
    }


def add(routes: Routes, node: Node) -> None:
    """The endpoints of a check."""
    context = node.context

    @routes.add("POST", "/api/presentations", "may:presentation.ask", status=201)
    async def presentations(asked: Ask, request: Request) -> dict[str, Any]:
        """Begin a check; the link goes to the wallet, by QR code or on the same device."""
        institution = context.institution(institution_of(request))
        officer = account_of(request).id
        made, link = await ask(context, institution, officer, asked.kind, tuple(asked.claims), asked.purpose)
        return {"id": made.id, "link": link, "expires_at": write_moment(made.expires_at)}

    @routes.add("GET", "/api/presentations/{presentation_id}", "may:presentation.ask")
    async def presentation(presentation_id: str, request: Request) -> dict[str, Any]:
        """A check of one's own institution, with its verdict once there is one."""
        async with context.store.begin() as unit:
            kept: Presentation | None = await unit.shelf(PRESENTATIONS).get(presentation_id)
        if kept is None or kept.institution != institution_of(request):
            raise YitongError("store.not-found", presentation_id)
        return described(kept)

    @routes.add("GET", "/presentations/{presentation_id}/request", "public", gives=REQUEST_MEDIA_TYPE)
    async def presentation_request(presentation_id: str) -> Response:
        """The signed request object (OpenID4VP §5)."""
        return Response(await request_object(context, presentation_id), media_type=REQUEST_MEDIA_TYPE)

    @routes.add("POST", "/presentations/{presentation_id}/response", "token", takes=FORM)
    async def presentation_response(presentation_id: str, request: Request) -> Response:
        """A wallet's answer by direct_post (OpenID4VP §8.2), taken once."""
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != FORM:
            raise OAuthError("invalid_request", "The answer is a URL-encoded form.")
        await receive(context, presentation_id, read_response(read_form(await request.body())))
        return JSONResponse({})
