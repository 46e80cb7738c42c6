"""The supervisor's side of the hub: when there is one, and what follows its death."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import NO_PID, FakeReporter
from tornkit.bus_limits import BusLimits
from tornkit.serve.hub import keeper as module
from tornkit.serve.hub.keeper import HubKeeper
from tornkit.serve.loop.loop import Loop
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import HostBus
from tornkit.serve.wire.processes import ChildProcess

pytestmark = pytest.mark.usefixtures("no_leaks")


class Stage:
    """A keeper, the hubs that it has started, and a worker's end of the lobby."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = HandLoop()
        self.reporter = FakeReporter()
        self.hubs: list[Channel] = []
        self.lobbies: list[socket.socket] = []
        self.refuses: OSError | None = None
        monkeypatch.setattr(module, "start_interpreter", self.start)
        limits = BusLimits(history=7, history_age=60.0)
        self.keeper = HubKeeper(self.loop, self.reporter, limits, {"A": "b"})
        self.worker = socket.socket(fileno=os.dup(self.keeper.lobby()))

    def start(self, role: str, environment: Any) -> ChildProcess:
        assert (role, environment) == ("hub", {"A": "b"})
        if self.refuses is not None:
            raise self.refuses
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        self.hubs.append(Channel(theirs))
        return ChildProcess(NO_PID + len(self.hubs), Channel(ours))

    def comes(self) -> None:
        """A worker wants to be a member."""
        self.worker.send(b"m")
        self.loop.passes()

    def told(self) -> list[HostBus]:
        """What the newest hub was told; it takes whoever waits."""
        found = []
        for message, descriptors in self.hubs[-1].receive_ready():
            assert isinstance(message, HostBus)
            found.append(message)
            self.lobbies += (socket.socket(fileno=each) for each in descriptors)
            self.lobbies[-1].setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while self.lobbies[-1].recv(16):
                    pass
        return found

    def close(self) -> None:
        self.keeper.close()
        self.worker.close()
        for hub in self.hubs:
            hub.close()
        for lobby in self.lobbies:
            lobby.close()
        self.loop.close()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stage = Stage(monkeypatch)
    yield stage
    stage.close()


def test_nothing_is_started_where_nobody_comes(stage: Stage) -> None:
    stage.keeper.begin()
    stage.loop.passes(100)
    assert stage.keeper.pids == []
    assert stage.hubs == []


def test_the_first_who_comes_has_one_started(stage: Stage) -> None:
    stage.keeper.begin()
    stage.comes()
    assert stage.keeper.pids == [NO_PID + 1]
    (told,) = stage.told()
    assert BusLimits(**told.limits) == BusLimits(history=7, history_age=60.0)
    stage.comes()
    stage.loop.passes(10)
    assert len(stage.hubs) == 1


def test_one_that_dies_is_told_of_and_started_again(stage: Stage) -> None:
    stage.keeper.begin()
    stage.comes()
    stage.told()
    stage.hubs[-1].close()
    stage.loop.passes()
    assert stage.keeper.pids == []
    assert stage.reporter.since() == [("hub died",)]
    stage.worker.send(b"m")
    stage.loop.passes(1.0)
    assert len(stage.hubs) == 2
    assert len(stage.told()) == 1


def test_not_again_and_again_without_a_pause(stage: Stage) -> None:
    stage.keeper.begin()
    stage.comes()
    for _ in range(1000):
        if stage.keeper.pids:
            stage.hubs[-1].close()
        stage.loop.passes(0.1)
    assert 15 < len(stage.hubs) < 30, "of 100 seconds, every five at last"
    stage.loop.passes(10)
    stage.told()
    stage.loop.passes(60)
    stage.hubs[-1].close()
    stage.worker.send(b"m")
    before = len(stage.hubs)
    for _ in range(5):
        stage.loop.passes(0.1)
    assert len(stage.hubs) == before + 1, "one that has lived is followed at once"


def test_without_a_process_it_is_tried_again(stage: Stage) -> None:
    stage.keeper.begin()
    stage.refuses = OSError(11, "Resource temporarily unavailable")
    stage.comes()
    assert stage.keeper.pids == []
    assert [told[0] for told in stage.reporter.since()] == ["lacks"]
    stage.refuses = None
    stage.loop.passes(1.0)
    assert len(stage.hubs) == 1


@pytest.mark.parametrize("how", ["idle", "running", "retrying"])
def test_its_end(stage: Stage, how: str) -> None:
    stage.keeper.begin()
    if how != "idle":
        stage.comes()
    if how == "retrying":
        stage.hubs[-1].close()
        stage.loop.passes()


def test_who_comes_by_the_door_is_handed_on_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop()
    ours, theirs = socket.socketpair()
    child = ChildProcess(NO_PID, Channel(ours))
    monkeypatch.setattr(module, "start_interpreter", lambda role, environment: child)
    path = tmp_path / "1.bus"
    keeper = HubKeeper(loop, FakeReporter(), BusLimits(), {}, path)
    keeper.begin()
    assert keeper.pids == [], "to open it starts nothing"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"for the hub alone")
        while not keeper.pids:
            loop.at(loop.now() + 1.0, lambda: None)
            loop.turn(lambda number: None)
        assert keeper.is_used
        told, (lobby_number,) = Channel(theirs).receive()
        assert isinstance(told, HostBus)
        with socket.socket(fileno=lobby_number) as lobby:
            _, descriptors, _, _ = socket.recv_fds(lobby, 16, 1)
        with socket.socket(fileno=descriptors[0]) as connection:
            assert connection.recv(100) == b"for the hub alone"
    keeper.close()
    assert not path.exists()
    theirs.close()
    loop.close()
