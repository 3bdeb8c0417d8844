"""What the commands ``region up``, ``run``, ``status`` and ``down`` do; the command line itself is in the node package."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from yitong.region import control, processes, state
from yitong.region.keeper import Say
from yitong.region.plan import Asked, Plan
from yitong.region.supervisor import OnReady, Surroundings, supervise

NOT_READY = 3
_COMMAND = (sys.executable, "-P", "-m", "yitong.node.cli")


def absolute(folder: Path) -> Path:
    """The folder as the supervisor names it: absolute and free of links."""
    return folder.resolve()


def _stop_on_signals() -> asyncio.Event:
    """Set by Ctrl-C, SIGTERM or the end of the terminal; a second Ctrl-C ends at once, and everything with it."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def told(number: signal.Signals) -> None:
        if stop.is_set() and number == signal.SIGINT:
            os._exit(130)  # the kernel ends what we started (see launch)
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told, number)
    return stop


async def up(folder: Path, asked: Asked, say: Say, on_ready: OnReady) -> None:
    """Run the region in the foreground until told to stop; when it runs already, see that it is ready and return."""
    state.make_folder(folder, 0o711 if processes.unprivileged_account() else 0o700)
    stop = _stop_on_signals()
    if await control.make_way(folder) and await supervise(folder, asked, Surroundings(say), stop, on_ready):
        say("stopped")
        return
    await _join(folder, say)


async def _join(folder: Path, say: Say) -> None:
    """Be content with the region that another supervisor runs, once it is ready."""
    say("the region runs already")
    await control.replace_hung(folder, say)
    await control.wait_until_ready(folder, say)
    say("ready")


async def up_detached(folder: Path, asked: Asked, say: Say) -> None:
    """Start a supervisor that stays when we end; return when its region is ready."""
    state.make_folder(folder, 0o711 if processes.unprivileged_account() else 0o700)
    if not await control.make_way(folder):
        await _join(folder, say)
        return
    state.make_folder(folder / "logs", 0o700)
    supervisor = _start_supervisor(folder, asked)
    try:
        await control.wait_until_ready(folder, say, processes.mark_of(supervisor.pid))
    except asyncio.CancelledError:
        supervisor.terminate()
        raise
    say(f"ready; the supervisor is process {supervisor.pid}; stop it with: yitong region down")


def _start_supervisor(folder: Path, asked: Asked) -> subprocess.Popen[bytes]:
    """A supervisor in a session of its own. What is asked goes through a pipe: a password has no place in a command line."""
    log = processes.open_log(folder / "logs" / "supervisor.log")
    arguments = [*_COMMAND, "region", "supervise", "--dir", str(folder)]
    supervisor = subprocess.Popen(  # noqa: S603 - our own program and a folder; asyncio's would end it with us
        arguments, stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True
    )
    os.close(log)
    if supervisor.stdin is not None:
        supervisor.stdin.write(msgspec.json.encode(asked))
        supervisor.stdin.close()
    return supervisor


async def supervise_detached(folder: Path, say: Say) -> None:
    """What the supervisor of :func:`up_detached` does: read what is asked, run until told to stop."""
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=Asked)
    await supervise(folder, asked, Surroundings(say), _stop_on_signals(), _nothing_more)


async def _nothing_more(_plan: Plan) -> None:
    """Ready is enough."""


async def run(folder: Path, asked: Asked, say: Say) -> int:
    """Up, the tour of the stories, the addresses of the pages, and stay; the exit status of the tour."""
    outcome = 0

    async def tour(plan: Plan) -> None:
        nonlocal outcome
        outcome = await _tour(folder)
        say_addresses(plan, say)
        say("Press Ctrl-C to stop.")

    await up(folder, asked, say, tour)
    return outcome


async def _tour(folder: Path) -> int:
    """Play the stories as an outside client, in a process of its own."""
    process = await asyncio.create_subprocess_exec(*_COMMAND, "region", "tour", "--dir", str(folder))
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


def say_addresses(plan: Plan, say: Say) -> None:
    """Where the pages are."""
    say("")
    say("Pages:")
    for member in plan.members:
        say(f"  {member.url}/  {member.title.zh} {member.title.en}")
