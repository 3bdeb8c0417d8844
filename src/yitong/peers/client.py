"""The HTTP client between nodes: small, bounded, and suspicious of every answer.

Every request has a time limit, every answer a size limit, and no redirect is followed. Plain http is spoken only
when the configuration allows it for loopback addresses (an example region); anything else must be https.
"""

from __future__ import annotations

import ipaddress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

from yitong.errors import YitongError
from yitong.peers.message import MEDIA_TYPE

MAX_ANSWER_BYTES = 1_048_576
TIMEOUT_S = 4.0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str, allow_loopback_http: bool) -> str:
    """The same URL if we may speak to it; raises ``peer.bad-address``.

    Loopback addresses, over http or https, only in an example region; otherwise https, and a name that is not an
    address of this machine or of its own network.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError as error:
        raise YitongError("peer.bad-address") from error
    loopback = _is_loopback(host)
    try:
        private = not ipaddress.ip_address(host).is_global
    except ValueError:
        private = False
    if loopback and allow_loopback_http and parts.scheme in ("http", "https"):
        return url
    if parts.scheme != "https" or not host or loopback or private or parts.username or parts.password:
        raise YitongError("peer.bad-address", host)
    return url


class PeerClient:
    """One session of connections to the neighbours; use as an asynchronous context manager."""

    def __init__(self, *, allow_loopback_http: bool, timeout_s: float = TIMEOUT_S) -> None:
        self._allow_loopback_http = allow_loopback_http
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get_text(self, url: str, accept: str = "*/*") -> str:
        """The body of a 200 answer; raises ``peer.unreachable`` or ``peer.bad-answer``."""
        return await self._ask("GET", url, None, {"Accept": accept})

    async def post_message(self, url: str, text: str) -> str:
        """Deliver a message; returns the receipt's text."""
        return await self._ask("POST", url, text.encode(), {"Content-Type": MEDIA_TYPE})

    async def _ask(self, method: str, url: str, data: bytes | None, headers: dict[str, str]) -> str:
        if self._session is None:
            raise RuntimeError("PeerClient is used outside its context")
        check_url(url, self._allow_loopback_http)
        try:
            async with self._session.request(method, url, data=data, headers=headers, allow_redirects=False) as answer:
                body = await answer.content.read(MAX_ANSWER_BYTES + 1)
                while len(body) <= MAX_ANSWER_BYTES and not answer.content.at_eof():
                    body += await answer.content.read(MAX_ANSWER_BYTES + 1 - len(body))
                if len(body) > MAX_ANSWER_BYTES:
                    raise YitongError("peer.bad-answer", url, reason="too large")
                if answer.status != 200:
                    raise YitongError("peer.bad-answer", url, reason=f"HTTP {answer.status} {_code(body)}".strip())
                return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise YitongError("peer.bad-answer", url, reason="not UTF-8") from error
        except (aiohttp.InvalidURL, UnicodeError) as error:  # no such address can exist: an empty label, or one of 70 letters
            raise YitongError("peer.bad-address", url) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise YitongError("peer.unreachable", url) from error


def _code(body: bytes) -> str:
    """The stable code of a problem document, if the answer holds one: letters, dots and hyphens only."""
    _, found, rest = body[:2000].partition(b'"code":"')
    code = rest.split(b'"', 1)[0].decode("ascii", "replace") if found else ""
    return code if code.replace(".", "").replace("-", "").isalnum() else ""
