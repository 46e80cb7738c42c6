"""Connections to each worker of a server, by which it is told what to do."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from types import TracebackType
from typing import Any

from tests.benchmarks.exchange import Address, NoAnswer, Request, ask_on
from tests.benchmarks.process import ServerFailed

_PATIENCE = 60.0
_MOST = 500  # connections until each worker has one
_PACE = 0.05


class Workers:
    """One connection to each of ``count`` workers, to the end of the ``with``."""

    def __init__(self, address: Address, count: int) -> None:
        self._address = address
        self._count = count
        self._socks: dict[bytes, socket.socket] = {}  # by what `/` answers, which is a worker's pid

    def __enter__(self) -> Workers:
        """Raises ServerFailed where not all can be reached."""
        try:
            for _ in range(_MOST):
                sock = socket.create_connection(self._address, _PATIENCE)
                pid = ask_on(sock, Request("/").encode(self._address)).body
                if self._socks.setdefault(pid, sock) is not sock:
                    sock.close()
                if len(self._socks) == self._count:
                    return self
        except (OSError, NoAnswer) as error:
            self._close()
            raise ServerFailed(str(error)) from None
        self._close()
        raise ServerFailed(f"{len(self._socks)} of {self._count} workers can be reached")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _close(self) -> None:
        for sock in self._socks.values():
            with contextlib.suppress(OSError):
                sock.close()

    def ask(self, target: str) -> list[Any]:
        """Ask each of them, all at once, and return their answers. Raises ServerFailed."""
        answers: list[Any] = []

        def ask_one(sock: socket.socket) -> None:
            try:
                answer = ask_on(sock, Request(target).encode(self._address))
                if answer.status != 200:
                    raise NoAnswer(f"status {answer.status}")
                answers.append(json.loads(answer.body or b"null"))
            except (OSError, NoAnswer, ValueError) as error:
                failures.append(f"{target}: {error}")

        failures: list[str] = []
        threads = [threading.Thread(target=ask_one, args=(each,)) for each in self._socks.values()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise ServerFailed(failures[0])
        return answers

    def wait_for(self, count: int) -> int:
        """Wait until they have heard so many in all; when the last one came, in nanoseconds.

        ServerFailed where nothing comes any more.
        """
        before, deadline = -1, time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            figures = self.ask("/figures")
            heard = sum(each["count"] for each in figures)
            if heard >= count:
                return max(int(each["last"]) for each in figures)
            if heard != before:
                before, deadline = heard, time.monotonic() + _PATIENCE / 4
            time.sleep(_PACE)
        raise ServerFailed(f"{before:,} of {count:,} messages have come")
