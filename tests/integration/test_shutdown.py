"""How it ends: what is under way is finished, nothing is left; and how it outlives a crash."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tornkit import linux

if TYPE_CHECKING:
    from tests.clients.blocking import Client
    from tests.integration.serve import Serve
    from tests.integration.server import Server

# Serves as an application (app.py:make_app) and as a program (app.py).
APP = """\
import asyncio
import os
import time
from pathlib import Path

from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent


class Slow(RequestHandler):
    async def get(self):
        (HERE / "entered").touch()
        while not (HERE / "release").exists():
            await asyncio.sleep(0.01)
        self.write("done")


class Stuck(RequestHandler):
    def get(self):
        (HERE / "entered").touch()
        time.sleep(60)


class Busy(RequestHandler):
    def get(self):
        (HERE / "entered").touch()
        while not (HERE / "release").exists():
            time.sleep(0.01)


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


def make_app():
    return Application([("/slow", Slow), ("/stuck", Stuck), ("/busy", Busy), ("/pid", Pid)])


async def main():
    make_app().listen(0, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
TARGETS = {"application": "app.py:make_app", "program": "app.py"}

FINISHING = "finishing what is under way"


def enter(server: Server, path: str, wait_for: Callable[..., Any]) -> Client:
    """A client whose request is being answered."""
    client = server.connect()
    client.send_request(path)
    wait_for((server.folder / "entered").exists, "the handler runs")
    return client


def is_refused(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((parts.hostname, parts.port)) == errno.ECONNREFUSED


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize(
    ("number", "group"),
    [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)],
    ids=["int", "term", "ctrl-c"],
)
def test_a_request_under_way_is_answered(
    serve: Serve, wait_for: Callable[..., Any], kind: str, number: int, group: bool
) -> None:
    server = serve({"app.py": APP}, TARGETS[kind], "--workers", "2")
    with server.connect() as idle, enter(server, "/slow", wait_for) as client:
        idle.request("/pid")
        server.signal(number, group=group)
        server.wait_for_log(FINISHING)
        assert idle.rest() == b"", "an idle connection is closed, not reset"
        wait_for(lambda: is_refused(server.url), "new connections are refused")
        assert server.process.poll() is None
        (server.folder / "release").touch()
        response = client.read_response()
    assert response.text == "done"
    assert response.headers["connection"] == "close"
    assert server.wait_until_ended() == 0
    assert server.errors == []
    assert "Traceback" not in server.log
    assert server.log.rstrip().endswith("stopped")


@pytest.mark.parametrize("engine", ["tornkit", "tornado"])
def test_who_has_connected_is_answered(
    serve: Serve, wait_for: Callable[..., Any], engine: str
) -> None:
    """The one worker is busy when it is told to end, and accepts them behind that."""
    server = serve({"app.py": APP}, "app.py:make_app", "--no-reload", "--engine", engine)
    with contextlib.ExitStack() as clients:
        busy = clients.enter_context(enter(server, "/busy", wait_for))
        waiting = [clients.enter_context(server.connect()) for _ in range(5)]
        for client in waiting:
            client.send_request("/pid")
        server.signal(signal.SIGTERM)
        server.wait_for_log(FINISHING)
        (server.folder / "release").touch()
        assert busy.read_response().status == 200
        assert [client.read_response().status for client in waiting] == [200] * 5
    assert server.process.wait(timeout=10) == 0


class Visitors:
    """Clients that ask a server without pause until it refuses them; how each request ended.

    ``kept``: on one connection each, until an answer says that it is the last.
    """

    def __init__(self, server: Server, *, kept: bool, count: int = 4) -> None:
        self._server = server
        self._kept = kept
        self._threads = [threading.Thread(target=self._run) for _ in range(count)]
        self.ends: Counter[str] = Counter()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        with contextlib.suppress(ConnectionRefusedError):
            while True:
                with self._server.connect() as client:
                    self._ask(client)

    def _ask(self, client: Client) -> None:
        last = False
        while not last:
            try:
                response = client.request("/pid")
            except (OSError, EOFError) as error:
                self.ends[type(error).__name__] += 1
                return
            self.ends[str(response.status)] += 1
            last = not self._kept or response.headers.get("connection") == "close"


@pytest.mark.thorough
@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("options", ["--workers 2 --no-reload", "--no-reload --engine tornado"])
def test_nobody_is_reset(
    serve: Serve, wait_for: Callable[..., Any], kept: bool, options: str
) -> None:
    """As behind a proxy that has another server to go to: each is refused, or answered."""
    if not kept and not linux.USED:
        pytest.skip("elsewhere the last one may be")
    for _ in range(3):
        server = serve({"app.py": APP}, "app.py:make_app", *options.split(), "--no-access-log")
        visitors = Visitors(server, kept=kept)
        wait_for(lambda visitors=visitors: visitors.ends.total() > 50, "they are at it")
        assert server.stop() == 0
        visitors.join()
        assert visitors.ends.keys() == {"200"}


@pytest.mark.thorough
def test_ctrl_c_in_a_terminal(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", terminal=True)
    with enter(server, "/slow", wait_for) as client:
        server.type(b"\x03")
        server.wait_for_log(FINISHING)
        (server.folder / "release").touch()
        assert client.read_response().text == "done"
    assert server.wait_until_ended() == 0


@pytest.mark.thorough
@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_at_once(
    serve: Serve, wait_for: Callable[..., Any], kind: str, number: int
) -> None:
    server = serve({"app.py": APP}, TARGETS[kind], "--drain-timeout", "50")
    with enter(server, "/slow", wait_for):
        server.signal(number, group=True)
        server.wait_for_log(FINISHING)
        server.signal(number, group=True)
        assert server.wait_until_ended() == 128 + number


def test_sigquit_ends_at_once(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "50")
    with enter(server, "/slow", wait_for):
        server.signal(signal.SIGQUIT)
        assert server.wait_until_ended() == 128 + signal.SIGQUIT


@pytest.mark.thorough
def test_the_drain_timeout_ends_a_request(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "0.2")
    with enter(server, "/slow", wait_for) as client:
        server.signal(signal.SIGTERM)
        assert server.wait_until_ended() == 0
        assert client.rest() == b""


@pytest.mark.thorough
def test_a_worker_that_is_stuck_is_killed(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "0.1")
    with enter(server, "/stuck", wait_for):
        server.signal(signal.SIGTERM)
        assert server.wait_until_ended() == 0
    assert "did not end in time and was killed" in server.log


@pytest.mark.thorough
def test_a_worker_that_is_stuck_does_not_hold_up_a_reload(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "0.1")
    (stuck,) = server.answering_pids(1)
    with enter(server, "/stuck", wait_for):
        server.write("app.py", APP + "\n")
        server.wait_for_reload()
        assert server.answering_pids(1) != {stuck}
        wait_for(lambda: stuck not in server.pids(), "the old worker is killed")


def test_a_stop_while_a_generation_boots(serve: Serve, wait_for: Callable[..., Any]) -> None:
    slow = "import time\nfrom pathlib import Path\nPath('boots').touch()\ntime.sleep(60)\n"
    server = serve({"app.py": APP}, "app.py:make_app")
    server.write("app.py", slow + APP)
    wait_for((server.folder / "boots").exists, "the new generation boots")
    assert server.get("/pid").status == 200
    assert server.stop() == 0
    assert server.errors == [], "that it was given up is no error"


# ---- crashes ----


def test_a_killed_worker_is_replaced_while_the_others_serve(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    victim, other = server.answering_pids(2)
    clients: list[Client] = []
    try:
        # A connection to the one that lives on.
        while not clients or clients[-1].request("/pid").text != str(other):
            clients.append(server.connect())
        os.kill(victim, signal.SIGKILL)

        def replaced() -> bool:
            assert clients[-1].request("/pid").text == str(other)
            return "was killed by SIGKILL; starting another now" in server.log

        wait_for(replaced, "another worker is started")
    finally:
        for client in clients:
            client.close()
    pids = server.answering_pids(2)
    assert other in pids
    assert victim not in pids
    assert f"(pid {victim})" in server.log
    assert server.errors == []


def test_an_idle_connection_outlives_no_worker_but_new_ones_are_served(serve: Serve) -> None:
    """The only worker is killed: whoever connects meanwhile waits in the backlog."""
    server = serve({"app.py": APP}, "app.py:make_app")
    (victim,) = server.answering_pids(1)
    os.kill(victim, signal.SIGKILL)
    assert server.get("/pid").text != str(victim)


@pytest.mark.thorough
@pytest.mark.parametrize("path", ["/slow", "/stuck"])
def test_the_workers_die_with_the_supervisor(
    serve: Serve, wait_for: Callable[..., Any], path: str
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    server.answering_pids(2)
    with enter(server, path, wait_for):
        server.signal(signal.SIGKILL)
        server.process.wait()
        killed = time.monotonic()
        wait_for(lambda: server.pids() == set(), "the workers are gone", 3.0)
        assert time.monotonic() - killed < 3.5
    assert server.wait_until_ended() == -signal.SIGKILL


def test_a_program_dies_with_the_supervisor(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"app.py": APP}, "app.py", "--workers", "2")
    server.signal(signal.SIGKILL)
    server.process.wait()
    wait_for(lambda: server.pids() == set(), "the workers are gone", 3.0)


@pytest.mark.thorough
def test_a_port_is_free_for_the_next_server(serve: Serve) -> None:
    port = serve.free_port()
    for _ in range(2):
        server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2", port=port)
        assert server.url.endswith(f":{port}")
        server.answering_pids(2)
        assert server.stop() == 0


def test_nothing_is_written_beside_the_application(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    server.get("/pid")
    assert server.stop() == 0
    left = {path.name for path in Path(server.folder).iterdir()} - {"__pycache__"}
    assert left == {"app.py"}
