"""The applications: a node's and the anchor's. Each area adds its endpoints; the middleware surrounds them all."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import Response

from yitong.clock import Clock
from yitong.entropy import Entropy
from yitong.node.build import Anchor, Node
from yitong.node.config import Config
from yitong.node.pages.assets import CACHE_CONTROL, static_file
from yitong.node.pages.render import Pages
from yitong.node.web import (
    api_bills,
    api_cases,
    api_ledger,
    api_licences,
    api_rides,
    example,
    federation,
    health,
    issuing,
    page_bills,
    page_cases,
    page_errors,
    page_licences,
    page_rides,
    pages,
    peer,
    presenting,
    region_page,
    session,
)
from yitong.node.web.middleware import Buckets, Guard
from yitong.node.web.problem import install
from yitong.node.web.routes import Routes

AREAS = (
    (session, "session"),
    (issuing, "issuing"),
    (presenting, "presenting"),
    (peer, "peers"),
    (api_licences, "licences"),
    (api_cases, "cases"),
    (api_rides, "rides"),
    (api_bills, "bills"),
    (api_ledger, "ledger"),
    (example, "example"),
    (pages, "pages"),
    (page_licences, "pages"),
    (page_cases, "pages"),
    (page_rides, "pages"),
    (page_bills, "pages"),
)


def _bare(config: Config, entropy: Entropy, pages_of: Pages, clock: Clock) -> FastAPI:
    app = FastAPI(
        title=f"Yitong {config.name}",
        version="0.1.0",
        description="Jurisdictions that stay independent act as one region. See docs/reference in the repository.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
    )
    app.state.error_page = page_errors.error_page(pages_of, clock)
    install(app)
    app.add_middleware(
        Guard,
        entropy=entropy,
        max_body_bytes=config.max_body_bytes,
        buckets=Buckets(config.rate.burst, config.rate.per_second),
        https=config.public_url.startswith("https://"),
    )
    return app


def _add_common(routes: Routes, app: FastAPI) -> None:
    @routes.add("GET", "/openapi.json", "public")
    async def openapi() -> dict[str, object]:
        """This description."""
        return app.openapi()

    @routes.add("GET", "/static/{name}", "public", gives="text/css")
    async def static(name: str, request: Request) -> Response:
        """A style sheet, script or picture of the pages; the URL carries its version."""
        file = static_file(name)
        cached = request.query_params.get("v") == file.version
        headers = {"Cache-Control": CACHE_CONTROL if cached else "no-cache"}
        return Response(file.body, media_type=file.media_type, headers=headers)


def node_app(node: Node) -> FastAPI:
    """A jurisdiction's node."""
    app = _bare(node.config, node.context.entropy, node.pages, node.context.clock)
    common = Routes(app, node.config, "common", node)
    _add_common(common, app)
    federation.add_institutions(Routes(app, node.config, "federation", node), node.publisher)
    health.add_node(Routes(app, node.config, "health", node), node)
    for area, tag in AREAS:
        area.add(Routes(app, node.config, tag, node), node)
    return app


def anchor_app(anchor: Anchor) -> FastAPI:
    """The trust anchor."""
    app = _bare(anchor.config, anchor.entropy, anchor.pages, anchor.clock)
    _add_common(Routes(app, anchor.config, "common"), app)
    federation.add_anchor(Routes(app, anchor.config, "federation"), anchor.publisher)
    health.add_anchor(Routes(app, anchor.config, "health"))
    region_page.add(Routes(app, anchor.config, "pages"), anchor)
    return app
