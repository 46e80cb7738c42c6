"""The signals that people know from other servers."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import logging
import os

from tornado.web import Application, RequestHandler

logging.getLogger("board").addHandler(logging.FileHandler("board.log"))


class Main(RequestHandler):
    def get(self):
        logging.getLogger("board").warning("it is %s", self.get_query_argument("say", "quiet"))
        self.write("1 is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/", Main), ("/pid", Pid)])
"""


def serving_pids(server: Server) -> set[int]:
    workers = server.status()["workers"]
    return {worker["pid"] for worker in workers if worker["state"] == "serving"}


def test_hup_starts_all_workers_anew(serve: Serve, hammer: Callable[[str], Hammer]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log", "--no-reload")
    before = server.answering_pids(2)
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        server.signal(signal.SIGHUP)
        server.wait_for_reload()
        clients.wait_for_version(1)
    assert not before & server.answering_pids(2)
    assert "SIGHUP, starting anew" in server.log


@pytest.mark.thorough
def test_ttin_and_ttou_are_one_worker_more_and_one_less(
    serve: Serve, hammer: Callable[[str], Hammer], wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--no-access-log")
    first = server.answering_pids(2)
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        server.signal(signal.SIGTTIN)
        wait_for(lambda: len(serving_pids(server)) == 3, "a third worker")
        assert "3 workers from now on" in server.log
        assert first < server.answering_pids(3)
        server.write("app.py", APP + "\n")
        server.wait_for_reload()
        three = server.answering_pids(3)
        server.signal(signal.SIGTTOU)
        wait_for(lambda: len(server.status()["workers"]) == 2, "only two workers")
        assert serving_pids(server) < three
        server.signal(signal.SIGTTOU)
        wait_for(lambda: len(server.status()["workers"]) == 1, "only one worker")
        clients.wait_for_version(1)
        server.signal(signal.SIGTTOU)
        for _ in range(2):
            server.status()  # so that it has been seen: of two signals that are pending at once,
        server.signal(signal.SIGTTIN)  # the one with the lower number is the first
        server.wait_for_log("2 workers from now on", count=2)
        wait_for(lambda: len(serving_pids(server)) == 2, "the last one stayed, and got company")
        clients.wait_for_version(1)
    assert server.errors == []
    assert server.log.count("1 worker from now on") == 1


def test_usr1_opens_log_files_anew(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", "--ignore", "*.log*")
    log, moved = server.folder / "board.log", server.folder / "board.log.1"
    server.get("/?say=old")
    log.rename(moved)
    server.get("/?say=moved")
    assert moved.read_text() == "it is old\nit is moved\n"
    server.signal(signal.SIGUSR1)

    def says_new() -> bool:
        # Whichever worker it meets: until both have been told, some go to the old one.
        server.get("/?say=new")
        return log.exists() and log.read_text().count("it is new") > 10

    wait_for(says_new, "the log is written where it was")
    settled = moved.read_text()
    for _ in range(10):
        server.get("/?say=more")
    assert log.read_text().count("it is more") == 10
    assert moved.read_text() == settled


@pytest.mark.thorough
def test_usr2_shows_where_every_worker_is(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2")
    before = server.answering_pids(2)
    server.signal(signal.SIGUSR2)
    server.wait_for_log(r"most recent call first", count=2)
    server.wait_for_log(r'worker\.py", line \d+ in live', count=2)
    assert server.answering_pids(2) == before
    server.signal(signal.SIGUSR2)
    server.wait_for_log(r"most recent call first", count=4)


def test_quit_ends_at_once_with_all_workers(serve: Serve) -> None:
    server = serve({"app.py": APP}, "--workers", "2")
    with server.connect() as client:
        client.request("/")
        server.signal(signal.SIGQUIT)
        assert server.wait_until_ended() == 128 + signal.SIGQUIT
    assert not re.search("did not end|starting another", server.log)
