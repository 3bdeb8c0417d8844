"""What the tour knows of the region and can do to it: over HTTP, as an outsider, and with the institutions' own keys.

Nothing here reaches into a node. People are invented anew for every run, so that a run never meets what an earlier
one left behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from yitong.clock import read_moment
from yitong.digest import parse_json
from yitong.entropy import Entropy, new_id
from yitong.ids import make_resident_id, make_uscc
from yitong.peers.submission import MEDIA_TYPE, seal_submission
from yitong.trust.keys import KeyPair, load_or_create

T = TypeVar("T")
Printer = Callable[["Step"], None]


class TourError(Exception):
    """A story did not go as it must: what was expected, and what came."""

    def __init__(self, what: str, expected: object = None, got: object = None) -> None:
        self.what = what
        super().__init__(what if expected is None else f"{what}: expected {expected!r}, got {got!r}")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that moved: from whom, to whom, what, in both languages, and figures worth reading."""

    sender: str
    receiver: str
    zh: str
    en: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Story:
    """A story as it went."""

    name: str
    ok: bool
    steps: list[Step]
    figures: dict[str, Any]


@dataclass(slots=True)
class Tour:
    """One run of the tour on a region."""

    folder: Path
    run: int
    urls: dict[str, str]
    homes: dict[str, str]  # institution id -> node name
    session: aiohttp.ClientSession
    entropy: Entropy
    printer: Printer
    steps: list[Step] = field(default_factory=list)

    # --- Telling ---

    def step(self, sender: str, receiver: str, zh: str, en: str, **figures: Any) -> None:
        """Record a step and show it."""
        made = Step(sender, receiver, zh, en, figures)
        self.steps.append(made)
        self.printer(made)

    def finish(self, name: str, figures: dict[str, Any]) -> Story:
        """The story of the steps since the last one was finished."""
        steps, self.steps = self.steps, []
        return Story(name, True, steps, figures)

    @staticmethod
    def expect(what: str, expected: object, got: object) -> None:
        """Raise :class:`TourError` unless both are the same."""
        if expected != got:
            raise TourError(what, expected, got)

    # --- Asking ---

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        data: bytes | dict[str, str] | None = None,
        json: Any = None,
    ) -> tuple[int, str]:
        """Status and text of an answer; an unreachable node is asked again for a while, as a client would."""
        for attempt in range(20):
            try:
                async with self.session.request(
                    method, url, headers=headers, data=data, json=json, allow_redirects=False
                ) as answer:
                    return answer.status, await answer.text()
            except (aiohttp.ClientConnectionError, TimeoutError) as error:
                if attempt == 19 or not isinstance(error, aiohttp.ClientConnectorError):
                    raise TourError(f"{url} cannot be reached", "an answer", type(error).__name__) from error
                await asyncio.sleep(0.5)
        raise AssertionError("the loop returns or raises")

    async def api(
        self,
        node: str,
        method: str,
        path: str,
        *,
        token: str | None = None,
        json: Any = None,
        expect: int | tuple[int, ...] = 200,
    ) -> Any:
        """Call a node's JSON endpoint; raises :class:`TourError` when the status is not the one expected."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        status, text = await self.fetch(method, self.urls[node] + path, headers=headers, json=json)
        body = parse_json(text) if text else None
        wanted = (expect,) if isinstance(expect, int) else expect
        if status not in wanted:
            code = body.get("code", body.get("error")) if isinstance(body, dict) else text[:200]
            raise TourError(f"{method} {node}{path}", wanted, f"{status} {code}")
        return body

    async def submit(
        self, institution: str, act: str, path: str, body: dict[str, Any], *, expect: int | tuple[int, ...] = 200
    ) -> Any:
        """An institution's signed submission to its own node."""
        node, key = self.homes[institution], self.key_of(institution)
        now, submission_id = await self.clock(), new_id(self.entropy, "sub")
        text = seal_submission(
            self.entity(institution), self.urls[node], act, submission_id, body, key=key.private, kid=key.kid, now=now
        )
        status, answer = await self.fetch(
            "POST", self.urls[node] + path, headers={"Content-Type": MEDIA_TYPE}, data=text.encode()
        )
        found = parse_json(answer) if answer else None
        if status not in ((expect,) if isinstance(expect, int) else expect):
            code = found.get("code") if isinstance(found, dict) else answer[:200]
            raise TourError(f"{institution}: {act}", expect, f"{status} {code}")
        return found

    async def until(self, what: str, probe: Callable[[], Awaitable[T | None]], timeout_s: float = 20.0) -> T:
        """Ask again and again until there is an answer; raises :class:`TourError` when it takes too long."""
        for _ in range(int(timeout_s / 0.05)):
            found = await probe()
            if found is not None:
                return found
            await asyncio.sleep(0.05)
        raise TourError(f"waited {timeout_s:.0f} s for: {what}")

    # --- People, institutions, time ---

    def entity(self, institution: str) -> str:
        """The entity id of an institution."""
        return f"{self.urls[self.homes[institution]]}/institutions/{institution}"

    def key_of(self, institution: str) -> KeyPair:
        """The key of an institution that keeps its own."""
        return load_or_create(self.folder / "institutions" / institution, "message")

    async def sign_in(self, node: str, person: dict[str, Any]) -> str:
        """A session token of an example person, who is made known to the node first if need be."""
        await self.api(node, "POST", "/example/people", json=person, expect=201)
        signed_in = await self.api(node, "POST", "/example/sign-in", json={"account": person["id"]}, expect=201)
        return str(signed_in["token"])

    def resident(self, number: int, region: str) -> str:
        """An invented resident's identity number, valid, of this run alone."""
        born = date(1970, 1, 1) + timedelta(days=(self.run * 37 + number * 401) % 12_000)
        return make_resident_id(region, born, (self.run * 10 + number) % 1000)

    def uscc(self, number: int, region: str = "340100") -> str:
        """An invented enterprise's code, valid, of this run alone."""
        return make_uscc(f"91{region}", f"MA{number:02d}{self.run % 10_000:04d}")

    async def clock(self) -> datetime:
        """The time in the region."""
        found = await self.api("shanghai", "GET", "/example/clock")
        return read_moment(found["now"])

    async def set_clock(self, moment: str) -> None:
        """Set the clock of the whole region."""
        await self.api("shanghai", "POST", "/example/clock", json={"set": moment})

    async def advance_clock(self, seconds: int) -> None:
        """Move the clock of the whole region forward."""
        await self.api("shanghai", "POST", "/example/clock", json={"advance_s": seconds})

    async def hold(self, node: str, message_type: str, held: bool) -> None:
        """Hold a node's messages of a type back, or let them go."""
        await self.api(node, "POST", "/example/hold", json={"type": message_type, "held": held})
