"""What came of one case: everything that is compared, and its digest."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

_DATE = re.compile(rb"\r\nDate: [^\r\n]*")
DIGEST_SIZE = 8


@dataclass(frozen=True)
class Outcome:
    """What one server did with one case.

    ``received``: all bytes that came back, without Date headers. ``is_closed``: whether the server
    had closed before the client ended its side. ``is_left_open``: whether it had not closed even
    after that. ``events``: what the application and the log noted; of a whole batch, in the
    outcome of its first case.
    """

    received: bytes
    is_closed: bool
    is_left_open: bool = False
    events: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if b"\r\nDate: " in self.received:
            object.__setattr__(self, "received", _DATE.sub(b"", self.received))

    def digest(self) -> bytes:
        """Equal for equal outcomes, but for their events; `DIGEST_SIZE` bytes."""
        state = hashlib.blake2b(self.received, digest_size=DIGEST_SIZE)
        state.update(b"\0%d%d" % (self.is_closed, self.is_left_open))
        return state.digest()

    def events_digest(self) -> bytes:
        joined = "\n".join(self.events).encode("utf-8", "surrogateescape")
        return hashlib.blake2b(joined, digest_size=DIGEST_SIZE).digest()
