"""Errors of handlers, in the output of the test that met them.

They are logged in the server's thread, and pytest shows what is logged with the test that failed:
here without the frames of tornkit's engine, which say nothing of the mistake. An application that
sets up logging by itself may have taken pytest's handler away; its errors then are a section of
their own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tornkit.own_frames import without_own_frames

# Loggers that are told of errors in handlers, callbacks and tasks.
_LOGGERS = ("tornado.application", "tornado.general", "asyncio", "tornkit")


@contextmanager
def errors_shown(add_section: Callable[[str], object]) -> Iterator[None]:
    """Show handlers' errors inside the context; ``add_section`` gets those pytest misses."""
    shown = _Errors(add_section)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addFilter(shown)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(shown)


class _Errors(logging.Filter):
    def __init__(self, add_section: Callable[[str], object]) -> None:
        super().__init__()
        self._add_section = add_section
        self._formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
            kind, error, trace = record.exc_info
            record.exc_info = (kind, error, without_own_frames(trace))
            if not _is_captured(logging.getLogger(record.name)):
                self._add_section(self._formatter.format(record))
        return True


def _is_captured(logger: logging.Logger) -> bool:
    """Whether a handler of pytest's gets what is logged."""
    each: logging.Logger | None = logger
    while each is not None:
        # By its name: the class is in a private module of pytest's.
        if any(type(handler).__name__ == "LogCaptureHandler" for handler in each.handlers):
            return True
        each = each.parent if each.propagate else None
    return False
