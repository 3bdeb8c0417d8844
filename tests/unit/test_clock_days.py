"""A day has one spelling."""

from __future__ import annotations

from datetime import date

import pytest

from yitong.clock import as_day


def test_a_day_is_read() -> None:
    assert as_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "value",
    [
        "20240229",
        "2024-W09-4",
        "2024-2-29",
        "2023-02-29",
        "2024-02-29T00:00:00",
        " 2024-02-29",
        "２０２４-02-29",
        "",
        None,
        20240229,
    ],
)
def test_anything_else_is_no_day(value: object) -> None:
    assert as_day(value) is None


def test_a_day_that_is_one_already_is_not_a_text() -> None:
    assert as_day(date(2024, 2, 29)) is None
