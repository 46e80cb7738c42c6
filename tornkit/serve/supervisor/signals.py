"""What each signal to the supervisor asks for. (A worker's own: `tornkit.serve.worker.signals`.)

The handlers only wake the loop; this is called from it, once for each signal.
"""

from __future__ import annotations

import os
import signal
from typing import Protocol

SIGNALS = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGCHLD),
    *(signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1, signal.SIGUSR2),
)


class Asked(Protocol):
    """Who does what they ask for."""

    @property
    def stopping(self) -> bool:
        """It was told to end, and has not yet."""

    def reap(self) -> None:
        """A child has ended."""

    def stop(self, why: str) -> None:
        """Let what is under way finish, then end."""

    def stop_now(self, exit_code: int) -> None:
        """End."""

    def restart(self, reason: str) -> None:
        """Start all workers anew."""

    def resize(self, change: int) -> None:
        """So many workers more, or with a negative number fewer."""

    def reopen_logs(self) -> None:
        """The log files were moved away."""

    def dump_stacks(self) -> None:
        """Let every worker print where each of its threads is."""


class SupervisorSignals:
    """Passes them on to ``asked``."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        # With the terminal gone there is nobody to reload for.
        self._has_terminal = os.isatty(2)

    def came(self, number: int) -> None:
        """A signal of `SIGNALS` has come."""
        match number:
            case signal.SIGCHLD:
                self._asked.reap()
            case signal.SIGQUIT:
                self._asked.stop_now(128 + number)
            case signal.SIGINT | signal.SIGTERM:
                if self._asked.stopping:
                    self._asked.stop_now(128 + number)
                else:
                    self._asked.stop(signal.Signals(number).name)
            case signal.SIGHUP:
                if self._has_terminal and not os.isatty(2):
                    self._asked.stop("the terminal is gone")
                else:
                    self._asked.restart("SIGHUP")
            case signal.SIGTTIN:
                self._asked.resize(+1)
            case signal.SIGTTOU:
                self._asked.resize(-1)
            case signal.SIGUSR1:
                self._asked.reopen_logs()
            case signal.SIGUSR2:
                self._asked.dump_stacks()
