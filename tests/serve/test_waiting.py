"""What could hold up the supervisor's loop, and does not."""

from __future__ import annotations

import os
import threading
import time
import webbrowser

import pytest

from tornkit.serve import processes, run
from tornkit.serve.reporter import Banner

pytestmark = pytest.mark.timeout(20)


def test_a_browser_that_runs_in_the_foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    came, closed = threading.Event(), threading.Event()

    def browse(url: str) -> None:
        opened.append(url)
        came.set()
        assert closed.wait(10)

    monkeypatch.setattr(webbrowser, "open", browse)
    urls = ("unix:/tmp/sock", "http://localhost:1", "http://localhost:2")
    run._open_browser(Banner("app", urls, False, 1, 1, (), False))
    assert came.wait(10)
    closed.set()
    assert opened == ["http://localhost:1"]


def test_a_process_that_the_kernel_does_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_KILL_TIME", 0.05)
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(os, "waitpid", lambda pid, flags: (0, 0))
    began = time.monotonic()
    processes.kill_and_wait([1 << 30, (1 << 30) + 1])
    assert 0.05 <= time.monotonic() - began < 2.0


def test_an_end_that_the_parent_does_not_report() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert processes.has_ended(pid), "though nobody has reaped it"
    os.waitpid(pid, 0)
    assert processes.has_ended(pid)
    assert not processes.has_ended(os.getpid())
