"""What the kernel says of a process's memory."""

from __future__ import annotations

import os
import sys

import pytest

from tornkit import linux
from tornkit.serve.workforce import memory

NOBODY = 1 << 30  # no process can have this number


def test_of_nobody() -> None:
    assert memory.resident(NOBODY) == 0
    assert memory.memory_of(NOBODY) is None


@pytest.mark.skipif(not linux.USED, reason="the kernel counts it on Linux")
def test_of_this_process() -> None:
    before = memory.resident(os.getpid())
    assert before > 1 << 20
    ballast = bytearray(os.urandom(1)) * (64 << 20)
    grown = memory.resident(os.getpid())
    assert 60 << 20 < grown - before < 80 << 20
    now = memory.memory_of(os.getpid())
    assert now is not None
    assert now.own > len(ballast)
    assert now.own <= now.pss <= now.own + now.shared


@pytest.mark.skipif(not linux.USED, reason="the kernel counts it on Linux")
def test_a_zombie_has_none() -> None:
    pid = os.posix_spawn(sys.executable, [sys.executable, "-S", "-c", ""], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert memory.resident(pid) == 0
    found = memory.memory_of(pid)
    assert found is None or found.pss == 0
    os.waitpid(pid, 0)
