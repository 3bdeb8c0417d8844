"""The rules of the house as a small checker of source text: imports, forbidden calls, sizes, docstrings, names.

:func:`complaints` judges one file and says what breaks a rule, as ``line: what``. The tables are the rules; an exception
is a row in them with its reason.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
BANNED_FILES = frozenset({"utils", "util", "common", "misc", "helpers", "helper", "manager", "base"})

VALUES = frozenset({"errors", "ids", "money", "clock", "digest", "entropy"})
DOMAIN_VALUES = VALUES | {"records"}
DOMAINS = frozenset({"cases", "credentials", "ledger", "settlement", "indicators", "network", "people"})

# Who may import whom, by the first name under yitong. A package may always import itself; what stands nowhere may import nothing.
MAY_IMPORT: dict[str, frozenset[str]] = {
    "errors": frozenset(),
    "records": frozenset(),
    "digest": frozenset({"errors"}),
    "ids": frozenset({"errors"}),
    "money": frozenset({"errors"}),
    "clock": frozenset({"errors"}),
    "entropy": frozenset({"errors", "digest"}),
    "specs": VALUES,
    "trust": VALUES | {"specs"},
    "people": DOMAIN_VALUES,
    "credentials": DOMAIN_VALUES | {"specs", "trust"},
    "peers": DOMAIN_VALUES | {"specs", "trust"},
    "cases": DOMAIN_VALUES,
    "ledger": DOMAIN_VALUES,
    "indicators": DOMAIN_VALUES,
    "network": DOMAIN_VALUES,
    "settlement": DOMAIN_VALUES | {"ledger", "specs"},
    "catalog": VALUES | {"cases", "credentials", "settlement", "indicators", "network"},
    "store": DOMAIN_VALUES | DOMAINS | {"peers"},
    "flows": DOMAIN_VALUES | DOMAINS | {"specs", "trust", "peers", "catalog"},
    "region": DOMAIN_VALUES | DOMAINS | {"specs", "trust", "peers", "catalog"},
    "node": DOMAIN_VALUES | DOMAINS | {"specs", "trust", "peers", "catalog", "store", "flows", "region"},
}
# (who, what): why this one module may be imported all the same.
IMPORT_EXCEPTIONS: dict[tuple[str, str], str] = {
    ("store", "yitong.flows.unit"): "the protocols that a store implements belong to those who need them: the flows",
    ("catalog", "yitong.specs.sd_jwt_vc"): "the media type that a licence kind is offered in is a constant of the format",
}

# Which library may be imported where: a package, or one folder or file of it.
LIBRARIES: dict[str, tuple[str, ...]] = {
    "asyncpg": ("store/postgres", "region"),
    "aiohttp": ("peers/client.py", "node", "region"),
    "cryptography": ("specs", "trust/keys.py"),
    "cbor2": ("specs",),
    "msgspec": ("store/postgres", "node", "region"),
    "structlog": ("flows", "node"),
    "fastapi": ("node",),
    "starlette": ("node",),
    "pydantic": ("node",),
    "uvicorn": ("node",),
    "jinja2": ("node/pages",),
    "markupsafe": ("node/pages",),
    "segno": ("node",),
    "typer": ("node",),
    "tomli_w": ("region",),
}

# Standard modules, and where they may be imported; an empty tuple is nowhere.
CONTROLLED: dict[str, tuple[str, ...]] = {
    "random": (),
    "uuid": (),
    "secrets": ("entropy.py",),
    "time": ("clock.py",),
    "pickle": (),
    "marshal": (),
}
# Calls and attributes, and where they may stand.
FORBIDDEN: dict[str, tuple[str, ...]] = {
    "datetime.now": ("clock.py",),
    "datetime.utcnow": (),
    "datetime.today": (),
    "date.today": (),
    "time.time": ("clock.py",),
    "time.sleep": (),
    "os.environ": ("node/config.py",),
    "os.getenv": ("node/config.py",),
    "os.urandom": ("entropy.py",),
    "secrets.token_bytes": ("entropy.py",),
    "eval": (),
    "exec": (),
    "print": (),
}
_ESCAPE = re.compile(r"#\s*(type: ignore|noqa|pragma)(?P<codes>[^#\n]*?)(?P<reason>\s[-–#]\s*\S.{9,})?$")
_TODO = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")


@dataclass(frozen=True, slots=True)
class Source:
    """A file: its path under ``src/yitong`` with slashes, and its text."""

    path: str
    text: str

    @property
    def package(self) -> str:
        """The first name under yitong."""
        return self.path.split("/")[0].removesuffix(".py")


def _stands_in(path: str, places: tuple[str, ...]) -> bool:
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


def complaints(source: Source) -> list[str]:
    """What in this file breaks a rule, in the order of its lines."""
    tree = ast.parse(source.text)
    found = [*_imports(source, tree), *_calls(source, tree), *_sizes(source, tree), *_docstrings(tree), *_escapes(source)]
    found += _caught(source, tree)
    if source.path.rpartition("/")[2].removesuffix(".py") in BANNED_FILES:
        found.append((1, "a file of that name gathers what does not belong together"))
    return [f"{line}: {what}" for line, what in sorted(found)]


Complaint = tuple[int, str]


def _modules(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported module; of ``from yitong.a import b`` both ``yitong.a`` and, for packages, ``yitong.b`` count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                yield node.lineno, "."
            elif node.module == "yitong":
                yield from ((node.lineno, f"yitong.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module


def _imports(source: Source, tree: ast.Module) -> Iterator[Complaint]:
    for line, module in _modules(tree):
        top, _, rest = module.partition(".")
        if module == ".":
            yield line, "imports are written in full"
        elif top == "yitong":
            yield from _own_import(source, line, module, rest.split(".")[0])
        elif top in sys.stdlib_module_names:
            if top in CONTROLLED and not _stands_in(source.path, CONTROLLED[top]):
                yield line, f"{top} is not imported here"
        elif top not in LIBRARIES:
            yield line, f"the library {top} is not in the table of libraries"
        elif not _stands_in(source.path, LIBRARIES[top]):
            yield line, f"the library {top} belongs to {', '.join(LIBRARIES[top])}"


def _own_import(source: Source, line: int, module: str, package: str) -> Iterator[Complaint]:
    if package == source.package or (source.package, module) in IMPORT_EXCEPTIONS:
        return
    if package not in MAY_IMPORT.get(source.package, frozenset()):
        yield line, f"{source.package} may not import {module}"


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return f"{_name(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else ""


def _calls(source: Source, tree: ast.Module) -> Iterator[Complaint]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        name = _name(node)
        for forbidden, places in FORBIDDEN.items():
            if (name == forbidden or name.endswith("." + forbidden)) and not _stands_in(source.path, places):
                yield node.lineno, f"{forbidden} does not belong here"


def _sizes(source: Source, tree: ast.Module) -> Iterator[Complaint]:
    lines = source.text.count("\n")
    if lines > MAX_FILE_LINES:
        yield lines, f"{lines} lines; a file has at most {MAX_FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                yield node.lineno, f"{node.name} has {length} lines; a function has at most {MAX_FUNCTION_LINES}"


def _docstrings(tree: ast.Module) -> Iterator[Complaint]:
    if not ast.get_docstring(tree):
        yield 1, "the module has no docstring"
    yield from _undocumented(tree.body)


def _undocumented(body: list[ast.stmt]) -> Iterator[Complaint]:
    """Public functions and classes, and the public methods of public classes; what stands inside a function is its own affair."""
    for node in body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.lineno, f"{node.name} has no docstring"
        if isinstance(node, ast.ClassDef):
            yield from _undocumented(node.body)


def _caught(source: Source, tree: ast.Module) -> Iterator[Complaint]:
    """Whoever catches everything says why, or cleans up and raises it again."""
    lines = source.text.splitlines()
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and (node.type is None or _name(node.type) in ("Exception", "BaseException")):
            last = node.body[-1]
            raised_again = isinstance(last, ast.Raise) and last.exc is None
            if not raised_again and "#" not in lines[node.lineno - 1]:
                yield node.lineno, "everything is caught without the reason beside it"


def _escapes(source: Source) -> Iterator[Complaint]:
    for number, line in enumerate(source.text.splitlines(), 1):
        escape = _ESCAPE.search(line)
        if escape and not escape["reason"]:
            yield number, f"{escape[1]} without the reason beside it"
        if _TODO.search(line):
            yield number, "work that is left over stands in an issue, not in the source"
