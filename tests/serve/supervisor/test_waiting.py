"""What could hold up the supervisor's loop, and does not."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
import webbrowser

import pytest

from tornkit.serve import run
from tornkit.serve.reporter import Banner
from tornkit.serve.wire import processes

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


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are process 1's elsewhere")
def test_children_of_what_is_ended_end_too() -> None:
    """A zygote that was forking: nobody knows the number of its worker yet."""
    script = """
        import os, subprocess, sys, time
        from tornkit.serve.wire.processes import become_reaper, is_alive, kill_and_wait

        become_reaper()
        quiet = subprocess.DEVNULL  # else they would hold our output if this fails
        bystander = subprocess.Popen(["sleep", "60"], stdout=quiet, stderr=quiet)
        # One write a line, also where Python's output is unbuffered: both share the pipe.
        zygote = "import os, time; os.write(1, b'%d\\\\n' % os.fork()); time.sleep(60)"
        command = [sys.executable, "-c", zygote]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=quiet, text=True)
        worker = max(int(child.stdout.readline()), int(child.stdout.readline()))
        assert is_alive(worker)
        kill_and_wait([child.pid])
        print(is_alive(child.pid), is_alive(worker), is_alive(bystander.pid))
        bystander.kill()
    """
    command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.stdout, done.stderr) == ("False False True\n", "")


def test_an_end_that_the_parent_does_not_report() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert processes.has_ended(pid), "though nobody has reaped it"
    os.waitpid(pid, 0)
    assert processes.has_ended(pid)
    assert not processes.has_ended(os.getpid())
