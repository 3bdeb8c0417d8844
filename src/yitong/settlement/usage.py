"""What was used, and what is owed for it: the two records that every scheme shares.

A **usage** is anything with an identifier and a moment: a ride, a visit to a clinic. An **obligation** is one amount
that one party owes another because of one usage. Both are facts: an obligation is never changed and never deleted,
only reversed by its opposite, which names it.

The **window** of an obligation is a service day and follows from the usage's moment alone, never from when a message
arrived. So all parties put an item into the same window without asking each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from yitong.clock import as_day
from yitong.errors import YitongError
from yitong.money import MAX_FEN


class Usage(Protocol):
    """What a scheme can charge for."""

    @property
    def usage_id(self) -> str:
        """The same string for the same usage, wherever it is computed."""
        ...

    @property
    def at(self) -> datetime:
        """The moment that decides the window and the version of the scheme."""
        ...


@dataclass(frozen=True, slots=True)
class Obligation:
    """``debtor`` owes ``creditor`` ``amount_fen`` (> 0); ``reverses`` names the obligation that this one takes back."""

    id: str
    debtor: str
    creditor: str
    amount_fen: int
    why: str
    usage_id: str
    window: date
    reverses: str | None = None


def service_day(moment: datetime, zone: str, ends_hour: int) -> date:
    """The service day of ``moment``: it ends at ``ends_hour`` local time of the next calendar day, that moment not included."""
    local = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return (local - timedelta(hours=ends_hour)).date()


def reversal(obligation: Obligation) -> Obligation:
    """The opposite of ``obligation``, in its window: when that is settled already, the next part of it says so."""
    return replace(
        obligation,
        id=obligation.id + "/reversal",
        debtor=obligation.creditor,
        creditor=obligation.debtor,
        reverses=obligation.id,
    )


def corrections(held: Iterable[Obligation], wanted: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """What to add to ``held`` so that just ``wanted`` is owed: reversals of what no longer is, then what is new.

    A late tap may undo a trip, and a later one restore it. What is owed again gets an identifier of its own (``#2``,
    ``#3``, …): under the first it would be taken for the obligation that was reversed.
    """
    every = distinct(held)
    reversed_ids = {item.reverses for item in every if item.reverses}
    charges = [item for item in every if item.reverses is None]
    active = {_first_id(item): item for item in charges if item.id not in reversed_ids}
    times = Counter(_first_id(item) for item in charges)
    due = {item.id: item for item in distinct(wanted)}
    gone = [item for name, item in active.items() if name not in due or replace(item, id=name) != due[name]]
    back = frozenset(_first_id(item) for item in gone)
    new = [item for name, item in due.items() if name not in active or name in back]
    again = [replace(item, id=f"{item.id}#{times[item.id] + 1}") if times[item.id] else item for item in new]
    return tuple([reversal(item) for item in gone] + again)


def _first_id(item: Obligation) -> str:
    return item.id.partition("#")[0]


def distinct(obligations: Iterable[Obligation]) -> tuple[Obligation, ...]:
    """Each obligation once, by identifier; raises ``obligation.conflict`` when two differ under one identifier."""
    found: dict[str, Obligation] = {}
    for item in obligations:
        if found.setdefault(item.id, item) != item:
            raise YitongError("obligation.conflict", item.id)
    return tuple(found[name] for name in sorted(found))


def positions(obligations: Iterable[Obligation]) -> dict[str, int]:
    """What each party gains (+) or pays (-), in fen; the values sum to zero."""
    found: dict[str, int] = {}
    for item in obligations:
        found[item.debtor] = found.get(item.debtor, 0) - item.amount_fen
        found[item.creditor] = found.get(item.creditor, 0) + item.amount_fen
    return dict(sorted(found.items()))


def obligation_to_json(obligation: Obligation) -> dict[str, Any]:
    """The JSON members of an obligation."""
    return {
        "id": obligation.id,
        "debtor": obligation.debtor,
        "creditor": obligation.creditor,
        "amount_fen": obligation.amount_fen,
        "why": obligation.why,
        "usage_id": obligation.usage_id,
        "window": obligation.window.isoformat(),
        "reverses": obligation.reverses,
    }


def obligation_from_json(data: object, where: str = "") -> Obligation:
    """Read what :func:`obligation_to_json` wrote, and nothing else; raises ``obligation.malformed``."""
    texts = dict.fromkeys(("id", "debtor", "creditor", "why", "usage_id", "window"), str)
    known: dict[str, tuple[type, ...]] = {name: (kind,) for name, kind in texts.items()}
    fields = read_fields(data, known | {"amount_fen": (int,), "reverses": (str, type(None))}, "obligation.malformed", where)
    if not 0 < fields["amount_fen"] <= MAX_FEN or fields["debtor"] == fields["creditor"]:
        raise YitongError("obligation.malformed", where)
    return Obligation(**(fields | {"window": read_day(fields["window"], "obligation.malformed", where)}))


def read_fields(data: object, known: Mapping[str, tuple[type, ...]], code: str, where: str) -> dict[str, Any]:
    """The members of a JSON object that has exactly the ``known`` ones, each of a listed type; raises ``code``."""
    if not isinstance(data, dict) or data.keys() != known.keys():
        raise YitongError(code, where)
    for name, kinds in known.items():
        if type(data[name]) not in kinds or data[name] == "":
            raise YitongError(code, f"{where}/{name}")
    return dict(data)


def read_day(text: str, code: str, where: str) -> date:
    """A day written ``YYYY-MM-DD`` and in no other way; raises ``code``."""
    day = as_day(text)
    if day is None:
        raise YitongError(code, where)
    return day
