"""How interpreters are started, known to be alive, and killed.

With real roles: `tests/serve/zygote/test_zygote.py`, `tests/appload/test_shadowing.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tornkit
from tornkit import linux
from tornkit.appload import own_tornado
from tornkit.serve.wire import processes
from tornkit.serve.wire.processes import (
    ENTRIES,
    ChildProcess,
    channel_pair,
    command,
    has_ended,
    is_alive,
    kill_and_wait,
    start_interpreter,
    take_tornado_from,
)

pytestmark = [pytest.mark.usefixtures("no_leaks"), pytest.mark.timeout(30)]

NO_PID = 1 << 30
on_linux = pytest.mark.skipif(not linux.USED, reason="Linux alone has it")

PROBE = """\
import json, os, signal, sys

def tell(descriptor):
    with open(descriptor, "w") as file:
        found = {
            "environment": dict(os.environ),
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            "input": [os.fstat(0).st_dev, os.fstat(0).st_ino],
            "group": os.getpgid(0),
            "path": sys.path,
            "tornado": "tornado.web" in sys.modules,
        }
        json.dump(found, file)

def refuse(descriptor):
    os.close(descriptor)
    raise OSError(24, "Too many open files")

def fail(descriptor):
    os.close(descriptor)
    raise KeyError("its own")
"""


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment in which roles of the test's own can be imported: tell, refuse, fail."""
    (tmp_path / "probe.py").write_text(PROBE)
    for name in ("tell", "refuse", "fail"):
        monkeypatch.setitem(ENTRIES, name, ("probe", name))
    monkeypatch.setattr(processes, "_tornado_folder", None)
    monkeypatch.setattr(own_tornado, "used", None)
    return {"PYTHONPATH": str(tmp_path), "PATH": os.defpath, "LC_ALL": "C.UTF-8", "ONLY": "1"}


def told(process: ChildProcess) -> dict[str, Any]:
    """All that a process tells of itself, until its end."""
    data = b""
    descriptor = process.channel.fileno()
    try:
        while select.select([descriptor], [], [], 20)[0]:
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                break
            data += piece
    finally:
        kill_and_wait([process.pid])
        process.channel.close()
    found: dict[str, Any] = json.loads(data)
    return found


def identity(path: str) -> list[int]:
    status = Path(path).stat()
    return [status.st_dev, status.st_ino]


def blocked() -> set[int]:
    return set(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ())))


@pytest.fixture
def our_input(tmp_path: Path) -> Iterator[list[int]]:
    """The identity of a file that is this process's standard input."""
    kept = os.dup(0)
    (tmp_path / "input").touch()
    source = os.open(tmp_path / "input", os.O_RDONLY)
    os.dup2(source, 0)
    os.close(source)
    yield identity(str(tmp_path / "input"))
    os.dup2(kept, 0)
    os.close(kept)


