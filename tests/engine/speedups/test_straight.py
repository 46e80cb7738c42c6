"""A request without a delegate goes as one with it, whatever happens on the way."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from tornado import web
from tornado.httputil import HTTPHeaders, HTTPInputError, ResponseStartLine
from tornado.routing import Matcher, Rule
from tornado.web import Application, RequestHandler

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass
from tests.engine.speedups.watching import Note, compare
from tornkit.engine.routers import direct

pytestmark = EITHER_LOOP


class Echo(RequestHandler):
    def initialize(self, **given: Any) -> None:
        self.given = given

    def get(self, *args: Any, **kwargs: Any) -> None:
        self.write({"args": args, "kwargs": kwargs, "given": self.given})

    def post(self, *args: Any, **kwargs: Any) -> None:
        self.write(self.request.body)


@EITHER
async def test_it_is_given_what_the_route_gives(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        rules: list[Any] = [
            ("/plain", Echo),
            ("/given", Echo, {"a": 1}),
            ("/by/([^/]*)/(x)?", Echo),
            ("/named/(?P<name>[^/]*)/(?P<none>x)?", Echo, {"a": 1}),
        ]
        return Application(rules)

    async def play(client: Client, note: Note) -> None:
        for path in ("/plain", "/given", "/by/caf%C3%A9/", "/by/%ff/x", "/named/a%20b/", "/none"):
            note(await client.request(path))
        for body in (b"", b"a body"):
            lines = b"POST /plain HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body)
            await client.send(lines + body)
            note(await client.read_response("POST"))
        await client.send(b"HEAD /plain HTTP/1.1\r\nHost: x\r\n\r\n")
        note(await client.read_response("HEAD"))

    assert len((await compare(server_class, make, play)).responses) == 9


@EITHER
@pytest.mark.parametrize("name", [*direct.METHODS, "data_received"])
async def test_a_delegate_that_somebody_has_changed_is_used(
    server_class: ServerClass, name: str
) -> None:
    own = getattr(web._HandlerDelegate, name)

    async def play(client: Client, note: Note) -> None:
        note(await client.request())

        def noted(*args: Any, **kwargs: Any) -> Any:
            note(name)
            return own(*args, **kwargs)

        with mock.patch.object(web._HandlerDelegate, name, noted):
            note(await client.request())
            await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
            note(await client.read_response("POST"))
        note(await client.request())

    seen = await compare(server_class, lambda note: Application([("/", Echo)]), play)
    assert name in seen.responses or name == "on_connection_close"


@EITHER
async def test_a_delegate_that_the_application_makes_is_used(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Made(Application):
            def get_handler_delegate(self, *args: Any, **kwargs: Any) -> Any:
                note("made")
                delegate: Any = super().get_handler_delegate(*args, **kwargs)
                own = delegate.finish

                def finish() -> None:
                    note("finished")
                    own()

                delegate.finish = finish
                return delegate

        return Made([("/", Echo)])

    assert (await compare(server_class, make)).noted == [("made",), ("finished",)]


def fail(handler: RequestHandler) -> None:
    raise KeyError("its own")


def refuse(handler: RequestHandler) -> None:
    raise HTTPInputError("malformed")


def answer(handler: RequestHandler) -> None:
    handler._transforms = []
    handler.finish("early")


def take(handler: RequestHandler) -> None:
    stream = handler.detach()
    stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\ntaken")
    stream.close()


def move(handler: RequestHandler) -> None:
    handler.application = Application(transforms=[], gzip=True)


@EITHER
@pytest.mark.parametrize("happens", [fail, refuse, answer, take, move])
async def test_whatever_happens_when_it_is_made(server_class: ServerClass, happens: Any) -> None:
    def make(note: Note) -> Application:
        class Made(Echo):
            def initialize(self, **given: Any) -> None:
                super().initialize()
                note("made", self.request.body)
                happens(self)

            def on_connection_close(self) -> None:
                note("closed")

            def on_finish(self) -> None:
                note("finished")

        return Application([("/", Made)])

    async def play(client: Client, note: Note) -> None:
        await client.send(GET)
        if happens in (answer, move):
            note(await client.read_response())
        else:
            note(await client.rest())

    await compare(server_class, make, play)


@EITHER
@pytest.mark.parametrize("what", ["answer", "take", "body", "close", "nothing"])
async def test_whatever_a_matcher_has_done(server_class: ServerClass, what: str) -> None:
    def make(note: Note) -> Application:
        class Meddling(Matcher):
            def match(self, request: Any) -> dict[str, Any]:
                connection = request.connection
                if what == "answer":
                    head = ResponseStartLine("", 200, "OK")
                    connection.write_headers(head, HTTPHeaders({"Content-Length": "2"}), b"ok")
                    connection.finish()
                elif what == "take":
                    stream = connection.detach()
                    stream.write(b"taken")
                    stream.close()
                elif what == "close":
                    connection.close()
                elif what == "body":
                    request.body = b"the matcher's"
                return {}

        class Made(Echo):
            def get(self, *args: Any, **kwargs: Any) -> None:
                note("get", self.request.body)
                super().get()

        return Application([Rule(Meddling(), Made)])

    async def play(client: Client, note: Note) -> None:
        await client.send(GET)
        note(await client.read_response() if what in ("body", "nothing") else await client.rest())

    await compare(server_class, make, play)


class Keys:
    """A mapping, as far as ``**`` asks."""

    def keys(self) -> list[str]:
        return ["path_args"]

    def __getitem__(self, name: str) -> list[bytes]:
        return [b"a"]


class Odd(dict[str, Any]):
    def get(self, *args: Any) -> Any:
        raise AssertionError("nobody asks this")


GIVEN: dict[str, Any] = {
    "usual": {"path_args": [b"a"], "path_kwargs": {}},
    "half": {"path_kwargs": {"a": b"b"}},
    "unknown": {"path_args": [b"a"], "lang": "de"},
    "taken": {"request": None},
    "no name": {1: 2},
    "list": [],
    "keys": Keys(),
    "odd": Odd(path_args=[b"a"]),
}


@EITHER
@pytest.mark.parametrize("given", GIVEN)
async def test_whatever_a_matcher_gives(server_class: ServerClass, given: str) -> None:
    def make(note: Note) -> Application:
        class Giving(Matcher):
            def match(self, request: Any) -> Any:
                return GIVEN[given]

        return Application([Rule(Giving(), Echo)])

    async def play(client: Client, note: Note) -> None:
        await client.send(GET.replace(b"Host", b"Connection: close\r\nHost"))
        note(await client.rest())

    await compare(server_class, make, play)


@EITHER
async def test_an_application_whose_requests_somebody_sees_first(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        made = Application([("/", Echo)])
        own = made.start_request

        def start_request(*args: Any) -> Any:
            delegate = own(*args)
            own_finish = delegate.finish

            def finish() -> None:
                note("finished")
                own_finish()

            delegate.finish = finish  # type: ignore[method-assign]
            return delegate

        made.start_request = start_request  # type: ignore[method-assign, assignment]
        return made

    assert (await compare(server_class, make)).noted == [("finished",)]
