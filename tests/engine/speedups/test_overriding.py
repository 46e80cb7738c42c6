"""Whatever an application overrides, in whichever way, gets the calls that it would get without."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from tornado.web import (
    Application,
    RequestHandler,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, ServerClass
from tests.engine.speedups.applications import METHODS, Busy, Handler, each, noting, one, visit
from tests.engine.speedups.watching import Note, compare, watch

pytestmark = EITHER_LOOP


@EITHER
async def test_nothing_shows_in_the_responses(server_class: ServerClass) -> None:
    seen = await compare(server_class, lambda note: one(Busy), visit)
    assert len(seen.responses) == 14
    assert [response[0] for response in seen.responses[8:10]] == [304, 200]


@EITHER
@pytest.mark.parametrize("name", METHODS)
async def test_an_overridden_method_gets_the_same_calls(
    server_class: ServerClass, name: str
) -> None:
    def make(note: Note) -> Application:
        made = type("Made", (Busy,), {name: noting(Busy, name, note)})
        return one(made)

    seen = await compare(server_class, make, visit)
    rare = ("detach", "on_connection_close", "check_xsrf_cookie", "_ui_method")
    assert seen.noted or name in rare


@EITHER
async def test_all_of_them_at_once_are_called_in_the_same_order(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        overrides = {name: noting(Busy, name, note) for name in METHODS}
        return one(type("Made", (Busy,), overrides))

    assert len((await compare(server_class, make, visit)).noted) > 300


@EITHER
@pytest.mark.parametrize("name", each(METHODS))
async def test_a_mixin_is_called_the_same(server_class: ServerClass, name: str) -> None:
    def make(note: Note) -> Application:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            note(name)
            return getattr(super(mixin, self), name)(*args, **kwargs)

        mixin = type("Mixin", (), {name: method})
        return one(type("Made", (mixin, Busy), {}))

    await compare(server_class, make, visit)


@EITHER
async def test_a_mixin_behind_the_handler_is_constructed(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Behind:
            def __init__(self) -> None:
                note("behind")

        return one(type("Made", (Busy, Behind), {}))

    assert (await compare(server_class, make)).noted == [("behind",)]


@EITHER
@pytest.mark.parametrize("owner", [RequestHandler, Busy])
@pytest.mark.parametrize("name", each(name for name in METHODS if name != "get"))
async def test_a_monkeypatch_while_it_runs_is_seen_and_undone(
    server_class: ServerClass, name: str, owner: Handler
) -> None:
    async def play(client: Client, note: Note) -> None:
        await visit_some(client, note)
        with mock.patch.object(owner, name, noting(owner, name, noted)):
            await visit_some(client, note)
        await visit_some(client, note)

    async def visit_some(client: Client, note: Note) -> None:
        for path in ("/", "/json", "/finish"):
            note(await client.request(path))
        noted("--")

    calls: list[list[Any]] = []
    for with_speedups in (False, True):
        calls.append([])

        def noted(*what: Any) -> None:
            calls[-1].append(what[0])

        await watch(server_class, lambda note: one(Busy), play, with_speedups=with_speedups)
    assert calls[0] == calls[1]
    assert calls[0][0] == calls[0][-1] == "--"


@EITHER
@pytest.mark.parametrize("name", ["flush", "write", "finish", "set_header", "compute_etag", "_log"])
async def test_a_method_put_on_the_handler_itself_is_called(
    server_class: ServerClass, name: str
) -> None:
    def make(note: Note) -> Application:
        class Changed(Busy):
            def prepare(self) -> None:
                own = getattr(self, name)

                def method(*args: Any, **kwargs: Any) -> Any:
                    note(name)
                    return own(*args, **kwargs)

                setattr(self, name, method)

        return one(Changed)

    assert (await compare(server_class, make, visit)).noted


@EITHER
async def test_a_method_of_another_object_is_that_ones(server_class: ServerClass) -> None:
    """One handler that writes for another, as those do who nest handlers."""

    def make(note: Note) -> Application:
        other = Application(log_function=lambda handler: note("logged by the other"))

        class Inner(RequestHandler):
            def get(self, what: str) -> None:
                self.write({"from": "inner"})

        class Outer(RequestHandler):
            def inner(self) -> Inner:
                made = Inner(self.application, self.request)
                made._transforms = []
                return made

            def get(self, what: str) -> None:
                inner = self.inner()
                if what == "finish":
                    self.finish, self.write = inner.finish, inner.write  # type: ignore[method-assign]
                    inner.get(what)
                elif what == "header":
                    inner.set_header = self.set_header  # type: ignore[method-assign]
                    inner.get(what)
                    self.write(inner._write_buffer[0])
                elif what == "argument":
                    inner.decode_argument = lambda value, name=None: "inner's"  # type: ignore[method-assign]
                    self.decode_argument = inner.decode_argument  # type: ignore[method-assign]
                    self.write(self.get_argument("q"))
                elif what == "log":
                    self.application.log_request = other.log_request  # type: ignore[method-assign]

        return one(Outer)

    async def play(client: Client, note: Note) -> None:
        for what in ("finish", "header", "argument?q=1", "log", "plain"):
            note(await client.request(f"/{what}"))

    seen = await compare(server_class, make, play)
    assert ("logged by the other",) in seen.noted
    assert b"inner" in seen.responses[0][3]


@EITHER
async def test_a_write_that_finishes(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Finishing(RequestHandler):
            def get(self, what: str) -> None:
                self.finish("x")

            def write(self, chunk: Any) -> None:
                super().write(chunk)
                super().finish()

            def flush(self, include_footers: bool = False) -> Any:
                note("flush")
                return super().flush(include_footers)

            def on_finish(self) -> None:
                note("finished")

        class Biscuit(RequestHandler):
            def get(self, what: str) -> None:
                self.finish("x")

            def write(self, chunk: Any) -> None:
                self.set_cookie("a", "b")
                self.set_status(201)
                super().write(chunk)

        class Own(RequestHandler):
            def get(self, what: str) -> None:
                def write(chunk: Any) -> None:
                    note("write")
                    RequestHandler.write(self, chunk)
                    RequestHandler.finish(self)

                self.write = write  # type: ignore[method-assign]
                self.finish("x")

        return Application([("/finishing(.*)", Finishing), ("/own(.*)", Own), ("/(.*)", Biscuit)])

    async def play(client: Client, note: Note) -> None:
        for what in ("biscuit", "finishing", "own"):
            note(await client.request(f"/{what}"))

    await compare(server_class, make, play)
