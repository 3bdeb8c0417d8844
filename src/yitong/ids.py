"""Identifiers with check characters: enterprises, residents, permanent residents, licences.

Checks follow GB 32100-2015 (unified social credit code), GB 11714 (the organisation code inside it), GB 11643
(resident identity number, ISO 7064 MOD 11-2), the 2023 rule of the permanent residence card ("five-star card"), and
GB/T 36904 (licence identifier, ISO 7064 MOD 37,36). A region code inside a number need not exist today: regions are
abolished and their people keep their numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from yitong.errors import YitongError

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_MOD11_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOD11_CHECKS = "10X98765432"
_ALNUM = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_USCC = re.compile(f"[{_USCC_ALPHABET}]{{18}}\\Z")
_RESIDENT = re.compile(r"[1-8][0-9]{16}[0-9X]\Z", re.ASCII)
_FIVE_STAR_18 = re.compile(r"9[0-9]{16}[0-9X]\Z", re.ASCII)
_FIVE_STAR_15 = re.compile(r"[A-Z]{3}[0-9]{12}\Z", re.ASCII)
REGION_CODE = re.compile(r"[0-9]{6}\Z", re.ASCII)  # a jurisdiction or county (GB/T 2260)
LICENCE_ROOT = "1.2.156.3005.2"
_LICENCE_TYPE = re.compile(r"[0-9A-Z]{21}\Z", re.ASCII)
_LICENCE_ISSUER = re.compile(r"(?:[0-9A-Z]{18}|[0-9]{6})\Z", re.ASCII)
_LICENCE_SERIAL = re.compile(r"[0-9A-Z]{1,32}\Z", re.ASCII)
_LICENCE_VERSION = re.compile(r"[0-9]{3}\Z", re.ASCII)


def uscc_check(first_17: str) -> str:
    """The check character of a unified social credit code (GB 32100-2015 §4.5)."""
    total = sum(_USCC_ALPHABET.index(c) * w for c, w in zip(first_17, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[(31 - total % 31) % 31]


def org_check(first_8: str) -> str:
    """The check character of the organisation code, positions 9-16 (GB 11714)."""
    rest = 11 - sum(_ALNUM.index(c) * w for c, w in zip(first_8, _ORG_WEIGHTS, strict=True)) % 11
    return {10: "X", 11: "0"}.get(rest, str(rest))


@dataclass(frozen=True, slots=True)
class UsccFinding:
    """``ok``, or a warning: codes of early pilots before 2016 are real and fail the check."""

    code: str
    ok: bool


def read_uscc(code: str, where: str = "") -> UsccFinding:
    """Check a unified social credit code without refusing real codes from before 2016.

    The shape must be right (``id.uscc-shape``). A wrong check character is refused (``id.uscc-check``), unless the
    code is of the series that pilot registries gave out before 2016: organisation codes from ``M0``, whose own
    check (GB 11714) holds. Such a code comes back with ``ok`` false: confirm it with the registry.
    """
    if not _USCC.match(code):
        raise YitongError("id.uscc-shape", where)
    if uscc_check(code[:17]) == code[17]:
        return UsccFinding(code, True)
    if code[8:10] == "M0" and org_check(code[8:16]) == code[16]:
        return UsccFinding(code, False)
    raise YitongError("id.uscc-check", where)


def mod_11_2(first_17: str) -> str:
    """The check character of ISO 7064 MOD 11-2 as GB 11643 uses it."""
    return _MOD11_CHECKS[sum(int(c) * w for c, w in zip(first_17, _MOD11_WEIGHTS, strict=True)) % 11]


def _birth(digits: str, where: str) -> date:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError as error:
        raise YitongError("id.resident-birth", where) from error


@dataclass(frozen=True, slots=True)
class PersonNumber:
    """A person's number: its kind, the date of birth in it, and what its sequence says of sex."""

    number: str
    kind: str  # "resident" | "five-star" | "five-star-15"
    born: date | None
    male: bool | None


