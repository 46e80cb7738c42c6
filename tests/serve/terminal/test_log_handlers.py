"""Handlers whose lines have a form that the application chose, and others."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable
from logging.handlers import (
    HTTPHandler,
    MemoryHandler,
    QueueHandler,
    RotatingFileHandler,
    SMTPHandler,
    SocketHandler,
)
from pathlib import Path
from queue import SimpleQueue
from typing import TextIO

import pytest
from tornado.log import LogFormatter

from tornkit.serve.terminal.log_handlers import is_chosen, is_plain_console


class Own(logging.Formatter):
    """A formatter of the application's own, which changes nothing."""


class Terminal(logging.Handler):
    """A handler like Rich's and loguru's."""


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps([record.getMessage()])


def console(formatter: logging.Formatter | None, stream: TextIO) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    return handler


PLAIN: dict[str, Callable[[], logging.Formatter | None]] = {
    "none": lambda: None,
    "the standard library's": logging.Formatter,
    "another text": lambda: logging.Formatter("%(levelname)s {%(message)s}"),
    "Tornado's": lambda: LogFormatter(color=False),
    # Of these no line can be made here, or it is JSON and no object.
    "a field of its own": lambda: logging.Formatter('{"user": "%(user)s"}'),
    "a field of its own, by Tornado's": lambda: LogFormatter('{"user": "%(user)s"}', color=False),
    "a number": lambda: logging.Formatter("%(lineno)d"),
    "a list": lambda: logging.Formatter('["%(message)s"]'),
}
CHOSEN: dict[str, Callable[[], logging.Formatter]] = {
    "a class of its own": Own,
    "a class of its own for JSON": JsonLines,
    "JSON by a format": lambda: logging.Formatter('{"message": "%(message)s"}'),
    "JSON by another style": lambda: logging.Formatter('{{"m": "{message}"}}', style="{"),
}


@pytest.mark.parametrize("stream", ["stderr", "stdout"])
@pytest.mark.parametrize("which", PLAIN)
def test_a_plain_console(which: str, stream: str) -> None:
    handler = console(PLAIN[which](), getattr(sys, stream))
    assert is_plain_console(handler)
    assert not is_chosen(handler)


@pytest.mark.parametrize("stream", ["stderr", "stdout"])
@pytest.mark.parametrize("which", CHOSEN)
def test_a_console_with_a_form_that_was_chosen(which: str, stream: str) -> None:
    handler = console(CHOSEN[which](), getattr(sys, stream))
    assert is_chosen(handler)
    assert not is_plain_console(handler)


@pytest.mark.parametrize("formatter", [None, Own()])
def test_a_stream_that_is_not_the_terminals(formatter: logging.Formatter | None) -> None:
    handler = console(formatter, io.StringIO())
    assert not is_plain_console(handler)
    assert not is_chosen(handler)


ELSEWHERE: dict[str, Callable[[Path], logging.Handler]] = {
    "file": lambda folder: logging.FileHandler(folder / "log", delay=True),
    "rotated": lambda folder: RotatingFileHandler(folder / "log", delay=True),
    "nothing": lambda folder: logging.NullHandler(),
    "socket": lambda folder: SocketHandler("localhost", 1),
    "mail": lambda folder: SMTPHandler("localhost", "a", ["b"], "c"),
    "http": lambda folder: HTTPHandler("localhost", "/"),
}
UNKNOWN: dict[str, Callable[[], logging.Handler]] = {
    "of its own": Terminal,
    "a queue": lambda: QueueHandler(SimpleQueue()),
    "a memory": lambda: MemoryHandler(1),
}


@pytest.mark.parametrize("which", ELSEWHERE)
def test_a_handler_that_writes_elsewhere(which: str, tmp_path: Path) -> None:
    handler = ELSEWHERE[which](tmp_path)
    handler.setFormatter(Own())
    assert not is_chosen(handler)
    assert not is_plain_console(handler)
    handler.close()


@pytest.mark.parametrize("which", UNKNOWN)
def test_a_handler_of_which_it_is_not_known(which: str) -> None:
    """A handler of a class of its own may lead to the terminal, in whichever form."""
    handler = UNKNOWN[which]()
    assert is_chosen(handler)
    assert not is_plain_console(handler)
    handler.close()
