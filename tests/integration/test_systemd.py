"""As systemd runs it: sockets handed over, and word of how things are."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tornkit

pytestmark = pytest.mark.thorough

if TYPE_CHECKING:
    from tests.integration.serve import Serve

PATIENCE = 20.0
APP = """\
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


def make_app():
    return Application([("/", Main)])
"""

# What systemd does: descriptors from 3 on, and the number of the process that they are for.
WRAPPER = """\
import os, sys
from_, *command = sys.argv[1:]
os.dup2(int(from_), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="web")
os.execv(command[0], command)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``tornkit serve`` with a listening socket as descriptor 3."""
    started: list[subprocess.Popen[str]] = []

    def start(sock: socket.socket, *arguments: str) -> subprocess.Popen[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if "TORNKIT" not in name},
            "PYTHONPATH": str(Path(tornkit.__file__).parents[1]),
        }
        command = [sys.executable, "-m", "tornkit", "serve", *arguments]
        process = subprocess.Popen(
            [sys.executable, "-c", WRAPPER, str(sock.fileno()), *command],
            cwd=tmp_path,
            env=environment,
            pass_fds=[sock.fileno()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    (tmp_path / "app.py").write_text(APP)
    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            print(process.communicate(timeout=PATIENCE)[1])
        finally:
            process.kill()
        assert process.returncode == 0


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What it says up to and with the line that has the text."""
    assert process.stderr is not None
    said, deadline = "", time.monotonic() + PATIENCE
    while text not in said:
        left = deadline - time.monotonic()
        assert select.select([process.stderr], [], [], max(0, left))[0], f"{text!r} not in {said!r}"
        # Unbuffered: what select knows nothing of would be waited for in vain.
        data = os.read(process.stderr.fileno(), 65536).decode()
        assert data, f"it ended after {said!r}"
        said += data
    return said


def ask(address: Any) -> str:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as client:
        client.settimeout(PATIENCE)
        client.connect(address)
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as answer:
            return answer.read().decode()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_tcp_socket_of_systemd(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path, workers: str
) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=workers == "2") as sock:
        process = start(sock, "--workers", workers)
        assert f"http://127.0.0.1:{sock.getsockname()[1]}\n" in read_until(process, "Ctrl-C")
        assert ask(sock.getsockname()).endswith("1 is the version")
        (tmp_path / "app.py").write_text(APP.replace("1 is", "2 is the next"))
        read_until(process, "reloaded in")
        for _ in range(5):
            assert "2 is the next" in ask(sock.getsockname())
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        # It is systemd's: the next start finds who has connected meanwhile.
        again = start(sock, "--workers", workers)
        assert "2 is the next" in ask(sock.getsockname())
        read_until(again, "Ctrl-C")


def test_a_unix_socket_of_systemd(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    path = tmp_path / "web.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        process = start(sock)
        assert f"unix:{path}" in read_until(process, "Ctrl-C")
        assert ask(str(path)).endswith("1 is the version")
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert path.is_socket(), "it is systemd's to remove"


def test_the_variables_are_not_passed_on(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(
        "import json, os\n"
        + APP.replace('"1 is the version"', "json.dumps([n for n in os.environ if 'LISTEN_' in n])")
    )
    with socket.create_server(("127.0.0.1", 0)) as sock:
        read_until(start(sock), "Ctrl-C")
        assert json.loads(ask(sock.getsockname()).rpartition("\r\n")[2]) == []


@pytest.fixture
def told(tmp_path: Path) -> Iterator[socket.socket]:
    """The other end of NOTIFY_SOCKET."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(PATIENCE)
        yield sock


def test_systemd_is_told_how_things_are(serve: Serve, told: socket.socket) -> None:
    server = serve({"app.py": APP}, env={"NOTIFY_SOCKET": told.getsockname()})
    assert told.recv(999) == b"READY=1"
    server.write("app.py", APP + "\n")
    assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d{6,}", told.recv(999))
    assert told.recv(999) == b"READY=1"
    server.write("app.py", "(\n")
    assert told.recv(999).startswith(b"RELOADING=1\n")
    assert told.recv(999) == b"READY=1", "the old code serves on"
    server.write("app.py", APP)
    assert told.recv(999).startswith(b"RELOADING=1\n")
    assert told.recv(999) == b"READY=1"
    server.signal(signal.SIGTERM)
    assert told.recv(999) == b"STOPPING=1"
    assert server.wait_until_ended() == 0


def test_the_watchdog_is_fed(serve: Serve, told: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": told.getsockname(), "WATCHDOG_USEC": "200000"}
    serve({"app.py": APP}, env=environment)
    heard: list[bytes] = []
    began = time.monotonic()
    while heard.count(b"WATCHDOG=1") < 6:
        heard.append(told.recv(999))
    assert time.monotonic() - began < 5.0
    assert set(heard) <= {b"WATCHDOG=1", b"READY=1"}
