"""Runs a region: database first, then the anchor and the nodes together; stops them in the opposite order.

:func:`supervise` holds the folder's lock for as long as it runs, so that a region has one supervisor. Everything that
it starts ends when it ends, however it ends; what an earlier supervisor nevertheless left behind is ended first.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yitong.clock import Clock, SystemClock, write_moment
from yitong.entropy import Entropy, SystemEntropy
from yitong.errors import YitongError
from yitong.region import databases, embedded, health, places, ports, processes, state
from yitong.region.definition import read_definition
from yitong.region.keeper import Keeper, Say
from yitong.region.plan import (
    Asked,
    Member,
    Plan,
    default_catalog,
    keep_passwords,
    kept_facts,
    make_plan,
    new_facts,
    write_files,
)
from yitong.region.processes import Command
from yitong.region.state import Failure, Phase, ProcessState, State

READY_PATIENCE_S = 90.0
_ASK_EVERY_S = 0.1
_SAY_AFTER_S = 1.0
_END_PATIENCE_S = 10.0

OnReady = Callable[[Plan], Awaitable[None]]


def serve_command(config: Path) -> tuple[str, ...]:
    """How a process of the region is started from its configuration."""
    return (sys.executable, "-P", "-m", "yitong.node.cli", "node", "serve", "--config", str(config))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a supervisor is given: where it speaks, which region, and, for tests, another program to start."""

    say: Say
    region: str = "delta"
    catalog: Path = field(default_factory=default_catalog)
    command: Callable[[Path], tuple[str, ...]] = serve_command
    entropy: Entropy = field(default_factory=SystemEntropy)
    clock: Clock = field(default_factory=SystemClock)


async def supervise(folder: Path, asked: Asked, around: Surroundings, stop: asyncio.Event, on_ready: OnReady) -> bool:
    """Run the region in ``folder`` until ``stop`` is set; False at once when another supervisor has it.

    ``folder`` is absolute and free of links: processes are known by it. ``on_ready`` is called when every process says
    that it is ready. Raises what keeps the region from becoming ready, and writes it into the state for those who wait
    for it in another process.
    """
    state.make_folder(folder, 0o711 if processes.unprivileged_account() else 0o700)
    with state.supervisor_lock(folder) as held:
        if held:
            supervisor = Supervisor(folder, around)
            try:
                await supervisor.run(asked, stop, on_ready)
            except YitongError as error:
                supervisor.fail(error)
                raise
        return held


async def end_leftovers(folder: Path) -> None:
    """End the processes of a supervisor that is gone; only the holder of the lock may call it."""
    known = state.read_state(folder)
    found = [(process.role, process.running) for process in known.processes] if known else []
    serving = [mark for role, mark in found if mark and role != "database"]
    storing = [mark for role, mark in found if mark and role == "database"]
    await processes.end(serving, signal.SIGKILL, _END_PATIENCE_S)
    await processes.end(storing, signal.SIGINT, _END_PATIENCE_S)


def plan_region(folder: Path, asked: Asked, around: Surroundings) -> Plan:
    """The plan of a new or known region, once it is sure that its ports are free; then its facts are remembered."""
    known = state.read_facts(folder)
    if known is None:
        region_id = around.entropy.bytes(4).hex()
        data_folder = places.data_folder_for(folder, region_id, processes.unprivileged_account())
        facts = new_facts(asked, around.region, region_id, data_folder)
    else:
        facts = kept_facts(known, asked)
    definition = read_definition(around.catalog / "regions" / f"{facts.region}.toml")
    plan = make_plan(folder, around.catalog.resolve(), definition, facts)
    ports.check(plan.ports, is_new=known is None)
    for name in ("logs", "keys", "institutions"):
        state.make_folder(folder / name, 0o700)
    if facts != known:
        state.write_facts(folder, facts)
    return plan


