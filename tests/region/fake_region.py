"""Runs a region of fake nodes in a process of its own, so that a test can kill its supervisor. Arguments: folder, base port."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from yitong.region.plan import Asked, Plan
from yitong.region.supervisor import Surroundings, supervise

FAKE_NODE = Path(__file__).with_name("fake_node.py")


def fake_command(config: Path) -> tuple[str, ...]:
    return (sys.executable, str(FAKE_NODE), str(config))


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    async def ready(_plan: Plan) -> None:
        return

    around = Surroundings(say, command=fake_command)
    await supervise(Path(sys.argv[1]), Asked(int(sys.argv[2])), around, stop, ready)


if __name__ == "__main__":
    asyncio.run(main())
