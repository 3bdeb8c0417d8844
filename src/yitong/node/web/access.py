"""Who may call what. Deny by default: an endpoint without an access word cannot be registered.

The words:

    public           anyone
    example          anyone, and only in an example region; elsewhere the endpoint does not exist
    message          a neighbour's node, by its signature on the message
    submission       an institution, by its signature on the submission
    token            a wallet, by the one-time code, token or nonce that the protocol gave it
    signed-in        any session
    may:PERMISSION   a session whose role carries PERMISSION (yitong.people.account.ROLES)

A session is a Bearer token or a cookie. With the cookie, whatever is not GET or HEAD needs the session's CSRF token in
``X-CSRF-Token`` or in the form, and an ``Origin``, when the browser sends one, that is ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import Request

from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.people.account import ACCOUNTS, ROLES, SESSIONS, Account, Session

if TYPE_CHECKING:
    from yitong.node.build import Node

COOKIE = "yitong_session"
SAFE_METHODS = frozenset({"GET", "HEAD"})
_PLAIN = frozenset({"public", "example", "message", "submission", "token", "signed-in"})
_PERMISSIONS = frozenset(word for words in ROLES.values() for word in words)
Guard = Callable[[Request], Awaitable[None]]


def check_access(access: str) -> str:
    """The same access word if it exists; ValueError otherwise."""
    kind, _, permission = access.partition(":")
    if access in _PLAIN or (kind == "may" and permission in _PERMISSIONS):
        return access
    raise ValueError(f"unknown access word {access!r}")


def _token(request: Request) -> tuple[str, bool]:
    """The session token, and whether it came by cookie."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and given:
        return given.strip(), False
    return request.cookies.get(COOKIE, ""), True


async def find_session(node: Node, request: Request) -> tuple[Session, Account] | None:
    """The live session of a request and its account, or None."""
    token, _ = _token(request)
    if not token or len(token) > 200:
        return None
    async with node.context.store.begin() as unit:
        session: Session | None = await unit.shelf(SESSIONS).get(sha256_b64(token.encode()))
        if session is None or session.expires_at <= node.context.clock.now():
            return None
        account: Account | None = await unit.shelf(ACCOUNTS).get(session.account_id)
    return None if account is None else (session, account)


def check_origin(node: Node, request: Request) -> None:
    """Refuse what a browser sends from a page of another site (``access.csrf``)."""
    origin = request.headers.get("origin")
    if (origin is not None and origin != node.config.public_url) or request.headers.get("sec-fetch-site") == "cross-site":
        raise YitongError("access.csrf")


async def _check_csrf(node: Node, request: Request, session: Session) -> None:
    if request.method in SAFE_METHODS or not _token(request)[1]:
        return
    check_origin(node, request)
    given: object = request.headers.get("x-csrf-token")
    if given is None and request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        given = (await request.form()).get("csrf")
    if given != session.csrf:
        raise YitongError("access.csrf")


def guard(node: Node | None, access: str) -> Guard:
    """The check that runs before an endpoint with this access word; it leaves session and account on the request."""
    check_access(access)
    needs_session = access == "signed-in" or access.startswith("may:")
    if needs_session and node is None:
        raise ValueError("this process keeps no sessions")

    async def check(request: Request) -> None:
        request.state.account = request.state.session = None
        if not needs_session or node is None:
            return
        found = await find_session(node, request)
        if found is None:
            raise YitongError("access.sign-in")
        request.state.session, request.state.account = found
        await _check_csrf(node, request, found[0])
        if access.startswith("may:") and not found[1].may(access.removeprefix("may:")):
            raise YitongError("access.denied")

    return check


def account_of(request: Request) -> Account:
    """The account behind a request whose access word demands one."""
    account = request.state.account
    if not isinstance(account, Account):
        raise YitongError("access.sign-in")
    return account


def institution_of(request: Request) -> str:
    """The institution that the signed-in officer acts for; raises ``access.denied`` for anyone else."""
    institution = account_of(request).institution
    if institution is None:
        raise YitongError("access.denied")
    return institution
