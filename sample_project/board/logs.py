"""Logs: for people in a terminal, a JSON object a line elsewhere; each with its request's id."""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from tornado.web import RequestHandler

# Set for the time of a request (handlers/base.py), so that whatever is logged meanwhile has it.
request_id: ContextVar[str] = ContextVar("request_id", default="")

PROBES = ("/healthz", "/readyz")

access = logging.getLogger("tornado.access")


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request id, traceback, extra fields."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := request_id.get():
            entry["request_id"] = current
        entry |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[0]:
            entry["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(entry, ensure_ascii=False, default=str)


def set_up(*, json_lines: bool) -> None:
    """Has all loggers write JSON; or leaves them as they are: `tornkit serve` writes for people."""
    # It tells of each part of itself that it finds.
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)
    if json_lines and not any(isinstance(h.formatter, JsonFormatter) for h in _root_handlers()):
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        logging.basicConfig(level=logging.INFO, handlers=[handler])


def _root_handlers() -> list[logging.Handler]:
    return logging.getLogger().handlers


def log_request(handler: RequestHandler) -> None:
    """Logs one request (Tornado's setting `log_function`)."""
    status, request = handler.get_status(), handler.request
    level = logging.INFO if status < 400 else logging.WARNING if status < 500 else logging.ERROR
    if request.path in PROBES:  # every few seconds, and 503 is an answer like any other
        level = logging.DEBUG if status < 400 else logging.WARNING
    milliseconds = 1000 * request.request_time()
    access.log(
        level,
        "%d %s %s (%s) %.2fms",
        status,
        request.method,
        request.path,
        request.remote_ip,
        milliseconds,
        # The path alone: what stands behind "?" may be nobody's business.
        extra={
            "fields": {
                "status": status,
                "method": request.method,
                "path": request.path,
                "remote_ip": request.remote_ip,
                "milliseconds": round(milliseconds, 2),
            }
        },
    )
