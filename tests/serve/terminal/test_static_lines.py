"""Access lines of static files: many are one, and what matters keeps its own."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER, ServerClass, serving, until
from tornkit.serve.terminal import static_lines
from tornkit.serve.terminal.logs import AccessFormatter
from tornkit.serve.terminal.static_lines import StaticLines

access = logging.getLogger("tornado.access")
ENDS = "127.0.0.1"


class Page(RequestHandler):
    def get(self) -> None:
        self.write("a")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    monkeypatch.setattr(static_lines, "_DELAY", 0.05)
    screen = io.StringIO()
    handler = StaticLines(screen)
    handler.setFormatter(AccessFormatter(colour=False, worker=None))
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    yield screen
    access.removeHandler(handler)
    access.setLevel(logging.NOTSET)
    handler.close()


def lines(screen: io.StringIO) -> list[str]:
    """Lines without the time, the milliseconds and the address."""
    found = [line.partition(" ")[2] for line in screen.getvalue().splitlines()]
    assert all(line.endswith(ENDS) for line in found)
    return [line.rsplit(" ", 3)[0] for line in found]


def asked(
    server_class: ServerClass, folder: Path, screen: io.StringIO, count: int, *paths: str
) -> list[str]:
    """The lines of these requests, once there are so many."""
    for name in ("a.css", "b.js", "c.png", "d.png"):
        (folder / name).write_text("x")
    app = Application([("/", Page)], static_path=str(folder))

    async def ask() -> None:
        async with serving(server_class, app) as here:
            client = await here.connect()
            for path in paths:
                await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
                await client.read_response()
            await until(lambda: len(screen.getvalue().splitlines()) >= count)

    asyncio.run(ask())
    return lines(screen)


FILES = ("/static/a.css?v=5", "/static/b.js", "/static/c.png", "/static/d.png")


@EITHER
def test_a_page_and_its_files(
    server_class: ServerClass, tmp_path: Path, screen: io.StringIO
) -> None:
    assert asked(server_class, tmp_path, screen, 4, "/", *FILES, "/", "/static/a.css") == [
        "200 GET /",
        "200 GET 4 static files: a.css, b.js, c.png, ...",
        "200 GET /",
        "200 GET /static/a.css",
    ]


@EITHER
def test_what_fails_has_its_own(
    server_class: ServerClass, tmp_path: Path, screen: io.StringIO
) -> None:
    paths = ("/static/a.css", "/static/none.css", "/static/a.css", "/static/a.css")
    assert asked(server_class, tmp_path, screen, 3, *paths) == [
        "200 GET /static/a.css",
        "404 GET /static/none.css",
        "200 GET 2 static files: a.css",
    ]


def test_nothing_is_held_back_outside_of_a_loop(screen: io.StringIO) -> None:
    access.info("%d %s %.2fms", 200, f"GET /static/a ({ENDS})", 1.5)
    access.info("a program's own (%s", ENDS)
    assert len(screen.getvalue().splitlines()) == 2


def test_what_is_held_back_is_written_at_the_end(
    tmp_path: Path, screen: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tornkit.engine.server import HTTPServer

    monkeypatch.setattr(static_lines, "_DELAY", 60.0)
    asked(HTTPServer, tmp_path, screen, 0, *FILES)
    (handler,) = (each for each in access.handlers if isinstance(each, StaticLines))
    handler.close()
    assert lines(screen) == ["200 GET 4 static files: a.css, b.js, c.png, ..."]
