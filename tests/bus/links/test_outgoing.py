"""Frames that wait: all arrive, in order, and in time that grows with their size alone."""

from __future__ import annotations

import contextlib
import random
import socket
import time
from collections.abc import Iterator

import pytest

from tornkit.bus.links.outgoing import Outgoing


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("seed", range(5))
def test_all_arrives_in_order(pair: tuple[socket.socket, socket.socket], seed: int) -> None:
    rng = random.Random(seed)
    ours, theirs = pair
    outgoing = Outgoing()
    expected, received = b"", b""
    for _ in range(100):
        if rng.random() < 0.7:
            frame = rng.randbytes(rng.choice([1, 100, 10_000, 300_000]))
            expected += frame
            outgoing.add(frame)
        else:
            assert outgoing.send(ours) is not bool(outgoing)
            if rng.random() < 0.7:
                with contextlib.suppress(BlockingIOError):
                    received += theirs.recv(rng.choice([10, 1_000_000]))
        assert outgoing.size == len(b"".join(bytes(each) for each in outgoing._frames))
    while outgoing:
        outgoing.send(ours)
        received += theirs.recv(1_000_000)
    with contextlib.suppress(BlockingIOError):
        while True:
            received += theirs.recv(1_000_000)
    assert received == expected
    assert outgoing.size == 0


def test_much_takes_no_ages(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    outgoing = Outgoing()
    outgoing.add(bytes(30_000_000))
    for _ in range(30_000):
        outgoing.add(bytes(1000))
    began, received = time.process_time(), 0
    while received < 60_000_000:
        outgoing.send(ours)
        received += len(theirs.recv(1_000_000))
    assert time.process_time() - began < 3


def test_the_other_end_has_gone(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    outgoing = Outgoing()
    outgoing.add(b"x")
    theirs.close()
    with pytest.raises(OSError):  # noqa: PT011 - whichever it is
        outgoing.send(ours)


def test_nothing_is_left_of_what_is_cleared(pair: tuple[socket.socket, socket.socket]) -> None:
    outgoing = Outgoing()
    outgoing.add(b"x")
    outgoing.clear()
    assert (bool(outgoing), outgoing.size) == (False, 0)
    assert outgoing.send(pair[0])
