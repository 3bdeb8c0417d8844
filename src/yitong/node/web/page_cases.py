"""Pages of cases: lists, and one case with its clocks, its events, who must act, and what the reader may do."""

from __future__ import annotations

from datetime import date

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from yitong.cases import events as kinds
from yitong.cases.case import Case, Decision
from yitong.cases.clocks import Timer, timers
from yitong.cases.events import Event as CaseEvent
from yitong.cases.service import Service
from yitong.clock import local_date
from yitong.errors import Text, YitongError
from yitong.flows.case_record import find_case, rules_of
from yitong.flows.case_views import CaseView, case_for, office_cases, own_cases
from yitong.flows.lodge_case import Wish, command
from yitong.node.build import Node
from yitong.node.pages.text import Words
from yitong.node.pages.views import entry, records
from yitong.node.pages.views.parts import Action, Event, Link
from yitong.node.web.access import account_of
from yitong.node.web.issuing import FORM
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import HOME, respond, visit_of
from yitong.people.account import Account

# Commands that need nothing but a click, or a click and a reason; the others are for the officer's own system (the API).
CLICKS = frozenset({"receive", "forward", "sign_for", "accept", "start_review", "restart_clock", "withdraw"})
RUNNING = kinds.OPEN_STATES | {kinds.GRANTED, kinds.PRODUCED}  # states in which a clock can run
# At the counter the clerk has seen the applicant's card: that is what a click on "receive" says.
BODIES: dict[str, dict[str, str]] = {"receive": {"identity": "identity-card"}}
EVENTS: dict[str, Text] = {
    "submitted": Text("提交申请", "Application handed in"),
    "received": Text("窗口收件（尚未受理）", "Received at the window (not yet accepted)"),
    "returned_at_window": Text("窗口退回", "Returned at the window"),
    "forwarded": Text("转交审批机关", "Forwarded to the authority"),
    "forward_refused": Text("审批机关退回转件", "Turned away by the authority's node"),
    "handed_over": Text("审批机关签收", "Signed for by the authority"),
    "redirected": Text("转送有权机关", "Sent on to the competent authority"),
    "not_accepted": Text("不予受理", "Not accepted"),
    "supplement_requested": Text("一次性告知补正", "Supplements asked for, all at once"),
    "supplied": Text("提交补正材料", "Supplements handed in"),
    "supplement_overdue": Text("补正逾期", "Supplements overdue"),
    "accepted": Text("受理", "Accepted"),
    "review_started": Text("开始审查", "Review begun"),
    "clock_stopped": Text("暂停计时", "Clock stopped"),
    "clock_restarted": Text("恢复计时", "Clock started again"),
    "deadlines_revised": Text("期限更新", "Deadlines computed anew"),
    "granted": Text("准予许可", "Granted"),
    "refused": Text("不予许可", "Refused"),
    "withdrawn": Text("撤回申请", "Withdrawn"),
    "terminated": Text("终止办理", "Ended"),
    "produced": Text("制证", "Licence made"),
    "delivered": Text("送达", "Delivered"),
    "closed": Text("办结", "Closed"),
}
CLOCKS: dict[str, Text] = {
    "sign-for": Text("签收期限", "Time to sign for it"),
    "admission": Text("受理审查期限", "Time to accept or refuse"),
    "supplement": Text("补正期限", "Time to supply"),
    "promised": Text("承诺时限", "Promised time"),
    "statutory": Text("法定时限", "Statutory time"),
    "delivery": Text("送达期限", "Time to deliver"),
}
TURNS: dict[str, Text] = {
    "submitted": Text("窗口", "the window"),
    "received": Text("窗口", "the window"),
    "returned_at_window": Text("申请人", "the applicant"),
    "supplement_requested": Text("申请人", "the applicant"),
}
AUTHORITY_TURN = Text("审批机关", "the authority")
NEXT: dict[str, Text] = {
    "submitted": Text("核对身份并收件", "check identity and receive"),
    "received": Text("转交审批机关", "forward it to the authority"),
    "returned_at_window": Text("按告知修改后重新提交", "mend it and hand it in again"),
    "forwarded": Text("签收", "sign for it"),
    "handed_over": Text("受理或一次性告知补正", "accept it, or ask once for what is lacking"),
    "supplement_requested": Text("提交补正材料", "hand in what is lacking"),
    "accepted": Text("开始审查", "begin the review"),
    "in_review": Text("作出决定", "decide"),
    "clock_stopped": Text("完成不计时的程序", "finish what is not counted"),
    "granted": Text("制证", "make the licence"),
    "produced": Text("由申请人领取凭证", "the applicant fetches the credential"),
}


