"""Retries of a start that the system refused for want of a process, descriptor or memory.

The files are right, and no edit will come that could help; what is lacked may be there in a moment.
The longer it lasts, the rarer the tries are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.generations import Generations

AGAIN = "trying again"  # the reason, where no edit was one
_FIRST, _LONGEST = 1.0, 60.0  # seconds


class Retrying:
    """Retries, with growing delays, of starts that the system refused.

    ``restart(reason)`` asks for the next of ``generations``.
    """

    def __init__(
        self, loop: Loop, generations: Generations, *, restart: Callable[[str], None]
    ) -> None:
        self._loop = loop
        self._generations = generations
        self._restart = restart
        self._delay = _FIRST

    def refused(self, generation: Generation) -> None:
        """Schedule a retry for a generation that the system lacked the resources to start."""
        when = self._loop.now() + self._delay
        self._delay = min(2 * self._delay, _LONGEST)
        self._loop.at(when, partial(self._again, generation))

    def serves(self) -> None:
        """Reset the delay, as a generation serves: what was lacked was there."""
        self._delay = _FIRST

    def _again(self, generation: Generation) -> None:
        if self._generations.newest == generation.number:  # else an edit or a signal came first
            for reason in generation.reason or (AGAIN,):
                self._restart(reason)
