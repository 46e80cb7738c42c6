"""A worker's listening: Tornado's own servers on real sockets, a fake supervisor to ask."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import pytest
from tornado import netutil, process, tcpserver
from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

from tests.serve.ipv6 import ipv6
from tests.serve.limits import descriptors_left
from tornkit import seams
from tornkit.serve.sockets.sockets import CannotBind, Listeners
from tornkit.serve.wire.messages import Claim
from tornkit.serve.worker.listening import Listening, Refused

pytestmark = pytest.mark.usefixtures("no_leaks")


class Supervisor:
    """Grants what is claimed, and remembers the claims."""

    def __init__(self) -> None:
        self.claims: list[Claim] = []
        self.listeners = Listeners()

    def ask(self, claim: Claim) -> list[int]:
        self.claims.append(claim)
        try:
            sockets = self.listeners.claim(claim, 0, 1)
        except CannotBind as error:
            raise Refused(error.errno, str(error)) from None
        return [os.dup(sock.fileno()) for sock in sockets]


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.listeners.close()


@pytest.fixture
def first_listens() -> list[bool]:
    """One entry for each call of `on_first`."""
    return []


Install = Callable[..., Listening]


@pytest.fixture
def install(
    supervisor: Supervisor, first_listens: list[bool], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Install]:
    """Puts a `Listening` in the place of Tornado's functions for the length of a test."""

    def installed(slot: int = 0, **overrides: object) -> Listening:
        for module, names in (
            (netutil, ("bind_sockets", "add_accept_handler", "bind_unix_socket")),
            (tcpserver, ("bind_sockets", "add_accept_handler")),
            (process, ("fork_processes", "task_id")),
        ):
            for name in names:  # so that they are put back
                monkeypatch.setattr(module, name, getattr(module, name))
        listening = Listening(
            slot,
            supervisor.ask,
            lambda: first_listens.append(True),
            **overrides,  # type: ignore[arg-type]
        )
        seams.install_serving_hooks(listening)
        return listening

    yield installed
    seams.remove_serving_hooks()


class Hello(RequestHandler):
    def initialize(self, name: str) -> None:
        self.name = name

    def get(self) -> None:
        self.write(self.name)


class Server(HTTPServer):
    """Answers with its name and counts what it accepts."""

    @classmethod
    def named(cls, name: str) -> Server:
        application = Application([("/.*", Hello, {"name": name})], log_function=lambda _: None)
        server = cls(application)
        server.accepted = 0
        return server

    accepted: int

    def handle_stream(self, stream: IOStream, address: tuple[object, ...]) -> None:
        self.accepted += 1
        super().handle_stream(stream, address)

    async def end(self) -> None:
        self.stop()
        await self.close_all_connections()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        await asyncio.wait_for(test(), 20)

    asyncio.run(limited())


async def turns() -> None:
    """Let the loop see all that is there to be seen."""
    for _ in range(20):
        await asyncio.sleep(0)


async def ask_for_page(sock: socket.socket) -> str:
    """What a client of this listening socket's address is answered."""
    reader, writer = await asyncio.open_connection(*_place(sock))
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer.decode().split("\r\n\r\n")[1]


def _place(sock: socket.socket) -> tuple[str, int]:
    host, port = sock.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


# ---- claims ----


def close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_what_is_asked_for_is_claimed(install: Install, supervisor: Supervisor) -> None:
    listening = install()
    sockets = netutil.bind_sockets(0, "127.0.0.1", socket.AF_INET, 7, socket.AI_PASSIVE)
    assert supervisor.claims == [
        Claim(0, "127.0.0.1", int(socket.AF_INET), 7, int(socket.AI_PASSIVE))
    ]
    assert not sockets[0].getblocking()
    assert sockets[0].getsockname() == next(iter(supervisor.listeners)).getsockname()
    close_all(sockets)
    assert listening.task_id() is None


