"""What handlers, libraries and clients can look at is the same."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from unittest import mock

import tornado
from tornado import web
from tornado.httputil import HTTPHeaders
from tornado.template import DictLoader, Template
from tornado.web import (
    Application,
    RequestHandler,
    UIModule,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass, turns
from tests.engine.speedups.applications import Busy, Doubling, one, visit
from tests.engine.speedups.watching import Note, compare, installed

pytestmark = EITHER_LOOP


class Shown(UIModule):
    def render(self) -> str:
        return "shown"


@EITHER
async def test_the_attributes_that_libraries_read_are_there(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Reading(Busy):
            def look(self, when: str) -> None:
                note(
                    when,
                    self._finished,
                    self._headers_written,
                    self._write_buffer,
                    [(k, v if k != "Date" else "") for k, v in self._headers.get_all()],
                    type(self._headers) is HTTPHeaders,
                    self._status_code,
                    self._reason,
                    getattr(self, "_transforms", None),
                    self._auto_finish,
                    self._prepared_future,
                    getattr(self, "path_args", None),
                    getattr(self, "path_kwargs", None),
                    None if self.ui is None else sorted(self.ui),  # type: ignore[redundant-expr]
                    sorted(vars(self)),
                )

            def initialize(self) -> None:
                self.look("initialize")

            def prepare(self) -> None:
                self.look("prepare")

            def on_finish(self) -> None:
                self.look("on_finish")

        return Application(
            [("/([^/]*)", Reading)], log_function=lambda handler: handler.look("log")
        )

    assert len((await compare(server_class, make, visit)).noted) > 40


@EITHER
async def test_the_headers_are_their_own_for_each_request(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Changing(RequestHandler):
            def get(self, what: str) -> None:
                note(sorted(self._headers), self._headers["Content-Type"], len(self._headers))
                self._headers.add("Server", "second")
                self._headers["Content-Type"] = "text/plain"
                del self._headers["Date"]
                note(str(self._headers), self._headers.get_list("server"))

        return one(Changing)

    async def play(client: Client, note: Note) -> None:
        for _ in range(3):
            note(await client.request("/"))

    await compare(server_class, make, play)


@EITHER
async def test_the_date_and_the_version_are_looked_up(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Dated(RequestHandler):
            def get(self, what: str) -> None:
                note(self._headers["Date"], self._headers["Server"])

        return one(Dated)

    async def play(client: Client, note: Note) -> None:
        with mock.patch.object(time, "time", return_value=1359312200.9):
            note((await client.request("/")).body)
        with mock.patch.object(time, "time", return_value=1359312201.1):
            note((await client.request("/")).body)
            with mock.patch.object(tornado, "version", "0"):
                note((await client.request("/")).body)

    seen = await compare(server_class, make, play)
    assert seen.noted[0][0] == "Sun, 27 Jan 2013 18:43:20 GMT"
    assert seen.noted[2][1] == "TornadoServer/0"


@EITHER
async def test_output_transforms_are_applied(server_class: ServerClass) -> None:
    def doubled(note: Note) -> Application:
        app = one(Busy)
        app.add_transform(Doubling)
        return app

    def compressed(note: Note) -> Application:
        return one(Busy, compress_response=True)

    async def play(client: Client, note: Note) -> None:
        for path in ("/", "/json", "/chunks", "/" + "x" * 2000):
            note(await client.request(path, "Accept-Encoding: gzip"))

    await compare(server_class, doubled, play)
    with mock.patch("gzip.time") as clock:  # is written into what is compressed
        clock.time.return_value = 0.0
        seen = await compare(server_class, compressed, play)
    assert ("Content-Encoding", "gzip") in seen.responses[-1][2]


@EITHER
async def test_templates_find_what_the_application_gives_them(server_class: ServerClass) -> None:
    class Module(web.UIModule):
        def render(self, what: str) -> str:
            return f"[{what}]"

    def make(note: Note) -> Application:
        class Rendering(RequestHandler):
            def get(self, what: str) -> None:
                note(self.ui.method("x"), self.ui["_tt_modules"].Module("y"))
                self.render("t")

        loader = DictLoader(
            {"t": "{% module Module('a') %} {{ method('b') }} {{ handler.ui is None }}"}
        )
        methods = {"method": lambda handler, what: f"<{what}>"}
        return one(
            Rendering, template_loader=loader, ui_modules={"Module": Module}, ui_methods=methods
        )

    seen = await compare(server_class, make)
    assert seen.responses[0][3] == b"[a] &lt;b&gt; False"


async def test_they_are_gone_when_they_are_uninstalled() -> None:
    names = ("clear", "finish", "write", "__init__")
    before = [getattr(RequestHandler, name) for name in names]
    with installed():
        now = [getattr(RequestHandler, name) for name in names]
        assert all(a is not b for a, b in zip(before, now, strict=True))
    assert [getattr(RequestHandler, name) for name in names] == before


@EITHER
async def test_who_has_a_ui_of_its_own_keeps_what_tornado_makes_of_it(
    server_class: ServerClass,
) -> None:
    page = Template("{{ mine }} {{ modules.Module() }}")

    def make(note: Note) -> Application:
        class Plain(RequestHandler):
            def initialize(self) -> None:
                note(type(self).__name__, self.ui["modules"] is self.ui["_tt_modules"])
                note(type(self.ui).__name__, self.ui is self.ui, sorted(self.ui))

            def get(self) -> None:
                self.ui["mine"] = "mine"
                self.write(page.generate(**self.get_template_namespace()))

            def on_finish(self) -> None:
                note(sorted(self.ui))
                asyncio.get_running_loop().call_soon(lambda: note(self.ui))

        class InTheClass(Plain):
            ui = {"of": "the class"}  # type: ignore[assignment]  # noqa: RUF012 - as somebody may

        class Settable(Plain):
            @property
            def ui(self) -> Any:
                note("read")
                return self._ui

            @ui.setter
            def ui(self, value: Any) -> None:
                note("set", value is None)
                self._ui = value

        class Unread(RequestHandler):
            def get(self) -> None:
                self.write("x")

            def on_finish(self) -> None:
                asyncio.get_running_loop().call_soon(lambda: note(self.ui, "ui" in vars(self)))

        class Closed(Unread):
            """Takes no new attributes once it is made."""

            def __setattr__(self, name: str, value: Any) -> None:
                if "path_args" in vars(self):
                    assert name in vars(self) or name == "path_kwargs"
                super().__setattr__(name, value)

        kinds = (Plain, InTheClass, Settable, Unread, Closed)
        routes = [(f"/{kind.__name__}", kind) for kind in kinds]
        return Application(routes, ui_modules={"Module": Shown})

    async def play(client: Client, note: Note) -> None:
        for name in ("Plain", "InTheClass", "Settable", "Unread", "Closed"):
            note(await client.request(f"/{name}"))
            await turns(2)

    seen = await compare(server_class, make, play)
    assert [response[3] for response in seen.responses] == [b"mine shown"] * 3 + [b"x"] * 2


@EITHER
async def test_the_connection_when_it_has_finished(server_class: ServerClass) -> None:
    """It is the handler's for the rest of that turn, however the response was finished."""

    def make(note: Note) -> Application:
        class Left(RequestHandler):
            def get(self) -> None:
                self.write("x")

            def on_finish(self) -> None:
                assert self.request.connection is not None
                note(self.request.connection.stream.reading())  # type: ignore[attr-defined]
                stream = self.detach()
                note(stream.closed())
                stream.close()

        class Put(RequestHandler):
            def get(self) -> None:
                def close() -> None:
                    self.detach().close()
                    note(None)

                self.on_finish = close  # type: ignore[method-assign]
                self.write("x")

        return Application([("/left", Left), ("/put", Put)])

    async def play(client: Client, note: Note) -> None:
        note(await client.request("/left"))
        note(await client.rest())

    async def play_put(client: Client, note: Note) -> None:
        note(await client.request("/put"))
        note(await client.rest())

    await compare(server_class, make, play)
    await compare(server_class, make, play_put)


def test_nothing_is_left_in_the_class() -> None:
    with installed():
        assert hasattr(RequestHandler, "ui")
    assert not hasattr(RequestHandler, "ui")
