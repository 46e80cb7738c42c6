"""Execution of a fresh interpreter in the place of a worker."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tornkit.serve.wire.encoding import decode
from tornkit.serve.wire.messages import Boot, Lesson, Message, Prepare
from tornkit.serve.wire.processes import command
from tornkit.serve.worker import reexec

pytestmark = pytest.mark.usefixtures("no_leaks")

PREPARE = Prepare({"port": 8888, "label": "caf\xe9"})
BOOT = Boot(1, 7, Lesson(not_http=(81,)))


class Executed(Exception):
    """The process is another program's from here on."""


class Execution:
    """Stand-in for `os.execve`, which notes what would be executed."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.environment: dict[str, str] = {}
        self.inheritable: set[int] = set()
        self.blocked: set[int] = set()

    def __call__(self, path: str, words: list[str], environment: dict[str, str]) -> None:
        assert path == words[0] == sys.executable
        self.words, self.environment = words, environment
        self.inheritable = inheritable()
        self.blocked = set(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        raise Executed


def inheritable() -> set[int]:
    """The descriptors that the next program would have."""
    found = set()
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - names
        with contextlib.suppress(OSError):  # the listing's own
            if os.get_inheritable(int(name)):
                found.add(int(name))
    return found


@pytest.fixture
def execution(monkeypatch: pytest.MonkeyPatch) -> Iterator[Execution]:
    execution = Execution()
    monkeypatch.setattr(os, "execve", execution)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    yield execution
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_it_goes_on_as_the_worker_that_it_was(execution: Execution) -> None:
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    with ours, theirs:
        channel = ours.fileno()
        before = inheritable()
        with pytest.raises(Executed):
            reexec.begin(channel, PREPARE, BOOT, [reading], {"GIVEN": "1"})
        descriptor = int(execution.words[-2])
        with open(descriptor) as file:
            told: dict[str, Any] = json.load(file)
    os.close(reading)
    os.close(writing)
    assert execution.words == command("reexecuted", descriptor)
    assert execution.environment == {"GIVEN": "1"}, "as the program was started"
    assert (told["channel"], told["descriptors"]) == (channel, [reading])
    messages: list[Message] = [decode(each.encode()) for each in told["messages"]]
    assert messages == [PREPARE, BOOT]
    assert execution.inheritable - before == {descriptor, channel, reading}
    assert execution.blocked >= {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def test_orders_that_do_not_fit_into_a_pipe(execution: Execution) -> None:
    """Half a document would be no document: it goes on as the process that it is."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        with pytest.raises(OSError, match="Message too long") as caught:
            reexec.begin(ours.fileno(), Prepare({"x": "y" * 300_000}), BOOT, [], {})
        assert caught.value.errno == errno.EMSGSIZE
        assert not ours.get_inheritable()
    assert execution.words == []
    assert not execution.blocked


def test_a_process_without_room_for_the_pipe(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> tuple[int, int]:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "pipe", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        reexec.begin(0, PREPARE, BOOT, [], {})
    assert execution.words == []
