"""Actions of the letters typed at the terminal (`keys`), and when the terminal may be read."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence

from tornkit.serve.reporter import Reporter
from tornkit.serve.shortage import in_words
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.workforce import Workforce


class Typed:
    """Actions of the letters that a person types at the terminal.

    A `tornkit.serve.supervisor.keys.KeyActions`. ``browse(urls)`` opens a browser. ``words`` name
    the target in a command, as the person did who started this one.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        words: Sequence[str],
        reporter: Reporter,
        browse: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._supervisor = supervisor
        self._words = words
        self._reporter = reporter
        self._browse = browse

    def restart(self, reason: str) -> None:
        self._supervisor.restart(reason)

    def resize(self, change: int) -> None:
        self._supervisor.resize(change)

    def stop(self, why: str) -> None:
        if self._supervisor.stopping:
            self._supervisor.stop_now(0)
        else:
            self._supervisor.stop(why, signal.SIGINT)  # as by Ctrl-C

    def open_browser(self, path: str = "") -> None:
        self._browse(tuple(f"{url}{path}" for url in self._supervisor.urls()))

    def list_routes(self) -> None:
        command = [sys.executable, "-P", "-m", "tornkit", "routes", *self._words]
        no_input = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        try:
            os.posix_spawn(command[0], command, os.environ, file_actions=no_input)
        except OSError as error:
            self._reporter.lacks(f"the routes can't be listed: {in_words(error)}")

    def clear_terminal(self) -> None:
        self._reporter.cleared()

    def show_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        self._reporter.keys(keys)


class SharedTerminal:
    """The terminal that workers may read as well.

    A debugger stands in the way of its loop, which does not beat until it has read what it waits
    for, or was told to go on.
    """

    def __init__(self, workforce: Workforce, health: Health) -> None:
        self._workforce = workforce
        self._health = health

    def is_free(self, since: float) -> bool:
        """Whether the loop of each worker has turned since then (CLOCK_MONOTONIC, seconds)."""
        for worker in self._workforce:
            beat = self._health.pulse(worker.pid).beat
            if worker.is_booting or 0.0 < beat < since:  # 0: none was to be had
                return False
        return True
