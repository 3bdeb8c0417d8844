"""The house keeps its own rules (architecture, CONTRIBUTING): who imports whom, how large, how documented."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from house_rules import IMPORT_EXCEPTIONS, LIBRARIES, MAX_FILE_LINES, MAY_IMPORT, Source, complaints

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "yitong"
FILES = sorted(path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py"))
# Names that libraries are installed by, where they differ from the names that they are imported by.
DISTRIBUTIONS = {"tomli_w": "tomli-w", "markupsafe": "jinja2", "starlette": "fastapi", "pydantic": "fastapi"}


@pytest.mark.parametrize("path", FILES)
def test_a_file_keeps_the_rules(path):
    assert complaints(Source(path, (SOURCE / path).read_text("utf-8"))) == []


def test_every_package_has_a_row():
    packages = {path.split("/")[0].removesuffix(".py") for path in FILES} - {"__init__"}
    assert packages - MAY_IMPORT.keys() == set()


def test_every_exception_is_needed_and_has_a_reason():
    used = set()
    for path in FILES:
        source = Source(path, (SOURCE / path).read_text("utf-8"))
        for node in ast.walk(ast.parse(source.text)):
            if isinstance(node, ast.ImportFrom):
                used.add((source.package, node.module))
    for exception, reason in IMPORT_EXCEPTIONS.items():
        assert exception in used, exception
        assert len(reason) > 20


def test_every_library_is_declared():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {entry.split(">")[0].split("=")[0].split("[")[0] for entry in declared}
    imported = set()
    for path in FILES:
        tree = ast.parse((SOURCE / path).read_text("utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    for library in imported & LIBRARIES.keys():
        assert DISTRIBUTIONS.get(library, library) in names, library


@pytest.mark.parametrize("folder", ["tests", "bench"])
def test_tests_and_benches_are_short_too(folder):
    too_long = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        lines = path.read_text("utf-8").count("\n")
        if lines > MAX_FILE_LINES:
            too_long[path.relative_to(ROOT).as_posix()] = lines
    assert too_long == {}


def test_test_modules_have_names_of_their_own():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_nothing_else_of_a_size_hides_in_the_repository():
    kinds = {".html", ".css", ".js", ".toml", ".sql", ".md"}
    for folder in ("src", "catalog", "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in kinds and "egg-info" not in str(path) and "reference" not in path.parts:
                assert path.read_text("utf-8").count("\n") <= MAX_FILE_LINES, path


GOOD = '"""A module."""\n'


@pytest.mark.parametrize(
    ("path", "text", "part"),
    [
        ("money.py", "from yitong.clock import Clock", "money may not import yitong.clock"),
        ("cases/case.py", "from yitong.ledger.account import Account", "cases may not import yitong.ledger.account"),
        ("cases/case.py", "from yitong import store", "cases may not import yitong.store"),
        ("flows/bill.py", "import yitong.store.memory", "flows may not import yitong.store.memory"),
        ("flows/bill.py", "def f():\n    from yitong.node import build", "flows may not import yitong.node"),
        ("store/memory/x.py", "from yitong.flows.context import Context", "store may not import yitong.flows.context"),
        ("trust/chain.py", "from yitong.peers.client import PeerClient", "trust may not import yitong.peers.client"),
        ("region/x.py", "from yitong.store.memory import MemoryStore", "region may not import"),
        ("new_one/x.py", "from yitong.errors import Text", "new_one may not import yitong.errors"),
        ("flows/x.py", "from .exchange import Exchange", "written in full"),
        ("flows/x.py", "import aiohttp", "the library aiohttp belongs to"),
        ("peers/inbox.py", "import aiohttp", "the library aiohttp belongs to peers/client.py"),
        ("store/memory/x.py", "import asyncpg", "the library asyncpg belongs to"),
        ("trust/chain.py", "from cryptography import x509", "the library cryptography belongs to"),
        ("flows/x.py", "import requests", "requests is not in the table"),
        ("flows/x.py", "import random", "random is not imported here"),
        ("flows/x.py", "from secrets import token_hex", "secrets is not imported here"),
        ("flows/x.py", "from datetime import datetime\nnow = datetime.now()", "datetime.now does not belong"),
        ("flows/x.py", "import datetime\nnow = datetime.datetime.now", "datetime.now does not belong"),
        ("node/build.py", "import os\nhome = os.environ['HOME']", "os.environ does not belong"),
        ("node/build.py", "import os\nseed = os.urandom(8)", "os.urandom does not belong"),
        ("node/build.py", "print('x')", "print does not belong"),
        ("node/x.py", "def shown():\n    return 1", "shown has no docstring"),
        ("node/x.py", 'class Shown:\n    """Shown."""\n    def part(self): ...', "part has no docstring"),
        ("node/x.py", "def _long():\n" + "    a = 1\n" * 61, "_long has 62 lines"),
        ("node/x.py", "a = 1\n" * 400, "a file has at most 400"),
        ("node/utils.py", "a = 1", "gathers what does not belong together"),
        ("node/x.py", "a = f()  # type: ignore", "type: ignore without the reason"),
        ("node/x.py", "a = f()  # noqa: S101", "noqa without the reason"),
        ("node/x.py", "try:\n    f()\nexcept Exception:\n    pass", "everything is caught without the reason"),
        ("node/x.py", "a = 1  # TODO later", "work that is left over"),
    ],
)
def test_the_checker_sees(path, text, part):
    found = complaints(Source(path, GOOD + text + "\n"))
    assert any(part in complaint for complaint in found), found


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("clock.py", "from datetime import UTC, datetime\n_NOW = datetime.now(UTC)"),
        ("entropy.py", "import secrets\n_DRAWN = secrets.token_bytes(1)"),
        ("peers/client.py", "import aiohttp"),
        ("store/memory/tables.py", "from yitong.flows.unit import Timer"),
        ("node/build.py", "from yitong.store.postgres import PostgresStore"),
        ("node/x.py", "a = f()  # noqa: S603 - our own program and nobody's words"),
        ("node/x.py", "try:\n    f()\nexcept BaseException:\n    undo()\n    raise"),
        ("node/x.py", "try:\n    f()\nexcept Exception:  # one mistake must not stop the others\n    pass"),
    ],
)
def test_the_checker_lets_pass(path, text):
    assert complaints(Source(path, GOOD + text + "\n")) == []


def test_the_checker_wants_a_docstring_of_the_module():
    assert complaints(Source("node/x.py", "a = 1\n")) == ["1: the module has no docstring"]
