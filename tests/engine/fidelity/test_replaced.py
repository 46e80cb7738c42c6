"""Replacements are seen, whichever way they are made, and told of once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from tornado import gen, httputil
from tornado.http1connection import HTTP1Connection
from tornado.web import Application, RequestHandler

from tests.engine.replacing import Passing, plain
from tests.engine.serving import EITHER_LOOP, serving
from tests.engine.speedups.watching import installed
from tornkit.engine.fidelity import class_versions, replaced
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP


@pytest.fixture(autouse=True)
def again() -> None:
    """Each is told of anew."""
    replaced._told.clear()


@contextlib.contextmanager
def changed(place: Any, name: str, wrap: Any = plain) -> Iterator[None]:
    own = getattr(place, name)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(place, name, wrap(own, lambda: None))
        yield


@pytest.mark.parametrize("wrap", [plain, Passing])
async def test_seen_at_once_and_gone_at_once(wrap: Any, caplog: Any) -> None:
    loop = asyncio.get_running_loop()
    for place, name in ((HTTP1Connection, "finish"), (httputil, "parse_cookie")):
        for _ in range(2):
            assert not replaced.is_aside(loop)
            with changed(place, name, wrap):
                assert replaced.is_aside(loop)
                assert replaced.unchanged(loop), "looked at again each time"
            assert not replaced.is_aside(loop)
    assert [each.getMessage().partition(" was ")[0] for each in caplog.records] == [
        "tornado.http1connection.HTTP1Connection.finish",
        "tornado.httputil.parse_cookie",
    ]


async def test_what_tornado_has_made_of_another_function_or_has_elsewhere() -> None:
    loop = asyncio.get_running_loop()
    for place, name, other in (
        (HTTP1Connection, "read_response", gen.coroutine(lambda *arguments: None)),
        (httputil, "parse_cookie", gen.coroutine(lambda *arguments: None)),
        (httputil.HTTPHeaders, "__setitem__", httputil.HTTPHeaders.add),
    ):
        assert not replaced.is_aside(loop)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(place, name, other)
            assert replaced.is_aside(loop), name
        assert not replaced.is_aside(loop)


def test_loops_that_take_turns_are_each_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        for loop in (one, other):
            assert not replaced.is_aside(loop)
        looked: list[Any] = []
        own = replaced._replaced_in

        def noting(loop: asyncio.AbstractEventLoop) -> Any:
            looked.append(loop)
            return own(loop)

        monkeypatch.setattr(replaced, "_replaced_in", noting)
        one.call_soon = plain(one.call_soon, lambda: None)  # type: ignore[method-assign]
        for _ in range(3):
            assert replaced.is_aside(one)
            assert not replaced.is_aside(other)
        assert looked == [one]
        del one.call_soon
        assert not replaced.is_aside(one)
        with changed(HTTP1Connection, "finish"):
            assert replaced.is_aside(one)
            assert replaced.is_aside(other)
        assert not replaced.is_aside(other)
        assert not replaced.is_aside(one)
    finally:
        one.close()
        other.close()


def test_a_loop_whose_dictionary_was_asked_for_meanwhile() -> None:
    loop = asyncio.SelectorEventLoop()
    try:
        assert not replaced.is_aside(loop)
        vars(loop)["call_soon"] = plain(loop.call_soon, lambda: None)
        assert replaced.is_aside(loop)
        del vars(loop)["call_soon"]
        assert not replaced.is_aside(loop)
        assert replaced.unchanged(loop), "looked at again each time"
    finally:
        loop.close()


async def test_what_is_put_on_the_loop_itself() -> None:
    loop = asyncio.get_running_loop()
    assert not replaced.is_aside(loop)
    for name, whole in (("call_soon", True), ("create_task", False)):
        try:
            loop_vars = vars(loop)
        except TypeError:  # a loop that takes no attributes
            return
        loop_vars[name] = plain(getattr(loop, name), lambda: None)
        assert replaced.is_aside(loop) is whole
        assert replaced.tasks_aside
        del loop_vars[name]
        assert not replaced.is_aside(loop)
        assert not replaced.tasks_aside


@pytest.mark.parametrize("wrap", [plain, Passing])
@pytest.mark.parametrize("live", [False, True])
async def test_what_is_put_on_an_application_its_routers_and_its_server(
    wrap: Any, live: bool
) -> None:
    names = {
        "application": "find_handler get_handler_delegate log_request",
        "default_router": "find_handler get_target_delegate",
        "wildcard_router": "find_handler get_target_delegate",
        "server": "start_request handle_stream",
    }
    for place, name in ((place, each) for place, all_ in names.items() for each in all_.split()):
        called: list[str] = []
        application = Application([("/", Hello)])
        with installed():
            async with serving(HTTPServer, application) as made:
                owner = {"application": application, "server": made.server}.get(
                    place, getattr(application, place, None)
                )
                client = await made.connect()
                if live:
                    await client.request("/")
                setattr(owner, name, wrap(getattr(owner, name), partial(called.append, name)))
                if name == "handle_stream":
                    client = await made.connect()
                assert (await client.request("/")).body == b"hello"
                assert called == [name]


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("hello")


async def test_a_class_of_loops_with_its_own_ways() -> None:
    class Slow(asyncio.SelectorEventLoop):
        def call_soon(self, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
            return super().call_soon(*args, **kwargs)

    loop = Slow()
    assert replaced.is_aside(loop)
    loop.close()
    assert not replaced.is_aside(asyncio.get_running_loop())


async def test_without_versions_of_classes_each_function_is_compared() -> None:
    loop = asyncio.get_running_loop()
    watch = replaced._FunctionWatch(replaced._CLASSES, by_version=False)
    watch.note_loop(loop)
    watch.note()
    assert watch.unchanged(loop)
    with changed(HTTP1Connection, "finish", Passing):
        assert not watch.unchanged(loop)
    assert watch.unchanged(loop)


def test_tornados_own_are_known_by_where_they_come_from() -> None:
    assert replaced.is_original(HTTP1Connection.finish, ("tornado",))
    for wrap in (plain, Passing):
        assert not replaced.is_original(wrap(HTTP1Connection.finish, lambda: None), ("tornado",))
    assert not replaced.is_original(HTTP1Connection.finish, ("asyncio",))
    assert not replaced.is_original(None, ("tornado",))


@pytest.fixture
def without_versions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Python has no version left for a class; a new watch afterwards."""
    monkeypatch.setattr(class_versions, "renew", lambda kind: 0)
    yield
    replaced._by_version = class_versions.SUPPORTED
    replaced._make_watch()


async def test_a_class_whose_versions_are_used_up(without_versions: None) -> None:
    loop = asyncio.get_running_loop()
    replaced.prepare()
    httputil.HTTPHeaders.an_attribute = 1  # type: ignore[attr-defined]
    del httputil.HTTPHeaders.an_attribute  # type: ignore[attr-defined]
    assert not replaced.is_aside(loop)
    assert replaced.unchanged(loop), "looked at again each time"
    for place, name in ((HTTP1Connection, "finish"), (type(loop), "call_soon")):
        if type(loop).__module__ == "uvloop" and place is type(loop):
            continue
        with changed(place, name):
            assert replaced.is_aside(loop)
            assert replaced.unchanged(loop)
        assert not replaced.is_aside(loop)
