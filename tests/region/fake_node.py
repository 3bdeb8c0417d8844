"""Stands in for a node where only the supervisor is tested: answers /health/ready, as its configuration says."""

from __future__ import annotations

import sys
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

config = tomllib.loads(Path(sys.argv[1]).read_text("utf-8"))


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


if __name__ == "__main__":
    if Path(sys.argv[1]).with_suffix(".broken").exists():
        sys.exit(7)
    ThreadingHTTPServer((config["listen_host"], config["listen_port"]), Handler).serve_forever()
