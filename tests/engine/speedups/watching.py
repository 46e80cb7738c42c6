"""Serves an application with and without the speedups, and takes down all that can be seen of it.

``watch`` gives the responses, what the handlers noted, and what was logged (with the lines of the
test's own code in a traceback); of the same scenario it has to be the same each time.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import traceback
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tornado.web import Application

from tests.clients.asynchronous import Client
from tests.engine.serving import ServerClass, serving, turns
from tornkit.engine import speedups

Note = Callable[..., None]
Make = Callable[[Note], Application]
Play = Callable[[Client, Note], Awaitable[None]]

_DATE = re.compile(rb"Date: [^\r\n]*")


@dataclass
class Seen:
    """Everything that an application, its clients and its logs could tell."""

    noted: list[Any] = field(default_factory=list)
    responses: list[Any] = field(default_factory=list)
    logged: list[Any] = field(default_factory=list)
    loop_said: list[Any] = field(default_factory=list)


class _Log(logging.Handler):
    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        trace = record.exc_info[2] if record.exc_info else None
        frames = [
            (frame.name, frame.line)
            for frame in traceback.extract_tb(trace)
            if "/tests/" in frame.filename
        ]
        text = record.getMessage() if record.name != "tornado.access" else record.msg
        self.seen.logged.append((record.name, record.levelname, text, frames))


@contextlib.contextmanager
def _listening(seen: Seen) -> Iterator[None]:
    handler = _Log(seen)
    logger = logging.getLogger("tornado")
    before = logger.propagate, logger.level
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate, logger.level = before


@contextlib.contextmanager
def installed(wanted: bool = True) -> Iterator[None]:
    """With the speedups in place, or not; afterwards without."""
    if wanted:
        speedups.install()
    try:
        yield
    finally:
        speedups.uninstall()


async def watch(
    server_class: ServerClass, make: Make, play: Play | str, *, with_speedups: bool
) -> Seen:
    """``play``: a target to be asked for, or what a client does."""
    seen = Seen()

    def note(*what: Any) -> None:
        seen.noted.append(what)

    def loop_says(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        seen.loop_said.append(repr(context.get("exception")))

    loop = asyncio.get_running_loop()
    loop.set_exception_handler(loop_says)
    with installed(with_speedups), _listening(seen):
        async with serving(server_class, make(note)) as made:
            client = await made.connect()
            if isinstance(play, str):
                response = await client.request(play)
                seen.responses.append(masked(response))
            else:
                await play(client, lambda response: seen.responses.append(masked(response)))
            await turns(5)
    loop.set_exception_handler(None)
    return seen


def masked(response: Any) -> Any:
    """A response without the time of day, be it parsed or as it came."""
    if isinstance(response, bytes):
        return _DATE.sub(b"Date: now", response)
    if not hasattr(response, "headers"):
        return response
    headers = [(k, "now" if k == "Date" else v) for k, v in response.headers.get_all()]
    return response.status, response.reason, headers, response.body


async def compare(server_class: ServerClass, make: Make, play: Play | str = "/") -> Seen:
    """What was seen without the speedups, and with them alike."""
    without = await watch(server_class, make, play, with_speedups=False)
    with_them = await watch(server_class, make, play, with_speedups=True)
    assert with_them == without
    assert without.responses or without.noted or without.loop_said
    return without
