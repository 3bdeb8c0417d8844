"""A public service as its catalogue describes it: who decides, who may receive, what is asked for, and by when.

A service is one version of one item of the catalogue (实施清单): immutable once a case refers to it. Received is not
accepted: ``windows`` may take papers, only ``authority`` accepts and decides. The implementation code is the social
credit code of the authority (18 characters) and 13 more that are not taken apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from yitong.cases.deadline import CALENDAR_DAY, HOUR, WORKING_DAY, Rule
from yitong.errors import Text, YitongError
from yitong.ids import read_uscc
from yitong.money import checked_fen

ON_THE_SPOT = "on-the-spot"  # 即办件
PROMISED = "promised"  # 承诺件
HANDLINGS = frozenset({ON_THE_SPOT, PROMISED})
MODES = frozenset({"online", "received-elsewhere", "joint"})  # 全程网办, 异地代收代办, 多地联办
SERVICE_KINDS = frozenset({"permit", "confirmation", "payment", "award", "ruling", "levy", "other-power", "public-service"})
ID_KINDS = frozenset({"uscc", "resident-id", "five-star"})
ORIGINS = frozenset({"applicant", "licence", "data-sharing"})
FORMS = frozenset({"original", "copy", "electronic"})
NECESSITIES = frozenset({"required", "optional", "later"})  # later: 容缺后补
FIELD_KINDS = frozenset({"text", "choice", "choices", "integer", "date", "yes-no", "uscc", "person-number"})
RESULT_ORIGINS = frozenset({"answer", "applicant-number", "authority-name", "decided-on", "valid-until", "number", "constant"})

# What holds unless a service says otherwise.
ADMISSION = Rule("handed_over", 5)  # Administrative Licensing Law art. 32(4)
SUPPLEMENT = Rule("supplement_requested", 5)  # no law fixes it: the usual length, and a parameter
SIGN_FOR = Rule("forwarded", 1)  # from the cooperation agreement of the two places
DELIVERY = Rule("decided", 10)  # Administrative Licensing Law art. 44

NUMBER_PLACE = re.compile(r"\{([a-z][a-z0-9_-]*)\}")  # where something goes in the pattern of a number
_SUFFIX = re.compile(r"[0-9A-Z]{13}\Z", re.ASCII)
_BASIC = re.compile(r"[0-9A-Z]{12}\Z", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a fact of the catalogue comes from and how far it can be relied on."""

    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution under its jurisdiction, which is named by its code of GB/T 2260.

    ``entity_id`` is its id until :func:`placed` gives it its address.
    """

    id: str
    jurisdiction: str
    name: Text
    entity_id: str


@dataclass(frozen=True, slots=True)
class Material:
    """One paper or record that is asked for; it comes from exactly one ``origin``."""

    id: str
    title: Text
    origin: str
    form: str
    necessity: str
    media_types: tuple[str, ...]
    max_bytes: int
    copies: int = 1
    licence_kind: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer that may be chosen."""

    value: str
    label: Text


@dataclass(frozen=True, slots=True)
class FormField:
    """One question of the form and the check on its answer."""

    id: str
    label: Text
    kind: str
    required: bool = True
    options: tuple[Option, ...] = ()
    max_length: int = 200
    minimum: int = 0
    maximum: int = 10**9


