"""The region that answers HTTP inside the test process, once for the session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from region.served import Served, serve_region
from servers import Databases, LoopThread


@pytest.fixture(scope="session")
def served(database_server: Databases, server_loop: LoopThread, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Shanghai, Jiangsu, Anhui, the anchor, and Shanghai once more as it would run for real."""
    folder: Path = tmp_path_factory.mktemp("served")
    urls = {name: database_server.fresh() for name in ("shanghai", "jiangsu", "anhui")}
    found, close = server_loop.open(serve_region(folder, urls))
    yield found
    close()
