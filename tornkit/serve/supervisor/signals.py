"""Actions of signals to the supervisor. (A worker's own: `tornkit.serve.worker.signals`.)

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


class SignalActions(Protocol):
    """Actions that a signal can trigger."""

    @property
    def stopping(self) -> bool:
        """Whether the supervisor was told to end, and has not yet."""

    def reap(self) -> None:
        """Reap children that have ended."""

    def stop(self, why: str, number: int = signal.SIGTERM) -> None:
        """Let requests under way finish, then end; programs are told by the signal."""

    def stop_now(self, exit_code: int) -> None:
        """End at once, with this exit code."""

    def restart(self, reason: str) -> None:
        """Start all workers anew."""

    def resize(self, change: int) -> None:
        """Add ``change`` workers, or with a negative number end some."""

    def reopen_logs(self) -> None:
        """Open log files anew: they were moved away."""

    def dump_stacks(self) -> None:
        """Let every worker print where each of its threads is."""


class SupervisorSignals:
    """Triggers the action of each signal."""

    def __init__(self, actions: SignalActions) -> None:
        self._actions = actions
        # With the terminal gone there is nobody to reload for.
        self._has_terminal = os.isatty(2)

    def came(self, number: int) -> None:
        """Trigger the action of a signal of `SIGNALS`."""
        match number:
            case signal.SIGCHLD:
                self._actions.reap()
            case signal.SIGQUIT:
                self._actions.stop_now(128 + number)
            case signal.SIGINT | signal.SIGTERM:
                if self._actions.stopping:
                    self._actions.stop_now(128 + number)
                else:
                    self._actions.stop(signal.Signals(number).name, number)
            case signal.SIGHUP:
                if self._has_terminal and not os.isatty(2):
                    self._actions.stop("the terminal is gone")
                else:
                    self._actions.restart("SIGHUP")
            case signal.SIGTTIN:
                self._actions.resize(+1)
            case signal.SIGTTOU:
                self._actions.resize(-1)
            case signal.SIGUSR1:
                self._actions.reopen_logs()
            case signal.SIGUSR2:
                self._actions.dump_stacks()
