"""Access lines of static files, summed up: a page brings a dozen, and nobody reads those.

On a terminal alone; a log that goes elsewhere has each. What fails has a line of its own, and so
has a file that came by itself.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any, TextIO

from tornado.web import StaticFileHandler

from tornkit.devtools.recent import logged_handler

_DELAY = 0.3  # seconds behind the last of them
_SHOWN = 3  # names


class StaticLines(logging.StreamHandler[TextIO]):
    """A handler of the access log that holds back lines of static files for a moment."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._held: list[logging.LogRecord] = []
        self._timer: asyncio.TimerHandle | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._can_wait(record):
            self._held.append(record)
            return
        self._let_go()
        super().emit(record)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _can_wait(self, record: logging.LogRecord) -> bool:
        """Whether a record can be held back (static file, no error, a loop runs); set the timer."""
        if (parts := _parts(record)) is None or parts[0] >= 400:
            return False
        # Called by `Handler.handle`, that by the logger.
        if not isinstance(logged_handler(sys._getframe(2)), StaticFileHandler):
            return False
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_later(_DELAY, self._is_due)
        return True

    def _is_due(self) -> None:
        self.acquire()  # as `Handler.handle` does
        try:
            self._let_go()
        finally:
            self.release()

    def _let_go(self) -> None:
        """Write what was held back, in one line."""
        held, self._held = self._held, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if held:
            super().emit(held[0] if len(held) == 1 else _summed_up(held))


def _parts(record: logging.LogRecord) -> tuple[int, str, float] | None:
    """Status, ``GET /path (address)`` and milliseconds; None where it is another sort of line."""
    match record.args:
        case (int(status), str(summary), float(milliseconds)):
            return status, summary, milliseconds
        case _:
            return None


def _summed_up(records: list[logging.LogRecord]) -> logging.LogRecord:
    """Combine several access records into one of the same shape."""
    parts = [each for record in records if (each := _parts(record)) is not None]
    names = dict.fromkeys(_name(summary) for _, summary, _ in parts)
    shown = ", ".join(list(names)[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    status, summary, _ = parts[-1]
    method, remote = summary.partition(" ")[0], summary.rpartition(" (")[2]
    text = f"{method} {len(records)} static files: {shown} ({remote}"
    made: Any = logging.makeLogRecord(records[-1].__dict__)
    made.args = (status, text, sum(milliseconds for _, _, milliseconds in parts))
    return made  # type: ignore[no-any-return]


def _name(summary: str) -> str:
    """Name of the file in ``GET /static/a.css?v=5 (127.0.0.1)``."""
    path = summary.rpartition(" (")[0].partition(" ")[2]
    return path.partition("?")[0].rpartition("/")[2]
