"""What holds for all tests: a run that could not open a browser says so in its last lines."""

import logging

import structlog

# Servers inside the test process log every request; what a passing test would print helps nobody.
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
NO_BROWSER = "no Chromium"
pytest_plugins = ("servers", "live")  # one PostgreSQL for the whole session, the nodes served from it, and a real region


def pytest_terminal_summary(terminalreporter):
    """Name the browser tests that were left out: a skipped test must not pass for a green one."""
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_BROWSER in str(report.longrepr)]
    if skipped:
        terminalreporter.write_sep(
            "!", f"{len(skipped)} browser tests NOT run: {NO_BROWSER} found on this machine", yellow=True
        )
