"""A response that is written in one piece has the bytes, and leaves the handler, as Tornado's."""

from __future__ import annotations

import asyncio
import http
import logging
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tornado import web
from tornado.http1connection import HTTP1ConnectionParameters
from tornado.httputil import HTTPHeaders, RequestStartLine
from tornado.web import Application, GZipContentEncoding, RequestHandler

from tests.engine.serving import EITHER_LOOP
from tests.engine.speedups.alone import NotingConnection, a_request
from tests.engine.speedups.applications import Doubling
from tests.engine.speedups.watching import installed
from tornkit.engine.exchange import Exchange
from tornkit.engine.fidelity import replaced
from tornkit.engine.grammar import Head
from tornkit.engine.headers import LazyHeaders, Lines
from tornkit.engine.speedups import finishing
from tornkit.engine.transport.turns import Turns

pytestmark = EITHER_LOOP

own_finish = RequestHandler.finish
Finish = Callable[..., Any]
Prepare = Callable[[Any], object]


@pytest.fixture(autouse=True)
def speedups(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The same clock for all: the date is a part of what is compared.
    monkeypatch.setattr(time, "time", lambda: 1359312200.9)
    with installed():
        yield


class Wire:
    """A connection whose socket takes everything, as an exchange needs it."""

    error = None
    context = NotingConnection.context
    server = SimpleNamespace(
        max_body_size=1000, max_buffer_size=None, conn_params=HTTP1ConnectionParameters()
    )

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.turns = Turns(self.loop)
        self.finished_in: object = None
        self.sent: list[bytes] = []
        self.closed = False
        self.finished: list[Any] = []

    def send(self, data: bytes) -> bool:
        self.sent.append(data)
        return True

    def response_finished(self, exchange: Any) -> None:
        self.finished.append(exchange)

    def shut(self) -> None:
        self.closed = True

    def detach_from(self, exchange: Any, turn: object) -> Any:
        return None


class Page(RequestHandler):
    """Has no address that would be logged, and notes when it is told of its end."""

    def on_finish(self) -> None:
        self.__dict__.setdefault("noted", []).append((self._finished, self._headers_written))


def logged(handler: RequestHandler) -> None:
    handler.__dict__.setdefault("logged", []).append((handler.get_status(), handler._finished))


APPLICATION = Application(log_function=logged)


def handler_of(
    kind: type[RequestHandler] = Page,
    application: Application = APPLICATION,
    method: str = "GET",
    lines: str = "",
) -> Any:
    """A handler whose request was read, before it has written anything."""
    start_line = RequestStartLine(method, "/", "HTTP/1.1")
    head = Head(
        start_line,
        LazyHeaders(Lines(b"Host: x\r\n")),
        0,
        "close" if "Connection: close" in lines else "",
    )
    wire: Any = Wire()
    exchange = Exchange(wire, head)
    exchange.read_finished = True
    handler: Any = kind(application, a_request(method, lines=lines, connection=exchange))
    handler._transforms = [make(handler.request) for make in application.transforms]
    handler.wire = wire
    return handler


def finished(
    finish: Finish, prepare: Prepare, chunks: tuple[Any, ...] = (), **options: Any
) -> dict[str, Any]:
    """All that is to be seen of a handler when it was finished in this way."""
    handler = handler_of(**options)
    prepare(handler)
    future, raised = None, ""
    try:
        future = finish(handler, *chunks)
    except Exception as error:  # noqa: BLE001 - which one is compared
        raised = repr(error)
    wire, exchange = handler.wire, handler.request.connection
    others = ("application", "request", "wire", "_headers", "_transforms")
    kept = {name: value for name, value in vars(handler).items() if name not in others}
    return {
        "bytes": b"".join(wire.sent),
        "fields": list(handler._headers.get_all()),
        "read": [handler._headers.get(name) for name in ("Content-Length", "Etag", "Connection")],
        "kept": {name: value for name, value in kept.items() if not callable(value)},
        "raised": raised,
        "future": None if future is None else future.done() and repr(future.exception()),
        "finished": [each is exchange for each in wire.finished],
        "closed": (wire.closed, exchange.close_after, exchange.write_finished),
        "told of a close": exchange._close_callback is not None,
    }


def compare(prepare: Prepare, chunks: tuple[Any, ...] = (), **options: Any) -> dict[str, Any]:
    """What was seen of Tornado's, after it was seen that the speedup leaves the same."""
    theirs = finished(own_finish, prepare, chunks, **options)
    assert finished(finishing.finish, prepare, chunks, **options) == theirs
    return theirs


def is_left(prepare: Prepare, **options: Any) -> bool:
    """Whether it was left to Tornado's own."""
    seen: list[object] = []
    handler = handler_of(**options)
    own = finishing.own
    try:
        finishing.own = lambda *args: seen.append(args)
        prepare(handler)
        finishing.finish(handler)
    finally:
        finishing.own = own
    return bool(seen)


def nothing(handler: Any) -> None:
    return None


def status(code: Any, reason: Any = None) -> Prepare:
    return lambda handler: handler.set_status(code, reason)


def field(name: str, value: Any) -> Prepare:
    return lambda handler: handler.set_header(name, value)


def raw(name: str, value: Any) -> Prepare:
    return lambda handler: handler._headers.__setitem__(name, value)


def set_on_it(name: str, value: Any) -> Prepare:
    return lambda handler: setattr(handler, name, value)


def flushed(handler: Any) -> None:
    handler.write("a")
    handler.flush()


def done(handler: Any) -> None:
    own_finish(handler)


def gone(handler: Any) -> None:
    handler.wire.closed = True


def unread(handler: Any) -> None:
    handler.request.connection.read_finished = False


def answered(handler: Any) -> None:
    handler.request.connection.write_finished = True


def other_method(handler: Any) -> None:
    handler.request.method = "HEAD" if handler.request.method == "GET" else "GET"


def other_headers(handler: Any) -> None:
    handler._headers = type("Headers", (HTTPHeaders,), {})({"X-A": "a"})


PLAIN: dict[str, Prepare] = {
    "nothing": nothing,
    "created": status(201),
    "http status": status(http.HTTPStatus.ACCEPTED),
    "unknown": status(299),
    "reason": status(200, "Fine"),
    "lost": status(404),
    "failed": status(500, "Broken"),
    "field": field("X-A", "a"),
    "two values": lambda handler: handler.add_header("Server", "second"),
    "none left": lambda handler: handler._headers.clear(),
    "etag": field("Etag", '"mine"'),
    "type": field("Content-Type", "text/plain"),
    "latin-1": raw("X-A", "caf\u00e9"),
}
TORNADO_S: dict[str, Prepare] = {
    "no content": status(204),
    "not modified": status(304),
    "informational": status(103),
    "length": field("Content-Length", "4"),
    "cookie": lambda handler: handler.set_cookie("a", "b"),
    "wide": raw("X-A", "\u2713"),
    "line end": raw("X-A", "a\r\nX-B: b"),
    "lone line feed": raw("X-A", "a\nb"),
    "lone carriage return": raw("X-A", "a\rb"),
    "bytes": raw("X-A", b"bytes"),
    "number": raw("X-A", 5),
    "line end in a name": raw("X\r\nA", "a"),
    "latin-1 reason": status(200, "Caf\u00e9"),
    "text for a status": set_on_it("_status_code", "200"),
    "fraction for a status": set_on_it("_status_code", 200.0),
    "none for a status": set_on_it("_status_code", None),
    "flushed": flushed,
    "done": done,
    "gone": gone,
    "unread": unread,
    "answered": answered,
    "another method": other_method,
    "other headers": other_headers,
    "a transform": lambda handler: handler._transforms.append(Doubling(handler.request)),
    "said to be done": set_on_it("_finished", True),
    "said to be written": set_on_it("_headers_written", True),
    "own flush": lambda handler: setattr(handler, "flush", handler.flush),
    "own _log": lambda handler: setattr(handler, "_log", handler._log),
}
CHUNKS: list[tuple[Any, ...]] = [(), ("body",), (b"\xff",), ({"a": 1},), ([1],)]
METHODS = ("GET", "HEAD", "POST")
LINES = ("", "If-None-Match: *\r\n", "Connection: close\r\n")


@pytest.mark.parametrize("name", [*PLAIN, *TORNADO_S])
async def test_all_that_is_seen_is_the_same(name: str) -> None:
    prepare = (PLAIN | TORNADO_S)[name]
    for method in METHODS:
        for lines in LINES:
            for chunk in CHUNKS:
                compare(prepare, chunk, method=method, lines=lines)


@pytest.mark.parametrize("name", PLAIN)
async def test_what_is_usual_is_written_in_one_piece(name: str) -> None:
    for method in METHODS:
        assert not is_left(PLAIN[name], method=method)
        handler = handler_of(method=method)
        PLAIN[name](handler)
        handler.finish("body")
        assert len(handler.wire.sent) == 1


async def test_other_names_of_the_same_values_are_written_as_they_are() -> None:
    def renamed(handler: Any) -> None:
        values = handler._headers.values()
        handler._headers = HTTPHeaders(dict(zip(("X-A", "X-B", "X-C"), values, strict=True)))

    for prepare in (nothing, renamed, nothing):
        assert (b"X-A: Tornado" in compare(prepare)["bytes"]) is (prepare is renamed)


@pytest.mark.parametrize("name", TORNADO_S)
async def test_what_is_not_is_left_to_tornado(name: str) -> None:
    assert is_left(TORNADO_S[name])


@pytest.mark.parametrize("reason", [5, None])
async def test_a_reason_that_is_no_text(reason: Any) -> None:
    head = b"HTTP/1.1 200 %b\r\n" % str(reason).encode()
    assert compare(set_on_it("_reason", reason))["bytes"].startswith(head)


async def test_all_that_tornado_calls_for_a_usual_response_is_relied_on() -> None:
    called: set[str] = set()

    def noting(name: str, own: Any) -> Any:
        def method(self: Any, *args: Any, **given: Any) -> Any:
            called.add(name)
            return own(self, *args, **given)

        return method

    methods = {
        name: noting(name, own) for name, own in vars(RequestHandler).items() if callable(own)
    }
    kind = type("Noting", (RequestHandler,), methods)
    for method in METHODS:
        handler = handler_of(kind, Application(), method, match('"other"'))
        called.clear()
        own_finish(handler, {"a": 1})
        assert "compute_etag" in called or method == "POST"
        assert called - {"on_finish"} <= {*finishing.RELIED_ON}


@pytest.mark.parametrize(
    "name", [name for name in finishing.RELIED_ON if hasattr(RequestHandler, name)]
)
async def test_what_finish_would_call_is_called_where_it_is_another(name: str) -> None:
    own = getattr(RequestHandler, name)

    def method(self: Any, *args: Any, **given: Any) -> Any:
        self.__dict__.setdefault("noted", []).append(name)
        return own(self, *args, **given)

    def put_on_it(handler: Any) -> None:
        setattr(handler, name, lambda *args, **given: method(handler, *args, **given))

    overriding = type("Overriding", (Page,), {name: method})
    assert is_left(nothing, kind=overriding)
    assert is_left(put_on_it)
    for chunk in ((), ("body",), ({"a": 1},)):
        assert compare(nothing, chunk, kind=overriding)["bytes"]
        assert compare(put_on_it, chunk)["bytes"]


def match(value: str) -> str:
    return f"If-None-Match: {value}\r\n"


TAG = '"02083f4579e08a612425c0c1a17ee47add783b94"'  # of "body"


@pytest.mark.parametrize(
    ("value", "modified"),
    [
        (TAG, False),
        (f"W/{TAG}", False),
        (f'"other", {TAG}', False),
        ("*", False),
        ('"other"', True),
        ("", True),
        (TAG.strip('"'), True),
    ],
)
async def test_what_the_client_has_is_not_sent_again(value: str, modified: bool) -> None:
    for method in ("GET", "HEAD"):
        seen = compare(nothing, ("body",), method=method, lines=match(value))
        assert seen["bytes"].startswith(b"HTTP/1.1 200" if modified else b"HTTP/1.1 304")
        assert seen["bytes"].endswith(b"body") is (modified and method == "GET")
    seen = compare(nothing, ("body",), method="POST", lines=match(value))
    assert seen["bytes"].startswith(b"HTTP/1.1 200")


async def test_a_connection_that_is_none_of_the_engine_s_has_tornado_s_way() -> None:
    called = []
    for finish in (own_finish, finishing.finish):
        connection = NotingConnection()
        handler: Any = Page(APPLICATION, a_request(connection=connection))
        handler._transforms = []
        await finish(handler, "body")
        called.append(connection.calls)
    assert called[0] == called[1]
    assert called[0][-1] == ("finish",)


async def test_a_response_that_is_zipped_has_tornado_s_way() -> None:
    application = Application(gzip=True, log_function=logged)
    assert application.transforms == [GZipContentEncoding]
    lines = "Accept-Encoding: gzip\r\n"
    assert is_left(nothing, application=application, lines=lines)
    seen = compare(nothing, ("body" * 1000,), application=application, lines=lines)
    assert b"Content-Encoding: gzip" in seen["bytes"]


async def test_tornado_s_own_is_called_where_that_is_to_serve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not is_left(nothing)
    monkeypatch.setattr(replaced, "aside", True)
    assert is_left(nothing)
    monkeypatch.undo()
    monkeypatch.setattr(finishing, "known", None)
    assert is_left(nothing)


# ---- without a future ----


class Asking(Page):
    """Takes the socket over when it is told that it has finished."""

    def on_finish(self) -> None:
        super().on_finish()
        self.request.connection.detach()  # type: ignore[union-attr]


def wire_after(finish: Finish, kind: type[RequestHandler], prepare: Prepare = nothing) -> Any:
    handler = handler_of(kind)
    prepare(handler)
    handler.write("body")
    finish(handler)
    return handler.wire


async def test_a_response_whose_future_nobody_sees_is_the_same() -> None:
    for kind in (RequestHandler, Page, Asking):
        theirs = wire_after(own_finish, kind)
        ours = wire_after(finishing.finish_unseen, kind)
        assert b"".join(ours.sent) == b"".join(theirs.sent)
        assert len(ours.finished) == len(theirs.finished) == 1


async def test_one_that_may_look_at_its_connection_finds_it_in_this_turn() -> None:
    def own_on_finish(handler: Any) -> None:
        handler.on_finish = lambda: None

    assert wire_after(finishing.finish_unseen, RequestHandler).finished_in is None
    for wire in (
        wire_after(finishing.finish_unseen, Page),
        wire_after(finishing.finish_unseen, RequestHandler, own_on_finish),
        wire_after(finishing.finish, RequestHandler),
        wire_after(own_finish, RequestHandler),
    ):
        assert wire.turns.is_now(wire.finished_in)


async def test_a_finish_of_its_own_is_called() -> None:
    called: list[str] = []

    class Finishing(Page):
        def finish(self, chunk: Any = None) -> Any:
            called.append("class")
            return super().finish(chunk)

    def own(handler: Any) -> None:
        handler.finish = lambda: called.append("instance")

    assert wire_after(finishing.finish_unseen, Finishing).sent
    assert not wire_after(finishing.finish_unseen, Page, own).sent
    assert called == ["class", "instance"]


# ---- logging ----


class Logged:
    """Counts what is handed to the access log, and what comes through it."""

    def __init__(self, application: Application, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked = 0
        own = Application.log_request

        def log_request(inner: Application, handler: RequestHandler) -> None:
            self.asked += 1
            own(inner, handler)

        monkeypatch.setattr(Application, "log_request", log_request)
        monkeypatch.setattr(finishing, "log_request", log_request)
        self.application = application

    def __call__(self, code: int = 200) -> int:
        """How often the application is asked to log a response with this status."""
        before = self.asked
        handler_of(RequestHandler, self.application).finish()
        handler = handler_of(RequestHandler, self.application)
        handler.set_status(code)
        self.asked = before
        handler.finish()
        return self.asked - before


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tornado.access")
    before = logger.level, logger.propagate
    yield logger
    logger.setLevel(before[0])
    logger.propagate = before[1]


async def test_nobody_is_asked_to_log_what_no_level_lets_through(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger.propagate = False
    asks = Logged(Application(), monkeypatch)
    logger.setLevel(logging.WARNING)
    assert [asks(200), asks(302), asks(399)] == [0, 0, 0]
    assert [asks(400), asks(404), asks(500)] == [1, 1, 1]
    logger.setLevel(logging.INFO)
    assert asks(200) == 1


async def test_whoever_may_want_to_know_is_asked(
    logger: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger.setLevel(logging.ERROR)
    asks = Logged(Application(), monkeypatch)
    assert asks() == 0
    asks.application.settings["log_function"] = lambda handler: None
    assert asks() == 1
    del asks.application.settings["log_function"]
    with monkeypatch.context() as patch:
        patch.setattr(logging.Logger, "info", lambda *args: None)
        assert asks() == 1
    with monkeypatch.context() as patch:
        patch.setattr(logger, "info", lambda *args: None)
        assert asks() == 1
    with monkeypatch.context() as patch:
        patch.setattr(web, "access_log", logging.LoggerAdapter(logger))
        assert asks() == 1
    assert asks() == 0
    asked: list[object] = []
    asks.application.log_request = asked.append  # type: ignore[method-assign,assignment]
    assert asks() == 0
    assert len(asked) == 2
