"""Times what a router does for one request, and prints it; imported by each probe.

Arguments of a probe: the shape of the routes, and how many there are to be, with commas. It prints
medians of `BATCHES` batches, in microseconds of CPU time; a batch takes 10 ms, or one call where
that takes longer.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable

BATCHES = 9
_BATCH = 0.01  # seconds


def arguments() -> tuple[str, list[int]]:
    """The case, and how many routes there are to be in each table."""
    return sys.argv[1], [int(size) for size in sys.argv[2].split(",")]


def drive(coroutine: object) -> object:
    """What a coroutine returns that waits for nothing."""
    try:
        coroutine.send(None)  # type: ignore[attr-defined]
    except StopIteration as done:
        return done.value
    raise RuntimeError("it waits for something")


def measure(**ways: Callable[[], object]) -> dict[str, float]:
    """Microseconds of one call of each, by turns: what slows the machine down slows all of them."""
    counts = {}
    for name, way in ways.items():
        way()  # makes what is kept
        way()
        counts[name] = max(1, int(_BATCH / max(_seconds(way, 10) / 10, 1e-7)))
    batches: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(BATCHES):
        for name, way in ways.items():
            batches[name].append(_seconds(way, counts[name]) / counts[name])
    return {name: statistics.median(taken) * 1e6 for name, taken in batches.items()}


def _seconds(way: Callable[[], object], count: int) -> float:
    before = time.process_time()
    for _ in range(count):
        way()
    return time.process_time() - before


def tell(routes: int, place: str, microseconds: dict[str, float]) -> None:
    """A line for each router."""
    for router, figure in microseconds.items():
        line = {"router": router, "routes": routes, "place": place, "microseconds": figure}
        print(json.dumps(line), flush=True)


def places(routes: int) -> dict[str, int]:
    """``first`` and ``last``: which of the routes is asked for."""
    return {"first": 0, "last": routes - 1}