def test_unix_socket(
    install: Install, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    install()
    with netutil.bind_unix_socket("app.sock", 0o660, 9) as sock:
        assert sock.family == socket.AF_UNIX
    assert supervisor.claims == [Claim(unix_path="app.sock", unix_mode=0o660, backlog=9)]


def test_equal_claims_are_counted(install: Install, supervisor: Supervisor) -> None:
    install()
    sockets = [
        *netutil.bind_sockets(0, "127.0.0.1"),
        *netutil.bind_sockets(0, "127.0.0.1"),
        *netutil.bind_sockets(0, "localhost", socket.AF_INET),
        *netutil.bind_sockets(0, "127.0.0.1", backlog=5),
    ]
    assert [claim.occurrence for claim in supervisor.claims] == [0, 1, 0, 2]
    assert len({sock.getsockname() for sock in sockets}) == 4
    close_all(sockets)


def test_claims_of_two_schemes_are_counted_as_one(install: Install, supervisor: Supervisor) -> None:
    """The supervisor tells addresses by nothing else: both servers would have the same port."""

    async def serve() -> None:
        for options in (None, ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)):
            server = HTTPServer(Application(), ssl_options=options)
            server.listen(0, "127.0.0.1")
            server.stop()

    install()
    asyncio.run(serve())
    assert [claim.scheme for claim in supervisor.claims] == ["http", "https"]
    assert [claim.occurrence for claim in supervisor.claims] == [0, 1]


def test_a_successor_gets_the_same_ports(install: Install, supervisor: Supervisor) -> None:
    places = []
    for _ in range(2):
        install()
        sockets = [*netutil.bind_sockets(0, "127.0.0.1"), *netutil.bind_sockets(0, "127.0.0.1")]
        places.append([sock.getsockname() for sock in sockets])
        close_all(sockets)
    assert places[0] == places[1]


def test_refused(install: Install) -> None:
    install()
    other, port = bind_unused_port()
    with other, pytest.raises(OSError, match="in use") as caught:
        netutil.bind_sockets(port, "127.0.0.1")
    assert isinstance(caught.value, Refused)
    assert caught.value.errno == errno.EADDRINUSE
    assert f"port {port} of 127.0.0.1 is taken" in caught.value.reason


def test_refused_without_a_number() -> None:
    error = Refused(0, "AF_UNIX path too long")
    assert isinstance(error, OSError)
    assert error.strerror == "AF_UNIX path too long"


# ---- the person's port and address ----


class Echo(tcpserver.TCPServer):
    """A server of another protocol."""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def ports_of(supervisor: Supervisor) -> list[tuple[int, str]]:
    return [(claim.port, claim.scheme) for claim in supervisor.claims]


@pytest.mark.parametrize("way", ["listen", "bind"])
def test_the_port_is_for_the_first_http_server(
    install: Install, supervisor: Supervisor, way: str
) -> None:
    listening = install(port=0)
    assert listening.has_port_left

    async def test() -> None:
        own = free_port()
        echo, http = Echo(), Server.named("x")
        getattr(echo, way)(own, "127.0.0.1")
        is_left = listening.has_port_left
        assert is_left
        http.listen(free_port(), "127.0.0.1")
        assert not listening.has_port_left
        assert ports_of(supervisor) == [(own, "tcp"), (0, "http")]
        if way == "bind":
            echo.start()
        echo.stop()
        await http.end()

    run(test)


def test_a_port_that_was_given_to_another_protocol(
    install: Install, supervisor: Supervisor
) -> None:
    """Of bare sockets that is seen late; the program is started again with what was learned."""
    told: list[int] = []
    own = free_port()

    async def test() -> None:
        echo = Echo()
        echo.add_sockets(netutil.bind_sockets(own, "127.0.0.1"))
        echo.stop()

    install(port=0, on_not_http=told.append)
    run(test)
    assert told == [own]
    install(port=0, on_not_http=told.append, not_http=told)
    run(test)
    assert told == [own]
    assert ports_of(supervisor) == [(0, "http"), (own, "tcp")]


