"""The comparison: in each round all servers anew, and each case through all of them in turn.

    round 1   start A B C   case 1: A B C   case 2: A B C   stop
    round 2   start A B C   ...

So what changes on the machine meanwhile meets neighbours alike, and no server's luck with one
start (memory layout, hash seeds) decides. All run at once on the server's core, but for the
measured one they do nothing. Before each measurement the answer is checked, and a second of load
is let go by.

No server's failure ends the run: it is that server's result, in that round.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.cores import Cores
from tests.benchmarks.environment import Environment
from tests.benchmarks.exchange import Address, wait_until_serving
from tests.benchmarks.installing import install_all
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports
from tests.benchmarks.throughput.cases import APPS, Case, write_static_file
from tests.benchmarks.throughput.check import WrongAnswer, check
from tests.benchmarks.throughput.results import Sample
from tests.benchmarks.throughput.servers import Contender
from tests.benchmarks.wrk import LoadFailed, Wrk

_WARM_UP = 1  # seconds, the least that wrk takes


@dataclass(frozen=True)
class Plan:
    """What is measured, how often, and where."""

    servers: tuple[Contender, ...]
    cases: tuple[Case, ...]
    rounds: int
    seconds: int
    cores: Cores
    wrk: Wrk
    # The folder for the servers' output.
    logs: Path

    def settings(self) -> dict[str, object]:
        """What a reader of the figures has to know."""
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "warm_up_seconds": _WARM_UP,
            "connections": self.wrk.connections,
            "pinned": str(self.cores),
            "server_core": self.cores.server,
            "load_core": self.cores.load,
        }


@dataclass(frozen=True)
class _Running:
    process: ServerProcess
    address: Address


def run(plan: Plan, environment: Environment, say: Callable[[str], None]) -> Generator[Sample]:
    """Measure; ``say`` is told what is going on."""
    plan.logs.mkdir(parents=True, exist_ok=True)
    uninstallable = install_all(plan.servers, environment, say)
    with tempfile.TemporaryDirectory(prefix="throughput-benchmark-") as name:
        folder = Path(name).resolve() / "apps"
        # A copy: what serving leaves behind is none of the repository's business.
        shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
        write_static_file(folder)
        for number in range(1, plan.rounds + 1):
            yield from _Round(plan, number, folder, environment.bin, uninstallable, say).run()


@dataclass(frozen=True)
class _Round:
    plan: Plan
    number: int
    folder: Path
    bin_folder: Path
    uninstallable: dict[str, str]
    say: Callable[[str], None]

    def run(self) -> Generator[Sample]:
        with ExitStack() as stack:
            started = {server.name: self._start(server, stack) for server in self.plan.servers}
            for case in self.plan.cases:
                for server in self.plan.servers:
                    if case.name in server.cases:
                        yield self._sample(server, case, started[server.name])

    def _start(self, server: Contender, stack: ExitStack) -> _Running | str:
        """The server, serving; or why not."""
        if server.name in self.uninstallable:
            return self.uninstallable[server.name]
        self._progress(f"starting {server.title}")
        port, aux = free_ports(2)
        address = ("127.0.0.1", port)
        command = server.command_line(self.bin_folder, port, aux)
        log = self.plan.logs / f"throughput-{server.name}.log"
        try:
            with cores.on(self.plan.cores.server):
                process = stack.enter_context(ServerProcess(command, self.folder, log))
            wait_until_serving(address, process)
        except ServerFailed as failure:
            return str(failure)
        return _Running(process, address)

    def _sample(self, server: Contender, case: Case, started: _Running | str) -> Sample:
        if isinstance(started, str):
            return Sample(server, case, error=started)
        self._progress(f"{case.name} · {server.title}")
        try:
            started.process.check()
            checked = check(case, started.address)
            self.plan.wrk.load(started.address, checked.request, _WARM_UP)
            before, began = started.process.cpu_seconds(), time.perf_counter()
            load = self.plan.wrk.load(started.address, checked.request, self.plan.seconds)
            after, taken = started.process.cpu_seconds(), time.perf_counter() - began
        except (ServerFailed, WrongAnswer, LoadFailed) as failure:
            return Sample(server, case, error=str(failure))
        core = None if before is None or after is None else (after - before) / taken
        return Sample(server, case, load, core, checked.headers)

    def _progress(self, what: str) -> None:
        self.say(f"round {self.number} of {self.plan.rounds} · {what}")
