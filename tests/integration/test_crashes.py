"""What may go wrong in the user's code and to each process: serving goes on, and heals."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.clients.blocking import Client
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve
    from tests.integration.server import Server

# The size that the project promises is 2000.
HOG_MIB = int(os.environ.get("STORM_HOG_MIB", "200"))

# `wave` is nothing that Tornado imports: there is something to be warm.
APP = """\
import os
import wave
from pathlib import Path

from tornado.web import Application, RequestHandler

VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/", Main), ("/pid", Pid)])
"""


def version(number: int, before: str = "") -> str:
    return before + APP.replace("VERSION = 1", f"VERSION = {number}")


def in_factory(statement: str) -> str:
    return APP.replace("    return App", f"    {statement}\n    return App")


BROKEN = {
    "SyntaxError": APP.replace("def get(self):", "def get(self)", 1),
    "no_such_module_at_all": "import no_such_module_at_all\n" + APP,
    "ZeroDivisionError": in_factory("1 / 0"),
    "not ready after 3 s": in_factory("import time; time.sleep(3600)"),
    "no database": "import sys\nsys.exit('no database')\n" + APP,
    "exited with status 1": "import os\nos._exit(1)\n" + APP,
    "SIGSEGV": "import ctypes\nctypes.string_at(0)\n" + APP,
}


@pytest.mark.thorough
@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_save_costs_no_request_and_the_next_heals(
    serve: Serve, hammer: Callable[[str], Hammer], message: str
) -> None:
    # A busy machine takes a second for a good start.
    patience = ("--boot-timeout", "3") if message.startswith("not ready") else ()
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log", *patience)
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        server.write("app.py", BROKEN[message])
        server.wait_for_log("the code from before goes on serving")
        clients.wait_for_version(1)
        assert clients.newest == 1
        server.write("app.py", version(2))
        clients.wait_for_version(2)
    assert len(server.errors) == 1, "one error, not one a worker"
    assert message in server.errors[0]


@pytest.mark.thorough
def test_a_boot_that_hangs_shows_where(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--boot-timeout", "3")
    server.write("app.py", BROKEN["not ready after 3 s"])
    server.wait_for_log("the code from before goes on serving")
    server.wait_for_log(r'app\.py", line \d+ in make_app')


@pytest.mark.thorough
def test_a_save_that_takes_a_lot_of_memory_for_a_moment(
    serve: Serve, hammer: Callable[[str], Hammer]
) -> None:
    hog = f"hog = bytearray(b'x') * ({HOG_MIB} << 20)\ndel hog\n"
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        server.write("app.py", version(2, hog))
        clients.wait_for_version(2)
        server.write("app.py", version(3))
        clients.wait_for_version(3)
    assert server.errors == []


# ---- many edits at once ----


@pytest.mark.thorough
def test_a_save_every_20_ms(serve: Serve, hammer: Callable[[str], Hammer]) -> None:
    """With one worker: of two, one may read the file before a save and the other behind it."""
    server = serve({"app.py": APP}, "--no-access-log")
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        began = time.monotonic()
        last = 1
        while time.monotonic() < began + 2.0:
            last += 1
            server.write("app.py", version(last))
            time.sleep(max(0.0, began + 0.02 * last - time.monotonic()))  # the pace of the saves
        server.write("app.py", version(last + 1))
        saved = time.monotonic()
        clients.wait_for_version(last + 1)
        took = time.monotonic() - saved
    generations = server.status()["generation"]
    print(f"{last} saves: {generations} generations, the last served after {took * 1000:.0f} ms")
    assert took < 2.0
    assert generations <= 12
    assert server.errors == []


@pytest.mark.thorough
def test_500_files_touched_at_once(serve: Serve) -> None:
    modules = {f"pages/page_{number}.py": f"NUMBER = {number}\n" for number in range(500)}
    imports = "".join(f"import pages.page_{number}\n" for number in range(0, 500, 50))
    server = serve({"app.py": imports + APP, "pages/__init__.py": "", **modules})
    for name in modules:
        os.utime(server.folder / name)
    server.write("app.py", version(2, imports))
    saved = time.monotonic()
    server.wait_for_answer("2 is")
    took = time.monotonic() - saved
    generations = server.status()["generation"]
    print(f"500 files: {generations} generations, the last served after {took * 1000:.0f} ms")
    assert generations <= 6
    assert server.errors == []


@pytest.mark.parametrize("what", ["package", "project"])
@pytest.mark.thorough
def test_a_folder_renamed_away_and_back(
    serve: Serve, hammer: Callable[[str], Hammer], what: str
) -> None:
    server = serve(
        {"board/__init__.py": "", "board/app.py": APP},
        *("board.app:make_app", "--workers", "2", "--no-access-log"),
    )
    folder = server.folder / "board" if what == "package" else server.folder
    away = server.folder.parent / "away"
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        folder.rename(away)
        inside = away / "app.py" if what == "package" else away / "board" / "app.py"
        inside.write_text(version(2))
        away.rename(folder)
        clients.wait_for_version(2)
        # And it is still watched.
        server.write("board/app.py", version(3))
        saved = time.monotonic()
        clients.wait_for_version(3)
        print(f"after the folder came back: served after {time.monotonic() - saved:.3f} s")
    assert server.status()["generation"] <= 8


# ---- kill -9 ----


def wait_until_dead(pid: int, wait_for: Callable[..., Any]) -> None:
    def dead() -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        return state in "ZX"

    wait_for(dead, f"process {pid} is dead")


def connection_to(server: Server, pid: int, kept: list[Client]) -> Client:
    """A connection that this worker has; all that it took are in ``kept``."""
    while not kept or kept[-1].request("/pid").text != str(pid):
        kept.append(server.connect())
    return kept[-1]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
def test_a_killed_worker_is_replaced_at_once(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    server.wait_for_log("warm: ")
    kept: list[Client] = []
    try:
        victim, other = server.answering_pids(2)
        steady = connection_to(server, other, kept)
        known = {victim, other}
        killed = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        wait_until_dead(victim, wait_for)
        while known >= {answered := int(server.get("/pid").text)}:
            assert answered == other
            assert steady.request("/pid").text == str(other)
            assert time.monotonic() < killed + 5, "the dead worker's place is empty"
        took = time.monotonic() - killed
        assert steady.request("/pid").text == str(other)
    finally:
        for client in kept:
            client.close()
    print(f"a new worker served {took * 1000:.0f} ms after the kill")
    assert took < 2.0
    assert server.errors == []


def serving_pids(server: Server) -> set[int]:
    workers = server.status()["workers"]
    return {worker["pid"] for worker in workers if worker["state"] == "serving"}


def kill_zygotes(server: Server, wait_for: Callable[..., Any]) -> None:
    zygotes = wait_for(lambda: server.status()["zygotes"], "there is a zygote")
    for pid in zygotes:
        os.kill(pid, signal.SIGKILL)

    def rebuilt() -> bool:
        now = server.status()["zygotes"]
        return bool(now) and not set(now) & set(zygotes)

    wait_for(rebuilt, "another zygote")


@pytest.mark.thorough
def test_a_killed_zygote_is_rebuilt_behind_the_scenes(
    serve: Serve, hammer: Callable[[str], Hammer], wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    server.wait_for_log("warm: ")
    workers = server.answering_pids(2)
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        for number in (2, 3):
            kill_zygotes(server, wait_for)
            server.wait_for_log("warm: ", count=number)
            assert serving_pids(server) == workers
            server.write("app.py", version(number))
            clients.wait_for_version(number)
            workers = serving_pids(server)
    times = [int(took) for took in re.findall(r"reloaded in (\d+) ms", server.log)]
    print(f"reloads after the zygote was killed: {times} ms")
    assert max(times) < 2000
    assert server.errors == []
    assert "starting another" not in server.log


@pytest.mark.thorough
def test_a_worker_that_outlived_its_zygote_is_replaced_when_it_dies(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP})
    (worker,) = server.answering_pids(1)
    kill_zygotes(server, wait_for)
    assert server.answering_pids(1) == {worker}
    os.kill(worker, signal.SIGKILL)
    server.wait_for_log(rf"\(pid {worker}\) was killed by SIGKILL; starting another now")
    assert server.get("/").text.startswith("1 is")


@pytest.mark.thorough
def test_a_killed_supervisor_leaves_nothing(serve: Serve, wait_for: Callable[..., Any]) -> None:
    """Under load, and while a zygote is being warmed: the banner comes before the warmth."""
    server = serve({"app.py": APP}, "--workers", "4", "--no-access-log")
    url = server.url
    with server.connect() as client:
        client.request("/")
        server.signal(signal.SIGKILL)
        killed = time.monotonic()
        server.process.wait()
        wait_for(lambda: server.pids() == set(), "all processes are gone", 3.0)
        print(f"all were gone {(time.monotonic() - killed) * 1000:.0f} ms after the supervisor")
    assert server.wait_until_ended() == -signal.SIGKILL
    port = int(url.rpartition(":")[2])
    again = serve({}, port=port)
    assert again.get("/").text.startswith("1 is")
