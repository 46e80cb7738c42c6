"""The clients, against the smallest of the servers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks.exchange import Address, wait_until_serving
from tests.benchmarks.fanout.audience import Audience
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports

APPS = Path(__file__).parent / "apps"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[ServerProcess, Address]]:
    (port,) = free_ports(1)
    command = [sys.executable, str(APPS / "floor_app.py"), str(port)]
    with ServerProcess(command, tmp_path, tmp_path / "log") as process:
        wait_until_serving(("127.0.0.1", port), process)
        yield process, ("127.0.0.1", port)


def test_all_hear_all(served: tuple[ServerProcess, Address]) -> None:
    process, address = served
    with Audience(address) as audience:
        audience.arrive(5, "/room")
        audience.hear(1)
        audience.hear(10)
        process.stop()
        with pytest.raises(ServerFailed):
            audience.hear(1)


def test_who_hears_something_else_is_no_figure(served: tuple[ServerProcess, Address]) -> None:
    _, address = served
    with Audience(address) as audience, Audience(address) as another:
        audience.arrive(1, "/room")
        another.arrive(1, "/room")  # has a message published, which the first hears again
        with pytest.raises(ServerFailed, match="heard"):
            audience.hear(1)


def test_a_page_is_no_room(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)]
    with ServerProcess(command, tmp_path, tmp_path / "log") as process:
        wait_until_serving(("127.0.0.1", port), process)
        with (
            Audience(("127.0.0.1", port)) as audience,
            pytest.raises(ServerFailed, match="no handshake"),
        ):
            audience.arrive(1, "/room")
