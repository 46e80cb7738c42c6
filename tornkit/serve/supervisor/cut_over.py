"""Moves the clients from the generation that serves to the next one, once that is ready.

    all ready, all claimed ─▶ Drain to the old ─▶ all let go ─▶ Go to the new

In that order no old code answers a request that was sent after a new answer was seen. New
connections wait in the backlogs meanwhile: about a millisecond.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tornkit.serve.loop.loop import Loop
from tornkit.serve.sockets.sockets import Listeners
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.generation import Generation, GenerationState
from tornkit.serve.workforce.generations import Generations
from tornkit.serve.workforce.upkeep import Upkeep
from tornkit.serve.workforce.workforce import Workforce

# The longest that the next generation waits for this one to let go of its connections.
_CLOSE_PATIENCE = 0.5
# Seconds for a program that is ready to listen where the one before it did as well: in another
# thread, or behind something that it awaits. Its clients wait in the backlog meanwhile.
_CLAIM_PATIENCE = 0.5


class CutOver:
    """Move of the clients from the generation of workers that serves to the next one.

    ``serves(generation)`` is called as it begins to serve, ``opened(generation)`` as it accepts.
    ``settle(generation)`` is told of the one before it, whose workers may be gone already.
    """

    def __init__(
        self,
        loop: Loop,
        generations: Generations,
        *,
        workforce: Workforce,
        upkeep: Upkeep,
        listeners: Listeners,
        serves: Callable[[Generation], None],
        opened: Callable[[Generation], None],
        settle: Callable[[Generation], None],
    ) -> None:
        self._loop = loop
        self._generations = generations
        self._workforce = workforce
        self._upkeep = upkeep
        self._listeners = listeners
        self._serves = serves
        self._opened = opened
        self._settle = settle

    def when_claimed(self, generation: Generation) -> None:
        """Cut over to a generation that is ready, after a wait if it has addresses to claim yet.

        An address that it claims later would be closed in between.
        """
        unclaimed = self._listeners.has_unclaimed(generation.number)
        if self._generations.current is None or not unclaimed:
            self._cut_over(generation)
            return
        when = self._loop.now() + _CLAIM_PATIENCE
        self._loop.at(when, partial(self._if_whole, generation))

    def claimed(self, generation: Generation) -> None:
        """Cut over if all workers are ready and have claimed the old generation's addresses."""
        if generation.is_whole and not self._listeners.has_unclaimed(generation.number):
            self._if_whole(generation)

    def _if_whole(self, generation: Generation) -> None:
        if generation.is_whole and not self._generations.over:
            self._cut_over(generation)

    def _cut_over(self, generation: Generation) -> None:
        old = self._generations.serve(generation)
        self._serves(generation)
        for worker in self._workforce.of(generation):
            self._workforce.promise(worker)
        if old is None:
            self._open(generation)
            return
        for worker in self._workforce.of(old):
            self._workforce.retire(worker, successor=True)
        # A worker that is stuck in a handler can't let go, and must not hold up the others.
        self._loop.at(self._loop.now() + _CLOSE_PATIENCE, partial(self._open, generation))
        self.let_go()
        self._settle(old)

    def let_go(self) -> None:
        """Let the serving generation accept, if all earlier ones let go of their connections."""
        generation = self._generations.current
        if generation is None:
            return
        older = self._generations.before(generation)
        if not any(self._workforce.lets_go(one) for one in older):
            self._open(generation)

    def _open(self, generation: Generation) -> None:
        """Let the workers of a generation accept connections, once."""
        if generation.opened or generation.state is not GenerationState.SERVING:
            return
        generation.opened = True
        for worker in self._workforce.of(generation, WorkerState.SERVING):
            self._upkeep.open(worker)
        self._opened(generation)
        # Where the old one ended first, its addresses have been kept for this one.
        self._loop.at(self._loop.now() + _CLAIM_PATIENCE, self.release_unclaimed)

    def release_unclaimed(self) -> None:
        """Close the addresses that the serving generation has not claimed."""
        current = self._generations.current
        if current is not None and not self._generations.over:
            self._listeners.release_before(current.number)
