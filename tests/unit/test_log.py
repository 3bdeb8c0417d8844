"""The log: one JSON object a line, with the node's name; what has no place in it is withheld."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from yitong.errors import YitongError
from yitong.node import log

NUMBER = "34052419800101001X"


@pytest.fixture
def lines(capsys):
    """Log as a process does; gives what was written, parsed."""
    before, level, handlers = structlog.get_config(), logging.getLogger().level, logging.getLogger().handlers[:]

    def begin(threshold="info"):
        log.configure("shanghai", threshold)
        structlog.configure(cache_logger_on_first_use=False)  # the loggers of other tests must not keep this stream
        return structlog.get_logger("yitong.test")

    def written():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]

    yield begin, written
    structlog.configure(**before)
    structlog.contextvars.clear_contextvars()
    logging.getLogger().setLevel(level)
    logging.getLogger().handlers = handlers


def test_a_line_is_a_json_object_with_node_level_and_moment(lines):
    begin, written = lines
    begin().info("message refused", type="case.forward", code="case.no-result", title="名")
    (line,) = written()
    assert line["event"] == "message refused"
    assert (line["node"], line["level"], line["code"], line["title"]) == ("shanghai", "info", "case.no-result", "名")
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "name",
    ["token", "authorization", "cookie", "csrf", "password", "number", "id_number", "name_zh", "tx_code", "body", "text"],
)
def test_what_a_careless_call_passes_is_withheld(lines, name):
    begin, written = lines
    begin().info("careless", **{name: NUMBER})
    (line,) = written()
    assert line[name] == "(withheld)"


def test_lines_below_the_threshold_are_not_written(lines):
    begin, written = lines
    logger = begin("warning")
    logger.info("quiet")
    logger.warning("loud")
    assert [line["event"] for line in written()] == ["loud"]


def test_an_unknown_threshold_is_read_as_info(lines):
    begin, written = lines
    logger = begin("chatty")
    logger.debug("quiet")
    logger.info("loud")
    assert [line["event"] for line in written()] == ["loud"]


def test_a_trace_is_one_line_without_the_values_around_it(lines):
    begin, written = lines

    def handle(number):
        secret = number * 2
        raise ZeroDivisionError(len(secret))

    try:
        handle(NUMBER)
    except ZeroDivisionError:
        begin().exception("handler broke", id="msg-1")
    (line,) = written()
    assert line["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert any(frame["name"] == "handle" for frame in line["exception"][0]["frames"])
    assert NUMBER not in json.dumps(line)


def test_a_refusal_carries_no_value(lines):
    begin, written = lines
    try:
        raise YitongError("id.resident-check", "/number")
    except YitongError as error:
        begin().info("refused", code=error.code, where=error.where)
    assert written()[0]["where"] == "/number"
