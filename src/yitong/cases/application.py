"""What an applicant lodges: who asks, the answers to the form, and the papers; checked against the service at once.

An application is either whole or refused with everything that is missing named in one answer (一次性告知,
Administrative Licensing Law art. 32). Errors name fields and materials, never what stands in them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from yitong.cases.service import FormField, Service
from yitong.cases.shape import Shape, check, is_sha256, text, tree, trees, whole
from yitong.clock import as_day
from yitong.digest import canonical_json, sha256_b64
from yitong.errors import YitongError
from yitong.ids import read_person_number, read_uscc

MAX_FILE_NAME = 255
# Rare characters of names may stand in a private-use area and must pass; control characters and half surrogates never do.
_UNWRITABLE = frozenset({"Cc", "Cs"})
_UNSEEN = _UNWRITABLE | {"Cf"}  # in a file name also what turns the reading direction, which can hide its ending
_APPLICANT = Shape({"reference": text, "name": text, "id_kind": text})
_ATTACHMENT = Shape({"material_id": text, "file_name": text, "media_type": text, "size_bytes": whole, "sha256": is_sha256})
_APPLICATION = Shape({"applicant": tree, "service_id": text, "service_version": whole, "answers": tree, "materials": trees})


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who asks: a ``reference`` that only the case's nodes can resolve, a name, and the kind of number they go by."""

    reference: str
    name: str
    id_kind: str


NOBODY = Applicant("", "", "")  # of a case that has not been lodged


@dataclass(frozen=True, slots=True)
class Attachment:
    """One paper: the file itself is kept elsewhere under its ``sha256``."""

    material_id: str
    file_name: str
    media_type: str
    size_bytes: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """The members of the attachment as JSON."""
        return {
            "material_id": self.material_id,
            "file_name": self.file_name,
            "media_type": self.media_type,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Application:
    """One application for one version of a service."""

    applicant: Applicant
    service_id: str
    service_version: int
    answers: Mapping[str, Any]
    materials: tuple[Attachment, ...]

    def to_json(self) -> dict[str, Any]:
        """The application as JSON."""
        who = self.applicant
        return {
            "applicant": {"reference": who.reference, "name": who.name, "id_kind": who.id_kind},
            "service_id": self.service_id,
            "service_version": self.service_version,
            "answers": dict(self.answers),
            "materials": [attachment.to_json() for attachment in self.materials],
        }


def read_attachment(value: object, where: str = "") -> Attachment:
    """An attachment from JSON; raises ``case.wrong-application``."""
    return Attachment(**check(_ATTACHMENT, value, "case.wrong-application", where))


def read_application(value: object, where: str = "/application") -> Application:
    """An application from JSON, unknown members refused; raises ``case.wrong-application``."""
    members = check(_APPLICATION, value, "case.wrong-application", where)
    applicant = Applicant(**check(_APPLICANT, members["applicant"], "case.wrong-application", f"{where}/applicant"))
    materials = tuple(read_attachment(item, f"{where}/materials/{i}") for i, item in enumerate(members["materials"]))
    return Application(applicant, members["service_id"], members["service_version"], members["answers"], materials)


def same_application_key(applicant_id: str, service_id: str) -> str:
    """The key under which a store keeps at most one open application; a hash, so that it tells nobody who applied.

    Two windows that receive the same application meet here: the second is refused with ``case.already-lodged``.
    """
    return sha256_b64(canonical_json(["application", applicant_id, service_id]))


def check_application(application: Application, service: Service) -> None:
    """Refuse an application that the service cannot take.

    1. it is for this service and version (``case.wrong-service``) and the applicant may apply (``case.applicant-kind``);
    2. each answer is to a question of the form and is what the question asks for (``case.answer-…``, ``id.…``);
    3. each paper is one that is asked for and can be opened (``case.material-…``);
    4. nothing required is missing: all that is, is named at once (``case.incomplete``).
    """
    if (application.service_id, application.service_version) != (service.id, service.version):  # (1)
        raise YitongError("case.wrong-service", service.id)
    if application.applicant.id_kind not in service.applicants:  # (1)
        raise YitongError("case.applicant-kind", "/applicant/id_kind")
    _check_answers(application.answers, service)  # (2)
    check_materials(application.materials, service)  # (3)
    attached = {attachment.material_id for attachment in application.materials}
    missing = [field.id for field in service.form if field.required and _is_blank(application.answers.get(field.id))]
    missing += [m.id for m in service.materials if m.necessity == "required" and m.id not in attached]
    if missing:  # (4)
        raise YitongError("case.incomplete", service.id, missing=", ".join(missing))


def check_materials(materials: tuple[Attachment, ...], service: Service) -> None:
    """Refuse papers that are not asked for, empty, too large, of the wrong kind, or there twice."""
    seen: set[tuple[str, str]] = set()
    for i, attachment in enumerate(materials):
        where = f"/materials/{i}"
        material = service.material(attachment.material_id)
        if material is None:
            raise YitongError("case.material-unknown", where, material=attachment.material_id[:60])
        if not _is_file_name(attachment.file_name):
            raise YitongError("case.material-name", where, material=material.id)
        if attachment.size_bytes == 0:
            raise YitongError("case.material-empty", where, material=material.id)
        if attachment.size_bytes > material.max_bytes:
            raise YitongError("case.material-too-large", where, material=material.id, max_bytes=material.max_bytes)
        if attachment.media_type not in material.media_types:
            raise YitongError("case.material-type", where, material=material.id, allowed=", ".join(material.media_types))
        if (material.id, attachment.sha256) in seen:
            raise YitongError("case.material-twice", where, material=material.id)
        seen.add((material.id, attachment.sha256))


def _is_file_name(name: str) -> bool:
    if len(name) > MAX_FILE_NAME or name in {".", ".."} or "/" in name or "\\" in name:
        return False
    return not any(unicodedata.category(char) in _UNSEEN for char in name)


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _check_answers(answers: Mapping[str, Any], service: Service) -> None:
    fields = {field.id: field for field in service.form}
    for name, value in answers.items():
        field = fields.get(name)
        if field is None:
            raise YitongError("case.answer-unknown", "/answers", field=str(name)[:60])
        if not _is_blank(value) and not _fits(field, value):
            raise YitongError("case.answer-wrong", f"/answers/{name}", field=name)


def _fits(field: FormField, value: Any) -> bool:
    options = {option.value for option in field.options}
    if field.kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool) and field.minimum <= value <= field.maximum
    if field.kind == "yes-no":
        return isinstance(value, bool)
    if field.kind == "choices":
        known = isinstance(value, list) and all(isinstance(v, str) and v in options for v in value)
        return known and len(set(value)) == len(value)
    return isinstance(value, str) and _fits_text(field, value, options)


def _fits_text(field: FormField, value: str, options: set[str]) -> bool:
    if field.kind == "choice":
        return value in options
    if field.kind == "date":
        return as_day(value) is not None
    if field.kind == "uscc":
        return bool(read_uscc(value, f"/answers/{field.id}").code)
    if field.kind == "person-number":
        return bool(read_person_number(value, f"/answers/{field.id}").number)
    return len(value) <= field.max_length and not any(unicodedata.category(c) in _UNWRITABLE and c != "\n" for c in value)
