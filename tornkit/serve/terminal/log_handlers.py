"""Recognizes logging handlers that write to the terminal in a format the application chose.

Asked of the handlers that access lines reach, to know whether those handlers show them already.
"""

from __future__ import annotations

import logging
import logging.handlers
import sys
from json import loads

from tornado.log import LogFormatter

# Handlers of the standard library that write elsewhere than to the terminal.
_ELSEWHERE = (
    logging.FileHandler,
    logging.NullHandler,
    logging.handlers.SocketHandler,
    logging.handlers.SysLogHandler,
    logging.handlers.NTEventLogHandler,
    logging.handlers.SMTPHandler,
    logging.handlers.HTTPHandler,
)
# Formatters that everybody has; a subclass is somebody's choice.
_USUAL = (type(None), logging.Formatter, LogFormatter)


def is_chosen(handler: logging.Handler) -> bool:
    """True if ``handler`` writes to the terminal in the application's own form, or may do so.

    Of a class that is not the standard library's it is not known where it writes: Rich's and
    loguru's to the terminal, and a queue's to whatever listens.
    """
    if isinstance(handler, logging.StreamHandler):
        return _writes_to_console(handler) and not is_plain_console(handler)
    return not isinstance(handler, _ELSEWHERE)


def is_plain_console(handler: logging.Handler) -> bool:
    """Whether ``handler`` writes plain text to the terminal, by a standard formatter."""
    return (
        _writes_to_console(handler)
        and type(handler.formatter) in _USUAL
        and not _is_json(handler.formatter)
    )


def _writes_to_console(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (
        sys.stderr,
        sys.stdout,
    )


def _is_json(formatter: logging.Formatter | None) -> bool:
    """Whether a formatter makes JSON objects, as a format string can do."""
    if formatter is None:
        return False
    record = logging.LogRecord("tornado.access", logging.INFO, "", 0, "message", (), None)
    try:
        return isinstance(loads(formatter.format(record)), dict)
    except (ValueError, KeyError):  # KeyError: of a field that the application's records alone have
        return False
