"""Which generation serves when: the order that was asked for, and edits that overlap."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tornkit import linux

if TYPE_CHECKING:
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve

# Holds a lock that can't be had twice, from its import to its end.
EXCLUSIVE = """\
import asyncio
import fcntl
import os
from pathlib import Path

from tornado.web import Application, RequestHandler

from tornkit import linux

LOCK = open("lock", "w")
fcntl.flock(LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
Path("entered").unlink(missing_ok=True)
VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Slow(RequestHandler):
    async def get(self):
        Path("entered").touch()
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        self.write(f"{VERSION} is done")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/", Main), ("/slow", Slow), ("/pid", Pid)])
"""


def version(number: int) -> str:
    return EXCLUSIVE.replace("VERSION = 1", f"VERSION = {number}")


@pytest.mark.thorough
@pytest.mark.skipif(not linux.USED, reason="what is held is read from /proc")
def test_start_first_makes_room_where_a_thing_can_not_be_held_twice(serve: Serve) -> None:
    server = serve({"app.py": EXCLUSIVE})
    server.write("app.py", version(2))
    server.wait_for_log("--reload-order stop-first does that at once")
    server.wait_for_answer("2 is")
    assert server.errors == []


def test_stop_first_ends_the_old_before_the_new_begins(
    serve: Serve,
) -> None:
    """New connections wait meanwhile, and a kept one is closed, not reset."""
    server = serve({"app.py": EXCLUSIVE}, "--reload-order", "stop-first", "--no-access-log")
    with server.connect() as idle:
        idle.request("/")
        for number in (2, 3):
            server.write("app.py", version(number))
            server.wait_for_answer(f"{number} is")
        assert idle.rest() == b""
    server.wait_for_reload(2)
    assert server.errors == []
    assert server.reloads == 2


@pytest.mark.thorough
def test_stop_first_heals_after_a_broken_save(serve: Serve) -> None:
    server = serve({"app.py": EXCLUSIVE}, "--reload-order", "stop-first")
    server.write("app.py", "(\n")
    server.wait_for_log("nothing is served yet; save a file to retry")
    server.write("app.py", version(2))
    server.wait_for_reload()
    assert server.get().text.startswith("2 is")
    assert len(server.errors) == 1


@pytest.mark.thorough
def test_stop_first_waits_for_what_is_under_way_though_more_is_saved(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": EXCLUSIVE}, "--reload-order", "stop-first")
    with server.connect() as busy:
        busy.send_request("/slow")
        wait_for((server.folder / "entered").exists, "the request is under way")
        server.write("app.py", version(2))
        server.wait_for_log("app.py changed, starting anew")
        server.write("app.py", version(3))
        # Long enough for both saves to be seen; whatever was started now could not have the lock.
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            assert len(server.status()["workers"]) == 1, "only the old one"
        (server.folder / "release").touch()
        assert busy.read_response().text == "1 is done"
    server.wait_for_answer("3 is")
    assert server.errors == []


@pytest.mark.thorough
def test_a_save_while_a_generation_boots_overtakes_it(
    serve: Serve, hammer: Callable[[str], Hammer], wait_for: Callable[..., Any]
) -> None:
    plain = EXCLUSIVE.replace("fcntl.flock", "# ")
    server = serve({"app.py": plain}, "--workers", "2", "--no-access-log")
    hangs = "from pathlib import Path\nPath('boots').touch()\nimport time; time.sleep(3600)\n"
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        server.write("app.py", hangs + plain)
        wait_for((server.folder / "boots").exists, "the new generation boots")
        server.write("app.py", plain.replace("VERSION = 1", "VERSION = 2"))
        clients.wait_for_version(2)
    assert server.errors == [], "that it was overtaken is no error"
    wait_for(lambda: len(server.status()["workers"]) == 2, "nothing is left of it")


@pytest.mark.thorough
def test_a_worker_that_hangs_on_its_way_out_is_killed_and_shown(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": EXCLUSIVE.replace("fcntl.flock", "# ")}, "--drain-timeout", "0.2")
    (old,) = server.answering_pids(1)
    with server.connect() as busy:
        busy.send_request("/slow")
        wait_for((server.folder / "entered").exists, "the request is under way")
        server.edit("app.py", "VERSION = 1", "VERSION = 2")
        server.wait_for_reload()
        assert busy.rest() == b"", "closed once its time is over"
    wait_for(lambda: old not in server.pids(), "the old worker is gone")
    assert server.get().text.startswith("2 is")
