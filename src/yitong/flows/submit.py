"""Taking a submission of an institution: who signed it, whether it may, and once only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from yitong.errors import YitongError
from yitong.flows.context import Context, Institution
from yitong.flows.unit import Unit
from yitong.peers.submission import SUBMISSIONS, KeptSubmission, Submission, peek_institution, read_submission
from yitong.trust.chain import INSTITUTION

Act = Callable[[Context, Unit, Institution, Submission], Awaitable[dict[str, Any]]]


async def take(context: Context, text: str, act: str, role: str, do: Act) -> dict[str, Any]:
    """Verify a submission and do what it asks, in one transaction with keeping it.

    1. The signer is an institution of this jurisdiction, by its trust chain.  2. The submission is genuine, for us,
    for this act, and recent.  3. Its institution has the role.  4. It was not taken before
    (``access.submission-replayed``).  5. It is kept, and done.
    """
    entity_id, kid = peek_institution(text)
    institution = _ours(context, entity_id)  # 1
    key = await context.believer.key(entity_id, INSTITUTION, kid)
    submission = read_submission(text, key, node=context.me.entity_id, act=act, now=context.clock.now())  # 2
    if role not in institution.roles:  # 3
        raise YitongError("access.submission", reason=f"the institution has not the role {role}")
    kept = KeptSubmission(submission.id, institution.id, act, text, context.clock.now())
    async with context.transaction() as unit:
        try:
            await unit.shelf(SUBMISSIONS).add(kept)  # 4, 5
        except YitongError as error:
            if error.code != "store.exists":
                raise
            raise YitongError("access.submission-replayed", submission.id) from error
        return await do(context, unit, institution, submission)


def _ours(context: Context, entity_id: str) -> Institution:
    try:
        return context.by_entity(entity_id)
    except YitongError as error:
        raise YitongError("access.submission", reason="not an institution of this jurisdiction") from error
