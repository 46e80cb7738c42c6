"""A worker's way to the hub: one end of a pair goes through the lobby, or both are closed."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tornkit.bus.links.joining import by_lobby


@pytest.fixture
def lobby() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The worker's end, which blocks, and the hub's, which does not."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Both ends of each pair that is made from now on."""
    found: list[socket.socket] = []
    socketpair = socket.socketpair

    def noted() -> tuple[socket.socket, socket.socket]:
        pair = socketpair()
        found.extend(pair)
        return pair

    monkeypatch.setattr(socket, "socketpair", noted)
    return found


def came(theirs: socket.socket) -> tuple[bytes, socket.socket]:
    """What is said in the lobby, and the only socket that comes with it."""
    said, (descriptor,), flags, _ = socket.recv_fds(theirs, 10, 2)
    assert not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC)
    return said, socket.socket(fileno=descriptor)


def test_the_other_end_comes_out_of_the_lobby(
    lobby: tuple[socket.socket, socket.socket], made: list[socket.socket]
) -> None:
    ours = by_lobby(lobby[0])
    said, other = came(lobby[1])
    with ours, other:
        assert said == b"m"
        ours.send(b"hello")
        assert other.recv(10) == b"hello"
        other.send(b"HELLO")
        assert ours.recv(10) == b"HELLO"
        assert made[0] is ours
        assert made[1].fileno() == -1, "it is the hub's alone"
        other.close()
        assert ours.recv(10) == b"", "its end is seen"


def test_each_that_comes_has_a_pair_of_its_own(lobby: tuple[socket.socket, socket.socket]) -> None:
    for number in (b"1", b"2"):
        with by_lobby(lobby[0]) as ours:
            ours.send(number)
    for number in (b"1", b"2"):
        with came(lobby[1])[1] as other:
            assert other.recv(10) == number


def test_a_full_lobby_is_not_waited_for(
    lobby: tuple[socket.socket, socket.socket], made: list[socket.socket]
) -> None:
    # As small as it goes: nothing of what it holds is ever read.
    lobby[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    waiting: list[socket.socket] = []

    def fill() -> None:
        while True:
            waiting.append(by_lobby(lobby[0]))

    with pytest.raises(OSError):  # noqa: PT011 - whichever it is
        fill()
    assert lobby[0].getblocking()
    assert [each.fileno() for each in made[-2:]] == [-1, -1], "nothing of it is left"
    assert waiting, "but for those who came before"
    for each in waiting:
        each.close()


def test_a_lobby_that_nobody_has_is_an_error(
    lobby: tuple[socket.socket, socket.socket], made: list[socket.socket]
) -> None:
    lobby[1].close()
    with pytest.raises(ConnectionError):
        by_lobby(lobby[0])
    assert [each.fileno() for each in made] == [-1, -1]
