"""Story two: lodged at a window in Qidong (Jiangsu), decided by an authority in Chongming (Shanghai)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from yitong.digest import b64url
from yitong.entropy import new_id
from yitong.region.tour.client import Story, Tour, TourError
from yitong.region.tour.wallet import Wallet

SERVICE = "food-business-permit-new"
LATER_S = 3600  # between the request for what is lacking and its supply
_PAPERS = (
    ("application-form", "application/pdf"),
    ("business-licence", "application/dc+sd-jwt"),
    ("premises-layout", "application/pdf"),
    ("safety-rules", "application/pdf"),
)


def _paper(material: str, media_type: str = "application/pdf", note: str = "") -> dict[str, Any]:
    content = f"%PDF-1.7 示例材料 example paper: {material} {note}".encode()
    return {"material": material, "file_name": f"{material}.pdf", "media_type": media_type, "content": b64url(content)}


@dataclass(slots=True)
class _Cast:
    """The people of the story, each signed in where they are, and what they do with cases."""

    tour: Tour
    resident: str
    window: str
    authority: str

    async def lodge(self, node: str, window: str, token: str, number: int) -> str:
        """The resident lodges an application; asked twice under one id, it is lodged once."""
        tour, code, name = self.tour, self.tour.uscc(number, "320681"), f"启东示例小吃店第{self.tour.run}-{number}号"
        service = await tour.api(node, "GET", f"/api/services/{SERVICE}")
        body = {
            "id": new_id(tour.entropy, "application"),
            "service": SERVICE,
            "service_version": service["version"],
            "window": window,
            "applicant": {"name": name, "id_kind": "uscc", "number": code},
            "answers": {
                "operator_name": name,
                "operator_code": code,
                "legal_representative": "苏小满（示例）",
                "premises_address": "上海市崇明区示例路1号",
                "business_type": "catering",
                "business_items": ["hot-food", "drinks"],
                "premises_area_m2": 60,
            },
            "papers": [_paper(material, media_type) for material, media_type in _PAPERS],
            "consent": True,
        }
        first = await tour.api(node, "POST", "/api/cases", token=token, json=body, expect=201)
        again = await tour.api(node, "POST", "/api/cases", token=token, json=body, expect=201)
        tour.expect("the same application sent again is the same case", first["id"], again["id"])
        return str(first["id"])

    async def at_window(self, case_id: str, name: str, **body: Any) -> dict[str, Any]:
        """An officer of the window does something with a case."""
        return await self._command("jiangsu", self.window, case_id, name, body)

    async def at_authority(self, case_id: str, name: str, *papers: dict[str, Any], **body: Any) -> dict[str, Any]:
        """An officer of the authority does."""
        return await self._command("shanghai", self.authority, case_id, name, body, papers)

    async def as_resident(self, case_id: str, name: str, *papers: dict[str, Any], **body: Any) -> dict[str, Any]:
        """The resident does, at the window's node."""
        return await self._command("jiangsu", self.resident, case_id, name, body, papers)

    async def _command(
        self, node: str, token: str, case_id: str, name: str, body: dict[str, Any], papers: tuple[dict[str, Any], ...] = ()
    ) -> dict[str, Any]:
        asked = {"name": name, "body": body, "papers": list(papers)}
        done: dict[str, Any] = await self.tour.api(node, "POST", f"/api/cases/{case_id}/commands", token=token, json=asked)
        return done

    async def seen(self, case_id: str, state: str, node: str = "jiangsu", token: str | None = None) -> dict[str, Any]:
        """The case once it has come to ``state`` at a node, as the resident there sees it."""
        reader = token or (self.authority if node == "shanghai" else self.resident)

        async def look() -> dict[str, Any] | None:
            found = await self.tour.api(node, "GET", f"/api/cases/{case_id}", token=reader, expect=(200, 404))
            return found if found.get("state") == state else None

        return await self.tour.until(f"{case_id} to be {state} in {node}", look)

    async def forwarded(self, number: int) -> str:
        """Lodged, received and forwarded; it has arrived in Shanghai."""
        case_id = await self.lodge("jiangsu", "qidong-window", self.resident, number)
        await self.at_window(case_id, "receive", identity="identity-card")
        await self.at_window(case_id, "forward")
        await self.seen(case_id, "forwarded", "shanghai")
        return case_id


def _person(person_id: str, role: str, name_zh: str, name_en: str, **more: str) -> dict[str, Any]:
    return {"id": person_id, "role": role, "name_zh": name_zh, "name_en": name_en, **more}


async def _cast(tour: Tour) -> _Cast:
    resident = _person(
        f"resident-case-{tour.run}", "resident", "苏小满（示例）", "Su Xiaoman (example)", number=tour.resident(21, "320681")
    )
    window = _person(
        "officer-qidong", "window", "启东窗口收件员（示例）", "Qidong window officer (example)", institution="qidong-window"
    )
    authority = _person(
        "officer-chongming",
        "authority",
        "崇明审批员（示例）",
        "Chongming case officer (example)",
        institution="chongming-market",
    )
    return _Cast(
        tour,
        await tour.sign_in("jiangsu", resident),
        await tour.sign_in("jiangsu", window),
        await tour.sign_in("shanghai", authority),
    )


