"""Sessions: who am I, and sign out. Signing in as an example person is in ``example`` and only there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from yitong.digest import sha256_b64
from yitong.entropy import new_token
from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.node.build import Node
from yitong.node.config import Config
from yitong.node.web.access import COOKIE, account_of
from yitong.node.web.routes import Routes
from yitong.people.account import SESSIONS, Account, Session

LIFETIME = timedelta(hours=8)  # a working day at a window


async def open_session(context: Context, unit: Unit, account: Account) -> tuple[str, Session]:
    """A fresh session of an account: the token, of which only the hash is kept, and the session."""
    token, now = new_token(context.entropy), context.clock.now()
    session = Session(sha256_b64(token.encode()), account.id, new_token(context.entropy), now, now + LIFETIME)
    await unit.shelf(SESSIONS).add(session)
    return token, session


def set_cookie(config: Config, response: Response, token: str) -> None:
    """Give the session to a browser: for our pages only, unreadable by scripts, over https wherever we speak it."""
    https = config.public_url.startswith("https://")
    response.set_cookie(COOKIE, token, max_age=int(LIFETIME.total_seconds()), httponly=True, secure=https, samesite="strict")


def add(routes: Routes, node: Node) -> None:
    """Endpoints about one's own session."""

    @routes.add("GET", "/api/session", "signed-in")
    async def session(request: Request) -> dict[str, Any]:
        """Who is signed in, with which role."""
        account = account_of(request)
        return {
            "account": account.id,
            "role": account.role,
            "institution": account.institution,
            "csrf": request.state.session.csrf,
        }

    @routes.add("POST", "/sign-out", "signed-in", takes="application/x-www-form-urlencoded", gives="text/html", status=303)
    async def sign_out(request: Request) -> Response:
        """End this session."""
        async with node.context.transaction() as unit:
            await unit.shelf(SESSIONS).drop(request.state.session.token_hash)
        response = RedirectResponse("/", 303)
        response.delete_cookie(COOKIE)
        return response
