"""Health: alive means that the process answers, ready that it can do its work, and for a node with whom."""

from __future__ import annotations

from fastapi.responses import JSONResponse

from yitong.errors import YitongError
from yitong.node.build import Node
from yitong.node.web.routes import Routes


async def _problems(node: Node) -> list[str]:
    """What keeps a node from its work: its store, its own chain, and the chains of its neighbours."""
    context, found = node.context, []
    try:
        await context.store.check()
    except YitongError as error:
        found.append(error.code)
    try:
        table, _ = await context.believer.recognition()
        if not table.rows:
            found.append("trust.recognition-empty")
        for entity_id in sorted({context.me.entity_id, *await context.believer.neighbours()}):
            await context.believer.chain(entity_id)
    except YitongError as error:
        found.append(f"{error.code} [{error.where}]")
    return found


def add_node(routes: Routes, node: Node) -> None:
    """Health of a node."""
    _add_live(routes)

    @routes.add("GET", "/health/ready", "public")
    async def ready() -> JSONResponse:
        """200 when the store serves and the trust chains of this node and its neighbours are verified; 503 otherwise."""
        problems = await _problems(node)
        waiting: tuple[int, int] | None = None
        if not problems:
            async with node.context.store.begin() as unit:
                waiting = await unit.messages.waiting()
        body = {
            "ready": not problems,
            "node": node.config.name,
            "problems": problems,
            "waiting": {"out": waiting[0], "in": waiting[1]} if waiting else None,
        }
        return JSONResponse(body, 503 if problems else 200)


def add_anchor(routes: Routes) -> None:
    """Health of the anchor: it keeps nothing, so being alive is being ready."""
    _add_live(routes)

    @routes.add("GET", "/health/ready", "public")
    async def ready() -> dict[str, object]:
        """200: the anchor can sign statements."""
        return {"ready": True, "problems": []}


def _add_live(routes: Routes) -> None:
    @routes.add("GET", "/health/live", "public")
    async def live() -> dict[str, bool]:
        """200 while the process answers."""
        return {"live": True}
