"""What the result of a granted case says: the claims of the licence, put together as the service's catalogue states.

Pure data in, claims out. A claim comes from an answer of the form, from the decision, from the authority or is the
same for all (``yitong.cases.service.ResultClaim``). A number is a pattern: ``{serial}`` six digits that the authority
counts, ``{field}`` the code of an answer, ``{check}`` the ISO 7064 MOD 11,10 character of all digits before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from yitong.cases.service import NUMBER_PLACE, FormField, ResultClaim, Service
from yitong.errors import YitongError

SERIAL_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the claims are made of: the answers, the applicant's number, the day of the decision, the authority's count."""

    answers: Mapping[str, Any]
    applicant_number: str
    decided_on: date
    serial: int


def needs_serial(service: Service) -> bool:
    """Whether a number has to be counted for the result."""
    return any(claim.origin == "number" and "{serial}" in claim.value for claim in service.result_claims)


def result_claims(service: Service, grounds: Grounds) -> dict[str, Any]:
    """The claims of the result; answers that were not given leave their claim out."""
    made = {claim.claim: _value(claim, service, grounds) for claim in service.result_claims}
    return {name: value for name, value in made.items() if value is not None}


def _value(claim: ResultClaim, service: Service, grounds: Grounds) -> Any:
    match claim.origin:
        case "answer":
            return _answer(claim.value, service, grounds.answers)
        case "applicant-number":
            return grounds.applicant_number
        case "authority-name":
            return service.authority.name.zh
        case "decided-on":
            return grounds.decided_on.isoformat()
        case "valid-until":
            return last_day(grounds.decided_on, claim.years).isoformat()
        case "number":
            return _number(claim, service, grounds)
        case _:
            return claim.value


def _answer(field_id: str, service: Service, answers: Mapping[str, Any]) -> Any:
    """The answer as the licence prints it: what was chosen by its name, everything else as it was written."""
    field = next(field for field in service.form if field.id == field_id)
    given = answers.get(field_id)
    if given is None:
        return None
    if field.kind == "choice":
        return _label(field, given)
    if field.kind == "choices":
        return [_label(field, value) for value in given]
    return given


def _label(field: FormField, value: str) -> str:
    return next((option.label.zh for option in field.options if option.value == value), value)


def last_day(decided_on: date, years: int) -> date:
    """The last day of a validity of so many years: the day before its anniversary."""
    try:
        anniversary = decided_on.replace(year=decided_on.year + years)
    except ValueError:  # decided on 29 February, and no such day that year
        anniversary = date(decided_on.year + years, 3, 1)
    return anniversary - timedelta(days=1)


def _number(claim: ResultClaim, service: Service, grounds: Grounds) -> str:
    serial = f"{grounds.serial:0{SERIAL_DIGITS}d}"
    if len(serial) > SERIAL_DIGITS:
        raise YitongError("case.numbers-used-up", service.id, claim=claim.claim)
    codes = dict(claim.codes)
    made = ""
    for place, part in enumerate(NUMBER_PLACE.split(claim.value)):
        if place % 2 == 0:
            made += part
        elif part == "serial":
            made += serial
        elif part == "check":
            made += mod_11_10("".join(char for char in made if char.isdigit()))
        else:
            answer = str(grounds.answers.get(part, ""))
            if answer not in codes:
                raise YitongError("case.no-code", service.id, field=part)
            made += codes[answer]
    return made


def mod_11_10(digits: str) -> str:
    """The check digit of ISO 7064 MOD 11,10 (GB/T 17710)."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)
