"""Accepting while the process has no descriptor to give, and once it has."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.limits import descriptors_left
from tornkit.serve.worker import accepting

pytestmark = pytest.mark.usefixtures("no_leaks")


@contextlib.contextmanager
def client_of_a_listener() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.socket() as listener, socket.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        client.connect(listener.getsockname())
        yield listener, client


def close(connection: socket.socket, address: Any) -> None:
    connection.close()


def test_it_pauses_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(accepting, "_PAUSE", 0.01)
    tried: list[int] = []
    accept = accepting._Patient.accept

    def counted(self: Any) -> Any:
        tried.append(1)
        return accept(self)

    monkeypatch.setattr(accepting._Patient, "accept", counted)

    async def test() -> None:
        accepted = asyncio.Event()

        def on_connection(connection: socket.socket, address: Any) -> None:
            connection.close()
            accepted.set()

        with client_of_a_listener() as (listener, _):
            remove = accepting.add_accept_handler(listener, on_connection)
            with descriptors_left(0):
                while len(tried) < 3:
                    await asyncio.sleep(0.005)
            assert not accepted.is_set()
            await asyncio.wait_for(accepted.wait(), 5)
            remove()

    with caplog.at_level(logging.WARNING, "tornkit"):
        asyncio.run(test())
    assert [record.getMessage() for record in caplog.records] == [
        "connections wait to be accepted: Too many open files; raise the limit (ulimit -n)"
    ]


def test_it_is_not_called_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be accepted is readable: a handler that stays would be called without end."""
    tried: list[int] = []

    def refused(self: socket.socket) -> Any:
        tried.append(1)
        raise OSError(errno.ENFILE, os.strerror(errno.ENFILE))

    async def test() -> None:
        with client_of_a_listener() as (listener, _):
            with monkeypatch.context() as patch:
                patch.setattr(socket.socket, "accept", refused)
                remove = accepting.add_accept_handler(listener, close)
                for _ in range(50):
                    await asyncio.sleep(0)
                remove()
                for _ in range(50):
                    await asyncio.sleep(0)
            assert len(tried) == 1

    asyncio.run(test())


def test_stopped_while_it_pauses_it_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accepting, "_PAUSE", 0.01)

    async def test() -> None:
        heard: list[Any] = []

        def on_connection(connection: socket.socket, address: Any) -> None:
            heard.append(address)
            connection.close()

        with client_of_a_listener() as (listener, _):
            with descriptors_left(0):
                remove = accepting.add_accept_handler(listener, on_connection)
                await asyncio.sleep(0.005)
                remove()
            await asyncio.sleep(0.05)
        assert heard == []

    asyncio.run(test())


def test_what_is_wrong_is_raised_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: socket.socket) -> Any:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    async def test() -> None:
        told: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, what: told.append(what))
        with client_of_a_listener() as (listener, _), monkeypatch.context() as patch:
            patch.setattr(socket.socket, "accept", broken)
            remove = accepting.add_accept_handler(listener, close)
            while not told:
                await asyncio.sleep(0)
            remove()
        assert told[0]["exception"].errno == errno.EBADF

    asyncio.run(test())


def test_each_who_waits_is_accepted_though_a_program_s_own_handler_raises(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Any] = []

    def raising(connection: socket.socket, address: Any) -> None:
        seen.append(address)
        connection.close()
        raise ValueError("the program's own")

    with client_of_a_listener() as (listener, first), socket.socket() as second:
        second.connect(listener.getsockname())
        accepting.accept_rest(listener, raising)
        assert seen == [first.getsockname(), second.getsockname()]
    assert [record.getMessage() for record in caplog.records] == ["an accept handler raised"] * 2
    accepting.accept_rest(listener, raising)  # closed: nobody waits
    assert len(seen) == 2


@pytest.mark.parametrize("bound", ["127.0.0.1", ""])
def test_a_connection_comes_to_its_address_or_to_that_of_all(bound: str) -> None:
    listening, other = socket.create_server((bound, 0)), socket.create_server((bound, 0))
    with listening, other, socket.socket(socket.AF_UNIX) as unix:
        client = socket.create_connection(("127.0.0.1", listening.getsockname()[1]))
        with client, listening.accept()[0] as connection:
            assert accepting.came_to(listening, connection)
            assert not accepting.came_to(other, connection)
            assert not accepting.came_to(unix, connection)
            other.close()
            assert not accepting.came_to(other, connection)
        assert not accepting.came_to(listening, connection)
