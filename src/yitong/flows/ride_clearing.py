"""Clearing and settlement of rides between two operators, each from its own books.

    close    an officer closes the open part of a service day; our statement goes to the other side
    compare  each side computes the whole window from its own books, tells the hash, and where they differ which usages
    settle   equal hashes: the window is agreed, and the net debtor posts the payment and tells it; the creditor posts its side

Both sides do the same: who hears a statement of an open part closes its own and states it too. A side whose books
have changed since it stated (a line that the other refused) states once more, by itself; a window that still differs
stays ``disputed``, and an officer can state it anew when the books have been put right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.flows.ride_parties import OPERATOR_ROLE, check_ours, check_speaker
from yitong.flows.ride_tell import about, lock_pair, tell, tell_timer
from yitong.flows.ride_trips import ALL, open_part
from yitong.flows.unit import Unit
from yitong.ledger.journal import refuse_unless_posted
from yitong.ledger.postings import transfers_for_net_settlement
from yitong.peers.message import Message
from yitong.settlement.clearing import Difference, Item, Statement
from yitong.settlement.register_rides import LINES, WINDOWS, ClearingWindow, Paid, RideLine, day_key, window_key
from yitong.settlement.usage import read_day, read_fields
from yitong.settlement.windows import (
    Netted,
    difference_to_json,
    differences,
    netted,
    read_side,
    side,
    window_hash,
    window_id,
)

_Kind = Literal["only-ours", "only-theirs", "amount"]
_TURNED: dict[str, _Kind] = {"only-ours": "only-theirs", "only-theirs": "only-ours", "amount": "amount"}
_ABOUT: dict[str, tuple[type, ...]] = {"from": (str,), "to": (str,), "window": (str,), "part": (int,)}


@dataclass(frozen=True, slots=True)
class _About:
    """Which window a message is about, as we see it: ours is the one it is addressed to."""

    book: str
    other: str
    window: date
    part: int
    body: dict[str, Any]

    @property
    def key(self) -> str:
        return window_key(self.book, self.other, self.window, self.part)


async def close_windows(context: Context, unit: Unit, book: str, window: date) -> list[ClearingWindow]:
    """Close what is open on a service day with each other operator, and state anew what is disputed.

    Asked again with nothing new, it returns the last part as it stands. Raises ``clearing.nothing-open`` when there
    never was anything.
    """
    others = [other for other in sorted(context.catalog.metro.operators) if other != book]
    for other in others:
        await tell_timer(context, unit, book, other)  # before any pair is held: the order of locks
    found: list[ClearingWindow] = []
    for other in others:
        await lock_pair(unit, book, other)
        part = await open_part(unit, book, other, window)
        lines = await _lines(unit, book, other, window, part)
        if lines:
            found.append(await _close(context, unit, book, other, window, part))
            continue
        last: list[ClearingWindow] = await unit.shelf(WINDOWS).find(day_key=day_key(book, other, window), limit=1)
        found += [await _stated_anew(unit, each) if each.state == "disputed" else each for each in last]
    if not found:
        raise YitongError("clearing.nothing-open", window.isoformat())
    return found


async def _lines(unit: Unit, book: str, other: str, window: date, part: int) -> list[RideLine]:
    found: list[RideLine] = await unit.shelf(LINES).find(window_key=window_key(book, other, window, part), limit=ALL)
    return found


async def _side(unit: Unit, book: str, other: str, window: date, part: int, issuer: str) -> tuple[Statement, ...]:
    """What our books say about the lines that ``issuer`` posted in a window."""
    lines = await _lines(unit, book, other, window, part)
    return side(book, other, window, part, [line.obligation for line in lines if line.issuer == issuer and line.counts])


async def _close(context: Context, unit: Unit, book: str, other: str, window: date, part: int) -> ClearingWindow:
    ours = await _side(unit, book, other, window, part, book)
    made = ClearingWindow(book, other, window, part, "computed", context.clock.now(), ours, round=1, untold=True)
    await unit.shelf(WINDOWS).add(made)
    return made


async def _stated_anew(unit: Unit, window: ClearingWindow) -> ClearingWindow:
    """The window with our statement and hash as our books have them now, to be told again."""
    ours = await _side(unit, window.book, window.other, window.window, window.part, window.book)
    theirs = await _side(unit, window.book, window.other, window.window, window.part, window.other)
    again = replace(
        window,
        ours=ours,
        round=window.round + 1,
        untold=True,
        our_hash=window_hash({window.book: ours, window.other: theirs}) if window.their_round else "",
        their_hash="",
        differences=(),
        state="computed",
    )
    await unit.shelf(WINDOWS).save(again)
    return again


def _read_about(context: Context, body: dict[str, Any], known: dict[str, tuple[type, ...]]) -> _About:
    fields = read_fields(body, _ABOUT | known, "clearing.malformed", "")
    window = read_day(fields["window"], "clearing.malformed", "/window")
    return _About(check_ours(context, fields["to"]), fields["from"], window, fields["part"], fields)


async def receive_statement(context: Context, unit: Unit, message: Message) -> None:
    """The other side closed a part, or states it anew.

    1. The form; totals that are those of the items.  2. The sender speaks for the operator.  3. Hold the pair; a part
    that is open here is closed now, one that lies ahead of it is refused.  4. Compute their side from our books, and
    the hash over both.  5. Tell what is untold, our own statement first, then the answer.  6. Judge.
    """
    told = _read_about(context, message.body, {"round": (int,), "statements": (list,), "hash": (str, type(None))})
    theirs = read_side(told.body["statements"], told.book, told.other, told.window, told.part, "/statements")  # 1
    await check_speaker(context, message, told.other, OPERATOR_ROLE)  # 2
    await lock_pair(unit, told.book, told.other)  # 3
    kept = await _ours_of(context, unit, told)
    if told.body["round"] <= kept.their_round:
        return
    if kept.state in ("agreed", "settled"):
        raise YitongError("clearing.settled-already", kept.key)
    computed = await _side(unit, told.book, told.other, told.window, told.part, told.other)  # 4
    differ = differences(computed, theirs)
    now = context.clock.now()
    held = replace(
        kept,
        theirs=theirs,
        their_round=told.body["round"],
        our_hash=window_hash({told.book: kept.ours, told.other: computed}),
        our_hash_at=now,
        their_hash=told.body["hash"] or kept.their_hash,
        their_hash_at=now if told.body["hash"] else kept.their_hash_at,
        differences=differ,
    )
    await unit.shelf(WINDOWS).save(held)
    await tell(context, unit, told.book, told.other, message.sender)  # 5
    answer = about(held) | {
        "round": held.their_round,
        "hash": held.our_hash,
        "differences": [difference_to_json(each) for each in differ],
    }
    subject = window_id(told.book, told.other, told.window, told.part)
    await context.tell(unit, message.sender, "metro.statement.answer", subject, answer, message.id)
    await _judge(context, unit, held.key, message.sender)  # 6


async def _ours_of(context: Context, unit: Unit, told: _About) -> ClearingWindow:
    part = await open_part(unit, told.book, told.other, told.window)
    if told.part > part or told.part < 0:
        raise YitongError("clearing.not-same", told.key)
    if told.part == part:
        return await _close(context, unit, told.book, told.other, told.window, part)
    found: ClearingWindow | None = await unit.shelf(WINDOWS).get(told.key)
    if found is None:
        raise YitongError("clearing.not-same", told.key)
    return found


async def receive_statement_answer(context: Context, unit: Unit, message: Message) -> None:
    """What the other side computed over the window; an answer to an earlier round of ours says nothing any more."""
    told = _read_about(context, message.body, {"round": (int,), "hash": (str,), "differences": (list,)})
    await check_speaker(context, message, told.other, OPERATOR_ROLE)
    await lock_pair(unit, told.book, told.other)
    kept: ClearingWindow | None = await unit.shelf(WINDOWS).get(told.key)
    if kept is None:
        raise YitongError("clearing.not-same", told.key)
    if told.body["round"] != kept.round or kept.state in ("agreed", "settled"):
        return
    differ = tuple(_read_difference(row, f"/differences/{at}") for at, row in enumerate(told.body["differences"]))
    held = replace(
        kept, their_hash=told.body["hash"], their_hash_at=context.clock.now(), differences=differ or kept.differences
    )
    await unit.shelf(WINDOWS).save(held)
    await _judge(context, unit, held.key, message.sender)


def _read_difference(row: object, where: str) -> Difference:
    """A difference that the other side found, turned round: what is theirs to them is ours to us."""
    known: dict[str, tuple[type, ...]] = {
        "usage_id": (str,),
        "kind": (str,),
        "ours": (list, type(None)),
        "theirs": (list, type(None)),
    }
    fields = read_fields(row, known, "clearing.malformed", where)
    items: list[Item | None] = []
    for name in ("theirs", "ours"):
        pair = fields[name]
        if pair is not None and [type(value) for value in pair] != [int, int]:
            raise YitongError("clearing.malformed", where)
        items.append(None if pair is None else Item(fields["usage_id"], pair[0], pair[1]))
    if fields["kind"] not in _TURNED:
        raise YitongError("clearing.malformed", where)
    return Difference(fields["usage_id"], _TURNED[fields["kind"]], items[0], items[1])


async def _judge(context: Context, unit: Unit, key: str, node: str) -> None:
    """Agreed, disputed or not to be said yet; who is net debtor of an agreed window pays at once."""
    window: ClearingWindow | None = await unit.shelf(WINDOWS).get(key)
    if window is None or not window.our_hash or not window.their_hash:
        return
    if window.our_hash == window.their_hash:
        agreed = replace(window, state="agreed", differences=())
        await unit.shelf(WINDOWS).save(agreed)
        if outcome(agreed).debtor == agreed.book:
            await _pay(context, unit, agreed, node)
        return
    await unit.shelf(WINDOWS).save(replace(window, state="disputed"))
    if window.ours != await _side(unit, window.book, window.other, window.window, window.part, window.book):
        await _stated_anew(unit, window)
        await tell(context, unit, window.book, window.other, node)


def outcome(window: ClearingWindow) -> Netted:
    """What the window comes to by the statements of both sides."""
    return netted(window.book, window.other, (*window.ours, *window.theirs))


async def _pay(context: Context, unit: Unit, window: ClearingWindow, node: str) -> None:
    due = outcome(window)
    await _settle(context, unit, window, due)
    body = about(window) | {
        "hash": window.our_hash,
        "debtor": due.debtor,
        "creditor": due.creditor,
        "amount_fen": due.amount_fen,
    }
    subject = window_id(window.book, window.other, window.window, window.part)
    await context.tell(unit, node, "metro.settlement", subject, body)


async def _settle(context: Context, unit: Unit, window: ClearingWindow, due: Netted) -> None:
    """Post the payment of an agreed window in our own book: every statement in full, and one amount of cash."""
    every = (*window.ours, *window.theirs)
    run = f"settlement/{window_id(window.book, window.other, window.window, window.part)}"
    owes_fen = sum(made.net_fen for made in every if made.payer == window.book)
    is_owed_fen = sum(made.net_fen for made in every if made.payee == window.book)
    batch = transfers_for_net_settlement(
        run, window.book, owes_fen={window.other: owes_fen}, is_owed_fen={window.other: is_owed_fen}
    )
    paid = Paid(due.debtor, due.creditor, due.amount_fen, context.clock.now())
    await unit.shelf(WINDOWS).save(replace(window, state="settled", paid=paid))
    if batch:
        refuse_unless_posted(await unit.ledger.post(batch))


async def receive_settlement(context: Context, unit: Unit, message: Message) -> None:
    """The net debtor has paid.

    1. The form; the sender speaks for the debtor.  2. We agreed on just this window (``clearing.not-agreed``).  3. It
    is the payment that our own books come to (``clearing.wrong-payment``).  4. Post; told again, nothing is posted again.
    """
    known: dict[str, tuple[type, ...]] = {"hash": (str,), "debtor": (str,), "creditor": (str,), "amount_fen": (int,)}
    told = _read_about(context, message.body, known)
    await check_speaker(context, message, told.other, OPERATOR_ROLE)  # 1
    await lock_pair(unit, told.book, told.other)
    kept: ClearingWindow | None = await unit.shelf(WINDOWS).get(told.key)
    if kept is None or kept.state not in ("agreed", "settled") or kept.our_hash != told.body["hash"]:  # 2
        raise YitongError("clearing.not-agreed", told.key)
    due = outcome(kept)
    stated = (told.body["debtor"], told.body["creditor"], told.body["amount_fen"])
    if stated != (due.debtor, due.creditor, due.amount_fen) or due.debtor != told.other:  # 3
        raise YitongError("clearing.wrong-payment", told.key)
    if kept.state == "agreed":  # 4
        await _settle(context, unit, kept, due)
