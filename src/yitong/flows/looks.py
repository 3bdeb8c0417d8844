"""Who looked at whose data, when and why: written in the same transaction as the look, refused ones included."""

from __future__ import annotations

from yitong.entropy import new_id
from yitong.flows.context import Context
from yitong.flows.unit import Unit
from yitong.people.account import LOOKS, Account, Look


async def note_look(
    context: Context, unit: Unit, looker: Account, subject_id: str, purpose: str, what: str, *, refused: bool = False
) -> None:
    """Note that ``looker`` saw, or was refused, ``what`` of ``subject_id``, under the permission ``purpose``."""
    whom = looker.institution or looker.id
    look = Look(new_id(context.entropy, "look"), subject_id, whom, purpose, what, refused, context.clock.now())
    await unit.shelf(LOOKS).add(look)
