"""The commands of ``yitong``: ``region up``, ``tour``, ``status``, ``down``, ``run``, and ``node serve``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from yitong.errors import YitongError
from yitong.node.cli import describe, serve
from yitong.region import commands, control
from yitong.region.control import AnchorStatus, NodeStatus, Status
from yitong.region.plan import Asked, Plan

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Yitong 一通: jurisdictions that act as one region.")
region_app = typer.Typer(no_args_is_help=True, help="Run the example region on this machine.")
node_app = typer.Typer(no_args_is_help=True, help="Run one process of a region.")
app.add_typer(region_app, name="region")
app.add_typer(node_app, name="node")

Dir = Annotated[Path, typer.Option("--dir", help="The folder of the region.")]
BasePort = Annotated[int | None, typer.Option("--base-port", help="Port of the anchor; the others follow. [default: 7400]")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option("--database-url", help="An administrator's URL of a PostgreSQL to use in place of the embedded one."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DEFAULT_DIR = Path(".yitong/region")


def say(line: str) -> None:
    """Print a line now."""
    typer.echo(line)
    sys.stdout.flush()


@contextmanager
def _refusals() -> Iterator[None]:
    """A refusal is printed with its remedy, and the command ends with 1."""
    try:
        yield
    except YitongError as error:
        sys.stderr.write(describe(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        raise typer.Exit(130) from error


def _wait(task: Coroutine[Any, Any, Any]) -> Any:
    with _refusals():
        return asyncio.run(task)


async def _say_ready(plan: Plan) -> None:
    commands.say_addresses(plan, say)
    say("ready; Press Ctrl-C to stop.")


@region_app.command()
def up(
    folder: Dir = DEFAULT_DIR,
    base_port: BasePort = None,
    database_url: DatabaseUrl = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is ready, and leave it running.")] = False,
) -> None:
    """Start the database, the anchor and the nodes; stay until Ctrl-C."""
    asked, whole = Asked(base_port, database_url), commands.absolute(folder)
    _wait(commands.up_detached(whole, asked, say) if detach else commands.up(whole, asked, say, _say_ready))


@region_app.command()
def run(folder: Dir = DEFAULT_DIR, base_port: BasePort = None, database_url: DatabaseUrl = None) -> None:
    """Start the region, play the stories, show the addresses of the pages; stay until Ctrl-C."""
    raise typer.Exit(_wait(commands.run(commands.absolute(folder), Asked(base_port, database_url), say)))


@region_app.command()
def status(folder: Dir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Ask every process how it is; ends with 3 when the region is not ready."""
    found = _wait(control.status(commands.absolute(folder)))
    if as_json:
        say(msgspec.json.encode(found).decode())
    else:
        _show(found)
    raise typer.Exit(0 if found.ready else commands.NOT_READY)


def _show(found: Status) -> None:
    say("ready" if found.ready else "not ready")
    rows: list[tuple[str, AnchorStatus | NodeStatus]] = [("anchor", found.anchor)] if found.anchor else []
    rows += [(node.name, node) for node in found.nodes]
    for name, row in rows:
        state = "well" if row.healthy else "not ready" if row.pid else "not running"
        say(f"  {name:<12} {row.url:<24} {state}" + (f" (process {row.pid})" if row.pid else ""))


@region_app.command()
def down(
    folder: Dir = DEFAULT_DIR,
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Also remove its data and keys.")] = False,
) -> None:
    """Stop a region that was started with --detach, or in another terminal."""
    whole = commands.absolute(folder)
    say("stopped" if _wait(control.down(whole)) else "nothing runs there")
    if delete_data:
        with _refusals():
            control.delete_data(whole)
        say("its data are removed")


@region_app.command()
def tour(folder: Dir = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Play the four stories as an outside client of a region that runs."""
    from yitong.region.tour.main import run as run_tour  # noqa: PLC0415 - the stories are not needed by the other commands

    with _refusals():
        raise typer.Exit(_wait(run_tour(commands.absolute(folder), as_json)))


@region_app.command(hidden=True)
def supervise(folder: Dir) -> None:
    """Run a region whose wishes come on standard input; what up --detach starts."""
    _wait(commands.supervise_detached(commands.absolute(folder), say))


@node_app.command(name="serve")
def serve_node(config: Annotated[Path, typer.Option("--config", help="The configuration of the process.")]) -> None:
    """Serve one process of a region until it is told to stop."""
    raise typer.Exit(serve(config))
