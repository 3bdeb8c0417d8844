"""Processes of the region: starting them, knowing them again, ending them.

A process id alone names nobody: the system gives it away again. A :class:`Mark` is an id together with the moment
at which that process began, as the kernel counts it, and only a process that fits both is ever signalled. Where the
system has no /proc, a process that is not our child cannot be known again and is left alone.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yitong.errors import YitongError

_PROC = Path("/proc")
_LAUNCH = Path(__file__).with_name("launch.py")
_LOG_KEPT_BYTES = 8_000_000
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Account:
    """The system account that a process runs under."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A process that can be known again: its id and its birth (boot and clock ticks since)."""

    pid: int
    birth: str


@dataclass(frozen=True, slots=True)
class Command:
    """What to start: the program, where its output goes, under which account, and the signal it gets when we die."""

    arguments: tuple[str, ...]
    log: Path
    death_signal: signal.Signals
    account: Account | None = None
    environment: Mapping[str, str] | None = None


def unprivileged_account() -> Account | None:
    """``nobody`` when we are root, else None; raises ``region.no-unprivileged-account``."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError as error:
        raise YitongError("region.no-unprivileged-account") from error
    return Account(entry.pw_uid, entry.pw_gid)


def check_named() -> None:
    """Raise ``region.account-without-name`` when the current account has no entry, as in some containers."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError as error:
        raise YitongError("region.account-without-name", uid=os.geteuid()) from error


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc(5)); the name before it may hold spaces and brackets."""
    try:
        text = (_PROC / str(pid) / "stat").read_text("utf-8", "replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()


def mark_of(pid: int) -> Mark | None:
    """The mark of a process that runs now, or None."""
    fields = _stat(pid)
    if not fields or fields[0] in "ZX":
        return None
    boot = (_PROC / "sys/kernel/random/boot_id").read_text("ascii").strip()
    return Mark(pid, f"{boot[:8]}-{fields[19]}")


def is_running(mark: Mark) -> bool:
    """Whether that very process still runs."""
    return mark_of(mark.pid) == mark


def is_paused(mark: Mark) -> bool:
    """Whether that process was stopped by a signal (SIGSTOP) and not continued."""
    return is_running(mark) and _stat(mark.pid)[:1] in (["T"], ["t"])


def send(mark: Mark, number: signal.Signals) -> None:
    """Send a signal to that very process; nothing happens when it is gone."""
    if is_running(mark):
        try:
            os.kill(mark.pid, number)
        except ProcessLookupError:
            return


async def gone(marks: list[Mark], patience_s: float) -> bool:
    """Wait until all of them have ended, at most ``patience_s``; whether they have."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while any(is_running(mark) for mark in marks):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_POLL_S)
    return True


async def end(marks: list[Mark], polite: signal.Signals, patience_s: float) -> None:
    """End processes: ``polite`` first, then SIGKILL for those that have not ended in ``patience_s``."""
    for mark in marks:
        send(mark, polite)
        send(mark, signal.SIGCONT)  # a paused process could not obey
    if not await gone(marks, patience_s):
        for mark in marks:
            send(mark, signal.SIGKILL)
        await gone(marks, patience_s)


def working_in(folder: Path) -> list[Mark]:
    """The processes whose working folder is ``folder``: how the parts of a PostgreSQL are found, even without their head."""
    found = []
    for entry in _PROC.glob("[0-9]*"):
        try:
            at_home = (entry / "cwd").readlink() == folder
        except OSError:
            continue  # it ended, or belongs to somebody else
        mark = mark_of(int(entry.name)) if at_home else None
        if mark is not None:
            found.append(mark)
    return found


def open_log(path: Path) -> int:
    """A file descriptor that appends to a log which only we can read; one older log is kept."""
    if path.exists() and path.stat().st_size > _LOG_KEPT_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


async def start(command: Command) -> asyncio.subprocess.Process:
    """Start a process in a session of its own (Ctrl-C does not reach it), which ends when this one does.

    Call it from the main thread: the kernel counts the end of the thread that started it as the end of its owner.
    """
    account = f"{command.account.uid}:{command.account.gid}" if command.account else "-"
    launch = (sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid()), str(int(command.death_signal)), account)
    log = open_log(command.log)
    try:
        return await asyncio.create_subprocess_exec(
            *launch,
            *command.arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=command.environment,
        )
    finally:
        os.close(log)
