"""What exists only in an example region: invented people, signing in as one, moving the clock, holding answers back.

None of these endpoints is registered unless the configuration says ``example = true``; a test proves it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from pydantic import Field

from yitong.clock import read_moment, write_moment
from yitong.errors import YitongError
from yitong.ids import read_person_number, read_uscc
from yitong.node.build import Node
from yitong.node.example_clock import ExampleClock
from yitong.node.web.access import check_origin
from yitong.node.web.routes import Body, Routes
from yitong.node.web.session import open_session, set_cookie
from yitong.people.account import ACCOUNTS, OFFICER_ROLES, ROLES, Account

# Beyond these, sums of moments would leave the calendar, and every process of the region with them.
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


class Person(Body):
    """An invented person, enterprise or officer."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")
    role: str
    name_zh: str = Field(min_length=1, max_length=100)
    name_en: str = Field(min_length=1, max_length=100)
    number: str = Field(default="", max_length=18)
    institution: str | None = None


class SignIn(Body):
    """Which example account."""

    account: str


class ClockMove(Body):
    """Set the clock to a moment, or move it forward."""

    set: str | None = None
    advance_s: int | None = Field(default=None, ge=1, le=400 * 86_400)


class Hold(Body):
    """Hold messages of a type back (``held`` true) or let them go."""

    type: str = Field(pattern=r"^[a-z][a-z.-]{1,60}$")
    held: bool


def _checked(node: Node, person: Person) -> Account:
    if person.role not in ROLES:
        raise YitongError("http.invalid-body", "/role", reason="no such role")
    if (person.role in OFFICER_ROLES) != (person.institution is not None):
        raise YitongError("http.invalid-body", "/institution", reason="officers act for an institution, others do not")
    if person.institution is not None:
        node.context.institution(person.institution)
    if person.role == "resident":
        read_person_number(person.number, "/number")
    if person.role == "enterprise":
        read_uscc(person.number, "/number")
    now = node.context.clock.now()
    return Account(person.id, person.role, person.name_zh, person.name_en, person.number, person.institution, True, now)


async def _example_account(node: Node, account_id: object) -> Account:
    async with node.context.store.begin() as unit:
        account: Account | None = await unit.shelf(ACCOUNTS).get(str(account_id))
    if account is None or not account.example:
        raise YitongError("example.unknown-account")
    return account


def add(routes: Routes, node: Node) -> None:
    """Register the endpoints, if this is an example region."""
    context = node.context

    @routes.add("POST", "/example/people", "example", status=201)
    async def example_people(person: Person) -> dict[str, str]:
        """Add an invented person, enterprise or officer; the same one again changes nothing."""
        account = _checked(node, person)
        async with context.transaction() as unit:
            if await unit.shelf(ACCOUNTS).get(account.id) is None:
                await unit.shelf(ACCOUNTS).add(account)
        return {"account": account.id}

    @routes.add("POST", "/example/sign-in", "example", status=201)
    async def example_sign_in(sign_in: SignIn) -> dict[str, str]:
        """A session of an example account, for programs."""
        account = await _example_account(node, sign_in.account)
        async with context.transaction() as unit:
            token, session = await open_session(context, unit, account)
        return {"token": token, "csrf": session.csrf}

    @routes.add("POST", "/sign-in", "example", takes="application/x-www-form-urlencoded", gives="text/html", status=303)
    async def sign_in_form(request: Request) -> Response:
        """A session of an example account, for a browser."""
        check_origin(node, request)
        form = await request.form()
        account = await _example_account(node, form.get("subject"))
        async with context.transaction() as unit:
            token, _ = await open_session(context, unit, account)
        response = RedirectResponse("/officer" if account.institution else "/me", 303)
        set_cookie(node.config, response, token)
        return response

    @routes.add("GET", "/example/clock", "example")
    async def example_clock() -> dict[str, str]:
        """The time in this example region."""
        return {"now": write_moment(context.clock.now()), "zone": context.zone}

    @routes.add("POST", "/example/clock", "example")
    async def example_clock_move(move: ClockMove) -> dict[str, str]:
        """Set or advance the clock of every process of this example region."""
        if not isinstance(context.clock, ExampleClock) or (move.set is None) == (move.advance_s is None):
            raise YitongError("http.invalid-body", "/", reason="either set or advance_s")
        ahead = timedelta(seconds=move.advance_s or 0)
        wanted = context.clock.now() + ahead if move.set is None else read_moment(move.set, "/set")
        if not EARLIEST <= wanted <= LATEST:
            raise YitongError("http.invalid-body", "/", reason=f"a moment of the years {EARLIEST.year} to {LATEST.year - 1}")
        if move.set is None:
            context.clock.advance(ahead)
        else:
            context.clock.set(wanted)
        context.bell.ring()
        return {"now": write_moment(context.clock.now()), "zone": context.zone}

    @routes.add("POST", "/example/hold", "example")
    async def example_hold(hold: Hold) -> dict[str, Any]:
        """Hold our messages of a type back, as a broken line would; they stay stored and go when let go."""
        node.exchange.holds.types[hold.type] = int(hold.held)
        context.bell.ring()
        return {"held": sorted(kind for kind, held in node.exchange.holds.types.items() if held)}
