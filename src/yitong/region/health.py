"""Asks the processes of a region over HTTP how they are."""

from __future__ import annotations

import asyncio
import http.client
from typing import Literal
from urllib.parse import urlsplit

READY_PATH = "/health/ready"
LIVE_PATH = "/health/live"
Health = Literal["ready", "not ready", "silent", "absent"]


async def ask(url: str, patience_s: float = 3.0) -> Health:
    """How the process at ``url`` is.

    ``ready``: it says so. ``not ready``: it answers, but not with 200. ``silent``: it takes the connection, or keeps it
    waiting, and does not answer in time. ``absent``: nobody listens.
    """
    return await asyncio.to_thread(_ask, url, READY_PATH, patience_s)


async def is_hung(url: str, patience_s: float) -> bool:
    """Whether the process takes connections and answers nothing at all, as a hung or paused one does.

    It is asked whether it lives, not whether it is ready: that also waits for its neighbours.
    """
    return await asyncio.to_thread(_ask, url, LIVE_PATH, patience_s) == "silent"


def _ask(url: str, path: str, patience_s: float) -> Health:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=patience_s)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        return "ready" if connection.getresponse().status == 200 else "not ready"
    except TimeoutError:
        return "silent"
    except (OSError, http.client.HTTPException):
        return "absent"
    finally:
        connection.close()
