"""Plays the stories one after another and says how they went; exits with 1 when one fails.

Every run begins by letting the nodes finish what an interrupted run left, and by setting the example region's clock to
the morning of 2026-02-12, a Thursday before the Spring Festival: the day on which the stories happen.
"""

from __future__ import annotations

import json
import sys
import tomllib
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from yitong.entropy import SystemEntropy
from yitong.errors import YitongError
from yitong.region.control import status
from yitong.region.tour import bill, case, licence, ride
from yitong.region.tour.client import Step, Story, Tour, TourError

MORNING = "2026-02-12T09:00:00+08:00"
STORIES: tuple[tuple[str, Callable[[Tour], Awaitable[Story]]], ...] = (
    ("licence", licence.play),
    ("case", case.play),
    ("ride", ride.play),
    ("bill", bill.play),
)


def _next_run(folder: Path) -> int:
    file = folder / "tour.json"
    run = (msgspec.json.decode(file.read_bytes(), type=int) if file.exists() else 0) + 1
    file.write_bytes(msgspec.json.encode(run))
    return run


def _homes(folder: Path, names: list[str]) -> dict[str, str]:
    """Which node each institution stands under, from the folder's configurations."""
    homes: dict[str, str] = {}
    for name in names:
        config = tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))
        homes |= {institution["id"]: name for institution in config.get("institutions", [])}
    return homes


def _print(step: Step) -> None:
    figures = " ".join(f"{key}={_short(value)}" for key, value in step.figures.items())
    sys.stdout.write(f"  {step.sender} → {step.receiver}: {step.zh} / {step.en}{'  [' + figures + ']' if figures else ''}\n")
    sys.stdout.flush()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:117] + "…"


async def _prepare(tour: Tour, nodes: list[str]) -> None:
    """Let go what an interrupted run held back, wait until nothing is on its way, and set the clock."""
    for node in nodes:
        await tour.hold(node, "outpatient.settle.answer", False)

        async def idle(node: str = node) -> bool | None:
            ready = await tour.api(node, "GET", "/health/ready", expect=(200, 503))
            return True if ready["ready"] and not any(ready["waiting"].values()) else None

        await tour.until(f"{node} to finish what it has to do", idle, 60)
    await tour.set_clock(MORNING)


async def _play(tour: Tour, nodes: list[str], *, aloud: bool) -> list[Story]:
    await _prepare(tour, nodes)
    stories: list[Story] = []
    for name, play in STORIES:
        if aloud:
            sys.stdout.write(f"\n{name}\n")
        else:
            sys.stderr.write(f"… {name}\n")  # progress; standard output holds the JSON alone
        try:
            stories.append(await play(tour))
        except (TourError, YitongError) as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            figures = {"error": str(error), "at": f"{Path(where.filename).name}:{where.lineno}"}
            stories.append(Story(name, False, tour.steps, figures))
            tour.steps = []
            if aloud:
                sys.stdout.write(f"  FAILED: {error} ({figures['at']})\n")
    return stories


async def play_all(folder: Path, *, aloud: bool) -> list[Story]:
    """Play every story on the region in ``folder``; raises :class:`TourError` when the region does not answer."""
    found = await status(folder)
    if not found.ready or found.anchor is None:
        raise TourError("the region is not ready; start it with: yitong region up")
    names = [node.name for node in found.nodes]
    urls = {"anchor": found.anchor.url} | {node.name: node.url for node in found.nodes}
    timeout = aiohttp.ClientTimeout(total=30)
    # every request on a connection of its own: a node that stood still meanwhile has closed the old ones
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session:
        printer: Callable[[Step], None] = _print if aloud else (lambda _: None)
        tour = Tour(folder, _next_run(folder), urls, _homes(folder, names), session, SystemEntropy(), printer)
        return await _play(tour, names, aloud=aloud)


async def run(folder: Path, as_json: bool) -> int:
    """Play the stories and print them; 0 when every one went as it must, 1 otherwise."""
    try:
        stories = await play_all(folder, aloud=not as_json)
    except TourError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if as_json:
        sys.stdout.write(
            json.dumps({"stories": [asdict(story) for story in stories]}, ensure_ascii=False, indent=1, default=str) + "\n"
        )
    else:
        sys.stdout.write("\n" + "\n".join(f"{'ok    ' if story.ok else 'FAILED'} {story.name}" for story in stories) + "\n")
    return 0 if all(story.ok for story in stories) else 1
