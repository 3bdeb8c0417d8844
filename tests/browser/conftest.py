"""A browser for the tests of this folder: any Chromium on the machine, without a network of its own."""

import os
import shutil
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str | None:
    """The path of a Chromium: on the search path, or in Playwright's own cache."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    cache = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH", Path.home() / ".cache" / "ms-playwright"))
    cached = sorted([*cache.glob("chromium*/chrome-linux*/chrome"), *cache.glob("chromium*/chrome-linux*/headless_shell")])
    return str(cached[-1]) if cached else None


# Playwright's synchronous interface holds an event loop in this thread while it is open, and asyncio tests need the thread
# without one: hence a browser per test module, never per session.
@pytest.fixture(scope="module")
def browser():
    """A running browser; the test is skipped, with the reason, where none is to be had."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no Chromium: the package playwright is not installed")
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: none of " + ", ".join(NAMES) + " and none in Playwright's cache")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=path, args=list(FLAGS))
        yield running
        running.close()
