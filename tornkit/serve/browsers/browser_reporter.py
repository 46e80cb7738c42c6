"""Reporter that tells browsers which generation serves, and why a newer one could not start.

A browser compares the generation with that of its page: a socket that closes, or an event that it
misses, changes nothing. So there is one event for all of that, ``state``, and the last one is all
that has to be known.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from tornkit.serve.browsers.event_streams import Event, EventStreams
from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Banner
from tornkit.serve.wire.messages import Failed

_MOST_NAMES = 50


class BrowserReporter:
    """The methods of `tornkit.serve.reporter.Reporter` that are sent to browsers as events.

    ``run`` names this server's run. The events are for ``devtools/pages/client.js``:

    state   ``generation`` serves, null if none does; ``failure`` is why no newer one does, or null
    files   templates or static files of these ``names`` have changed
    ping    nothing
    """

    def __init__(self, loop: Loop, run: str) -> None:
        self._loop = loop
        self._run = run
        self._generation: str | None = None
        self._failure: dict[str, Any] | None = None
        self._failed_since = 0.0  # seconds of the loop's clock
        self._failures = 0
        self.streams = EventStreams(loop, self._state)

    def failure(self, number: str) -> dict[str, Any] | None:
        """Data of the failure that pages show now, if its id is ``number``; else None."""
        failure = self._failure
        return failure if failure is not None and failure["id"] == number else None

    def _state(self) -> Event:
        failure = self._failure
        if failure is not None:
            failure = {**failure, "seconds": round(self._loop.now() - self._failed_since, 3)}
        return {"type": "state", "generation": self._generation, "failure": failure}

    def _serves(self, generation: int) -> None:
        self._generation = f"{self._run}.{generation}"
        self._failure = None
        self.streams.tell(self._state())

    # ---- what the supervisor tells ----

    def serving(self, banner: Banner) -> None:
        self._serves(banner.generation)

    def reloaded(self, generation: int, took: float) -> None:
        self._serves(generation)

    def failed(self, failure: Failed, *, old_serves: bool, waiting: bool) -> None:
        if self._failure is None:
            self._failed_since = self._loop.now()
        self._failures += 1
        self._failure = {
            "message": failure.message,
            "text": "",  # of a traceback only what a worker has looked through for secrets
            "frames": [],
            **failure.shown,
            "id": f"start-{self._failures}",
            "oldServes": old_serves,
        }
        self.streams.tell(self._state())

    def files_changed(self, paths: Sequence[str]) -> None:
        names = sorted({PurePath(path).name for path in paths})[:_MOST_NAMES]
        self.streams.tell({"type": "files", "names": names})

    def stopped(self) -> None:
        self.streams.close()
