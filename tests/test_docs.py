"""The documentation says what the program does: reference pages, README commands, links, the two languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from yitong.node.reference import PAGES, setting_names
from yitong.node.settings import DESCRIPTIONS

ROOT = Path(__file__).parents[1]
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_reference_pages_are_what_the_program_says(name):
    assert (ROOT / "docs" / "reference" / name).read_text("utf-8") == PAGES[name](), (
        "run: .venv/bin/python -m yitong.node.reference docs/reference"
    )


def test_every_setting_is_described_and_none_is_left_over():
    assert set(setting_names()) == set(DESCRIPTIONS)


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path):
    for link in LINK.findall(path.read_text("utf-8")):
        if "://" not in link:
            assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_commands_of_the_readme_exist():
    text = (ROOT / "README.md").read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    commands = [line for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert commands
    for command in commands:
        words = command.split()
        if words[0] == "make":
            assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), command
        else:
            assert words[:2] == [".venv/bin/yitong", "region"], command
            assert words[2] in {"up", "tour", "status", "down"}, command


def test_both_readmes_say_the_same():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
    console = re.compile(r"```console\n(.*?)```", re.DOTALL)
    assert console.findall(english) == console.findall(chinese)
    assert english.count("\n## ") == chinese.count("\n## ")
    links = [
        {link for link in LINK.findall(text) if not link.startswith(("README", "docs/images"))} for text in (english, chinese)
    ]
    assert links[0] == links[1]


def test_no_path_of_a_machine_is_written_down():
    homes = re.compile(r"(?<![\w.])/(?:root|home|Users)/[A-Za-z]")
    kept = [path for folder in ("src", "docs", "catalog", "bench", "tests", ".ci") for path in (ROOT / folder).rglob("*")]
    for path in [*kept, *ROOT.glob("*.*"), ROOT / "Makefile"]:
        if path.is_file() and path.suffix in {".py", ".md", ".toml", ".html", ".css", ".js", ".sql", ".lock", "", ".json"}:
            found = homes.search(path.read_text("utf-8"))
            assert found is None or path.name == Path(__file__).name, f"{path}: {found}"
