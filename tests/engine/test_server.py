"""The server as a drop-in: Tornado's arguments, methods and hooks for subclasses."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import gzip
import resource
import socket
import ssl
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tornado.httpserver
import tornado.test
from tornado.http1connection import HTTP1ServerConnection
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerRequest,
    ResponseStartLine,
)
from tornado.iostream import IOStream
from tornado.netutil import bind_unix_socket
from tornado.web import Application, RequestHandler

import tornkit
from tests.clients.asynchronous import connect
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, serving, turns, until
from tornkit.engine import privates
from tornkit.engine.connection import Connection
from tornkit.engine.request import LazyRequest
from tornkit.engine.server import HTTPServer

pytestmark = EITHER_LOOP

CERTIFICATES = Path(tornado.test.__file__).parent


class Where(RequestHandler):
    """Says from where it was asked, and how."""

    def get(self) -> None:
        self.write(f"{self.request.remote_ip} {self.request.protocol}")

    def post(self) -> None:
        self.write(self.request.body)


class Waiting(RequestHandler):
    async def get(self) -> None:
        self.settings["told"].append("entered")
        await asyncio.Event().wait()

    def on_connection_close(self) -> None:
        self.settings["told"].append("closed")


def application() -> Application:
    return Application(
        [("/wait", Waiting), ("/.*", Where)], told=[], log_function=lambda handler: None
    )


def test_the_public_name() -> None:
    assert tornkit.HTTPServer is HTTPServer
    assert issubclass(HTTPServer, tornado.httpserver.HTTPServer)


# ---- what may be served ----


@EITHER
async def test_a_function_answers_requests(server_class: ServerClass) -> None:
    def answer(request: HTTPServerRequest) -> None:
        body = f"{request.method} {request.arguments} {request.body!r}".encode()
        assert request.connection is not None
        request.connection.write_headers(
            ResponseStartLine("", 200, "OK"), HTTPHeaders({"Content-Length": str(len(body))}), body
        )
        request.connection.finish()

    async with serving(server_class, answer) as here:
        client = await here.connect()
        assert (await client.request("/?a=b")).body == b"GET {'a': [b'b']} b''"
        await client.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n\r\nc=d"
        )
        assert (await client.read_response()).body == b"POST {'c': [b'd']} b'c=d'"


@EITHER
async def test_compressed_bodies_are_unpacked_where_it_is_asked_for(
    server_class: ServerClass,
) -> None:
    body = gzip.compress(b"hello")
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}"
    asked_for: dict[str, Any] = {"decompress_request": True}
    for options, expected in ((asked_for, b"hello"), ({}, body)):
        async with serving(server_class, application(), **options) as here:
            client = await here.connect()
            await client.send(head.encode() + b"\r\n\r\n" + body)
            assert (await client.read_response()).body == expected


@EITHER
async def test_tls(server_class: ServerClass) -> None:
    options = {
        "certfile": str(CERTIFICATES / "test.crt"),
        "keyfile": str(CERTIFICATES / "test.key"),
    }
    context = ssl.create_default_context(cafile=str(CERTIFICATES / "test.crt"))
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    async with serving(server_class, application(), ssl_options=options) as here:
        client = await here.connect()
        await client.start_tls(context)
        response = await client.request()
        assert (response.status, response.body) == (200, b"127.0.0.1 https")
        client.close()
        await until(lambda: not here.connections)


# ---- where it listens ----


@EITHER
async def test_a_unix_socket(server_class: ServerClass) -> None:
    with tempfile.TemporaryDirectory() as folder:
        listener = bind_unix_socket(f"{folder}/socket")
        async with serving(server_class, application(), listener=listener) as here:
            client = await here.connect()
            for _ in range(2):
                assert (await client.request()).body == b"0.0.0.0 http"


@EITHER
async def test_ipv6(server_class: ServerClass) -> None:
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("no IPv6 here")
    async with serving(server_class, application(), listener=listener) as here:
        client = await here.connect()
        assert (await client.request()).body == b"::1 http"


@EITHER
@pytest.mark.parametrize("how", ["listen", "bind and start"])
async def test_listening(server_class: ServerClass, how: str) -> None:
    server: Any = server_class(application())
    if how == "listen":
        server.listen(0, "127.0.0.1")
    else:
        server.bind(0, "127.0.0.1")
        server.start()
    [listener] = server._sockets.values()
    address = listener.getsockname()
    with await connect(address) as client:
        assert (await client.request()).status == 200
        server.stop()
        assert (await client.request()).status == 200, "what is open stays open"
        with pytest.raises(ConnectionRefusedError):
            await connect(address)
    await until(lambda: not server._connections)
    server.stop()


@EITHER
async def test_closing_all_connections_tells_their_handlers(server_class: ServerClass) -> None:
    app = application()
    async with serving(server_class, app) as here:
        idle, busy = await here.connect(), await here.connect()
        await idle.request()
        await busy.send(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: app.settings["told"] == ["entered"])
        await here.server.close_all_connections()
        assert not here.connections
        assert app.settings["told"] == ["entered", "closed"]
        assert await idle.rest() == await busy.rest() == b""


# ---- proxies ----


X = {
    "": "127.0.0.1 http",
    "X-Real-Ip: 1.2.3.4": "1.2.3.4 http",
    "X-Forwarded-For: 1.2.3.4, 5.6.7.8": "5.6.7.8 http",
    "X-Forwarded-For: 1.2.3.4, 9.9.9.9": "1.2.3.4 http",
    "X-Forwarded-For: nobody": "127.0.0.1 http",
    "X-Scheme: https": "127.0.0.1 https",
    "X-Forwarded-Proto: http, https": "127.0.0.1 https",
    "X-Forwarded-Proto: gopher": "127.0.0.1 http",
    "X-Real-Ip: 4.4.4.4\r\nX-Scheme: https": "4.4.4.4 https",
}


@EITHER
async def test_what_a_proxy_says_counts_for_one_request(server_class: ServerClass) -> None:
    options: dict[str, Any] = {"xheaders": True, "trusted_downstream": ["9.9.9.9"]}
    async with serving(server_class, application(), **options) as here:
        client = await here.connect()
        for line, expected in X.items():
            lines = [line] if line else []
            assert (await client.request("/", *lines)).body == expected.encode()
            assert (await client.request()).body == b"127.0.0.1 http"
        # Also where all of them are there at once.
        heads = [f"GET / HTTP/1.1\r\nHost: x\r\n{line}{'' if not line else chr(13) + chr(10)}\r\n"
                 for line in X]  # fmt: skip
        await client.send("".join(heads).encode())
        for expected in X.values():
            assert (await client.read_response()).body == expected.encode()


async def test_behind_a_proxy_requests_are_no_slower() -> None:
    seen: list[object] = []

    class Noting(RequestHandler):
        def get(self) -> None:
            seen.append(self.request)

    async with serving(HTTPServer, Application([("/", Noting)]), xheaders=True) as here:
        client = await here.connect()
        await client.request("/", "X-Real-Ip: 1.2.3.4")
    [request] = seen
    assert isinstance(request, LazyRequest)
    assert request.remote_ip == "1.2.3.4"


@EITHER
async def test_without_being_asked_to_nobody_believes_it(server_class: ServerClass) -> None:
    async with serving(server_class, application(), protocol="https") as here:
        client = await here.connect()
        response = await client.request("/", "X-Real-Ip: 1.2.3.4", "X-Scheme: http")
        assert response.body == b"127.0.0.1 https"


# ---- subclasses ----


class Counting(HTTPMessageDelegate):
    pass


def subclass(base: Any, told: list[str]) -> Any:
    class Noting(base):  # type: ignore[misc]
        def start_request(
            self, server_conn: object, request_conn: HTTPConnection
        ) -> HTTPMessageDelegate:
            told.append("start_request")
            delegate: HTTPMessageDelegate = super().start_request(server_conn, request_conn)
            return delegate

        def on_close(self, server_conn: object) -> None:
            told.append("on_close")
            super().on_close(server_conn)

    return Noting


@EITHER
async def test_a_subclass_is_told_of_requests_and_closings(server_class: ServerClass) -> None:
    told: list[str] = []
    async with serving(subclass(server_class, told), application()) as here:
        client = await here.connect()
        await client.request()
        assert "start_request" in told
        assert "on_close" not in told
        client.close()
        await until(lambda: not here.connections)
        await until(lambda: told[-1] == "on_close")
        assert told.count("on_close") == 1


@EITHER
@pytest.mark.parametrize("is_coroutine", [True, False])
async def test_a_subclass_that_wants_the_streams_gets_them(
    server_class: Any, is_coroutine: bool
) -> None:
    streams: list[object] = []

    if is_coroutine:

        class Wanting(server_class):  # type: ignore[misc]
            async def handle_stream(self, stream: IOStream, address: Any) -> None:
                await asyncio.sleep(0)
                streams.append(stream)
                super().handle_stream(stream, address)
    else:

        class Wanting(server_class):  # type: ignore[misc, no-redef]
            def handle_stream(self, stream: IOStream, address: Any) -> None:
                streams.append(stream)
                super().handle_stream(stream, address)

    async with serving(Wanting, application()) as here:
        client = await here.connect()
        assert (await client.request()).status == 200
        assert [type(stream) for stream in streams] == [IOStream]


async def test_where_tornado_has_changed_it_serves_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(privates, "SUPPORTED", False)
    async with serving(HTTPServer, application()) as here:
        client = await here.connect()
        assert (await client.request()).body == b"127.0.0.1 http"
        [connection] = here.connections
        assert isinstance(connection, HTTP1ServerConnection)


async def test_where_it_has_not_the_engine_does() -> None:
    assert privates.SUPPORTED
    async with serving(HTTPServer, application()) as here:
        client = await here.connect()
        await client.request()
        [connection] = here.connections
        assert isinstance(connection, Connection)


# ---- who observes ----


class Diary:
    def __init__(self) -> None:
        self.requests = 0
        self.entries: list[str] = []

    def opened(self, connection: Connection) -> None:
        self.entries.append("opened")

    def gone(self, connection: Connection) -> None:
        self.entries.append("gone")

    def detached(self, stream: IOStream) -> None:
        self.entries.append("detached")


async def test_an_observer_is_told_of_every_connection() -> None:
    async with serving(HTTPServer, application()) as here:
        here.server.observer = diary = Diary()
        client = await here.connect()
        await client.request()
        await client.request()
        assert (diary.entries, diary.requests) == (["opened"], 2)
        client.close()
        await until(lambda: diary.entries == ["opened", "gone"])
        other = await here.connect()
        await other.send(b"GET / HTTP/1.0\r\n\r\n")  # Tornado's
        await other.rest()
        assert diary.entries == ["opened", "gone"] * 2


@pytest.mark.parametrize("unread", [b"", GET[:9], GET, GET + GET[:3]])
async def test_a_connection_from_another_process_goes_on(unread: bytes) -> None:
    async with serving(HTTPServer, application()) as here:
        client = await here.knock()
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        loop = asyncio.get_running_loop()
        client.sock.close()
        client.sock = theirs
        here.server.adopt(ours, unread)
        if unread == GET[:9]:
            await client.send(GET[9:])
        elif not unread:
            await client.send(GET)
        assert (await client.read_response()).body == b"0.0.0.0 http"
        await loop.sock_sendall(theirs, GET[3:] if unread == GET + GET[:3] else GET)
        assert (await client.read_response()).body == b"0.0.0.0 http"


async def test_one_that_is_gone_on_the_way_is_not_adopted() -> None:
    async with serving(HTTPServer, application()) as here:
        ours, theirs = socket.socketpair()
        theirs.close()
        here.server.adopt(ours, b"")
        await until(lambda: not here.connections)
        assert ours.fileno() == -1


# ---- what is left over ----


async def test_a_closed_connection_leaves_nothing_behind() -> None:
    app = application()
    async with serving(HTTPServer, app) as here:
        gc.collect()
        gc.disable()  # not even a cycle
        try:
            for path in ("/", "/wait"):
                client = await here.connect()
                [connection] = here.connections
                known = weakref.ref(connection)
                del connection
                await client.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                if path == "/":
                    await client.read_response()
                else:
                    await until(lambda: app.settings["told"] == ["entered"])
                client.close()
                await until(lambda: not here.connections)
                await turns(3)
                if path == "/":
                    assert known() is None
        finally:
            gc.enable()


@pytest.fixture
def few_descriptors() -> Iterator[None]:
    """This process may open no more than it has, and a few."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = socket.socket()
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe.fileno() + 24, before[1]))
    probe.close()
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_it_survives_that_there_are_no_descriptors_left(
    few_descriptors: None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("CRITICAL", "asyncio")
    failed: list[int | None] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: failed.append(getattr(context.get("exception"), "errno", None))
    )
    async with serving(HTTPServer, application()) as here:
        kept = [await here.connect() for _ in range(3)]
        filler: list[socket.socket] = []
        with contextlib.suppress(OSError):
            while len(filler) < 100:
                filler.append(socket.socket())
        filler.pop().close()
        waiting = await here.knock()  # takes the last one; nobody can accept it
        await until(lambda: errno.EMFILE in failed)
        for client in kept:
            assert (await client.request()).status == 200
        for one in filler:
            one.close()
        assert (await waiting.request()).status == 200
        assert set(failed) == {errno.EMFILE}


