"""OpenID Federation endpoints (§8, §9): configuration, fetch, list, and the recognition table of the anchor."""

from __future__ import annotations

from typing import Protocol

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from yitong.errors import YitongError
from yitong.node.publish import AnchorPublisher, NodePublisher
from yitong.node.web.routes import Routes
from yitong.specs.openid_federation import ERROR_STATUS, MEDIA_TYPE, error_body

_TABLE_TYPE = "application/yitong-recognition+jwt"


class Publisher(Protocol):
    """Whoever answers for subordinates."""

    def configuration(self) -> str:
        """Its own configuration."""
        ...

    def statement_about(self, subject: str) -> str:
        """Its statement about a subordinate."""
        ...

    def subjects(self) -> list[str]:
        """Its subordinates."""
        ...


def _statement(text: str) -> Response:
    return Response(text, media_type=MEDIA_TYPE)


def _refusal(error: str, description: str) -> Response:
    return JSONResponse(error_body(error, description), ERROR_STATUS[error])


def add_superior(routes: Routes, publisher: Publisher, entity_id: str) -> None:
    """Endpoints of an entity with subordinates."""

    @routes.add("GET", "/.well-known/openid-federation", "public", gives=MEDIA_TYPE)
    async def entity_configuration() -> Response:
        """The entity configuration of this process."""
        return _statement(publisher.configuration())

    @routes.add("GET", "/federation/fetch", "public", gives=MEDIA_TYPE)
    async def federation_fetch(request: Request) -> Response:
        """The statement about a subordinate (``sub``)."""
        subject = request.query_params.get("sub")
        if not subject or subject == entity_id:  # §8.1.1: a superior makes no statement about itself here
            return _refusal("invalid_request", "sub names a subordinate of this entity")
        try:
            return _statement(publisher.statement_about(subject))
        except YitongError:
            return _refusal("not_found", "there is no such subordinate")

    @routes.add("GET", "/federation/list", "public")
    async def federation_list(request: Request) -> Response:
        """The subordinates (§8.2); no filter is supported yet, and an unsupported one is refused."""
        if request.query_params:
            return _refusal("unsupported_parameter", "this list takes no filter")
        return JSONResponse(publisher.subjects())


def add_anchor(routes: Routes, publisher: AnchorPublisher) -> None:
    """What only the anchor publishes."""
    add_superior(routes, publisher, publisher.config.public_url)

    @routes.add("GET", "/federation/recognition", "public", gives=_TABLE_TYPE)
    async def recognition_table() -> Response:
        """The signed recognition table: kind, issuer, accepting jurisdiction, purpose, from, to."""
        return Response(publisher.recognition(), media_type=_TABLE_TYPE)


def add_institutions(routes: Routes, publisher: NodePublisher) -> None:
    """What a node publishes for itself and for the institutions that it hosts."""
    add_superior(routes, publisher, publisher.config.public_url)

    @routes.add("GET", "/institutions/{institution_id}/.well-known/openid-federation", "public", gives=MEDIA_TYPE)
    async def institution_configuration(institution_id: str) -> Response:
        """The entity configuration of an institution of this jurisdiction."""
        return _statement(publisher.institution_configuration(institution_id))
