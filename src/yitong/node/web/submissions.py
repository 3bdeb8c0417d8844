"""Reading an institution's signed submission from a request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request

from yitong.errors import YitongError
from yitong.flows.submit import Act, take
from yitong.node.build import Node
from yitong.node.web.routes import Routes
from yitong.peers.submission import MEDIA_TYPE


async def submission_text(request: Request) -> str:
    """The text of a submission; raises ``http.wrong-media-type`` or ``access.submission``."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != MEDIA_TYPE:
        raise YitongError("http.wrong-media-type", expected=MEDIA_TYPE)
    try:
        return (await request.body()).decode("ascii")
    except UnicodeDecodeError as error:
        raise YitongError("access.submission", reason="not a compact JWS") from error


def add_act(routes: Routes, node: Node, path: str, act: str, role: str, do: Act, name: str, summary: str) -> None:
    """Register ``POST path`` for submissions of ``act`` by institutions with ``role``."""

    async def endpoint(request: Request) -> dict[str, Any]:
        return await take(node.context, await submission_text(request), act, role, do)

    endpoint.__name__ = name
    endpoint.__doc__ = summary
    register: Callable[[Callable[..., Coroutine[Any, Any, Any]]], object] = routes.add(
        "POST", path, "submission", takes=MEDIA_TYPE
    )
    register(endpoint)