def test_the_scheme_of_a_server(install: Install, supervisor: Supervisor) -> None:
    install()
    server = HTTPServer(Application(), ssl_options=ssl.create_default_context())

    async def test() -> None:
        server.listen(0, "127.0.0.1")
        server.stop()

    run(test)
    assert ports_of(supervisor) == [(0, "https")]


@pytest.mark.parametrize(
    ("make", "scheme"),
    [
        (lambda: HTTPServer(Application()), None),
        (lambda: HTTPServer(Application(), ssl_options=ssl.create_default_context()), "https"),
        (tcpserver.TCPServer, "tcp"),
    ],
)
def test_the_scheme_of_a_server_that_comes_after_its_socket(
    install: Install,
    supervisor: Supervisor,
    make: Callable[[], tcpserver.TCPServer],
    scheme: str | None,
) -> None:
    listening = install()

    async def test() -> None:
        server = make()
        first, second = (netutil.bind_sockets(0, "127.0.0.1") for _ in range(2))
        server.add_sockets([*first, *second])
        server.stop()

    asyncio.run(test())
    assert [claim.scheme for claim in supervisor.claims] == ["http", "http"]
    known = [replace(claim, scheme=scheme) for claim in supervisor.claims if scheme]
    assert listening.corrected(supervisor.claims) == (*supervisor.claims, *known)


def test_a_refusal_tells_its_reason() -> None:
    """Also where a program prints it, or a child that it forks dies of it."""
    error = Refused(errno.EPERM, "a good sentence")
    assert str(error) == "[Errno 1] Operation not permitted: a good sentence"


