"""The region's page at the anchor: members, the trust between them, whether each is well, whose licences count where.

The anchor looks for itself: it asks each member whether it is ready and verifies the chain of every institution, as
anyone could. It keeps nothing of it beyond the life of the statements.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from yitong.clock import local_date, monotonic_s
from yitong.digest import parse_json
from yitong.errors import Text, YitongError
from yitong.flows.believe import Believed, Believer
from yitong.node.build import Anchor, read_pinned
from yitong.node.config import MemberSettings
from yitong.node.pages.render import Visit
from yitong.node.pages.text import Words
from yitong.node.pages.views.parts import Link
from yitong.node.pages.views.region import Member, RecognitionRow, RegionPage, TrustNode, TrustRow
from yitong.node.publish import text_of
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import here, respond
from yitong.trust.recognition import rows_from

SLOW_S = 1.0
ABOUT = Text(
    "各辖区独立运行自己的节点、数据库和密钥，凭同一信任锚下的签名声明互认。",
    "Each jurisdiction runs its own node, database and keys; signed statements under one anchor let them honour one another.",
)


@dataclass(frozen=True, slots=True)
class _Seen:
    member: MemberSettings
    health: str
    detail: Words
    believed: Believed | None
    institutions: tuple[TrustNode, ...]
    rows: tuple[TrustRow, ...]


async def _health(anchor: Anchor, member: MemberSettings) -> tuple[str, Words]:
    started_s = monotonic_s()
    try:
        await anchor.client.get_text(f"{member.entity_id}/health/ready")
    except YitongError as error:
        return ("down" if error.code == "peer.unreachable" else "unknown"), error.what
    return ("up" if monotonic_s() - started_s < SLOW_S else "slow"), ""


async def _look(anchor: Anchor, believer: Believer, member: MemberSettings) -> _Seen:
    """One member: its health, its chain, and its institutions with theirs."""
    health, detail = await _health(anchor, member)
    try:
        believed = await believer.chain(member.entity_id)
        listed = parse_json(await anchor.client.get_text(f"{member.entity_id}/federation/list"))
        found = await asyncio.gather(*(_institution(believer, member, entity_id) for entity_id in listed))
    except YitongError as error:
        return _Seen(member, health, detail or error.what, None, (), ())
    return _Seen(
        member, health, detail, believed, tuple(node for node, _ in found), tuple(row for _, rows in found for row in rows)
    )


async def _institution(believer: Believer, member: MemberSettings, entity_id: str) -> tuple[TrustNode, tuple[TrustRow, ...]]:
    issuer = text_of(member.title)
    try:
        believed, facts = await believer.institution(entity_id)
    except YitongError as error:
        return TrustNode(error.what, "institution", entity_id, "unknown"), ()
    until = believed.chain.expires_at
    rows = tuple(TrustRow(issuer, facts.name, role, until, "trusted") for role in facts.roles)
    return TrustNode(facts.name, "institution", entity_id, "trusted", until), rows


def _tree(anchor: Anchor, seen: list[_Seen]) -> TrustNode:
    children = tuple(
        TrustNode(
            text_of(one.member.title),
            "jurisdiction",
            one.member.entity_id,
            "trusted" if one.believed else "unknown",
            one.believed.chain.expires_at if one.believed else None,
            one.institutions,
        )
        for one in seen
    )
    return TrustNode(text_of(anchor.config.title), "anchor", anchor.config.public_url, "trusted", None, children)


def _recognition(anchor: Anchor, now: datetime) -> tuple[RecognitionRow, ...]:
    names = {member.jurisdiction: text_of(member.title) for member in anchor.config.members}
    everyone, today = Text("所有辖区", "every jurisdiction"), local_date(now, anchor.config.zone)
    return tuple(
        RecognitionRow(
            KIND_NAMES.get(row.kind, row.kind),
            names.get(row.issuer_jurisdiction, everyone),
            names.get(row.accepting_jurisdiction, row.accepting_jurisdiction),
            Text("所有用途", "every purpose") if row.purpose == "*" else row.purpose,
            row.from_day,
            row.to_day,
            "trusted" if row.from_day <= today and (row.to_day is None or today <= row.to_day) else "expired",
        )
        for row in rows_from(anchor.config.recognition, anchor.config.name)
    )


KIND_NAMES: dict[str, Words] = {
    "business-licence": Text("营业执照", "business licence"),
    "food-business-permit": Text("食品经营许可证", "food business permit"),
    "transit-pass": Text("乘车凭证", "transit pass"),
}


def add(routes: Routes, anchor: Anchor) -> None:
    """The anchor's page."""
    believer = Believer(anchor.client.get_text, anchor.config.anchor.entity_id, read_pinned(anchor.config), anchor.clock)

    @routes.add("GET", "/", "public", gives="text/html")
    async def region(request: Request) -> Response:
        """The region: members, trust, health, recognition."""
        now = anchor.clock.now()
        seen = list(await asyncio.gather(*(_look(anchor, believer, member) for member in anchor.config.members)))
        members = tuple(
            Member(
                text_of(one.member.title), one.member.entity_id, one.member.jurisdiction, "0.1.0", one.health, now, one.detail
            )
            for one in seen
        )
        vouched = tuple(
            TrustRow(
                text_of(anchor.config.title),
                text_of(one.member.title),
                "jurisdiction",
                one.believed.chain.expires_at,
                "trusted",
            )
            for one in seen
            if one.believed
        )
        page = RegionPage(
            ABOUT,
            _tree(anchor, seen),
            members,
            (*vouched, *(row for one in seen for row in one.rows)),
            _recognition(anchor, now),
            (Link(Text("本节点的接口说明", "This process's API"), "/openapi.json"),),
        )
        return respond(request, anchor.pages, "region.html", page, Visit(here(request)))
