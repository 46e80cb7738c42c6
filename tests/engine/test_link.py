"""A socket with its buffers: bytes in, bytes out, and the end, whatever is spoken."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest

from tests.engine.serving import EITHER_LOOP, turns, until
from tornkit.engine.link import READ, Link
from tornkit.engine.transport.poller import new_poller

pytestmark = EITHER_LOOP

LONG = b"x" * 4_000_000  # bytes: more than a socket takes


class Line(Link):
    """Takes lines, and notes them."""

    def __init__(self, sock: socket.socket, *, unread: bytes = b"", patience: float = 60) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(sock, loop, new_poller(loop), unread, patience=patience)
        self.lines: list[bytes] = []
        self.ends: list[OSError | None] = []
        self.shuts: list[OSError | None] = []
        self.works = False
        self._resume()

    def _received(self) -> bool:
        while not self.works and b"\n" in self.unread:
            self.lines.append(self.take(self.unread.index(b"\n") + 1))
        if len(self._inbox) >= READ:
            self._pause()
        return bool(self._inbox) and not self.works

    def _on_end(self, error: OSError | None = None) -> None:
        self.ends.append(error)
        self.shut(error)

    @property
    def busy(self) -> bool:
        return self.works

    @property
    def idle(self) -> bool:
        return not self.works and not self._inbox

    def shut(self, error: OSError | None = None) -> None:
        if self.closed:
            return
        self.shuts.append(error)
        for waiter in self.let_loose():
            waiter(False)
        self.sock.close()


@contextlib.asynccontextmanager
async def linked(
    unread: bytes = b"", patience: float = 60
) -> AsyncIterator[tuple[Line, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    link = Line(ours, unread=unread, patience=patience)
    try:
        yield link, theirs
    finally:
        link.shut()
        theirs.close()
        await turns(2)


async def test_what_comes_is_handed_over_as_it_comes() -> None:
    async with linked(b"of be") as (link, client):
        assert link.unread == b"of be"
        client.send(b"fore\nmore\nand")
        await until(lambda: len(link.lines) == 2)
        assert link.lines == [b"of before\n", b"more\n"]
        assert (link.has(3), link.has(4)) == (True, False)
        assert link.take(2) == b"an"
        assert link.unread == b"d"


async def test_nothing_is_read_while_the_inbox_is_full() -> None:
    async with linked() as (link, client):
        link.works = True
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while True:
                sent += client.send(b"y" * 65536)
        await until(lambda: not link._reading)
        await turns(5)
        assert READ <= len(link.unread) <= 2 * READ
        held = len(link.unread)
        link.read_on()
        assert not link._reading, "there is no room yet"
        while link.unread:
            link.take(READ)
            link.read_on()
            await turns(3)
            held += len(link.unread)
        assert held >= sent


async def test_what_is_sent_goes_at_once_or_later_in_order() -> None:
    async with linked() as (link, client):
        told: list[bool] = []
        assert link.send(b"first ")
        assert link.unsent == 0
        link.when_sent(told.append)
        assert told == [True]
        assert not link.send(LONG)
        assert not link.send(b"last")
        assert link.unsent > 0
        link.when_sent(told.append)
        assert told == [True]
        received = bytearray()
        while len(received) < len(LONG) + 10:
            with contextlib.suppress(BlockingIOError):
                received += client.recv(1 << 20)
            await asyncio.sleep(0)
        assert received == b"first " + LONG + b"last"
        await until(lambda: told == [True, True])
        assert link.unsent == 0


async def test_who_waits_for_what_never_goes_is_told() -> None:
    async with linked() as (link, client):
        told: list[bool] = []
        link.send(LONG)
        link.when_sent(told.append)
        client.close()
        await until(lambda: link.closed)
        assert told == [False]
        assert not link.send(b"late")
        link.when_sent(told.append)
        assert told == [False, False]


async def test_it_closes_once_all_has_gone_and_reads_nothing_meanwhile() -> None:
    async with linked() as (link, client):
        link.send(LONG)
        link._shut_after_flush()
        client.send(b"unheard\n")
        link.read_on()
        received = 0
        while received < len(LONG):
            with contextlib.suppress(BlockingIOError):
                received += len(client.recv(1 << 20))
            await asyncio.sleep(0)
        await until(lambda: link.closed)
        assert link.lines == []
    async with linked() as (link, _):
        link._shut_after_flush()
        assert link.closed, "there is nothing to wait for"


async def test_an_end_and_a_reset() -> None:
    async with linked() as (link, client):
        client.close()
        await until(lambda: link.closed)
        assert link.ends == [None]


@pytest.mark.parametrize("works", [False, True])
async def test_its_patience_is_for_the_other_side_alone(works: bool) -> None:
    async with linked(patience=0.01) as (link, _):
        link.works = works
        if works:
            await asyncio.sleep(0.03)
            assert not link.closed
            link.works = False
        await until(lambda: link.closed)
        assert link.shuts == [None]


async def test_one_that_can_not_be_watched_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with linked() as (link, _):
        link._pause()

        def refuse(*arguments: object) -> None:
            raise OSError(28, "no watch left")

        monkeypatch.setattr(link._poller, "add", refuse)
        link.read_on()
        assert not link._reading
        await until(lambda: link.closed)
        assert [str(error) for error in link.shuts] == ["[Errno 28] no watch left"]


async def test_let_loose_it_leaves_the_socket_open() -> None:
    async with linked() as (link, client):
        link.send(LONG)
        link.when_sent(lambda sent: None)
        assert len(link.let_loose()) == 1
        assert link.closed
        assert link.sock.fileno() != -1
        client.send(b"for its next owner\n")
        await turns(5)
        assert link.lines == []
        assert link.sock.recv(100) == b"for its next owner\n"
        link.sock.close()