@pytest.fixture
def claims_alone(supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> list[Claim]:
    """Claims are noted and nothing is bound."""

    def note(claim: Claim) -> list[int]:
        supervisor.claims.append(claim)
        return []

    monkeypatch.setattr(supervisor, "ask", note)
    return supervisor.claims


def places(claims: list[Claim]) -> list[tuple[int, str | None, int]]:
    return [(claim.port, claim.address, claim.occurrence) for claim in claims]


def test_without_overrides(install: Install, claims_alone: list[Claim]) -> None:
    install()
    netutil.bind_sockets(8888)
    netutil.bind_sockets(8889, "10.0.0.1")
    assert places(claims_alone) == [(8888, None, 0), (8889, "10.0.0.1", 0)]


def test_port_replaces_the_first_alone(install: Install, claims_alone: list[Claim]) -> None:
    install(port=9000)
    netutil.bind_sockets(8888)
    netutil.bind_sockets(8889)
    netutil.bind_sockets(0)
    assert places(claims_alone) == [(9000, None, 0), (8889, None, 0), (0, None, 0)]


def test_port_replaces_the_first_on_each_address(
    install: Install, claims_alone: list[Claim]
) -> None:
    install(port=9000)
    netutil.bind_sockets(8888, "127.0.0.1")
    netutil.bind_sockets("8888", "::1")  # type: ignore[arg-type]  # Tornado takes it
    netutil.bind_sockets(8889, "::1")
    assert places(claims_alone) == [(9000, "127.0.0.1", 0), (9000, "::1", 0), (8889, "::1", 0)]


def test_port_replaces_port_0_once(install: Install, claims_alone: list[Claim]) -> None:
    install(port=9000)
    netutil.bind_sockets(0)
    netutil.bind_sockets(0)
    assert places(claims_alone) == [(9000, None, 0), (0, None, 0)]


def test_port_0_replaces_too(install: Install, claims_alone: list[Claim]) -> None:
    install(port=0)
    netutil.bind_sockets(8888)
    assert places(claims_alone) == [(0, None, 0)]


def test_address_replaces_every_one(install: Install, claims_alone: list[Claim]) -> None:
    install(address="0.0.0.0")
    netutil.bind_sockets(8888)
    netutil.bind_sockets(8889, "127.0.0.1")
    assert places(claims_alone) == [(8888, "0.0.0.0", 0), (8889, "0.0.0.0", 0)]


# ---- processes ----


def test_fork_processes_tells_the_slot(install: Install) -> None:
    install(slot=3)
    assert process.task_id() is None
    assert process.fork_processes(0) == 3
    assert process.task_id() == 3


def test_bind_and_start_several(install: Install, supervisor: Supervisor) -> None:
    async def test() -> None:
        listening = install(slot=1)
        server = Server.named("a")
        server.bind(0, "127.0.0.1")
        server.start(4)
        assert process.task_id() == 1
        listening.open()
        assert await ask_for_page(next(iter(supervisor.listeners))) == "a"
        await server.end()

    run(test)


# ---- the gate ----


def connected_to(sock: socket.socket) -> socket.socket:
    """A client in the backlog of a listening socket."""
    if sock.family == socket.AF_UNIX:
        client = socket.socket(socket.AF_UNIX)
        client.connect(sock.getsockname())
        return client
    return socket.create_connection(_place(sock), timeout=10)


def test_nothing_accepts_before_open(
    install: Install, supervisor: Supervisor, first_listens: list[bool]
) -> None:
    async def test() -> None:
        listening = install()
        server = Server.named("a")
        assert first_listens == []
        server.listen(0, "127.0.0.1")
        assert first_listens == [True]
        [sock] = supervisor.listeners
        with connected_to(sock):
            await turns()
            assert server.accepted == 0
            listening.open()
            await turns()
            assert server.accepted == 1
        assert await ask_for_page(sock) == "a"
        await server.end()

    run(test)


def test_nothing_accepts_after_close(install: Install, supervisor: Supervisor) -> None:
    async def test() -> None:
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        listening.open()
        [sock] = supervisor.listeners
        assert await ask_for_page(sock) == "a"
        listening.close(asyncio.get_running_loop())
        with connected_to(sock):
            await turns()
            assert server.accepted == 1
            # It waits for whoever comes next.
            sock.accept()[0].close()
        listening.close(asyncio.get_running_loop())
        await server.end()

    run(test)


@pytest.mark.parametrize("opened", [True, False])
def test_who_waits_is_accepted_at_the_end_where_it_would_have_been_before(
    install: Install, supervisor: Supervisor, opened: bool
) -> None:
    async def test() -> None:
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        if opened:
            listening.open()
        [sock] = supervisor.listeners
        clients = [connected_to(sock) for _ in range(3)]
        # In one turn: the server's own handler has not run.
        listening.close(asyncio.get_running_loop(), final=True)
        assert server.accepted == (3 if opened else 0)
        await turns()
        for client in clients:
            client.close()
        await server.end()

    run(test)


@pytest.mark.parametrize("reserved", [True, False])
def test_closing_takes_no_descriptor(
    install: Install, supervisor: Supervisor, reserved: bool
) -> None:
    """At a worker's limit there may be none; the end must not depend on it."""

    async def test() -> None:
        placeholder = socket.socket(socket.AF_UNIX) if reserved else None
        listening = install(placeholder=placeholder)
        server = Server.named("it")
        server.listen(0, "127.0.0.1")
        listening.open()
        (sock,) = server._sockets.values()
        listens = sock.getsockname()
        with descriptors_left(0 if reserved else 1):
            listening.close(asyncio.get_running_loop())
        assert sock.getsockname() != listens
        if placeholder is not None:
            placeholder.close()
        await server.end()

    run(test)


def test_a_server_that_comes_after_open_accepts_at_once(
    install: Install, supervisor: Supervisor, first_listens: list[bool]
) -> None:
    async def test() -> None:
        listening = install()
        first = Server.named("first")
        first.listen(0, "127.0.0.1")
        listening.open()
        second = Server.named("second")
        second.listen(0, "127.0.0.1")
        assert [await ask_for_page(sock) for sock in supervisor.listeners] == ["first", "second"]
        assert first_listens == [True]
        listening.close(asyncio.get_running_loop())
        for sock in supervisor.listeners:
            with connected_to(sock):
                await turns()
        assert (first.accepted, second.accepted) == (1, 1)
        await first.end()
        await second.end()

    run(test)


@pytest.mark.parametrize("opened", [False, True])
def test_a_server_that_comes_after_close_does_not_accept(
    install: Install, supervisor: Supervisor, opened: bool
) -> None:
    async def test() -> None:
        listening = install()
        first = Server.named("first")
        first.listen(0, "127.0.0.1")
        if opened:
            listening.open()
        listening.close(asyncio.get_running_loop())
        second = Server.named("second")
        second.listen(0, "127.0.0.1")
        listening.open()  # late: it had been closed for good
        for sock in supervisor.listeners:
            with connected_to(sock):
                await turns()
        assert (first.accepted, second.accepted) == (0, 0)
        await first.end()
        await second.end()

    run(test)


def test_open_twice(install: Install, supervisor: Supervisor) -> None:
    async def test() -> None:
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        listening.open()
        listening.open()
        assert await ask_for_page(next(iter(supervisor.listeners))) == "a"
        await server.end()

    run(test)


def test_a_server_that_is_stopped_while_another_thread_opens(
    install: Install, supervisor: Supervisor
) -> None:
    async def test() -> None:
        troubles: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, said: troubles.append(said))
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        opener = threading.Thread(target=listening.open)
        opener.start()
        opener.join()  # the loop has yet to hear of it
        server.stop()
        await turns()
        assert not troubles
        await server.end()

    run(test)


