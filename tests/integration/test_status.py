"""`tornkit status`: asks the running servers, and only the user's own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tornado.websocket import websocket_connect

import tornkit

pytestmark = pytest.mark.thorough

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
import asyncio
import os
from pathlib import Path

from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


class Slow(RequestHandler):
    async def get(self):
        while not Path("release").exists():
            await asyncio.sleep(0.01)
        self.write("done")


def make_app():
    return Application([("/", Main), ("/slow", Slow)])
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Mapping[str, str]:
    """A runtime folder of this test's own."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    return {"XDG_RUNTIME_DIR": str(folder)}


def ask(*arguments: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if "TORNKIT" not in name},
        "PYTHONPATH": str(Path(tornkit.__file__).parents[1]),
        "COLUMNS": "120",
        **env,
    }
    command = [sys.executable, "-m", "tornkit", "status", *arguments]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=20, check=False
    )


def test_json_tells_all_of_a_server(
    serve: Serve, runtime: Mapping[str, str], wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "--workers", "2", env=runtime)
    server.wait_for_log("warm: ")
    with server.connect() as busy, server.connect() as idle:
        idle.request("/")
        busy.send_request("/slow")

        def told() -> Any:
            asked = ask("--json", env=runtime)
            assert asked.returncode == 0
            (one,) = json.loads(asked.stdout)["servers"]
            in_flight, requests = (
                sum(worker[what] for worker in one["workers"]) for what in ("in_flight", "requests")
            )
            # Each worker says so in its own time.
            return one if in_flight and requests == 2 else None

        one = wait_for(told, "both requests show, and that one is under way")
        (server.folder / "release").touch()
        assert busy.read_response().text == "done"
    assert one["pid"] == server.process.pid
    assert one["app"] == "app.py:make_app"
    assert one["project"] == str(server.folder)
    assert one["urls"] == [server.url]
    assert one["generation"] == 1
    assert one["workers_wanted"] == 2
    assert one["last_error"] is None
    assert one["warm"]["modules"] > 100
    assert 0 < one["uptime"] < 20
    assert [worker["slot"] for worker in one["workers"]] == [0, 1]
    assert {worker["pid"] for worker in one["workers"]} < server.pids()
    assert {worker["state"] for worker in one["workers"]} == {"serving"}
    assert sum(worker["requests"] for worker in one["workers"]) == 2
    assert sum(worker["in_flight"] for worker in one["workers"]) == 1
    assert sum(worker["connections"] for worker in one["workers"]) == 2
    for worker in one["workers"]:
        assert 0 <= worker["lag"] < 5
        if sys.platform == "linux":
            assert 2**20 < worker["memory"]["own"] < 2**29
            assert worker["memory"]["own"] <= worker["memory"]["pss"]


WITH_SOCKETS = """\
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


def make_app():
    return Application([("/echo", Echo)])
"""


@pytest.mark.parametrize("engine", ["tornkit", "tornado"])
def test_websockets_are_connections(
    serve: Serve, runtime: Mapping[str, str], wait_for: Callable[..., Any], engine: str
) -> None:
    server = serve({"app.py": WITH_SOCKETS}, "--engine", engine, env=runtime)

    def counted() -> int:
        (one,) = json.loads(ask("--json", env=runtime).stdout)["servers"]
        return sum(worker["connections"] for worker in one["workers"])

    async def open_and_count() -> None:
        url = f"{server.url.replace('http', 'ws')}/echo"
        sockets = [await websocket_connect(url) for _ in range(3)]
        wait_for(lambda: counted() == 3, "three connections")
        for each in sockets:
            each.close()
            assert await each.read_message() is None  # the connection has ended

    asyncio.run(open_and_count())
    wait_for(lambda: counted() == 0, "none any more")


def test_the_table(serve: Serve, runtime: Mapping[str, str]) -> None:
    server = serve({"app.py": APP}, "--workers", "2", env=runtime)
    asked = ask(env=runtime)
    assert asked.returncode == 0
    heading, names, *rows = asked.stdout.splitlines()
    assert heading.startswith(f"app.py:make_app at {server.url}  supervisor {server.process.pid}")
    assert names.split()[:4] == ["worker", "pid", "gen", "state"]
    assert [row.split()[0] for row in rows[:2]] == ["1", "2"]
    assert {int(row.split()[1]) for row in rows[:2]} < server.pids()


