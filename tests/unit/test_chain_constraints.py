"""What a superior may demand of all below it: path length, names, entity types."""

from __future__ import annotations

import pytest

from federation_example import ANCHOR, ANHUI, Federation
from yitong.errors import YitongError
from yitong.specs.openid_federation import Constraints
from yitong.trust.chain import name_allowed


def refused(world: Federation) -> YitongError:
    with pytest.raises(YitongError) as caught:
        world.verify()
    return caught.value


def test_path_length() -> None:
    assert Federation().spoil(2, constraints={"max_path_length": 1}).verify().path[1] == ANHUI
    error = refused(Federation().spoil(2, constraints={"max_path_length": 0}))
    assert (error.code, error.where) == ("trust.constraint-path-length", ANCHOR)
    assert (error.params["between"], error.params["most"]) == (1, 0)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("a.gov.cn", True),
        ("a.b.gov.cn", True),
        ("gov.cn", False),
        ("a.gov.cn.evil", False),
        ("gov.cn.evil.example", False),
        ("agov.cn", False),
        ("evilgov.cn", False),
        ("window.example", True),
        ("a.window.example", False),
        ("east.gov.cn", False),
        ("x.east.gov.cn", True),
        ("x.west.gov.cn", False),
        ("west.gov.cn", True),
        ("10.0.0.1", False),
        ("::1", False),
        ("a.gov.cn.", False),
        ("", False),
    ],
)
def test_names(host: str, allowed: bool) -> None:
    limits = Constraints(permitted_names=(".gov.cn", "window.example"), excluded_names=("east.gov.cn", ".west.gov.cn"))
    assert name_allowed(host, limits) is allowed


def test_names_without_permitted_or_with_none() -> None:
    assert name_allowed("10.0.0.1", Constraints())
    assert name_allowed("a.example", Constraints(excluded_names=(".gov.cn",)))
    assert not name_allowed("10.0.0.1", Constraints(excluded_names=(".gov.cn",)))
    assert not name_allowed("a.example", Constraints(permitted_names=()))


@pytest.mark.parametrize(("leaf", "ok"), [("https://r.ah.gov.cn/x", True), ("https://r.ah.gov.cn.evil/x", False)])
def test_names_bind_everything_below(leaf: str, ok: bool) -> None:
    world, middle = Federation(), "https://ah.gov.cn"
    limits = {"naming_constraints": {"permitted": [".gov.cn"]}}
    world.spoil(0, iss=leaf, sub=leaf, authority_hints=[middle]).spoil(1, iss=middle, sub=leaf)
    world.spoil(2, sub=middle, constraints=limits)
    if ok:
        assert world.verify().path == (leaf, middle, ANCHOR)
        return
    error = refused(world)
    assert (error.code, error.where, error.params["entity"]) == ("trust.constraint-name", ANCHOR, leaf)


def test_types_that_a_higher_superior_does_not_allow_go() -> None:
    world = Federation().spoil(2, constraints={"allowed_entity_types": ["yitong_institution"]})
    assert set(world.verify().metadata) == {"federation_entity", "yitong_institution"}
    assert set(world.spoil(2, constraints={"allowed_entity_types": []}).verify().metadata) == {"federation_entity"}
