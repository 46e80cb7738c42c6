"""The comparison: in each round each probe, alone, with each shape of routes.

A probe is a process of its own, on a core of its own. One asks Tornado and tornkit by turns.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import cores
from tests.benchmarks.environment import Environment
from tests.benchmarks.installing import install_all
from tests.benchmarks.routing.programs import CASES, Probe
from tests.benchmarks.routing.results import Sample, Trouble, read

_PROBES = Path(__file__).parent / "probes"
_DEADLINE = 300.0


@dataclass(frozen=True)
class Plan:
    """What is measured, and how often."""

    probes: tuple[Probe, ...]
    cases: tuple[str, ...]
    sizes: tuple[int, ...]
    rounds: int

    def settings(self) -> dict[str, object]:
        """What a reader of the figures has to know."""
        return {
            "rounds": self.rounds,
            "cases": {case: CASES[case] for case in self.cases},
            "routes": self.sizes,
        }


def run(
    plan: Plan, environment: Environment, say: Callable[[str], None]
) -> Generator[Sample | Trouble]:
    """Measure; ``say`` is told what is going on."""
    uninstallable = install_all(plan.probes, environment, say)
    core = cores.two().server
    failed: set[str] = set()
    for number in range(1, plan.rounds + 1):
        for probe in plan.probes:
            for case in plan.cases:
                say(f"round {number} of {plan.rounds} · {probe.title} · {CASES[case]}")
                if probe.name in failed:  # it would fail again
                    continue
                error = uninstallable.get(probe.name)
                try:
                    if error is None:
                        with cores.on(core):
                            yield from _measure(probe, case, plan.sizes, environment.bin)
                except ProbeFailed as failure:
                    error = str(failure)
                if error is not None:
                    failed.add(probe.name)
                    yield Trouble(probe, error)


class ProbeFailed(Exception):
    """It ended badly, or not at all; the message is its own last line."""


def _measure(probe: Probe, case: str, sizes: tuple[int, ...], folder: Path) -> list[Sample]:
    asked = ",".join(str(size) for size in sizes if size <= probe.most_routes)
    if not asked:
        return []
    command = [*probe.command_line(folder, port=0), case, asked]
    try:
        done = subprocess.run(
            command,
            cwd=_PROBES,
            check=False,
            capture_output=True,
            text=True,
            timeout=_DEADLINE,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        raise ProbeFailed(f"no end after {_DEADLINE:g} s") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise ProbeFailed((lines or [f"status {done.returncode}"])[-1])
    try:
        return list(read(case, done.stdout))
    except (ValueError, KeyError) as error:
        raise ProbeFailed(f"it printed what can't be read: {error}") from None
