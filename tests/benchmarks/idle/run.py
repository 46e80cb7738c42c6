"""A measurement of idle connections: each server alone, on one connection and then on all.

    start ─▶ 2,000 requests, collect, read ─▶ the crowd arrives, read ─▶ collect, read

The requests before the first reading bring caches, pools and compiled code into being, which are
none of a connection's. ``/collect`` of the applications collects garbage: a server that leaves
cycles behind has them in the second reading, and only what a connection really needs in the third.
A reading waits until the figure stands still. What the kernel keeps for a socket is in none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.exchange import Address, NoAnswer, Request, ask
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.case import Case
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.server import Server
from tests.benchmarks.harness.stage import Stage
from tests.benchmarks.idle.crowd import Crowd
from tests.benchmarks.idle.results import Reading
from tests.benchmarks.process import Memory, ServerFailed, ServerProcess

_WARM_UP = 2000  # requests
_STILL = 64 * 1024  # bytes: less than 14 for each of 5,000 connections
_STILL_FOR = 4  # readings in a row
_PACE = 0.25
_STILL_DEADLINE = 30.0
_COLLECT_WITHIN = 30.0


@dataclass(frozen=True, kw_only=True)
class Idle(Benchmark[Server, Case, Reading]):
    """Memory for each of so many connections, of one server at a time."""

    name = "idle"
    apps = Path(__file__).parent / "apps"
    programs = ("node",)

    cases: tuple[Case, ...] = (Case("idle", "memory a connection"),)
    connections: int

    def settings(self) -> dict[str, object]:
        return {
            "rounds": self.rounds,
            "connections": self.connections,
            "warm_up_requests": _WARM_UP,
        }

    def measure(self, server: Server, case: Case, stage: Stage) -> Sample[Reading]:
        """As above. CannotMeasure without /proc."""
        with (
            cores.on(self.cores.load),
            stage.serving(server) as running,
            Crowd(running.address) as crowd,
        ):
            crowd.arrive(1)
            crowd.repeat(_WARM_UP)
            _collect(running.address)
            before = _read(running.process)
            crowd.arrive(self.connections)
            idle = _read(running.process)
            _collect(running.address)
            collected = _read(running.process)
            crowd.check_all_open()
        return Sample(server, case, Reading(self.connections, before, idle, collected))


def _collect(address: Address) -> None:
    try:
        answer = ask(address, Request("/collect").encode(address), _COLLECT_WITHIN)
    except NoAnswer as error:
        raise ServerFailed(f"/collect: {error}") from None
    if answer.body != b"collected":
        raise ServerFailed(f"/collect: {answer.status} {answer.body[:60]!r}")


def _read(process: ServerProcess) -> Memory:
    """What it holds once that stands still."""
    deadline = time.monotonic() + _STILL_DEADLINE
    last, still = _memory(process), 1
    while still < _STILL_FOR:
        if time.monotonic() > deadline:
            raise ServerFailed(f"its memory did not stand still within {_STILL_DEADLINE:g} s")
        time.sleep(_PACE)
        now = _memory(process)
        # Against where it came to rest, so that a slow drift does not pass for rest.
        still = still + 1 if abs(now.pss - last.pss) <= _STILL else 1
        last = last if still > 1 else now
    return now


def _memory(process: ServerProcess) -> Memory:
    process.check()
    memory = process.memory()
    if memory is None:
        raise CannotMeasure("memory is read from /proc, which only Linux has")
    return memory
