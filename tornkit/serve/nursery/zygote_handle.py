"""A zygote as the supervisor knows it, and what it was asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from tornkit.serve.loop.timers import Timer
from tornkit.serve.nursery.nursery import OnBorn
from tornkit.serve.wire.channel import Channel
from tornkit.serve.wire.processes import ChildProcess


@dataclass(eq=False)
class ForkRequest:
    """Workers that a zygote was asked to fork, and has not answered for.

    ``again``: another zygote was asked before; ``ahead``: they are to be kept, nobody waits.
    """

    count: int
    environment: Mapping[str, str]
    on_born: OnBorn
    beside: bool = False  # others that serve; see `Nursery.spawn`
    again: bool = False
    ahead: bool = False
    channels: list[Channel] = field(default_factory=list)
    deadline: Timer | None = None

    def drop(self) -> None:
        """Cancel the deadline, and close the channels that no worker has got."""
        if self.deadline is not None:
            self.deadline.cancel()
        for channel in self.channels:
            channel.close()
        self.channels.clear()


@dataclass(eq=False)
class ZygoteHandle:
    """The supervisor's record of a zygote: its process, its workers, the forks asked of it."""

    process: ChildProcess
    environment: Mapping[str, str]
    modules: tuple[str, ...] = ()  # what it was told to warm
    holds: int = 0  # modules of whatever origin
    workers: set[int] = field(default_factory=set)
    trying: str | None = None
    retired: bool = False
    asked: deque[ForkRequest] = field(default_factory=deque)  # it answers in this order
    waited_for: bool = False  # it has not said `Warmed`, and is the active one nevertheless
