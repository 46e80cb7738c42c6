"""The user at the other end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tornkit.serve.peers import has_left, peer_uid

pytestmark = pytest.mark.usefixtures("no_leaks")


def test_both_ends_of_a_connection(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        client.connect(str(tmp_path / "s"))
        server, _ = listening.accept()
        with server:
            assert peer_uid(server) == peer_uid(client) == os.geteuid()


@pytest.mark.skipif(os.geteuid() != 0, reason="is another user")
def test_a_process_of_another_user() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    theirs.close()
    script = (
        "import os, socket, sys\n"
        "os.setgroups([]); os.setresgid(7, 7, 7); os.setresuid(65534, 65534, 65534)\n"
        "socket.socket(socket.AF_UNIX).connect(chr(0) + sys.argv[1])\n"
    )
    name = f"tornkit-test-peers-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")
        listening.listen()
        subprocess.run([sys.executable, "-c", script, name], check=True, timeout=20)
        connection, _ = listening.accept()
        with connection:
            assert peer_uid(connection) == 65534


def test_where_it_can_not_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SO_PEERCRED", "LOCAL_PEERCRED"):
        monkeypatch.delattr(socket, name, raising=False)
    first, second = socket.socketpair()
    with first, second:
        assert peer_uid(first) is None


def test_whether_the_other_end_has_left() -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    assert not has_left(ours)
    theirs.send(b"what nobody wants")
    assert not has_left(ours)
    theirs.close()
    assert has_left(ours)
    ours.close()
    assert has_left(ours)
