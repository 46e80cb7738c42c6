"""Real `tornkit serve` processes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.web import Application

from tests.testing.applications import SECRET
from tornkit.testing.live import LiveServer, LiveServers, NotServing
from tornkit.testing.loop_thread import LoopThread
from tornkit.testing.recording import Record, SeenRequest

PROGRAM = f"""
import os
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

class Home(RequestHandler):
    def get(self):
        user = self.get_signed_cookie("user")
        word = os.environ.get("WORD")
        self.write({{"pid": os.getpid(), "user": user and user.decode(), "word": word}})

    def post(self):
        self.write("posted")

class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)

def make_app():
    return Application([("/", Home), ("/echo", Echo)], cookie_secret={SECRET!r}, xsrf_cookies=True)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(PROGRAM)
    return tmp_path


@pytest.fixture
def record() -> Record:
    return set()


@pytest.fixture
def servers(
    project: Path, loop: LoopThread, record: Record, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LiveServers]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / "cache"))

    def application() -> Application:
        return Application([], cookie_secret=SECRET)

    servers = LiveServers(project, lambda: loop, application, record)
    yield servers
    servers.close()


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended may wait for a parent that never asks."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return sys.platform != "linux"
    return state != "Z"


def test_two_workers_serve_until_the_end(servers: LiveServers, record: Record) -> None:
    client = servers.client()
    assert servers.client().url == client.url == servers.url
    client.sign_in("alice")
    pids = set()
    for _ in range(200):  # of new connections; whichever worker accepts one
        answer = client.new()
        pids.add(answer.get("/").json()["pid"])
        answer.close()
        if len(pids) == 2:
            break
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert client.get("/").json()["user"] == "alice"
    assert client.post("/").text == "posted"
    assert client.post("/", xsrf=False).status_code == 403
    with client.websocket("/echo") as ws:
        ws.send("hello")
        assert ws.receive() == "hello"

    async def ask() -> str:
        return (await servers.aclient().post("/")).text

    assert asyncio.run(ask()) == "posted"
    host = client.url.removeprefix("http://")
    assert {SeenRequest("POST", host, "/?"), SeenRequest("GET", host, "/echo?")} <= record
    assert "403 POST /" in servers.log
    said = servers.close()
    assert said.rstrip().endswith("stopped")
    assert not any(map(is_alive, pids))


@pytest.mark.thorough
def test_environment_arguments_and_app_are_the_tests(
    servers: LiveServers, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "inherited")
    (project / "other.py").write_text(PROGRAM.replace('"posted"', '"other"'))
    first = servers("--no-access-log", workers=1, env={"WORD": "given"}, app="other.py")
    second = servers(workers=1, env={"WORD": None})
    assert first.client().get("/").json()["word"] == "given"
    assert first.client().post("/").text == "other"
    assert second.client().get("/").json()["word"] is None
    assert "GET /" not in first.log
    assert "workers  1" in second.log


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("program", "arguments", "said"),
    [
        ("1 / 0", (), "ZeroDivisionError"),
        (PROGRAM, ("--no-such-option",), "option --no-such-option does not exist"),
        (PROGRAM, ("--unix-socket", "here.sock"), "--unix-socket excludes --port"),
    ],
)
def test_one_that_can_not_be_used_says_why_and_ends(
    servers: LiveServers, project: Path, program: str, arguments: tuple[str, ...], said: str
) -> None:
    (project / "app.py").write_text(program)
    started: list[LiveServer] = []
    with pytest.raises(NotServing, match=said):
        started.append(servers(*arguments, app="app.py:make_app"))
    assert not started


@pytest.mark.thorough
def test_one_that_will_not_end_is_killed(
    servers: LiveServers, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tornkit.testing.live._END_PATIENCE", 0.5)
    never = "import atexit, time\n    atexit.register(time.sleep, 60)\n    return"
    (project / "app.py").write_text(PROGRAM.replace("return", never))
    server = servers(workers=1)
    pid = server.client().get("/").json()["pid"]
    server.close()
    assert server.process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)
