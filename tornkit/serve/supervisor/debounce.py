"""Debouncing of file edits: decides when an edit starts a new generation of workers.

The first edit after a quiet time starts one at once: that is the save that somebody waits for.
Edits that come while a generation boots, or right behind another, are gathered until they pause,
so that the last state is what is served and a burst (a checkout, a formatter, `touch *`) starts
two or three generations, not fifty. A burst without a pause is cut every ``patience`` seconds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DebouncePolicy:
    """Limits of a burst of edits, in seconds.

    ``pause`` is how long it has to rest to be over, ``patience`` how long it may last.
    """

    pause: float = 0.04
    patience: float = 0.5


class Debouncer:
    """Chooser of the time at which the next generation starts, told of edits and starts.

    Times are of the caller's clock.
    """

    def __init__(self, policy: DebouncePolicy = DebouncePolicy()) -> None:
        self._policy = policy
        self._last_start = float("-inf")
        self._last_edit = float("-inf")
        self._waiting_since: float | None = None

    def edited(self, now: float, *, booting: bool) -> None:
        """Note an edit; ``booting``: a generation is on its way."""
        burst = booting or now - max(self._last_edit, self._last_start) < self._policy.pause
        self._last_edit = now
        if self._waiting_since is None:
            self._waiting_since = now if burst else float("-inf")

    def due(self) -> float | None:
        """Time at which a generation is to start, None if no edit waits. In the past: now."""
        if self._waiting_since is None:
            return None
        if self._waiting_since == float("-inf"):
            return float("-inf")
        return min(
            self._last_edit + self._policy.pause, self._waiting_since + self._policy.patience
        )

    def started(self, now: float) -> None:
        """Note that a generation was started with everything that was seen so far."""
        self._last_start = now
        self._waiting_since = None
