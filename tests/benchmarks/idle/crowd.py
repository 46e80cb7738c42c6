"""Many connections that each have made one request and then wait."""

from __future__ import annotations

import contextlib
import resource
import select
import socket
from types import TracebackType

from tests.benchmarks import browser
from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.exchange import Address, NoAnswer, Request, ask_on
from tests.benchmarks.process import ServerFailed

# What a server and this process need besides: libraries, pipes, the loop.
_RESERVE = 100
_PATIENCE = 10.0


def allow(connections: int) -> None:
    """Raise the limit of open files as far as is needed, for this process and its children.

    CannotMeasure where the system does not let it.
    """
    needed = connections + _RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(hard, needed)))
    except (OSError, ValueError):
        # Who may not raise the hard limit may still go up to it.
        if hard != resource.RLIM_INFINITY and hard < needed:
            raise CannotMeasure(
                f"{connections} connections take {needed} open files and {hard} are allowed: "
                f"give --connections {max(1, hard - _RESERVE)}, or raise the limit (ulimit -Hn)"
            ) from None
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


class Crowd:
    """The connections, from `arrive` to the end of the ``with``."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._request = Request("/", headers=browser.headers()).encode(address)
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Crowd:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for sock in self._sockets:
            with contextlib.suppress(OSError):
                sock.close()

    def arrive(self, connections: int) -> None:
        """Open so many more, one after the other, each with a request. Raises ServerFailed."""
        for number in range(1, connections + 1):
            try:
                sock = socket.create_connection(self._address, _PATIENCE)
                self._sockets.append(sock)
                self._ask(sock)
            except (OSError, NoAnswer) as error:
                raise ServerFailed(f"connection {number} of {connections}: {error}") from None

    def repeat(self, requests: int) -> None:
        """So many requests on the connection that came first. Raises ServerFailed."""
        for _ in range(requests):
            try:
                self._ask(self._sockets[0])
            except NoAnswer as error:
                raise ServerFailed(str(error)) from None

    def check_all_open(self) -> None:
        """ServerFailed if the server has closed any."""
        poll = select.poll()
        for sock in self._sockets:
            poll.register(sock, select.POLLIN)
        if closed := len(poll.poll(0)):
            raise ServerFailed(f"closed {closed} of {len(self._sockets)} idle connections")

    def _ask(self, sock: socket.socket) -> None:
        answer = ask_on(sock, self._request)
        if answer.status != 200 or answer.body != b"Hello, world":
            raise NoAnswer(f"a wrong answer: {answer.status} {answer.body[:60]!r}")
