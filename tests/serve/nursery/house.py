"""Surroundings of a nursery: a loop, and processes that are the test's, which speaks for them.

What a zygote will say is said beforehand, and heard once the loop turns.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.serve.hand_loop import HandLoop
from tests.serve.scripted import NO_PID
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.nursery.warm_cache import WarmCache
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.messages import FromZygote, Message, Prepare
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.wire.warmth import Warmth

HOME = {"HOME": "/"}
PREPARE = Prepare({"for": "the test"})


class StandInProcess:
    """Process that the supervisor starts, and the test's end of its channel."""

    def __init__(self, pid: int, role: str, environment: Mapping[str, str], stdin: bool) -> None:
        ours, theirs = socket.socketpair()
        for sock in (ours, theirs):
            sock.setblocking(False)
        self.channel = Channel(ours)
        self.theirs = Channel(theirs)
        self.pid, self.role, self.environment, self.keeps_stdin = pid, role, environment, stdin
        self.signals: list[int] = []

    def signal(self, number: int) -> None:
        self.signals.append(number)

    @property
    def killed(self) -> bool:
        return signal.SIGKILL in self.signals

    @property
    def closed(self) -> bool:
        """True once the supervisor's end of the channel is closed."""
        return self.channel.fileno() == -1

    def says(self, *messages: FromZygote) -> None:
        for message in messages:
            self.theirs.send(message)

    def heard(self) -> list[Message]:
        messages = []
        for message, descriptors in self.theirs.receive_ready():
            messages.append(message)
            for descriptor in descriptors:
                os.close(descriptor)
        return messages


class House:
    """A loop, the processes that were started, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.loop = HandLoop()
        self.warm_cache = WarmCache("project", folder)
        self.started: list[StandInProcess] = []
        self.refuses_after: int | None = None  # so many more processes the system gives
        self.will_fork: list[FromZygote] = []  # what the next zygote says as soon as it is there
        self.exits: list[tuple[int, int]] = []
        self.stale: list[str] = []
        self.told: list[Warmth] = []

    def start(
        self, role: str, environment: Mapping[str, str], *, keep_stdin: bool = False
    ) -> StandInProcess:
        """Start an interpreter, in the place of `processes.start_interpreter`."""
        if self.refuses_after is not None:
            if not self.refuses_after:
                raise OSError("no more processes")
            self.refuses_after -= 1
        process = StandInProcess(NO_PID + len(self.started), role, environment, keep_stdin)
        self.started.append(process)
        if role == "zygote" and self.will_fork:
            process.says(self.will_fork.pop(0))
        return process

    def connect(self, nursery: Nursery) -> None:
        """Have it tell of ends and stale imports here."""
        nursery.connect(lambda pid, status: self.exits.append((pid, status)), self.stale.append)

    def forking(self, spares: int = 1) -> Forking:
        forking = Forking(self.loop, self.told.append, PREPARE, spares, self.warm_cache)
        self.connect(forking)
        return forking

    def turn(self) -> None:
        """Let everything happen that is to happen now."""
        self.loop.passes()

    def new(self) -> StandInProcess:
        return self.started[-1]

    def close(self) -> None:
        for process in self.started:
            process.theirs.close()
            process.channel.close()
        self.loop.close()


@contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """A house in which the modules of the nursery start its processes."""
    house = House(folder)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("forking", "fresh", "standby"):
            patch.setattr(f"tornkit.serve.nursery.{module}.start_interpreter", house.start)
        yield house
    house.close()


class Births:
    """Record of the workers that a nursery has borne, to be given as ``on_born``."""

    def __init__(self) -> None:
        self.processes: list[ChildProcess] = []
        self.errors: list[OSError] = []

    def __call__(self, born: list[ChildProcess] | OSError) -> None:
        if isinstance(born, OSError):
            self.errors.append(born)
        else:
            self.processes += born

    def pids(self) -> list[int]:
        """Close their channels; return their process ids."""
        for process in self.processes:
            process.channel.close()
        return [process.pid for process in self.processes]
