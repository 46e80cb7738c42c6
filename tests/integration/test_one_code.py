"""One code answers at any time: workers that die, are recycled or added while the files on the disk
are not what the others have loaded. Clients never pause, and no connection of theirs waits.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.serve import Serve
    from tests.integration.server import Server

# What a person would not notice, and what a slot that nobody accepts in exceeds by far.
LONGEST_WAIT = 0.2

# It takes a while to start: whoever would have to wait for that is seen.
APP = """\
import os, time
import {views}
time.sleep(0.4)
from tornado.web import Application, RequestHandler

class Main(RequestHandler):
    def get(self):
        self.write(f"{{{views}.VERSION}}")

class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))

class Late(RequestHandler):
    def get(self):
        import late
        self.write(late.VERSION)

class Exit(RequestHandler):
    def get(self):
        os._exit(3)

class Crash(RequestHandler):
    def get(self):
        import ctypes
        ctypes.string_at(0)

class Hog(RequestHandler):
    kept = []
    def get(self):
        self.kept.append(b"x" * (24 << 20))

def make_app():
    return Application([("/", Main), ("/pid", Pid), ("/late", Late), ("/exit", Exit),
                        ("/crash", Crash), ("/hog", Hog)])
"""
FILES = {
    "app.py": APP.format(views="views"),
    "views.py": "VERSION = 'old'\n",
    "late.py": "VERSION = 'old'\n",
}
BROKEN = FILES["app.py"].replace("def get(self):", "def get(self)")


class Impatient:
    """Clients with a new connection each few milliseconds; what was answered, and how late."""

    def __init__(self, server: Server, clients: int = 3) -> None:
        self._server = server
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]
        self.answers: Counter[str] = Counter()
        self.waits: list[float] = []

    def __enter__(self) -> Impatient:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.003):
            began = time.monotonic()
            try:
                answer = self._server.get().text
            except TimeoutError:
                answer = "no answer"
            except (OSError, EOFError):
                answer = "cut off"  # it was with the worker that died
            self.waits.append(time.monotonic() - began)
            self.answers[answer] += 1

    def assert_served(self, *, cut_off: int = 0) -> None:
        """Nothing but the old code has answered, and nobody has waited."""
        assert self.answers["cut off"] <= cut_off
        assert self.answers.keys() <= {"old", "cut off"}
        assert self.answers["old"] > 50
        assert max(self.waits) < LONGEST_WAIT


def pids(server: Server) -> dict[int, int]:
    """The worker of each slot that serves."""
    return {
        each["slot"]: each["pid"]
        for each in server.status()["workers"]
        if each["state"] == "serving"
    }


def break_files(server: Server) -> None:
    """Save what can't be loaded; every other file says something new."""
    server.write("views.py", "VERSION = 'new'\n")
    server.write("late.py", "VERSION = 'new'\n")
    server.write("app.py", BROKEN)
    server.wait_for_log("SyntaxError")
    server.wait_for_log("the code from before goes on serving")


def replaced(server: Server, before: dict[int, int], slot: int) -> Callable[[], bool]:
    def there() -> bool:
        now = pids(server)
        return now.keys() == before.keys() and now[slot] != before[slot]

    return there


