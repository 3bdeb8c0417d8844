"""Requests that mean no good, or are only broken: bounded, refused in both languages, and never with a trace of the inside."""

from __future__ import annotations

import asyncio
import json
import select
import socket
import time
from contextlib import suppress
from urllib.parse import urlsplit

import pytest

from region.served import answering, app_of, bearer
from yitong.node.config import RateSettings
from yitong.node.pages.assets import CONTENT_SECURITY_POLICY, static_url

JSON = {"Content-Type": "application/json"}
PERSON = {"id": "hostile-1", "role": "resident", "name_zh": "示例", "name_en": "Example", "number": "34052419800101001X"}
FORM = "application/x-www-form-urlencoded"
HUNDRED_MB = 100 * 1024 * 1024
HOSTILE = "'; DROP TABLE account; --"


def talk(url, head, body, patience_s):
    """Write until the other side answers or hangs up, then read what it said: with a plain socket, which loses nothing of it."""
    parts, sent, text = urlsplit(url), 0, b""
    with socket.create_connection((parts.hostname, parts.port), timeout=patience_s) as connection:
        with suppress(ConnectionError):
            connection.sendall(head)
            for piece in body:
                if select.select([connection], [], [], 0)[0]:
                    break
                connection.sendall(piece)
                sent += len(piece)
        with suppress(ConnectionError):
            while b"\r\n\r\n" not in text and (part := connection.recv(65_536)):
                text += part
    return text.decode(), sent


async def raw(url, head, body=(), patience_s=10.0):
    """Write bytes to a connection as they are; returns the beginning of the answer, and how much of the body was sent."""
    return await asyncio.to_thread(talk, url, head, body, patience_s)


def check_problem(answer, status, code):
    """The answer is a whole problem document."""
    assert (answer.status, answer.code) == (status, code), answer.text
    found = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert set(found) == {"type", "title", "status", "code", "what", "remedy", "where", "who", "request_id"}
    for member in ("what", "remedy"):
        assert set(found[member]) == {"zh", "en"}
        assert any("\u4e00" <= char <= "\u9fff" for char in found[member]["zh"])
        assert found[member]["en"].isascii() or "…" in found[member]["en"]
    assert found["request_id"] == answer.headers["X-Request-Id"]
    assert found["status"] == status
    for inside in ("Traceback", "site-packages", "asyncpg", "yitong/"):
        assert inside not in answer.text


# --- size ---


@pytest.mark.parametrize("path", ["/peer/messages", "/example/people", "/sign-in", "/institutions/chongming-market/token"])
async def test_100_mb_are_refused_before_they_are_sent(served, path):
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {HUNDRED_MB}\r\n\r\n"
    began = time.monotonic()
    text, _ = await raw(served.urls["shanghai"], head.encode())
    assert text.startswith("HTTP/1.1 413")
    assert time.monotonic() - began < 2
    assert "connection: close" in text.lower()
    assert "content-security-policy" in text.lower()