@pytest.mark.parametrize("opened", [False, True])
def test_a_stopped_server_does_not_accept(
    install: Install, supervisor: Supervisor, opened: bool
) -> None:
    """Stopped by the program itself, before the gate opened or after."""

    async def test() -> None:
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        if opened:
            listening.open()
        server.stop()
        listening.open()
        with connected_to(next(iter(supervisor.listeners))):
            await turns()
        assert server.accepted == 0
        await server.end()

    run(test)


def test_the_first_listen_is_told_once(
    install: Install, supervisor: Supervisor, first_listens: list[bool]
) -> None:
    """Also where a program stops its first server and starts another one."""

    async def test() -> None:
        listening = install()
        first = Server.named("first")
        first.listen(0, "127.0.0.1")
        await first.end()
        second = Server.named("second")
        second.listen(0, "127.0.0.1")
        assert first_listens == [True]
        listening.open()
        assert await ask_for_page(list(supervisor.listeners)[1]) == "second"
        await second.end()

    run(test)


# ---- connections that move ----


async def moved(
    listening: Listening, sock: socket.socket, unread: bytes, rest: bytes
) -> str | None:
    """What a client is told whose connection another worker accepted, and had read ``unread``."""
    with connected_to(sock) as client:
        connection = await _accepted(sock)
        client.setblocking(False)
        if not listening.adopt(connection, unread):
            connection.close()
            return None
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(client, rest)
        answer = b""
        while more := await loop.sock_recv(client, 65536):
            answer += more
        return answer.decode().split("\r\n\r\n")[1]


async def _accepted(sock: socket.socket) -> socket.socket:
    connection, _ = await asyncio.get_running_loop().sock_accept(sock)
    connection.setblocking(False)
    return connection


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("read", [0, 1, 20, len(REQUEST)])
def test_a_moved_connection_goes_on(install: Install, supervisor: Supervisor, read: int) -> None:
    """Before the gate opens as well: it is not accepted again."""

    async def test() -> None:
        listening = install()
        server = Server.named("a")
        server.listen(0, "127.0.0.1")
        [sock] = supervisor.listeners
        assert await moved(listening, sock, REQUEST[:read], REQUEST[read:]) == "a"
        assert server.accepted == 1
        await server.end()

    run(test)


