"""A real region for the tests of a whole session: real processes, real PostgreSQL, real HTTP; brought up once."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND = (sys.executable, "-m", "yitong.node.cli", "region")
PORTS = (*range(5), 9)  # anchor, four nodes, database: offsets from the base port


def free_base_port() -> int:
    """A base port whose whole range is free at this moment."""
    for base in range(17_400, 19_000, 20):
        try:
            for offset in PORTS:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise AssertionError("no free range of ports")


@dataclass(frozen=True, slots=True)
class LiveRegion:
    """A region that runs, and the commands that one gives it."""

    folder: Path
    base_port: int

    def run(self, *arguments: str, expect: int | None = 0, timeout_s: float = 180) -> subprocess.CompletedProcess[str]:
        """Give a command; its exit status must be ``expect`` unless that is None."""
        command = [*COMMAND, *arguments, "--dir", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False)
        assert expect is None or done.returncode == expect, (
            f"{arguments}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def up(self) -> None:
        """Start it, or see that it is ready."""
        self.run("up", "--detach", "--base-port", str(self.base_port))

    def tour(self, expect: int | None = 0) -> dict[str, dict[str, Any]]:
        """Play the stories; what they printed, by name."""
        done = self.run("tour", "--json", expect=expect)
        return {story["name"]: story for story in json.loads(done.stdout)["stories"]}

    def status(self) -> dict[str, Any]:
        """What ``region status --json`` prints."""
        found: dict[str, Any] = json.loads(self.run("status", "--json", expect=None).stdout)
        return found

    def url(self, name: str) -> str:
        """Where a process answers."""
        status = self.status()
        if name == "anchor":
            return str(status["anchor"]["url"])
        return str(next(node["url"] for node in status["nodes"] if node["name"] == name))


@pytest.fixture(scope="session")
def region() -> Iterator[LiveRegion]:
    """A region on this machine, ready, for the whole session."""
    memory = Path("/dev/shm")
    parent = Path(tempfile.mkdtemp(prefix="yitong-live-", dir=memory if os.access(memory, os.W_OK) else None)).resolve()
    parent.chmod(0o711)  # under root the database is somebody else, who must be able to enter
    live = LiveRegion(parent / "region", free_base_port())
    live.up()
    yield live
    live.run("down", "--delete-data")
    shutil.rmtree(parent, ignore_errors=True)


@pytest.fixture(scope="session")
def toured(region: LiveRegion) -> dict[str, dict[str, Any]]:
    """The stories as a first tour told them."""
    return region.tour()
