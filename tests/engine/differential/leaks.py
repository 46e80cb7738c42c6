"""What is left over once every connection is gone: descriptors, tasks, timers, objects."""

from __future__ import annotations

import asyncio
import gc
import os
from dataclasses import dataclass
from pathlib import Path

from tests.engine.differential.apps import Journal

_DESCRIPTORS = next((path for path in ("/proc/self/fd", "/dev/fd") if Path(path).exists()), None)


@dataclass(frozen=True)
class Baseline:
    """The counts of a server that has nothing to do, or of one that should have nothing."""

    descriptors: int
    tasks: int
    timers: int
    alive: int

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop, journal: Journal) -> Baseline:
        """Counts now. After a collection: cycles are no leak here, circlerefs_test is for those."""
        gc.collect()
        # uvloop has no such list; a timer that is left keeps objects alive, which is counted.
        timers = [each for each in getattr(loop, "_scheduled", ()) if not each.cancelled()]
        return cls(
            descriptors=len(os.listdir(_DESCRIPTORS)) if _DESCRIPTORS else 0,  # noqa: PTH208
            tasks=len(asyncio.all_tasks(loop)),
            timers=len(timers),
            alive=len(journal.alive),
        )


def leaks_of(
    before: Baseline, loop: asyncio.AbstractEventLoop, journal: Journal
) -> tuple[str, ...]:
    """In words, what there is more of than before; empty where there is nothing."""
    after = Baseline.of(loop, journal)
    counts = {
        "descriptors": (before.descriptors, after.descriptors),
        "tasks": (before.tasks, after.tasks),
        "timers": (before.timers, after.timers),
        "handlers alive": (before.alive, after.alive),
    }
    return tuple(f"{name}: {now - then} more" for name, (then, now) in counts.items() if now > then)
