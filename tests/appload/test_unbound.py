"""Sockets that believe to be bound: UDP, Unix. For TCP see `test_inspection`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tornkit.appload.unbound import Unbound


@pytest.fixture(autouse=True)
def unbound() -> Iterator[Unbound]:
    unbound = Unbound()
    undo = unbound.install()
    yield unbound
    undo()


@pytest.fixture
def taken(unbound: Unbound) -> Iterator[tuple[str, int]]:
    """The address of a UDP socket that is really bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        assert unbound.address(sock) is None
        yield sock.getsockname()


def udp(family: int = socket.AF_INET) -> socket.socket:
    return socket.socket(family, socket.SOCK_DGRAM)


def test_a_udp_socket_takes_no_port(taken: tuple[str, int]) -> None:
    with udp() as sock, udp() as sender:
        sock.bind(taken)
        assert sock.getsockname() == taken
        sender.sendto(b"hello", taken)
        sock.settimeout(0.01)
        with pytest.raises(TimeoutError):
            sock.recv(10)


def test_it_still_sends(taken: tuple[str, int]) -> None:
    with udp() as receiver, udp() as sock:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        sock.bind(taken)
        sock.sendto(b"hello", receiver.getsockname())
        assert receiver.recv(10) == b"hello"


@pytest.mark.parametrize(
    ("family", "address", "told"),
    [
        (socket.AF_INET, ("", 5353), ("0.0.0.0", 5353)),
        (socket.AF_INET, ("<broadcast>", 67), ("255.255.255.255", 67)),
        (socket.AF_INET6, ("::", 5353, 0, 0), ("::", 5353, 0, 0)),
    ],
)
def test_the_address_is_told_as_the_system_tells_it(
    family: int, address: tuple[str, int], told: tuple[str, int]
) -> None:
    with udp(family) as sock:
        sock.bind(address)
        assert sock.getsockname() == told


@pytest.mark.parametrize("address", ["nothing", ("127.0.0.1",), ("127.0.0.1", "x")])
def test_what_is_no_address_is_refused_as_ever(address: object) -> None:
    with udp() as sock, pytest.raises(TypeError):
        sock.bind(address)  # type: ignore[arg-type]


def test_asyncio_leaves_the_file_of_a_unix_socket_to_its_server(tmp_path: Path) -> None:
    path = tmp_path / "socket"

    async def look_at() -> None:
        server = await asyncio.start_unix_server(lambda reader, writer: None, path)
        assert [each.getsockname() for each in server.sockets] == [str(path)]
        server.close()

    with socket.socket(socket.AF_UNIX) as serving, socket.socket(socket.AF_UNIX) as client:
        serving.bind(str(path))
        serving.listen()
        asyncio.run(look_at())
        client.connect(str(path))


def test_a_unix_socket_that_is_handed_to_asyncio_is_as_it_was(tmp_path: Path) -> None:
    async def serve(sock: socket.socket) -> None:
        server = await asyncio.start_unix_server(lambda reader, writer: writer.close(), sock=sock)
        reader, writer = await asyncio.open_unix_connection(tmp_path / "socket")
        assert await reader.read() == b""
        writer.close()
        server.close()

    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "socket"))
        asyncio.run(serve(sock))
