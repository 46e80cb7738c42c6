"""What is said between a run and the processes that play: pickled, over a pair of sockets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.engine.differential.case import Case
from tests.engine.differential.generate import generated, swept
from tests.engine.differential.outcome import DIGEST_SIZE, Outcome

# Connections that are open at a time: enough that a rest of the loop costs little for each, few
# enough for a soft limit of 1,024 descriptors (two for each connection).
BATCH = 200


@dataclass(frozen=True)
class Block:
    """Cases ``start`` to ``start + count`` of a seed, or of the sweep where it is None.

    Both players make them by themselves: sent are numbers, never inputs.
    """

    seed: int | None
    start: int
    count: int

    def case(self, number: int) -> Case:
        return swept()[number] if self.seed is None else generated(self.seed, number)

    def batches(self) -> list[range]:
        """The numbers that are played at a time."""
        end = self.start + self.count
        return [range(at, min(at + BATCH, end)) for at in range(self.start, end, BATCH)]


@dataclass(frozen=True)
class Replay:
    """These cases again, answered by whole outcomes. Alone, each outcome has its own events."""

    cases: tuple[Case, ...]
    alone: bool = False


@dataclass(frozen=True)
class Ready:
    """The servers listen. ``corpus``: a digest of all inputs, which are to be the same here."""

    corpus: bytes


@dataclass(frozen=True)
class AskLeaks:
    """What is left over by now?"""


@dataclass(frozen=True)
class Began:
    """This batch is about to be played: the last thing heard of a player that died of it."""

    batch: range


@dataclass(frozen=True)
class Played:
    """A digest for each case, and one for the events of each batch."""

    digests: bytes
    events: bytes
    statuses: Counter[str] = field(default_factory=Counter)
    leaks: tuple[str, ...] = ()

    def digest(self, index: int) -> bytes:
        return self.digests[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE]

    def batch_events(self, index: int) -> bytes:
        return self.events[index * DIGEST_SIZE : (index + 1) * DIGEST_SIZE]


@dataclass(frozen=True)
class Replayed:
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True)
class Leaks:
    leaks: Sequence[str]


@dataclass(frozen=True)
class Restless:
    """The loop never came to rest while this batch, or this replay, was played."""
