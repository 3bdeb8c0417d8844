"""The web layer under attack: what was not foreseen, bodies that are no JSON, addresses that no database takes."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from yitong.clock import read_moment
from yitong.entropy import SystemEntropy
from yitong.errors import YitongError
from yitong.node import log
from yitong.node.config import AnchorPin, Config, Title
from yitong.node.example_clock import ExampleClock
from yitong.node.web.middleware import Buckets, Guard
from yitong.node.web.problem import install
from yitong.node.web.routes import Body, Routes
from yitong.peers.client import PeerClient

TITLE = Title("测试", "test")
CONFIG = Config(
    "test", "node", "310000", "Asia/Shanghai", TITLE, TITLE, "127.0.0.1", 1, "https://test.example", "", "", AnchorPin("", "")
)


class Sample(Body):
    name: str


def application(burst: int = 100) -> FastAPI:
    app = FastAPI()
    install(app)
    app.add_middleware(Guard, entropy=SystemEntropy(), max_body_bytes=1000, buckets=Buckets(burst, 0.0), https=True)
    routes = Routes(app, CONFIG, "test")

    @routes.add("POST", "/sample", "public")
    async def sample(given: Sample) -> dict[str, str]:
        return {"name": given.name}

    @routes.add("GET", "/broken/{secret}", "public")
    async def broken(secret: str) -> dict[str, str]:
        raise LookupError(secret)

    @routes.add("POST", "/peer/messages", "message")
    async def peer() -> dict[str, str]:
        raise YitongError("message.malformed", "body")

    return app


async def ask(
    app: FastAPI, method: str, path: str, body: bytes = b"", media_type: str = "application/json", pieces: int = 1
) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Status, problem document and headers of the answer."""
    size = max(1, len(body) // pieces)
    parts = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": parts.pop(0) if parts else b"", "more_body": bool(parts)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "https",
        "headers": [(b"content-type", media_type.encode())], "client": ("192.0.2.1", 1), "server": ("test", 443),
        "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    await app(scope, receive, send)
    text = b"".join(message.get("body", b"") for message in sent[1:])
    return sent[0]["status"], json.loads(text), {name.decode(): value.decode() for name, value in sent[0]["headers"]}


async def test_what_was_not_foreseen_is_a_problem_with_a_number_and_every_header() -> None:
    status, problem, headers = await ask(application(), "GET", "/broken/110101199003070038")
    assert (status, problem["code"]) == (500, "http.internal")
    assert problem["request_id"] == headers["x-request-id"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "110101199003070038" not in json.dumps(problem)


@pytest.mark.parametrize(
    ("body", "media_type", "expected"),
    [
        (b'{"name":', "application/json", (400, "value.not-json")),
        (b'{"name":"a","name":"b"}', "application/json", (400, "value.not-json")),
        (b'{"name":"a"}', "text/plain", (415, "http.wrong-media-type")),
        (b'{"name":1}', "application/json", (422, "http.invalid-body")),
        (b"", "application/json", (422, "http.invalid-body")),
        (b'{"name":"' + b"a" * 2000 + b'"}', "application/json", (413, "http.too-large")),
    ],
)
async def test_a_bad_body_is_not_a_missing_address(body: bytes, media_type: str, expected: tuple[int, str]) -> None:
    status, problem, _ = await ask(application(), "POST", "/sample", body, media_type, pieces=4)
    assert (status, problem["code"]) == expected


@pytest.mark.parametrize("path", ["/broken/\x00", "/broken/a\nb", "/broken/\x1b[31m"])
async def test_an_address_with_control_characters_does_not_exist(path: str) -> None:
    status, problem, _ = await ask(application(), "GET", path)
    assert (status, problem["code"]) == (404, "http.not-found")


async def test_refused_messages_are_counted() -> None:
    app = application(burst=3)
    found = [(await ask(app, "POST", "/peer/messages"))[0] for _ in range(5)]
    assert found == [400, 400, 400, 429, 429]


def test_a_trace_holds_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    class RowError(Exception):
        pass

    def handler(number: str) -> None:
        raise RowError("duplicate key\nDETAIL:  Key (number)=(110101199003070038) already exists.")

    before, level = structlog.get_config(), logging.getLogger().level
    try:
        log.configure("test", "info")
        try:
            handler("320981200001010015")
        except RowError:
            structlog.get_logger("fresh").exception("handler broke")
    finally:
        structlog.configure(**before)
        structlog.contextvars.clear_contextvars()
        logging.getLogger().setLevel(level)
    written = capsys.readouterr().err
    assert "RowError" in written
    assert "duplicate key" in written
    assert "110101199003070038" not in written
    assert "320981200001010015" not in written


@pytest.mark.parametrize("url", ["http://[", "https://..", "https://a..b", "https://" + "a" * 80 + ".example"])
async def test_an_address_that_cannot_exist_is_refused_with_a_code(url: str) -> None:
    async with PeerClient(allow_loopback_http=False) as client:
        with pytest.raises(YitongError) as refused:
            await client.get_text(url)
    assert refused.value.code == "peer.bad-address"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_moment_that_leaves_the_calendar_is_none(text: str) -> None:
    with pytest.raises(YitongError) as refused:
        read_moment(text)
    assert refused.value.code == "time.not-a-moment"


def test_two_processes_that_move_the_clock_at_once_do_not_take_each_others_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = ExampleClock(tmp_path / "offset"), ExampleClock(tmp_path / "offset")
    replace, process = Path.replace, [1]
    monkeypatch.setattr("os.getpid", lambda: process[0])

    def interrupted(self: Path, target: Path) -> Path:
        if process[0] == 1:
            process[0] = 2
            theirs.set(read_moment("2026-02-12T09:00:00+08:00"))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    ours.set(read_moment("2026-02-13T09:00:00+08:00"))
    assert theirs.now().date() == ours.now().date() == read_moment("2026-02-13T09:00:00+08:00").date()
