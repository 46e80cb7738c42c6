"""The loop of a comparison: in each round, each case through all servers in turn.

    round 1   case 1: A B C   case 2: A B C
    round 2   case 1: A B C   ...

So a change of the machine's speed meets neighbours alike. No server's failure ends the run: it is
that server's result, in that case and round.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeVar

from tests.benchmarks.errors import MeasurementFailed
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.environment import HOME, Environment
from tests.benchmarks.harness.installing import install_all
from tests.benchmarks.harness.results import Sample
from tests.benchmarks.harness.stage import Stage

LOGS = HOME / "logs"

R = TypeVar("R")


def run(
    benchmark: Benchmark[Any, Any, R], environment: Environment, say: Callable[[str], None]
) -> Generator[Sample[R]]:
    """Install, then measure; ``say`` shows progress.

    Raises InstallFailed for what the applications themselves need.
    """
    environment.install(*benchmark.requirements)
    unusable = install_all(benchmark.servers, environment, say)
    LOGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f"{benchmark.name}-benchmark-") as name:
        folder = Path(name).resolve() / "apps"
        if benchmark.apps is None:
            folder.mkdir()
        else:
            # A copy: what serving leaves behind is none of the repository's business.
            ignore = shutil.ignore_patterns("__pycache__")
            shutil.copytree(benchmark.apps, folder, ignore=ignore)
        benchmark.prepare(folder)
        stage = Stage(environment.bin, folder, benchmark.name, LOGS, benchmark.cores, say)
        yield from rounds(benchmark, stage, unusable)


def rounds(
    benchmark: Benchmark[Any, Any, R], stage: Stage, unusable: dict[str, str]
) -> Generator[Sample[R]]:
    """Measure on the stage; ``unusable`` has the reason for each server that cannot be started."""
    given_up: set[str] = set()
    for number in range(1, benchmark.rounds + 1):
        usable = [server for server in benchmark.servers if server.name not in unusable]
        of_rounds = f"round {number} of {benchmark.rounds}" if benchmark.rounds > 1 else ""
        stage.at = (of_rounds,)
        with stage.all_serving(usable) if benchmark.together else nullcontext():
            for case in benchmark.cases:
                for server in benchmark.servers:
                    if not server.takes_part_in(case) or server.name in given_up:
                        continue
                    stage.at = (of_rounds, case.name, server.title)
                    stage.progress()
                    try:
                        if server.name in unusable:
                            raise MeasurementFailed(unusable[server.name])
                        sample = benchmark.measure(server, case, stage)
                    except MeasurementFailed as failure:
                        sample = Sample(server, case, error=str(failure))
                    if sample.error and not benchmark.tries_again:
                        given_up.add(server.name)
                    yield sample
