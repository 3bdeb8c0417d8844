"""Loading a bill at the place of care and adding to it: its events, its cover and its part of the ledger together."""

from __future__ import annotations

from dataclasses import dataclass, replace

from yitong.digest import sha256_b64
from yitong.errors import YitongError
from yitong.flows.bill_ledger import claim, give_back
from yitong.flows.context import Context
from yitong.flows.unit import Timer, Unit
from yitong.settlement.bill import Bill, BillEvent, Command, apply, decide, event_from_json, fold
from yitong.settlement.register_bills import BILL_FILES, BillFile

SILENCE = "outpatient.silence"


@dataclass(frozen=True, slots=True)
class Opened:
    """A bill in hand: its cover, and what its events make of it; None while the home has not said who the patient is."""

    file: BillFile
    bill: Bill | None
    events: tuple[BillEvent, ...] = ()

    def begun(self, command: str) -> Bill:
        """The bill; raises ``outpatient.state-forbids`` when there is none yet."""
        if self.bill is None:
            raise YitongError("outpatient.state-forbids", self.file.id, state=self.file.state, command=command)
        return self.bill


def bill_id_of(hospital: str, visit_no: str) -> str:
    """The id of the bill of a hospital's visit: follows from both, so that registering again finds it again."""
    return "bill-" + sha256_b64(f"{hospital} {visit_no}".encode())[:24]


async def find_bill(unit: Unit, bill_id: str, *, lock: bool = False) -> Opened | None:
    """The bill, held against other writers if ``lock``; None when there is none of that id."""
    shelf = unit.shelf(BILL_FILES)
    file: BillFile | None = await (shelf.lock(bill_id) if lock else shelf.get(bill_id))
    if file is None:
        return None
    events = tuple(event_from_json(row) for row in await unit.events.load(bill_id))
    return Opened(file, fold(events), events)


async def keep_file(unit: Unit, opened: Opened, file: BillFile) -> Opened:
    """Keep another version of the cover."""
    await unit.shelf(BILL_FILES).save(file)
    return replace(opened, file=file)


async def advance(context: Context, unit: Unit, opened: Opened, command: Command) -> Opened:
    """Give a command to the bill; what was done before changes nothing.

    1. The command is decided.  2. Its event follows those there are.  3. The cover says where the bill stands.
    4. What became settled or reversed is entered in the ledger, and the wait for an answer ends or begins.
    """
    events = decide(opened.bill, command, context.clock.now())  # 1
    if not events:
        return opened
    await unit.events.append(opened.file.id, len(opened.events), [event.to_json() for event in events])  # 2
    bill = opened.bill
    for event in events:
        bill = apply(bill, event)
    if bill is None:
        raise YitongError("outpatient.events-broken", opened.file.id)
    own_fen = 0 if bill.quote is None else bill.quote.person_fen
    file = replace(opened.file, state=bill.state, total_fen=bill.total_fen, own_fen=own_fen)
    await unit.shelf(BILL_FILES).save(file)  # 3
    await _consequences(context, unit, bill, opened.bill)  # 4
    return Opened(file, bill, (*opened.events, *events))


def silence_timer(settlement_id: str) -> str:
    """The id of the timer that ends the wait for the answer to a settlement."""
    return f"{SILENCE} {settlement_id}"


async def _consequences(context: Context, unit: Unit, bill: Bill, before: Bill | None) -> None:
    if before is None or bill.state == before.state:
        return
    if before.state == "sending":
        await unit.timers.cancel(silence_timer(bill.settlement_id))
    if bill.state == "settled":
        await claim(unit, context.jurisdiction, bill)
    elif bill.state == "reversed":
        await give_back(unit, bill.settlement_id, bill.reversal_id)


async def expect_answer(unit: Unit, opened: Opened, timer: Timer) -> None:
    """Wait for the answer to the settlement that was just sent."""
    if opened.begun("send").state == "sending":
        await unit.timers.set(timer)
