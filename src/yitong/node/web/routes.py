"""Registering endpoints: method, path, access word, summary; read strictly, described in OpenAPI.

A JSON body is parsed once, by the strict parser: duplicate members, NaN and deep nesting are refused before any model
sees them, and a body that is not declared as JSON is refused by its media type.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict

from yitong.digest import parse_json
from yitong.errors import YitongError
from yitong.node.config import Config
from yitong.node.web.access import check_access, guard

if TYPE_CHECKING:
    from yitong.node.build import Node

Endpoint = Callable[..., Coroutine[Any, Any, Any]]
PROBLEM = {"description": "refused; see docs/reference/errors.md", "content": {"application/problem+json": {}}}


class Body(BaseModel):
    """A request body: unknown members are refused, and no value is converted from another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StrictRequest(Request):
    """A request whose JSON is read by the strict parser."""

    async def json(self) -> Any:
        """The body as JSON; raises ``http.wrong-media-type`` or ``value.not-json``."""
        if not hasattr(self, "_strict"):
            media_type = self.headers.get("content-type", "").split(";")[0].strip().lower()
            if media_type != "application/json":
                raise YitongError("http.wrong-media-type", expected="application/json")
            self._strict = parse_json(await self.body(), "body")
        return self._strict


class StrictRoute(APIRoute):
    """A route that hands its endpoint a :class:`StrictRequest`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler on a strict request."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            return await handler(StrictRequest(request.scope, request.receive))

        return strict


class Routes:
    """Collects the endpoints of one area into the application; each one must say who may call it."""

    def __init__(self, app: FastAPI, config: Config, tag: str, node: Node | None = None) -> None:
        self._app = app
        self._config = config
        self._node = node
        self._tag = tag

    def add(
        self,
        method: str,
        path: str,
        access: str,
        *,
        status: int = 200,
        takes: str | None = None,
        gives: str = "application/json",
    ) -> Callable[[Endpoint], Endpoint]:
        """Register the decorated coroutine. ``takes`` is the media type of a body that the endpoint reads itself."""
        check_access(access)

        def register(endpoint: Endpoint) -> Endpoint:
            if access == "example" and not self._config.example:
                return endpoint
            extra: dict[str, Any] = {"x-yitong-access": access}
            if takes is not None:
                extra["requestBody"] = {"required": True, "content": {takes: {"schema": {"type": "string"}}}}
            self._app.router.add_api_route(
                path,
                endpoint,
                methods=[method],
                status_code=status,
                tags=[self._tag],
                summary=(endpoint.__doc__ or "").strip().split("\n")[0],
                operation_id=f"{method.lower()}_{endpoint.__name__}",
                dependencies=[Depends(guard(self._node, access))],
                responses={"4XX": PROBLEM, 200 if status == 200 else status: {"content": {gives: {}}, "description": "done"}},
                response_model=None,
                openapi_extra=extra,
                route_class_override=StrictRoute,
            )
            return endpoint

        return register
