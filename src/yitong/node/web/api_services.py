"""The catalogue of services for programs: who decides, who receives, what is asked for, and by when."""

from __future__ import annotations

from typing import Any

from yitong.cases.deadline import Rule
from yitong.cases.service import FormField, Institution, Material, Service
from yitong.errors import Text, YitongError
from yitong.flows.case_record import rules_of
from yitong.node.build import Node
from yitong.node.web.routes import Routes


def sentence(text: Text) -> dict[str, str]:
    """A text in both languages as JSON."""
    return {"zh": text.zh, "en": text.en}


def _institution(institution: Institution) -> dict[str, Any]:
    return {"id": institution.id, "jurisdiction": institution.jurisdiction, "name": sentence(institution.name)}


def _material(material: Material) -> dict[str, Any]:
    return {
        "id": material.id,
        "title": sentence(material.title),
        "origin": material.origin,
        "form": material.form,
        "necessity": material.necessity,
        "media_types": list(material.media_types),
        "max_bytes": material.max_bytes,
        "copies": material.copies,
        "licence_kind": material.licence_kind or None,
    }


def _field(field: FormField) -> dict[str, Any]:
    return {
        "id": field.id,
        "label": sentence(field.label),
        "kind": field.kind,
        "required": field.required,
        "options": [{"value": option.value, "label": sentence(option.label)} for option in field.options],
        "max_length": field.max_length,
        "minimum": field.minimum,
        "maximum": field.maximum,
    }


def _rule(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"anchor": rule.anchor, "n": rule.n, "unit": rule.unit, "calendar": rule.calendar, "roll": rule.roll}


def summary(service: Service) -> dict[str, Any]:
    """What a list of services shows of one."""
    return {
        "id": service.id,
        "version": service.version,
        "title": sentence(service.title),
        "kind": service.kind,
        "mode": service.mode,
        "authority": _institution(service.authority),
        "windows": [_institution(window) for window in service.windows],
    }


def described(service: Service) -> dict[str, Any]:
    """The whole entry of the catalogue."""
    clocks = service.deadlines
    return summary(service) | {
        "basic_code": service.basic_code,
        "implementation_code": service.implementation_code,
        "effective_from": service.effective_from.isoformat(),
        "handling": service.handling,
        "applicants": list(service.applicants),
        "legal_basis": [sentence(basis.clause) for basis in service.legal_basis],
        "conditions": [sentence(condition) for condition in service.conditions],
        "form": [_field(field) for field in service.form],
        "materials": [_material(material) for material in service.materials],
        "deadlines": {
            "statutory": _rule(clocks.statutory),
            "promised": _rule(clocks.promised),
            "admission": _rule(clocks.admission),
            "supplement": _rule(clocks.supplement),
            "sign_for": _rule(clocks.sign_for),
            "delivery": _rule(clocks.delivery),
        },
        "fees_fen": service.fees_fen,
        "fee_basis": sentence(service.fee_basis),
        "result_kind": service.result_kind,
        "remedies": [sentence(remedy) for remedy in service.remedies],
        "source": service.provenance.source,
        "confidence": service.provenance.confidence,
    }


def add(routes: Routes, node: Node) -> None:
    """The endpoints of the catalogue."""
    catalog = node.context.catalog

    @routes.add("GET", "/api/services", "public")
    async def services() -> list[dict[str, Any]]:
        """The services that this node knows."""
        return [summary(service) for service in catalog.services.values()]

    @routes.add("GET", "/api/services/{service_id}", "public")
    async def service(service_id: str) -> dict[str, Any]:
        """One service: its form, materials, deadlines, fees and remedies."""
        if service_id not in catalog.services:
            raise YitongError("store.not-found", service_id)
        return described(rules_of(node.context, service_id)[0])