@pytest.mark.parametrize("path", ["/peer/messages", "/example/people", "/sign-in"])
async def test_100_mb_without_a_length_are_refused_when_the_limit_is_reached(served, path):
    media_type = {"/example/people": "application/json", "/sign-in": FORM}.get(path, "application/yitong-message+jwt")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"%x\r\n" % 65_536 + b"x" * 65_536 + b"\r\n"
    began = time.monotonic()
    text, sent = await raw(served.urls["shanghai"], head.encode(), (piece for _ in range(HUNDRED_MB // 65_536)))
    assert text.startswith("HTTP/1.1 413"), text
    assert time.monotonic() - began < 5
    assert sent < HUNDRED_MB / 4, "it should not take in what it refuses"


@pytest.mark.parametrize("length", ["-1", "1e3", "abc", "", "１００", "99999999999999999999"])
async def test_a_length_that_is_none_is_refused(served, length):
    head = f"POST /peer/messages HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    text, _ = await raw(served.urls["shanghai"], head.encode())
    assert text.startswith(("HTTP/1.1 400", "HTTP/1.1 413"))


async def test_two_lengths_are_refused(served):
    head = b"POST /peer/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde"
    text, _ = await raw(served.urls["shanghai"], head)
    assert text.startswith("HTTP/1.1 400")


async def test_endless_headers_are_refused(served):
    head = b"GET / HTTP/1.1\r\nHost: x\r\n"
    text, sent = await raw(served.urls["shanghai"], head, (b"X-Padding: " + b"x" * 8_000 + b"\r\n" for _ in range(10_000)))
    assert text == "" or text.startswith(("HTTP/1.1 400", "HTTP/1.1 431"))
    assert sent < 20_000_000, "of 80 MB"


async def test_a_body_just_within_the_limit_is_read(served):
    limit = served.simulation.configs["shanghai"].max_body_bytes
    for size, status in ((limit, 400), (limit + 1, 413)):
        head = f"POST /example/people HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n"
        text, _ = await raw(served.urls["shanghai"], head.encode(), [b"[" + b" " * (size - 1)])
        assert text.startswith(f"HTTP/1.1 {status}")


# --- form ---


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b'{"id": "a", "id": "b"}',
        b'{"id": NaN}',
        b"\xff\xfe",
        b'{"id": "\\u0000"}',
        b'{"id": "\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
        b"\xef\xbb\xbf{}",
        b"id=a",
        b"<person/>",
    ],
    ids=repr,
)
async def test_broken_json_is_refused(served, body):
    answer = await served.ask("shanghai", "POST", "/example/people", data=body, headers=JSON)
    check_problem(answer, 400, "value.not-json")


@pytest.mark.parametrize("media_type", ["text/plain", FORM, "application/xml", "application/json5", "*/*", ""])
async def test_another_media_type_is_refused(served, media_type):
    body = json.dumps(PERSON).encode()
    answer = await served.ask("shanghai", "POST", "/example/people", data=body, headers={"Content-Type": media_type})
    check_problem(answer, 415, "http.wrong-media-type")
    assert "application/json" in answer.json()["what"]["en"]


@pytest.mark.parametrize("path", ["/peer/messages", "/api/metro/taps", "/api/outpatient/register"])
async def test_a_signed_text_has_a_media_type_of_its_own(served, path):
    answer = await served.ask("shanghai", "POST", path, data=b"a.b.c", headers=JSON)
    assert answer.status == 415
    assert answer.code in ("http.wrong-media-type", "message.wrong-media-type")


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"admin": True}, "/body/admin"),
        ({"example": False}, "/body/example"),
        ({"id": 5}, "/body/id"),
        ({"id": None}, "/body/id"),
        ({"name_zh": ["x"]}, "/body/name_zh"),
        ({"id": "../../etc"}, "/body/id"),
        ({"name_zh": "x" * 101}, "/body/name_zh"),
        ({"id": ...}, "/body/id"),
    ],
    ids=str,
)
async def test_what_does_not_fit_is_named_and_not_repeated(served, changed, where):
    body = {name: value for name, value in (PERSON | changed).items() if value is not ...}
    answer = await served.ask("shanghai", "POST", "/example/people", json=body)
    check_problem(answer, 422, "http.invalid-body")
    assert answer.json()["where"] == where
    assert PERSON["number"] not in answer.text
    assert "etc" not in answer.text


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b"5", b"null", b"true"], ids=repr)
async def test_a_body_that_is_no_object_is_refused(served, body):
    answer = await served.ask("shanghai", "POST", "/example/people", data=body, headers=JSON)
    check_problem(answer, 422, "http.invalid-body")


async def test_a_role_that_does_not_exist_gives_no_rights(served):
    for role in ("admin", "anchor", "", "Resident", "resident ", HOSTILE):
        answer = await served.ask("shanghai", "POST", "/example/people", json=PERSON | {"role": role})
        check_problem(answer, 422, "http.invalid-body")
    for number in ("34052419800101001Y", "340524198001010011", "x" * 18, ""):
        answer = await served.ask("shanghai", "POST", "/example/people", json=PERSON | {"number": number})
        assert answer.status == 422
        assert answer.code.startswith("id.")


@pytest.mark.parametrize(
    "subject", [b"\x00", HOSTILE.encode(), b"\xff", "名".encode(), b"x" * 50_000, b"", b"a\r\nSet-Cookie: b=c"]
)
async def test_a_form_with_nonsense_signs_nobody_in(served, subject):
    body = b"subject=" + b"".join(b"%%%02x" % byte for byte in subject)
    answer = await served.ask("shanghai", "POST", "/sign-in", data=body, headers={"Content-Type": FORM})
    assert 400 <= answer.status < 500, answer.text
    assert "Set-Cookie" not in answer.headers


async def test_a_form_of_another_kind_signs_nobody_in(served):
    for media_type in ("multipart/form-data; boundary=x", "multipart/form-data", "text/plain"):
        answer = await served.ask("shanghai", "POST", "/sign-in", data=b"--x\r\n", headers={"Content-Type": media_type})
        assert 400 <= answer.status < 500, (media_type, answer.status, answer.text)


# --- addresses ---


@pytest.mark.parametrize(
    "name",
    [
        "%00",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%27%3B%20DROP",
        "x" * 4_000,
        "%E5%90%8D",
        "%ff",
        "%0d%0aSet-Cookie:%20a=b",
        "*",
        "%20",
    ],
)
@pytest.mark.parametrize(
    "path", ["/api/licences/{}", "/cases/{}", "/api/rides/{}", "/bills/{}", "/static/{}", "/presentations/{}/request"]
)
async def test_an_address_that_is_none_is_not_found(served, path, name):
    token = await served.resident("shanghai", "a-stranger")
    url = served.urls["shanghai"] + path.format(name)
    head = f"GET {urlsplit(url).path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    text, _ = await raw(url, head.encode())
    assert text.startswith("HTTP/1.1 404"), text.splitlines()[0]
    assert "set-cookie" not in text.lower()


