"""The static files of the pages: read once, named by the hash of their bytes, so that a browser may keep them for good.

A URL carries the hash as ``?v=``; other bytes have another URL. Only the names in ``MEDIA_TYPES`` are ever served, hence
no path from a request reaches the file system.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType

from yitong.digest import sha256_b64
from yitong.errors import YitongError

PREFIX = "/static/"
CACHE_CONTROL = "public, max-age=31536000, immutable"
MEDIA_TYPES = MappingProxyType(
    {
        "yitong.css": "text/css; charset=utf-8",
        "yitong.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
    }
)
# What a page needs and nothing more (Content Security Policy Level 3); the web layer sends it with every page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent: bytes, media type and the version that its URL carries."""

    body: bytes
    media_type: str
    version: str


@cache
def static_file(name: str) -> StaticFile:
    """The file ``name``; raises ``pages.no-static-file``."""
    media_type = MEDIA_TYPES.get(name)
    if media_type is None:
        raise YitongError("pages.no-static-file")
    body = (resources.files(__package__) / "static" / name).read_bytes()
    return StaticFile(body, media_type, sha256_b64(body)[:12])


def static_url(name: str) -> str:
    """Where pages find ``name``: ``/static/yitong.css?v=`` and the hash of its bytes."""
    return f"{PREFIX}{name}?v={static_file(name).version}"
