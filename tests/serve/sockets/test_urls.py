"""URLs of sockets, each bound as a server's is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tests.serve.ipv6 import ipv6
from tornkit.serve.sockets.urls import is_everywhere, url_of


@pytest.mark.parametrize(
    ("address", "shown", "everywhere"),
    [
        ("127.0.0.1", "127.0.0.1", False),
        ("0.0.0.0", "localhost", True),
        pytest.param("::1", "[::1]", False, marks=ipv6),
        # IPv6 alone: IPv4 has a socket of its own.
        pytest.param("::", "[::1]", True, marks=ipv6),
    ],
)
def test_url(address: str, shown: str, everywhere: bool) -> None:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as sock:
        sock.bind((address, 0))
        port = sock.getsockname()[1]
        assert url_of(sock) == f"http://{shown}:{port}"
        assert url_of(sock, "https") == f"https://{shown}:{port}"
        assert is_everywhere(sock) is everywhere


def test_url_of_a_unix_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the system allows a hundred bytes
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("sock")
        assert url_of(sock, "https") == "unix:sock"
        assert not is_everywhere(sock)


def test_url_of_an_abstract_socket() -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("")
        assert url_of(sock).startswith("unix:\0")
