"""The house: how long a region takes to stand, what a node weighs, how long the tour takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.figure import Figure

BASE_PORT = 7940
STARTUP_LIMIT_S = 20.0
MEMORY_LIMIT_MB = 120.0
TOUR_LIMIT_S = 60.0
YITONG = [sys.executable, "-m", "yitong.node.cli"]


def _run(folder: Path, *arguments: str) -> str:
    command = [*YITONG, "region", *arguments, "--dir", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


@contextmanager
def _region() -> Iterator[tuple[Path, float]]:
    """A fresh region, and how many seconds it took until every node was ready."""
    folder = Path(tempfile.mkdtemp(prefix="yitong-bench-", dir="/var/tmp"))
    try:
        started = time.monotonic()
        _run(folder / "region", "up", "--detach", "--base-port", str(BASE_PORT))
        yield folder / "region", time.monotonic() - started
    finally:
        _run(folder / "region", "down", "--delete-data")
        shutil.rmtree(folder, ignore_errors=True)


def startup() -> Iterator[Figure]:
    """Installed → four nodes that trust one another: databases made, keys made, chains verified both ways."""
    with _region() as (_, took_s):
        yield Figure("startup", took_s, "s", f"limit {STARTUP_LIMIT_S:.0f} s", STARTUP_LIMIT_S)


def memory() -> Iterator[Figure]:
    """Resident memory of the largest node process, after the tour has gone through it."""
    with _region() as (folder, _):
        _run(folder, "tour", "--json")
        status = json.loads(_run(folder, "status", "--json"))
        largest = max(psutil.Process(node["pid"]).memory_info().rss for node in status["nodes"])
        yield Figure("memory", largest / 1e6, "MB", f"limit {MEMORY_LIMIT_MB:.0f} MB", MEMORY_LIMIT_MB)


def tour() -> Iterator[Figure]:
    """The four stories from end to end, as an outside client."""
    with _region() as (folder, _):
        started = time.monotonic()
        _run(folder, "tour", "--json")
        yield Figure("tour", time.monotonic() - started, "s", f"limit {TOUR_LIMIT_S:.0f} s (ours)", TOUR_LIMIT_S)
