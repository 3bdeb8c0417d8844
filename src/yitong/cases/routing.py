"""Where a case goes: from the window to the authority that decides, and on to another if that one is not competent.

Power never moves: forwarding hands over papers, not competence. An authority that is not competent must say who is
(Administrative Licensing Law art. 32), and a case that is passed on and on is stopped here.
"""

from __future__ import annotations

from yitong.errors import YitongError

MAX_HOPS = 2  # how often a case may be passed on after its first forwarding; the third "not I" goes to people


def passed_on(hops: tuple[str, ...], authority: str, to: str) -> tuple[str, ...]:
    """The authorities that have disclaimed the case, once ``authority`` names ``to``; raises ``case.routing-loop``.

    1. it has been passed on fewer than ``MAX_HOPS`` times;
    2. the one named is not the one naming it, nor any that disclaimed before.
    """
    if len(hops) >= MAX_HOPS or to == authority or to in hops:  # (1), (2)
        raise YitongError("case.routing-loop", "/to", hops=len(hops))
    return (*hops, authority)
