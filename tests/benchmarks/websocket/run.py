"""The comparison: in each round all servers anew, and each case through all of them in turn.

As in the comparison of requests (`tests.benchmarks.throughput.run`): all run at once on the
server's core, but for the measured one they do nothing; no server's failure ends the run.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.cores import Cores
from tests.benchmarks.environment import Environment
from tests.benchmarks.exchange import wait_until_serving
from tests.benchmarks.installing import install_all
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports
from tests.benchmarks.server import Server
from tests.benchmarks.websocket.cases import Case
from tests.benchmarks.websocket.results import Echoes, Sample

_HERE = Path(__file__).parent
_PATIENCE = 30.0  # seconds for what is not measured


class LoadFailed(Exception):
    """The clients did not get what they sent; the message says how."""


@dataclass(frozen=True)
class Plan:
    """What is measured, how often, and where."""

    servers: tuple[Server, ...]
    cases: tuple[Case, ...]
    rounds: int
    seconds: int
    clients: int
    cores: Cores
    # The folder for the servers' output.
    logs: Path

    def settings(self) -> dict[str, object]:
        """What a reader of the figures has to know."""
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "clients": self.clients,
            "pinned": str(self.cores),
        }


def load(plan: Plan, case: Case, port: int) -> Echoes:
    """Have the clients of ``load.py`` send.

    :raises LoadFailed: the server did something else than to echo.
    """
    numbers = (port, plan.clients, case.size, case.in_flight, plan.seconds)
    with cores.on(plan.cores.load):
        done = subprocess.run(
            [sys.executable, str(_HERE / "load.py"), *map(str, numbers)],
            capture_output=True,
            text=True,
            timeout=plan.seconds + _PATIENCE,
            check=False,
        )
    if done.returncode:
        raise LoadFailed((done.stderr.strip().splitlines() or ["no word"])[-1])
    return Echoes(**json.loads(done.stdout))


def run(plan: Plan, environment: Environment, say: Callable[[str], None]) -> Generator[Sample]:
    """Measure; ``say`` is told what is going on."""
    plan.logs.mkdir(parents=True, exist_ok=True)
    uninstallable = install_all(plan.servers, environment, say)
    with tempfile.TemporaryDirectory(prefix="websocket-benchmark-") as name:
        folder = Path(name).resolve() / "apps"
        shutil.copytree(_HERE / "apps", folder, ignore=shutil.ignore_patterns("__pycache__"))
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
                    yield self._sample(server, case, started[server.name])

    def _start(self, server: Server, stack: ExitStack) -> tuple[ServerProcess, int] | str:
        """The server and its port; or why not."""
        if server.name in self.uninstallable:
            return self.uninstallable[server.name]
        self._progress(f"starting {server.title}")
        port, aux = free_ports(2)
        command = server.command_line(self.bin_folder, port, aux)
        log = self.plan.logs / f"websocket-{server.name}.log"
        try:
            with cores.on(self.plan.cores.server):
                process = stack.enter_context(ServerProcess(command, self.folder, log))
            wait_until_serving(("127.0.0.1", port), process)
        except ServerFailed as failure:
            return str(failure)
        return process, port

    def _sample(
        self, server: Server, case: Case, started: tuple[ServerProcess, int] | str
    ) -> Sample:
        if isinstance(started, str):
            return Sample(server, case, error=started)
        process, port = started
        self._progress(f"{case.name} · {server.title}")
        try:
            process.check()
            before = process.cpu_seconds()
            echoes = load(self.plan, case, port)
            after = process.cpu_seconds()
        except (ServerFailed, LoadFailed, subprocess.TimeoutExpired) as failure:
            return Sample(server, case, error=str(failure))
        spent = None if before is None or after is None else after - before
        cpu = None if spent is None else spent / echoes.all_messages
        return Sample(server, case, echoes, cpu)

    def _progress(self, what: str) -> None:
        self.say(f"round {self.number} of {self.plan.rounds} · {what}")
