"""`tornkit bus` beside a real server: what it shows, publishing and listening."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tornkit
from tests.bus.redis_server import MISSING, RedisServer
from tests.integration.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import asyncio

from tornado.web import Application, RequestHandler

from tornkit import bus

TASKS = []


async def sleep():
    async with bus.subscribe("room:1", queue=5):
        await asyncio.Event().wait()


class Slow(RequestHandler):
    def get(self):
        TASKS.append(asyncio.create_task(sleep()))


class Publish(RequestHandler):
    async def get(self, count):
        for number in range(int(count)):
            await bus.publish("room:1", number)
            await asyncio.sleep(0)


def make_app():
    return Application([("/slow", Slow), ("/publish/(.*)", Publish)])
"""
NO_BUS = """\
from tornado.web import Application


def make_app():
    return Application()
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Mapping[str, str]:
    """A runtime folder of this test's own."""
    folder = tmp_path / "run"
    folder.mkdir(mode=0o700)
    return {"XDG_RUNTIME_DIR": str(folder)}


class Command:
    """`tornkit bus` as a process."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._environment = {
            **{name: value for name, value in os.environ.items() if "TORNKIT" not in name},
            "PYTHONPATH": str(Path(tornkit.__file__).parents[1]),
            "COLUMNS": "120",
            **env,
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tornkit", "bus", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )

    @contextlib.contextmanager
    def listening(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """One that listens, from then on."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tornkit", "bus", "listen", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("listening from "), line
            yield process
        finally:
            process.kill()
            process.communicate()

    def shown(self) -> dict[str, Any]:
        """The only server's bus."""
        done = self.run("--json", "--interval", "0.1")
        assert (done.returncode, done.stderr) == (0, "")
        (server,) = json.loads(done.stdout)["servers"]
        bus: dict[str, Any] = server["bus"]
        return bus


@pytest.fixture
def command(runtime: Mapping[str, str]) -> Command:
    return Command(runtime)


def start(serve: Serve, runtime: Mapping[str, str], source: str = APP) -> Server:
    return serve({"app.py": source}, "app.py:make_app", "--workers", "2", env=runtime)


def hub_of(server: Server) -> int | None:
    hub = server.status()["hub"]
    return None if hub is None else int(hub["pid"])


@pytest.fixture
def server(serve: Serve, runtime: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime["XDG_RUNTIME_DIR"])
    return start(serve, runtime)


def test_it_shows_channels_and_drops(
    server: Server, command: Command, wait_for: Callable[..., Any]
) -> None:
    server.get("/slow")

    def channel(number: str) -> Any:
        channels = {each["name"]: each for each in command.shown()["channels"]}
        found = channels.get("room:1")
        return found if found is not None and found[number] else None

    wait_for(lambda: channel("subscribers"), "a subscription", 2 * PATIENCE)
    server.get("/publish/100")
    found = wait_for(lambda: channel("dropped"), "drops")
    assert (found["published"], found["kept"], found["dropped"]) == (100, 100, 95)
    assert (found["subscribers"], found["processes"]) == (1, 1)
    done = command.run("--interval", "0.1")
    assert done.returncode == 0
    heading, _, row, *_ = done.stdout.splitlines()
    assert f"supervisor {server.process.pid}" in heading
    assert row.split()[2] == "100"
    assert "worker" in done.stdout


@pytest.mark.thorough
def test_messages_from_terminal_to_terminal(server: Server, command: Command) -> None:
    with command.listening("room:*", "--json", "--count", "2") as listener:
        done = command.run("publish", "room:1", '{"x": 1}')
        assert (done.returncode, done.stderr) == (0, "")
        command.run("publish", "room:2", "--bytes", "b")
        out, _ = listener.communicate(timeout=PATIENCE)
    assert listener.returncode == 0
    first, second = map(json.loads, out.splitlines())
    assert (first["channel"], first["data"]) == ("room:1", {"x": 1})
    assert first["position"] == done.stdout.strip()
    assert (second["channel"], second["base64"]) == ("room:2", "Yg==")
    behind = command.run("listen", "room:2", "--since", first["position"], "--count", "1")
    assert behind.stdout.split()[1:] == ["room:2", second["position"], "b'b'"]


