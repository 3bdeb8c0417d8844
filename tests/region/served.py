"""The example region answering HTTP inside the test process: real applications on PostgreSQL, with records of every story.

The nodes are those of the simulation, on databases of the session's server; nothing they serve is a stand-in but the
clock. ``closed`` is Shanghai's node with ``example = false``, as it would run for real.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import uvicorn
from fastapi import FastAPI

from region.simulate import Simulation, make_region
from region.wiring_bill import NUMBER, OTHER_NUMBER, Desk
from region.wiring_case import People, application, enterprise
from region.wiring_ride import BORDER, DAY, SUZHOU, XUJIAHUI, Riding
from yitong.entropy import SystemEntropy
from yitong.flows import handlers
from yitong.ids import make_uscc
from yitong.node.build import Anchor, Node, make_pages
from yitong.node.config import Config, RateSettings
from yitong.node.web.app import anchor_app, node_app
from yitong.peers.client import PeerClient
from yitong.store.postgres import PostgresStore

UNHURRIED = RateSettings(burst=1_000_000, per_second=1_000_000.0)
# For each node and role an institution that such an officer may well belong to, and another one of the same node.
OFFICES = {
    ("shanghai", "authority"): ("chongming-market", "example-clinic"),
    ("shanghai", "registrar"): ("chongming-market", "example-clinic"),
    ("shanghai", "verifier"): ("chongming-market", "example-clinic"),
    ("shanghai", "operator"): ("shanghai-metro", "chongming-market"),
    ("shanghai", "hospital"): ("example-clinic", "chongming-market"),
    ("shanghai", "insurer"): ("chongming-market", "example-clinic"),
    ("shanghai", "window"): ("chongming-market", "example-clinic"),
    ("jiangsu", "window"): ("qidong-window", "suzhou-metro"),
    ("jiangsu", "operator"): ("suzhou-metro", "qidong-window"),
    ("anhui", "registrar"): ("hefei-registry", "anhui-insurance"),
    ("anhui", "insurer"): ("anhui-insurance", "hefei-registry"),
}
LICENCE = {
    "enterprise_name": "合肥示例有限公司",
    "enterprise_type": "有限责任公司",
    "legal_representative": "示例人",
    "registered_capital_fen": 100_000_000,
    "address": "安徽省合肥市示例路1号",
    "region": "340100",
    "business_scope": ["软件开发（示例）"],
    "established_on": "2020-03-26",
    "registration_authority": "合肥市企业登记机关（示例）",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered."""

    status: int
    headers: Any
    text: str

    def json(self) -> Any:
        return msgspec.json.decode(self.text)

    @property
    def code(self) -> str:
        """The code of a problem document, or ``""``."""
        return str(self.json()["code"]) if "problem+json" in self.headers.get("Content-Type", "") else ""


