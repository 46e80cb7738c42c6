"""Letters typed at a terminal: which does what, and when they are left to somebody else."""

from __future__ import annotations

import os
import pty
import socket
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.integration.waiting import wait_for
from tests.serve.hand_loop import HandLoop
from tornkit.devtools.page_script import FOLDER
from tornkit.serve.supervisor.keys import ASKED, Keys

pytestmark = pytest.mark.usefixtures("no_leaks")


class Room:
    """A terminal, a person at it, and what was asked for."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.asked: list[Any] = []
        self.free = True
        self.since: list[float] = []  # by which it was asked whether the terminal is
        # Not a terminal, which passes on what is typed when it gets to it.
        ours, theirs = socket.socketpair()
        self.person, self.terminal = ours.detach(), theirs.detach()
        everything: Any = self
        self.keys = Keys(self.loop, everything, self.is_free, self.terminal)
        self.keys.begin()

    def is_free(self, since: float) -> bool:
        self.since.append(since)
        return self.free

    def types(self, text: str) -> list[Any]:
        """What was asked for by it."""
        os.write(self.person, text.encode())
        self.passes()
        assert self.asked == [], "somebody else may be waiting for it"
        return self.passes(1.0)

    def passes(self, seconds: float = 0.0) -> list[Any]:
        self.loop.passes(seconds)
        asked, self.asked = self.asked, []
        return asked

    def restart(self, reason: str) -> None:
        self.asked.append(("restart", reason))

    def resize(self, change: int) -> None:
        self.asked.append(change)

    def stop(self, why: str) -> None:
        self.asked.append(("stop", why))

    def open_browser(self, path: str = "") -> None:
        self.asked.append(f"open {path}".rstrip())

    def list_routes(self) -> None:
        self.asked.append("routes")

    def clear_terminal(self) -> None:
        self.asked.append("clear")

    def show_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        self.asked.append({letter for letter, _ in keys})

    def close(self) -> None:
        for descriptor in (self.person, self.terminal):
            os.close(descriptor)
        self.loop.close()


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    # A new session would be needed for a terminal of this process's own.
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
    room = Room()
    yield room
    room.close()


def test_each_letter_with_enter(room: Room) -> None:
    assert room.types("r\n") == [("restart", ASKED)]
    assert room.types("o\nc\nl\n") == ["open", "clear", "routes"]
    assert room.types("d\n") == [f"open {FOLDER}"]
    assert room.types("w\n W \n") == [+1, -1]
    assert room.types("q\n") == [("stop", "q")]
    assert room.types("h\n") == [set("rodcwWlqh")]


def test_nothing_else_does_anything(room: Room) -> None:
    assert room.types("\nrr\nR\nrestart\n\x00\n\xff\n") == []
    assert room.types("r") == [], "not without Enter"
    assert room.types("\n") == []
    assert room.types("r\n") == [("restart", ASKED)]


def test_what_a_worker_may_read_is_left_to_it(room: Room) -> None:
    room.free = False
    assert room.types("r\n") == []
    assert room.passes(1.0) == []
    assert os.read(room.terminal, 10) == b"r\n"
    room.free = True
    assert room.passes(1.0) == []
    assert room.types("r\n") == [("restart", ASKED)]


def test_what_somebody_reads_at_once_is_theirs(room: Room) -> None:
    os.write(room.person, b"q\n")
    room.passes()
    assert os.read(room.terminal, 10) == b"q\n"
    assert room.passes(1.0) == []
    assert room.types("c\n") == ["clear"]


def test_what_counts_is_when_a_line_came(room: Room) -> None:
    """A debugger that gets no processor for a while has not turned its loop, nor read it."""
    room.free = False
    assert room.types("c\n") == []
    assert room.passes(1.0) == []
    assert len(room.since) > 1
    assert len(set(room.since)) == 1
    assert os.read(room.terminal, 10) == b"c\n"
    assert room.passes(1.0) == []
    room.free = True
    assert room.types("o\n") == ["open"]
    assert room.since[-1] > room.since[0]


def test_a_job_in_the_background_reads_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp() + 1)
    assert room.types("q\n") == []
    monkeypatch.undo()
    monkeypatch.setattr(os, "tcgetpgrp", lambda descriptor: os.getpgrp())
    assert room.passes(1.0) == [("stop", "q")], "in the foreground again"


def test_an_end_of_file_is_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D, behind which more is typed."""
    with monkeypatch.context() as first:
        first.setattr(os, "read", lambda descriptor, size: b"")
        assert room.types("c\n") == []
    assert room.passes(1.0) == ["clear"]


def test_a_terminal_that_is_gone_is_left(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(descriptor: int, size: int) -> bytes:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as first:
        first.setattr(os, "read", gone)
        assert room.types("c\n") == []
    assert room.passes(1.0) == []


def test_of_a_real_terminal(room: Room) -> None:
    person, terminal = pty.openpty()
    everything: Any = room
    Keys(room.loop, everything, lambda since: True, terminal).begin()
    os.write(person, b"c\n\x04o\n")
    asked: list[Any] = []

    def done() -> bool:
        asked.extend(room.passes(1.0))
        return asked == ["clear", "open"]

    wait_for(done, "what was typed")
    os.close(person)
    room.passes(1.0)
    os.close(terminal)


def test_what_can_not_be_waited_for_is_left_alone(room: Room) -> None:
    with open(__file__) as file:  # noqa: PTH123
        everything: Any = room
        Keys(room.loop, everything, lambda since: True, file.fileno()).begin()
        assert room.passes(1.0) == []
