"""A worker without the user's code, for the time before anything can be served.

Where the very first start of an application fails, a browser has something to show all the same:
the stand-in answers each request with a page that hears of events, and so shows the failure, and
goes to the application once that serves. It is of no generation, and nothing depends on it. A
program's addresses are not known before it has run; there is none for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.nursery.nursery import Nursery
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.wire.channel import ChannelClosed
from tornkit.serve.wire.heartbeat import Heartbeat
from tornkit.serve.wire.messages import (
    Boot,
    Claim,
    Closed,
    Downward,
    Drain,
    Follows,
    Go,
    Grant,
    OpenInEditor,
    Ready,
)
from tornkit.serve.wire.processes import ChildProcess
from tornkit.serve.workforce.events import Audience

_LAST_REQUESTS = 1.0  # seconds for those that it has
_END_GRACE = 1.0  # seconds beyond, for the process to end


class StandIn:
    """Stand-in worker, at most one, that answers in all slots before the application serves."""

    def __init__(
        self, *, loop: Loop, nursery: Nursery, listeners: Listeners, audience: Audience
    ) -> None:
        self._loop = loop
        self._nursery = nursery
        self._listeners = listeners
        self._audience = audience
        self._process: ChildProcess | None = None
        self._wanted = False
        self._births = 0  # asked for; an earlier one may still be on its way
        self._when_closed: Callable[[], None] | None = None

    @property
    def pids(self) -> list[int]:
        """Process ids: one, or none."""
        return [self._process.pid] if self._process is not None else []

    def begin(self, environment: Mapping[str, str]) -> None:
        """Start the stand-in worker, unless it was started already."""
        if not self._wanted:
            self._wanted = True
            self._births += 1
            born = partial(self._born, self._births)
            try:
                self._nursery.spawn(1, environment, born)
            except (OSError, ValueError):  # it is a convenience: then there is none
                self._wanted = False

    def end(self, when_closed: Callable[[], None] = lambda: None) -> None:
        """Let the stand-in worker answer the requests that it has, and end.

        The sockets are others' from now on. ``when_closed`` is called once it accepts nothing any
        more, now or a little later.
        """
        self._wanted = False
        process = self._process
        if process is None:
            when_closed()
        else:
            self._when_closed = when_closed
            self._send(process, Drain(_LAST_REQUESTS, successor=False))
            when = self._loop.now() + _LAST_REQUESTS + _END_GRACE
            self._loop.at(when, partial(self._kill_if_there, process))

    def kill(self) -> None:
        """Kill the stand-in worker now, and with it its hold on the sockets."""
        self._wanted = False
        if self._process is not None:
            self._kill_if_there(self._process)

    def _kill_if_there(self, process: ChildProcess) -> None:
        if self._process is process:
            process.signal(signal.SIGKILL)
            self._forget(process)

    def _born(self, birth: int, processes: list[ChildProcess] | OSError) -> None:
        is_wanted = self._wanted and birth == self._births
        if isinstance(processes, OSError):
            self._wanted = self._wanted and not is_wanted
            return
        for process in processes:
            if not is_wanted:
                process.signal(signal.SIGKILL)
                process.channel.close()
                continue
            self._process = process
            heartbeat = Heartbeat.create()  # nobody looks at it
            try:
                self._loop.listen(process.channel, partial(self._read, process))
                self._send(process, Boot(0, 0, stands_in=True), heartbeat.descriptor)
            finally:
                heartbeat.close()

    def _send(self, process: ChildProcess, message: Downward, *descriptors: int) -> None:
        with contextlib.suppress(ChannelClosed, OSError):
            process.channel.send(message, descriptors)

    def _read(self, process: ChildProcess) -> None:
        try:
            messages = process.channel.receive_ready()
        except (ChannelClosed, ValueError):
            self._forget(process)
            return
        for message, descriptors in messages:
            match message:
                case Claim():
                    # Of every slot: none of them has a worker.
                    sockets = [sock.fileno() for sock in self._listeners]
                    self._send(process, Grant(), *sockets)
                case Ready():
                    self._send(process, Go())
                case Follows():
                    self._audience.adopt(descriptors, of_server=message.of_server)
                    continue
                case Closed():
                    self._has_closed()
                case OpenInEditor():
                    self._audience.open_in_editor(message.failure, message.frame)
                case _:
                    pass
            for descriptor in descriptors:
                os.close(descriptor)

    def _has_closed(self) -> None:
        when_closed, self._when_closed = self._when_closed, None
        if when_closed is not None:
            when_closed()

    def _forget(self, process: ChildProcess) -> None:
        self._loop.unlisten(process.channel)
        process.channel.close()
        if self._process is process:
            self._process = None
            self._wanted = False  # the next failure has another
            self._has_closed()
