"""What a worker writes to the terminal: one short line a request, and the application's logging.

An application logs nothing by itself, so tornkit sets up the root logger. A program sets up its
own, or none; it is left alone but for the access lines, which its console handlers give up so
that no request is shown twice.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from typing import TextIO

_ACCESS = "tornado.access"
_LONGEST = 100  # characters of a request that are shown; a version hash in a URL is longer
_RESET, _DIM, _RED, _YELLOW, _GREEN, _CYAN = (
    f"\x1b[{code}m" for code in ("0", "2", "31", "33", "32", "36")
)


def wants_colour(stream: TextIO | None) -> bool:
    """Colour only on a terminal, and none with NO_COLOR (no-color.org)."""
    return (
        stream is not None
        and stream.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )


class AccessFormatter(logging.Formatter):
    """``12:30:01 200 GET /path 1.2 ms 127.0.0.1``, from what `Application.log_request` logs.

    A line of another shape, from a program's own call of that logger, is shown as it is.
    """

    def __init__(self, *, colour: bool, worker: int | None) -> None:
        super().__init__()
        self._colour = colour
        self._worker = "" if worker is None else f"[{worker}] "

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        prefix = self._paint(_DIM, f"{clock} {self._worker}")
        match record.args:
            case (int(status), str(summary), float(milliseconds)):
                colour = {2: _GREEN, 3: _CYAN, 4: _YELLOW}.get(status // 100, _RED)
                request, _, remote = summary.rpartition(" (")
                took = f"{milliseconds:.1f} ms" if milliseconds < 1000 else _seconds(milliseconds)
                tail = self._paint(_DIM, f"{took} {remote.rstrip(')')}")
                return f"{prefix}{self._paint(colour, str(status))} {_printable(request)} {tail}"
            case _:
                return f"{prefix}{_printable(record.getMessage())}"

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"


def _printable(text: str) -> str:
    """A request's path is a stranger's text: no escape sequence of it reaches the terminal."""
    if not text.isprintable():
        text = text.encode("unicode_escape").decode("ascii")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class _AppFormatter(logging.Formatter):
    """``12:30:01 W name: message`` for everything else."""

    def __init__(self, *, colour: bool, worker: int | None) -> None:
        super().__init__()
        self._colour = colour
        self._worker = "" if worker is None else f"[{worker}] "

    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        head = f"{clock} {self._worker}{record.levelname[:1]} {record.name}:"
        if self._colour:
            colour = _RED if record.levelno >= logging.ERROR else _DIM
            if record.levelno == logging.WARNING:
                colour = _YELLOW
            head = f"{colour}{head}{_RESET}"
        text = f"{head} {record.getMessage()}"
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        if record.stack_info:
            text += "\n" + self.formatStack(record.stack_info)
        return text


def set_up_application_logging(level: str, worker: int | None) -> None:
    """Root logger to standard error, before any user code: what that sets up later wins."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_AppFormatter(colour=wants_colour(sys.stderr), worker=worker))
    logging.basicConfig(level=level.upper(), handlers=[handler])


def set_up_access_log(worker: int | None, *, enabled: bool) -> None:
    """Access lines, ours; called when the program is about to serve and has had its say."""
    access = logging.getLogger(_ACCESS)
    if not enabled:
        access.setLevel(logging.CRITICAL + 1)
        return
    if access.handlers:
        return  # the program writes its own access log
    for handler in logging.getLogger().handlers:
        if _is_console(handler):
            handler.addFilter(lambda record: record.name != _ACCESS)
    ours = logging.StreamHandler(sys.stderr)
    ours.setFormatter(AccessFormatter(colour=wants_colour(sys.stderr), worker=worker))
    access.addHandler(ours)
    if access.level == logging.NOTSET:
        access.setLevel(logging.INFO)


def reopen_log_files() -> None:
    """Let every file handler open its file anew: the old one was moved away."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.FileHandler):
                handler.close()  # the next record opens it


def _is_console(handler: logging.Handler) -> bool:
    return isinstance(handler, logging.StreamHandler) and handler.stream in (
        sys.stderr,
        sys.stdout,
    )
