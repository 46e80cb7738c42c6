"""A worker's lines on the terminal: one short line a request, and the application's logging.

An application logs nothing by itself, so tornkit sets up the root logger. A program sets up its
own, or none; it is left alone but for the access lines, which its console handlers give up so
that no request is shown twice. Where a program or an application has chosen a format of its own
(JSON, Rich, loguru, a queue), its handlers write the access lines as well, and tornkit none.

What is logged holds text of clients. The formatters here make all of it printable, and at the left
edge begin a record and a traceback alone: other lines are indented, as Tornado's ``LogFormatter``
does it. So no text can look like a record of its own.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Iterator, Mapping
from functools import wraps
from typing import Any, TextIO

from tornkit.colour import wants_colour
from tornkit.own_frames import FOLDER, without_own_frames
from tornkit.printable import indented, printable, printable_lines
from tornkit.serve.terminal import debugger
from tornkit.serve.terminal.log_handlers import is_chosen, is_plain_console
from tornkit.serve.terminal.static_lines import StaticLines

_ACCESS = "tornado.access"
# Errors of handlers, callbacks and tasks are told of by these.
_TELL_ERRORS = ("tornado.application", "tornado.general", "asyncio", "tornkit")
_TIME, _METHOD = len("999.9 ms"), len("OPTIONS")  # widths of columns
_LONGEST = 100  # characters of a request that are shown; a version hash in a URL is longer
# The lines that Python begins at the left edge of a traceback; those within it are indented.
_OF_A_TRACEBACK = re.compile(
    r"""[ ]{2} | \t | $
    | (Traceback|Stack)[ ]\(most[ ]recent[ ]call[ ]last\):$
    | (During[ ]handling[ ]of[ ]the|The)[ ]above[ ]exception[ ]
    | [^\W\d][\w.<>]*(:[ ].*|:)?$""",
    re.VERBOSE,
)
_RESET, _DIM, _RED, _YELLOW, _GREEN, _CYAN = (
    f"\x1b[{code}m" for code in ("0", "2", "31", "33", "32", "36")
)


class _Formatter(logging.Formatter):
    """Base of the log formatters: time and worker's number in front, and colour if wanted."""

    def __init__(self, *, colour: bool, worker: int | None) -> None:
        super().__init__()
        self._colour = colour
        self._worker = "" if worker is None else f"[{worker}] "

    def _prefix(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{clock} {self._worker}"

    def _paint(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colour else text


class AccessFormatter(_Formatter):
    """Formatter of access lines, as ``12:30:01 200 GET /path 1.2 ms 127.0.0.1``.

    It takes what `Application.log_request` logs. With ``columns``, for a person's eye, it writes
    ``12:30:01 200    1.2 ms GET     /path 127.0.0.1``. A line of another shape, from a
    program's own call of that logger, is shown as it is.
    """

    def __init__(self, *, colour: bool, worker: int | None, columns: bool = False) -> None:
        super().__init__(colour=colour, worker=worker)
        self._columns = columns

    def format(self, record: logging.LogRecord) -> str:
        prefix = self._paint(_DIM, self._prefix(record))
        match record.args:
            case (int(number), str(summary), float(milliseconds)):
                colour = {2: _GREEN, 3: _CYAN, 4: _YELLOW}.get(number // 100, _RED)
                status = self._paint(colour, str(number))
                request, _, remote = summary.rpartition(" (")
                address = printable(remote.rstrip(")"))
                took = f"{milliseconds:.1f} ms" if milliseconds < 1000 else _seconds(milliseconds)
                if self._columns:
                    method, _, path = request.partition(" ")
                    took = self._paint(_DIM, f"{took:>{_TIME}}")
                    request = _shortened(f"{method:<{_METHOD}} {path}")
                    return f"{prefix}{status} {took} {request} {self._paint(_DIM, address)}"
                tail = self._paint(_DIM, f"{took} {address}")
                return f"{prefix}{status} {_shortened(request)} {tail}"
            case _:
                return f"{prefix}{_shortened(record.getMessage())}"


def _seconds(milliseconds: float) -> str:
    return f"{milliseconds / 1000:.2f} s"


def _shortened(text: str) -> str:
    """One printable line of bounded length."""
    text = printable(text)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


class _AppFormatter(_Formatter):
    """Formatter of all lines but access lines, as ``12:30:01 W name: message``."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{self._prefix(record)}{record.levelname[:1]} {printable(record.name)}:"
        colour = _RED if record.levelno >= logging.ERROR else _DIM
        if record.levelno == logging.WARNING:
            colour = _YELLOW
        text = f"{self._paint(colour, head)} {indented(_message(record))}"
        if record.exc_info:
            text += "\n" + _traceback(self.formatException(record.exc_info))
        if record.stack_info:
            text += "\n" + _traceback(self.formatStack(record.stack_info))
        return text


def _message(record: logging.LogRecord) -> str:
    """Message of a log record; the arguments of Tornado's own messages are put on one line.

    Their format strings are Tornado's or the application's, and what is filled in is mostly a
    client's: ``"%s is not in root static directory"``. A program's own message that is filled in
    with a text of several lines shows these.
    """
    if record.name.partition(".")[0] != "tornado" or not record.args:
        return record.getMessage()
    if isinstance(record.args, Mapping):
        return str(record.msg) % {key: _one_line(each) for key, each in record.args.items()}
    return str(record.msg) % tuple(map(_one_line, record.args))


def _one_line(argument: object) -> object:
    return printable(argument) if isinstance(argument, str) else argument


def _traceback(text: str) -> str:
    """A traceback as Python writes it, but with further lines of an error's message indented."""
    return "\n".join(map(_traceback_line, printable_lines(text).split("\n")))


def _traceback_line(line: str) -> str:
    return line if _OF_A_TRACEBACK.match(line) else f"    {line}"


class _OwnHandler(logging.StreamHandler[TextIO]):
    """Logging handler for an application that sets up no logging itself."""


def set_up_application_logging(level: str, worker: int | None) -> None:
    """Have the root logger write to standard error; what user code sets up later wins."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = _OwnHandler(sys.stderr)
    handler.setFormatter(_AppFormatter(colour=wants_colour(sys.stderr), worker=worker))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    _let_basic_config_win(handler)


def _let_basic_config_win(handler: logging.Handler) -> None:
    """Have the application's `logging.basicConfig` do what it does without tornkit.

    It does nothing where the root logger has a handler. A level alone leaves ours in place.
    """
    original = logging.basicConfig
    root = logging.getLogger()

    @wraps(original)
    def basic_config(**arguments: Any) -> None:
        if root.handlers == [handler]:
            if arguments.keys() & {"format", "handlers", "stream", "filename"}:
                root.removeHandler(handler)
            elif (level := arguments.get("level")) is not None:
                root.setLevel(level)
        original(**arguments)

    logging.basicConfig = basic_config


def set_up_access_log(worker: int | None, *, enabled: bool) -> None:
    """Have access lines written in tornkit's format, unless the program's own handlers do it.

    Called when the program is about to serve, and has set up its own logging.
    """
    access = logging.getLogger(_ACCESS)
    if not enabled:
        access.setLevel(logging.CRITICAL + 1)
        return
    if access.handlers:
        return  # the program writes its own access log
    theirs = [each for each in _handlers(access) if type(each) is not _OwnHandler]
    chosen = any(map(is_chosen, theirs))
    plain: list[logging.Handler] = [each for each in theirs if is_plain_console(each)]
    root = logging.getLogger()
    default: list[logging.Handler] = [each for each in root.handlers if type(each) is _OwnHandler]
    if chosen or plain:  # an application that has a handler of its own needs not both
        for each in default:
            root.removeHandler(each)
    else:
        plain = default
    if access.level == logging.NOTSET:
        access.setLevel(logging.INFO)
    if chosen and not plain:
        return
    for handler in plain:
        handler.addFilter(lambda record: record.name != _ACCESS)
    is_read = sys.stderr.isatty()
    ours = StaticLines(sys.stderr) if is_read else logging.StreamHandler(sys.stderr)
    colour = wants_colour(sys.stderr)
    ours.setFormatter(AccessFormatter(colour=colour, worker=worker, columns=is_read))
    access.addHandler(ours)


def _handlers(logger: logging.Logger) -> Iterator[logging.Handler]:
    """The handlers that records of a logger reach."""
    each: logging.Logger | None = logger
    while each is not None:
        yield from each.handlers
        each = each.parent if each.propagate else None


def show_no_own_frames() -> None:
    """Leave tornkit's frames out of the tracebacks of what the user's code raises.

    By filters, so that it holds for whatever handlers and formatters there are.
    """
    for name in _TELL_ERRORS:
        logger = logging.getLogger(name)
        if _drop_own_frames not in logger.filters:
            logger.addFilter(_drop_own_frames)


def _drop_own_frames(record: logging.LogRecord) -> bool:
    if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
        kind, error, trace = record.exc_info
        trace = without_own_frames(trace)
        if (
            isinstance(error, TypeError)
            and trace is not None
            and trace.tb_next is None
            and trace.tb_frame.f_code.co_filename.startswith(FOLDER)
        ):
            trace = None  # a handler whose method can't be called so: the message says all
        record.exc_info = (kind, error, trace)
        if type(error).__name__ == "BdbQuit" and not debugger.has_terminal():
            record.msg = f"{record.msg}\n{debugger.advice()}"  # pdb.set_trace(), or another's
    return True


def reopen_log_files() -> None:
    """Let every file handler open its file anew: the old one was moved away."""
    loggers = [logging.getLogger(), *logging.Logger.manager.loggerDict.values()]
    for logger in loggers:
        for handler in getattr(logger, "handlers", ()):
            if isinstance(handler, logging.FileHandler):
                handler.close()  # the next record opens it
