"""The clock of an example region: the machine's clock moved by what a file says, the same file for every process.

The stories happen on a certain day; whoever looks on may set the region to that day. Outside an example region no
such file can be configured.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from yitong.clock import OffsetClock


class ExampleClock:
    """Reads the offset when the file has changed, and writes it when it is moved."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._clock = OffsetClock()
        self._seen: tuple[int, int] = (0, 0)

    def now(self) -> datetime:
        """This moment in the example region, aware, in UTC."""
        self._look()
        return self._clock.now()

    def _look(self) -> None:
        try:
            found = self._path.stat()
            if (found.st_mtime_ns, found.st_ino) == self._seen:
                return
            offset = timedelta(microseconds=int(self._path.read_text("ascii")))
        except FileNotFoundError:
            return
        self._clock.offset = offset
        self._seen = (found.st_mtime_ns, found.st_ino)

    def set(self, moment: datetime) -> None:
        """Make it ``moment`` now, in every process of the region; time goes on from there."""
        self._clock.set(moment)
        self._write()

    def advance(self, by: timedelta) -> None:
        """Move forward by ``by`` in every process of the region."""
        self._look()
        self._clock.advance(by)
        self._write()

    def _write(self) -> None:
        written = self._path.with_suffix(f".{os.getpid()}")  # each process its own: several may write at once
        written.write_text(str(self._clock.offset // timedelta(microseconds=1)), "ascii")
        written.replace(self._path)
        self._look()
