"""The comparison: in each round each server alone, on one connection and then on all.

    start ─▶ 2,000 requests, collect, read ─▶ the crowd arrives, read ─▶ collect, read

The requests before the first reading bring caches, pools and compiled code into being, which are
none of a connection's. ``/collect`` of the applications collects garbage: a server that leaves
cycles behind has them in the second reading, and only what a connection really needs in the third.
A reading waits until the figure stands still. What the kernel keeps for a socket is in none.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.environment import Environment
from tests.benchmarks.errors import CannotMeasure
from tests.benchmarks.exchange import Address, NoAnswer, Request, ask, wait_until_serving
from tests.benchmarks.idle.crowd import Crowd
from tests.benchmarks.idle.results import Reading, Sample
from tests.benchmarks.installing import install_all
from tests.benchmarks.process import Memory, ServerFailed, ServerProcess, free_ports
from tests.benchmarks.server import Server

_APPS = Path(__file__).parent / "apps"
_WARM_UP = 2000  # requests
_STILL = 64 * 1024  # bytes: less than 14 for each of 5,000 connections
_STILL_FOR = 4  # readings in a row
_PACE = 0.25
_STILL_DEADLINE = 30.0
_COLLECT_WITHIN = 30.0


@dataclass(frozen=True)
class Plan:
    """What is measured, and how often."""

    servers: tuple[Server, ...]
    connections: int
    rounds: int
    # The folder for the servers' output.
    logs: Path

    def settings(self) -> dict[str, object]:
        """What a reader of the figures has to know."""
        return {
            "rounds": self.rounds,
            "connections": self.connections,
            "warm_up_requests": _WARM_UP,
        }


def run(plan: Plan, environment: Environment, say: Callable[[str], None]) -> Generator[Sample]:
    """Measure; ``say`` is told what is going on. Raises CannotMeasure without /proc."""
    plan.logs.mkdir(parents=True, exist_ok=True)
    uninstallable = install_all(plan.servers, environment, say)
    pinned = cores.two()
    with tempfile.TemporaryDirectory(prefix="idle-benchmark-") as name:
        folder = Path(name).resolve() / "apps"
        shutil.copytree(_APPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        for number in range(1, plan.rounds + 1):
            for server in plan.servers:
                error = uninstallable.get(server.name)
                reading = None
                say(f"round {number} of {plan.rounds} · {server.title}")
                if error is None:
                    try:
                        with cores.on(pinned.load):
                            reading = _measure(plan, server, folder, environment.bin, pinned.server)
                    except ServerFailed as failure:
                        error = str(failure)
                yield Sample(server, reading, error)


def _measure(
    plan: Plan, server: Server, folder: Path, bin_folder: Path, core: int | None
) -> Reading:
    """One server, from its start to its end. Raises ServerFailed."""
    port, aux = free_ports(2)
    address = ("127.0.0.1", port)
    log = plan.logs / f"idle-{server.name}.log"
    with cores.on(core):
        process = ServerProcess(server.command_line(bin_folder, port, aux), folder, log)
    with process, Crowd(address) as crowd:
        wait_until_serving(address, process)
        crowd.arrive(1)
        crowd.repeat(_WARM_UP)
        _collect(address)
        before = _read(process)
        crowd.arrive(plan.connections)
        idle = _read(process)
        _collect(address)
        collected = _read(process)
        crowd.check_all_open()
    return Reading(plan.connections, before, idle, collected)


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