async def play(tour: Tour) -> Story:
    """A permit from the window to the wallet; a defect notice; a withdrawal; a second window; one who is not competent."""
    cast = await _cast(tour)
    figures = await _permit(tour, cast)
    figures["supplement"] = await _supplement(tour, cast)
    figures["withdrawal"] = await _withdrawal(tour, cast)
    figures["second_window"] = await _second_window(tour, cast)
    figures["not_competent"] = await _not_competent(tour, cast)
    return tour.finish("case", figures)


async def _permit(tour: Tour, cast: _Cast) -> dict[str, Any]:
    case_id = await _received(tour, cast)
    accepted = await _accepted(tour, cast, case_id)
    await cast.at_authority(case_id, "start_review")
    await cast.at_authority(case_id, "grant", _paper("", note=f"准予决定书 decision {case_id}"))
    seen = await cast.seen(case_id, "produced")

    async def offered() -> str | None:
        found = await tour.api("jiangsu", "GET", f"/api/cases/{case_id}", token=cast.resident)
        return found["result"]["offer"] or None

    offer = await tour.until("the offer of the permit to arrive", offered)
    tour.step(
        "chongming-market",
        "jiangsu",
        "准予；许可证登入名册，领取链接随件送回窗口所在节点",
        "granted: the permit stands in the register, and its offer goes back to the window's node",
        decision_at=seen["decision"]["at"],
        late=seen["decision"]["late"],
    )
    held = await Wallet(tour).take(offer)
    closed = await cast.seen(case_id, "closed")
    number = held.content.claims["permit_number"]
    tour.step(
        "chongming-market",
        "wallet",
        "居民钱包领取食品经营许可证，此件办结",
        "the resident's wallet takes the food business permit; the case is closed",
        permit_number=number,
    )
    tour.expect("the permit names the shop", closed["applicant"]["number"], held.content.claims.get("uscc"))
    events = [event["type"] for event in closed["events"]]
    return {
        "case_id": case_id,
        "state": closed["state"],
        "credential": True,
        "permit_number": number,
        "events": events,
    } | accepted


async def _received(tour: Tour, cast: _Cast) -> str:
    case_id = await cast.lodge("jiangsu", "qidong-window", cast.resident, 21)
    tour.step(
        "resident",
        "qidong-window",
        "居民提交申请、材料和同意书",
        "the resident lodges form, papers and consent",
        case_id=case_id,
    )
    received = await cast.at_window(case_id, "receive", identity="identity-card")
    tour.expect("received is not accepted", "received", received["state"])
    tour.step(
        "qidong-window",
        "resident",
        "窗口核验身份并出具收件回执；收件不是受理",
        "the window checks identity and gives a receipt; received is not accepted",
        receipt=received["receipt"]["number"],
    )
    await cast.at_window(case_id, "forward")
    await cast.seen(case_id, "forwarded", "shanghai")
    tour.step("jiangsu", "shanghai", "办件连同材料转到上海", "the case goes to Shanghai with its papers", papers=len(_PAPERS))
    return case_id


async def _accepted(tour: Tour, cast: _Cast, case_id: str) -> dict[str, Any]:
    await cast.at_authority(case_id, "sign_for")
    tour.step("chongming-market", "jiangsu", "主管机关签收", "the authority signs for it")
    await cast.at_authority(case_id, "accept")
    seen = await cast.seen(case_id, "accepted")
    acceptance = seen["acceptance"]
    dates = {
        "accepted_on": acceptance["day"],
        "due_on": acceptance["statutory"]["day"],
        "promised_on": acceptance["promised"]["day"],
        "explanation": acceptance["statutory"]["explanation"],
    }
    tour.expect(
        "accepted on 2026-02-12 is due by 2026-03-18", ("2026-02-12", "2026-03-18"), (dates["accepted_on"], dates["due_on"])
    )
    tour.step("chongming-market", "jiangsu", "受理，法定期限起算", "accepted: the legal clock runs", **dates)
    return dates


async def _supplement(tour: Tour, cast: _Cast) -> dict[str, Any]:
    case_id = await cast.forwarded(22)
    await cast.at_authority(case_id, "sign_for")
    lacking = ["premises-layout", "proxy-authorisation"]
    await cast.at_authority(case_id, "request_supplement", lacking=lacking, note="布局图看不清 the layout cannot be read")
    asked = (await cast.seen(case_id, "supplement_requested"))["supplement"]
    tour.step(
        "chongming-market",
        "jiangsu",
        "一次性告知全部缺项和补正期限",
        "a defect notice, once and with everything that is lacking",
        lacking=lacking,
        due_on=asked["due"]["day"],
    )
    await tour.advance_clock(LATER_S)
    await cast.as_resident(case_id, "supply", *(_paper(material, note="补正") for material in lacking))
    await cast.seen(case_id, "handed_over")
    tour.step(
        "resident",
        "shanghai",
        "居民在窗口所在节点补正，材料转到上海",
        "the resident supplies it at the window's node; it goes to Shanghai",
    )
    again = await _refused(tour, "shanghai", cast.authority, case_id, "request_supplement", 409, {"lacking": ["safety-rules"]})
    tour.expect("a supplement is asked for once only", "case.supplement-twice", again)
    await cast.at_authority(case_id, "accept")
    accepted = await cast.seen(case_id, "accepted")
    tour.step(
        "chongming-market", "jiangsu", "补正后受理", "accepted after the supplement", accepted_on=accepted["acceptance"]["day"]
    )
    return {
        "lacking": lacking,
        "due_on": asked["due"]["day"],
        "accepted_on": accepted["acceptance"]["day"],
        "asked_again": again,
    }


