"""What only Linux has is used there, and done without elsewhere, or where a variable says so."""

from __future__ import annotations

import os
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
