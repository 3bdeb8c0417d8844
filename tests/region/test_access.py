"""Every endpoint against every role: the table beside this file says who may, and each row is tried over HTTP."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

from region.served import OFFICES, bearer
from yitong.ids import make_uscc
from yitong.people.account import ROLES

TABLE = tomllib.loads(Path(__file__).with_name("access_table.toml").read_text("utf-8"))
NODE = TABLE["node"]
ROWS = [(*name.split(" ", 1), row[0], frozenset(row[1:])) for name, row in NODE.items()]
BEHIND_SESSION = [row for row in ROWS if row[2] == "signed-in" or row[2].startswith("may:")]
CHANGING = [row for row in BEHIND_SESSION if row[0] != "GET"]
PERMITTED = [row for row in BEHIND_SESSION if row[2].startswith("may:")]
BY_SIGNATURE = [row for row in ROWS if row[2] in ("message", "submission", "token")]
EXAMPLE = [row for row in ROWS if row[2] == "example"]
HOME = {"resident": "jiangsu", "enterprise": "jiangsu"} | {role: node for node, role in reversed(OFFICES)}


def endpoint(row):
    return f"{row[0]} {row[1]}" if isinstance(row, tuple) else str(row)


def filled(path, records):
    """The path with somebody's records in it."""
    bills = "own_bill" if path.startswith("/api/my/") else "bill"
    names = {
        "case_id": "case",
        "sha256": "document",
        "ride_id": "ride",
        "ref": "window",
        "day": "day",
        "person_no": "person_no",
        "bill_id": bills,
        "licence_id": "licence",
        "presentation_id": "presentation",
    }
    values = {placeholder: records[name] for placeholder, name in names.items()}
    fixed = {"institution_id": "chongming-market", "list_number": "1", "name": "yitong.css", "service_id": "none"}
    return path.format(**values, **fixed)


def access_of(app):
    return {
        f"{method} {route.path}": route.openapi_extra["x-yitong-access"] for route in app.routes for method in route.methods
    }


# --- the table ---


@pytest.mark.parametrize(("process", "table"), [("shanghai", "node"), ("anhui", "node"), ("anchor", "anchor")])
def test_the_table_names_every_endpoint(served, process, table):
    assert access_of(served.apps[process]) == {name: row[0] for name, row in TABLE[table].items()}


@pytest.mark.parametrize("row", PERMITTED, ids=endpoint)
def test_the_table_names_the_roles_that_carry_the_permission(row):
    permission = row[2].removeprefix("may:")
    assert {role for role, permissions in ROLES.items() if permission in permissions} == row[3]


# --- without a session ---


@pytest.fixture(scope="module")
def forged(served):
    """Headers that look like a session and are none."""
    return [
        {},
        bearer("x"),
        bearer("A" * 32),
        bearer("x" * 5_000),
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer"},
        {"Cookie": "yitong_session=forged"},
        {"Cookie": "yitong_session="},
    ]


@pytest.mark.parametrize("row", BEHIND_SESSION, ids=endpoint)
async def test_without_a_session_nothing_is_open(served, forged, row):
    method, path = row[:2]
    for headers in forged:
        answer = await served.ask("shanghai", method, filled(path, served.records), headers=headers)
        assert (answer.status, answer.code) == (401, "access.sign-in"), headers
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("row", BY_SIGNATURE, ids=endpoint)
async def test_without_a_signature_or_token_nothing_is_open(served, row):
    method, path = row[:2]
    for body, media_type in ((b"", "application/json"), (b"{}", "application/json"), (b"a=1", "text/plain")):
        answer = await served.ask(
            "shanghai", method, filled(path, served.records), data=body, headers={"Content-Type": media_type}
        )
        assert 400 <= answer.status < 500, answer.text


async def test_an_ended_session_is_none(served):
    session = await served.sign_in("jiangsu", "rider")
    assert (await served.ask("jiangsu", "GET", "/api/my/rides", headers=bearer(session["token"]))).status == 200
    ended = await served.ask("jiangsu", "POST", "/sign-out", headers=bearer(session["token"]))
    assert ended.status == 303
    answer = await served.ask("jiangsu", "GET", "/api/my/rides", headers=bearer(session["token"]))
    assert (answer.status, answer.code) == (401, "access.sign-in")


