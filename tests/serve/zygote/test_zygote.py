"""A zygote and its forks, spoken to as the supervisor does."""

from __future__ import annotations

import errno
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

import tornkit
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.messages import Exited, Fork, Forked, Message, Trying, Unfit, Warm, Warmed
from tornkit.serve.wire.processes import (
    ChildProcess,
    channel_pair,
    has_ended,
    is_alive,
    start_interpreter,
)

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(30)]

PATIENCE = 20.0


class Zygote:
    """One process, and the workers that it was asked for."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self.process: ChildProcess = start_interpreter("zygote", self.environment)
        self.workers: list[Channel] = []
        self._answers: deque[Message] = deque()  # of one read there may be several

    def tell(self, message: Message, *descriptors: int) -> None:
        self.process.channel.send(message, descriptors)

    def answer(self) -> Message:
        """What it says next."""
        if not self._answers:
            wait_for_input(self.process.channel)
            self._answers.extend(each for each, _ in self.process.channel.receive_ready())
        return self._answers.popleft()

    def fork(self, count: int = 1, *, stale: bool = False, **environment: str) -> list[int]:
        pairs = [channel_pair() for _ in range(count)]
        request = Fork({**self.environment, **environment}, stale)
        self.tell(request, *(sock.fileno() for _, sock in pairs))
        for channel, theirs in pairs:
            theirs.close()
            self.workers.append(channel)
        answer = self.answer()
        assert isinstance(answer, Forked), answer
        return list(answer.pids)

    def close(self) -> None:
        for channel in self.workers:
            channel.close()
        self.process.channel.close()
        deadline = time.monotonic() + PATIENCE
        while os.waitpid(self.process.pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                self.process.signal(signal.SIGKILL)
                pytest.fail("it does not end without its supervisor")
            time.sleep(0.005)


def wait_for_input(channel: Channel) -> None:
    assert select.select([channel], [], [], PATIENCE)[0], "nothing is said"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while not has_ended(pid):
        assert time.monotonic() < deadline, f"process {pid} lives on"
        time.sleep(0.005)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    importable = os.pathsep.join((str(Path(tornkit.__file__).parents[1]), str(tmp_path)))
    return {**os.environ, "PYTHONPATH": importable}


@pytest.fixture
def zygote(environment: dict[str, str]) -> Iterator[Zygote]:
    zygote = Zygote(environment)
    yield zygote
    zygote.close()


def test_workers_are_its_children_and_it_tells_of_their_end(zygote: Zygote) -> None:
    one, other = zygote.fork(2)
    assert is_alive(one)
    assert is_alive(other)
    os.kill(one, signal.SIGKILL)
    assert zygote.answer() == Exited(one, -signal.SIGKILL)
    zygote.workers[1].close()  # its supervisor, as it sees it
    assert zygote.answer() == Exited(other, 1)


FAILING_FORK = """\
import errno, os
fork, calls = os.fork, []
def failing():
    calls.append(True)
    if len(calls) == 2:
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = failing
"""


def test_a_fork_that_the_system_refuses(environment: dict[str, str], tmp_path: Path) -> None:
    """Those that were forked for the same request end; the zygote is as fit as before."""
    (tmp_path / "sitecustomize.py").write_text(FAILING_FORK)
    zygote = Zygote(environment)
    try:
        pairs = [channel_pair() for _ in range(3)]
        zygote.tell(Fork(zygote.environment), *(sock.fileno() for _, sock in pairs))
        for channel, theirs in pairs:
            theirs.close()
            zygote.workers.append(channel)
        answer = zygote.answer()
        assert isinstance(answer, Unfit)
        assert answer.errno == errno.EAGAIN
        assert not answer.stale
        exited = zygote.answer()
        assert isinstance(exited, Exited)
        assert exited.status == -signal.SIGKILL
        assert len(zygote.fork(2)) == 2
    finally:
        zygote.close()


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process")
def test_a_zygote_without_room_for_descriptors(zygote: Zygote) -> None:
    zygote.fork()
    limits = resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE, (4, limits[1]))
    channel, theirs = channel_pair()
    zygote.workers.append(channel)
    zygote.tell(Fork(zygote.environment), theirs.fileno())
    theirs.close()
    answer = zygote.answer()
    assert isinstance(answer, Unfit)
    assert answer.errno == errno.EMFILE
    resource.prlimit(zygote.process.pid, resource.RLIMIT_NOFILE, limits)
    assert len(zygote.fork()) == 1


def test_what_the_terminal_sends_is_for_the_supervisor(zygote: Zygote) -> None:
    (worker,) = zygote.fork()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(zygote.process.pid, number)
    (other,) = zygote.fork()
    assert is_alive(worker)
    assert is_alive(other)


def test_its_workers_end_with_the_supervisor(zygote: Zygote) -> None:
    """Though each of them could still hear from it by a channel of its own."""
    workers = zygote.fork(3)
    zygote.process.channel.close()
    for worker in workers:
        wait_until_gone(worker)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc")
def test_a_worker_holds_no_descriptor_of_the_others(zygote: Zygote) -> None:
    workers = zygote.fork(3)
    deadline = time.monotonic() + PATIENCE
    while (counts := [len(sockets_of(pid)) for pid in workers]) != [1, 1, 1]:
        assert time.monotonic() < deadline, counts  # they close what they were born with
        time.sleep(0.005)


def sockets_of(pid: int) -> list[str]:
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(entry.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.append(target)
    return found


def test_it_warms_what_it_is_told_and_says_what_it_tries(zygote: Zygote) -> None:
    zygote.tell(Warm(("wave", "no_such_module", "tornado.web")))
    said: list[Message] = []
    while not (said and isinstance(said[-1], Warmed)):
        wait_for_input(zygote.process.channel)
        said += [message for message, _ in zygote.process.channel.receive_ready()]
    assert said[:2] == [Trying("wave"), Trying("no_such_module")]
    warmed = said[-1]
    assert isinstance(warmed, Warmed)
    assert warmed.modules > 100
    assert warmed.unsafe == (("no_such_module", "can't be imported alone: ModuleNotFoundError"),)
    zygote.fork()


def test_stale_files_make_it_unfit(zygote: Zygote, tmp_path: Path) -> None:
    """A module that is the user's is unsafe, but held; what counts is its file."""
    path = tmp_path / "held.py"
    path.write_text("")
    zygote.tell(Warm(("held",)))
    said: list[Message] = []
    while not (said and isinstance(said[-1], Warmed)):
        wait_for_input(zygote.process.channel)
        said += [message for message, _ in zygote.process.channel.receive_ready()]
    os.utime(path, (1, 1))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        zygote.tell(Fork(zygote.environment), theirs.fileno())
        theirs.close()
        assert zygote.answer() == Unfit(str(path), stale=True)
        ours.settimeout(PATIENCE)
        assert ours.recv(1) == b"", "nobody holds the other end"
    assert zygote.fork(stale=True), "beside others that hold what it holds"


def test_a_supervisor_that_is_no_more_ends_it(environment: dict[str, str]) -> None:
    zygote = Zygote(environment)
    zygote.close()
    with pytest.raises((ChannelClosed, OSError)):
        zygote.tell(Warm(()))


def test_a_zygote_has_one_thread_and_collects_nothing(environment: dict[str, str]) -> None:
    script = """\
import gc, socket, threading
from tornkit.serve.wire.channel import Channel
from tornkit.serve.zygote.zygote import Zygote
ours, theirs = socket.socketpair()
Zygote(Channel(ours))
assert not gc.isenabled()
assert gc.get_freeze_count() > 10_000
assert threading.active_count() == 1
import asyncio
assert asyncio._get_running_loop() is None
"""
    subprocess.run([sys.executable, "-c", script], env=environment, timeout=30, check=True)
