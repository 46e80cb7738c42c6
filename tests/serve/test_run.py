"""Server as it is put together: where it listens without an address, and its browser."""

from __future__ import annotations

import socket
import threading
import webbrowser

import pytest

from tornkit.serve import run
from tornkit.serve.config import ServeConfig
from tornkit.serve.run import placed

PLATFORM = ServeConfig(platform_port=5000)


def place(config: ServeConfig) -> tuple[str | None, int | None, str | None]:
    return config.address, config.port, config.unix_socket


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (ServeConfig(), (None, None, None)),
        (PLATFORM, (None, 5000, None)),
        (ServeConfig(port=1, platform_port=5000), (None, 1, None)),
        (ServeConfig(address="::1", platform_port=5000), ("::1", 5000, None)),
        (ServeConfig(unix_socket="/s", platform_port=5000), (None, None, "/s")),
    ],
)
def test_without_systemd(config: ServeConfig, expected: tuple[object, ...]) -> None:
    assert place(placed(config, ())) == expected


def test_a_socket_that_was_handed_over_comes_before_the_platforms_port() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        assert place(placed(PLATFORM, [sock])) == (*sock.getsockname(), None)
        assert place(placed(ServeConfig(port=1), [sock])) == (None, 1, None)


@pytest.mark.timeout(20)
def test_a_browser_that_runs_in_the_foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    came, closed = threading.Event(), threading.Event()

    def browse(url: str) -> None:
        opened.append(url)
        came.set()
        assert closed.wait(10)

    monkeypatch.setattr(webbrowser, "open", browse)
    urls = ("unix:/tmp/sock", "http://localhost:1", "http://localhost:2")
    run._browse(urls)
    assert came.wait(10)
    closed.set()
    assert opened == ["http://localhost:1"]
