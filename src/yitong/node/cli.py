"""The command ``yitong``: its entry, and the small road to a serving process.

``yitong node serve`` is what runs a jurisdiction, four times on one machine in the example region. It is read here
without the command-line library, so that a serving process does not carry that in its memory; all other commands
are in :mod:`yitong.node.cli_region`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from yitong.errors import YitongError

_SERVE = ["node", "serve", "--config"]


def main() -> None:
    """Run the command line; ends the process with 0, 1 for a refusal, 2 for a wrong command line."""
    arguments = sys.argv[1:]
    if len(arguments) == 4 and arguments[:3] == _SERVE:
        sys.exit(serve(Path(arguments[3])))
    from yitong.node.cli_region import app  # noqa: PLC0415 - the command-line library stays out of serving processes

    app()


def serve(config: Path) -> int:
    """Serve the process that ``config`` describes until it is told to stop; 1 when it cannot."""
    from yitong.node.serve import main as serve_process  # noqa: PLC0415 - the web server stays out of the other commands

    try:
        serve_process(config)
    except YitongError as error:
        sys.stderr.write(describe(error))
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def describe(error: YitongError) -> str:
    """A refusal for people: what is wrong and what to do about it, in both languages, and the stable code."""
    return f"{error.code}\n  {error.what.zh}{error.remedy.zh}\n  {error.what.en} {error.remedy.en}\n"


if __name__ == "__main__":
    main()
