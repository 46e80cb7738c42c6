"""One generation of workers: all were started from the same state of the files.

    BOOTING ──all ready──▶ SERVING ──the next one serves──▶ DRAINING ──all gone──▶ GONE
       │
       └──one can't, or too slow, or overtaken by an edit──▶ FAILED ──all gone──▶ GONE

The old generation serves until the new one is whole. If the new one can't start, nothing
happens to the old one.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tornkit.serve.sources.snapshot import Snapshot
from tornkit.serve.wire.messages import Failed, Lesson
from tornkit.serve.workforce.children import IllegalMove


class GenerationState(enum.Enum):
    """State of a generation's life."""

    BOOTING = "booting"
    SERVING = "serving"
    DRAINING = "draining"
    FAILED = "failed"
    GONE = "gone"


_MOVES: dict[GenerationState, frozenset[GenerationState]] = {
    GenerationState.BOOTING: frozenset({GenerationState.SERVING, GenerationState.FAILED}),
    GenerationState.SERVING: frozenset({GenerationState.DRAINING}),
    GenerationState.DRAINING: frozenset({GenerationState.GONE}),
    GenerationState.FAILED: frozenset({GenerationState.GONE}),
    GenerationState.GONE: frozenset(),
}


@dataclass(eq=False)
class Generation:
    """One generation: the workers that were started from the same state of the files.

    ``reason`` is what started it: the files that changed, empty for the first.
    ``awaited`` holds the slots whose workers have not said ready; ``started_at`` is in seconds of
    the supervisor's clock; ``failure`` says why it FAILED, None where an edit overtook it;
    ``lesson`` is what its workers are told that earlier ones have found out;
    ``environment`` is its workers', whole; ``sources`` is the state in which they read the files;
    ``snapshot`` is what was in them then;
    ``digests`` are of what has to be the same in all of them
    (`tornkit.serve.supervisor.consistency`);
    ``opened``: it was told to accept; ``given_up``: another was started because workers of this
    one can't be any more; ``none_serves``: it has no worker that serves, and that was said;
    ``has_ended``: its last worker has ended by itself, and no other is to be started;
    ``after``: what to do once it is GONE.
    """

    number: int
    reason: tuple[str, ...]
    started_at: float
    awaited: set[int] = field(default_factory=set)
    state: GenerationState = GenerationState.BOOTING
    failure: Failed | None = None
    lesson: Lesson = field(default_factory=Lesson)
    environment: Mapping[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    snapshot: Snapshot = field(default_factory=Snapshot)
    opened: bool = False
    given_up: bool = False
    none_serves: bool = False
    has_ended: bool = False
    after: Callable[[], None] | None = None

    def move(self, state: GenerationState) -> None:
        """Go to another state.

        :raises IllegalMove:
        """
        if state not in _MOVES[self.state]:
            raise IllegalMove(f"generation {self.number}: {self.state.value} -> {state.value}")
        self.state = state

    def agrees(self, sources: Mapping[str, str]) -> bool:
        """Note in which state a worker read the files; return whether others read the same."""
        common = sources.keys() & self.sources.keys()
        same = all(self.sources[path] == sources[path] for path in common)
        self.sources.update(sources)
        return same

    def ready(self, slot: int) -> bool:
        """Note that a slot's worker is ready; return whether that makes the generation whole."""
        self.awaited.discard(slot)
        return self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether all its workers are ready, and it does not serve yet."""
        return self.state is GenerationState.BOOTING and not self.awaited
