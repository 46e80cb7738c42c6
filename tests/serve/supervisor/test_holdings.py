"""What a process holds that a second one can't have, and whether an error is about that."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tornkit import linux
from tornkit.serve.refusals import ADDRESS, LOCK, SILENT
from tornkit.serve.supervisor.holdings import explain, with_descendants
from tornkit.serve.wire.messages import Failed

pytestmark = pytest.mark.skipif(not linux.USED, reason="is read from /proc")

HOLDER = """
import fcntl, os, socket, sys
tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
unix = socket.socket(socket.AF_UNIX)
for sock in (tcp, udp):
    sock.bind(("127.0.0.1", 0))
tcp.listen()
unix.bind("unix"); unix.listen()
flock, lockf, shared = open("flock", "w"), open("lockf", "w"), open("lockf.shared", "w+")
fcntl.flock(flock, fcntl.LOCK_EX)
fcntl.lockf(lockf, fcntl.LOCK_EX)
fcntl.flock(shared, fcntl.LOCK_SH)
open("the.pid", "w").write(str(os.getpid()))
print(tcp.getsockname()[1], udp.getsockname()[1], flush=True)
sys.stdin.read()
"""


@dataclass
class Holder:
    pid: int
    folder: Path
    tcp: int
    udp: int


@pytest.fixture(scope="module")
def holder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Holder]:
    folder = tmp_path_factory.mktemp("held")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        tcp, udp = map(int, process.stdout.readline().split())
        yield Holder(process.pid, folder, tcp, udp)
        process.communicate("")


def refused(sort: str, text: str = "") -> Failed:
    return Failed("AppRaised", "running main.py failed", refused=f"{sort}\n{text}")


def sure(failure: Failed, holder: Holder) -> str:
    conflict = explain(failure, [holder.pid])
    assert conflict is not None
    assert conflict.sure
    return conflict.what


def test_an_error_that_names_what_is_held_is_certain(holder: Holder) -> None:
    asked = refused(ADDRESS, f"('127.0.0.1', {holder.tcp})")
    assert sure(asked, holder) == f"tcp port {holder.tcp}"
    asked = refused(ADDRESS, f"can't bind to 127.0.0.1:{holder.udp}.")
    assert sure(asked, holder) == f"udp port {holder.udp}"
    assert sure(refused(ADDRESS, "'unix'"), holder) == "the socket unix"
    for name in ("flock", "lockf"):
        path = str(holder.folder / name)
        assert sure(refused(LOCK, f"temporarily unavailable\n{path}"), holder) == (
            f"the lock on {path}"
        )
    path = str(holder.folder / "the.pid")
    assert sure(refused(LOCK, f"File exists\n{path}"), holder) == f"the file {path}"
    said = f"runs already, with pid {holder.pid}"
    assert sure(refused(SILENT, said), holder) == f"process {holder.pid}"


def test_one_that_does_not_is_not(holder: Holder) -> None:
    conflict = explain(refused(ADDRESS, f"port {holder.tcp}1 is taken"), [holder.pid])
    assert conflict is not None
    assert not conflict.sure
    assert f"tcp port {holder.tcp}" in conflict.what
    assert "lock" not in conflict.what
    conflict = explain(refused(SILENT), [holder.pid])
    assert conflict is not None
    assert not conflict.sure
    assert f"the lock on {holder.folder / 'lockf'}" in conflict.what
    assert f"udp port {holder.udp}" in conflict.what
    assert "shared" not in conflict.what
    assert "process" not in conflict.what


def test_nothing_is_found_where_nothing_is_refused_or_held(holder: Holder) -> None:
    assert explain(Failed("AppRaised", f"port {holder.tcp}"), [holder.pid]) is None
    # This process's own are the supervisor's, which hands them out.
    with socket.create_server(("127.0.0.1", 0)) as sock:
        conflict = explain(refused(ADDRESS, str(sock.getsockname()[1])), [os.getpid()])
        assert conflict is None or not conflict.sure


def test_a_lock_that_is_waited_for(holder: Holder) -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-c", "import fcntl; fcntl.flock(open('flock'), fcntl.LOCK_EX)"],
        cwd=holder.folder,
    )
    try:
        conflict = None
        while conflict is None or not conflict.sure:
            assert waiting.poll() is None
            conflict = explain(refused(SILENT), [holder.pid], [waiting.pid])
        assert conflict.what == f"the lock on {holder.folder / 'flock'}"
    finally:
        waiting.kill()
        waiting.wait()


def test_what_a_child_holds_counts(holder: Holder) -> None:
    assert holder.pid in with_descendants([os.getpid()])
    assert holder.pid not in with_descendants([holder.pid + 1])


def test_the_holder_does_hold_them(holder: Holder) -> None:
    with (holder.folder / "flock").open() as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
