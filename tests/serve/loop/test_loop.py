"""The supervisor's loop, with real descriptors, signals and threads."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from functools import partial

import pytest

from tornkit.serve.loop.loop import Loop

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(10)]


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


def no_signal(number: int) -> None:
    raise AssertionError(f"signal {number}")


def test_readable(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    heard: list[bytes] = []
    loop.listen(ours, lambda: heard.append(ours.recv(99)))
    theirs.send(b"a")
    loop.turn(no_signal)
    assert heard == [b"a"]
    loop.unlisten(ours)
    theirs.send(b"b")
    loop.wake()
    loop.turn(no_signal)
    assert heard == [b"a"]


def test_writable_only_while_it_is_wanted(
    loop: Loop, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, _ = pair
    done: list[str] = []
    loop.want_write(ours, lambda: done.append("not listened to"))
    loop.listen(ours, lambda: done.append("read"))
    loop.want_write(ours, lambda: done.append("write"))
    loop.turn(no_signal)
    assert done == ["write"]
    loop.want_write(ours, None)
    loop.wake()
    loop.turn(no_signal)
    assert done == ["write"]


def test_one_that_is_closed(loop: Loop, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = pair
    loop.listen(ours, lambda: None)
    loop.unlisten(ours)
    ours.close()
    loop.unlisten(ours)
    loop.want_write(ours, lambda: None)


def test_timers(loop: Loop) -> None:
    done: list[str] = []
    loop.at(loop.now() + 3600, lambda: done.append("never"))
    loop.at(loop.now() + 0.01, lambda: done.append("cancelled")).cancel()
    loop.soon(lambda: done.append("soon"))
    assert done == []
    loop.turn(no_signal)
    assert done == ["soon"]
    loop.at(loop.now() + 0.02, lambda: done.append("late"))
    while done == ["soon"]:
        loop.turn(no_signal)
    assert done == ["soon", "late"]


def test_woken_by_a_thread(loop: Loop) -> None:
    thread = threading.Thread(target=loop.wake)
    thread.start()
    loop.turn(no_signal)  # nothing else would end it
    thread.join()


def test_many_wakes_are_one(loop: Loop) -> None:
    for _ in range(100_000):
        loop.wake()
    loop.turn(no_signal)
    done: list[str] = []
    loop.at(loop.now() + 0.01, lambda: done.append("slept"))
    loop.turn(no_signal)
    assert done == ["slept"]


def test_wake_after_close_is_late_and_no_harm(loop: Loop) -> None:
    loop.close()
    loop.wake()


def test_signals_are_queued(loop: Loop) -> None:
    before = signal.getsignal(signal.SIGHUP)
    numbers: list[int] = []
    with loop.signals(signal.SIGHUP, signal.SIGUSR1):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGUSR1)
        assert numbers == []
        while len(numbers) < 2:
            loop.turn(numbers.append)
    assert numbers == [signal.SIGHUP, signal.SIGUSR1]
    assert signal.getsignal(signal.SIGHUP) is before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_signal_ends_the_wait(loop: Loop) -> None:
    numbers: list[int] = []
    with loop.signals(signal.SIGUSR1):
        timer = threading.Timer(0.01, lambda: signal.pthread_kill(main, signal.SIGUSR1))
        main = threading.get_ident()
        timer.start()
        while not numbers:
            loop.turn(numbers.append)
        timer.join()
    assert numbers == [signal.SIGUSR1]


# ---- what the system refuses ----


def refused() -> None:
    raise OSError(24, "Too many open files")


def test_what_is_refused_is_told_and_nothing_else_misses_its_turn(
    loop: Loop, pair: tuple[socket.socket, socket.socket]
) -> None:
    ours, theirs = pair
    troubles: list[OSError] = []
    done: list[str] = []
    loop.on_trouble = troubles.append
    loop.listen(ours, refused)
    loop.soon(refused)
    loop.soon(lambda: done.append("timer"))
    theirs.send(b"a")
    with loop.signals(signal.SIGUSR1):
        signal.raise_signal(signal.SIGUSR1)
        loop.turn(lambda number: refused())
    assert [error.errno for error in troubles] == [24, 24, 24]
    assert done == ["timer"]


def test_a_mistake_is_not_what_the_system_refuses(loop: Loop) -> None:
    loop.on_trouble = lambda error: None
    loop.soon(partial(next, iter(())))
    with pytest.raises(StopIteration):
        loop.turn(no_signal)


def test_without_anybody_to_tell_it_is_raised(loop: Loop) -> None:
    loop.soon(refused)
    with pytest.raises(OSError, match="Too many"):
        loop.turn(no_signal)
