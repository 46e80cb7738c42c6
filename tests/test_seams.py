"""Each place where tornkit reaches into Tornado, against the installed Tornado."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado import autoreload, netutil, process, tcpserver
from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.ioloop import PeriodicCallback
from tornado.iostream import IOStream, SSLIOStream
from tornado.tcpserver import TCPServer
from tornado.web import Application, RequestHandler, StaticFileHandler
from tornado.websocket import WebSocketHandler

from tornkit import seams, stream_seams

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """What seams replaces it replaces for good, and notes it in itself."""
    for module in (autoreload, netutil, process, tcpserver, seams):
        for name, value in tuple(vars(module).items()):
            if not name.startswith("__"):
                monkeypatch.setattr(module, name, value)
    for owner, name in (
        (HTTPServer, "start_request"),
        (HTTPServer, "on_close"),
        (WebSocketHandler, "detach"),
        (Application, "__init__"),
    ):
        monkeypatch.setattr(owner, name, getattr(owner, name))


@pytest.fixture
def pair() -> Iterator[Pair]:
    """A connected pair; whoever closes one of it may."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


class Hooks:
    """A `seams.ServingHooks` that notes its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def _sockets(self) -> list[socket.socket]:
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        return [sock]

    def bind_sockets(self, *args: Any, **kwargs: Any) -> list[socket.socket]:
        self.calls.append(("bind_sockets", *args))
        return self._sockets()

    def bind_unix_socket(self, *args: Any, **kwargs: Any) -> socket.socket:
        self.calls.append(("bind_unix_socket", *args))
        return self._sockets()[0]

    def add_accept_handler(self, sock: socket.socket, callback: Any) -> Callable[[], None]:
        self.calls.append(("add_accept_handler", seams.server_of(callback)))
        return lambda: None

    def fork_processes(self, *args: Any) -> int:
        self.calls.append(("fork_processes", *args))
        return 7

    def task_id(self) -> int:
        return 8


class TestServingHooks:
    @pytest.fixture
    def hooks(self) -> Hooks:
        hooks = Hooks()
        seams.install_serving_hooks(hooks)
        return hooks

    @pytest.mark.parametrize("make", [Application, TCPServer])
    def test_listen(self, hooks: Hooks, make: Callable[[], Any]) -> None:
        async def main() -> None:
            served = make()
            server = served.listen(1, "127.0.0.1") or served
            assert [call[0] for call in hooks.calls] == ["bind_sockets", "add_accept_handler"]
            assert hooks.calls[0][1] == 1
            assert hooks.calls[1][1] is server
            server.stop()

        asyncio.run(main())

    def test_bind_and_start_with_processes(self, hooks: Hooks) -> None:
        async def main() -> None:
            server = HTTPServer(Application())
            server.bind(2)
            server.start(0)
            assert [call[0] for call in hooks.calls] == [
                "bind_sockets",
                "fork_processes",
                "add_accept_handler",
            ]
            server.stop()

        asyncio.run(main())

    def test_functions_of_the_modules(self, hooks: Hooks) -> None:
        for sock in (*netutil.bind_sockets(3), netutil.bind_unix_socket("s")):
            sock.close()
        assert process.fork_processes(4) == 7
        assert process.task_id() == 8
        assert hooks.calls == [
            ("bind_sockets", 3),
            ("bind_unix_socket", "s"),
            ("fork_processes", 4),
        ]
        assert not Path("s").exists()

    def test_tornados_own_is_kept_to_fall_back_on(self, hooks: Hooks) -> None:
        async def main() -> None:
            accepted: list[socket.socket] = []
            with socket.create_server(("127.0.0.1", 0)) as listening:
                listening.setblocking(False)
                remove = seams.add_accept_handler(
                    listening, lambda sock, address: accepted.append(sock)
                )
                with socket.create_connection(listening.getsockname()):
                    while not accepted:
                        await asyncio.sleep(0)
                remove()
            accepted[0].close()

        asyncio.run(asyncio.wait_for(main(), 5))
        assert hooks.calls == []


class TestAutoreload:
    def test_never_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        started: list[object] = []
        monkeypatch.setattr(PeriodicCallback, "start", started.append)
        seams.silence_autoreload(lambda filename: None)

        async def main() -> None:
            Application(debug=True)
            autoreload.start()

        asyncio.run(main())
        assert started == []

    def test_what_programs_tell_it_is_kept(self) -> None:
        watched: list[str] = []
        hooks = seams.silence_autoreload(watched.append)
        assert list(hooks) == []
        autoreload.watch("a.yaml")
        autoreload.add_reload_hook(print)
        assert (watched, list(hooks)) == (["a.yaml"], [print])


class TestLiveSets:
    def test_applications(self) -> None:
        live = seams.observe_applications()

        class Board(Application):
            def __init__(self) -> None:
                super().__init__(debug=False)

        board = Board()
        assert list(live) == [board]
        assert board.settings == {"debug": False}
        others = [Board() for each in live for _ in range(2)]  # as another thread may
        assert len(list(live)) == 3
        del board, others
        assert_gone(live)


def test_a_websocket_is_told_of_once_its_handshake_is_done() -> None:
    told: list[WebSocketHandler] = []
    seams.observe_websockets(told.append)
    stream = object()

    class Chat(WebSocketHandler):
        def initialize(self, room: str) -> None:
            self.room = room

    handler = Chat(Application(), a_request(stream), room="lobby")
    assert told == []
    assert handler.detach() is stream
    assert told == [handler]


def a_request(stream: object = None) -> HTTPServerRequest:
    """A request as handlers are made with, on a connection that has this stream."""

    class Connection:
        def set_close_callback(self, callback: object) -> None: ...

        def detach(self) -> object:
            return stream

    start_line = RequestStartLine("GET", "/", "HTTP/1.1")
    return HTTPServerRequest(
        start_line=start_line,
        headers=HTTPHeaders({"Host": "x"}),
        connection=Connection(),  # type: ignore[arg-type]
    )


def assert_gone(live: Any) -> None:
    gc.collect()
    assert not list(live)


class Observer:
    def __init__(self) -> None:
        self.told: list[str] = []

    def awaiting_request(self, server: Any, connection: Any, request: Any, delegate: Any) -> Any:
        self.told.append(f"awaiting {type(server).__name__}")
        return delegate

    def closed(self, connection: Any) -> None:
        self.told.append("closed")


class Own(HTTPServer):
    """A program's subclass, with a method of its own above ours."""

    def start_request(self, server_conn: object, request_conn: Any) -> Any:
        return super().start_request(server_conn, request_conn)


