"""What every request passes through: number, size limit, rate limit, security headers, one line of log.

Plain ASGI, outermost first. A body is counted as it is read, whatever its Content-Length says; a request that is too
large is answered at once and its connection closed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yitong.clock import monotonic_s
from yitong.entropy import Entropy, new_token
from yitong.errors import YitongError
from yitong.node.pages.assets import CONTENT_SECURITY_POLICY
from yitong.node.web.problem import MEDIA_TYPE, answer, problem

log = structlog.get_logger("yitong.web")
KNOWN_CLIENTS = 10_000
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_UNCOUNTED = ("/health/", "/static/")
_PEERS = "/peer/"


class _TooLargeError(YitongError):
    """Raised inside ``receive`` so that it passes through whatever is reading the body."""


class Buckets:
    """A token bucket for each client address; the least recently seen is forgotten first."""

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _tokens(self, client: str, now_s: float) -> float:
        tokens, then_s = self._known.get(client, (float(self._burst), now_s))
        return min(self._burst, tokens + (now_s - then_s) * self._per_second)

    def left(self, client: str, now_s: float) -> bool:
        """Whether a request of this client would be allowed now; none is taken."""
        return self._tokens(client, now_s) >= 1

    def take(self, client: str, now_s: float) -> bool:
        """Whether one more request of this client is allowed now."""
        tokens = self._tokens(client, now_s)
        self._known.pop(client, None)
        allowed = tokens >= 1
        self._known[client] = (tokens - 1 if allowed else tokens, now_s)
        if len(self._known) > KNOWN_CLIENTS:
            self._known.popitem(last=False)
        return allowed


class Guard:
    """The middleware."""

    def __init__(self, app: ASGIApp, *, entropy: Entropy, max_body_bytes: int, buckets: Buckets, https: bool) -> None:
        self._app = app
        self._entropy = entropy
        self._max_body_bytes = max_body_bytes
        self._buckets = buckets
        self._headers = SECURITY_HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = new_token(self._entropy, 9)
        started = monotonic_s()
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = state["request_id"]
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._serve(scope, receive, send_with_headers)
        finally:
            took_ms = round((monotonic_s() - started) * 1000, 1)
            # The path without its query, and no address: a query or an address can name a person.
            log.info(
                "request", method=scope["method"], route=_route(scope), status=status, took_ms=took_ms, id=state["request_id"]
            )

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope["client"][0] if scope.get("client") else "?"
        if not self._admitted(scope["path"], client):
            await self._refuse(scope, receive, send, YitongError("http.rate-limited"))
            return
        if not scope["path"].isprintable():  # no address of ours; a database would choke on U+0000
            await self._refuse(scope, receive, send, YitongError("http.not-found"))
            return
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body_bytes:
            await self._refuse(scope, receive, send, self._too_large())
            return
        seen, begun = 0, False

        async def counting() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_body_bytes:
                raise self._too_large()
            return message

        async def send_counting(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start" and message["status"] >= 400 and scope["path"].startswith(_PEERS):
                self._buckets.take(client, monotonic_s())
            await send(message)

        try:
            await self._app(scope, counting, send_counting)
        except _TooLargeError as error:
            await self._refuse(scope, receive, send, error)
        except Exception:  # not foreseen: the log gets the trace, the caller the request's number
            log.exception("request broke", id=scope["state"]["request_id"])
            if begun:
                raise
            await answer(Request(scope, receive), YitongError("http.internal"))(scope, receive, send)

    def _admitted(self, path: str, client: str) -> bool:
        """Neighbours are not counted as long as their messages are taken: what was refused is counted afterwards."""
        if path.startswith(_PEERS):
            return self._buckets.left(client, monotonic_s())
        return path.startswith(_UNCOUNTED) or self._buckets.take(client, monotonic_s())

    def _too_large(self) -> _TooLargeError:
        return _TooLargeError("http.too-large", limit=self._max_body_bytes)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: YitongError) -> None:
        body = problem(error, scope["state"]["request_id"])
        headers = {"Connection": "close", "Retry-After": "2"}
        await JSONResponse(body, error.spec.status, headers, MEDIA_TYPE)(scope, receive, send)


def _route(scope: Scope) -> str:
    """The route's pattern, such as ``/cases/{case_id}``: identifiers in paths stay out of the log."""
    route = scope.get("route")
    return str(getattr(route, "path", "(none)"))
