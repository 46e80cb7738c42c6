"""Find the port, lock or device that a new generation was refused because the old one holds it.

Both run for a moment, and a port, a lock or a device can't be held twice. Where the error of the
new one names what the old one holds (`holdings.explain`), it is certain that the old one has to end
first, and it does (`Succession`). Where that is likely, a person is told the option that does so.

A new generation may also end what the old one has started: a proxy whose number it reads from a
file. So the children of those that serve are noted before it starts, which takes a read of
``/proc`` for each thread of theirs, and one that is gone when it has failed is named.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace

from tornkit import linux
from tornkit.serve.reporter import Reporter
from tornkit.serve.supervisor.holdings import Conflict, explain
from tornkit.serve.wire.messages import Failed
from tornkit.serve.wire.processes import has_ended
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.workforce import Workforce


class Contention:
    """Finder of ports, locks and the like that a failed generation wanted and others hold."""

    def __init__(self, workforce: Workforce, reporter: Reporter) -> None:
        self._workforce = workforce
        self._reporter = reporter
        self._helpers: dict[int, str] = {}  # children of workers that serve: pid, command

    def note_helpers(self, serving: Generation | None) -> None:
        """Note the processes that serving workers have started, as another generation begins."""
        workers = self._workforce.of(serving) if serving is not None else ()
        self._helpers = {
            child: _command(child) for worker in workers for child in _children(worker.pid)
        }

    def tell_of_helpers(self) -> None:
        """Report the noted processes that have ended since."""
        ended = [f"{pid} ({name})" for pid, name in self._helpers.items() if has_ended(pid)]
        self._helpers.clear()
        if ended:
            self._reporter.helpers_ended(ended)

    def of(self, generation: Generation, failure: Failed) -> Conflict | None:
        """Find what other processes hold that made a generation fail; None if nothing is found."""
        if not failure.refused:
            return None
        own = [worker.pid for worker in self._workforce.of(generation)]
        others = [worker.pid for worker in self._workforce if worker.pid not in own]
        conflict = explain(failure, others, own)
        if conflict is None:
            among_themselves = explain(failure, own)
            if among_themselves is not None:
                return replace(among_themselves, by_sibling=True)
        return conflict


def _children(pid: int) -> list[int]:
    """The children of a process (Linux; none elsewhere)."""
    found: list[int] = []
    folder = f"{linux.PROC}/{pid}/task"
    with contextlib.suppress(OSError, ValueError):
        for thread in os.listdir(folder):  # noqa: PTH208 - before each reload
            with open(f"{folder}/{thread}/children", "rb", 0) as file:  # noqa: PTH123
                found += map(int, file.read().split())
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return (linux.PROC / str(pid) / "comm").read_text(errors="replace").strip()
    return "ended"