def told_of_one_connection(observer: Observer, kind: type[HTTPServer], pair: Any) -> list[str]:
    async def main() -> None:
        server = kind(Application())
        stream_seams.serve_moved(server, pair[0], b"")
        while not observer.told:
            await asyncio.sleep(0)
        pair[1].close()
        while "closed" not in observer.told:
            await asyncio.sleep(0)
        assert not server._connections  # Tornado's own method was called as well

    asyncio.run(asyncio.wait_for(main(), 5))
    return observer.told


@pytest.mark.parametrize("kind", [HTTPServer, Own])
def test_connections_are_observed(
    kind: type[HTTPServer], pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seams, "_observer", None)  # for good, else
    observer = Observer()
    seams.observe_connections(observer)
    assert told_of_one_connection(observer, kind, pair) == [f"awaiting {kind.__name__}", "closed"]


@pytest.mark.parametrize("calls_ours", [True, False])
def test_connections_are_observed_once_past_a_librarys_method(
    calls_ours: bool, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    seams.prepare()
    observed: Any = HTTPServer.start_request
    ours = observed if calls_ours else inspect.unwrap(observed)
    for name in ("start_request", "on_close"):
        monkeypatch.setattr(HTTPServer, name, getattr(HTTPServer, name))
    monkeypatch.setattr(seams, "_observer", None)
    monkeypatch.setattr(seams, "_observed", dict(seams._observed))

    def theirs(self: HTTPServer, server_conn: object, request_conn: object) -> Any:
        return ours(self, server_conn, request_conn)

    monkeypatch.setattr(HTTPServer, "start_request", theirs)
    observer = Observer()
    seams.observe_connections(observer)
    assert told_of_one_connection(observer, HTTPServer, pair) == ["awaiting HTTPServer", "closed"]


class TestStreams:
    def test_unread_bytes_are_served_first(self, pair: Pair) -> None:
        """`IOStream` still keeps what it has read where tornkit puts it."""

        class Echo(TCPServer):
            def handle_stream(self, stream: IOStream, address: object) -> None:
                self.task = asyncio.ensure_future(self.echo(stream))

            async def echo(self, stream: IOStream) -> None:
                await stream.write(await stream.read_bytes(6))
                stream.close()

        async def main() -> bytes:
            pair[1].setblocking(False)
            await asyncio.get_running_loop().sock_sendall(pair[1], b"def")
            echo = Echo()
            stream_seams.serve_moved(echo, pair[0], b"abc")
            await echo.task
            return await asyncio.get_running_loop().sock_recv(pair[1], 6)

        assert asyncio.run(asyncio.wait_for(main(), 5)) == b"abcdef"

    def test_what_was_read_and_not_used(self, pair: Pair) -> None:
        async def main() -> None:
            stream = IOStream(pair[0])
            assert stream_seams.unread_bytes(stream) == b""
            assert not stream_seams.has_input(stream)
            pair[1].send(b"one\ntwo")
            assert stream_seams.has_input(stream)  # the kernel's
            assert await stream.read_until(b"\n") == b"one\n"
            assert stream_seams.unread_bytes(stream) == b"two"
            assert stream_seams.has_input(stream)  # the stream's
            stream.close()

        asyncio.run(asyncio.wait_for(main(), 5))

    def test_tornado_without_that_buffer(self, pair: Pair) -> None:
        async def main() -> None:
            stream = IOStream(pair[0])
            assert stream_seams.can_move(stream)
            for change in ("_read_buffer", "_read_buffer_size"):
                other = IOStream(pair[0])
                delattr(other, change)
                assert stream_seams.unread_bytes(other) is None
                assert not stream_seams.can_move(other)
            stream.close()

        asyncio.run(asyncio.wait_for(main(), 5))

    def test_what_can_move(self, pair: Pair) -> None:
        async def main() -> None:
            stream = IOStream(pair[0])
            assert stream_seams.can_move(stream)
            pending = stream.write(b"x" * 2**24)  # more than the kernel takes
            assert not stream_seams.can_move(stream)
            stream.close()
            assert not stream_seams.can_move(stream)
            with contextlib.suppress(Exception):
                await pending

        asyncio.run(asyncio.wait_for(main(), 5))

    def test_tls_can_not(self) -> None:
        assert not stream_seams.is_plain(SSLIOStream.__new__(SSLIOStream))
        assert stream_seams.is_plain(IOStream.__new__(IOStream))

    def test_detached(self, pair: Pair) -> None:
        async def main() -> None:
            request = HTTP1Connection(IOStream(pair[0]), is_client=False)
            assert not stream_seams.is_detached(request)
            stream = request.detach()
            assert stream_seams.is_detached(request)
            stream.close()

        asyncio.run(main())

    def test_close_after_response_of_another_kind_of_connection(self) -> None:
        stream_seams.close_after_response(object())  # type: ignore[arg-type]


def test_server_of() -> None:
    server = HTTPServer(Application())
    assert seams.server_of(server._handle_connection) is server
    assert seams.server_of(lambda sock, address: None) is None
    assert seams.server_of([].append) is None  # type: ignore[arg-type]


class TestRefresh:
    @pytest.fixture
    def handler(self, monkeypatch: pytest.MonkeyPatch) -> RequestHandler:
        monkeypatch.setattr(RequestHandler, "_template_loaders", {})
        return RequestHandler(Application(), a_request())

    def test_templates_are_read_again(self, tmp_path: Path, handler: RequestHandler) -> None:
        handler.application.settings["template_path"] = str(tmp_path)
        template = tmp_path / "a.html"
        template.write_text("before")
        assert handler.render_string("a.html") == b"before"
        template.write_text("after")
        assert handler.render_string("a.html") == b"before"
        seams.refresh_files(iter([]))
        assert handler.render_string("a.html") == b"after"

    @pytest.mark.parametrize("own", [False, True])
    def test_static_files_are_hashed_again(self, tmp_path: Path, own: bool) -> None:
        class Own(StaticFileHandler):
            _static_hashes: dict[str, str | None] = {}  # noqa: RUF012 - as Tornado declares it

        kind = Own if own else StaticFileHandler
        settings: dict[str, Any] = {"static_path": str(tmp_path), "static_handler_class": kind}
        application = Application(**settings)
        (tmp_path / "a.css").write_text("before")
        before = kind.make_static_url(application.settings, "a.css")
        (tmp_path / "a.css").write_text("after")
        assert kind.make_static_url(application.settings, "a.css") == before
        seams.refresh_files(iter([application]))
        assert kind.make_static_url(application.settings, "a.css") != before
        StaticFileHandler.reset()
