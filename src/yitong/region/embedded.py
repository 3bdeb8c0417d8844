"""The embedded database of a plan: where its parts are, how it is kept running, and how its administrator signs in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from yitong.entropy import Entropy
from yitong.errors import YitongError
from yitong.region import databases, places, postgres, processes
from yitong.region.keeper import Keeper, Say
from yitong.region.plan import Plan, keep_passwords
from yitong.region.ports import HOST
from yitong.region.postgres import Cluster
from yitong.region.processes import Mark
from yitong.region.state import read_passwords

NAME = "postgres"


def admin_url(plan: Plan, passwords: Mapping[str, str]) -> str:
    """The administrator's URL of the plan's database server, embedded or not."""
    if plan.facts.admin_url is not None:
        return plan.facts.admin_url
    server = f"postgresql://{HOST}:{plan.database_port}"
    login = databases.Login(postgres.ADMIN, passwords[postgres.ADMIN])
    return databases.url_with(server, login, "postgres")


async def prepare(plan: Plan, say: Say, entropy: Entropy) -> Cluster:
    """The plan's server, made if it was not; raises ``region.data-missing`` or ``region.postgres-failed``.

    Data that were there and are gone are not replaced by empty ones in silence.
    """
    account = processes.unprivileged_account()
    programs = await asyncio.to_thread(places.programs_for, account)
    folder = Path(plan.facts.data_folder or "")
    cluster = Cluster(programs, folder, plan.database_port, plan.log_file(NAME), account)
    _say_where(cluster, plan, say)
    if not postgres.is_made(cluster) and set(read_passwords(plan.folder)) - {postgres.ADMIN}:
        raise YitongError("region.data-missing", str(cluster.data), folder=cluster.data)
    passwords = keep_passwords(plan, [postgres.ADMIN], entropy)
    await postgres.make(cluster, passwords[postgres.ADMIN])
    return cluster


def _say_where(cluster: Cluster, plan: Plan, say: Say) -> None:
    """What lies outside the region's folder, and who runs the server, should surprise nobody."""
    if cluster.account is not None:
        say("postgres: started by root, so it runs as the user nobody")
    if cluster.programs != places.installed_programs():
        say(f"postgres: nobody cannot enter the installed programs; a copy is in {cluster.programs}")
    if not cluster.folder.is_relative_to(plan.folder):
        say(f"postgres: nobody cannot enter the region's folder; the data are in {cluster.folder}")


def keeper(cluster: Cluster, say: Say, changed: Callable[[], None]) -> Keeper:
    """Keeps the server running, and through crashes: what a killed one left is cleared before each start."""

    async def clear() -> None:
        await postgres.clear_the_way(cluster)

    async def confirm(process: asyncio.subprocess.Process) -> None:
        await postgres.wait_until_ready(cluster, process)

    async def shut_down(mark: Mark) -> None:
        await postgres.stop(cluster, mark)

    return Keeper(NAME, postgres.command(cluster), say, changed, prepare=clear, confirm=confirm, shut_down=shut_down)
