"""Pages of a node: home, sign-in, one's own page, an officer's desk, who looked at my data."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from yitong.errors import Text
from yitong.node.build import Node
from yitong.node.pages.text import Words
from yitong.node.pages.views import entry
from yitong.node.pages.views.parts import Link
from yitong.node.publish import text_of
from yitong.node.web.access import account_of
from yitong.node.web.page_bills import bill_rows
from yitong.node.web.page_cases import case_rows, service_offers
from yitong.node.web.page_licences import check_links, licence_rows
from yitong.node.web.page_rides import clearing_rows, ride_rows
from yitong.node.web.routes import Routes
from yitong.node.web.viewing import named, respond, visit_of
from yitong.people.account import ACCOUNTS, LOOKS, OFFICER_ROLES, ROLES, Account, Look

PAGE = "text/html"
NEWEST = 12  # residents and enterprises on the sign-in page, of each kind
REGION = Text("区域总览", "The region")
API = Link(Text("本节点的接口说明", "This node's API"), "/openapi.json")
LOOK_WORDS: dict[str, Words] = {
    "licence.read": Text("查阅证照", "reading a licence"),
    "case.read": Text("办理事项", "handling a case"),
    "bill.read": Text("核对账单", "checking a bill"),
    "insured.write": Text("核对参保信息", "checking an insurance record"),
    "ride.read": Text("核对行程", "checking a ride"),
}


def add(routes: Routes, node: Node) -> None:
    """Register the pages."""
    _add_public(routes, node)
    _add_own(routes, node)


def _add_public(routes: Routes, node: Node) -> None:
    @routes.add("GET", "/", "public", gives=PAGE)
    async def home(request: Request) -> Response:
        """What this node is and offers."""
        page = entry.HomePage(
            Text(
                f"{node.config.title.zh}的节点：数据和密钥都留在本辖区。",
                f"The node of {node.config.title.en}: data and keys stay in the jurisdiction.",
            ),
            tuple(
                entry.Institution(found.title, tuple(sorted(found.roles)), found.entity_id)
                for found in node.context.institutions.values()
            ),
            service_offers(node),
            (Link(REGION, node.config.anchor.entity_id), API),
            "/sign-in" if node.config.example else "",
        )
        return respond(request, node.pages, "home.html", page, await visit_of(node, request))

    @routes.add("GET", "/sign-in", "example", gives=PAGE)
    async def sign_in(request: Request) -> Response:
        """The example people and officers one can sign in as."""
        shown = await _examples(node)
        page = entry.SignInPage(tuple(_example(node, found) for found in shown), "/sign-in")
        return respond(request, node.pages, "sign_in.html", page, await visit_of(node, request))


async def _examples(node: Node) -> list[Account]:
    """Every example officer, and of each kind of people the newest: every tour brings new ones."""
    found: list[Account] = []
    async with node.context.store.begin() as unit:
        shelf = unit.shelf(ACCOUNTS)
        for role in sorted(ROLES):
            found += await shelf.find(role=role, limit=NEWEST if role not in OFFICER_ROLES else 100)
    return [account for account in found if account.example]


def _example(node: Node, account: Account) -> entry.Example:
    kind = "officer" if account.institution else account.role
    about: Words = Text("虚构的示例账户", "an invented example")
    if account.institution:
        about = node.context.institution(account.institution).title
    return entry.Example(named(account), kind, about, account.id)


def _add_own(routes: Routes, node: Node) -> None:
    @routes.add("GET", "/me", "may:own", gives=PAGE)
    async def me(request: Request) -> Response:
        """What a resident or enterprise has here."""
        account = account_of(request)
        page = entry.MePage(
            named(account),
            account.role,
            await licence_rows(node, account),
            await case_rows(node, account),
            await ride_rows(node, account),
            await bill_rows(node, account),
            "/me/looks",
            (),
        )
        return respond(request, node.pages, "me.html", page, await visit_of(node, request))

    @routes.add("GET", "/officer", "signed-in", gives=PAGE)
    async def officer(request: Request) -> Response:
        """An officer's desk: the lists that the role opens."""
        account = account_of(request)
        institution = node.context.institutions.get(account.institution or "")
        page = entry.OfficerPage(
            named(account),
            institution.title if institution else text_of(node.config.title),
            (account.role,),
            await licence_rows(node, account) if account.may("licence.read") else None,
            await case_rows(node, account) if account.may("case.read") else None,
            await ride_rows(node, account) if account.may("ride.read") else None,
            await clearing_rows(node, account) if account.may("ride.clear") else None,
            await bill_rows(node, account) if account.may("bill.read") else None,
            await check_links(node, account) if account.may("presentation.ask") else (),
        )
        return respond(request, node.pages, "officer.html", page, await visit_of(node, request))

    @routes.add("GET", "/me/looks", "may:own", gives=PAGE)
    async def looks(request: Request) -> Response:
        """Who looked at my data, when and why."""
        account = account_of(request)
        async with node.context.store.begin() as unit:
            found: list[Look] = await unit.shelf(LOOKS).find(subject_id=account.id, limit=200)
        page = entry.LooksPage(named(account), tuple(_look(node, look) for look in found))
        return respond(request, node.pages, "looks.html", page, await visit_of(node, request))


def _look(node: Node, look: Look) -> entry.Look:
    institution = node.context.institutions.get(look.looker)
    who: Words = institution.title if institution else look.looker
    basis = "refused" if look.refused else "law"
    return entry.Look(look.at, who, who, LOOK_WORDS.get(look.purpose, look.purpose), look.what, basis)