@pytest.mark.thorough
def test_a_hub_that_dies_is_told_of(
    server: Server, command: Command, wait_for: Callable[..., Any]
) -> None:
    with command.listening("room:1") as listener:
        hub = hub_of(server)
        assert hub is not None
        os.kill(hub, signal.SIGKILL)
        wait_for(lambda: hub_of(server) not in (None, hub), "another hub")
        assert listener.stdout is not None
        assert "the bus was started anew since then" in listener.stdout.readline()
        assert command.run("publish", "room:1", "again").returncode == 0
        assert listener.stdout.readline().endswith(' "again"\n')
        listener.send_signal(signal.SIGINT)
        _, err = listener.communicate(timeout=PATIENCE)
        assert listener.returncode == 0
        assert (
            err == "the hub was lost; once it is there again, what was missed follows, or a gap\n"
        )


@pytest.mark.thorough
def test_the_server_s_end_is_told_of(server: Server, command: Command) -> None:
    with command.listening("room:1") as listener:
        assert server.stop() == 0
        out, err = listener.communicate(timeout=PATIENCE)
    assert (listener.returncode, out) == (1, "")
    assert err.endswith("error: the server has ended\n")


@pytest.mark.thorough
def test_mistakes(server: Server, command: Command) -> None:
    done = command.run("publish", "a\x01", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: a channel's name has no control characters: 'a\\x01'\n"
    done = command.run("listen", "x" * 256)
    assert done.returncode == 2
    server.stop()
    assert command.run("publish", "a", "1").returncode == 1


@pytest.mark.thorough
def test_a_message_that_is_too_large(serve: Serve, runtime: Any, command: Command) -> None:
    serve({"app.py": APP}, "app.py:make_app", "--bus-max-message", "100", env=runtime)
    done = command.run("publish", "a", "x" * 101)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: the message has 103 bytes; the limit is 100\n"


@pytest.mark.thorough
def test_where_no_program_uses_it(
    serve: Serve, runtime: Mapping[str, str], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime["XDG_RUNTIME_DIR"])
    server = start(serve, runtime, NO_BUS)
    done = command.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1] == "no program uses tornkit.bus"
    assert hub_of(server) is None, "to look starts none"
    assert command.run("publish", "a", "1").returncode == 0
    assert hub_of(server) is not None
    assert [each["name"] for each in command.shown()["channels"]] == ["a"]


@pytest.mark.thorough
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_bus_elsewhere(
    serve: Serve, runtime: Mapping[str, str], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", runtime["XDG_RUNTIME_DIR"])
    redis = RedisServer()
    try:
        options = ("--bus", redis.url.replace("unix://", "unix://user:geheim@", 1))
        redis.told("ACL", "SETUSER", "user", "on", ">geheim", "~*", "&*", "+@all")
        server = serve({"app.py": APP}, "app.py:make_app", *options, env=runtime)
        done = command.run()
        assert (done.returncode, done.stderr) == (0, "")
        assert f"the bus is at unix://{redis.socket}, which is not asked for it" in done.stdout
        done = command.run("publish", "room:1", "1")
        assert done.returncode == 1
        assert "say --bus URL, or set TORNKIT_BUS" in done.stderr
        with command.listening("room:*", "--bus", redis.url, "--count", "2", "--json") as listening:
            assert command.run("publish", "room:1", "7", "--bus", redis.url).returncode == 0
            server.get("/publish/1")
            assert listening.stdout is not None
            heard = [json.loads(listening.stdout.readline()) for _ in range(2)]
            assert [each["data"] for each in heard] == [7, 0]
            assert listening.wait(PATIENCE) == 0
        assert server.status()["hub"] is None
        assert "geheim" not in done.stderr + done.stdout + server.log + str(server.status())
    finally:
        redis.close()


@pytest.mark.thorough
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_broker_that_is_not_there(serve: Serve) -> None:
    server = serve(
        {"app.py": APP},
        *("app.py:make_app", "--bus", "redis://user:geheim@127.0.0.1:1/0"),
        wait=False,
    )
    assert server.wait_until_ended() == 1
    (line,) = server.log.splitlines()
    assert line.startswith(
        "error: --bus redis://127.0.0.1:1/0: Redis is not there, after 5 seconds"
    )
    assert "geheim" not in line
