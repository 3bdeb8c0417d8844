"""The commands of a region as an engineer types them, with fake nodes: up, up again, status, down, Ctrl-C, refusals."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from yitong.region import processes, state
from yitong.region.ports import HOST, is_free

STAND_IN = Path(__file__).with_name("stand_in")
_MEMORY = Path("/dev/shm")
_PLACE = _MEMORY if os.access(_MEMORY, os.W_OK) else None  # in memory, waiting for the disk does not decide how long it takes
PATIENCE_S = 60.0


@dataclass
class Region:
    folder: Path
    base_port: int

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """A command that goes on."""
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "yitong.node.cli", *arguments, "--dir", str(self.folder)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join([str(STAND_IN), *sys.path])},
        )

    async def do(self, *arguments: str) -> tuple[int, str, str]:
        """A command that ends: its exit status and what it printed."""
        process = await self.start(*arguments)
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def up(self) -> tuple[int, str, str]:
        return await self.do("region", "up", "--detach", "--base-port", str(self.base_port))


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="yitong-test-", dir=_PLACE)).resolve()
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


@pytest.fixture
async def region(folder: Path) -> AsyncIterator[Region]:
    made = Region(
        folder, next(port for port in range(31_000, 32_000, 20) if all(is_free(port + offset) for offset in range(10)))
    )
    yield made
    await made.do("region", "down")


async def test_up_status_up_again_and_down(region: Region) -> None:
    status, out, _ = await region.do("region", "status", "--json")
    assert (status, json.loads(out)) == (3, {"ready": False, "anchor": None, "nodes": []})
    status, out, err = await region.up()
    assert (status, err) == (0, "")
    assert "ready" in out

    status, out, _ = await region.do("region", "status", "--json")
    found = json.loads(out)
    assert (status, found["ready"]) == (0, True)
    assert found["anchor"]["url"] == f"http://{HOST}:{region.base_port}"
    assert [node["name"] for node in found["nodes"]] == ["shanghai", "jiangsu", "zhejiang", "anhui"]
    assert set(found["nodes"][0]) == {"name", "jurisdiction", "url", "pid", "healthy"}
    assert "secret" not in out

    status, out, _ = await region.up()
    assert status == 0
    assert "runs already" in out
    status, again, _ = await region.do("region", "status", "--json")
    assert json.loads(again) == found

    status, out, _ = await region.do("region", "down")
    assert (status, out.strip()) == (0, "stopped")
    assert (await region.do("region", "status"))[0] == 3
    assert (await region.do("region", "down"))[1].strip() == "nothing runs there"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("role", ["node", "database", "supervisor"])
async def test_up_mends_what_was_killed_or_paused(region: Region, role: str, number: signal.Signals) -> None:
    assert (await region.up())[0] == 0
    known = state.read_state(region.folder)
    assert known is not None
    mark = known.supervisor if role == "supervisor" else next(found.mark for found in known.processes if found.role == role)
    assert mark is not None
    processes.send(mark, number)
    status, out, err = await region.up()
    assert (status, err) == (0, ""), out
    assert not processes.is_running(mark)
    assert (await region.do("region", "status"))[0] == 0


async def test_in_the_foreground_it_stays_until_it_is_told_to_stop(region: Region) -> None:
    process = await region.start("region", "up", "--base-port", str(region.base_port))
    assert process.stdout is not None
    lines = []
    async with asyncio.timeout(PATIENCE_S):
        while not lines or not lines[-1].startswith("ready"):
            lines.append((await process.stdout.readline()).decode())
            assert lines[-1]
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert process.returncode == 0
    assert err == b""
    assert out.decode().splitlines()[-1] == "stopped"
    assert any(f"http://{HOST}:{region.base_port + 1}/" in line for line in lines)
    assert all(is_free(region.base_port + offset) for offset in (0, 1, 2, 3, 4, 9))


@pytest.mark.parametrize("how", [("--detach",), ()])
async def test_a_port_in_use_is_refused_with_its_remedy(region: Region, how: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, region.base_port + 2))
        taken.listen()
        status, _, err = await region.do("region", "up", *how, "--base-port", str(region.base_port))
    assert status == 1
    assert err.startswith("region.port-in-use")
    assert str(region.base_port + 2) in err
    assert "--base-port" in err
    assert "Traceback" not in err


@pytest.fixture
def blocked() -> Iterator[Region]:
    with tempfile.NamedTemporaryFile() as file:
        yield Region(Path(file.name) / "region", 31_900)


async def test_a_folder_that_cannot_be_written_is_refused_with_its_remedy(blocked: Region) -> None:
    status, _, err = await blocked.up()
    assert status == 1
    assert err.startswith("region.folder-not-writable")
    assert "--dir" in err


async def test_a_database_that_is_not_there_is_refused_without_its_password(region: Region) -> None:
    url = f"postgresql://admin:hidden-word@{HOST}:{region.base_port + 15}/postgres"
    status, out, err = await region.do("region", "up", "--detach", "--base-port", str(region.base_port), "--database-url", url)
    assert status == 1
    assert err.startswith("region.database-unreachable")
    assert "hidden-word" not in out + err
    logs = "".join(path.read_text() for path in (region.folder / "logs").iterdir())
    assert "hidden-word" not in logs
