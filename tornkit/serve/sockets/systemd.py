"""Two protocols of systemd: sockets that it hands over, and messages on how the server is.

See sd_listen_fds(3) and sd_notify(3). Both are told of in the environment and cost nothing where
they are not.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Callable, MutableMapping

_FIRST_DESCRIPTOR = 3
_MOST_UNSENT = 16


def inherited_sockets(environment: MutableMapping[str, str] | None = None) -> list[socket.socket]:
    """Listening sockets that systemd passes to this process; their variables are removed."""
    variables = os.environ if environment is None else environment
    pid, count = variables.pop("LISTEN_PID", ""), variables.pop("LISTEN_FDS", "")
    variables.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    sockets = []
    for descriptor in range(_FIRST_DESCRIPTOR, _FIRST_DESCRIPTOR + int(count)):
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        sock.set_inheritable(False)
        sockets.append(sock)
    return sockets


class Notifier:
    """Messages to systemd, if it asked for them."""

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        variables = os.environ if environment is None else environment
        self._address = variables.pop("NOTIFY_SOCKET", "")
        usec, pid = variables.pop("WATCHDOG_USEC", ""), variables.pop("WATCHDOG_PID", "")
        asked = usec.isdecimal() and pid in ("", str(os.getpid()))
        # Half of what it allows, as sd_watchdog_enabled(3) recommends.
        self.watchdog_interval = int(usec) / 2_000_000 if asked else None
        self._unsent: deque[str] = deque(maxlen=_MOST_UNSENT)
        self._later: Callable[[Callable[[], None]], object] = lambda action: None

    def retry_by(self, later: Callable[[Callable[[], None]], object]) -> None:
        """Set ``later``, which is called with a function that retries a message that must wait."""
        self._later = later

    def ready(self) -> None:
        """Tell systemd that the server serves; also after a reload."""
        self._tell("READY=1")

    def reloading(self) -> None:
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def alive(self) -> None:
        self._tell("WATCHDOG=1")

    def _tell(self, text: str) -> None:
        if self._address:
            self._unsent.append(text)
            self._flush()

    def _flush(self) -> None:
        """Send the messages that the other side takes: a queue that is full is not waited for."""
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        with (
            contextlib.suppress(OSError),  # nobody listens any more: nothing depends on it
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock,
        ):
            while self._unsent:
                try:
                    sock.sendto(self._unsent[0].encode(), socket.MSG_DONTWAIT, address)
                except BlockingIOError:
                    self._later(self._flush)
                    return
                self._unsent.popleft()
        self._unsent.clear()
