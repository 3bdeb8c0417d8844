"""Structured logs: one JSON object a line on standard error, with the node's name; never a secret, never a person."""

from __future__ import annotations

import json
import logging
import sys

import structlog

from yitong.clock import from_epoch, write_moment

# Whatever a careless call passes under such a name is not written.
_NEVER = frozenset(
    {"token", "authorization", "cookie", "csrf", "password", "number", "id_number", "name_zh", "tx_code", "body", "text"}
)


def _without_secrets(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: "(withheld)" if key in _NEVER else value for key, value in event.items()}


# Local variables hold what people sent: a trace says where and what broke, never with which values.
_transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def _trace(exc_info: structlog.typing.ExcInfo) -> list[dict[str, object]]:
    """The trace as a list; a database's DETAIL repeats the row, so it is cut off."""
    return [
        {**found, "exc_value": str(found.get("exc_value", "")).partition("\nDETAIL:")[0][:300]}
        for found in _transform(exc_info)
    ]


class _OneLine(logging.Formatter):
    """What libraries log, in the same form: one JSON object a line, the kind of an exception and not its trace."""

    def __init__(self, node: str) -> None:
        super().__init__()
        self._node = node

    def format(self, record: logging.LogRecord) -> str:
        """One line for one record."""
        error = record.exc_info[0] if record.exc_info else None
        line = {
            "event": record.getMessage()[:300],
            "logger": record.name,
            "exception": error.__name__ if error else None,
            "node": self._node,
            "level": record.levelname.lower(),
            "timestamp": write_moment(from_epoch(int(record.created))),
        }
        return json.dumps(line, ensure_ascii=False)


def configure(node: str, level: str) -> None:
    """Set up logging for this process."""
    threshold = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_secrets,
            structlog.processors.ExceptionRenderer(_trace),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(node=node)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(node))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
