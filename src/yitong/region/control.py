"""Looks at a region from outside its supervisor: is it well, wake what hangs, wait until it is ready, take it down."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

import msgspec

from yitong.errors import YitongError
from yitong.region import databases, embedded, health, processes, state
from yitong.region.definition import read_definition
from yitong.region.keeper import Say
from yitong.region.plan import Plan, default_catalog, make_plan
from yitong.region.processes import Mark
from yitong.region.state import ProcessState
from yitong.region.supervisor import READY_PATIENCE_S, end_leftovers

_POLL_S = 0.1
_SAY_AFTER_S = 1.0
_DOWN_PATIENCE_S = 40.0
_TAKE_OVER_S = 25.0  # longer than a supervisor takes to stop everything
_HANG_PATIENCE_S = 5.0


class AnchorStatus(msgspec.Struct, frozen=True):
    """The anchor, as ``region status`` shows it; ``pid`` is None when it does not run."""

    url: str
    pid: int | None
    healthy: bool


class NodeStatus(msgspec.Struct, frozen=True):
    """A node, as ``region status`` shows it."""

    name: str
    jurisdiction: str
    url: str
    pid: int | None
    healthy: bool


class Status(msgspec.Struct, frozen=True):
    """A whole region: ``ready`` when the anchor and every node say so themselves."""

    ready: bool
    anchor: AnchorStatus | None
    nodes: tuple[NodeStatus, ...]


async def status(folder: Path) -> Status:
    """Ask every process of the region in ``folder``; nothing is ready where nothing was ever started."""
    known = state.read_state(folder)
    serving = [process for process in known.processes if process.role != "database"] if known else []
    marks = [process.running for process in serving]  # once: a process may end between two looks
    answers = await asyncio.gather(*(_answer(process, mark) for process, mark in zip(serving, marks, strict=True)))
    nodes, anchor = [], None
    for found, mark, answer in zip(serving, marks, answers, strict=True):
        pid, healthy = (mark.pid if mark else None), answer == "ready"
        if found.role == "anchor":
            anchor = AnchorStatus(found.url, pid, healthy)
        else:
            nodes.append(NodeStatus(found.name, found.jurisdiction, found.url, pid, healthy))
    ready = anchor is not None and anchor.healthy and bool(nodes) and all(node.healthy for node in nodes)
    return Status(ready, anchor, tuple(nodes))


async def _answer(process: ProcessState, mark: Mark | None) -> health.Health:
    """How a process is; one that does not run is not asked, whoever may listen at its address."""
    return await health.ask(process.url) if mark else "absent"


def known_plan(folder: Path) -> Plan:
    """The plan of the region in ``folder``; raises ``region.not-found``."""
    facts = state.read_facts(folder)
    if facts is None:
        raise YitongError("region.not-found", str(folder), folder=folder)
    catalog = default_catalog()
    return make_plan(folder, catalog, read_definition(catalog / "regions" / f"{facts.region}.toml"), facts)


async def replace_hung(folder: Path, say: Say) -> None:
    """End the processes that are paused or do not answer: their supervisor starts them again.

    The database first: while it hangs, nodes that are well cannot answer either.
    """
    known = state.read_state(folder)
    rows = [(found, found.running) for found in known.processes] if known else []
    for found, mark in rows:
        if found.role == "database" and mark and await _database_hangs(folder, mark):
            _replace(found, mark, say)
            await asyncio.sleep(_SAY_AFTER_S)
    hangs = await asyncio.gather(*(_hangs(found, mark) for found, mark in rows))
    for (found, mark), hung in zip(rows, hangs, strict=True):
        if hung and mark:
            _replace(found, mark, say)


def _replace(found: ProcessState, mark: Mark, say: Say) -> None:
    say(f"{found.name} (process {mark.pid}) does not answer; replacing it")
    processes.send(mark, signal.SIGKILL)


async def _hangs(found: ProcessState, mark: Mark | None) -> bool:
    if found.role == "database" or mark is None:
        return False
    return processes.is_paused(mark) or await health.is_hung(found.url, _HANG_PATIENCE_S)


async def _database_hangs(folder: Path, mark: Mark) -> bool:
    if processes.is_paused(mark):
        return True
    return await databases.is_silent(embedded.admin_url(known_plan(folder), state.read_passwords(folder)))


async def wait_until_ready(folder: Path, say: Say, supervisor: Mark | None = None) -> None:
    """Wait for the region of another supervisor, saying what it does; raises what made it fail, or that it is late.

    When ``supervisor`` is given, what an earlier one has written is ignored.
    """
    clock = asyncio.get_running_loop()
    began = said = clock.time()
    while not await _is_ready(folder, supervisor):
        now = clock.time()
        if now - began > READY_PATIENCE_S:
            raise YitongError("region.not-ready-in-time", seconds=f"{now - began:.0f}", names="region", logs=folder / "logs")
        if now - said >= _SAY_AFTER_S:
            said, found = now, state.read_state(folder)
            say(f"… {found.doing if found else 'starting the supervisor'} ({now - began:.0f} s)")
        await asyncio.sleep(_POLL_S)


async def _is_ready(folder: Path, supervisor: Mark | None) -> bool:
    """Whether the region is ready; raises when its supervisor has given up or is gone."""
    running = supervisor is not None and processes.is_running(supervisor)  # before the state is read: it writes, then ends
    found = state.read_state(folder)
    if found is None or (supervisor is not None and found.supervisor != supervisor):
        if running:
            return False  # it has not written yet
        raise YitongError("region.supervisor-ended", str(folder), log=folder / "logs" / "supervisor.log")
    if found.failure is not None:
        raise found.failure.error()
    if not found.supervised:
        raise YitongError("region.supervisor-ended", str(folder), log=folder / "logs" / "supervisor.log")
    return found.phase == "ready" and (await status(folder)).ready


async def make_way(folder: Path) -> bool:
    """Whether the region has no supervisor now; one that is paused, or is just ending, is ended first.

    False: a supervisor runs there and is to be left running. Raises ``region.supervisor-stuck``.
    """
    deadline = asyncio.get_running_loop().time() + _TAKE_OVER_S
    while asyncio.get_running_loop().time() < deadline:
        with state.supervisor_lock(folder) as held:
            if held:
                return True
        found = state.read_state(folder)
        if found is not None and found.supervisor is not None and found.supervised:
            if processes.is_paused(found.supervisor):
                processes.send(found.supervisor, signal.SIGKILL)
            elif found.phase in ("starting", "ready"):
                return False
        await asyncio.sleep(_POLL_S)
    raise YitongError("region.supervisor-stuck", str(folder), folder=folder)


async def down(folder: Path) -> bool:
    """Stop the region in ``folder``; whether anything ran."""
    if state.read_facts(folder) is None:
        return False
    found = state.read_state(folder)
    supervisor = found.supervisor if found is not None and found.supervised else None
    if supervisor is not None:
        await processes.end([supervisor], signal.SIGTERM, _DOWN_PATIENCE_S)
    with state.supervisor_lock(folder) as held:
        if not held:
            raise YitongError("region.supervisor-stuck", str(folder), folder=folder)
        left = found is not None and any(process.running for process in found.processes)
        await end_leftovers(folder)
    return supervisor is not None or left


def delete_data(folder: Path) -> None:
    """Remove what the region keeps, and nothing else that may lie in its folder; only when it is down.

    Databases on a server that is not the embedded one stay: they belong to whoever runs that server.
    """
    facts = state.read_facts(folder)
    if facts is None:
        return
    for name in ("keys", "institutions", "logs", "postgres"):
        shutil.rmtree(folder / name, ignore_errors=True)
    if facts.data_folder is not None:
        shutil.rmtree(facts.data_folder, ignore_errors=True)
    members = [member.name for member in known_plan(folder).members]
    files = [f"{name}.toml" for name in members]
    files += ["anchor.jwks.json", "clock-offset", "database-passwords.json", "state.json", "supervisor.lock", "region.json"]
    for name in files:
        (folder / name).unlink(missing_ok=True)
    if not any(folder.iterdir()):
        folder.rmdir()
