"""Table of a worker's reactions to each message, in each phase of its life.

    LOADING ──its loops turn──▶ READY ──Go──▶ SERVING ──Drain──▶ DRAINING
                                  └────────────Drain───────────────▲

While it loads, messages wait: there may be no loop yet to act on them. From then on each is acted
on when it is read. `Conduct` knows no sockets and no loops; those are its `Actions`.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from tornkit.serve.wire.messages import Adopt, Drain, Go, Message, Refresh, ReopenLogs
from tornkit.serve.worker.mailbox import Mail


class WorkerPhase(enum.Enum):
    """Phase of a worker's life, as the worker sees it."""

    LOADING = "loading"  # the user's code is imported, and claims what it listens on
    READY = "ready"  # it has said so, and waits for Go
    SERVING = "serving"
    DRAINING = "draining"


class Reaction(enum.Enum):
    """Treatment of a message in a phase: keep it for a later one, act on it, or ignore it."""

    WAIT = "wait"  # until the phase is another
    ACT = "act"
    IGNORE = "ignore"  # it has no meaning any more


_REPLIES: dict[WorkerPhase, dict[type[Message], Reaction]] = {
    WorkerPhase.LOADING: dict.fromkeys((Go, Drain, Refresh, ReopenLogs, Adopt), Reaction.WAIT),
    WorkerPhase.READY: {
        Go: Reaction.ACT,
        Drain: Reaction.ACT,
        Refresh: Reaction.ACT,
        ReopenLogs: Reaction.ACT,
        # Before `Go` another worker may still answer as of old.
        Adopt: Reaction.WAIT,
    },
    WorkerPhase.SERVING: {
        Go: Reaction.IGNORE,
        Drain: Reaction.ACT,
        Refresh: Reaction.ACT,
        ReopenLogs: Reaction.ACT,
        Adopt: Reaction.ACT,
    },
    WorkerPhase.DRAINING: {
        Go: Reaction.IGNORE,
        Drain: Reaction.IGNORE,
        Refresh: Reaction.ACT,
        ReopenLogs: Reaction.ACT,
        Adopt: Reaction.ACT,
    },
}


class Actions(Protocol):
    """Actions of a worker. Each returns at once; called by one thread at a time, any."""

    def open(self) -> None:
        """Accept connections."""

    def drain(self, drain: Drain) -> None:
        """Begin to drain."""

    def adopt(self, message: Adopt, descriptors: Sequence[int]) -> None:
        """Go on with another worker's connections."""

    def refresh(self) -> None:
        """Forget compiled templates and hashes of static files."""

    def reopen_logs(self) -> None:
        """Open the log files anew."""


class Conduct:
    """A worker's phase, and the messages that wait for the next one.

    ``take`` gives the next message that was read, None where there is none. Any thread may call;
    messages are acted on one at a time and in their order, but for those that wait.
    """

    def __init__(self, take: Callable[[], Mail | None], actions: Actions) -> None:
        self.phase = WorkerPhase.LOADING
        self._take = take
        self._actions = actions
        self._waiting: list[Mail] = []
        # Reentrant: to accept may have the program's own code make another claim.
        self._acting = threading.RLock()

    def ready(self) -> None:
        """Enter the phase READY: the worker has loaded, and has said so."""
        with self._acting:
            assert self.phase is WorkerPhase.LOADING, self.phase
            self._enter(WorkerPhase.READY)
            self.act()

    def act(self) -> None:
        """Act on the messages that were read."""
        with self._acting:
            while (mail := self._take()) is not None:
                self._act_on(mail)

    def _act_on(self, mail: Mail) -> None:
        message, descriptors = mail
        match _REPLIES[self.phase].get(type(message)):
            case Reaction.IGNORE:
                return
            case Reaction.WAIT:
                self._waiting.append(mail)
                return
            case None:
                raise AssertionError(f"the supervisor sent {message} to one that is {self.phase}")
        match message:
            case Go():
                self._actions.open()
                self._enter(WorkerPhase.SERVING)
            case Drain():
                # First what waits: a connection that came is to be drained as well.
                self._enter(WorkerPhase.DRAINING)
                self._actions.drain(message)
            case Refresh():
                self._actions.refresh()
            case ReopenLogs():
                self._actions.reopen_logs()
            case Adopt():
                self._actions.adopt(message, descriptors)

    def _enter(self, phase: WorkerPhase) -> None:
        self.phase = phase
        waiting, self._waiting = self._waiting, []
        for mail in waiting:
            self._act_on(mail)
