"""Requests to restart, by edits and signals: says when a new generation of workers starts for them.

What is asked for while one boots, or may not start, is kept for the next; `debounce` is the policy.
"""

from __future__ import annotations

from collections.abc import Callable

from tornkit.serve.loop.loop import Loop
from tornkit.serve.supervisor.debounce import Debouncer
from tornkit.serve.workforce.generations import Generations

# An edit may overtake a boot so often in a row; then the boot comes to its end first, or somebody
# who saves faster than the application starts would never see anything.
_MOST_OVERTAKEN = 2


class Restarts:
    """Requests to restart that wait, and the time at which a generation starts for them.

    ``start(reasons)`` starts one; it is not called while ``generations`` are over or held.
    """

    def __init__(
        self,
        loop: Loop,
        generations: Generations,
        *,
        start: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._loop = loop
        self._generations = generations
        self._start = start
        self._debouncer = Debouncer()
        self._reasons: dict[str, None] = {}  # an ordered set
        self._overtaken = 0  # boots in a row that an edit has ended

    def ask(self, reason: str) -> None:
        """Ask for a restart; ``reason`` is what a person is told: a file, a signal's name."""
        self._reasons[reason] = None
        self._debouncer.edited(self._loop.now(), booting=self._boots)
        self._start_when_due()

    @property
    def _boots(self) -> bool:
        return self._generations.next is not None

    def take(self) -> tuple[str, ...]:
        """Remove and return the reasons collected so far, for the generation that starts."""
        reasons = tuple(self._reasons)
        self._reasons.clear()
        return reasons

    def started(self, *, overtaking: bool = False) -> None:
        """Note that a generation was started with all that was saved so far.

        ``overtaking``: in the place of one that still booted.
        """
        self._overtaken += overtaking
        self._debouncer.started(self._loop.now())

    def boot_ended(self) -> None:
        """Note that a boot has ended, well or not; edits made meanwhile may start the next one."""
        self._overtaken = 0
        self._loop.soon(self._start_when_due)

    def _start_when_due(self) -> None:
        due = self._debouncer.due()
        if due is None or self._generations.over or self._generations.held:
            return
        if due > self._loop.now():
            self._loop.at(due, self._start_when_due)
        elif not self._boots or self._overtaken < _MOST_OVERTAKEN:
            self._start(self.take())
