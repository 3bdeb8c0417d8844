"""Story one: an electronic business licence issued in Hefei, shown in Shanghai."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from yitong.credentials.holder import Held
from yitong.region.state import read_state
from yitong.region.tour.client import Story, Tour, TourError
from yitong.region.tour.wallet import Wallet

LEGAL_BASIS = "示例依据 example basis"
SHOWN = ["enterprise_name", "legal_representative", "uscc"]
STALE_AFTER_S = 3600  # the accepting jurisdiction's policy: an older status list proves nothing about now


def _claims(tour: Tour, code: str) -> dict[str, Any]:
    return {
        "enterprise_name": f"合肥示例科技有限公司第{tour.run}号",
        "uscc": code,
        "legal_representative": "安小禾（示例）",
        "enterprise_type": "有限责任公司（自然人投资或控股）",
        "registered_capital_fen": 500_000_000,
        "address": "安徽省合肥市蜀山区示例路1号",
        "region": "340104",
        "business_scope": ["软件开发（示例）", "信息系统集成服务（示例）"],
        "established_on": "2020-03-26",
        "registration_authority": "合肥市企业登记机关（示例）",
    }


@contextmanager
def _unreachable(tour: Tour, node: str) -> Iterator[None]:
    """The node's process stands still, as if its line were cut; it goes on afterwards whatever happens."""
    state = read_state(tour.folder)
    marks = [process.running for process in state.processes if process.name == node] if state else []
    if not marks or marks[0] is None:
        raise TourError(f"{node} is not running")
    os.kill(marks[0].pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(marks[0].pid, signal.SIGCONT)


class _Counter:
    """A counter in Shanghai, and the enterprise's wallet in front of it."""

    def __init__(self, tour: Tour, token: str, wallet: Wallet, held: Held) -> None:
        self._tour, self._token, self._wallet, self._held = tour, token, wallet, held

    async def check(self) -> dict[str, Any]:
        """Ask for three claims, have them shown, and read the verdict."""
        asked = {"kind": "business-licence", "claims": SHOWN, "purpose": "counter-check"}
        begun = await self._tour.api("shanghai", "POST", "/api/presentations", token=self._token, json=asked, expect=201)
        shown = await self._wallet.show(begun["link"], self._held)
        self._tour.expect("three claims are disclosed", sorted(SHOWN), sorted(shown))
        found = await self._tour.api("shanghai", "GET", f"/api/presentations/{begun['id']}", token=self._token)
        verdict: dict[str, Any] = found["verdict"]
        return verdict


async def play(tour: Tour) -> Story:
    """Issue, show, suspend, lose the status list, reinstate."""
    code = tour.uscc(1)
    registrar = await tour.sign_in(
        "anhui",
        {"id": "officer-hefei", "role": "registrar", "name_zh": "合肥登记员（示例）", "name_en": "Hefei registrar (example)",
         "institution": "hefei-registry"},
    )  # fmt: skip
    clerk = await tour.sign_in(
        "shanghai",
        {"id": "officer-counter", "role": "verifier", "name_zh": "崇明窗口核验员（示例）", "name_en": "Chongming counter clerk (example)",
         "institution": "chongming-market"},
    )  # fmt: skip
    enterprise = f"enterprise-{tour.run}"
    claims = _claims(tour, code)
    await tour.sign_in(
        "anhui",
        {"id": enterprise, "role": "enterprise", "name_zh": claims["enterprise_name"], "name_en": f"Hefei Example Tech {tour.run}",
         "number": code},
    )  # fmt: skip
    held, licence, wallet = await _issue(tour, registrar, enterprise, claims)
    counter = _Counter(tour, clerk, wallet, held)
    figures: dict[str, Any] = {"uscc": code, "licence_id": licence["licence_id"], "disclosed": SHOWN}
    figures["shown"] = await _shown(tour, counter)
    await _set_state(tour, registrar, licence["id"], "suspended", "under-investigation")
    figures["suspended"] = await _suspended(tour, counter)
    figures["unreachable"] = await _lost(tour, counter)
    await _set_state(tour, registrar, licence["id"], "valid", "investigation-closed")
    figures["reinstated"] = await _reinstated(tour, counter)
    return tour.finish("licence", figures)


async def _issue(tour: Tour, registrar: str, enterprise: str, claims: dict[str, Any]) -> tuple[Held, dict[str, Any], Wallet]:
    new = {"kind": "business-licence", "subject": enterprise, "claims": claims}
    licence = await tour.api("anhui", "POST", "/api/licences", token=registrar, json=new, expect=201)
    tour.step(
        "hefei-registry",
        "anhui",
        "登记机关把执照登入名册",
        "the registry enters the licence in its register",
        licence_id=licence["licence_id"],
    )
    offer = await tour.api(
        "anhui", "POST", f"/api/licences/{licence['id']}/offers", token=registrar, json={"with_tx_code": True}, expect=201
    )
    tour.step(
        "hefei-registry",
        "wallet",
        "发出领取链接，另行告知交易码",
        "an offer goes to the wallet, its transaction code by another channel",
    )
    wallet = Wallet(tour)
    held = await wallet.take(offer["offer"], offer["tx_code"])
    tour.step(
        "anhui",
        "wallet",
        "企业钱包领取电子营业执照（SD-JWT VC）",
        "the enterprise's wallet takes the business licence (SD-JWT VC over OpenID4VCI)",
    )
    return held, licence, wallet


def _summary(verdict: dict[str, Any]) -> dict[str, Any]:
    ages = {ground["what"]: ground["age_s"] for ground in verdict["relied_on"]}
    return {"answer": verdict["answer"], "reason": verdict["reason"], "as_of": verdict["as_of"], "ages_s": ages}


async def _shown(tour: Tour, counter: _Counter) -> dict[str, Any]:
    verdict = await counter.check()
    tour.expect("a valid licence is a yes", "yes", verdict["answer"])
    tour.expect("and nothing but the three claims is seen", set(SHOWN), set(verdict["claims"]) & set(_claims(tour, "")))
    tour.step(
        "wallet", "shanghai", "在上海出示三项内容：是", "shown in Shanghai, three claims disclosed: yes", **_summary(verdict)
    )
    return _summary(verdict)


async def _set_state(tour: Tour, registrar: str, licence: str, state: str, reason: str) -> None:
    change = {"state": state, "reason": reason, "legal_basis": LEGAL_BASIS}
    await tour.api("anhui", "POST", f"/api/licences/{licence}/state", token=registrar, json=change)
    words = {"suspended": ("在合肥暂扣", "suspended in Hefei"), "valid": ("在合肥恢复", "reinstated in Hefei")}[state]
    tour.step("hefei-registry", "anhui", *words, reason=reason)


async def _suspended(tour: Tour, counter: _Counter) -> dict[str, Any]:
    verdict = await counter.check()
    tour.expect("a suspended licence is a no", ("no", "suspended"), (verdict["answer"], verdict["reason"]))
    tour.step(
        "wallet", "shanghai", "暂扣后在上海出示：否，已暂扣", "shown while suspended: no, with the reason", **_summary(verdict)
    )
    return _summary(verdict)


async def _lost(tour: Tour, counter: _Counter) -> dict[str, Any]:
    with _unreachable(tour, "anhui"):
        await tour.advance_clock(STALE_AFTER_S + 60)
        words = ("安徽节点停住；上海仍去取状态列表，最多等四秒", "Anhui stands still; Shanghai asks, and waits four seconds")
        tour.step("shanghai", "anhui", *words)
        verdict = await counter.check()
    tour.expect("an unreachable, stale list decides nothing", "cannot-tell", verdict["answer"])
    tour.step(
        "wallet",
        "shanghai",
        "安徽状态列表无法取得且已过时：无法判断",
        "status list unreachable and stale: cannot tell",
        **_summary(verdict),
    )
    return _summary(verdict)


async def _reinstated(tour: Tour, counter: _Counter) -> dict[str, Any]:
    verdict = await counter.check()
    tour.expect("a reinstated licence is a yes again", "yes", verdict["answer"])
    tour.step("wallet", "shanghai", "恢复后再次出示：是", "shown after reinstatement: yes again", **_summary(verdict))
    return _summary(verdict)
