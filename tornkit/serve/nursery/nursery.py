"""Protocol of a nursery, by which the supervisor gets workers and is told of their ends.

`tornkit.serve.nursery.forking` forks them from a zygote, `tornkit.serve.nursery.standby` has
interpreters that stand by, `tornkit.serve.nursery.fresh` starts each when it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.wire.warmth import Warmth

OnExit = Callable[[int, int], None]  # pid; exit status, or the negative of a signal
# Workers that were born, in one or several parts; or why those that are missing will not be.
OnBorn = Callable[[list[ChildProcess] | OSError], None]
OnStale = Callable[[str], None]  # what has changed


class Nursery(Protocol):
    """Starts workers and says when they end."""

    def connect(self, on_exit: OnExit, on_stale: OnStale) -> None:
        """Set the listeners for worker events; called once, before anything is started.

        ``on_exit``: a worker ended. ``on_stale``: workers were forked with outdated imports. Both
        are called from the loop only.
        """

    @property
    def warmth(self) -> Warmth:
        """Imports that new workers have done when they are born."""

    def spawn(
        self, count: int, environment: Mapping[str, str], on_born: OnBorn, *, beside: bool = False
    ) -> None:
        """Start this many workers, in one environment (whole).

        ``on_born`` is called now or later. They have been told to `Prepare`, and wait for their
        `Boot`. ``beside``: others serve, and packages that have changed since those imported them
        are wanted as they were, where they are still held.

        :raises OSError, ValueError: none can be started; ``on_born`` is then not called.
        """

    def learn(self, modules: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Note the modules that a good worker has imported."""

    def exclude(self, modules: Mapping[str, str]) -> None:
        """Import these modules no more before a fork; ``modules`` maps each name to the reason."""

    def reaped(self, pid: int, status: int) -> None:
        """Note that a child of the supervisor's has ended."""

    def unreported(self, pid: int) -> None:
        """Take note that a worker has ended, and its parent, stopped or stuck, has not said so."""

    def pids(self) -> list[int]:
        """Process ids of the nursery itself; workers that it has given away are not counted."""
