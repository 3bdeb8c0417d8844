"""How a value is written for a reader: words in the language, money, days, moments with their zone, ages, states.

One :class:`Voice` per language; its methods are the functions that templates call. What comes out is escaped, so a name
with markup in it stays a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from yitong.clock import SHANGHAI, write_moment
from yitong.errors import Text, YitongError
from yitong.node.pages.text import Messages, Words, pick
from yitong.node.pages.views.parts import Coded, Exact, Link, Value, Yuan

_MINUS = "\N{MINUS SIGN}"
_HOUR_S, _DAY_S = 3600, 86400


def safe_href(href: str) -> str:
    """``href`` if it is a path of this node, a query, a fragment or an http(s) address; otherwise ``#``."""
    own = href.startswith(("/", "?", "#")) and not href.startswith(("//", "/\\"))
    return href if own or href.startswith(("https://", "http://")) else "#"


@dataclass(frozen=True, slots=True)
class Voice:
    """Writes in one language, in one jurisdiction's zone."""

    messages: Messages
    lang: str
    zone: str = SHANGHAI

    def t(self, key: str, **params: Words | int) -> Markup:
        """The sentence ``key``, its placeholders filled; raises ``pages.no-sentence``."""
        sentence = escape(self.messages.sentence(key).of(self.lang))
        return sentence.format(**{name: value if isinstance(value, int) else self.tx(value) for name, value in params.items()})

    def tx(self, words: Words) -> str:
        """``words`` in the language."""
        return pick(words, self.lang)

    def word(self, area: str, code: str, otherwise: str | None = None) -> str:
        """The name of a code; a code that no table knows (a newer neighbour's) reads as itself, or as ``otherwise``."""
        found = self.messages.word(area, code)
        if found is None:
            return code if otherwise is None else otherwise
        return found.text.of(self.lang)

    def tag(self, area: str, code: str) -> Markup:
        """A state as a tag: the word always, the colour as well."""
        found = self.messages.word(area, code)
        tone = found.tone if found else "plain"
        return Markup('<span class="tag tag-{}">{}</span>').format(tone, self.word(area, code))

    def yuan(self, amount_fen: int) -> str:
        """``¥1,170.00`` from fen; below nothing ``−¥0.51``."""
        sign, amount_fen = (_MINUS, -amount_fen) if amount_fen < 0 else ("", amount_fen)
        return f"{sign}¥{amount_fen // 100:,}.{amount_fen % 100:02d}"

    def day(self, day: date) -> Markup:
        """A day in words, inside ``<time>``."""
        month = self.word("month", str(day.month))
        words = self.t("value.day", year=day.year, month=month, day=day.day)
        return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), words)

    def moment(self, moment: datetime, zone: str | None = None) -> Markup:
        """A moment to the minute in the jurisdiction's zone (or ``zone``), the zone named; raises ``time.not-a-moment``."""
        if moment.tzinfo is None:
            raise YitongError("time.not-a-moment")
        local = moment.astimezone(ZoneInfo(zone or self.zone))
        day = self.t("value.day", year=local.year, month=self.word("month", str(local.month)), day=local.day)
        words = self.t("value.moment", day=day, time=f"{local:%H:%M}", zone=self.zone_name(local, zone or self.zone))
        return Markup('<time datetime="{}">{}</time>').format(write_moment(moment), words)

    def zone_name(self, local: datetime, zone: str) -> str:
        """The zone's name, or its distance from UTC when no table names it."""
        offset = f"{local:%z}"
        return self.word("zone", zone.lower().replace("/", "-"), f"UTC{offset[:3]}:{offset[3:]}")

    def age(self, seconds: int) -> Markup:
        """How old something is, in the largest unit that fits."""
        if seconds < 60:
            return self.t("value.age-seconds", n=max(seconds, 0))
        if seconds < _HOUR_S:
            return self.t("value.age-minutes", n=seconds // 60)
        if seconds < _DAY_S:
            return self.t("value.age-hours", n=seconds // _HOUR_S)
        return self.t("value.age-days", n=seconds // _DAY_S)

    def show(self, value: Value) -> Markup:
        """Any value a page can hold, each in its own form; nothing is a dash with words for those who listen."""
        if value is None or value == "":
            return Markup('<span aria-hidden="true">—</span><span class="unseen">{}</span>').format(self.t("value.none"))
        if isinstance(value, str | Text | Mapping):
            return escape(self.tx(value))
        if isinstance(value, bool):
            return self.t("value.yes") if value else self.t("value.no")
        if isinstance(value, datetime):
            return self.moment(value)
        if isinstance(value, date):
            return self.day(value)
        return self._show_part(value)

    def _show_part(self, value: Yuan | Coded | Exact | Link | int) -> Markup:
        if isinstance(value, Yuan):
            return Markup('<span class="amount">{}</span>').format(self.yuan(value.amount_fen))
        if isinstance(value, Coded):
            return self.tag(value.area, value.code)
        if isinstance(value, Exact):
            return Markup('<code class="exact" translate="no">{}</code>').format(value.value)
        if isinstance(value, Link):
            return Markup('<a href="{}">{}</a>').format(safe_href(value.href), self.tx(value.text))
        return Markup("{}").format(f"{value:,}")

    def cell(self, kind: str, value: Value) -> Markup:
        """A table's cell: ``kind`` is ``money``, ``code``, ``until``, ``tag:AREA``, or anything else for :meth:`show`."""
        if kind == "until" and value is None:
            return self.t("value.no-end")
        if kind == "money" and isinstance(value, int):
            return self.show(Yuan(value))
        if kind == "code" and isinstance(value, str) and value:
            return self.show(Exact(value))
        if kind.startswith("tag:") and isinstance(value, str):
            return self.tag(kind[4:], value)
        return self.show(value)