async def test_a_session_lasts_a_working_day_and_no_longer(served):
    token = (await served.sign_in("jiangsu", "rider"))["token"]
    clock = served.simulation.clock
    began = clock.moment
    try:
        clock.moment = began + timedelta(hours=7, minutes=59)
        assert (await served.ask("jiangsu", "GET", "/api/session", headers=bearer(token))).status == 200
        clock.moment = began + timedelta(hours=8)
        assert (await served.ask("jiangsu", "GET", "/api/session", headers=bearer(token))).status == 401
    finally:
        clock.moment = began


async def test_a_session_of_one_node_is_none_at_another(served):
    token = (await served.sign_in("jiangsu", "rider"))["token"]
    assert (await served.ask("anhui", "GET", "/api/session", headers=bearer(token))).status == 401


async def test_a_browser_is_shown_a_page_instead(served):
    answer = await served.ask("shanghai", "GET", "/me", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert answer.status == 401
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "<h1" in answer.text
    assert "sign in" in answer.text.lower()


# --- with the wrong role ---


@pytest.fixture(scope="module")
def tokens(served, server_loop):
    """A session of each role, each on a node where it is at home."""

    async def all_roles():
        found = {}
        for role, node in HOME.items():
            if role == "resident":
                found[role] = await served.resident(node, "a-resident")
            elif role == "enterprise":
                await served.person(node, "an-enterprise", "enterprise", number=make_uscc("91320681", "MAEXAM99"))
                found[role] = (await served.sign_in(node, "an-enterprise"))["token"]
            else:
                found[role] = await served.officer(node, role)
        return found

    return server_loop.run(all_roles())


@pytest.mark.parametrize("row", PERMITTED, ids=endpoint)
async def test_a_role_without_the_right_is_refused(served, tokens, row):
    method, path, _, roles = row
    for role in ROLES.keys() - roles:
        answer = await served.ask(HOME[role], method, filled(path, served.records), headers=bearer(tokens[role]))
        assert (answer.status, answer.code) == (403, "access.denied"), role


@pytest.mark.parametrize("row", PERMITTED, ids=endpoint)
async def test_a_role_with_the_right_gets_past_the_door(served, tokens, row):
    method, path, _, roles = row
    for role in roles:
        answer = await served.ask(HOME[role], method, filled(path, served.records), headers=bearer(tokens[role]))
        assert answer.status in (200, 201, 303, 404, 409, 415, 422), (role, answer.text)


async def test_what_is_open_to_all_answers(served):
    for process, table in (("shanghai", "node"), ("closed", "node"), ("anchor", "anchor")):
        for name, row in TABLE[table].items():
            method, path = name.split(" ", 1)
            if row[0] == "public":
                answer = await served.ask(process, method, filled(path, served.records))
                assert answer.status not in (401, 403, 405, 500), (process, name, answer.text)


# --- from another site ---


@pytest.mark.parametrize("row", CHANGING, ids=endpoint)
async def test_a_cookie_alone_changes_nothing(served, row):
    method, path = row[:2]
    session = await served.sign_in("jiangsu", "rider")
    cookie = {"Cookie": f"yitong_session={session['token']}"}
    ours = served.simulation.configs["jiangsu"].public_url
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    tries = [
        ({}, b""),
        ({"X-CSRF-Token": ""}, b""),
        ({"X-CSRF-Token": "x" * 32}, b""),
        ({"X-CSRF-Token": session["csrf"], "Origin": "https://evil.example"}, b""),
        ({"X-CSRF-Token": session["csrf"], "Origin": "null"}, b""),
        ({"X-CSRF-Token": session["csrf"], "Origin": ours + ".evil.example"}, b""),
        ({"X-CSRF-Token": session["csrf"], "Sec-Fetch-Site": "cross-site"}, b""),
        (form, b"csrf=forged"),
        (form, b"other=1"),
        ({"Content-Type": "text/plain"}, f"csrf={session['csrf']}".encode()),
    ]
    for headers, body in tries:
        answer = await served.ask("jiangsu", method, filled(path, served.records), headers=cookie | headers, data=body)
        assert (answer.status, answer.code) == (403, "access.csrf"), headers
    assert (await served.ask("jiangsu", "GET", "/api/session", headers=cookie)).status == 200, "it was not signed out"


async def test_with_the_token_of_the_session_a_form_of_ours_is_taken(served):
    ours = served.simulation.configs["jiangsu"].public_url
    for headers, data in (
        ({"Origin": ours}, lambda s: {"csrf": s["csrf"]}),
        ({}, lambda s: {"csrf": s["csrf"]}),
    ):
        session = await served.sign_in("jiangsu", "rider")
        cookie = {"Cookie": f"yitong_session={session['token']}"}
        answer = await served.ask("jiangsu", "POST", "/sign-out", headers=cookie | headers, data=data(session))
        assert (answer.status, answer.headers["Location"]) == (303, "/")
    session = await served.sign_in("jiangsu", "rider")
    other = await served.sign_in("jiangsu", "rider")
    answer = await served.ask(
        "jiangsu",
        "POST",
        "/sign-out",
        headers={"Cookie": f"yitong_session={session['token']}", "X-CSRF-Token": other["csrf"]},
    )
    assert answer.code == "access.csrf", "the token of another session is none"


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_nobody_is_signed_in_from_another_site(served, headers):
    answer = await served.ask("jiangsu", "POST", "/sign-in", data={"subject": "rider"}, headers=headers)
    assert (answer.status, answer.code) == (403, "access.csrf")
    assert "Set-Cookie" not in answer.headers


async def test_a_browsers_session_is_kept_where_only_we_can_read_it(served):
    for node, secure in (("jiangsu", False), ("https", True)):
        await served.resident("shanghai", "rider")
        answer = await served.ask(node, "POST", "/sign-in", data={"subject": "rider"})
        assert (answer.status, answer.headers["Location"]) == (303, "/me")
        name, _, rest = answer.headers["Set-Cookie"].partition("=")
        flags = {part.strip().lower() for part in rest.split(";")[1:]}
        assert name == "yitong_session"
        assert {"httponly", "samesite=strict", "path=/", "max-age=28800"} <= flags
        assert ("secure" in flags) is secure
        assert not any(flag.startswith("domain") for flag in flags)


# --- outside an example region ---


def test_outside_an_example_region_the_examples_are_not_registered(served):
    wanted = {name: row[0] for name, row in NODE.items() if row[0] != "example"}
    assert access_of(served.apps["closed"]) == wanted


@pytest.mark.parametrize("row", EXAMPLE, ids=endpoint)
async def test_outside_an_example_region_the_examples_do_not_answer(served, row):
    method, path = row[:2]
    for options in ({}, {"json": {"account": "rider"}}, {"data": {"subject": "rider"}}):
        answer = await served.ask("closed", method, path, **options)
        assert answer.status in (404, 405), answer.text
        assert "Set-Cookie" not in answer.headers


async def test_outside_an_example_region_nothing_speaks_of_them(served):
    described = (await served.ask("closed", "GET", "/openapi.json")).text
    assert "/example/" not in described
    assert '"example"' not in described
    home = (await served.ask("closed", "GET", "/", headers={"Accept": "text/html"})).text
    assert "/sign-in" not in home
    refused = await served.ask("closed", "GET", "/me", headers={"Accept": "text/html"})
    assert (refused.status, "/sign-in" in refused.text) == (401, False)
    region = (await served.ask("anchor", "GET", "/", headers={"Accept": "text/html"})).text
    assert "/sign-in" not in region, "nobody signs in at the anchor"


# --- what is described ---


@pytest.mark.parametrize(("process", "table"), [("shanghai", "node"), ("anchor", "anchor")])
async def test_every_endpoint_is_described(served, process, table):
    described = (await served.ask(process, "GET", "/openapi.json")).json()
    operations = {f"{m.upper()} {path}": op for path, methods in described["paths"].items() for m, op in methods.items()}
    assert operations.keys() == TABLE[table].keys()
    for name, operation in operations.items():
        assert len(operation["summary"]) > 10, name
        assert operation["summary"].endswith("."), name
        assert operation["x-yitong-access"] == TABLE[table][name][0]
        assert "4XX" in operation["responses"]
    identities = [operation["operationId"] for operation in operations.values()]
    assert len(set(identities)) == len(identities)
