"""Makes a page from a template, a language and a record of :mod:`yitong.node.pages.views`.

:class:`Pages` is built once per node: one Jinja environment per language, templates compiled once, autoescape on, and a
name that a template asks for and nobody gave is an error, never a blank. Pages hold no inline style or script, so they
work under ``assets.CONTENT_SECURITY_POLICY``; nothing on them needs a script.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from yitong.clock import SHANGHAI
from yitong.node.pages.assets import static_url
from yitong.node.pages.pictures import Flow, flow_picture
from yitong.node.pages.text import LANGUAGES, Messages, Words, read_messages
from yitong.node.pages.views.parts import Link
from yitong.node.pages.voice import Voice, safe_href

HTML_LANG = {"zh": "zh-CN", "en": "en"}
LANGUAGE_PARAMETER = "lang"


@dataclass(frozen=True, slots=True)
class Site:
    """What every page of a node says about the node: its name, its region, its zone, and whether all in it is invented."""

    node_name: Words
    region_name: Words
    zone: str = SHANGHAI
    example: bool = False
    links: tuple[Link, ...] = ()
    sign_in_href: str = ""  # empty: there is no way to sign in here


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page must know of the request: path and query, the token against forged forms, who is signed in, the way here.

    ``crumbs`` are the pages above this one, the topmost first, without the page itself.
    """

    here: str = "/"
    csrf: str = ""
    person: Words | None = None
    role: Words = ""
    crumbs: tuple[Link, ...] = ()
    me_href: str = "/me"
    sign_out_href: str = "/sign-out"


NOBODY = Visit()


def switch_language(here: str, lang: str) -> str:
    """The path and query of ``here`` asking for ``lang``; what is not a path of this node becomes ``/``."""
    parts = urlsplit(here if safe_href(here) == here and here.startswith("/") else "/")
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != LANGUAGE_PARAMETER]
    return f"{parts.path}?{urlencode([*kept, (LANGUAGE_PARAMETER, lang)])}"


def choose_language(asked: str | None, remembered: str | None, accept: str) -> str:
    """The language of a request: the query's, else the cookie's, else the first in ``Accept-Language``, else Chinese."""
    for wanted in (asked, remembered):
        if wanted in LANGUAGES:
            return str(wanted)
    for part in accept.split(","):
        primary = part.split(";")[0].strip().lower().split("-")[0]
        if primary in LANGUAGES:
            return primary
    return "zh"


class Pages:
    """The pages of one node; see :meth:`render`."""

    def __init__(self, site: Site, messages: Messages | None = None) -> None:
        self.site = site
        self._messages = messages or read_messages()
        self._environments = {lang: self._environment(lang) for lang in LANGUAGES}

    def _environment(self, lang: str) -> Environment:
        environment = Environment(
            loader=PackageLoader("yitong.node.pages", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        voice = Voice(self._messages, lang, self.site.zone)
        for name in ("t", "tx", "word", "tag", "yuan", "day", "moment", "age", "show", "cell"):
            environment.globals[name] = getattr(voice, name)
        other = "en" if lang == "zh" else "zh"
        environment.globals.update(
            site=self.site,
            lang=lang,
            html_lang=HTML_LANG[lang],
            other_lang=other,
            other_html_lang=HTML_LANG[other],
            static_url=static_url,
            switch_language=switch_language,
            safe_href=safe_href,
            flow=Flow,
            flow_picture=flow_picture,
        )
        return environment

    def render(self, template: str, lang: str, *, visit: Visit = NOBODY, **context: object) -> str:
        """The page ``template`` in ``lang`` (``"zh"``, anything else reads as ``"en"``) for ``visit``.

        Every template but ``base.html`` and ``components.html`` takes one name, ``page``: the record its head names.
        """
        environment = self._environments["zh" if lang == "zh" else "en"]
        return environment.get_template(template).render(visit=visit, **context)
