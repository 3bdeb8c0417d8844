"""Frozen records to plain JSON members and back, by their declared fields.

Reading is strict: a member that is missing, unknown or of another type is refused with ``outpatient.record-shape``
and its JSON pointer. Moments are written by :func:`yitong.clock.write_moment`, days as ``YYYY-MM-DD``, money as
integer fen. The fields may be ``str``, ``int``, ``bool``, ``date``, ``datetime``, another record, ``X | None``,
``tuple[X, ...]`` and ``tuple[X, Y]``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from yitong.clock import as_day, read_moment, write_moment
from yitong.errors import YitongError

Record = TypeVar("Record")


def write_record(value: Any) -> Any:
    """The plain JSON value of a record or of what a record may hold."""
    if is_dataclass(value):
        return {field.name: write_record(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [write_record(item) for item in value]
    if isinstance(value, datetime):
        return write_moment(value)
    return value.isoformat() if isinstance(value, date) else value


def read_record(shape: type[Record], value: object, where: str = "") -> Record:
    """The record of type ``shape`` that ``value`` is the plain form of."""
    hints = get_type_hints(shape)
    if not isinstance(value, dict) or value.keys() != hints.keys():
        raise _refusal(where)
    return shape(**{name: _read(hint, value[name], f"{where}/{name}") for name, hint in hints.items()})


def _refusal(where: str) -> YitongError:
    return YitongError("outpatient.record-shape", where)


def _read(hint: Any, value: object, where: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return read_record(hint, value, where)
    if get_origin(hint) is tuple:
        return _read_tuple(get_args(hint), value, where)
    if get_origin(hint) is UnionType or isinstance(hint, UnionType):
        inner = next(option for option in get_args(hint) if option is not NoneType)
        return None if value is None else _read(inner, value, where)
    return _PLAIN[hint](value, where)


def _read_tuple(items: tuple[Any, ...], value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _refusal(where)
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_read(items[0], item, f"{where}/{place}") for place, item in enumerate(value))
    if len(items) != len(value):
        raise _refusal(where)
    return tuple(_read(item, part, f"{where}/{place}") for place, (item, part) in enumerate(zip(items, value, strict=True)))


def _read_text(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise _refusal(where)
    return value


def _read_number(value: object, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _refusal(where)
    return value


def _read_truth(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise _refusal(where)
    return value


def _read_day(value: object, where: str) -> date:
    day = as_day(value)
    if day is None:
        raise _refusal(where)
    return day


def _read_time(value: object, where: str) -> datetime:
    return read_moment(_read_text(value, where), where)


_PLAIN: dict[type, Callable[[object, str], Any]] = {
    str: _read_text,
    int: _read_number,
    bool: _read_truth,
    date: _read_day,
    datetime: _read_time,
}