def test_a_broken_reload_shows_its_error_until_it_is_mended(
    serve: Serve, runtime: Mapping[str, str]
) -> None:
    server = serve({"app.py": APP}, env=runtime)
    server.write("app.py", "1 / 0\n" + APP)
    server.wait_for_log("goes on serving")
    (one,) = json.loads(ask("--json", env=runtime).stdout)["servers"]
    assert one["last_error"]["kind"] == "AppRaised"
    assert "ZeroDivisionError" in one["last_error"]["message"]
    assert "1 / 0" in one["last_error"]["traceback"]
    assert one["generation"] == 1
    assert "last error: importing app failed: ZeroDivisionError" in ask(env=runtime).stdout
    server.write("app.py", APP)
    server.wait_for_reload()
    (one,) = json.loads(ask("--json", env=runtime).stdout)["servers"]
    assert one["last_error"] is None
    assert one["generation"] == 3


def test_without_a_server(runtime: Mapping[str, str]) -> None:
    asked = ask(env=runtime)
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "no server runs" in asked.stderr
    asked = ask("--json", env=runtime)
    assert (asked.returncode, json.loads(asked.stdout)) == (1, {"servers": []})


def test_two_servers_and_one_of_them(serve: Serve, runtime: Mapping[str, str]) -> None:
    one, other = (serve({"app.py": APP}, env=runtime) for _ in range(2))
    both = json.loads(ask("--json", env=runtime).stdout)["servers"]
    assert {each["pid"] for each in both} == {one.process.pid, other.process.pid}
    (only,) = json.loads(ask("--json", f"--pid={other.process.pid}", env=runtime).stdout)["servers"]
    assert only["urls"] == [other.url]
    assert ask("--pid=1", env=runtime).returncode == 1


def test_only_the_user_can_open_the_socket_and_it_goes_with_the_server(
    serve: Serve, runtime: Mapping[str, str]
) -> None:
    server = serve({"app.py": APP}, env=runtime)
    folder = Path(runtime["XDG_RUNTIME_DIR"]) / "tornkit"
    path = folder / f"{server.process.pid}.sock"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert path.is_socket()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert server.stop() == 0
    assert list(folder.iterdir()) == []


def test_what_a_killed_server_left_is_removed(
    serve: Serve, runtime: Mapping[str, str], wait_for: Callable[..., Any]
) -> None:
    killed = serve({"app.py": APP}, env=runtime)
    folder = Path(runtime["XDG_RUNTIME_DIR"]) / "tornkit"
    killed.signal(signal.SIGKILL)
    killed.process.wait()
    wait_for(lambda: killed.pids() == set(), "all processes are gone")
    assert len(list(folder.iterdir())) == 2, "of status, and of the bus"
    assert ask(env=runtime).returncode == 1
    assert list(folder.iterdir()) == []


def test_who_asks_and_does_not_listen_holds_nobody_up(
    serve: Serve, runtime: Mapping[str, str]
) -> None:
    server = serve({"app.py": APP}, env=runtime)
    path = Path(runtime["XDG_RUNTIME_DIR"]) / "tornkit" / f"{server.process.pid}.sock"
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as rude:
            rude.connect(str(path))
    server.write("app.py", APP + "\n")
    server.wait_for_reload()
    assert ask(env=runtime).returncode == 0


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_folder_that_others_can_enter_is_not_used(
    serve: Serve, runtime: Mapping[str, str], mode: int
) -> None:
    """It serves all the same; who asks is told why there is no status."""
    folder = Path(runtime["XDG_RUNTIME_DIR"]) / "tornkit"
    folder.mkdir()
    folder.chmod(mode)
    server = serve({"app.py": APP}, env=runtime)
    assert server.get().status == 200
    assert list(folder.iterdir()) == []
    asked = ask(env=runtime)
    assert asked.returncode == 1
    assert f"{folder} is not this user's alone" in asked.stderr
