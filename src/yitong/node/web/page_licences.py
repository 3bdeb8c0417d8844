"""Pages of licences: one licence with what may be done to it, and the answer of a check at a counter."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from yitong.clock import local_date, read_moment
from yitong.credentials.register import LICENCES, PRESENTATIONS, Licence, Presentation
from yitong.credentials.status import RULES, LicenceState
from yitong.errors import Text, YitongError
from yitong.flows.issue_licence import change_state
from yitong.flows.verify_licence import PURPOSES
from yitong.node.build import Node
from yitong.node.pages.text import Words
from yitong.node.pages.views.entry import LicenceRow
from yitong.node.pages.views.parts import Action, Event, Fact, Link, Reliance, Value, Yuan
from yitong.node.pages.views.records import Check, LicencePage, VerdictPage
from yitong.node.web.access import account_of, institution_of
from yitong.node.web.api_licences import find_licence
from yitong.node.web.issuing import FORM
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import HOME, named, respond, visit_of
from yitong.people.account import ACCOUNTS, Account

ISSUED_HERE = Text("登入名册", "Entered in the register")
GROUNDS: dict[str, Words] = {
    "presentation": Text("所出示的凭证", "the presentation"),
    "issuer chain": Text("签发机构的信任链", "the issuer's trust chain"),
    "recognition": Text("互认表", "the recognition table"),
    "status list": Text("状态列表", "the status list"),
}


def _until(node: Node, licence: Licence) -> date | None:
    kind = node.context.catalog.kinds[licence.kind_id]
    day = licence.claims.get(kind.valid_until or "")
    return date.fromisoformat(day) if isinstance(day, str) else None


async def _holder(node: Node, licence: Licence) -> Words:
    async with node.context.store.begin() as unit:
        account: Account | None = await unit.shelf(ACCOUNTS).get(licence.subject_id)
    return named(account) if account else licence.subject_id


async def licence_rows(node: Node, account: Account) -> tuple[LicenceRow, ...]:
    """One's own licences, or those of one's institution, newest first."""
    async with node.context.store.begin() as unit:
        if account.institution:
            found: list[Licence] = await unit.shelf(LICENCES).find(institution=account.institution, limit=50)
        else:
            found = await unit.shelf(LICENCES).find(subject_id=account.id, limit=50)
    return tuple(
        [
            LicenceRow(
                node.context.catalog.kinds[licence.kind_id].title,
                await _holder(node, licence),
                node.context.institution(licence.institution).title,
                licence.state.value,
                _until(node, licence),
                f"/licences/{licence.id}",
            )
            for licence in found
        ]
    )


def _value(check: str, value: object) -> Value:
    if check == "fen" and isinstance(value, int):
        return Yuan(value)
    if check == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return "；".join(map(str, value)) if isinstance(value, list) else str(value)


def _page(node: Node, licence: Licence, holder: Words, *, may_change: bool) -> LicencePage:
    kind, context = node.context.catalog.kinds[licence.kind_id], node.context
    institution = context.institution(licence.institution)
    entered = Event(ISSUED_HERE, licence.recorded_at, institution.title)
    changes = tuple(
        Event(
            RULES[change.to_state].label, change.recorded_at, institution.title, "", f"{change.reason} · {change.legal_basis}"
        )
        for change in licence.history
    )
    return LicencePage(
        kind.title,
        licence.licence_id,
        holder,
        institution.title,
        licence.state.value,
        context.clock.now(),
        local_date(licence.recorded_at, context.zone),
        _until(node, licence),
        tuple(
            Fact(rule.label, _value(rule.check, licence.claims[rule.name]))
            for rule in kind.claims
            if rule.name in licence.claims
        ),
        (entered, *changes),
        _actions(licence) if may_change else (),
    )


def _actions(licence: Licence) -> tuple[Action, ...]:
    """What the officer may do now, as the state allows."""
    href, followers = f"/licences/{licence.id}/state", RULES[licence.state].followers
    actions = []
    if LicenceState.SUSPENDED in followers:
        actions.append(Action("suspend", href, reason=True, hidden=(("state", "suspended"),)))
    if licence.state is LicenceState.SUSPENDED:
        actions.append(Action("reinstate", href, reason=True, hidden=(("state", "valid"),)))
    return tuple(actions)


def add(routes: Routes, node: Node) -> None:
    """Register the pages."""

    @routes.add("GET", "/licences/{licence_id}", "signed-in", gives="text/html")
    async def licence_page(licence_id: str, request: Request) -> Response:
        """A licence: one's own, or one of one's institution."""
        account = account_of(request)
        licence = await find_licence(node, account, licence_id)
        may_change = account.institution == licence.institution and account.may("licence.status")
        page = _page(node, licence, await _holder(node, licence), may_change=may_change)
        return respond(request, node.pages, "licence.html", page, await visit_of(node, request, HOME))

    @routes.add("POST", "/licences/{licence_id}/state", "may:licence.status", takes=FORM, gives="text/html", status=303)
    async def licence_state_form(licence_id: str, request: Request) -> Response:
        """Suspend or reinstate from the page."""
        form = await request.form()
        wanted = {"suspended": LicenceState.SUSPENDED, "valid": LicenceState.VALID}.get(str(form.get("state")))
        reason = str(form.get("reason") or "").strip()
        if wanted is None or not reason:
            raise YitongError("licence.reason-missing", licence_id)
        institution = node.context.institution(institution_of(request))
        officer = account_of(request).id
        await change_state(node.context, institution, licence_id, wanted, "officer-decision", reason[:300], officer)
        return RedirectResponse(f"/licences/{licence_id}", 303)

    @routes.add("GET", "/checks/{presentation_id}", "may:presentation.ask", gives="text/html")
    async def check_page(presentation_id: str, request: Request) -> Response:
        """The answer of a check of one's own institution."""
        async with node.context.store.begin() as unit:
            kept: Presentation | None = await unit.shelf(PRESENTATIONS).get(presentation_id)
        if kept is None or kept.institution != institution_of(request) or not kept.verdict:
            raise YitongError("store.not-found", presentation_id)
        return respond(request, node.pages, "verdict.html", verdict_page(node, kept), await visit_of(node, request, HOME))


