"""Run the benchmarks named on the command line, or all of them; each prints one JSON line per figure."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator

from bench import house, suite
from bench.figure import Figure

ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "startup": house.startup,
    "memory": house.memory,
    "tour": house.tour,
    "test": suite.test_time,
}


def main(names: list[str]) -> int:
    """Print the figures; 1 when a goal is missed."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.stderr.write(f"no such benchmark: {', '.join(unknown)}; there are: {', '.join(ALL)}\n")
        return 2
    missed = False
    for name in names or ALL:
        for figure in ALL[name]():
            print(json.dumps(figure.written()), flush=True)
            missed = missed or not figure.holds
    return int(missed)


raise SystemExit(main(sys.argv[1:]))
