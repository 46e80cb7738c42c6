"""Who has something to read is called, and nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import Callable, Iterator
from contextvars import Context, ContextVar, copy_context
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER_LOOP, GET, serving, turns, until
from tornkit import linux
from tornkit.engine.server import HTTPServer
from tornkit.engine.transport import poller as pollers
from tornkit.engine.transport.outbox import Outbox
from tornkit.engine.transport.poller import Poller, new_poller

pytestmark = EITHER_LOOP

EACH = pytest.mark.parametrize("make", [new_poller, pollers._Loop], ids=["epoll", "loop"])
Make = Callable[[asyncio.AbstractEventLoop], Poller]


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("Hello")


class Readers:
    """Pairs of sockets, of which one end is watched."""

    def __init__(self, make: Make) -> None:
        self.poller = make(asyncio.get_running_loop())
        self.heard: list[Any] = []
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.watched: set[int] = set()

    def add(
        self, on_readable: Callable[[], None] | None = None, variables: Context | None = None
    ) -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        number = len(self.pairs)
        self.pairs.append((ours, theirs))
        self.watch(number, on_readable or (lambda: self.hear(number)), variables)
        return number

    def watch(
        self, number: int, on_readable: Callable[[], None], variables: Context | None = None
    ) -> None:
        self.poller.add(self.pairs[number][0].fileno(), variables or copy_context(), on_readable)
        self.watched.add(number)

    def remove(self, number: int) -> None:
        self.poller.remove(self.pairs[number][0].fileno())
        self.watched.discard(number)

    def hear(self, number: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self.heard.append((number, self.pairs[number][0].recv(100)))

    def say(self, number: int, data: bytes = b"x") -> None:
        self.pairs[number][1].send(data)


@contextlib.contextmanager
def readers(make: Make) -> Iterator[Readers]:
    made = Readers(make)
    try:
        yield made
    finally:
        for number in list(made.watched):
            made.remove(number)
        for pair in made.pairs:
            for sock in pair:
                sock.close()


@EACH
async def test_each_is_told_of_its_own(make: Make) -> None:
    with readers(make) as made:
        for _ in range(3):
            made.add()
        await turns()
        assert made.heard == []
        made.say(1, b"a")
        await until(lambda: made.heard == [(1, b"a")])
        made.say(2, b"b")
        made.say(0, b"c")
        await until(lambda: len(made.heard) == 3)
        assert sorted(made.heard) == [(0, b"c"), (1, b"a"), (2, b"b")]


@EACH
async def test_it_is_told_as_long_as_there_is_something(make: Make) -> None:
    with readers(make) as made:
        times: list[None] = []
        number = made.add(lambda: times.append(None))
        made.say(number)
        await until(lambda: len(times) > 3)


@EACH
async def test_the_end_is_something(make: Make) -> None:
    with readers(make) as made:
        number = made.add()
        made.pairs[number][1].close()
        await until(lambda: (number, b"") in made.heard)


@EACH
async def test_who_was_removed_is_told_nothing(make: Make) -> None:
    with readers(make) as made:

        def first_of(number: int, other: int) -> Callable[[], None]:
            def on_readable() -> None:
                made.hear(number)
                if other in made.watched:
                    made.remove(other)

            return on_readable

        # Both have something in the same turn: whoever is called first removes the other.
        made.add(first_of(0, 1))
        made.add(first_of(1, 0))
        made.say(0)
        made.say(1)
        await until(lambda: bool(made.heard))
        await turns()
        assert len(made.heard) == 1


@EACH
async def test_it_may_be_added_again(make: Make) -> None:
    with readers(make) as made:
        number = made.add()
        for data in (b"a", b"b", b"c"):
            made.remove(number)  # nobody is left then
            made.say(number, data)
            await turns(3)
            assert made.heard == []
            made.watch(number, lambda: made.hear(number))
            await until(lambda data=data: made.heard == [(number, data)])  # type: ignore[misc]
            made.heard.clear()


_name: ContextVar[str] = ContextVar("name", default="nobody")


@EACH
async def test_each_is_called_in_its_own_context(make: Make) -> None:
    with readers(make) as made:
        for name in ("a", "b"):
            variables = copy_context()
            variables.run(_name.set, name)
            number = len(made.pairs)

            def on_readable(number: int = number) -> None:
                made.hear(number)
                made.heard.append(_name.get())

            made.add(on_readable, variables)
        made.say(0)
        await until(lambda: len(made.heard) == 2)
        made.say(1)
        await until(lambda: len(made.heard) == 4)
        assert made.heard == [(0, b"x"), "a", (1, b"x"), "b"]
        assert _name.get() == "nobody"


@EACH
async def test_one_that_raises_takes_nothing_from_the_others(make: Make) -> None:
    said: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda loop, context: said.append(context["exception"])
    )
    with readers(make) as made:

        def broken(number: int) -> Callable[[], None]:
            def on_readable() -> None:
                made.hear(number)
                raise KeyError(number)

            return on_readable

        for number in range(4):
            made.add(broken(number) if number % 2 else None)
        for number in range(4):
            made.say(number)
        await until(lambda: len(made.heard) == 4 and len(said) == 2)
        assert sorted(error.args for error in said) == [(1,), (3,)]


@pytest.mark.skipif(not linux.HAS_EPOLL, reason="this system has no epoll")
async def test_a_broken_socket_is_told_of_again_and_again() -> None:
    with readers(new_poller) as made:
        assert not made.poller.tells_once
        listener = socket.create_server(("127.0.0.1", 0))
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
        listener.close()
        made.pairs.append((ours, theirs))
        times: list[None] = []
        made.watch(0, lambda: times.append(None))
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        await until(lambda: len(times) > 3)


async def test_where_there_is_no_epoll_the_loop_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linux, "HAS_EPOLL", False)
    loop = asyncio.get_running_loop()
    made = new_poller(loop)
    assert isinstance(made, pollers._Loop)
    assert made.tells_once == (not isinstance(loop, asyncio.BaseEventLoop))
    async with serving(HTTPServer, Application([("/", Hello)])) as served:
        client = await served.connect()
        for _ in range(3):
            await client.send(GET)
            assert (await client.read_response()).body == b"Hello"
        client.reset()
        await until(lambda: not served.connections)


async def test_many_connections_of_one_server_come_and_go() -> None:
    async with serving(HTTPServer, Application([("/", Hello)])) as served:
        for _ in range(3):
            clients = [await served.connect() for _ in range(20)]
            for client in clients:
                await client.send(GET)
            for client in clients:
                assert (await client.read_response()).body == b"Hello"
            for number, client in enumerate(clients):
                if number % 2:
                    client.close()
                else:
                    client.reset()
            await until(lambda: not served.connections)


@pytest.mark.skipif(not linux.HAS_EPOLL, reason="this system has no epoll")
async def test_where_no_descriptor_is_left_the_loop_does_it_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_left() -> None:
        raise OSError(24, "Too many open files")

    with readers(new_poller) as made:
        with monkeypatch.context() as patch:
            patch.setattr(select, "epoll", none_left)
            first = made.add()
        second = made.add()
        for number in (first, second):
            made.say(number)
        await until(lambda: len(made.heard) == 2)
        made.remove(first)
        made.say(first)
        made.say(second)
        await until(lambda: len(made.heard) == 3)
        await turns(3)
        assert made.heard[2] == (second, b"x")


class FullEpoll:
    """One that has no room for some descriptors (fs.epoll.max_user_watches, ENOMEM)."""

    def __init__(self) -> None:
        self._epoll = EPOLL()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._epoll, name)

    def register(self, fd: int, events: int) -> None:
        raise OSError(28, "No space left on device")


EPOLL: Any = getattr(select, "epoll", None)


@pytest.mark.skipif(EPOLL is None, reason="this system has no epoll")
async def test_where_an_epoll_is_full_the_loop_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with readers(new_poller) as made:
        with monkeypatch.context() as patch:
            patch.setattr(select, "epoll", FullEpoll)
            first = made.add()
        second = made.add()
        for number in (first, second):
            made.say(number)
        await until(lambda: len(made.heard) == 2)
        made.remove(first)
        made.remove(second)


async def test_a_connection_that_nobody_can_watch_is_closed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a line, and the others go on."""

    def refuse(self: object, *arguments: object) -> None:
        raise OSError(28, "No space left on device")

    async with serving(HTTPServer, Application([("/", Hello)])) as served:
        other = await served.connect()
        await other.send(GET)
        assert (await other.read_response()).body == b"Hello"
        with monkeypatch.context() as patch:
            patch.setattr(pollers._Epoll, "add", refuse)
            patch.setattr(pollers._Loop, "add", refuse)
            client = await served.knock()
            assert await client.rest() == b""
        assert "can't be watched" in caplog.text
        assert "Traceback" not in caplog.text
        await other.send(GET)
        assert (await other.read_response()).body == b"Hello"


class Big(RequestHandler):
    def get(self) -> None:
        self.write(b"x" * 8_000_000)


async def test_a_response_that_nobody_would_send_on_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop has no room for a writer: a client must not wait for the rest for ever."""

    def refuse(self: object, *arguments: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Outbox, "__init__", refuse)
    async with serving(HTTPServer, Application([("/", Big)])) as served:
        client = await served.connect()
        await client.send(GET)
        assert len(await client.rest()) < 8_000_000
        await until(lambda: not served.connections)


async def test_nothing_is_open_while_nobody_is_watched() -> None:
    def descriptors() -> int:
        return len(list(Path("/dev/fd").iterdir()))

    before = descriptors()
    with readers(new_poller) as made:
        for _ in range(3):
            number = made.add()
            made.remove(number)
    assert descriptors() == before


def test_a_server_in_two_loops_has_one_for_each() -> None:
    server = HTTPServer(Application())
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        pollers = [server.poller_of(loop) for loop in (first, second, first, second)]
        assert pollers[0] is pollers[2]
        assert pollers[1] is pollers[3]
        assert pollers[0] is not pollers[1]
    finally:
        first.close()
        second.close()
