"""From a request to a page: language, who is signed in, the way here; and the page as a response."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from yitong.errors import Text
from yitong.node.build import Node
from yitong.node.pages.render import LANGUAGE_PARAMETER, Pages, Visit, choose_language
from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import Link
from yitong.node.web.access import find_session
from yitong.people.account import Account

LANGUAGE_COOKIE = "yitong_lang"
HOME = Link(Text("首页", "Home"), "/")


def language(request: Request) -> str:
    """The language of this request: asked for, remembered, or the browser's."""
    asked = request.query_params.get(LANGUAGE_PARAMETER)
    return choose_language(asked, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""))


def here(request: Request) -> str:
    """Path and query of this page, for the language switch."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def named(account: Account) -> Text:
    """An account's name in both languages."""
    return Text(account.name_zh, account.name_en)


async def visit_of(node: Node, request: Request, *crumbs: Link) -> Visit:
    """What a page must know of this request."""
    found = await find_session(node, request)
    if found is None:
        return Visit(here(request), crumbs=crumbs)
    session, account = found
    me_href = "/officer" if account.institution else "/me"
    return Visit(here(request), session.csrf, named(account), role_words(account.role), crumbs, me_href)


def role_words(role: str) -> Words:
    """A role as people read it."""
    return ROLE_NAMES.get(role, role)


ROLE_NAMES: dict[str, Words] = {
    "resident": Text("居民", "resident"),
    "enterprise": Text("企业", "enterprise"),
    "registrar": Text("登记人员", "registrar"),
    "window": Text("窗口人员", "window clerk"),
    "authority": Text("审批人员", "deciding officer"),
    "insurer": Text("医保经办人员", "insurance officer"),
    "operator": Text("运营清分人员", "operator's officer"),
    "verifier": Text("核验人员", "verifying officer"),
    "hospital": Text("医院收费人员", "hospital billing officer"),
}


def respond(request: Request, pages: Pages, template: str, page: object, visit: Visit, status: int = 200) -> Response:
    """The page as a response; a language that was asked for is remembered."""
    lang = language(request)
    response = HTMLResponse(pages.render(template, lang, visit=visit, page=page), status)
    if LANGUAGE_PARAMETER in request.query_params:
        response.set_cookie(LANGUAGE_COOKIE, lang, max_age=31_536_000, samesite="lax", httponly=True)
    return response
