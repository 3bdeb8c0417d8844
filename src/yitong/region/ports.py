"""Ports of the region: a taken one is named before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Mapping

from yitong.errors import YitongError

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of this machine now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: connections that are closing do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on now; somebody may before it is used."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def check(wanted: Mapping[str, int], *, is_new: bool) -> None:
    """Raise for the first of ``wanted`` (name → port) that is taken.

    ``region.port-in-use`` for a new region, which may be given another base port; ``region.own-port-in-use`` for one
    that exists, whose addresses contain the port.
    """
    for name, port in wanted.items():
        if not is_free(port):
            raise YitongError("region.port-in-use" if is_new else "region.own-port-in-use", str(port), port=port, name=name)