async def test_a_connection_that_cannot_be_served_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(HTTPServer, application()) as here:

        def refuse(sock: socket.socket, address: Any) -> None:
            raise ValueError("no")

        with monkeypatch.context() as patch:
            patch.setattr(here.server, "context_of", refuse)
            client = await here.knock()
            assert await client.rest() == b""
        assert "Error in connection callback" in caplog.text
        other = await here.connect()
        assert (await other.request()).status == 200


class Other(RequestHandler):
    def get(self) -> None:
        self.write("other")


class Refusing(HTTPMessageDelegate):
    def __init__(self, connection: HTTPConnection) -> None:
        self.connection = connection

    def finish(self) -> None:
        headers = HTTPHeaders({"Content-Length": "7"})
        start_line = ResponseStartLine("HTTP/1.1", 200, "OK")
        self.connection.write_headers(start_line, headers, b"refused")
        self.connection.finish()


@EITHER
async def test_whoever_begins_requests_otherwise_while_it_serves_is_asked(
    server_class: ServerClass, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin(self: Any, server_conn: object, request_conn: HTTPConnection) -> HTTPMessageDelegate:
        return Refusing(request_conn)

    class Made(server_class):  # type: ignore[misc,valid-type]
        pass

    class Mine(Application):
        pass

    app = Mine([("/.*", Where)], log_function=lambda handler: None)
    async with serving(Made, app) as made:

        async def said(*lines: str) -> bytes:
            # Tornado's begins a request when the one before is done.
            client = await made.connect()
            response = await client.request("/", *lines)
            client.close()
            return response.body

        assert await said() == b"127.0.0.1 http"
        made.server.start_request = begin.__get__(made.server)
        assert await said() == b"refused"
        del made.server.start_request
        assert await said() == b"127.0.0.1 http"
        for owner in (Made, Mine):
            with monkeypatch.context() as patch:
                patch.setattr(owner, "start_request", begin)
                assert await said() == b"refused"
            assert await said() == b"127.0.0.1 http"
        made.server.request_callback = Application(
            [("/.*", Other)], log_function=lambda handler: None
        )
        assert await said() == b"other"
        made.server.request_callback = app
        made.server.xheaders = True
        assert await said("X-Real-Ip: 4.4.4.4") == b"4.4.4.4 http"
        made.server.xheaders = False
        assert await said("X-Real-Ip: 4.4.4.4") == b"127.0.0.1 http"
