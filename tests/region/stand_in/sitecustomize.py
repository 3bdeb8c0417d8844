"""Put before the path of a test's commands: `yitong node serve` answers /health/ready and does nothing else."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from types import ModuleType

FAKE_NODE = Path(__file__).parents[1] / "fake_node.py"


def main(config: Path) -> None:
    sys.argv = [str(FAKE_NODE), str(config)]
    runpy.run_path(str(FAKE_NODE), run_name="__main__")


stand_in = ModuleType("yitong.node.serve")
vars(stand_in)["main"] = main
sys.modules["yitong.node.serve"] = stand_in
