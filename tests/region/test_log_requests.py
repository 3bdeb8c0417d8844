"""Nothing secret and nothing personal is logged: requests full of both go through the application, and the log is searched."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
import structlog

from region.served import bearer
from yitong.ids import mod_11_2
from yitong.node import log

NUMBER, NAME, SECRET = "34052419800101001X", "欧阳示例甲", "s3cr3t-value-of-a-test"


@pytest.fixture
def logged():
    """Log as a process does; gives the text that was written."""
    before, level, handlers = structlog.get_config(), logging.getLogger().level, logging.getLogger().handlers[:]
    log.configure("shanghai", "debug")
    stream = io.StringIO()
    # not cached: the loggers of other tests must not keep this stream
    structlog.configure(cache_logger_on_first_use=False, logger_factory=structlog.PrintLoggerFactory(stream))
    yield stream.getvalue
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()
    logging.getLogger().setLevel(level)
    logging.getLogger().handlers = handlers


async def test_a_request_leaves_its_kind_and_nothing_of_its_content(served, logged):
    person = {"id": "logged-person", "role": "resident", "name_zh": NAME, "name_en": NAME, "number": NUMBER}
    await served.ask("shanghai", "POST", "/example/people", json=person)
    session = await served.sign_in("shanghai", "logged-person")
    form = await served.ask("shanghai", "POST", "/sign-in", data={"subject": "logged-person"})
    cookie = form.headers["Set-Cookie"].split(";")[0]
    headers = bearer(session["token"])
    asked = [
        ("GET", f"/api/session?number={NUMBER}", {"headers": headers}),
        ("GET", f"/api/licences/{NUMBER}", {"headers": headers}),
        ("GET", f"/api/bills/{NUMBER}", {"headers": bearer(await served.officer("shanghai", "hospital"))}),
        ("GET", "/me", {"headers": {"Cookie": cookie, "Accept": "text/html"}}),
        ("GET", "/me", {"headers": {"Cookie": f"yitong_session={SECRET}", "Referer": f"https://x/{NUMBER}"}}),
        ("POST", "/sign-out", {"headers": {"Cookie": cookie}, "data": {"csrf": SECRET}}),
        ("POST", "/example/people", {"json": person | {"number": NUMBER[:-1] + "0"}}),
        ("POST", "/example/people", {"json": person | {"extra": SECRET}}),
        (
            "POST",
            "/example/people",
            {"data": f'{{"number": "{NUMBER}", '.encode(), "headers": {"Content-Type": "application/json"}},
        ),
        (
            "POST",
            "/api/outpatient/register",
            {"data": SECRET, "headers": {"Content-Type": "application/yitong-submission+jwt"}},
        ),
        ("POST", "/peer/messages", {"data": SECRET, "headers": {"Content-Type": "application/yitong-message+jwt"}}),
        ("POST", "/institutions/chongming-market/token", {"data": {"pre-authorized_code": SECRET, "tx_code": SECRET}}),
        ("GET", f"/nowhere/{NUMBER}/{SECRET}", {"headers": {"User-Agent": SECRET, "X-Forwarded-For": NUMBER}}),
    ]
    for method, path, options in asked:
        await served.ask("shanghai", method, path, **options)
    await served.ask("shanghai", "GET", "/health/live")  # a request is logged after its answer has gone
    written = logged()
    assert written.count('"event": "request"') >= len(asked)
    for private in (NUMBER, NUMBER[:17], NAME, SECRET, session["token"], session["csrf"], cookie.split("=")[1], "欧阳"):
        assert private not in written, private
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    routes = {line["route"] for line in lines if line["event"] == "request"}
    assert {"/api/licences/{licence_id}", "/me", "(none)"} <= routes, "a route is logged by its pattern"
    assert all("127.0.0.1" not in json.dumps(line) for line in lines if line["event"] == "request"), "no address of a client"


async def test_a_number_in_an_address_that_is_none_stays_out(served, logged):
    """The place of a refusal is a record's identifier; one that nobody knows may be anything that a person typed."""
    token = await served.resident("shanghai", "a-stranger")
    for path in ("/api/licences/{}", "/api/rides/{}", "/api/cases/{}", "/licences/{}", "/cases/{}", "/rides/{}", "/bills/{}"):
        answer = await served.ask("shanghai", "GET", path.format(NUMBER), headers=bearer(token))
        assert answer.status == 404
    await served.ask("shanghai", "GET", "/health/live")
    assert logged().count("store.not-found") == 7
    assert NUMBER not in logged()


def numbers_in(text):
    """What may be a person's number: 18 characters of its form with the right check character."""
    return [
        found
        for found in re.findall(r"(?<![0-9A-Za-z_-])[1-9][0-9]{16}[0-9X](?![0-9A-Za-z_-])", text)
        if mod_11_2(found[:17]) == found[17]
    ]


def test_the_logs_of_a_whole_tour_name_nobody(region, toured):
    logs = [path for path in region.folder.rglob("*.log") if path.is_file()]
    assert {path.stem for path in logs} >= {"shanghai", "jiangsu", "anhui", "zhejiang", "anchor"}
    for path in logs:
        text = path.read_text("utf-8", "replace")
        assert numbers_in(text) == [], path
        assert re.search(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", text) is None, f"{path}: a token"
        for private in ("Bearer ", "yitong_session", "postgresql://", "PRIVATE KEY", "安小禾", "林晓岚"):
            assert private not in text, (path, private)
        assert '"level": "error"' not in text, (path, [line for line in text.splitlines() if '"error"' in line][:3])
