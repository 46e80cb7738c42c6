"""A command from its options to its exit status: it measures, writes files and shows tables.

Exit codes are tornkit's: 0 measured (a rival that could not be is named in the table), 1 tornkit
itself could not be measured, 2 usage, 130 interrupted.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from rich.console import Console
from rich.text import Text

from tests.benchmarks import machine, programs
from tests.benchmarks.harness import loop
from tests.benchmarks.harness.benchmark import Benchmark
from tests.benchmarks.harness.environment import Environment
from tests.benchmarks.harness.results import Comparison, Sample, outcomes_of

_INTERRUPTED = 130

R = TypeVar("R")
K = TypeVar("K", bound=Comparison[Any])


def compare(
    benchmark: Benchmark[Any, Any, R],
    comparison_type: type[K],
    *,
    line: Callable[[Sample[R]], str],
    show: Callable[[K, Console], None],
    venv: Path,
    json_file: Path | None,
    drawings: Iterable[tuple[Path | None, Callable[[K], str]]] = (),
) -> NoReturn:
    """Run the comparison; exit with the status of how it went.

    ``line`` tells of each sample as it comes in, ``show`` prints the tables, and each drawing is
    written to its file. Ctrl-C ends the measuring, and the figures so far are shown.
    """
    environment = Environment(venv)
    progress = Console(stderr=True)
    samples: list[Sample[R]] = []
    was_interrupted = False
    # So that `kill` and `timeout` clean up as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with progress.status("preparing") as status:
            environment.prepare()
            with closing(loop.run(benchmark, environment, status.update)) as measured:
                for sample in measured:
                    samples.append(sample)
                    if told := line(sample):
                        progress.print(Text(told), highlight=False)
    except KeyboardInterrupt:
        was_interrupted = True
        progress.print("interrupted: these are the figures so far")

    if samples:
        comparison = comparison_type(
            machine.describe(),
            environment.packages() | programs.versions(benchmark.programs),
            benchmark.settings(),
            outcomes_of(samples),
        )
        for file, draw in ((json_file, _json), *drawings):
            if file is not None:
                file.write_text(draw(comparison))
        show(comparison, Console())
    failed = not samples or any(each.error and not each.server.is_rival for each in samples)
    sys.exit(_INTERRUPTED if was_interrupted else int(failed))


def _json(comparison: Comparison[Any]) -> str:
    return json.dumps(comparison.as_json(), indent=2) + "\n"