def read_resident_id(number: str, where: str = "") -> PersonNumber:
    """Check an 18-character resident identity number; raises ``id.resident-shape``, ``-birth`` or ``-check``."""
    if not _RESIDENT.match(number):
        raise YitongError("id.resident-shape", where)
    born = _birth(number[6:14], where)
    if mod_11_2(number[:17]) != number[17]:
        raise YitongError("id.resident-check", where)
    return PersonNumber(number, "resident", born, int(number[16]) % 2 == 1)


def _mrz_check(text: str) -> str:
    values = [int(c) if c.isdigit() else ord(c) - 55 for c in text]
    return str(sum(v * (7, 3, 1)[i % 3] for i, v in enumerate(values)) % 10)


def read_five_star(number: str, where: str = "") -> PersonNumber:
    """Check a permanent residence number: 18 characters (2023 form) or 15 (older); raises ``id.five-star-…``."""
    if _FIVE_STAR_15.match(number):
        if _mrz_check(number[:14]) != number[14]:
            raise YitongError("id.five-star-check", where)
        return PersonNumber(number, "five-star-15", None, None)
    if not _FIVE_STAR_18.match(number):
        raise YitongError("id.five-star-shape", where)
    born = _birth(number[6:14], where)
    if mod_11_2(number[:17]) != number[17]:
        raise YitongError("id.five-star-check", where)
    return PersonNumber(number, "five-star", born, int(number[16]) % 2 == 1)


def read_person_number(number: str, where: str = "") -> PersonNumber:
    """Check a person's number of any kind, chosen by its first character and length."""
    if number[:1] == "9" or len(number) == 15:
        return read_five_star(number, where)
    return read_resident_id(number, where)


def mod_37_36(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 over ``0-9A-Z``."""
    state = 36
    for char in text:
        state = (state + _ALNUM.index(char)) % 36 or 36
        state = state * 2 % 37
    return _ALNUM[(37 - state) % 36]


@dataclass(frozen=True, slots=True)
class LicenceId:
    """A licence identifier (GB/T 36904): who defined the type, who issued it, its number and version."""

    type_code: str
    issuer: str
    serial: str
    version: int

    def __str__(self) -> str:
        body = (self.type_code, self.issuer, self.serial, f"{self.version:03d}")
        return ".".join((LICENCE_ROOT, *body, mod_37_36("".join(body))))


def read_licence_id(text: str, where: str = "") -> LicenceId:
    """Read and check ``1.2.156.3005.2.TYPE.ISSUER.SERIAL.VERSION.CHECK``; raises ``id.licence-shape`` or ``-check``.

    The check covers the concatenation, which a moved dot leaves as it was: hence the lengths are checked too.
    """
    if not text.startswith(LICENCE_ROOT + "."):
        raise YitongError("id.licence-shape", where)
    parts = text[len(LICENCE_ROOT) + 1 :].split(".")
    shapes = (_LICENCE_TYPE, _LICENCE_ISSUER, _LICENCE_SERIAL, _LICENCE_VERSION)
    if len(parts) != 5 or not all(shape.match(part) for shape, part in zip(shapes, parts[:4], strict=True)):
        raise YitongError("id.licence-shape", where)
    if mod_37_36("".join(parts[:4])) != parts[4]:
        raise YitongError("id.licence-check", where)
    return LicenceId(parts[0], parts[1], parts[2], int(parts[3]))


def make_resident_id(region: str, born: date, sequence: int) -> str:
    """A number with a valid check character, for invented example residents (``sequence`` 0-999)."""
    body = f"{region}{born:%Y%m%d}{sequence:03d}"
    return body + mod_11_2(body)


def make_uscc(prefix_8: str, organisation_8: str) -> str:
    """A code with valid check characters, for invented example enterprises: type, class and region, then 8 characters."""
    body = prefix_8 + organisation_8 + org_check(organisation_8)
    return body + uscc_check(body)
