"""Slots that the supervisor accepts in. That connections get on is shown in `test_scaling`."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from typing import Any

import pytest

from tornkit.serve.loop.loop import Loop
from tornkit.serve.workforce.orphan_slots import OrphanSlots

pytestmark = pytest.mark.usefixtures("no_leaks")


class Listener(socket.socket):
    """A listening socket of a process that has no descriptor left, at first."""

    tries = 0

    def accept(self) -> tuple[socket.socket, Any]:
        self.tries += 1
        if self.tries == 1:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


class Around:
    """A workforce that serves, and listeners of one slot."""

    serves = True

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.passed_on = 0

    def in_slot(self, slot: int) -> list[socket.socket]:
        return [self._sock]

    def before_close(self, tell: Callable[[socket.socket], None]) -> None:
        pass

    def pass_on(self, connection: socket.socket, turn: int) -> None:
        connection.close()
        self.passed_on += 1


def test_it_pauses_where_no_descriptor_is_free() -> None:
    loop = Loop()
    with Listener() as listener, socket.socket() as client:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        around = Around(listener)
        OrphanSlots(loop, around, around).retire(0)  # type: ignore[arg-type]
        client.connect(listener.getsockname())
        loop.turn(lambda number: None)
        before = loop.now()
        while not around.passed_on:
            loop.turn(lambda number: None)
            assert listener.tries == 1 or loop.now() - before >= 0.04
    loop.close()
