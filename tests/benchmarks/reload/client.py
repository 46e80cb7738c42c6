"""One connection to a measured server, and the ways in which a request can fail."""

from __future__ import annotations

import select
from enum import Enum
from http.client import HTTPConnection, HTTPException

from tests.benchmarks.exchange import Address
from tests.benchmarks.reload.apps import edit_of


class Failure(Enum):
    """What became of a request that got no good answer."""

    REFUSED = "refused"
    # Ended or broken off before the answer was whole.
    RESET = "reset"
    TIMEOUT = "timed out"
    # Not 2xx, or not the application's words.
    BAD_ANSWER = "bad answer"
    # By older code than an answer seen before the request was sent.
    STALE = "stale"


class RequestFailed(Exception):
    """A request without a good answer."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure


class Connection:
    """A keep-alive connection that is opened when it is needed, and anew after it was closed."""

    def __init__(self, address: Address, timeout: float) -> None:
        self._http = HTTPConnection(*address, timeout=timeout)
        self.opened = 0

    def close(self) -> None:
        self._http.close()

    def ask(self) -> int:
        """Send a request: the edit that the answer comes from. RequestFailed if there is none."""
        if self._was_closed_while_idle():
            self._http.close()
        try:
            if self._http.sock is None:
                self._http.connect()
                self.opened += 1
            self._http.request("GET", "/")
            response = self._http.getresponse()
            body = response.read()
        except ConnectionRefusedError:
            failure = Failure.REFUSED
        except TimeoutError:
            failure = Failure.TIMEOUT
        except (OSError, HTTPException):
            failure = Failure.RESET
        else:
            return self._understood(response.status, body)
        self._http.close()
        raise RequestFailed(failure)

    def _was_closed_while_idle(self) -> bool:
        """The server may close between requests, and any client sees that before it sends."""
        sock = self._http.sock
        return sock is not None and bool(select.select([sock], [], [], 0)[0])

    def _understood(self, status: int, body: bytes) -> int:
        try:
            edit = edit_of(body)
        except ValueError:
            raise RequestFailed(Failure.BAD_ANSWER) from None
        if not 200 <= status < 300:
            raise RequestFailed(Failure.BAD_ANSWER)
        return edit