def test_a_moved_connection_goes_to_the_server_of_its_address(
    install: Install,
    supervisor: Supervisor,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    monkeypatch.chdir(str(tmp_path))

    async def test() -> None:
        listening = install()
        servers = [Server.named(str(number)) for number in range(4)]
        servers[0].listen(0, "127.0.0.1")
        servers[1].listen(0, "0.0.0.0")
        servers[2].add_socket(netutil.bind_unix_socket("app.sock"))
        servers[3].listen(0, "127.0.0.1")
        names = [await moved(listening, sock, b"", REQUEST) for sock in supervisor.listeners]
        assert names == ["0", "1", "2", "3"]
        for server in servers:
            await server.end()

    run(test)


@ipv6
def test_a_moved_connection_over_ipv6(install: Install, supervisor: Supervisor) -> None:
    async def test() -> None:
        listening = install()
        servers = [Server.named("4"), Server.named("6")]
        servers[0].listen(0, "0.0.0.0")
        servers[1].listen(0, "::")
        names = [await moved(listening, sock, b"", REQUEST) for sock in supervisor.listeners]
        assert names == ["4", "6"]
        for server in servers:
            await server.end()

    run(test)


def test_a_moved_connection_that_nobody_serves(
    install: Install, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is closed after a while: the program might have been about to listen there."""
    monkeypatch.setattr("tornkit.serve.worker.listening._EARLY_PATIENCE", 0.01)

    async def test() -> None:
        listening = install()
        first, second = Server.named("first"), Server.named("second")
        first.listen(0, "127.0.0.1")
        second.listen(0, "127.0.0.1")
        first.stop()
        stopped, served = supervisor.listeners
        with connected_to(stopped) as client:
            assert listening.adopt(await _accepted(stopped), b"")
            client.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(client, 100) == b""
        assert await moved(listening, served, b"", REQUEST) == "second"
        await first.end()
        await second.end()

    run(test)


@pytest.mark.parametrize("read", [0, 20])
def test_a_moved_connection_waits_until_its_address_is_listened_on(
    install: Install, supervisor: Supervisor, read: int
) -> None:
    """A program may listen in a callback, when another of its workers serves already."""

    async def test() -> None:
        listening = install()
        first, late = Server.named("first"), Server.named("late")
        first.listen(0, "127.0.0.1")
        sock = socket.create_server(("127.0.0.1", 0))
        asyncio.get_running_loop().call_later(0.01, late.add_socket, sock)
        sock.setblocking(False)
        with sock:
            assert await moved(listening, sock, REQUEST[:read], REQUEST[read:]) == "late"
            assert late.accepted == 1
            await first.end()
            await late.end()

    run(test)


def test_one_that_waited_is_not_served_within_listen(install: Install) -> None:
    """A program goes on to set up what it serves, as it may with Tornado."""

    async def test() -> None:
        listening = install()
        first, late = Server.named("first"), Server.named("late")
        first.listen(0, "127.0.0.1")
        with socket.create_server(("127.0.0.1", 0)) as sock, connected_to(sock) as client:
            sock.setblocking(False)
            client.setblocking(False)
            assert listening.adopt(await _accepted(sock), REQUEST)
            late.add_socket(sock)
            assert late.accepted == 0
            await turns()
            assert late.accepted == 1
            assert await asyncio.get_running_loop().sock_recv(client, 100)
            await late.end()
        await first.end()

    run(test)


def test_one_that_waits_needs_no_loop_that_has_ended(install: Install) -> None:
    listening = install()
    ended = Server.named("ended")

    async def listen_and_end() -> None:
        ended.listen(0, "127.0.0.1")

    asyncio.run(listen_and_end())

    async def test() -> None:
        second, late = Server.named("second"), Server.named("late")
        second.listen(0, "127.0.0.1")
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        asyncio.get_running_loop().call_later(0.01, late.add_socket, sock)
        with sock:
            assert await moved(listening, sock, b"", REQUEST) == "late"
            await late.end()
        await second.end()

    run(test)
    for sock in ended._sockets.values():
        sock.close()


def test_one_that_was_closed_meanwhile_does_not_keep_a_program_from_listening(
    install: Install,
) -> None:
    async def test() -> None:
        listening = install()
        first, late = Server.named("first"), Server.named("late")
        first.listen(0, "127.0.0.1")
        with socket.create_server(("127.0.0.1", 0)) as sock, connected_to(sock):
            sock.setblocking(False)
            connection = await _accepted(sock)
            assert listening.adopt(connection, b"")
            connection.close()  # as another thread may, that ends
            late.add_socket(sock)
            await turns()
            await late.end()
        listening.let_early_go(None)
        await first.end()

    run(test)


def test_a_moved_connection_waits_for_a_listener_in_another_thread(
    install: Install, supervisor: Supervisor
) -> None:
    def serve_late(sock: socket.socket, over: threading.Event) -> None:
        async def serve() -> None:
            late = Server.named("late")
            late.add_socket(sock)
            await asyncio.to_thread(over.wait, 20)
            await late.end()

        asyncio.run(serve())

    async def test() -> None:
        listening = install()
        first = Server.named("first")
        first.listen(0, "127.0.0.1")
        sock = socket.create_server(("127.0.0.1", 0))
        sock.setblocking(False)
        over = threading.Event()
        thread = threading.Thread(target=serve_late, args=(sock, over))
        asyncio.get_running_loop().call_later(0.01, thread.start)
        try:
            assert await moved(listening, sock, b"", REQUEST) == "late"
        finally:
            over.set()
            await asyncio.to_thread(thread.join)
            sock.close()
            await first.end()

    run(test)


@pytest.mark.parametrize("successor", [True, False])
def test_a_moved_connection_that_still_waits_at_the_end_moves_on(
    install: Install, supervisor: Supervisor, successor: bool
) -> None:
    async def test() -> None:
        listening = install()
        first = Server.named("first")
        first.listen(0, "127.0.0.1")
        moves: list[tuple[object, bytes]] = []
        with socket.create_server(("127.0.0.1", 0)) as sock, connected_to(sock) as client:
            sock.setblocking(False)
            client.setblocking(False)
            assert listening.adopt(await _accepted(sock), b"GET")
            listening.end()
            listening.let_early_go(
                (lambda moved, unread: moves.append((moved.getpeername(), unread)))
                if successor
                else None
            )
            assert moves == [(client.getsockname(), b"GET")] * successor
            assert await asyncio.get_running_loop().sock_recv(client, 100) == b""
            # What comes now has nobody to wait for.
            with connected_to(sock), await _accepted(sock) as later:
                assert not listening.adopt(later, b"")
        await first.end()

    run(test)


@pytest.mark.usefixtures("supervisor")
def test_a_moved_connection_before_anything_listens(install: Install) -> None:
    async def test() -> None:
        listening = install()
        with socket.create_server(("127.0.0.1", 0)) as sock, connected_to(sock):
            sock.setblocking(False)
            with await _accepted(sock) as connection:
                assert not listening.adopt(connection, b"")

    run(test)


def test_a_moved_connection_to_what_is_no_server(install: Install, supervisor: Supervisor) -> None:
    """A program may accept by a function of its own."""

    async def test() -> None:
        listening = install()
        [own] = netutil.bind_sockets(0, "127.0.0.1")
        remove = netutil.add_accept_handler(own, lambda connection, address: connection.close())
        [sock] = supervisor.listeners
        assert await moved(listening, sock, b"", REQUEST) is None
        remove()
        own.close()

    run(test)