@dataclass(slots=True)
class Served:
    """Where each process answers, tokens of its accounts, and records to ask for."""

    simulation: Simulation
    urls: dict[str, str] = field(default_factory=dict)
    apps: dict[str, FastAPI] = field(default_factory=dict)
    records: dict[str, str] = field(default_factory=dict)

    async def ask(self, node: str, method: str, path: str, **options: Any) -> Answer:
        """One request, from a client of its own."""
        options.setdefault("allow_redirects", False)
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client,
            client.request(method, self.urls[node] + path, **options) as answer,
        ):
            return Answer(answer.status, answer.headers.copy(), await answer.text("utf-8"))

    async def sign_in(self, node: str, account: str) -> dict[str, str]:
        """A new session: token and CSRF token."""
        answer = await self.ask(node, "POST", "/example/sign-in", json={"account": account})
        assert answer.status == 201, answer.text
        found: dict[str, str] = answer.json()
        return found

    async def officer(self, node: str, role: str, *, other: bool = False) -> str:
        """The token of an officer of the usual institution for that role, or of another one."""
        institution = OFFICES[node, role][int(other)]
        account = f"{role}-of-{institution}"
        await self.person(node, account, role, institution=institution)
        return (await self.sign_in(node, account))["token"]

    async def person(self, node: str, account: str, role: str, **more: Any) -> None:
        body = {"id": account, "role": role, "name_zh": "示例", "name_en": "Example"} | more
        answer = await self.ask(node, "POST", "/example/people", json=body)
        assert answer.status == 201, answer.text

    async def resident(self, node: str, account: str) -> str:
        """The token of an invented resident."""
        await self.person(node, account, "resident", number=OTHER_NUMBER)
        return (await self.sign_in(node, account))["token"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def answering(app: FastAPI) -> AsyncIterator[str]:
    """Serve an application as the product serves it; yields its address."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    settings = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, lifespan="off", h11_max_incomplete_event_size=65_536
    )
    server = uvicorn.Server(settings)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this attribute only
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listening.close()


def app_of(simulation: Simulation, name: str, client: PeerClient, **changed: Any) -> FastAPI:
    """The application of a node, its configuration changed."""
    parts = simulation.nodes[name]
    config: Config = msgspec.structs.replace(simulation.configs[name], **({"rate": UNHURRIED} | changed))
    return node_app(Node(config, parts.context, parts.exchange, parts.publisher, make_pages(config), client))


@asynccontextmanager
async def serve_region(folder: Path, database_urls: dict[str, str]) -> AsyncIterator[Served]:
    """The region with its stories told, answering until the block ends."""
    simulation = await make_region(folder)
    served = Served(simulation)
    async with AsyncExitStack() as stack:
        for name, url in database_urls.items():
            store = await PostgresStore.open(url, simulation.clock, "Asia/Shanghai", connections=3)
            stack.push_async_callback(store.close)
            simulation.stores[name] = store
            simulation.restart(name)
            await handlers.prepare(simulation.nodes[name].context)
        client = await stack.enter_async_context(PeerClient(allow_loopback_http=True, timeout_s=0.5))
        for name in database_urls:
            served.apps[name] = app_of(simulation, name, client)
        served.apps["closed"] = app_of(simulation, "shanghai", client, example=False, public_url="https://shanghai.example")
        served.apps["https"] = app_of(simulation, "shanghai", client, public_url="https://shanghai.example")
        config = simulation.configs["anchor"]
        anchor = Anchor(config, simulation.clock, SystemEntropy(), simulation.anchor, make_pages(config), client)
        served.apps["anchor"] = anchor_app(anchor)
        for name, app in served.apps.items():
            served.urls[name] = await stack.enter_async_context(answering(app))
        await tell_stories(served)
        yield served


async def tell_stories(served: Served) -> None:
    """A case, a ride, a bill, a licence and a check, each of somebody."""
    people = People(served.simulation)
    served.records["case"] = case_id = await people.accepted(application(enterprise(1)))
    view = await people.seen("jiangsu", case_id)
    served.records["document"] = view.case.materials[0].sha256

    riding = Riding(served.simulation)
    await riding.open_gates()
    riding.ride(await riding.rider(), BORDER, XUJIAHUI)
    await riding.upload_all()
    await riding.close(SUZHOU)
    await served.simulation.settle()
    served.records["ride"] = (await riding.rides())[0].id
    served.records["window"] = (await riding.windows(SUZHOU))[0].ref
    served.records["day"] = DAY

    desk = Desk(served.simulation)
    await served.person("anhui", "patient", "resident", number=NUMBER)
    served.records["person_no"] = person = await desk.enrol()
    bill = await desk.confirmed(await desk.ready(person))
    served.records["bill"] = bill["bill_id"]
    mine = await served.ask(
        "anhui", "GET", "/api/my/bills", headers=bearer((await served.sign_in("anhui", "patient"))["token"])
    )
    assert mine.status == 200, mine.text
    served.records["own_bill"] = mine.json()["bills"][0]["id"]

    code = make_uscc("91340100", "MAEXAM01")
    await served.person("anhui", "owner", "enterprise", number=code)
    new = {"kind": "business-licence", "subject": "owner", "claims": LICENCE | {"uscc": code}}
    registrar = bearer(await served.officer("anhui", "registrar"))
    made = await served.ask("anhui", "POST", "/api/licences", json=new, headers=registrar)
    assert made.status == 201, made.text
    served.records["licence"] = made.json()["id"]

    asked = {"kind": "business-licence", "claims": ["enterprise_name"], "purpose": "counter-check"}
    verifier = bearer(await served.officer("shanghai", "verifier"))
    begun = await served.ask("shanghai", "POST", "/api/presentations", json=asked, headers=verifier)
    assert begun.status == 201, begun.text
    served.records["presentation"] = begun.json()["id"]
