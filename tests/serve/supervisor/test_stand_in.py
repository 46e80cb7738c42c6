"""The worker that answers before anything can be served: when there is one, and its end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import CLAIM, NO_PID
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.supervisor.stand_in import StandIn
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import (
    Boot,
    Claim,
    Closed,
    Drain,
    Follows,
    Go,
    Grant,
    Message,
    OpenInEditor,
    Ready,
)
from tornkit.serve.wire.processes import ChildProcess

pytestmark = pytest.mark.usefixtures("no_leaks")


class Process(ChildProcess):
    """A process that is none."""

    def __init__(self, pid: int, channel: Channel) -> None:
        super().__init__(pid, channel)
        self.signals: list[int] = []

    def signal(self, number: int) -> None:
        self.signals.append(number)


class Stage:
    """A stand-in's supervisor and, at the other end of its channel, the stand-in."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.listeners = Listeners()
        self.adopted: list[int] = []
        self.asked: list[Any] = []
        self.processes: list[Process] = []
        self.ends: list[Channel] = []
        self.births: list[Any] = []
        self.slow = False
        self.refuses: OSError | None = None
        everything: Any = self
        self.stand_in = StandIn(
            loop=self.loop, nursery=everything, listeners=self.listeners, audience=everything
        )

    # ---- a nursery ----

    def spawn(self, count: int, environment: Any, on_born: Any) -> None:
        assert count == 1
        if self.refuses is not None:
            raise self.refuses
        self.births.append(on_born)
        if not self.slow:
            self.bears()

    def bears(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        process = Process(NO_PID, Channel(ours))
        self.processes.append(process)
        self.ends.append(Channel(theirs))
        self.births.pop()([process])

    # ---- an audience ----

    def adopt(self, descriptors: list[int], *, of_server: bool) -> None:
        assert not of_server
        self.adopted += descriptors

    def open_in_editor(self, failure: str, frame: int) -> None:
        self.asked.append((failure, frame))

    # ---- the stand-in ----

    def says(self, message: Message, *descriptors: int) -> None:
        self.ends[-1].send(message, descriptors)
        self.loop.passes()

    def heard(self) -> list[Message]:
        self.loop.passes()
        found = self.ends[-1].receive_ready()
        for _, descriptors in found:
            for descriptor in descriptors:
                os.close(descriptor)
        return [message for message, _ in found]

    def close(self) -> None:
        self.stand_in.kill()
        for channel in (*self.ends, *(process.channel for process in self.processes)):
            channel.close()
        for descriptor in self.adopted:
            os.close(descriptor)
        self.listeners.close()
        self.loop.close()


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.close()


def test_it_serves_where_the_application_would(stage: Stage) -> None:
    stage.listeners.claim(CLAIM, slot=0, generation=0)
    stage.listeners.claim(CLAIM, slot=1, generation=1)  # another socket, where each slot has one
    stage.stand_in.begin({})
    assert stage.heard() == [Boot(0, 0, stands_in=True)]
    stage.ends[-1].send(Claim(port=8888))
    stage.loop.passes()
    ((grant, descriptors),) = stage.ends[-1].receive_ready()
    assert grant == Grant()
    assert len(descriptors) == len(list(stage.listeners)), "those of every slot"
    for descriptor in descriptors:
        os.close(descriptor)
    stage.says(Ready())
    assert stage.heard() == [Go()]


def test_there_is_one_at_a_time(stage: Stage) -> None:
    for _ in range(3):
        stage.stand_in.begin({})
    assert len(stage.processes) == 1
    assert stage.stand_in.pids == [NO_PID]


def test_it_ends_by_itself_or_is_killed(stage: Stage) -> None:
    stage.stand_in.begin({})
    stage.heard()
    stage.stand_in.end()
    assert stage.heard() == [Drain(1.0, successor=False)]
    assert not stage.processes[0].signals
    stage.loop.passes(3.0)
    assert stage.processes[0].signals == [signal.SIGKILL]
    assert stage.stand_in.pids == []
    stage.stand_in.begin({})
    assert len(stage.processes) == 2, "nothing is served again"


class TestWhenItAcceptsNothingAnyMore:
    """Nobody is told that the application serves while another answers in its place."""

    def test_once_it_says_so(self, stage: Stage) -> None:
        called: list[str] = []
        stage.stand_in.begin({})
        stage.stand_in.end(lambda: called.append("closed"))
        stage.loop.passes(0.1)
        assert called == []
        stage.ends[-1].send(Closed())
        stage.loop.passes()
        assert called == ["closed"]
        stage.ends[-1].close()
        stage.loop.passes(3.0)
        assert called == ["closed"]

    @pytest.mark.parametrize("how", ["dies", "is killed"])
    def test_once_it_is_gone(self, stage: Stage, how: str) -> None:
        called: list[str] = []
        stage.stand_in.begin({})
        stage.stand_in.end(lambda: called.append("closed"))
        if how == "dies":
            stage.ends[-1].close()
        stage.loop.passes(3.0)
        assert called == ["closed"]

    @pytest.mark.parametrize("slow", [False, True])
    def test_at_once_where_there_is_none(self, stage: Stage, slow: bool) -> None:
        called: list[str] = []
        stage.slow = slow
        if slow:
            stage.stand_in.begin({})
        stage.stand_in.end(lambda: called.append("closed"))
        assert called == ["closed"]
        if slow:
            stage.bears()
        assert called == ["closed"]


def test_one_that_has_ended_is_not_killed(stage: Stage) -> None:
    stage.stand_in.begin({})
    stage.stand_in.end()
    stage.ends[-1].close()
    stage.loop.passes()
    assert stage.stand_in.pids == []
    stage.loop.passes(3.0)
    assert not stage.processes[0].signals


def test_one_that_has_died_is_followed_by_another(stage: Stage) -> None:
    stage.stand_in.begin({})
    stage.ends[-1].close()
    stage.loop.passes()
    stage.stand_in.begin({})
    assert len(stage.processes) == 2


def test_of_two_that_are_on_their_way_the_last_stays(stage: Stage) -> None:
    stage.slow = True
    stage.stand_in.begin({})
    stage.stand_in.kill()
    stage.stand_in.begin({})
    second, first = stage.births.pop(), stage.births.pop()
    stage.births.append(first)
    stage.bears()
    assert stage.processes[0].signals == [signal.SIGKILL]
    stage.births.append(second)
    stage.bears()
    assert stage.processes[1].signals == []
    assert stage.stand_in.pids == [NO_PID]


def test_one_that_is_born_too_late_is_not_wanted(stage: Stage) -> None:
    stage.slow = True
    stage.stand_in.begin({})
    stage.stand_in.end()
    stage.bears()
    assert stage.processes[0].signals == [signal.SIGKILL]
    assert stage.stand_in.pids == []


def test_without_a_process_there_is_none(stage: Stage) -> None:
    stage.refuses = OSError(11, "Resource temporarily unavailable")
    stage.stand_in.begin({})
    assert stage.stand_in.pids == []
    stage.stand_in.end()
    stage.refuses = None
    stage.slow = True
    stage.stand_in.begin({})
    stage.births.pop()(OSError(12, "Cannot allocate memory"))
    assert stage.stand_in.pids == []
    stage.slow = False
    stage.stand_in.begin({})
    assert stage.stand_in.pids == [NO_PID]


def test_its_browsers_are_everybodys(stage: Stage) -> None:
    stage.stand_in.begin({})
    ours, theirs = socket.socketpair()
    stage.says(Follows(), theirs.fileno())
    theirs.close()
    ours.close()
    assert len(stage.adopted) == 1
    stage.says(OpenInEditor("start-1", 2))
    assert stage.asked == [("start-1", 2)]


def test_killed_it_holds_no_socket_any_more(stage: Stage) -> None:
    stage.stand_in.begin({})
    stage.stand_in.kill()
    assert stage.processes[0].signals == [signal.SIGKILL]
    stage.stand_in.kill()
    assert stage.processes[0].signals == [signal.SIGKILL]
