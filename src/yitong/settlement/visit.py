"""A visit and the lines of its bill, as a hospital uploads them, and what is checked before anyone computes.

The same checks run where the lines are uploaded and again at the home, which trusts no sum that it did not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from yitong.errors import YitongError
from yitong.money import checked_fen, parse_yuan

MAX_LINES = 2000  # a day's outpatient bill has some dozens; more is a batch put together wrongly
MAX_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class BillLine:
    """One line: ``quantity`` whole units of an item at ``price_fen`` each; ``title`` is the hospital's own wording."""

    line_id: str
    item_code: str
    title: str
    price_fen: int
    quantity: int

    @property
    def gross_fen(self) -> int:
        """Price times quantity."""
        return self.price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Registration:
    """The visit as registered: who, where, at which level of institution, under which registration class, on which day.

    Jurisdictions are named by their code (GB/T 2260, such as ``340000``), institutions by their id under the
    jurisdiction. The home has the last word on the registration class, and puts its own before it computes.
    """

    visit_no: str
    person_no: str
    home: str
    care: str
    hospital: str
    level: str
    registration_class: str
    visited_on: date


@dataclass(frozen=True, slots=True)
class Visit:
    """The visit with the header of its bill: the day of the upload and the total that the hospital states."""

    registration: Registration
    uploaded_on: date
    total_fen: int


def read_lines(value: object, where: str = "") -> tuple[BillLine, ...]:
    """Lines from a hospital's upload, a list of ``{line_id, item_code, title, price_yuan, quantity}``.

    ``price_yuan`` is a decimal string with at most two decimals (``money.not-yuan``); ``quantity`` a whole number.
    """
    if not isinstance(value, list):
        raise YitongError("outpatient.record-shape", where)
    return tuple(_read_line(item, f"{where}/{place}") for place, item in enumerate(value))


def _read_line(item: object, where: str) -> BillLine:
    if not isinstance(item, dict) or item.keys() != {"line_id", "item_code", "title", "price_yuan", "quantity"}:
        raise YitongError("outpatient.record-shape", where)
    texts = [item[name] for name in ("line_id", "item_code", "title", "price_yuan")]
    if not all(isinstance(text, str) for text in texts):
        raise YitongError("outpatient.record-shape", where)
    line_id, item_code, title, price = texts
    return _checked_line(BillLine(line_id, item_code, title, parse_yuan(price, f"{where}/price_yuan"), item["quantity"]), where)


def _checked_line(line: BillLine, where: str) -> BillLine:
    if not line.line_id or not line.item_code:
        raise YitongError("outpatient.record-shape", where)
    if checked_fen(line.price_fen, where) < 0:
        raise YitongError("outpatient.line-price", where)
    quantity = line.quantity
    if isinstance(quantity, bool) or not isinstance(quantity, int) or not 1 <= quantity <= MAX_QUANTITY:
        raise YitongError("outpatient.line-quantity", where)
    checked_fen(line.gross_fen, where)
    return line


def check_upload(lines: Sequence[BillLine], visit: Visit) -> None:
    """Refuse an upload that cannot be right, whatever list or policy is applied to it.

    1. There are lines, and not too many (``outpatient.line-count``).
    2. Prices are not negative, quantities are positive (``outpatient.line-price``, ``outpatient.line-quantity``).
    3. No line stands twice (``outpatient.line-twice``): the usual trace of a batch that was sent again.
    4. The lines add up to the header (``outpatient.total-differs``).
    5. The visit was not after the upload (``outpatient.visit-after-upload``).
    """
    # 1.
    if not 1 <= len(lines) <= MAX_LINES:
        raise YitongError("outpatient.line-count", "/lines")
    seen: set[str] = set()
    for line in lines:
        where = f"/lines/{line.line_id}"
        _checked_line(line, where)  # 2.
        if line.line_id in seen:  # 3.
            raise YitongError("outpatient.line-twice", where)
        seen.add(line.line_id)
    # 4.
    if checked_fen(sum(line.gross_fen for line in lines), "/lines") != visit.total_fen:
        raise YitongError("outpatient.total-differs", "/total_fen")
    # 5.
    if visit.registration.visited_on > visit.uploaded_on:
        raise YitongError("outpatient.visit-after-upload", "/uploaded_on")
