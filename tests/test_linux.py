"""What only Linux has is used there, and done without elsewhere, or where a variable says so."""

from __future__ import annotations

import errno
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tornkit import linux

SCRIPT = """
import os, signal
from tornkit import linux
descriptor = linux.shared_memory("name")
os.write(descriptor, b"shared")
pid = os.fork()
if pid == 0:
    os.lseek(descriptor, 0, 0)
    os.write(descriptor, b"S")
    os._exit(0)
os.waitpid(pid, 0)
os.lseek(descriptor, 0, 0)
linux.become_reaper()
linux.die_with_parent()
print(os.read(descriptor, 10), linux.USED, linux.HAS_EPOLL, linux.PROC.exists())
"""


@pytest.mark.parametrize("portable", [False, True])
def test_memory_is_shared_in_both_ways(portable: bool) -> None:
    variables = {name: os.environ[name] for name in os.environ if name != "_TORNKIT_PORTABLE"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**variables, **({"_TORNKIT_PORTABLE": "1"} if portable else {})},
        cwd=Path(__file__).parents[1],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    used = sys.platform == "linux" and not portable
    assert done.stdout.split("' ")[1].split() == [str(used)] * 3
    assert done.stdout.startswith("b'Shared'")
    assert done.stderr == ""


def test_this_process() -> None:
    portable = bool(os.environ.get("_TORNKIT_PORTABLE"))
    assert linux.USED is (sys.platform == "linux" and not portable)


@pytest.mark.skipif(not linux.USED, reason="elsewhere who comes last is reset")
def test_nobody_connects_any_more_and_nobody_is_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        with socket.create_connection(address) as client, socket.socket() as late:
            linux.drop_handshakes(listening)
            late.setblocking(False)
            with pytest.raises(BlockingIOError):
                late.connect(address)
            accepted, place = listening.accept()
            assert place == client.getsockname(), "who was there before"
            with accepted:
                client.sendall(b"x" * 100_000)
                assert accepted.recv(1) == b"x", "to whom all goes on"
            listening.settimeout(0)
            with pytest.raises(BlockingIOError):
                listening.accept()
            listening.close()
            assert select.select([], [late], [], 10)[1] == [late]
            assert late.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNREFUSED


@pytest.mark.skipif(not linux.USED, reason="elsewhere there is no such policy")
def test_a_thread_that_yields_to_its_waker() -> None:
    with linux.yielding_to_the_waker():
        assert os.sched_getscheduler(0) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


@pytest.mark.skipif(not linux.USED, reason="elsewhere there is no such policy")
def test_a_policy_of_the_users_stays() -> None:
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    try:
        with linux.yielding_to_the_waker():
            assert os.sched_getscheduler(0) == os.SCHED_BATCH
        assert os.sched_getscheduler(0) == os.SCHED_BATCH
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_a_system_that_forbids_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    with linux.yielding_to_the_waker():
        pass
