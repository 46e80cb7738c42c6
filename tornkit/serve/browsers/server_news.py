"""Sends status, last requests and errors of a server to its open pages, once a second.

Only the last of each are kept, and no status is asked for while no page is open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from tornkit.serve.browsers.event_streams import Event, EventStreams
from tornkit.serve.loop.loop import Loop
from tornkit.serve.loop.timers import Timer

_INTERVAL = 1.0  # seconds
_MOST = 100  # of each
_MOST_ERRORS = 20
_LONGEST = 4000  # characters of an error
# What a page gets of a server's status; its last error is told without secrets elsewhere.
_TOLD = ("tornkit", "platform", "pid", "app", "project", "urls", "uptime", "generation",
         "workers_wanted", "workers", "zygotes")  # fmt: skip


class ServerNews:
    """Collects requests, errors and blocked loops for the server's page, and sends them.

    Part of a `tornkit.serve.reporter.Reporter`; ``status()`` is that of `tornkit status`.
    """

    def __init__(self, loop: Loop, status: Callable[[], dict[str, Any]]) -> None:
        self._loop = loop
        self._status = status
        self._requests: deque[object] = deque(maxlen=_MOST)
        self._errors: deque[dict[str, Any]] = deque(maxlen=_MOST_ERRORS)
        self._blocked: deque[dict[str, Any]] = deque(maxlen=_MOST)
        self._timer: Timer | None = None
        self.streams = EventStreams(loop, self._news)

    def adopt(self, descriptor: int) -> None:
        """Take over the socket of a browser, and send it the news from now on."""
        self.streams.adopt(descriptor)
        if self._timer is None:
            self._later()

    def requests(self, rows: Iterable[object]) -> None:
        """Note requests that a worker has answered (`tornkit.devtools.recent.Row`)."""
        self._requests.extend(rows)

    def raised(self, shown: dict[str, Any]) -> None:
        """Note an error of a request (`tornkit.devtools.error_data`)."""
        frames = [frame for frame in shown["frames"] if not frame["error"]]
        users = [frame for frame in frames if frame["users"]] or frames
        last = users[-1] if users else None
        self._errors.append(
            {
                "id": shown["id"],
                "kind": shown["kind"],
                "message": shown["message"][:_LONGEST],
                "text": shown["text"][-_LONGEST:],
                "place": f"{last['file']}:{last['line']} {last['function']}" if last else "",
            }
        )

    def blocked(self, slot: int | None, seconds: float, where: str, cause: str) -> None:
        where = f"{where}: {cause}" if cause else where
        self._blocked.append({"slot": slot, "seconds": seconds, "where": where})

    def stopped(self) -> None:
        self.streams.close()

    def _news(self) -> Event:
        status = self._status()
        return {
            "type": "server",
            **{name: status[name] for name in _TOLD},
            "requests": list(self._requests),
            "errors": list(self._errors),
            "blocked": list(self._blocked),
        }

    def _later(self) -> None:
        self._timer = self._loop.at(self._loop.now() + _INTERVAL, self._tell)

    def _tell(self) -> None:
        self._timer = None
        if len(self.streams):
            self.streams.tell(self._news())
            self._later()
