"""Where neighbours deliver their messages."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from yitong.errors import YitongError
from yitong.node.build import Node
from yitong.node.web.routes import Routes
from yitong.peers.message import MEDIA_TYPE, RECEIPT_MEDIA_TYPE


def add(routes: Routes, node: Node) -> None:
    """The inbox."""

    @routes.add("POST", "/peer/messages", "message", takes=MEDIA_TYPE, gives=RECEIPT_MEDIA_TYPE)
    async def peer_messages(request: Request) -> Response:
        """Take in a signed message of a neighbour's node; the answer is our signed receipt, given after it is stored."""
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != MEDIA_TYPE:
            raise YitongError("message.wrong-media-type")
        try:
            text = (await request.body()).decode("ascii")
        except UnicodeDecodeError as error:
            raise YitongError("message.malformed", "body") from error
        return Response(await node.exchange.receive(text), media_type=RECEIPT_MEDIA_TYPE)
