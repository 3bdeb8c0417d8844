"""From an error inside to a problem document outside (RFC 9457): one mapping, in both languages.

A person gets a page, a program JSON. What was not foreseen becomes ``http.internal``: the log holds the trace and the
request's number, the answer holds the number only.
"""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from yitong.errors import YitongError
from yitong.specs.oid4vci import OAuthError

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger("yitong.web")


def problem(error: YitongError, request_id: str) -> dict[str, Any]:
    """The problem document of an error: stable code, both sentences, where, who can mend it, and how."""
    return {
        "type": f"urn:yitong:error:{error.code}",
        "title": error.what.en,
        "status": error.spec.status,
        "code": error.code,
        "what": {"zh": error.what.zh, "en": error.what.en},
        "remedy": {"zh": error.remedy.zh, "en": error.remedy.en},
        "where": error.where,
        "who": error.spec.who,
        "request_id": request_id,
    }


def request_id_of(request: Request) -> str:
    """The number that the middleware gave to this request."""
    return str(getattr(request.state, "request_id", "-"))


def wants_page(request: Request) -> bool:
    """Whether a person's browser is asking."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


def answer(request: Request, error: YitongError) -> Response:
    """The response to an error: a page for a browser, a problem document otherwise."""
    headers = {"Retry-After": "2"} if error.spec.status in (429, 503) else {}
    if error.code == "access.sign-in":
        headers["WWW-Authenticate"] = "Bearer"
    if wants_page(request):
        page = request.app.state.error_page(request, error)
        return Response(page, error.spec.status, headers, "text/html; charset=utf-8")
    return JSONResponse(problem(error, request_id_of(request)), error.spec.status, headers, MEDIA_TYPE)


def _pointer(parts: tuple[Any, ...]) -> str:
    return "/" + "/".join(str(part) for part in parts)


def install(app: FastAPI) -> None:
    """Register the mapping on the application."""

    async def on_yitong(request: Request, error: Exception) -> Response:
        if not isinstance(error, YitongError):
            raise error
        where = "" if error.spec.status == 404 else error.where  # what is not there is what the caller wrote in the path
        log.info("refused", code=error.code, where=where, request_id=request_id_of(request))
        return answer(request, error)

    async def on_oauth(request: Request, error: Exception) -> Response:
        if not isinstance(error, OAuthError):
            raise error
        log.info("refused", code=f"oauth.{error.code}", request_id=request_id_of(request))
        return JSONResponse(error.body(), error.status, error.headers())

    async def on_validation(request: Request, error: Exception) -> Response:
        if not isinstance(error, RequestValidationError):
            raise error
        first = error.errors()[0]
        media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if first["loc"] == ("body",) and first["type"] != "missing" and media_type != "application/json":
            return answer(request, YitongError("http.wrong-media-type", expected="application/json"))
        # Only the kind of mistake is told, never the value: it may be personal.
        return answer(request, YitongError("http.invalid-body", _pointer(first["loc"]), reason=first["msg"][:200]))

    async def on_http(request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        if isinstance(error.__cause__, YitongError):  # the framework's own word for whatever broke while a body was read
            return await on_yitong(request, error.__cause__)
        if error.status_code not in (404, 405):
            return answer(request, YitongError("http.invalid-body", "/", reason=str(error.detail)[:200]))
        code = "http.method-not-allowed" if error.status_code == 405 else "http.not-found"
        return answer(request, YitongError(code, request.url.path))

    app.add_exception_handler(YitongError, on_yitong)
    app.add_exception_handler(OAuthError, on_oauth)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
