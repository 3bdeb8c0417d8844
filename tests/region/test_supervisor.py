"""The supervisor of a region: ready, killed in every part, paused, refused. Fake nodes, the real database."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from region.fake_region import fake_command
from yitong.errors import YitongError
from yitong.region import control, databases, embedded, health, places, processes, state
from yitong.region.plan import Asked, Plan
from yitong.region.ports import HOST, is_free
from yitong.region.processes import Mark
from yitong.region.supervisor import Surroundings, supervise

_MEMORY = Path("/dev/shm")
_PLACE = _MEMORY if os.access(_MEMORY, os.W_OK) else None  # in memory, waiting for the disk does not decide how long it takes
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
PATIENCE_S = 30.0


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="yitong-test-", dir=_PLACE)).resolve()
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def base_ports() -> Iterator[int]:
    """Base ports of which all that follow are free."""
    return (port for port in range(21_000, 30_000, 20) if all(is_free(port + offset) for offset in range(10)))


@pytest.fixture
def base_port(base_ports: Iterator[int]) -> int:
    return next(base_ports)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.05)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mark_of(folder: Path, name: str) -> Mark | None:
    known = state.read_state(folder)
    return next((found.running for found in (known.processes if known else ()) if found.name == name), None)


@asynccontextmanager
async def running(folder: Path, asked: Asked, said: list[str] | None = None) -> AsyncIterator[Plan]:
    """A region that is ready, in this process."""
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()

    async def on_ready(plan: Plan) -> None:
        ready.set_result(plan)

    around = Surroundings((said if said is not None else []).append, command=fake_command)
    task = asyncio.create_task(supervise(folder, asked, around, stop, on_ready))
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        yield ready.result()
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)


def node_url(plan: Plan, name: str) -> str:
    """How the node itself enters its database."""
    member = next(member for member in plan.members if member.name == name)
    database = plan.database_name(member)
    passwords = state.read_passwords(plan.folder)
    login = databases.Login(database, passwords[database])
    return databases.url_with(embedded.admin_url(plan, passwords), login, database)


async def ask(url: str, question: str) -> object:
    connection = await databases.sign_in(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_starts_stops_and_starts_from_what_is_there(folder: Path, base_port: int) -> None:
    async with running(folder, Asked(base_port)) as plan:
        found = await control.status(folder)
        assert found.ready
        assert found.anchor is not None
        assert found.anchor.url == f"http://{HOST}:{base_port}"
        assert [(node.name, node.jurisdiction, node.healthy) for node in found.nodes] == [
            ("shanghai", "310000", True),
            ("jiangsu", "320000", True),
            ("zhejiang", "330000", True),
            ("anhui", "340000", True),
        ]
        assert len({node.pid for node in found.nodes}) == 4
        await ask(node_url(plan, "anhui"), "CREATE TABLE kept AS SELECT 7 AS n")
        keys = {path: path.read_bytes() for path in (folder / "keys").rglob("*.pem")}
    assert not (await control.status(folder)).ready
    assert all(node.pid is None for node in (await control.status(folder)).nodes)
    assert all(is_free(port) for port in plan.ports.values())
    async with running(folder, Asked()) as again:
        assert again.ports == plan.ports
        assert await ask(node_url(again, "anhui"), "SELECT n FROM kept") == 7
        assert {path: path.read_bytes() for path in (folder / "keys").rglob("*.pem")} == keys


async def test_whatever_is_killed_is_started_again(folder: Path, base_port: int) -> None:
    said: list[str] = []
    async with running(folder, Asked(base_port), said) as plan:
        await ask(node_url(plan, "shanghai"), "CREATE TABLE kept AS SELECT 7 AS n")
        for name in ("jiangsu", "anchor", "postgres"):
            before = mark_of(folder, name)
            assert before is not None
            processes.send(before, signal.SIGKILL)

            async def is_back(name: str = name, before: Mark = before) -> bool:
                return mark_of(folder, name) not in (None, before) and (await control.status(folder)).ready

            await until(is_back)
            assert any(line.startswith(f"{name} ended (SIGKILL)") for line in said)

        async def takes_connections() -> bool:
            try:
                return await ask(node_url(plan, "shanghai"), "SELECT true") is True
            except YitongError:
                return False

        await until(takes_connections)
        assert await ask(node_url(plan, "shanghai"), "SELECT n FROM kept") == 7


@pytest.mark.parametrize("name", ["zhejiang", "postgres"])
async def test_what_is_paused_is_replaced_when_asked(folder: Path, base_port: int, name: str) -> None:
    said: list[str] = []
    async with running(folder, Asked(base_port)):
        before = mark_of(folder, name)
        assert before is not None
        processes.send(before, signal.SIGSTOP)
        await control.replace_hung(folder, said.append)
        assert said == [f"{name} (process {before.pid}) does not answer; replacing it"]

        async def is_back() -> bool:
            return mark_of(folder, name) not in (None, before)

        await until(is_back)
        await control.wait_until_ready(folder, said.append)
        said.clear()
        await control.replace_hung(folder, said.append)
        assert said == []


async def test_hung_is_who_takes_the_connection_and_says_nothing() -> None:
    with socket.socket() as mute:
        mute.bind((HOST, 0))
        mute.listen()
        port = mute.getsockname()[1]
        assert await health.is_hung(f"http://{HOST}:{port}", 0.2)
        assert await health.ask(f"http://{HOST}:{port}", 0.2) == "silent"
    assert not await health.is_hung(f"http://{HOST}:{port}", 0.2)
    assert await health.ask(f"http://{HOST}:{port}", 0.2) == "absent"


async def test_a_region_has_one_supervisor(folder: Path, base_port: int) -> None:
    async with running(folder, Asked(base_port)):
        second = await supervise(folder, Asked(), Surroundings(lambda _: None), asyncio.Event(), _never)
        assert second is False
        assert await control.make_way(folder) is False
        assert (await control.status(folder)).ready
    assert await control.make_way(folder) is True


async def _never(_plan: Plan) -> None:
    raise AssertionError("a second supervisor became ready")


async def _start_apart(folder: Path, base_port: int) -> asyncio.subprocess.Process:
    """A supervisor in a process of its own, ready."""
    script = str(Path(__file__).with_name("fake_region.py"))
    log = processes.open_log(folder / "apart.log")
    process = await asyncio.create_subprocess_exec(sys.executable, script, str(folder), str(base_port), stdout=log, stderr=log)
    os.close(log)

    async def is_ready() -> bool:
        assert process.returncode is None, (folder / "apart.log").read_text()
        known = state.read_state(folder)
        return known is not None and known.supervised and known.phase == "ready"

    await until(is_ready)
    return process


async def test_a_killed_supervisor_takes_everything_with_it_and_up_works_again(folder: Path, base_port: int) -> None:
    process = await _start_apart(folder, base_port)
    known = state.read_state(folder)
    assert known is not None
    marks = [found.running for found in known.processes if found.running]
    assert len(marks) == 6
    process.kill()
    await process.wait()
    assert await processes.gone(marks, PATIENCE_S)
    assert not (await control.status(folder)).ready
    async with running(folder, Asked()):
        assert (await control.status(folder)).ready


async def test_what_outlived_its_supervisor_is_ended_by_the_next(folder: Path, base_port: int) -> None:
    async with running(folder, Asked(base_port)):
        pass
    stray = await asyncio.create_subprocess_exec(*fake_command(folder / "jiangsu.toml"))
    mark = processes.mark_of(stray.pid)
    known = state.read_state(folder)
    assert known is not None
    document = json.loads((folder / "state.json").read_bytes())
    row = next(row for row in document["processes"] if row["name"] == "jiangsu")
    row["mark"] = {"pid": stray.pid, "birth": mark.birth if mark else ""}
    (folder / "state.json").write_text(json.dumps(document))

    async def listens() -> bool:
        return await health.ask(f"http://{HOST}:{base_port + 2}") == "ready"

    try:
        await until(listens)
        async with running(folder, Asked()):
            assert mark_of(folder, "jiangsu") != mark
    finally:
        if stray.returncode is None and mark is not None and processes.is_running(mark):
            stray.terminate()
    assert await stray.wait() == -signal.SIGKILL


async def test_a_paused_supervisor_makes_way(folder: Path, base_port: int) -> None:
    process = await _start_apart(folder, base_port)
    mark = processes.mark_of(process.pid)
    assert mark is not None
    processes.send(mark, signal.SIGSTOP)

    async def is_paused() -> bool:
        return processes.is_paused(mark)

    await until(is_paused)
    assert await control.make_way(folder) is True
    assert await process.wait() == -signal.SIGKILL


async def test_down_stops_everything_and_delete_data_removes_it(folder: Path, base_port: int) -> None:
    (folder / "mine.txt").write_text("not of the region")
    process = await _start_apart(folder, base_port)
    assert await control.down(folder) is True
    assert await process.wait() == 0
    assert all(is_free(base_port + offset) for offset in (0, 1, 2, 3, 4, 9))
    assert await control.down(folder) is False
    control.delete_data(folder)
    assert names_in(folder) == ["apart.log", "mine.txt"]


@pytest.mark.parametrize(("offset", "name"), [(0, "anchor"), (3, "zhejiang"), (9, "postgres")])
async def test_a_port_in_use_is_named_before_anything_starts(folder: Path, base_port: int, offset: int, name: str) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((HOST, base_port + offset))
        taken.listen()
        with pytest.raises(YitongError) as refused:
            async with running(folder, Asked(base_port)):
                pass
    assert refused.value.code == "region.port-in-use"
    assert refused.value.params == {"port": base_port + offset, "name": name}
    assert "--base-port" in refused.value.remedy.en
    assert state.read_facts(folder) is None
    known = state.read_state(folder)
    assert known is not None
    assert known.failure is not None
    assert known.failure.error().what == refused.value.what
    async with running(folder, Asked(base_port)):  # nothing was spoilt
        assert (await control.status(folder)).ready


async def test_a_process_that_cannot_start_ends_the_attempt(folder: Path, base_port: int) -> None:
    (folder / "anhui.broken").touch()
    with pytest.raises(YitongError) as refused:
        async with running(folder, Asked(base_port)):
            pass
    assert refused.value.code == "region.process-keeps-ending"
    assert "anhui" in refused.value.what.en
    assert "exit 7" in refused.value.what.en
    assert str(folder / "logs" / "anhui.log") in refused.value.remedy.en
    assert all(is_free(base_port + offset) for offset in (0, 1, 2, 3, 4, 9))


async def test_data_that_are_gone_are_not_replaced_in_silence(folder: Path, base_port: int) -> None:
    async with running(folder, Asked(base_port)):
        pass
    shutil.rmtree(folder / "postgres")
    with pytest.raises(YitongError) as refused:
        async with running(folder, Asked()):
            pass
    assert refused.value.code == "region.data-missing"


async def test_another_postgresql_by_url_serves_as_well(folder: Path, base_ports: Iterator[int]) -> None:
    async with running(folder / "first", Asked(next(base_ports))) as first:
        url = embedded.admin_url(first, state.read_passwords(first.folder))
        async with running(folder / "second", Asked(next(base_ports), url)) as second:
            assert second.facts.data_folder is None
            assert mark_of(second.folder, "postgres") is None
            name = second.database_name(second.nodes[0])
            assert second.facts.region_id in name
            assert await ask(node_url(second, "shanghai"), "SELECT current_database()") == name
        control.delete_data(second.folder)
        assert not second.folder.exists()
        assert await ask(url, "SELECT 7") == 7


@NEEDS_ROOT
async def test_in_a_closed_folder_the_data_go_where_nobody_can_enter(
    folder: Path, base_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_SHARED_PLACES", (folder,))
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    said: list[str] = []
    async with running(closed, Asked(base_port), said) as plan:
        assert plan.facts.data_folder == str(folder / "yitong" / f"data-{plan.facts.region_id}")
        assert any(plan.facts.data_folder in line for line in said)
    async with running(closed, Asked()) as again:
        assert again.facts == plan.facts
    control.delete_data(closed)
    assert plan.facts.region_id not in " ".join(names_in(folder / "yitong"))
