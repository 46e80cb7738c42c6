"""The clients, against an echo of Tornado's in this process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.websocket import load

ECHO = Path(load.__file__).parent / "apps" / "tornado_app.py"


@contextlib.contextmanager
def echo(application: str = "make_app()") -> Iterator[int]:
    """An echo in a process of its own; its port."""
    code = (
        "import asyncio, sys; sys.path.insert(0, sys.argv[1]); from tornado_app import *\n"
        "from tornado.testing import bind_unused_port\n"
        "class Wrong(Echo):\n"
        "    def on_message(self, message): self.write_message(message[::-1])\n"
        "async def main():\n"
        "    sock, port = bind_unused_port()\n"
        f"    server = HTTPServer({application}); server.add_socket(sock)\n"
        "    print(port, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ECHO.parent)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.thorough
@pytest.mark.parametrize(("size", "in_flight"), [(100, 1), (100, 8), (65_536, 2), (1_000_000, 2)])
def test_every_message_is_counted_and_timed(size: int, in_flight: int) -> None:
    with echo() as port:
        clients = load.Load(port, 3, size, in_flight)
        taken = clients.run(0.1)
        assert clients.messages == len(clients.latencies) > 0
        assert 0 < max(clients.latencies) <= taken
        # Every message is back but those in flight, also over two runs.
        first = clients.messages
        clients.run(0.1)
        assert clients.all_messages == 3 + first + clients.messages
        for client in clients.clients:
            assert len(client.since) == in_flight
        clients.close()


def test_a_wrong_echo_is_no_figure() -> None:
    with (
        echo('Application([("/", Wrong)])') as port,
        pytest.raises(ValueError, match="not an echo"),
    ):
        load.connect(port, b"abc")


@pytest.mark.thorough
def test_it_runs_by_itself() -> None:
    with echo() as port:
        done = subprocess.run(
            [sys.executable, load.__file__, *map(str, (port, 2, 10, 1, 0.1))],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    figures = json.loads(done.stdout)
    assert figures["messages"] > 0
    assert 0 < figures["p50"] <= figures["p99"]
