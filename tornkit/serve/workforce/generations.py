"""Register of the generations that are not gone: the one that serves, and the one that boots.

Held by whoever decides about them (`supervisor.succession`) and by whoever looks after the workers
of the one that serves (`upkeep`); it decides nothing itself.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tornkit.serve.wire.messages import Failed
from tornkit.serve.workforce.generation import Generation, GenerationState


class Generations:
    """All generations that still have workers, by number.

    ``current`` serves, or was the last that did; ``next`` boots. ``over``: no further one is
    started, and those that are there end. ``held``: none is started for now, because the old one
    ends first. ``newest`` is the number of the one that was started last; ``last_failure`` says why
    the last one, or a worker of it, could not start, None once another serves.
    """

    def __init__(self) -> None:
        self.current: Generation | None = None
        self.next: Generation | None = None
        self.over = False
        self.held = False
        self.newest = 0
        self.last_failure: Failed | None = None
        self._by_number: dict[int, Generation] = {}
        self._numbers = itertools.count(1)

    def __getitem__(self, number: int) -> Generation:
        return self._by_number[number]

    def new_number(self) -> int:
        """The number of the generation that is about to be started."""
        self.newest = next(self._numbers)
        return self.newest

    def begin(self, generation: Generation) -> None:
        """Register a generation that boots."""
        self._by_number[generation.number] = self.next = generation

    def serve(self, generation: Generation) -> Generation | None:
        """Make the booting generation the one that serves; return the one before it, if any.

        That one drains from now on.
        """
        old, self.current, self.next = self.current, generation, None
        generation.move(GenerationState.SERVING)
        if old is not None:
            old.move(GenerationState.DRAINING)
        return old

    @property
    def newest_serving(self) -> int:
        """Number of the generation that serves; 0 where none has."""
        return self.current.number if self.current is not None else 0

    def forget(self, generation: Generation) -> None:
        """Take out a generation whose workers are gone."""
        del self._by_number[generation.number]

    def before(self, generation: Generation) -> Iterator[Generation]:
        """The generations that were started earlier and are not gone."""
        return (one for one in self._by_number.values() if one.number < generation.number)

    def settled(self) -> Generation | None:
        """The generation that serves, None where another is on its way or none will follow."""
        busy = self.next is not None or self.over
        return self.current if not busy and self.current and self.current.opened else None
