"""Where an application listens that nobody gave an address."""

from __future__ import annotations

import socket

import pytest

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
