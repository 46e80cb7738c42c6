"""What is done at a letter that was typed at the terminal (`keys`), and when it may be read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable

from tornkit.appload.target import Target
from tornkit.serve.reporter import Reporter
from tornkit.serve.shortage import in_words
from tornkit.serve.supervisor.supervisor import Supervisor
from tornkit.serve.wire.heartbeat import silence
from tornkit.serve.workforce.health import Health
from tornkit.serve.workforce.workforce import Workforce


class Typed:
    """A `tornkit.serve.supervisor.keys.KeyActions`; ``browse(urls)`` opens a browser."""

    def __init__(
        self,
        supervisor: Supervisor,
        target: Target,
        reporter: Reporter,
        browse: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._supervisor = supervisor
        self._target = target
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
            self._supervisor.stop(why)

    def open_browser(self, path: str = "") -> None:
        self._browse(tuple(f"{url}{path}" for url in self._supervisor.urls()))

    def list_routes(self) -> None:
        command = [sys.executable, "-P", "-m", "tornkit", "routes", self._target.label]
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

    A debugger that is busy, and will read what was typed ahead, stands in the way of its loop: so
    long the loop does not beat, once in ``interval`` seconds as it should.
    """

    def __init__(self, workforce: Workforce, health: Health, interval: float) -> None:
        self._workforce = workforce
        self._health = health
        self._patience = 2 * interval

    def is_free(self) -> bool:
        """Whether no worker seems to wait for what is typed."""
        for worker in self._workforce:
            if worker.is_booting or silence(self._health.pulse(worker.pid)) > self._patience:
                return False
        return True
