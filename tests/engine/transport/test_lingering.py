"""Sockets whose clients are still sending: closed when these have seen the end, or in time."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Iterator
from typing import Any
from weakref import ref

import pytest

from tests.engine.serving import EITHER_LOOP, serving, turns, until
from tests.engine.test_delivery import application, head
from tornkit.engine.draining import Connections
from tornkit.engine.server import HTTPServer
from tornkit.engine.transport.lingering import close_slowly, number_in

pytestmark = EITHER_LOOP


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    for each in (ours, theirs):
        each.setblocking(False)
    with ours, theirs:
        yield ours, theirs


async def test_it_closes_when_the_client_has_ended(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    close_slowly(ours, asyncio.get_running_loop())
    assert theirs.recv(1) == b""
    theirs.send(b"more")
    await turns()
    assert ours.fileno() >= 0
    theirs.close()
    await until(lambda: ours.fileno() < 0)
    assert number_in(asyncio.get_running_loop()) == 0


async def test_it_closes_at_once_where_the_loop_has_no_room_for_it(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    class Full:
        add_reader = staticmethod(refuse)

    ours, _ = pair
    close_slowly(ours, Full())  # type: ignore[arg-type]
    assert ours.fileno() < 0


@pytest.mark.parametrize("ends", [True, False])
async def test_a_drain_waits_for_a_client_that_is_still_sending(
    ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of the process it would be reset, and might not see its answer."""
    monkeypatch.setattr("tornkit.engine.draining._LINGER", 0.2)
    connections = Connections()
    monkeypatch.setattr(HTTPServer, "observer", connections)
    async with serving(HTTPServer, application()) as here:
        client = await here.connect()
        await client.send(head("/hasty", 100) + b"a part")
        await until(lambda: not here.connections)
        connections.begin_drain(None)
        drained: asyncio.Task[Any] = asyncio.ensure_future(connections.drained(5))
        await turns()
        assert not drained.done()
        await client.send(b"another")
        if ends:
            assert b"200 OK" in await client.rest()
            client.close()
        await drained
        loop = asyncio.get_running_loop()
        await until(lambda: number_in(loop) == (0 if ends else 1))
        client.close()
        await until(lambda: number_in(loop) == 0)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_none_outlives_its_loop(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    copy = ours.dup()
    kept = ref(copy)
    loop = asyncio.new_event_loop()
    close_slowly(copy, loop)
    loop.close()
    del loop, copy
    gc.collect()
    assert kept() is None
