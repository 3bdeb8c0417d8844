"""The embedded PostgreSQL: made once, started, started again after a crash, stopped last.

It listens on 127.0.0.1 alone, asks everybody for a password (SCRAM-SHA-256), keeps checksums of its pages, and says
"committed" only when the disk has it. It is small: one server carries the databases of all nodes. When its owner
ends, it shuts down by itself.

Order of calls: :func:`make` (does nothing when the data are there), then for every start :func:`clear_the_way`, the
process of :func:`command`, :func:`wait_until_ready`; in the end :func:`stop`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

from yitong.errors import YitongError
from yitong.region import processes
from yitong.region.ports import HOST
from yitong.region.processes import Account, Command, Mark

ADMIN = "yitong_admin"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_POLL_S = 0.02
_FAST_SHUTDOWN_S = 10.0
_IMMEDIATE_SHUTDOWN_S = 5.0
_PID_FILE_STATUS_LINE = 7  # pidfile.h, LOCK_FILE_LINE_PM_STATUS, counted from 0

# Errors are logged without statement, parameters and detail: those would carry rows, and rows are about people.
_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "24MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "io_method": "sync",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "jit": "off",
    "min_wal_size": "32MB",
    "max_wal_size": "256MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_statement": "none",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True, slots=True)
class Cluster:
    """One embedded server: its programs, its folder (which holds ``data``), port, log and account."""

    programs: Path
    folder: Path
    port: int
    log: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The data folder proper."""
        return self.folder / "data"


def is_made(cluster: Cluster) -> bool:
    """Whether the data folder was made whole."""
    return (cluster.data / "PG_VERSION").exists()


async def make(cluster: Cluster, admin_password: str) -> None:
    """Make the data folder with the administrator's password; whole or not at all.

    Raises ``region.account-without-name`` or ``region.postgres-failed``.
    """
    if is_made(cluster):
        return
    processes.check_named()
    account = cluster.account
    cluster.folder.mkdir(mode=0o711 if account else 0o700, parents=True, exist_ok=True)
    unfinished, password_file = cluster.folder / "unfinished", cluster.folder / "initial-password"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    password_file.unlink(missing_ok=True)
    password_file.touch(mode=0o600, exist_ok=False)
    if account:
        os.chown(unfinished, account.uid, account.gid)
        os.chown(password_file, account.uid, account.gid)
    password_file.write_text(admin_password + "\n", "ascii")
    try:
        await _initialise(cluster, unfinished, password_file)
    finally:
        password_file.unlink()
    unfinished.rename(cluster.data)


async def _initialise(cluster: Cluster, folder: Path, password_file: Path) -> None:
    arguments = (
        str(cluster.programs / "bin/initdb"),
        f"--pgdata={folder}",
        f"--username={ADMIN}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--no-instructions",
    )
    process = await processes.start(Command(arguments, cluster.log, signal.SIGKILL, cluster.account, _ENVIRONMENT))
    if await process.wait() != 0:
        raise YitongError("region.postgres-failed", reason="initdb", log=cluster.log)


async def clear_the_way(cluster: Cluster) -> None:
    """End what an earlier server left running on these data, and remove its pid file.

    A server that was killed may leave processes that still write; a new one must not start beside them. Its pid file
    would stop the new one when the system has given the id to another process of the same account. The file is only
    removed when nothing works in the data folder, which is what the file is there to guarantee.
    """
    left = processes.working_in(cluster.data)
    if left:
        await processes.end(left, signal.SIGQUIT, _IMMEDIATE_SHUTDOWN_S)
    if not processes.working_in(cluster.data) and processes.mark_of(os.getpid()) is not None:
        (cluster.data / "postmaster.pid").unlink(missing_ok=True)


def command(cluster: Cluster) -> Command:
    """How to start the server: it shuts down fast (SIGINT) when its owner ends."""
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    arguments = (str(cluster.programs / "bin/postgres"), "-D", str(cluster.data), "-p", str(cluster.port), *settings)
    return Command(arguments, cluster.log, signal.SIGINT, cluster.account, _ENVIRONMENT)


async def wait_until_ready(cluster: Cluster, process: asyncio.subprocess.Process, patience_s: float = 60.0) -> None:
    """Wait until the server takes connections, crash recovery included; raises ``region.postgres-failed``."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while not _says_ready(cluster, process.pid):
        if process.returncode is not None:
            raise YitongError("region.postgres-failed", reason=f"exit {process.returncode}", log=cluster.log)
        if asyncio.get_running_loop().time() > deadline:
            raise YitongError("region.postgres-failed", reason=f"{patience_s:.0f} s", log=cluster.log)
        await asyncio.sleep(_POLL_S)


def _says_ready(cluster: Cluster, pid: int) -> bool:
    """Whether the pid file is of this server and says that it takes connections."""
    try:
        lines = (cluster.data / "postmaster.pid").read_text("utf-8").splitlines()
    except OSError:
        return False
    return len(lines) > _PID_FILE_STATUS_LINE and lines[0] == str(pid) and lines[_PID_FILE_STATUS_LINE].strip() == "ready"


async def stop(cluster: Cluster, mark: Mark) -> None:
    """Shut down: fast (sessions are ended, everything is written), then immediate, then by force."""
    processes.send(mark, signal.SIGINT)
    processes.send(mark, signal.SIGCONT)
    if not await processes.gone([mark], _FAST_SHUTDOWN_S):
        await processes.end([mark, *processes.working_in(cluster.data)], signal.SIGQUIT, _IMMEDIATE_SHUTDOWN_S)
