"""What the servers of Tornado's tests answered, byte for byte, by test.

Taken down where all of it passes, whichever server and handler: at ``socket.send`` of what was
accepted. Python's sockets are subclassed in Python, so that one method can be replaced.
"""

from __future__ import annotations

import json
import socket
import unittest
from typing import Any
from weakref import WeakKeyDictionary


class Responses:
    """From now on, for the rest of this process."""

    def __init__(self) -> None:
        self.sent: dict[str, list[str]] = {}
        self._test = ""
        run, send, accept = unittest.TestCase.run, socket.socket.send, socket.socket.accept
        place: WeakKeyDictionary[socket.socket, tuple[list[str], int]] = WeakKeyDictionary()

        def named(test: unittest.TestCase, result: Any = None) -> Any:
            self._test = test.id()
            return run(test, result)

        def noticed(sock: socket.socket) -> Any:
            connection, address = accept(sock)
            streams = self.sent.setdefault(self._test, [])
            place[connection] = streams, len(streams)
            streams.append("")
            return connection, address

        def taken_down(sock: socket.socket, data: Any, *flags: int) -> int:
            count = send(sock, data, *flags)
            if sock in place:
                streams, number = place[sock]
                streams[number] += bytes(data[:count]).decode("latin1")
            return count

        unittest.TestCase.run = named  # type: ignore[method-assign, assignment]
        socket.socket.accept = noticed  # type: ignore[method-assign, assignment]
        socket.socket.send = taken_down  # type: ignore[method-assign, assignment]

    def to_json(self) -> str:
        """Test -> for each connection that was accepted in it, what was sent."""
        return json.dumps(self.sent)