@pytest.mark.parametrize("query", ["sub=%00", "sub=" + "x" * 5_000, "sub=%ff", "sub=", "", "sub=a&sub=b", "trust_mark=1"])
async def test_a_federation_question_that_is_none_is_refused_in_its_own_words(served, query):
    for process in ("shanghai", "anchor"):
        answer = await served.ask(process, "GET", f"/federation/fetch?{query}")
        assert answer.status in (400, 404)
        assert answer.json()["error"] in ("invalid_request", "not_found")


async def test_a_method_that_is_none_is_refused(served):
    for method, path in (("DELETE", "/"), ("PUT", "/api/cases"), ("PATCH", "/me"), ("FOO", "/"), ("POST", "/health/live")):
        check_problem(await served.ask("shanghai", method, path), 405, "http.method-not-allowed")
    check_problem(await served.ask("shanghai", "GET", "/wp-login.php"), 404, "http.not-found")
    for path in ("/docs", "/redoc", "/.env", "/metrics", "/admin"):
        assert (await served.ask("shanghai", "GET", path)).status == 404


async def test_what_people_wrote_is_shown_as_text(served):
    script = "<script>alert(1)</script>"
    await served.person("shanghai", "evil-person", "resident", name_zh=script, name_en=script, number=PERSON["number"])
    page = await served.ask("shanghai", "GET", "/sign-in", headers={"Accept": "text/html"})
    assert "&lt;script&gt;alert(1)" in page.text
    assert script not in page.text
    for query in ("?lang=%3Cscript%3E", "?lang=en&x=%22%3E%3Cscript%3E", "?lang=//evil.example"):
        page = await served.ask("shanghai", "GET", "/" + query, headers={"Accept": "text/html"})
        assert page.status == 200
        assert "<script>" not in page.text.replace('<script src="', "")
        assert 'href="//evil' not in page.text


# --- headers of every answer ---

ANSWERS = [
    ("shanghai", "GET", "/", {"headers": {"Accept": "text/html"}}, 200),
    ("shanghai", "GET", "/openapi.json", {}, 200),
    ("shanghai", "GET", "/health/live", {}, 200),
    ("shanghai", "GET", static_url("yitong.css"), {}, 200),
    ("shanghai", "GET", "/me", {"headers": {"Accept": "text/html"}}, 401),
    ("shanghai", "GET", "/api/session", {}, 401),
    ("shanghai", "GET", "/nowhere", {"headers": {"Accept": "text/html"}}, 404),
    ("shanghai", "DELETE", "/", {}, 405),
    ("shanghai", "POST", "/sign-in", {"data": {"subject": "x"}, "headers": {"Origin": "null"}}, 403),
    ("shanghai", "POST", "/example/people", {"data": b"{"}, 415),
    ("shanghai", "POST", "/example/people", {"data": b"{", "headers": JSON}, 400),
    ("shanghai", "POST", "/example/people", {"json": {}}, 422),
    ("shanghai", "POST", "/institutions/chongming-market/token", {"data": {"a": "b"}}, 400),
    ("anchor", "GET", "/", {"headers": {"Accept": "text/html"}}, 200),
    ("anchor", "GET", "/federation/recognition", {}, 200),
    ("closed", "GET", "/", {}, 200),
]


@pytest.mark.parametrize(("process", "method", "path", "options", "status"), ANSWERS, ids=lambda value: str(value)[:40])
async def test_every_answer_has_the_headers_that_protect_it(served, process, method, path, options, status):
    answer = await served.ask(process, method, path, **options)
    assert answer.status == status, answer.text[:300]
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Request-Id"]
    assert ("Strict-Transport-Security" in answer.headers) is (process == "closed")
    assert "Server" not in answer.headers
    assert answer.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if "/static/" in path else "no-store")


def test_the_policy_allows_nothing_inline_and_nobody_else():
    policy = dict(part.strip().split(" ", 1) for part in CONTENT_SECURITY_POLICY.split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "*" not in CONTENT_SECURITY_POLICY


# --- too many ---


@pytest.fixture(scope="module")
def hurried(served, server_loop):
    """Shanghai with room for three requests."""
    app = app_of(served.simulation, "shanghai", None, rate=RateSettings(burst=3, per_second=0.01))
    url, close = server_loop.open(answering(app))
    served.urls["hurried"] = url
    yield "hurried"
    close()


async def test_too_many_requests_wait(served, hurried):
    for path in ("/", "/api/session", "/nowhere"):
        assert (await served.ask(hurried, "GET", path)).status != 429
    for method, path, options in (("GET", "/", {}), ("POST", "/sign-in", {"data": {"subject": "x"}})):
        answer = await served.ask(hurried, method, path, **options)
        check_problem(answer, 429, "http.rate-limited")
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert (await served.ask(hurried, "GET", "/health/live")).status == 200, "whoever watches over it is not counted"


async def test_the_answer_to_a_wrong_token_says_nothing_of_the_right_one(served):
    token = (await served.sign_in("jiangsu", "rider"))["token"]
    nearly, far = [
        await served.ask("jiangsu", "GET", "/api/session", headers=bearer(given)) for given in (token[:-1] + "!", "x")
    ]
    assert nearly.json() | {"request_id": ""} == far.json() | {"request_id": ""}
