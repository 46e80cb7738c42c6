"""``python -m tests.benchmarks bus-unused``: what the bus costs a server that does not use it.

A server of this checkout and one of another, which is from before the bus, in turn: time and CPU
time from the start to the first answer, time from an edit to the first fresh one, processes and
descriptors.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from tests.benchmarks.exchange import wait_until_serving
from tests.benchmarks.harness.environment import HOME, Environment
from tests.benchmarks.process import ServerFailed, ServerProcess, free_ports
from tests.benchmarks.reload import apps
from tests.benchmarks.reload.probe import wait_for_edit

_DEADLINE = 60.0
_EDITS = 5
_SETTLE = 1.0


@dataclass(frozen=True)
class Cost:
    """One server: seconds, and numbers."""

    start: float
    start_cpu: float
    edit: float
    processes: int
    descriptors: int


def _measure(program: Path) -> Cost:
    (port,) = free_ports(1)
    address = ("127.0.0.1", port)
    with tempfile.TemporaryDirectory(prefix="bus-unused-") as name:
        file = Path(name, apps.FILE)
        file.write_text(apps.source(apps.TORNADO, "tiny", 0))
        command = [
            *(str(program), "serve", f"{apps.FILE}:make_app", "--port", str(port)),
            *("--workers", "2", "--no-access-log"),
        ]
        begin = time.perf_counter()
        with ServerProcess(command, file.parent, file.parent / "log") as process:
            wait_until_serving(address, process)
            start, cpu = time.perf_counter() - begin, process.cpu_seconds() or 0.0
            time.sleep(_SETTLE)
            edits = [_edit(file, number + 1, address, process) for number in range(_EDITS)]
            time.sleep(_SETTLE)
            pids = process.pids()
            descriptors = sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)  # noqa: PTH208
            return Cost(start, cpu, statistics.median(edits), len(pids), descriptors)


def _edit(file: Path, number: int, address: tuple[str, int], process: ServerProcess) -> float:
    since = time.perf_counter()
    apps.save(file, apps.source(apps.TORNADO, "tiny", number), apps.Save.PLAIN)
    taken = wait_for_edit(number, address, process, since=since, deadline=_DEADLINE)
    if taken is None:
        raise ServerFailed("an edit did not show")
    return taken


def _installed(venv: Path, checkout: Path | None = None) -> Path:
    """The command of this checkout, or of another."""
    environment = Environment(venv)
    environment.prepare()
    if checkout is not None:
        environment.install("--editable", f"{checkout}[uvloop]")
    return environment.bin / "tornkit"


@click.command("bus-unused")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    required=True,
    help="Another checkout, of a commit before the bus (git worktree add).",
)
@click.option("--pairs", default=15, help="How often both are measured.")
def bus_unused_command(against: Path, pairs: int) -> None:
    """What the bus costs a server that does not use it: this checkout and another, in turn."""
    both = (_installed(HOME / "venv"), _installed(HOME / "venv-before", against.resolve()))
    costs: list[tuple[Cost, Cost]] = []
    for number in range(pairs):
        # In turn, each the first as often as the other.
        one, other = map(_measure, both if number % 2 == 0 else reversed(both))
        costs.append((one, other) if number % 2 == 0 else (other, one))
    figures: dict[str, Callable[[Cost], float]] = {
        "start, ms": lambda cost: 1000 * cost.start,
        "start, CPU ms": lambda cost: 1000 * cost.start_cpu,
        "edit, ms": lambda cost: 1000 * cost.edit,
        "processes": lambda cost: cost.processes,
        "descriptors": lambda cost: cost.descriptors,
    }
    for name, figure in figures.items():
        ours = statistics.median(figure(one) for one, _ in costs)
        theirs = statistics.median(figure(other) for _, other in costs)
        pairwise = statistics.median(figure(one) - figure(other) for one, other in costs)
        click.echo(
            f"{name:14} {ours:8.1f}, without the bus {theirs:8.1f}; of pairs {pairwise:+.1f}"
        )