@pytest.mark.thorough  # with nothing beside it: it says how long a client may wait
def test_each_worker_dies_after_a_reload_that_failed(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve(FILES, "--workers", "2", "--no-access-log")
    break_files(server)
    with Impatient(server) as clients:
        for slot in range(2):
            before = pids(server)
            os.kill(before[slot], signal.SIGKILL)
            wait_for(replaced(server, before, slot), "another worker in its slot")
    clients.assert_served(cut_off=6)
    assert [server.get("/late").text for _ in range(12)] == ["new"] * 12, "nobody had loaded it"
    server.write("app.py", FILES["app.py"])
    server.wait_for_answer("new")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("path", "preload"), [("/exit", "fork"), ("/crash", "standby"), ("/exit", "off")]
)
def test_workers_end_by_themselves(
    serve: Serve, wait_for: Callable[..., Any], path: str, preload: str
) -> None:
    server = serve(FILES, "--workers", "2", "--no-access-log", "--preload", preload)
    assert server.get("/late").text == "old"
    time.sleep(1.5)  # workers tell with a heartbeat, which nobody sees, what they import later
    break_files(server)
    # Both: one that goes on, and has not imported it yet, takes what is in the file by now.
    first, deaths = set(pids(server).values()), 0
    with Impatient(server) as clients:
        while (before := set(pids(server).values())) & first:
            with contextlib.suppress(OSError, EOFError):
                server.get(path)
            deaths += 1
            wait_for(
                lambda before=before: len(now := set(pids(server).values())) == 2 and now != before,
                "another worker",
            )
    clients.assert_served(cut_off=9 * deaths // 2)
    assert {server.get("/late").text for _ in range(12)} == {"old"}


@pytest.mark.thorough
@pytest.mark.parametrize("limit", [("--max-requests", "60"), ("--max-rss", "90M")])
def test_recycled_workers_load_the_old_code(
    serve: Serve, wait_for: Callable[..., Any], limit: tuple[str, str]
) -> None:
    server = serve(FILES, "--workers", "2", "--no-access-log", *limit)
    break_files(server)
    with Impatient(server) as clients:
        if limit[0] == "--max-rss":

            def both_have_grown() -> bool:
                server.get("/hog")
                return server.log.count("another takes over") >= 2

            wait_for(both_have_grown, "both have grown")
        server.wait_for_log("another takes over", count=2)
        wait_for(lambda: len(pids(server)) == 2, "two that serve")
    clients.assert_served()


@pytest.mark.thorough
def test_a_deployment_that_is_half_done(serve: Serve, wait_for: Callable[..., Any]) -> None:
    """Without reload: new files beside old ones, a module that has become a package, one gone."""
    files = {**FILES, "late.py": "VERSION = 'old'\n", "helper.py": "NAME = 'old'\n"}
    files["views.py"] = "import helper\nVERSION = helper.NAME\n"
    server = serve(files, "--workers", "2", "--no-access-log", "--no-reload")
    (server.folder / "helper.py").unlink()
    (server.folder / "views.py").rename(server.folder / "moved.py")
    server.write("views/__init__.py", "VERSION = 'new'\n")
    with Impatient(server) as clients:
        for slot in (0, 1, 0):
            before = pids(server)
            os.kill(before[slot], signal.SIGKILL)
            wait_for(replaced(server, before, slot), "another worker in its slot")
    clients.assert_served(cut_off=9)
    server.signal(signal.SIGHUP)
    server.wait_for_answer("new")


@pytest.mark.thorough
def test_more_and_fewer_workers_after_a_reload_that_failed(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve(FILES, "--workers", "2", "--no-access-log")
    break_files(server)
    with Impatient(server) as clients:
        for number, count in ((signal.SIGTTIN, 3), (signal.SIGTTOU, 2), (signal.SIGTTOU, 1)):
            server.signal(number)
            wait_for(lambda count=count: len(pids(server)) == count, f"{count} workers")
    clients.assert_served()


@pytest.mark.thorough
def test_a_program_that_has_moved_away(serve: Serve, wait_for: Callable[..., Any]) -> None:
    program = FILES["app.py"] + (
        "\nif __name__ == '__main__':\n    import asyncio\n\n    async def main():\n"
        "        make_app().listen(8888)\n        await asyncio.Event().wait()\n\n"
        "    asyncio.run(main())\n"
    )
    server = serve({**FILES, "app.py": program}, "app.py", "--workers", "2", "--no-access-log")
    server.write("views.py", "VERSION = 'new'\nraise SystemExit('broken')\n")
    server.wait_for_log("the code from before goes on serving")
    (server.folder / "app.py").unlink()
    server.wait_for_log("the code from before goes on serving", count=2)
    with Impatient(server) as clients:
        for slot in range(2):
            before = pids(server)
            os.kill(before[slot], signal.SIGKILL)
            wait_for(replaced(server, before, slot), "another worker in its slot")
    clients.assert_served(cut_off=6)


@pytest.mark.thorough
def test_a_stopped_zygote_holds_up_nothing(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({**FILES, "app.py": FILES["app.py"].replace("0.4", "0")}, "--workers", "2")
    server.get()
    [zygote, *_] = server.status()["zygotes"]
    for each in server.status()["zygotes"]:
        os.kill(each, signal.SIGSTOP)
    before = pids(server)
    os.kill(before[0], signal.SIGKILL)
    began = time.monotonic()
    server.write("views.py", "VERSION = 'new'\n")
    assert server.status()["pid"] == server.process.pid
    assert time.monotonic() - began < 1.0
    # It does not tell of its worker's end: it is ended, and its workers are not.
    server.wait_for_answer("new")
    assert zygote not in server.status()["zygotes"]
    for each in server.status()["zygotes"]:
        os.kill(each, signal.SIGSTOP)
    began = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - began < 5.0
