"""Collecting a chain from strangers: the order, the bounds, and superiors that answer wrongly."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from federation_example import ANCHOR, ANHUI, KEYS, NOW, REGION_NAME, REGISTRY, REGISTRY_NAME, Federation
from yitong.errors import YitongError
from yitong.specs.openid_federation import configuration_url, fetch_url
from yitong.trust import anchor as publish
from yitong.trust.chain import MAX_FETCHES, collect_chain

STRANGER = "https://stranger.example"


class Pages:
    """A getter over a table of pages, which counts."""

    def __init__(self, pages: dict[str, str]) -> None:
        self.pages, self.asked = pages, list[str]()

    async def __call__(self, url: str) -> str:
        self.asked.append(url)
        if url not in self.pages:
            raise YitongError("trust.no-path", url, reasons="unreachable")
        return self.pages[url]


def entity(entity_id: str, *hints: str) -> dict[str, str]:
    """An invented superior that answers for anyone."""
    metadata = publish.superior_metadata(entity_id, REGION_NAME)
    return {configuration_url(entity_id): publish.configuration(entity_id, metadata, KEYS["stranger"], NOW, superiors=hints)}


def answers(issuer: str, subject: str) -> dict[str, str]:
    institution = publish.Institution(subject, REGISTRY_NAME, KEYS["stranger"].jwks)
    text = publish.subordinate(issuer, institution, KEYS["stranger"], NOW)
    return {fetch_url(f"{issuer}/federation/fetch", subject): text}


async def not_collected(pages: dict[str, str], entity_id: str) -> YitongError:
    with pytest.raises(YitongError) as caught:
        await collect_chain(entity_id, ANCHOR, Pages(pages))
    return caught.value


async def test_collected_in_order_and_with_no_needless_fetch() -> None:
    world = Federation()
    get = Pages(world.pages())
    assert await collect_chain(REGISTRY, ANCHOR, get) == world.texts
    assert sorted(get.asked) == sorted(world.pages())
    assert await collect_chain(ANHUI, ANCHOR, Pages(world.pages())) == world.node_chain()
    assert await collect_chain(ANCHOR, ANCHOR, Pages(world.pages())) == world.texts[3:]


async def test_the_anchor_is_tried_before_other_superiors() -> None:
    world = Federation()
    world.spoil(0, authority_hints=[STRANGER, ANHUI])
    assert await collect_chain(REGISTRY, ANCHOR, Pages(world.pages())) == world.texts
    world.node_configuration = publish.configuration(
        ANHUI, world.node_metadata, KEYS["anhui"], NOW, superiors=(STRANGER, ANCHOR)
    )
    get = Pages(world.pages())
    await collect_chain(ANHUI, ANCHOR, get)
    assert not any(url.startswith(STRANGER) for url in get.asked)


async def test_collecting_a_loop() -> None:
    a, b = "https://a.example", "https://b.example"
    error = await not_collected(entity(a, b) | entity(b, a) | answers(b, a) | answers(a, b), a)
    assert (error.code, error.where) == ("trust.loop", a)


def tower(levels: int) -> dict[str, str]:
    """Entities 0, 1, … each below the next, the last below the anchor."""
    names = [*(f"https://e{level}.example" for level in range(levels)), ANCHOR]
    pages = entity(ANCHOR)
    for below, above in pairwise(names):
        pages |= entity(below, above) | answers(above, below)
    return pages


async def test_depth() -> None:
    assert len(await collect_chain("https://e0.example", ANCHOR, Pages(tower(5)))) == 7
    error = await not_collected(tower(6), "https://e0.example")
    assert (error.code, error.where, error.params["most"]) == ("trust.too-deep", "https://e5.example", 5)


async def test_too_many_hints() -> None:
    leaf = "https://leaf.example"
    error = await not_collected(entity(leaf, *(f"https://s{n}.example" for n in range(5))), leaf)
    assert (error.code, error.where, error.params["hints"]) == ("trust.too-many-hints", leaf, 5)


async def test_a_fan_out_bomb_stops_at_the_bound() -> None:
    pages: dict[str, str] = {}

    def grow(name: str, levels: int) -> str:
        entity_id = f"https://{name}.example"
        below = [grow(f"{name}{n}", levels - 1) for n in range(4)] if levels else ["https://nowhere.example"]
        pages.update(entity(entity_id, *below))
        return entity_id

    leaf = grow("n", 3)
    get = Pages(pages)
    with pytest.raises(YitongError) as caught:
        await collect_chain(leaf, ANCHOR, get)
    assert (caught.value.code, len(get.asked)) == ("trust.too-many-fetches", MAX_FETCHES)


async def test_no_way_up() -> None:
    leaf = "https://leaf.example"
    error = await not_collected(entity(leaf), leaf)
    assert (error.code, error.where, error.params["reasons"]) == ("trust.no-path", leaf, "no authority_hints")
    error = await not_collected(entity(leaf, "https://x.example", "https://y.example"), leaf)
    assert (error.code, error.where) == ("trust.no-path", leaf)
    assert "https://x.example" in str(error.params["reasons"])
    assert "https://y.example" in str(error.params["reasons"])


def without_endpoint(world: Federation) -> None:
    world.node_configuration = publish.configuration(ANHUI, {"federation_entity": {}}, KEYS["anhui"], NOW, superiors=(ANCHOR,))


def unsafe_endpoint(world: Federation) -> None:
    metadata = {"federation_entity": {"federation_fetch_endpoint": "http://169.254.169.254/latest"}}
    world.node_configuration = publish.configuration(ANHUI, metadata, KEYS["anhui"], NOW, superiors=(ANCHOR,))


def other_subject(world: Federation) -> None:
    world.spoil(1, sub=STRANGER)


def other_entity(world: Federation) -> None:
    world.node_configuration = world.texts[3]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (without_endpoint, "trust.no-fetch-endpoint"),
        (unsafe_endpoint, "federation.malformed"),
        (other_subject, "trust.wrong-statement"),
        (other_entity, "trust.wrong-statement"),
    ],
)
async def test_superiors_that_answer_wrongly(change: Callable[[Federation], None], code: str) -> None:
    world = Federation()
    change(world)
    pages = world.pages()
    pages[fetch_url(f"{ANHUI}/federation/fetch", REGISTRY)] = world.texts[1]
    error = await not_collected(pages, REGISTRY)
    assert (error.code, error.where) == (code, ANHUI)
