"""Serving one process: bind, build, answer, and stop cleanly on SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import socket
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from yitong.errors import YitongError
from yitong.node import log
from yitong.node.build import open_anchor, open_node
from yitong.node.config import Config, read_config
from yitong.node.web.app import anchor_app, node_app

STOP_WITHIN_S = 5


def bind(config: Config) -> socket.socket:
    """A listening socket; raises ``node.port-in-use`` or ``node.cannot-listen``."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.listen_host, config.listen_port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        code = "node.port-in-use" if error.errno == errno.EADDRINUSE else "node.cannot-listen"
        raise YitongError(code, config.name, port=config.listen_port, reason=error.strerror or "?") from error
    listening.setblocking(False)
    return listening


async def _answer(app: FastAPI, listening: socket.socket) -> None:
    settings = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # a client does not say for itself which address it has
        lifespan="off",
        timeout_graceful_shutdown=STOP_WITHIN_S,
        h11_max_incomplete_event_size=65_536,
    )
    await uvicorn.Server(settings).serve(sockets=[listening])


async def _serve_node(config: Config, listening: socket.socket) -> None:
    async with open_node(config) as node:
        working = asyncio.create_task(node.exchange.run())
        structlog.get_logger("yitong").info("serving", url=config.public_url)
        try:
            await _answer(node_app(node), listening)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def _serve_anchor(config: Config, listening: socket.socket) -> None:
    async with open_anchor(config) as anchor:
        await _answer(anchor_app(anchor), listening)


def main(path: Path) -> None:
    """Serve the process that the configuration at ``path`` describes, until it is told to stop."""
    config = read_config(path)
    log.configure(config.name, config.log_level)
    listening = bind(config)
    serve = _serve_anchor if config.role == "anchor" else _serve_node
    asyncio.run(serve(config, listening))
