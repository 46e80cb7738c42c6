"""The steady client: somebody who keeps using the application while it is edited.

A thread with one keep-alive connection and one request every 10 ms, that connects again when it was
dropped and counts what it suffered. It never asks twice for one answer: a request that failed is a
failure, whether or not the next one succeeds. A connection that the server closed between requests
is not.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

from tests.benchmarks.exchange import Address
from tests.benchmarks.reload.client import Connection, Failure, RequestFailed

PACE = 0.010
_PATIENCE = 10.0


@dataclass(frozen=True)
class Experience:
    """What the client had; ``longest_stall`` is the most seconds from one good answer to the next.

    At its pace that is 10 ms and an answer's time when nothing happens.
    """

    requests: int
    failures: dict[Failure, int]
    reconnects: int
    longest_stall: float

    @property
    def failed(self) -> int:
        return sum(self.failures.values())


class SteadyClient:
    """Asks from the start of the ``with`` to its end; then `experience` is what it had."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._newest = 0
        self._requests = 0
        self._failures: Counter[Failure] = Counter()
        self._opened = 0
        self._longest_stall = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> SteadyClient:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def saw(self, edit: int) -> None:
        """Somebody else has seen this edit: from now on an older one is stale."""
        self._newest = max(self._newest, edit)

    @property
    def experience(self) -> Experience:
        return Experience(
            requests=self._requests,
            failures={failure: self._failures[failure] for failure in Failure},
            reconnects=max(0, self._opened - 1),
            longest_stall=self._longest_stall,
        )

    def _run(self) -> None:
        with closing(Connection(self._address, _PATIENCE)) as connection:
            last_good = due = time.perf_counter()
            while not self._done.is_set():
                try:
                    self._ask(connection)
                except RequestFailed as error:
                    self._failures[error.failure] += 1
                else:
                    now = time.perf_counter()
                    self._longest_stall = max(self._longest_stall, now - last_good)
                    last_good = now
                # Requests that were due during a stall are not made up for.
                due = max(due + PACE, time.perf_counter())
                self._done.wait(due - time.perf_counter())
            self._longest_stall = max(self._longest_stall, time.perf_counter() - last_good - PACE)
            self._opened = connection.opened

    def _ask(self, connection: Connection) -> None:
        self._requests += 1
        newest = self._newest
        edit = connection.ask()
        if edit < newest:
            raise RequestFailed(Failure.STALE)
        self.saw(edit)