def service_offers(node: Node) -> tuple[entry.Offer, ...]:
    """The services that institutions of this node receive or decide."""
    ours = {service for i in node.context.institutions.values() for service in (*i.receives, *i.decides)}
    found = [service for name, service in sorted(node.context.catalog.services.items()) if name in ours]
    return tuple(
        entry.Offer(service.title, service.authority.name, service.mode, _promise(service), f"/api/services/{service.id}")
        for service in found
    )


def _promise(service: Service) -> Words:
    rule = service.deadlines.promised or service.deadlines.statutory
    return Text(f"{rule.n} 个工作日", f"{rule.n} working days") if rule.unit == "working-day" else f"{rule.n} × {rule.unit}"


async def case_rows(node: Node, account: Account) -> tuple[entry.CaseRow, ...]:
    """One's own cases, or those of one's institution, newest first."""
    own = account.may("own")
    files = await (own_cases(node.context, account, 50) if own else office_cases(node.context, account, 50))
    rows = []
    async with node.context.store.begin() as unit:
        for file in files:
            service, calendar = rules_of(node.context, file.service_id)
            opened = await find_case(unit, file.id) if file.state in RUNNING else None
            running = timers(opened.case, service, calendar) if opened else []
            next_due = running[0].day if running else None
            who = _applicant(file.number, own)
            rows.append(entry.CaseRow(service.title, who, service.authority.name, file.state, next_due, f"/cases/{file.id}"))
    return tuple(rows)


def _applicant(number: str, own: bool) -> Words:
    """In a list an officer needs to tell people apart, not their numbers."""
    return Text("本人", "you") if own else f"…{number[-4:]}"


def _page(node: Node, view: CaseView) -> records.CasePage:
    case, service = view.case, view.service
    today = local_date(node.context.clock.now(), node.context.zone)
    over = case.state in {kinds.CLOSED, kinds.WITHDRAWN, kinds.REFUSED, kinds.NOT_ACCEPTED, kinds.TERMINATED}
    return records.CasePage(
        service.title,
        view.file.id,
        case.applicant.name,
        _window(service, case),
        service.authority.name,
        case.state,
        "" if over else TURNS.get(case.state, AUTHORITY_TURN),
        "" if over else NEXT.get(case.state, ""),
        tuple(_clock(node, view, timer, today) for timer in view.clocks),
        tuple(_material(service, attachment.material_id, attachment.sha256) for attachment in case.materials),
        tuple(_event(service, event) for event in view.events),
        _decision(service, case.decision) if case.decision else None,
        Link(Text("领取凭证的链接", "Link for your wallet"), f"/cases/{view.file.id}/offer")
        if view.own and view.file.offer
        else None,
        tuple(
            Action(
                name.replace("_", "-"), f"/cases/{view.file.id}/commands", danger=name == "withdraw", hidden=(("name", name),)
            )
            for name in view.wishes
            if name in CLICKS
        ),
    )


def _window(service: Service, case: Case) -> Words:
    """The window's name; its entity id ends with the id under which the catalogue knows it, whichever node it is under."""
    window_id = case.window.rpartition("/institutions/")[2]
    return next((window.name for window in service.windows if window.id == window_id), case.window)