async def _withdrawal(tour: Tour, cast: _Cast) -> dict[str, Any]:
    case_id = await cast.forwarded(23)
    await cast.at_authority(case_id, "sign_for")
    await cast.at_authority(case_id, "accept")
    await cast.seen(case_id, "accepted")
    await cast.as_resident(case_id, "withdraw", reason="不再开店 the shop will not open")
    await cast.seen(case_id, "withdrawn", "shanghai")
    seen = await cast.seen(case_id, "withdrawn")
    late = await _refused(tour, "shanghai", cast.authority, case_id, "start_review", 409)
    tour.expect("after a withdrawal nothing is decided", "case.withdrawn", late)
    tour.step(
        "resident",
        "chongming-market",
        "决定前撤回申请，不再作出决定",
        "withdrawn before the decision; nothing is decided any more",
    )
    return {"state": seen["state"], "decided_afterwards": late}


async def _second_window(tour: Tour, cast: _Cast) -> dict[str, Any]:
    first = await cast.forwarded(24)
    person = _person(
        f"resident-case-{tour.run}", "resident", "苏小满（示例）", "Su Xiaoman (example)", number=tour.resident(21, "320681")
    )
    officer = _person(
        "officer-jiashan", "window", "嘉善窗口收件员（示例）", "Jiashan window officer (example)", institution="jiashan-window"
    )
    resident, window = await tour.sign_in("zhejiang", person), await tour.sign_in("zhejiang", officer)
    case_id = await cast.lodge("zhejiang", "jiashan-window", resident, 24)
    for asked in ({"name": "receive", "body": {"identity": "identity-card"}}, {"name": "forward"}):
        await tour.api("zhejiang", "POST", f"/api/cases/{case_id}/commands", token=window, json=asked)
    seen = await cast.seen(case_id, "returned_at_window", "zhejiang", resident)
    tour.expect("the second window gets it back", "case.already-lodged", seen["turned_away"])
    tour.expect("with every paper", len(_PAPERS), len(seen["materials"]))
    tour.step(
        "zhejiang",
        "shanghai",
        "同一申请又经嘉善窗口转来：不收，退回并说明理由",
        "the same application through a window in Zhejiang: turned away, with the reason",
        code=seen["turned_away"],
    )
    await cast.as_resident(first, "withdraw")
    await cast.seen(first, "withdrawn")
    return {"code": seen["turned_away"], "state": seen["state"]}


async def _not_competent(tour: Tour, cast: _Cast) -> dict[str, Any]:
    case_id = await cast.forwarded(25)
    for name in ("sign_for", "accept", "start_review"):
        await cast.at_authority(case_id, name)
    stranger = await tour.sign_in(
        "shanghai",
        _person(
            "officer-metro-permits", "authority", "地铁职员（示例）", "Metro clerk (example)", institution="shanghai-metro"
        ),
    )
    other = await _refused(tour, "shanghai", stranger, case_id, "grant", 403)
    tour.expect("an officer of another institution decides nothing", "case.not-competent", other)
    receiver = await _refused(tour, "jiangsu", cast.window, case_id, "grant", 403)
    tour.expect("who receives does not decide", "case.wrong-actor", receiver)
    seen = await cast.seen(case_id, "in_review", "shanghai")
    tour.step(
        "shanghai-metro",
        "chongming-market",
        "无权机关和收件窗口试图作决定：均被拒绝",
        "one who is not competent, and the window, try to decide: both are refused",
        other_institution=other,
        window=receiver,
        state=seen["state"],
    )
    await cast.as_resident(case_id, "withdraw")
    await cast.seen(case_id, "withdrawn")
    return {"other_institution": other, "window": receiver}


async def _refused(
    tour: Tour, node: str, token: str, case_id: str, name: str, status: int, body: dict[str, Any] | None = None
) -> str:
    """The code with which a command is refused."""
    papers = [_paper("", note="无权决定 not competent")] if name == "grant" else []
    asked = {"name": name, "body": body or {}, "papers": papers}
    answer = await tour.api(node, "POST", f"/api/cases/{case_id}/commands", token=token, json=asked, expect=status)
    code = answer.get("code")
    if not isinstance(code, str):
        raise TourError(f"{name} to be refused with a code")
    return code
