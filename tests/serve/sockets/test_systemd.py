"""The environment that systemd makes, and what is sent to it."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tornkit.serve.sockets import systemd
from tornkit.serve.sockets.systemd import Notifier, inherited_sockets


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "1", "LISTEN_FDS": "1"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "two"},
        {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "0"},
        {"LISTEN_PID": str(os.getpid())},
    ],
)
def test_no_sockets(variables: dict[str, str]) -> None:
    environment = {**variables, "LISTEN_FDNAMES": "web", "HOME": "/"}
    assert inherited_sockets(environment) == []
    assert environment == {"HOME": "/"}, "who is started from here must not take them for its own"


@pytest.mark.usefixtures("no_leaks")
def test_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        number = os.dup(listening.fileno())
        os.set_inheritable(number, True)
        monkeypatch.setattr(systemd, "_FIRST_DESCRIPTOR", number)
        environment = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
        (sock,) = inherited_sockets(environment)
        with sock:
            assert environment == {}
            assert sock.getsockname() == listening.getsockname()
            assert not sock.getblocking()
            assert not sock.get_inheritable()


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(10)
        yield sock


def test_what_is_told(heard: socket.socket) -> None:
    environment = {"NOTIFY_SOCKET": heard.getsockname(), "HOME": "/"}
    notifier = Notifier(environment)
    assert environment == {"HOME": "/"}
    notifier.ready()
    notifier.reloading()
    notifier.alive()
    notifier.stopping()
    assert heard.recv(999) == b"READY=1"
    first, second = heard.recv(999).split(b"\n")
    assert first == b"RELOADING=1"
    assert second.startswith(b"MONOTONIC_USEC=")
    assert heard.recv(999) == b"WATCHDOG=1"
    assert heard.recv(999) == b"STOPPING=1"


def test_a_full_queue_is_not_waited_for(heard: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": heard.getsockname()})
    later: list[Callable[[], None]] = []
    notifier.retry_by(later.append)
    for _ in range(5000):
        notifier.alive()
        if later:
            break
    assert later, "it is full"
    notifier.ready()
    while heard.recv(999) == b"WATCHDOG=1":
        if later:
            later.pop()()


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="abstract names are Linux's")
def test_an_abstract_address() -> None:
    name = f"tornkit-test-{uuid.uuid4()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0{name}")
        sock.settimeout(10)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert sock.recv(999) == b"READY=1"


@pytest.mark.usefixtures("no_leaks")
def test_nobody_listens(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    Notifier({}).ready()


@pytest.mark.parametrize(
    ("variables", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "3000000"}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 1.5),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_the_watchdog_is_fed(variables: dict[str, str], interval: float | None) -> None:
    assert Notifier(variables).watchdog_interval == interval
    assert variables == {}