@dataclass(frozen=True, slots=True)
class ResultClaim:
    """Where one claim of the result comes from (``RESULT_ORIGINS``); see :mod:`yitong.cases.result`.

    ``value`` is the field of the form for ``answer``, the pattern for ``number``, the claim itself for ``constant``.
    """

    claim: str
    origin: str
    value: str = ""
    years: int = 0
    codes: tuple[tuple[str, str], ...] = ()  # of an answer, in a number


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """The clause that a service rests on."""

    clause: Text
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The clocks of a service. ``statutory`` is breached, ``promised`` is only alerted; both run side by side.

    ``admission``: silence that long after receipt by the authority is acceptance (Administrative Licensing Law art. 32).
    """

    statutory: Rule
    promised: Rule | None
    admission: Rule = ADMISSION
    supplement: Rule = SUPPLEMENT
    sign_for: Rule = SIGN_FOR
    delivery: Rule = DELIVERY


@dataclass(frozen=True, slots=True)
class Service:
    """One version of one public service."""

    id: str
    version: int
    effective_from: date
    title: Text
    kind: str
    basic_code: str
    implementation_code: str
    legal_basis: tuple[LegalBasis, ...]
    authority: Institution
    windows: tuple[Institution, ...]
    applicants: tuple[str, ...]
    handling: str
    mode: str
    conditions: tuple[Text, ...]
    materials: tuple[Material, ...]
    form: tuple[FormField, ...]
    deadlines: Deadlines
    fees_fen: int
    fee_basis: Text
    result_kind: str
    remedies: tuple[Text, ...]
    provenance: Provenance
    result_claims: tuple[ResultClaim, ...] = ()

    def material(self, material_id: str) -> Material | None:
        """The material of that id, if the service asks for it."""
        return next((material for material in self.materials if material.id == material_id), None)


def placed(service: Service, node_urls: Mapping[str, str]) -> Service:
    """The service with the entity ids of its institutions, given the node URL of each jurisdiction.

    Raises ``service.no-node`` for a jurisdiction that is not in ``node_urls``: a case could not be routed there.
    """

    def place(institution: Institution) -> Institution:
        url = node_urls.get(institution.jurisdiction)
        if url is None:
            raise YitongError("service.no-node", service.id, jurisdiction=institution.jurisdiction)
        return replace(institution, entity_id=f"{url}/institutions/{institution.id}")

    return replace(service, authority=place(service.authority), windows=tuple(place(window) for window in service.windows))


def check_service(service: Service) -> None:
    """Refuse a service that could not be run; the error's place is ``service id/field``.

    1. the words are known ones, and something is there to receive and decide (``service.wrong-value``);
    2. the implementation code begins with a valid social credit code (``id.uscc-…``, ``service.wrong-code``);
    3. each material, question and claim of the result is named once (``service.twice``), each material has one origin
       (``service.material-origin``), each claim a source that exists (``service.wrong-value``);
    4. a promised item has a clock (``service.no-clock``), no longer than the statutory one (``service.promise-too-long``).
    """
    _check_words(service)  # (1)
    _check_codes(service)  # (2)
    _check_materials(service)  # (3)
    _check_form(service)  # (3)
    _check_result(service)  # (3)
    _check_deadlines(service)  # (4)


def _require(ok: bool, service: Service, key: str) -> None:
    if not ok:
        raise YitongError("service.wrong-value", f"{service.id}/{key}", key=key)


def _check_words(service: Service) -> None:
    _require(bool(_NAME.match(service.id)), service, "id")
    _require(service.version >= 1, service, "version")
    _require(service.kind in SERVICE_KINDS, service, "kind")
    _require(service.handling in HANDLINGS, service, "handling")
    _require(service.mode in MODES, service, "mode")
    _require(bool(service.windows), service, "windows")
    _require(bool(service.applicants) and set(service.applicants) <= ID_KINDS, service, "applicants")
    _require(bool(service.legal_basis), service, "legal_basis")
    _require(bool(service.remedies), service, "remedies")
    _require(bool(_NAME.match(service.result_kind)), service, "result_kind")
    _require(service.fees_fen >= 0, service, "fees_fen")
    checked_fen(service.fees_fen, f"{service.id}/fees_fen")


def _check_codes(service: Service) -> None:
    where = f"{service.id}/implementation_code"
    read_uscc(service.implementation_code[:18], where)
    if not _SUFFIX.match(service.implementation_code[18:]):
        raise YitongError("service.wrong-code", where, key="implementation_code")
    if not _BASIC.match(service.basic_code):
        raise YitongError("service.wrong-code", f"{service.id}/basic_code", key="basic_code")


def _once(service: Service, ids: list[str], key: str) -> None:
    for name in ids:
        _require(bool(_NAME.match(name)), service, key)
        if ids.count(name) > 1:
            raise YitongError("service.twice", f"{service.id}/{key}", name=name)


def _check_materials(service: Service) -> None:
    _once(service, [material.id for material in service.materials], "materials")
    for material in service.materials:
        where = f"{service.id}/materials/{material.id}"
        if material.origin not in ORIGINS or (material.origin == "licence") != bool(material.licence_kind):
            raise YitongError("service.material-origin", where, name=material.id)
        known = material.form in FORMS and material.necessity in NECESSITIES
        sized = bool(material.media_types) and material.max_bytes > 0 and material.copies > 0
        _require(known and sized, service, f"materials/{material.id}")


def _check_form(service: Service) -> None:
    _once(service, [field.id for field in service.form], "form")
    for field in service.form:
        chosen = field.kind in {"choice", "choices"}
        values = [option.value for option in field.options]
        ok = field.kind in FIELD_KINDS and chosen == bool(values) and len(set(values)) == len(values)
        _require(ok and field.max_length > 0 and field.minimum <= field.maximum, service, f"form/{field.id}")


def _check_result(service: Service) -> None:
    _once(service, [claim.claim for claim in service.result_claims], "result_claims")
    asked = {field.id for field in service.form}
    for claim in service.result_claims:
        ok = claim.origin in RESULT_ORIGINS and (claim.origin != "answer" or claim.value in asked)
        ok = ok and (claim.origin != "valid-until" or claim.years > 0)
        ok = ok and (claim.origin not in {"number", "constant"} or bool(claim.value))
        if claim.origin == "number":
            ok = ok and set(NUMBER_PLACE.findall(claim.value)) <= asked | {"serial", "check"}
        _require(ok, service, f"result_claims/{claim.claim}")


def _check_deadlines(service: Service) -> None:
    clocks = service.deadlines
    in_days = clocks.statutory.unit in {WORKING_DAY, CALENDAR_DAY}
    _require(clocks.statutory.anchor == "accepted" and in_days, service, "deadlines/statutory")
    anchors = (clocks.admission.anchor, clocks.supplement.anchor, clocks.sign_for.anchor, clocks.delivery.anchor)
    _require(anchors == ("handed_over", "supplement_requested", "forwarded", "decided"), service, "deadlines")
    _require(HOUR not in {clocks.admission.unit, clocks.supplement.unit, clocks.delivery.unit}, service, "deadlines")
    if clocks.promised is None:
        if service.handling == PROMISED:
            raise YitongError("service.no-clock", f"{service.id}/deadlines/promised")
        return
    _require(clocks.promised.anchor == "accepted", service, "deadlines/promised")
    same = clocks.promised.unit == clocks.statutory.unit and clocks.promised.calendar == clocks.statutory.calendar
    if not same or clocks.promised.n > clocks.statutory.n:
        raise YitongError("service.promise-too-long", f"{service.id}/deadlines/promised")