def _clock(node: Node, view: CaseView, timer: Timer, today: date) -> records.CaseClock:
    """Which day of how many: both counted by the calendar of the rule, the day after its anchor being the first."""
    rules = {"promised": view.service.deadlines.promised, "statutory": view.service.deadlines.statutory}
    rule = rules.get(timer.name)
    acceptance = view.case.acceptance
    if rule is None or acceptance is None:
        anchor_day = local_date(view.case.last_at, node.context.zone) if view.case.last_at else today
        spent, whole, unit = (today - anchor_day).days, max((timer.day - anchor_day).days, 1), "calendar-day"
    else:
        calendar = node.context.catalog.calendars[rule.calendar]
        spent, whole, unit = calendar.working_days_between(acceptance.day, today), rule.n, rule.unit
    state = "stopped" if timer.paused else "missed" if today > timer.day else "running"
    return records.CaseClock(
        CLOCKS[timer.name],
        timer.explanation,
        state,
        None if timer.paused else timer.day,
        max(spent, 1),
        whole,
        unit,
        timer.provisional,
    )


def _material(service: Service, material_id: str, sha256: str) -> records.Material:
    found = next((material for material in service.materials if material.id == material_id), None)
    origin = found.origin if found else ""
    return records.Material(found.title if found else material_id, ORIGINS.get(origin, origin), "received", sha256)


ORIGINS: dict[str, Words] = {
    "applicant": Text("申请人自备", "the applicant"),
    "licence": Text("已有证照", "a licence that exists"),
    "data-sharing": Text("数据共享", "shared data"),
}


def _event(service: Service, event: CaseEvent) -> Event:
    note = event.body.get("note") or event.body.get("reason") or ""
    digest = event.evidence[0] if event.evidence else ""
    named = {place.id: place.name for place in (service.authority, *service.windows)}
    who: Words = named.get(event.by.rpartition("/institutions/")[2], Text("申请人", "the applicant"))
    return Event(EVENTS.get(event.type, event.type), event.at, who, "", str(note), digest)


def _decision(service: Service, decision: Decision) -> records.Decision:
    law = service.legal_basis[0].clause if service.legal_basis else ""
    remedy = service.remedies[0] if service.remedies else ""
    reason: Words = decision.reason or Text("符合法定条件", "the legal conditions are met")
    return records.Decision(decision.granted, decision.at, service.authority.name, reason, law, remedy)


def add(routes: Routes, node: Node) -> None:
    """Register the pages."""
    context = node.context

    @routes.add("GET", "/cases/{case_id}", "signed-in", gives="text/html")
    async def case_page(case_id: str, request: Request) -> Response:
        """A case: one's own, or one of one's institution."""
        view = await case_for(context, account_of(request), case_id)
        return respond(request, node.pages, "case.html", _page(node, view), await visit_of(node, request, HOME))

    @routes.add("GET", "/cases/{case_id}/offer", "may:own", gives="text/html", status=303)
    async def case_offer(case_id: str, request: Request) -> Response:
        """Hand the offer of the result to the applicant's wallet on this device."""
        view = await case_for(context, account_of(request), case_id)
        if not view.own or not view.file.offer:
            raise YitongError("store.not-found", case_id)
        return Response(None, 303, {"Location": view.file.offer})

    @routes.add("POST", "/cases/{case_id}/commands", "signed-in", takes=FORM, gives="text/html", status=303)
    async def case_command_form(case_id: str, request: Request) -> Response:
        """One of the steps that need nothing but a click."""
        name = str((await request.form()).get("name"))
        if name not in CLICKS:
            raise YitongError("case.wrong-command", "/name", member="name")
        await command(context, account_of(request), case_id, Wish(name, BODIES.get(name, {})))
        return RedirectResponse(f"/cases/{case_id}", 303)