class Supervisor:
    """One run of a region; made by :func:`supervise`."""

    def __init__(self, folder: Path, around: Surroundings) -> None:
        self._folder = folder
        self._around = around
        self._plan: Plan | None = None
        self._keepers: dict[str, Keeper] = {}
        self._started_at = write_moment(around.clock.now())
        self._mark = processes.mark_of(os.getpid())
        self._phase: Phase = "starting"
        self._doing = ""
        self._failure: Failure | None = None

    async def run(self, asked: Asked, stop: asyncio.Event, on_ready: OnReady) -> None:
        """Start, wait, call, keep; stop when told, or when something cannot be kept running."""
        broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        living = asyncio.create_task(self._live(asked, on_ready, broken))
        told = asyncio.create_task(stop.wait())
        speaking = asyncio.create_task(self._progress())
        try:
            awaited: list[asyncio.Future[Any]] = [living, told, broken]
            done, _ = await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
            for finished in done:
                finished.result()
        finally:
            for task in (living, told, speaking, broken):
                task.cancel()
            await asyncio.gather(living, told, speaking, return_exceptions=True)
            await self._stop()

    def fail(self, error: YitongError) -> None:
        """Write down why there is no region."""
        self._failure = state.failure_of(error)
        self._enter("failed")

    async def _live(self, asked: Asked, on_ready: OnReady, broken: asyncio.Future[None]) -> None:
        await end_leftovers(self._folder)  # before the first word of ours: what an earlier run left is in the state
        self._enter("starting")
        plan = self._plan = plan_region(self._folder, asked, self._around)
        write_files(plan, await self._databases(plan, broken))
        for member in plan.members:
            command = Command(self._around.command(plan.config_file(member)), plan.log_file(member.name), signal.SIGKILL)
            self._keep(Keeper(member.name, command, self._around.say, self._write), broken)
        await self._until_ready(plan)
        for keeper in self._keepers.values():
            keeper.settled = True
        self._enter("ready")
        await on_ready(plan)
        await asyncio.Event().wait()  # until it is cancelled

    async def _databases(self, plan: Plan, broken: asyncio.Future[None]) -> dict[str, str]:
        """Start the database server if it is ours; a database for every node, their URLs by name. The anchor keeps nothing."""
        entropy = self._around.entropy
        if plan.facts.data_folder is not None:
            self._do("preparing the embedded PostgreSQL")
            cluster = await embedded.prepare(plan, self._around.say, entropy)
            self._do("starting the embedded PostgreSQL")
            keeper = self._keep(embedded.keeper(cluster, self._around.say, self._write), broken)
            await keeper.up.wait()
        self._do("making the databases")
        names = {node.name: plan.database_name(node) for node in plan.nodes}
        passwords = keep_passwords(plan, list(names.values()), entropy)
        admin_url = embedded.admin_url(plan, passwords)
        logins = {node: databases.Login(name, passwords[name]) for node, name in names.items()}
        await databases.provide(admin_url, list(logins.values()), entropy, embedded=plan.facts.admin_url is None)
        return {node: databases.url_with(admin_url, login, login.name) for node, login in logins.items()}

    def _keep(self, keeper: Keeper, broken: asyncio.Future[None]) -> Keeper:
        """Start keeping a process; when that fails, ``broken`` carries the error to :meth:`run`."""

        def ended(task: asyncio.Task[None]) -> None:
            error = None if task.cancelled() else task.exception()
            if error is not None and not broken.done():
                broken.set_exception(error)

        self._keepers[keeper.name] = keeper
        keeper.start().add_done_callback(ended)
        return keeper

    async def _until_ready(self, plan: Plan) -> None:
        """Ask until every process has said that it is ready; raises ``region.not-ready-in-time``."""
        clock = asyncio.get_running_loop()
        began, missing = clock.time(), list(plan.members)
        while missing:
            self._do("waiting for " + ", ".join(member.name for member in missing))
            answers = await asyncio.gather(*(health.ask(member.url) for member in missing))
            seconds = clock.time() - began
            for member, answer in zip(missing, answers, strict=True):
                if answer == "ready":
                    self._around.say(f"{member.name} ready at {member.url} ({seconds:.1f} s)")
            missing = [member for member, answer in zip(missing, answers, strict=True) if answer != "ready"]
            if missing and seconds > READY_PATIENCE_S:
                raise _late(plan, missing)
            await asyncio.sleep(_ASK_EVERY_S if missing else 0)

    async def _progress(self) -> None:
        """Say what is waited for, every second in which the region is not ready."""
        began = asyncio.get_running_loop().time()
        while self._phase == "starting":
            await asyncio.sleep(_SAY_AFTER_S)
            if self._phase == "starting":
                self._around.say(f"… {self._doing} ({asyncio.get_running_loop().time() - began:.0f} s)")

    async def _stop(self) -> None:
        """Stop the nodes and the anchor together, the database last."""
        self._enter("stopping")
        serving = [keeper for name, keeper in self._keepers.items() if name != embedded.NAME]
        await asyncio.gather(*(keeper.stop() for keeper in serving))
        if embedded.NAME in self._keepers:
            await self._keepers[embedded.NAME].stop()
        self._enter("stopped")

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._write()

    def _do(self, doing: str) -> None:
        if doing != self._doing:
            self._doing = doing
            self._write()

    def _write(self) -> None:
        """Tell everybody who runs."""
        rows = [self._process_state(member) for member in self._plan.members] if self._plan else []
        database = self._keepers.get(embedded.NAME)
        if self._plan is not None and database is not None:
            url = f"postgresql://{ports.HOST}:{self._plan.database_port}"
            rows.append(ProcessState(embedded.NAME, "database", "", url, database.mark, database.restarts))
        found = State(self._phase, self._started_at, self._mark, tuple(rows), self._doing, self._failure)
        state.write_state(self._folder, found)

    def _process_state(self, member: Member) -> ProcessState:
        keeper = self._keepers.get(member.name)
        mark, restarts = (keeper.mark, keeper.restarts) if keeper else (None, 0)
        return ProcessState(member.name, member.role, member.jurisdiction, member.url, mark, restarts)


def _late(plan: Plan, missing: list[Member]) -> YitongError:
    names = ", ".join(member.name for member in missing)
    seconds = f"{READY_PATIENCE_S:.0f}"
    return YitongError("region.not-ready-in-time", names, seconds=seconds, names=names, logs=plan.folder / "logs")
