"""The requests that were answered last, as the page of a server lists them."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER, ServerClass, serving, until
from tornkit.devtools import recent
from tornkit.devtools.recent import MOST, Recent, Row

access = logging.getLogger("tornado.access")


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Row]]:
    monkeypatch.setattr(recent, "_DELAY", 0.01)
    told: list[Row] = []
    watching = Recent(told.extend)
    access.addFilter(watching)
    access.setLevel(logging.INFO)
    yield told
    access.removeFilter(watching)
    access.setLevel(logging.NOTSET)


def wrapped(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(*arguments: Any) -> Any:
        return method(*arguments)

    return wrapper


class Page(RequestHandler):
    @wrapped
    def get(self) -> None:
        self.write("a")


class Odd:
    """A method with whatever attributes anybody asks for."""

    def __get__(self, handler: Any, kind: Any) -> Odd:
        return self

    def __getattr__(self, name: str) -> Odd:
        return self

    def __call__(self, *arguments: Any) -> None:
        return


class Strange(RequestHandler):
    get: Any = Odd()


class Secret(RequestHandler):
    def get(self, token: str) -> None:
        self.write("a")


ROUTES: list[Any] = [
    ("/page", Page),
    ("/strange", Strange),
    (r"/reset/(?P<token>\w+)", Secret),
]


async def ask(server_class: ServerClass, rows: list[Row], *paths: str) -> None:
    async with serving(server_class, Application(ROUTES)) as here:
        client = await here.connect()
        for path in paths:
            await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            await client.read_response()
        count = len(paths)
        await until(lambda: len(rows) == count or (bool(rows) and rows[-1][2].endswith(paths[-1])))


@EITHER
def test_each_with_the_line_of_its_method(server_class: ServerClass, rows: list[Row]) -> None:
    asyncio.run(ask(server_class, rows, "/page?token=hunter2", "/missing"))
    (when, status, request, took, handler, place), missing = rows
    assert abs(when - time.time()) < 60
    assert (status, request, handler) == (200, "GET /page?token=***", "Page.get")
    assert took >= 0
    line = Page.get.__wrapped__.__code__.co_firstlineno  # type: ignore[attr-defined]
    assert place.endswith(f"test_recent.py:{line}")
    assert missing[1:3] == (404, "GET /missing")
    assert missing[4] == "ErrorHandler.get"
    assert missing[5].startswith("tornado/web.py:")


def test_of_very_many_the_last(rows: list[Row]) -> None:
    from tornkit.engine.server import HTTPServer

    recent._DELAY = 0.5
    asyncio.run(ask(HTTPServer, rows, *(f"/page?{n}" for n in range(MOST + 20))))
    assert rows[-1][2] == f"GET /page?{MOST + 19}"
    assert len(rows) <= MOST + 20


def test_lines_of_another_shape_and_outside_of_a_loop(rows: list[Row]) -> None:
    access.info("something of a program's own")
    access.info("%d %s %.2fms", 200, "GET / (127.0.0.1)", 1.5)
    assert rows == []

    async def later() -> None:
        access.info("%d %s %.2fms", 201, "POST / (127.0.0.1)", 1.5)
        await until(lambda: len(rows) == 2)

    asyncio.run(later())
    assert [row[1:] for row in rows] == [
        (200, "GET /", 1.5, "", ""),
        (201, "POST /", 1.5, "", ""),
    ]


def test_whatever_a_method_is_made_of_and_no_secret_of_a_route(rows: list[Row]) -> None:
    from tornkit.engine.server import HTTPServer

    asyncio.run(ask(HTTPServer, rows, "/strange", "/reset/hunter2"))
    assert [row[2] for row in rows] == ["GET /strange", "GET /reset/***"]
    assert rows[0][4:] == ("Strange.get", "")


def test_a_loop_that_ended_before_it_told(rows: list[Row]) -> None:
    recent._DELAY = 60.0

    async def once() -> None:
        access.info("%d %s %.2fms", 200, "GET / (127.0.0.1)", 1.5)

    asyncio.run(once())
    recent._DELAY = 0.0

    async def again() -> None:
        await once()
        await until(lambda: len(rows) == 2)

    asyncio.run(again())
