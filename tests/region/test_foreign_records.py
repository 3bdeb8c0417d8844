"""Someone else's record: it is not there, in the same words as one that does not exist, and the attempt is kept as a look."""

from __future__ import annotations

import pytest

from region.served import bearer
from yitong.people.account import LOOKS

# node, method, path, record, body, and the role whose officers of another institution try it (none: only people may ask)
FOREIGN = [
    ("anhui", "GET", "/api/licences/{}", "licence", None, "registrar"),
    ("anhui", "POST", "/api/licences/{}/offers", "licence", {}, "registrar"),
    (
        "anhui",
        "POST",
        "/api/licences/{}/state",
        "licence",
        {"state": "suspended", "reason": "example", "legal_basis": "example"},
        "registrar",
    ),
    ("anhui", "GET", "/licences/{}", "licence", None, "registrar"),
    ("jiangsu", "GET", "/api/cases/{}", "case", None, "window"),
    ("jiangsu", "GET", "/api/cases/{}/documents/" + "A" * 43, "case", None, "window"),
    ("jiangsu", "GET", "/cases/{}", "case", None, "window"),
    ("jiangsu", "GET", "/api/rides/{}", "ride", None, "operator"),
    ("jiangsu", "GET", "/rides/{}", "ride", None, "operator"),
    ("jiangsu", "GET", "/clearing/{}", "window", None, "operator"),
    ("shanghai", "GET", "/api/bills/{}", "bill", None, "hospital"),
    ("shanghai", "GET", "/bills/{}", "bill", None, "hospital"),
    ("anhui", "GET", "/api/bills/{}", "own_bill", None, "insurer"),
    ("anhui", "GET", "/api/insured/{}", "person_no", None, "insurer"),
    ("shanghai", "GET", "/api/presentations/{}", "presentation", None, "verifier"),
    ("shanghai", "GET", "/checks/{}", "presentation", None, "verifier"),
]
FOR_PEOPLE = [
    ("anhui", "GET", "/api/licences/{}", "licence"),
    ("anhui", "GET", "/licences/{}", "licence"),
    ("anhui", "GET", "/api/my/bills/{}", "own_bill"),
    ("anhui", "GET", "/bills/{}", "own_bill"),
    ("jiangsu", "GET", "/api/cases/{}", "case"),
    ("jiangsu", "POST", "/api/cases/{}/commands", "case"),
    ("jiangsu", "GET", "/cases/{}", "case"),
    ("jiangsu", "GET", "/cases/{}/offer", "case"),
    ("jiangsu", "GET", "/api/rides/{}", "ride"),
    ("jiangsu", "GET", "/rides/{}", "ride"),
]
OWNERS = {"licence": "owner", "case": "resident", "ride": "rider", "own_bill": "patient"}


def named(row):
    return f"{row[0]} {row[1]} {row[2]}" if isinstance(row, tuple) else str(row)


def same_words(answer):
    """A problem document without what differs by nature: the request's number and the place."""
    return {name: value for name, value in answer.json().items() if name not in ("request_id", "where")}


async def not_there(served, node, method, path, record, token, body):
    if path.endswith("/commands") and body is None:
        body = {"name": "withdraw", "body": {}}
    options = {"headers": bearer(token)} | ({} if method == "GET" else {"json": body})
    found = await served.ask(node, method, path.format(served.records[record]), **options)
    assert (found.status, found.code) == (404, "store.not-found"), found.text
    for text in ("示例有限公司", "91340100", "120", "启东"):
        assert text not in found.text.replace(served.records[record], "")
    absent = await served.ask(node, method, path.format("no-such-record"), **options)
    assert absent.status == 404
    assert same_words(absent) == same_words(found), "the answer tells that the record exists"


@pytest.mark.parametrize("row", FOREIGN, ids=named)
async def test_an_officer_of_another_institution_finds_nothing(served, row):
    node, method, path, record, body, role = row
    await not_there(served, node, method, path, record, await served.officer(node, role, other=True), body)


@pytest.mark.parametrize("row", FOR_PEOPLE, ids=named)
async def test_another_resident_finds_nothing(served, row):
    node, method, path, record = row
    await not_there(served, node, method, path, record, await served.resident(node, "a-stranger"), None)


