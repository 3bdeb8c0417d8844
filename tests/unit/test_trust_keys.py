"""Key files: modes, races, refusals."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from yitong.errors import YitongError
from yitong.specs.jwk import published_jwk, thumbprint
from yitong.trust import keys
from yitong.trust.keys import load_or_create


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code_of(directory: Path, name: str = "federation") -> str:
    with pytest.raises(YitongError) as caught:
        load_or_create(directory, name)
    return caught.value.code


def test_made_once_with_tight_modes(tmp_path: Path) -> None:
    directory = tmp_path / "data" / "keys"
    first = load_or_create(directory, "federation")
    assert (mode(directory), mode(directory / "federation.pem")) == (0o700, 0o600)
    assert [path.name for path in directory.iterdir()] == ["federation.pem"]
    again = load_or_create(directory, "federation")
    assert again.jwk == first.jwk == published_jwk(first.private)
    assert first.kid == thumbprint(first.jwk)
    assert first.jwks == {"keys": [first.jwk]}
    assert load_or_create(directory, "messages").kid != first.kid
    assert (directory / "federation.pem").read_bytes().startswith(b"-----BEGIN PRIVATE KEY-----")
    assert "private" not in repr(first)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o666])
def test_a_file_open_to_others_is_refused(tmp_path: Path, bits: int) -> None:
    load_or_create(tmp_path / "keys", "federation")
    path = tmp_path / "keys" / "federation.pem"
    path.chmod(bits)
    with pytest.raises(YitongError) as caught:
        load_or_create(tmp_path / "keys", "federation")
    assert (caught.value.code, caught.value.where, caught.value.params["mode"]) == (
        "trust.key-readable",
        str(path),
        f"{bits:04o}",
    )
    assert mode(path) == bits


@pytest.mark.parametrize("bits", [0o750, 0o701, 0o777])
def test_a_directory_open_to_others_is_refused(tmp_path: Path, bits: int) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(bits)
    assert code_of(tmp_path / "keys") == "trust.key-directory-open"
    assert not list((tmp_path / "keys").iterdir())


@pytest.mark.parametrize("name", ["../federation", "a/b", "", "A", ".hidden", "a.pem"])
def test_names_that_could_leave_the_directory(tmp_path: Path, name: str) -> None:
    assert code_of(tmp_path / "keys", name) == "trust.key-name"


def wrong_contents() -> list[bytes]:
    p384 = ec.generate_private_key(ec.SECP384R1())
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(b"word")
    good = ec.generate_private_key(ec.SECP256R1())
    return [
        b"",
        good.private_bytes(serialization.Encoding.PEM, form, plain)[:100],
        p384.private_bytes(serialization.Encoding.PEM, form, plain),
        good.private_bytes(serialization.Encoding.PEM, form, locked),
    ]


@pytest.mark.parametrize("content", wrong_contents(), ids=["empty", "cut", "p384", "password"])
def test_broken_files_are_refused_and_kept(tmp_path: Path, content: bytes) -> None:
    load_or_create(tmp_path / "keys", "federation")
    path = tmp_path / "keys" / "federation.pem"
    path.write_bytes(content)
    assert code_of(tmp_path / "keys") == "trust.key-broken"
    assert path.read_bytes() == content


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    load_or_create(tmp_path / "keys", "federation")
    (tmp_path / "keys" / "alias.pem").symlink_to(tmp_path / "keys" / "federation.pem")
    (tmp_path / "keys" / "dangling.pem").symlink_to(tmp_path / "nowhere")
    assert code_of(tmp_path / "keys", "alias") == "trust.key-broken"
    assert code_of(tmp_path / "keys", "dangling") == "trust.key-broken"
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    load_or_create(tmp_path / "keys", "federation")
    (tmp_path / "keys" / "folder.pem").mkdir(mode=0o700)
    os.mkfifo(tmp_path / "keys" / "pipe.pem", 0o600)
    assert code_of(tmp_path / "keys", "folder") == "trust.key-broken"
    assert code_of(tmp_path / "keys", "pipe") == "trust.key-broken"


def test_many_at_once_get_one_key(tmp_path: Path) -> None:
    start, found = threading.Barrier(8), []

    def run() -> None:
        start.wait()
        found.append(load_or_create(tmp_path / "keys", "federation").kid)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["federation.pem"]


def test_who_comes_second_takes_the_first_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other process finishes between our look and our write."""
    winner = keys.new_private_key()

    def lose() -> ec.EllipticCurvePrivateKey:
        monkeypatch.undo()
        keys._create(tmp_path / "keys" / "federation.pem", winner)
        return keys.new_private_key()

    monkeypatch.setattr(keys, "new_private_key", lose)
    assert load_or_create(tmp_path / "keys", "federation").jwk == published_jwk(winner)
