"""Money is integer fen: exact, bounded, and split without losing any.

A fen is a hundredth of a yuan. No float ever holds an amount; a rate is a :class:`fractions.Fraction` or an integer
number of basis points, and the one rounding rule (half up, away from nothing below zero) is stated here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from yitong.errors import YitongError

# A ledger column is a 64-bit integer; ten trillion yuan leaves room to sum a million of the largest without overflow.
MAX_FEN = 10**15 - 1
WHOLE_BASIS_POINTS = 10_000  # the whole of an amount
_YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,12})(?:\.([0-9]{1,2}))?\Z", re.ASCII)


def parse_yuan(text: str, where: str = "") -> int:
    """Fen from a decimal yuan string such as ``"12.5"``; raises ``money.not-yuan`` for three decimals, exponents, blanks."""
    found = _YUAN.match(text)
    if found is None:
        raise YitongError("money.not-yuan", where)
    sign, whole, part = found.groups()
    return checked_fen((-1 if sign else 1) * (int(whole) * 100 + int((part or "0").ljust(2, "0"))), where)


def format_yuan(amount_fen: int) -> str:
    """Yuan with two decimals, such as ``"-0.51"``, from fen."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def checked_fen(amount_fen: int, where: str = "") -> int:
    """The same amount if it is an integer within ±``MAX_FEN``; raises ``money.out-of-range`` otherwise."""
    if isinstance(amount_fen, bool) or not isinstance(amount_fen, int) or abs(amount_fen) > MAX_FEN:
        raise YitongError("money.out-of-range", where)
    return amount_fen


def round_half_up(value: Fraction) -> int:
    """The nearest integer, a half going up (towards plus infinity)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def as_share(basis_points: int) -> Fraction:
    """The fraction that so many basis points (hundredths of a percent) are."""
    return Fraction(basis_points, WHOLE_BASIS_POINTS)


def share_half_up(amount_fen: int, rate: Fraction) -> int:
    """``amount_fen × rate`` in fen, rounded half up."""
    return round_half_up(amount_fen * rate)


def share_down(amount_fen: int, rate: Fraction) -> int:
    """``amount_fen × rate`` in fen, rounded down."""
    exact = amount_fen * rate
    return exact.numerator // exact.denominator


def largest_remainder(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Split ``total_fen`` (≥ 0) by ``weights`` (≥ 0, not all 0) so that the parts sum to it exactly.

    Every part is its exact share rounded down; what is left over goes, a fen each, to the largest remainders,
    the earlier place winning a tie. Raises ``money.out-of-range`` for a negative total or weights that sum to 0.
    """
    whole = sum(weights)
    if total_fen < 0 or whole <= 0 or min(weights) < 0:
        raise YitongError("money.out-of-range")
    parts = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts
