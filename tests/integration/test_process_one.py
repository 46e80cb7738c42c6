"""As process 1 of a container: it inherits strangers, and no signal has a default."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

# A request for orphans leaves as many behind: their parent, a shell, ends at once. Each waits for
# a file and then ends as well.
APP = """\
import asyncio
import os
import subprocess
from pathlib import Path

from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent
WAIT = "while [ ! -e release ]; do sleep 0.02; done; exit 3"


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Slow(RequestHandler):
    async def get(self):
        (HERE / "entered").touch()
        await asyncio.sleep(60)


class Orphans(RequestHandler):
    def get(self, count):
        script = f"sh -c '{WAIT}' orphan & " * int(count)
        subprocess.run(["sh", "-c", script], cwd=HERE, check=True)


def make_app():
    return Application(
        [("/", Main), ("/pid", Pid), ("/slow", Slow), (r"/orphans/(\\d+)", Orphans)]
    )
"""
ORPHANS = 20


@pytest.fixture(scope="module")
def process_one() -> tuple[str, ...]:
    """A command that runs another one as process 1 of a PID namespace of its own."""
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no unshare command to make a PID namespace with")
    user = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    command = (unshare, *user, "--pid", "--fork", "--mount-proc")
    attempt = [*command, "true"]
    tried = subprocess.run(attempt, check=False, capture_output=True, text=True, timeout=10)
    if tried.returncode != 0:
        pytest.skip(f"a PID namespace is not to be had here: {tried.stderr.strip()}")
    return command


def status_of(pid: int) -> dict[str, str]:
    """`/proc/<pid>/status`, empty where there is no such process, not even a zombie."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    fields = (line.partition(":") for line in text.splitlines())
    return {name: value.strip() for name, _, value in fields}


def children_of(parent: int) -> dict[int, dict[str, str]]:
    """The processes of which it is the parent, zombies too, by their number out here."""
    found = ((int(each.name), status_of(int(each.name))) for each in Path("/proc").glob("[0-9]*"))
    return {pid: status for pid, status in found if status.get("PPid") == str(parent)}


def supervisor_of(server: Server) -> int:
    """Its number out here: the child of unshare."""
    [(pid, status)] = children_of(server.process.pid).items()
    assert status["NSpid"].split() == [str(pid), "1"]
    return pid


def orphans_of(supervisor: int) -> set[int]:
    found = set()
    for pid in children_of(supervisor):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if command.endswith(b"\0orphan\0"):
            found.add(pid)
    return found


@pytest.mark.thorough
def test_strangers_are_reaped(
    serve: Serve, wait_for: Callable[..., Any], process_one: tuple[str, ...]
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", prefix=process_one)
    supervisor = supervisor_of(server)
    workers = server.answering_pids(2)
    server.get(f"/orphans/{ORPHANS}")
    wait_for(lambda: len(orphans_of(supervisor)) == ORPHANS, "it has inherited them")
    orphans = orphans_of(supervisor)
    (server.folder / "release").touch()
    wait_for(lambda: not any(map(status_of, orphans)), "they are gone, zombies and all")
    assert not any(status["State"].startswith("Z") for status in children_of(supervisor).values())
    assert server.answering_pids(2) == workers
    assert "worker" not in server.log.partition("Ctrl-C stops")[2]
    os.kill(supervisor, signal.SIGTERM)
    assert server.wait_until_ended() == 0
    assert server.log.rstrip().endswith("stopped")


@pytest.mark.thorough
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_reloads_and_ends_as_ever(
    serve: Serve, process_one: tuple[str, ...], number: signal.Signals
) -> None:
    server = serve({"app.py": APP}, prefix=process_one)
    supervisor = supervisor_of(server)
    server.edit("app.py", "1 is", "2 is")
    server.wait_for_answer("2 is")
    server.get("/orphans/3")
    os.kill(supervisor, number)
    assert server.wait_until_ended() == 0, "also with orphans that go on"
    assert server.errors == []


@pytest.mark.thorough
def test_it_ends_at_once_when_told_twice(
    serve: Serve, process_one: tuple[str, ...], wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--drain-timeout", "50", prefix=process_one)
    supervisor = supervisor_of(server)
    with server.connect() as client:
        client.send_request("/slow")
        wait_for((server.folder / "entered").exists, "the handler runs")
        os.kill(supervisor, signal.SIGTERM)
        server.wait_for_log("finishing what is under way")
        os.kill(supervisor, signal.SIGTERM)
        assert server.wait_until_ended() == 128 + signal.SIGTERM