@pytest.mark.parametrize("row", [row for row in FOR_PEOPLE if row[1] == "GET" and "offer" not in row[2]], ids=named)
async def test_the_owner_finds_it(served, row):
    node, method, path, record = row
    token = (await served.sign_in(node, OWNERS[record]))["token"]
    answer = await served.ask(node, method, path.format(served.records[record]), headers=bearer(token))
    assert answer.status == 200, answer.text


# a check that was not answered yet has no answer to show
READABLE = [row for row in FOREIGN if row[1] == "GET" and "documents" not in row[2] and not row[2].startswith("/checks")]


@pytest.mark.parametrize("row", READABLE, ids=named)
async def test_an_officer_of_its_institution_finds_it(served, row):
    node, method, path, record, _, role = row
    answer = await served.ask(
        node, method, path.format(served.records[record]), headers=bearer(await served.officer(node, role))
    )
    assert answer.status == 200, answer.text


@pytest.mark.parametrize("path", ["/api/cases/{}/commands", "/cases/{}/commands"])
async def test_an_officer_who_is_not_competent_is_told_so_and_changes_nothing(served, path):
    token = await served.officer("jiangsu", "window", other=True)
    options = {"json": {"name": "forward", "body": {}}} if path.startswith("/api") else {"data": {"name": "forward"}}
    before = await served.ask("jiangsu", "GET", "/api/cases", headers=bearer(await served.officer("jiangsu", "window")))
    answer = await served.ask("jiangsu", "POST", path.format(served.records["case"]), headers=bearer(token), **options)
    assert (answer.status, answer.code) in ((403, "case.not-the-window"), (404, "store.not-found")), answer.text
    after = await served.ask("jiangsu", "GET", "/api/cases", headers=bearer(await served.officer("jiangsu", "window")))
    assert after.json() == before.json()


@pytest.mark.parametrize("path", ["/api/my/licences", "/api/my/cases", "/api/my/rides", "/api/my/bills"])
async def test_the_lists_of_a_stranger_are_empty(served, path):
    for node in ("shanghai", "jiangsu", "anhui"):
        answer = await served.ask(node, "GET", path, headers=bearer(await served.resident(node, "a-stranger")))
        found = answer.json()
        assert (answer.status, found if isinstance(found, list) else found["bills"]) == (200, [])


@pytest.mark.parametrize(
    ("node", "role", "path"),
    [
        ("jiangsu", "window", "/api/cases"),
        ("jiangsu", "operator", "/api/metro/windows"),
        ("shanghai", "hospital", "/api/bills"),
    ],
)
async def test_the_lists_of_another_institution_hold_nothing_of_ours(served, node, role, path):
    ours = await served.ask(node, "GET", path, headers=bearer(await served.officer(node, role)))
    theirs = await served.ask(node, "GET", path, headers=bearer(await served.officer(node, role, other=True)))
    known = [served.records[name] for name in ("case", "window", "bill")]
    assert any(name in ours.text for name in known)
    assert not any(name in theirs.text for name in known)


async def looks_at(served, server_loop, node, subject):
    async def read():
        async with served.simulation.stores[node].begin() as unit:
            return await unit.shelf(LOOKS).find(subject_id=subject, limit=200)

    return server_loop.run(read())


@pytest.mark.parametrize(
    ("node", "path", "record", "role"),
    [
        ("anhui", "/api/licences/{}", "licence", "registrar"),
        ("jiangsu", "/api/cases/{}", "case", "window"),
        ("jiangsu", "/api/rides/{}", "ride", "operator"),
        ("anhui", "/api/bills/{}", "own_bill", "insurer"),
    ],
)
async def test_every_look_of_an_officer_is_kept_and_shown_to_the_owner(served, server_loop, node, path, record, role):
    owner = OWNERS[record]
    before = await looks_at(served, server_loop, node, owner)
    for other in (False, True):
        token = await served.officer(node, role, other=other)
        await served.ask(node, "GET", path.format(served.records[record]), headers=bearer(token))
    own = (await served.sign_in(node, owner))["token"]
    await served.ask(node, "GET", path.format(served.records[record]), headers=bearer(own))
    added = (await looks_at(served, server_loop, node, owner))[: -len(before) or None]
    assert sorted(look.refused for look in added) == [False, True], "one look, one refused attempt, none for the owner"
    page = await served.ask(node, "GET", "/me/looks", headers=bearer(own) | {"Accept": "text/html"})
    assert page.status == 200
    assert page.text.count("<tr") > 1
