"""How long ``make test`` takes, on what is installed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figure import Figure

TEST_LIMIT_S = 600.0


def test_time() -> Iterator[Figure]:
    """The whole of ``make test``; it must pass."""
    started = time.monotonic()
    subprocess.run(["make", "test"], check=True, capture_output=True, cwd=Path(__file__).parents[1])
    yield Figure("test", time.monotonic() - started, "s", f"limit {TEST_LIMIT_S:.0f} s", TEST_LIMIT_S)
