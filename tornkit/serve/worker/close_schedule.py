"""Schedule for closing WebSockets, so that their clients do not come back in one moment.

Most clients of a WebSocket connect again as soon as it closes, and each costs a handshake and
whatever the page then asks for. A few may come together: a developer's page must not wait for its
reload. Many are spread evenly, each at a random moment of its own share of the time; moments
that are drawn from the whole of it would come in heaps.
"""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class CloseSchedule:
    """Schedule that closes up to ``at_once`` together; of more, each has ``apart`` seconds alone.

    In all that is never more than ``longest`` seconds, nor than ``share`` of the time that there
    is for the whole drain.
    """

    at_once: int
    apart: float
    longest: float
    share: float

    def span(self, count: int, timeout: float) -> float:
        """Seconds from the first to the last of ``count``; ``timeout``: the drain's, in seconds."""
        if count <= self.at_once:
            return 0.0
        return min(count * self.apart, self.longest, timeout * self.share)

    def moments(
        self, count: int, timeout: float, chance: random.Random | None = None
    ) -> list[float]:
        """Seconds after which each of ``count`` is to be closed, in ascending order."""
        # Not the module's own generator: a program may have seeded it, the same in each worker.
        roll = (chance or random.SystemRandom()).random
        step = self.span(count, timeout) / max(count, 1)
        return [step * (place + roll()) for place in range(count)]


# How WebSockets are closed when a worker ends. A handshake costs a worker a fifth of a millisecond
# (measured), what a page asks for when it comes back a multiple; and nobody should be without its
# WebSocket, or wait for the new code, longer than a second.
WEBSOCKET_SPREAD = CloseSchedule(at_once=50, apart=0.001, longest=1.0, share=0.25)
