"""The plan of a region: ports, configuration files, keys, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import socket
import stat
from pathlib import Path

import pytest

from yitong.entropy import SeededEntropy
from yitong.errors import YitongError
from yitong.node.config import read_config
from yitong.region import databases, ports, state
from yitong.region.definition import read_definition
from yitong.region.plan import (
    MESSAGE_KEY,
    Asked,
    Plan,
    default_catalog,
    keep_passwords,
    kept_facts,
    make_plan,
    new_facts,
    write_files,
)
from yitong.region.state import Facts
from yitong.trust.keys import load_or_create

DELTA = default_catalog() / "regions" / "delta.toml"
ADMIN = "postgresql://admin:a%2Fb@db.example:5433/postgres?sslmode=require"


def plan_in(folder: Path, base_port: int = 7400) -> Plan:
    facts = new_facts(Asked(base_port), "delta", "0badcafe", folder / "postgres")
    return make_plan(folder, default_catalog(), read_definition(DELTA), facts)


def written(folder: Path) -> Plan:
    plan = plan_in(folder)
    write_files(plan, {member.name: f"postgresql://{member.name}:secret@127.0.0.1:7409/x" for member in plan.nodes})
    return plan


def code_of(error: pytest.ExceptionInfo[YitongError]) -> str:
    return error.value.code


def test_ports_follow_the_base_port(tmp_path: Path) -> None:
    assert plan_in(tmp_path, 8000).ports == {
        "anchor": 8000,
        "shanghai": 8001,
        "jiangsu": 8002,
        "zhejiang": 8003,
        "anhui": 8004,
        "postgres": 8009,
    }


def test_every_process_gets_a_configuration_that_it_accepts(tmp_path: Path) -> None:
    plan = written(tmp_path)
    configs = {member.name: read_config(plan.config_file(member)) for member in plan.members}
    assert [config.role for config in configs.values()] == ["anchor", "node", "node", "node", "node"]
    assert configs["jiangsu"].public_url == "http://127.0.0.1:7402"
    assert configs["jiangsu"].jurisdiction == "320000"
    assert configs["jiangsu"].title.zh == "江苏省"
    assert configs["jiangsu"].anchor.entity_id == "http://127.0.0.1:7400"
    assert {institution.id for institution in configs["jiangsu"].institutions} == {"qidong-window", "suzhou-metro"}
    assert all(config.example for config in configs.values())


def test_configurations_and_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    plan = written(tmp_path)
    private = [plan.config_file(member) for member in plan.members]
    private += [plan.keys_dir(member) / "federation.pem" for member in plan.members]
    private += [plan.institution_dir("example-clinic") / "message.pem"]
    assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600] * 11


def test_the_anchor_pins_each_member_and_every_member_the_anchor(tmp_path: Path) -> None:
    plan = written(tmp_path)
    anchor = read_config(plan.config_file(plan.anchor))
    for node, member in zip(plan.nodes, anchor.members, strict=True):
        assert member.entity_id == node.url
        assert member.jwk == load_or_create(plan.keys_dir(node), "federation").jwk
    pinned = json.loads(Path(read_config(plan.config_file(plan.nodes[0])).anchor.jwks_file).read_text())
    assert pinned == load_or_create(plan.keys_dir(plan.anchor), "federation").jwks
    assert {row["kind"] for row in anchor.recognition} == {"business-licence", "food-business-permit", "transit-pass"}


def test_an_institution_with_its_own_keys_gives_its_public_key_only(tmp_path: Path) -> None:
    plan = written(tmp_path)
    shanghai = read_config(plan.config_file(plan.nodes[0]))
    own = {found.id: found.message_jwk for found in shanghai.institutions}
    assert own["chongming-market"] is None
    assert own["example-clinic"] == load_or_create(plan.institution_dir("example-clinic"), MESSAGE_KEY).jwk
    assert "d" not in (own["example-clinic"] or {})


def test_writing_again_keeps_keys_and_passwords(tmp_path: Path) -> None:
    plan = written(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    written(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    first = keep_passwords(plan, ["one"], SeededEntropy(1))
    second = keep_passwords(plan, ["one", "two"], SeededEntropy(2))
    assert second["one"] == first["one"]
    assert second["two"] != first["one"]


def test_a_shared_server_gets_names_with_the_regions_id(tmp_path: Path) -> None:
    facts = new_facts(Asked(None, ADMIN), "delta", "0badcafe", tmp_path)
    plan = make_plan(tmp_path, default_catalog(), read_definition(DELTA), facts)
    assert plan.database_name(plan.nodes[0]) == "yitong_0badcafe_shanghai"
    assert "postgres" not in plan.ports
    assert plan_in(tmp_path).database_name(plan.nodes[0]) == "yitong_shanghai"


@pytest.mark.parametrize("port", [0, 80, 65535, -1])
def test_a_base_port_without_room_is_refused(tmp_path: Path, port: int) -> None:
    with pytest.raises(YitongError) as refused:
        new_facts(Asked(port), "delta", "0badcafe", tmp_path)
    assert code_of(refused) == "region.port-out-of-range"


def test_a_region_keeps_its_ports_and_its_server() -> None:
    embedded = Facts("delta", "0badcafe", 7400, data_folder="/data")
    elsewhere = Facts("delta", "0badcafe", 7400, admin_url=ADMIN)
    assert kept_facts(embedded, Asked()) == embedded
    assert kept_facts(embedded, Asked(7400)) == embedded
    assert kept_facts(elsewhere, Asked(None, "postgresql://new:word@db.example:5433/postgres")).admin_url.startswith(
        "postgresql://new"
    )
    for known, asked, code in [
        (embedded, Asked(7500), "region.base-port-fixed"),
        (embedded, Asked(None, ADMIN), "region.database-fixed"),
        (elsewhere, Asked(None, "postgresql://a:b@other.example/postgres"), "region.database-fixed"),
        (elsewhere, Asked(None, "mysql://a:b@db.example/x"), "region.bad-database-url"),
    ]:
        with pytest.raises(YitongError) as refused:
            kept_facts(known, asked)
        assert code_of(refused) == code
        assert "a%2Fb" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["", "db.example", "http://a@h/d", "postgresql://h/d", "postgresql://a@/d", "postgresql://a@h", "postgresql://a@h:x/d"],
)
def test_what_is_no_database_address_is_refused(url: str) -> None:
    with pytest.raises(YitongError) as refused:
        databases.check_url(url)
    assert code_of(refused) == "region.bad-database-url"


def test_a_nodes_url_keeps_the_servers_options_and_not_its_administrator() -> None:
    login = databases.Login("yitong_x", "p@ss/word")
    assert databases.url_with(ADMIN, login, "yitong_x") == (
        "postgresql://yitong_x:p%40ss%2Fword@db.example:5433/yitong_x?sslmode=require"
    )


def test_the_password_verifier_fits_the_exchange_of_rfc_7677() -> None:
    salt, nonce = "W22ZaJ0SNY7soEsUEjb6gQ==", "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    exchange = f"n=user,r={nonce[:20]},r={nonce},s={salt},i=4096,c=biws,r={nonce}".encode()

    class Salt:
        def bytes(self, count: int) -> bytes:
            return base64.b64decode(salt)[:count]

    scheme, rounds_and_salt, keys = databases.scram_verifier("pencil", Salt()).split("$")
    assert (scheme, rounds_and_salt) == ("SCRAM-SHA-256", f"4096:{salt}")
    stored_key, server_key = (base64.b64decode(key) for key in keys.split(":"))
    server_signature = base64.b64encode(hmac.digest(server_key, exchange, "sha256"))
    assert server_signature == b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client_key = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored_key, exchange, "sha256"), strict=True))
    assert hashlib.sha256(client_key).digest() == stored_key


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        for is_new, code in [(True, "region.port-in-use"), (False, "region.own-port-in-use")]:
            with pytest.raises(YitongError) as refused:
                ports.check({"anchor": ports.free_port(), "jiangsu": port}, is_new=is_new)
            assert code_of(refused) == code
            assert str(port) in refused.value.what.en
            assert "jiangsu" in refused.value.what.zh
            assert "--base-port" in refused.value.remedy.en


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(YitongError) as refused:
        state.make_folder(tmp_path / "file" / "region", 0o700)
    assert code_of(refused) == "region.folder-not-writable"
    assert "--dir" in refused.value.remedy.en


def test_state_files_that_were_damaged_are_named(tmp_path: Path) -> None:
    (tmp_path / "region.json").write_text('{"region": 1}')
    with pytest.raises(YitongError) as refused:
        state.read_facts(tmp_path)
    assert code_of(refused) == "region.file-broken"
    assert "region.json" in refused.value.where


CHANGES = [
    ('name = "jiangsu"\n', 'name = "jiangsu"\ncolour = "red"\n', "colour"),
    ('jurisdiction = "320000"', 'jurisdiction = "32000"', "jurisdiction"),
    ('jurisdiction = "320000"', 'jurisdiction = "310000"', "twice"),
    ('node = "anhui"', 'node = "atlantis"', "atlantis"),
    ('accepting_jurisdiction = "320000"', 'accepting_jurisdiction = "990000"', "990000"),
    ("[anchor]", "[anchor", "line 12"),
]


@pytest.mark.parametrize(("old", "new", "named"), CHANGES)
def test_a_faulty_definition_is_refused_with_file_and_place(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = DELTA.read_text("utf-8")
    assert old in text
    (tmp_path / "faulty.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(YitongError) as refused:
        read_definition(tmp_path / "faulty.toml")
    assert code_of(refused) == "region.file-broken"
    assert "faulty.toml" in refused.value.where
    assert named in refused.value.what.en


def test_a_missing_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(YitongError) as refused:
        read_definition(tmp_path / "nowhere.toml")
    assert code_of(refused) == "region.no-catalog"
