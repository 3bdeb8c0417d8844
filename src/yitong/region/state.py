"""What a region's folder remembers: facts that never change, passwords, who runs now, and who may run it.

- ``region.json`` holds the :class:`Facts`, written once when the region is made.
- ``database-passwords.json`` holds the passwords of the database roles; only its owner can read it.
- ``state.json`` holds the :class:`State`, written by the supervisor at every change and read by everybody else.
- ``supervisor.lock`` is held by the one supervisor for as long as it lives; the system gives it back when it dies.

Files appear whole or not at all.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from yitong.errors import YitongError
from yitong.region.processes import Mark, is_running

T = TypeVar("T")
Phase = Literal["starting", "ready", "stopping", "stopped", "failed"]


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided when the region was made. ``data_folder`` and ``admin_url`` exclude each other."""

    region: str
    region_id: str
    base_port: int
    data_folder: str | None = None
    admin_url: str | None = None


class ProcessState(msgspec.Struct, frozen=True):
    """One process: what it is, where it answers, and, while it runs, its mark."""

    name: str
    role: Literal["anchor", "node", "database"]
    jurisdiction: str
    url: str
    mark: Mark | None = None
    restarts: int = 0

    @property
    def running(self) -> Mark | None:
        """Its mark if that very process runs at this moment."""
        return self.mark if self.mark is not None and is_running(self.mark) else None


class Failure(msgspec.Struct, frozen=True):
    """Why the supervisor gave up, so that whoever waits can say it."""

    code: str
    where: str
    params: dict[str, str]

    def error(self) -> YitongError:
        """The error that it was."""
        return YitongError(self.code, self.where, **self.params)


class State(msgspec.Struct, frozen=True):
    """Who runs. ``started_at`` is when this supervisor began; ``doing`` what it waits for, in words."""

    phase: Phase
    started_at: str
    supervisor: Mark | None
    processes: tuple[ProcessState, ...] = ()
    doing: str = ""
    failure: Failure | None = None

    @property
    def supervised(self) -> bool:
        """Whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and is_running(self.supervisor)


def failure_of(error: YitongError) -> Failure:
    """The error in a form that can be written down."""
    return Failure(error.code, error.where, {name: str(value) for name, value in error.params.items()})


def make_folder(folder: Path, mode: int) -> None:
    """Make a folder of the region, or see that it can be written to; raises ``region.folder-not-writable``.

    The mode of a folder that is there already stays: it may hold other things.
    """
    try:
        if not folder.exists():
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)
        with tempfile.NamedTemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise YitongError("region.folder-not-writable", str(folder), folder=folder, reason=error.strerror) from error


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    handle, written = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mkstemp makes it with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(written).replace(path)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise YitongError("region.file-broken", str(path), file=path, reason=error.strerror) from error
    except msgspec.MsgspecError as error:
        raise YitongError("region.file-broken", str(path), file=path, reason=error) from error


def read_facts(folder: Path) -> Facts | None:
    """What was decided when the region in ``folder`` was made; None when there is none."""
    return _read(folder / "region.json", Facts)


def write_facts(folder: Path, facts: Facts) -> None:
    """Remember the facts of a region."""
    write_private(folder / "region.json", msgspec.json.format(msgspec.json.encode(facts)))


def read_passwords(folder: Path) -> dict[str, str]:
    """The passwords of the database roles, by role."""
    return _read(folder / "database-passwords.json", dict[str, str]) or {}


def write_passwords(folder: Path, passwords: dict[str, str]) -> None:
    """Remember the passwords of the database roles."""
    write_private(folder / "database-passwords.json", msgspec.json.encode(passwords))


def read_state(folder: Path) -> State | None:
    """Who runs in ``folder``, as the supervisor last wrote it; None when nothing was ever started."""
    return _read(folder / "state.json", State)


def write_state(folder: Path, state: State) -> None:
    """Tell everybody who runs."""
    write_private(folder / "state.json", msgspec.json.encode(state))


@contextmanager
def supervisor_lock(folder: Path) -> Iterator[bool]:
    """Hold the region for as long as the block runs; gives False when another supervisor holds it."""
    handle = os.open(folder / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
    finally:
        os.close(handle)
