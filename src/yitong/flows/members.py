"""Which node is that of a jurisdiction: the members that the anchor lists, each believed by its own chain."""

from __future__ import annotations

from yitong.digest import parse_json
from yitong.errors import YitongError
from yitong.flows.context import Context
from yitong.trust.anchor import LIST_PATH, read_node

_INSTITUTIONS = "/institutions/"


def node_of(entity_id: str) -> str:
    """The entity id of the node that an institution stands under, from the institution's own."""
    return entity_id.partition(_INSTITUTIONS)[0]


def stands_under(entity_id: str, node: str) -> bool:
    """Whether an entity id is that of an institution of this node; its chain says whether that is true."""
    return bool(node) and entity_id.startswith(node + _INSTITUTIONS)


async def list_members(context: Context) -> list[str]:
    """The nodes that the anchor lists. A list is only a hint: what a member is, its chain of trust says."""
    anchor = context.believer.anchor_id
    listed = parse_json(await context.get(anchor + LIST_PATH), anchor)
    return [member for member in listed if isinstance(member, str)] if isinstance(listed, list) else []


async def find_node(context: Context, jurisdiction: str) -> str:
    """The entity id of the node of a jurisdiction (a code of GB/T 2260).

    A member counts for the jurisdiction that the anchor states in its chain. Raises ``service.no-node``, or
    ``peer.unreachable`` when someone who could not be asked might be it.
    """
    if jurisdiction == context.jurisdiction:
        return context.me.entity_id
    silent: YitongError | None = None
    for member in await list_members(context):
        try:
            if read_node((await context.believer.chain(member)).chain).jurisdiction == jurisdiction:
                return member
        except YitongError as error:
            if error.code.startswith("peer."):
                silent = error
    if silent is not None:
        raise silent
    raise YitongError("service.no-node", jurisdiction, jurisdiction=jurisdiction)
