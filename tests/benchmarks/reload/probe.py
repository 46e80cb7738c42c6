"""The probe: a new connection every millisecond, until the server says what is waited for.

One at a time, and each for a short while only: one that waits in the backlog of a server that is
restarting is given up and replaced, so one that was accepted by a process about to die costs at
most that while.
"""

from __future__ import annotations

import time
from contextlib import closing

from tests.benchmarks.exchange import Address
from tests.benchmarks.process import ServerProcess
from tests.benchmarks.reload.client import Connection, RequestFailed

_PACE = 0.001
_PATIENCE = 0.1


def wait_for_edit(
    edit: int, address: Address, server: ServerProcess, *, since: float, deadline: float
) -> float | None:
    """Seconds from ``since`` (of time.perf_counter) to the first answer of that edit.

    None if there was none within ``deadline`` seconds; ServerFailed if the server has ended.
    """
    while (now := time.perf_counter()) - since < deadline:
        if _ask(address) == edit:
            return time.perf_counter() - since
        server.check()
        time.sleep(max(0.0, now + _PACE - time.perf_counter()))
    return None


def _ask(address: Address) -> int | None:
    with closing(Connection(address, _PATIENCE)) as connection:
        try:
            return connection.ask()
        except RequestFailed:
            return None