# The steps of a verdict in order, and the reasons that end at each; what comes after was not looked at.
STEPS: tuple[tuple[Words, frozenset[str]], ...] = (
    (
        Text("凭证真实，为本次核验出示", "genuine, and shown for this check"),
        frozenset({"not-genuine", "not-for-this-check", "answer-incomplete", "not-checked", "issuer-key-unknown", "declined"}),
    ),
    (
        Text("签发机构可信", "the issuer is trusted"),
        frozenset({"issuer-not-trusted", "issuer-unreachable", "issuer-chain-expired"}),
    ),
    (Text("有权签发此种证照", "entitled to issue this kind"), frozenset({"other-kind", "issuer-not-entitled"})),
    (
        Text("本地认可", "recognised here"),
        frozenset({"not-recognised", "recognition-unknown", "issuer-role-missing"}),
    ),
    (Text("在有效期内", "in time"), frozenset({"expired", "not-yet-valid"})),
)
STATUS_STEP = Text("现状有效", "its present status is valid")


def _checks(verdict: dict[str, Any]) -> tuple[Check, ...]:
    """What was checked and how it came out, up to the step that decided."""
    outcome = {"yes": "passed", "no": "failed"}.get(verdict["answer"], "unknown")
    found: list[Check] = []
    for words, reasons in STEPS:
        if verdict["reason"] in reasons:
            return (*found, Check(words, outcome))
        found.append(Check(words, "passed"))
    return (*found, Check(STATUS_STEP, outcome))


def verdict_page(node: Node, kept: Presentation) -> VerdictPage:
    """The page of a verdict as it was given; ages are those of that moment."""
    verdict, kind = kept.verdict, node.context.catalog.kinds[kept.kind_id]
    grounds = tuple(
        Reliance(GROUNDS[g["what"]], g["source"], read_moment(g["obtained_at"]), g["age_s"])
        for g in verdict.get("relied_on", [])
    )
    issuer = next((g["source"] for g in verdict.get("relied_on", []) if g["what"] == "issuer chain"), "")
    claims = verdict.get("claims", {})
    sentence: Words = verdict.get("sentence") or Text("持有人没有出示。", "The holder did not show it.")
    return VerdictPage(
        verdict["answer"],
        sentence,
        verdict["reason"],
        read_moment(verdict["as_of"]),
        kind.title,
        issuer,
        node.context.institution(kept.institution).title,
        PURPOSES[kept.purpose],
        grounds,
        _checks(verdict),
        tuple(Fact(rule.label, _value(rule.check, claims[rule.name])) for rule in kind.claims if rule.name in claims),
    )


async def check_links(node: Node, account: Account) -> tuple[Link, ...]:
    """The last checks of an officer's institution that have an answer."""
    async with node.context.store.begin() as unit:
        found: list[Presentation] = await unit.shelf(PRESENTATIONS).find(institution=account.institution or "", limit=10)
    since = node.context.clock.now() - timedelta(days=30)
    return tuple(
        Link(
            Text(
                f"核验结果：{node.context.catalog.kinds[kept.kind_id].title.zh}",
                f"Answer of a check: {node.context.catalog.kinds[kept.kind_id].title.en}",
            ),
            f"/checks/{kept.id}",
        )
        for kept in found
        if kept.verdict and kept.created_at >= since
    )
