"""Keeps one process running: starts it, starts it again when it ends, waits longer each time that it ends soon."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from yitong.errors import YitongError
from yitong.region import processes
from yitong.region.processes import Command, Mark

Say = Callable[[str], None]

GIVE_UP_AFTER = 3  # ends before the region was ever ready: then the cause is not chance, and waiting would hide it
_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_LONG_ENOUGH_S = 30.0  # a process that ran this long starts again at once when it ends
_STOP_PATIENCE_S = 8.0


async def _nothing() -> None:
    """No preparation."""


async def _at_once(_process: asyncio.subprocess.Process) -> None:
    """Started is up."""


async def terminate(mark: Mark) -> None:
    """SIGTERM, and SIGKILL when that was not obeyed in time."""
    await processes.end([mark], signal.SIGTERM, _STOP_PATIENCE_S)


@dataclass(slots=True)
class Keeper:
    """One process. ``prepare`` runs before each start, ``confirm`` returns when it is up, ``shut_down`` ends it politely.

    ``changed`` is called whenever ``mark`` or ``restarts`` has changed. ``settled`` is set by the owner once the
    whole region was ready: from then on the process is started again for ever.
    """

    name: str
    command: Command
    say: Say
    changed: Callable[[], None]
    prepare: Callable[[], Awaitable[None]] = _nothing
    confirm: Callable[[asyncio.subprocess.Process], Awaitable[None]] = _at_once
    shut_down: Callable[[Mark], Awaitable[None]] = terminate
    mark: Mark | None = None
    restarts: int = 0
    settled: bool = False
    up: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        """Begin; the task ends with an error when the process cannot be kept running, otherwise after :meth:`stop`."""
        self._task = asyncio.create_task(self._keep(), name=self.name)
        return self._task

    async def stop(self) -> None:
        """End the process and do not start it again."""
        self._stopping = True
        if self._task is None:
            return
        if self.mark is not None:
            await self.shut_down(self.mark)
            await asyncio.wait({self._task}, timeout=1.0)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        soon = 0  # how often in a row it ended soon
        while True:
            began = asyncio.get_running_loop().time()
            how = await self._run()
            if self._stopping:
                return
            soon = soon + 1 if asyncio.get_running_loop().time() - began < _LONG_ENOUGH_S else 0
            if not self.settled and soon >= GIVE_UP_AFTER:
                raise YitongError("region.process-keeps-ending", self.name, name=self.name, how=how, log=self.command.log)
            delay_s = _DELAYS_S[min(soon, len(_DELAYS_S)) - 1] if soon else 0.0
            self.say(f"{self.name} ended ({how}); starting it again" + (f" in {delay_s:g} s" if delay_s else ""))
            await asyncio.sleep(delay_s)
            self.restarts += 1

    async def _run(self) -> str:
        """One life of the process; how it ended, in words."""
        await self.prepare()
        process = await processes.start(self.command)
        self._changed_to(processes.mark_of(process.pid))
        try:
            await self.confirm(process)
            self.up.set()
            await process.wait()
        except YitongError as error:
            if not self.settled:
                raise
            await self._force(process)
            return error.code
        finally:
            self.up.clear()
            self._changed_to(None)
        return _how(process.returncode)

    async def _force(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is None:
            process.kill()
        await process.wait()

    def _changed_to(self, mark: Mark | None) -> None:
        self.mark = mark
        self.changed()


def _how(returncode: int | None) -> str:
    """``exit 1`` or the name of the signal."""
    if returncode is not None and returncode < 0:
        return signal.Signals(-returncode).name
    return f"exit {returncode}"
