"""A problem as a page."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import Request

from yitong.clock import Clock
from yitong.errors import Text, YitongError
from yitong.node.pages.render import Pages, Visit
from yitong.node.pages.views.parts import Link
from yitong.node.pages.views.region import ErrorPage
from yitong.node.web.problem import request_id_of
from yitong.node.web.viewing import HOME, here, language

SIGN_IN = Link(Text("前往登录", "Go to sign-in"), "/sign-in")


def error_page(pages: Pages, clock: Clock) -> Callable[[Request, YitongError], str]:
    """What makes the page of an error."""

    def render(request: Request, error: YitongError) -> str:
        back = SIGN_IN if error.code == "access.sign-in" and pages.site.sign_in_href else HOME
        page = ErrorPage(
            error.spec.status,
            error.what,
            error.remedy,
            error.spec.who,
            error.code,
            request_id_of(request),
            clock.now(),
            back=back,
        )
        return pages.render("error.html", language(request), visit=Visit(here(request)), page=page)

    return render
