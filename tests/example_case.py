"""An example case and the people in it, for the tests of cases: the service and calendar are those of the catalogue."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

from yitong.cases.case import Case, apply
from yitong.cases.commands import Actor, Command
from yitong.cases.decide import decide
from yitong.cases.service import placed
from yitong.catalog.calendars import read_calendar
from yitong.catalog.services import read_service
from yitong.clock import at_local
from yitong.digest import sha256_b64
from yitong.ids import make_uscc

CATALOG = Path(__file__).parents[1] / "catalog"
JIANGSU, SHANGHAI, ZHEJIANG = "http://127.0.0.1:7401", "http://127.0.0.1:7402", "http://127.0.0.1:7403"
CALENDAR = read_calendar(CATALOG / "calendars" / "cn.toml")
UNPLACED = read_service(CATALOG / "services" / "food-business-permit-new.toml")
SERVICE = placed(UNPLACED, {"320000": JIANGSU, "310000": SHANGHAI, "330000": ZHEJIANG})
WINDOW_ID = f"{JIANGSU}/institutions/qidong-window"
AUTHORITY_ID = f"{SHANGHAI}/institutions/chongming-market"
OTHER_ID = f"{SHANGHAI}/institutions/other-market"
PROOF = (sha256_b64(b"an invented document"),)

APPLICANT = Actor("applicant", WINDOW_ID, "applicant-1")
WINDOW = Actor("window", WINDOW_ID, "officer-a")
AUTHORITY = Actor("authority", AUTHORITY_ID, "officer-b")
OTHER = Actor("authority", OTHER_ID, "officer-c")
CLOCK = Actor("system", AUTHORITY_ID, "clock")


def paper(material_id: str, media_type: str = "application/pdf", content: bytes = b"paper", **changes: Any) -> dict[str, Any]:
    row = {
        "material_id": material_id,
        "file_name": f"{material_id}.pdf",
        "media_type": media_type,
        "size_bytes": len(content),
        "sha256": sha256_b64(content),
    }
    return row | changes


def application(**changes: Any) -> dict[str, Any]:
    """A whole application of an invented enterprise, as JSON."""
    whole = {
        "applicant": {"reference": "applicant-1", "name": "合肥示例餐饮有限公司", "id_kind": "uscc"},
        "service_id": SERVICE.id,
        "service_version": SERVICE.version,
        "answers": {
            "operator_name": "合肥示例餐饮有限公司",
            "operator_code": make_uscc("91340100", "MA2EXAM0"),
            "legal_representative": "示例人",
            "premises_address": "上海市崇明区示例路1号",
            "business_type": "catering",
            "business_items": ["hot-food"],
        },
        "materials": [
            paper("application-form"),
            paper("business-licence", "application/dc+sd-jwt"),
            paper("premises-layout"),
            paper("safety-rules"),
        ],
    }
    return whole | changes


def moment(day: str, hour: int = 10, minute: int = 0) -> datetime:
    """A moment of that day in Shanghai."""
    return at_local(date.fromisoformat(day), hour, minute)


def do(case: Case, name: str, actor: Actor, now: datetime, evidence: tuple[str, ...] = PROOF, **body: Any) -> Case:
    """The case after the events of one command."""
    for event in decide(case, Command(name, actor, body, evidence), now, SERVICE, CALENDAR):
        case = apply(case, event)
    return case


def submitted(day: str = "2026-02-09") -> Case:
    return do(Case("case-1"), "submit", APPLICANT, moment(day, 9), window=WINDOW_ID, application=application())


def forwarded(day: str = "2026-02-09") -> Case:
    case = do(submitted(day), "receive", WINDOW, moment(day, 10))
    return do(case, "forward", WINDOW, moment(day, 11))


def handed_over(day: str = "2026-02-10") -> Case:
    return do(forwarded("2026-02-09"), "sign_for", AUTHORITY, moment(day))


def accepted(day: str = "2026-02-12") -> Case:
    return do(handed_over(), "accept", AUTHORITY, moment(day))


def in_review(day: str = "2026-02-12") -> Case:
    return do(accepted(day), "start_review", AUTHORITY, moment(day, 11))
