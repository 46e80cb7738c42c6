"""A worker's way to its broker, before the bus is used."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Iterator

import pytest

from tornkit import lobby
from tornkit.bus_limits import BusLimits


@pytest.fixture
def supervisor(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The other end of the lobby, of a worker whose program has imported the bus."""
    importlib.import_module("tornkit.bus")
    worker, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    other.setblocking(False)
    monkeypatch.delenv("TORNKIT_BUS", raising=False)
    monkeypatch.setattr(lobby, "given", lobby.Lobby(worker, BusLimits()))
    with worker, other:
        yield other


def test_the_hub_is_asked_for(supervisor: socket.socket) -> None:
    lobby.arrive()
    assert supervisor.recv(1)


def test_but_not_where_the_bus_is_elsewhere(
    supervisor: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the variable stands in the file of ``--env-file``."""
    monkeypatch.setenv("TORNKIT_BUS", "redis://h")
    assert lobby.elsewhere() == "redis://h"
    lobby.arrive()
    with pytest.raises(BlockingIOError):
        supervisor.recv(1)


def test_an_option_counts_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORNKIT_BUS", "redis://h")
    monkeypatch.setattr(lobby, "given", lobby.BusElsewhere("nats://o", BusLimits()))
    assert lobby.elsewhere() == "nats://o"