class TestStart:
    def test_its_surroundings(
        self, environment: dict[str, str], our_input: list[int], tmp_path: Path
    ) -> None:
        before = blocked()
        found = told(start_interpreter("tell", environment))
        assert found["environment"] == environment
        assert found["input"] == identity(os.devnull) != our_input
        # Whatever reaches the group of the terminal before it has handlers has to wait.
        assert set(found["blocked"]) >= {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
        assert found["group"] == os.getpgid(0)
        assert blocked() == before
        assert found["tornado"], "it is imported before anything of ours"
        assert found["path"][0] == str(tmp_path), "the path is Python's again, without our folder"

    def test_with_our_input(self, environment: dict[str, str], our_input: list[int]) -> None:
        """`breakpoint` reads from it."""
        process = start_interpreter("tell", environment, keep_stdin=True)
        assert told(process)["input"] == our_input

    @pytest.mark.parametrize(
        ("wrong", "error"), [({"BAD": "a\0b"}, ValueError), ({}, FileNotFoundError)]
    )
    def test_one_that_can_not_be_started(
        self,
        environment: dict[str, str],
        monkeypatch: pytest.MonkeyPatch,
        wrong: dict[str, str],
        error: type[Exception],
    ) -> None:
        """Nothing stays open, and no signal blocked."""
        before = blocked()
        if not wrong:
            monkeypatch.setattr(sys, "executable", "/no/such/python")
        with pytest.raises(error):
            start_interpreter("tell", {**environment, **wrong})
        assert blocked() == before

    @pytest.mark.parametrize(
        ("role", "said"),
        [
            (
                "refuse",
                "tornkit: a process of the server can't go on: [Errno 24] Too many open files\n",
            ),
            ("fail", "KeyError: 'its own'\n"),
        ],
    )
    def test_what_the_system_refuses_is_no_traceback(
        self, environment: dict[str, str], role: str, said: str
    ) -> None:
        reading, writing = os.pipe()
        done = subprocess.run(
            command(role, writing),
            pass_fds=[writing],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
        os.close(reading)
        os.close(writing)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith(said)
        assert ("Traceback" in done.stderr) == (role == "fail")


class TestCommand:
    @pytest.fixture(autouse=True)
    def none_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processes, "_tornado_folder", None)
        monkeypatch.setattr(own_tornado, "used", None)

    @pytest.mark.parametrize("role", ["zygote", "standby", "worker", "reexecuted"])
    def test_of_each_role(self, role: str) -> None:
        executable, safe, how, code, *words = command(role, 7)
        assert (executable, safe, how) == (sys.executable, "-P", "-c")
        module, function = ENTRIES[role]
        assert f"from {module} import {function} as main" in code
        compile(code, role, "exec")
        assert words == [str(Path(tornkit.__file__).parents[1]), "7", ""]

    def test_each_role_is_there(self) -> None:
        assert all(
            callable(getattr(__import__(module, fromlist=[name]), name))
            for module, name in ENTRIES.values()
        )

    def test_the_tornado_that_the_program_brings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(own_tornado, "used", "/of/this/process")
        assert command("worker", 7)[-1] == "/of/this/process"
        take_tornado_from("/of/the/program")
        assert command("worker", 7)[-1] == "/of/the/program"
        take_tornado_from(None)
        assert command("worker", 7)[-1] == "/of/this/process"


def test_our_end_of_a_channel_does_not_block_and_theirs_does() -> None:
    ours, theirs = channel_pair()
    assert ours.receive_ready() == []
    assert theirs.getblocking()
    assert not os.get_blocking(ours.fileno())
    theirs.close()
    ours.close()


def test_a_signal_for_one_that_has_ended() -> None:
    ours, theirs = channel_pair()
    ChildProcess(NO_PID, ours).signal(signal.SIGTERM)
    theirs.close()
    ours.close()


# ---- who is there ----


@pytest.fixture
def child() -> Iterator[subprocess.Popen[str]]:
    """A Python that runs what it is told, line by line, and prints ``ok`` after each."""
    code = "import sys\nfor line in sys.stdin:\n    exec(line)\n    print('ok', flush=True)"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def do(child: subprocess.Popen[str], code: str) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(f"{code}\n")
    child.stdin.flush()
    assert child.stdout.readline() == "ok\n"


def until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_whether_a_process_is_there(child: subprocess.Popen[str]) -> None:
    assert is_alive(child.pid)
    assert not has_ended(child.pid)
    child.kill()
    until(lambda: has_ended(child.pid))
    assert is_alive(child.pid), "until its parent has reaped it, its number is taken"
    child.wait()
    assert not is_alive(child.pid)
    assert has_ended(child.pid)


def test_another_users_process_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert is_alive(1)


@on_linux
@pytest.mark.parametrize("name", ["a) Z 1", "(Z)", ") Z ("])
def test_a_process_that_is_named_like_one_that_has_ended(
    child: subprocess.Popen[str], name: str
) -> None:
    """The name stands in brackets before the state, and may hold both."""
    do(child, f"open('/proc/self/comm', 'w').write({name!r})")
    assert not has_ended(child.pid)
    child.kill()
    until(lambda: has_ended(child.pid))


@on_linux
def test_a_process_runs_as_long_as_one_of_its_threads(child: subprocess.Popen[str]) -> None:
    do(child, "import ctypes, threading, time")
    do(child, "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()")
    assert child.stdin is not None
    child.stdin.write("ctypes.CDLL(None).pthread_exit(None)\n")
    child.stdin.flush()
    stat = Path(f"/proc/{child.pid}/stat")
    until(lambda: ") Z " in stat.read_text())
    assert not has_ended(child.pid)
    child.kill()
    until(lambda: has_ended(child.pid))


def test_a_system_that_does_not_tell(
    child: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert not has_ended(child.pid)
    assert has_ended(NO_PID)


def test_an_end_that_the_parent_does_not_report() -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert processes.has_ended(pid), "though nobody has reaped it"
    os.waitpid(pid, 0)
    assert processes.has_ended(pid)
    assert not processes.has_ended(os.getpid())


def test_of_what_is_killed_those_are_passed_over_that_are_gone(
    child: subprocess.Popen[str],
) -> None:
    kill_and_wait([NO_PID, child.pid])
    assert not is_alive(child.pid)
    kill_and_wait([])


def test_a_process_that_the_kernel_does_not_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_KILL_TIME", 0.05)
    monkeypatch.setattr(os, "kill", lambda pid, number: None)
    monkeypatch.setattr(os, "waitpid", lambda pid, flags: (0, 0))
    began = time.monotonic()
    processes.kill_and_wait([1 << 30, (1 << 30) + 1])
    assert 0.05 <= time.monotonic() - began < 2.0


@pytest.mark.skipif(not linux.USED, reason="orphans are process 1's elsewhere")
def test_children_of_what_is_ended_end_too() -> None:
    """A zygote that was forking: nobody knows the number of its worker yet."""
    script = """
        import os, subprocess, sys, time
        from tornkit.linux import become_reaper
        from tornkit.serve.wire.processes import is_alive, kill_and_wait

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


SCRIPT = """
import os, signal, sys, time
from tornkit.serve.wire import processes

{code}
"""


def output_of(code: str) -> str:
    """Output of a process of its own, whose children are none of ours, and end with it."""
    script = SCRIPT.format(code=textwrap.dedent(code))
    root = str(Path(tornkit.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", script],
        env={**os.environ, "PYTHONPATH": root},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            return process.communicate(timeout=20)[0]
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_every_child_that_has_ended_is_reaped() -> None:
    code = """
        print(list(processes.reap()))
        running = os.posix_spawn("/bin/sleep", ["sleep", "60"], {})
        exits = os.posix_spawn("/bin/sh", ["sh", "-c", "exit 3"], {})
        dies = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -TERM $$"], {})
        for pid in (exits, dies):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        print(sorted(processes.reap()) == sorted([(exits, 3), (dies, -signal.SIGTERM)]))
        print(list(processes.reap()), processes.is_alive(running))
        os.kill(running, signal.SIGKILL)
        os.waitid(os.P_PID, running, os.WEXITED | os.WNOWAIT)
        print(list(processes.reap()) == [(running, -signal.SIGKILL)])
    """
    assert output_of(code) == "[]\nTrue\n[] True\nTrue\n"


@on_linux
def test_a_process_dies_with_its_parent_and_an_orphan_is_adopted() -> None:
    """Two children have said `die_with_parent`, and one has thought better of it."""
    code = """
        import ctypes
        from tornkit.linux import become_reaper, die_with_parent
        PR_GET_PDEATHSIG = 2
        become_reaper()
        reading, writing = os.pipe()
        parent = os.fork()
        if parent == 0:
            for wanted in (True, False):
                if os.fork() == 0:
                    die_with_parent()
                    if not wanted:
                        die_with_parent(False)
                    number = ctypes.c_int()
                    ctypes.CDLL(None).prctl(PR_GET_PDEATHSIG, ctypes.byref(number))
                    line = f"{wanted} {os.getpid()} {number.value}\\n"
                    os.write(writing, line.encode())
                    time.sleep(60)
                    os._exit(0)
            time.sleep(60)
            os._exit(0)
        os.close(writing)
        lines = open(reading)
        (_, lasting, none), (_, dying, number) = sorted(lines.readline().split() for _ in range(2))
        print(none, number)
        dying, lasting = int(dying), int(lasting)
        os.kill(parent, signal.SIGKILL)
        os.waitpid(parent, 0)
        print(os.waitpid(dying, 0)[1] == signal.SIGKILL)
        print(os.waitpid(lasting, os.WNOHANG) == (0, 0), processes.is_alive(lasting))
        os.kill(lasting, signal.SIGKILL)
        print(os.waitpid(lasting, 0)[1] == signal.SIGKILL)
    """
    assert output_of(code) == "0 9\nTrue\nTrue True\nTrue\n"
