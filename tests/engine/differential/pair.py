"""Reference and candidate side by side: the same cases to both, and in which they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.engine.differential.case import Case
from tests.engine.differential.compare import Difference, Kind, difference
from tests.engine.differential.messages import AskLeaks, Block, Played, Replay
from tests.engine.differential.outcome import Outcome
from tests.engine.differential.process import Died, PlayerProcess, Subject

# To find the one case of a batch that kills a process takes several dead ones.
_IMPATIENT = 10.0


@dataclass(frozen=True)
class Judged:
    """One case, what both did with it, and in what that differs."""

    case: Case
    reference: Outcome
    candidate: Outcome
    difference: Difference | None


@dataclass(frozen=True)
class Compared:
    """What a block showed. ``leaks``: of the candidate; ``own_leaks``: of the reference."""

    unequal: tuple[int, ...]
    unequal_events: tuple[range, ...]
    statuses: Counter[str]
    leaks: tuple[str, ...]
    own_leaks: tuple[str, ...]


class Pair:
    """Two processes. Not for use by several threads."""

    def __init__(self, reference: Subject, candidate: Subject, silence: float = 30.0) -> None:
        self.reference = PlayerProcess("reference", reference, silence)
        self.candidate = PlayerProcess("candidate", candidate, silence)

    def compare(self, block: Block) -> Compared:
        """Plays a block to both at once. Raises Died."""
        one, other = self._ask_both(block)
        assert isinstance(one, Played)
        assert isinstance(other, Played)
        unequal = tuple(
            block.start + index
            for index in range(block.count)
            if one.digest(index) != other.digest(index)
        )
        batches = block.batches()
        events = tuple(
            batch
            for index, batch in enumerate(batches)
            if one.batch_events(index) != other.batch_events(index)
        )
        return Compared(unequal, events, one.statuses, other.leaks, one.leaks)

    def judge(self, cases: Sequence[Case], alone: bool = False) -> list[Judged]:
        """Plays cases again and says in what the answers differ. Raises Died.

        Events are only looked at where each case is played alone: those of a batch are nobody's.
        """
        one, other = self._ask_both(Replay(tuple(cases), alone))
        judged = [
            Judged(case, mine, theirs, difference(*_bare(mine, theirs, alone)))
            for case, mine, theirs in zip(cases, one.outcomes, other.outcomes, strict=True)
        ]
        return self._without_races(judged, alone)

    def _without_races(self, judged: Sequence[Judged], alone: bool) -> list[Judged]:
        """Tells what comes of the client's early end alone from what it would be without it.

        Whether a server still answers whose client's end arrives with the request depends on the
        order in which its loop looks at things: Tornado's own answers some on asyncio that it
        does not on uvloop. So such a difference is of a kind of its own, unless it is there as
        well where the client waits.
        """
        racing = [each for each in judged if each.case.eof and each.difference]
        if not racing:
            return list(judged)
        waiting = self.judge([replace(each.case, eof=False) for each in racing], alone)
        races = {
            id(race): Difference(Kind.EOF, race.difference.detail)
            for race, wait in zip(racing, waiting, strict=True)
            if race.difference and race.difference != wait.difference
        }
        return [replace(each, difference=races.get(id(each), each.difference)) for each in judged]

    def _ask_both(self, message: object) -> tuple[Any, Any]:
        self.reference.ask(message)
        try:
            self.candidate.ask(message)
            theirs = self.candidate.answer()
        except Died:
            # The reference's answer would be taken for that to the next question.
            self.reference.answer()
            raise
        try:
            return self.reference.answer(), theirs
        except Died:
            self.candidate.close()
            raise

    def find_fatal(self, cases: Sequence[Case]) -> Case | None:
        """Which of these cases kills the candidate by itself; None where none does."""
        left = list(cases)
        while left:
            half = left[: (len(left) + 1) // 2]
            if self._kills(half):
                if len(half) == 1:
                    return half[0]
                left = half
            elif len(left) == 1:
                return None
            else:
                left = left[len(half) :]
        return None

    def _kills(self, cases: Sequence[Case]) -> bool:
        self.candidate.ask(Replay(tuple(cases)))
        try:
            self.candidate.answer(min(_IMPATIENT, self.candidate.silence))
        except Died:
            return True
        return False

    def find_leak(self, block: Block) -> tuple[Case, tuple[str, ...]] | None:
        """The first case of a block that leaves something with the candidate when it is alone."""
        self.candidate.close()
        for batch in block.batches():
            cases = [block.case(number) for number in batch]
            if not self._leaks_after(cases):
                continue
            self.candidate.close()
            for case in cases:
                if leaks := self._leaks_after([case]):
                    self.candidate.close()
                    return case, leaks
        return None

    def _leaks_after(self, cases: Sequence[Case]) -> tuple[str, ...]:
        self.candidate.ask(Replay(tuple(cases)))
        self.candidate.answer()
        self.candidate.ask(AskLeaks())
        return tuple(self.candidate.answer().leaks)

    def close(self) -> None:
        self.reference.close()
        self.candidate.close()


def _bare(mine: Outcome, theirs: Outcome, alone: bool) -> tuple[Outcome, Outcome]:
    if alone:
        return mine, theirs
    return (
        Outcome(mine.received, mine.is_closed, mine.is_left_open),
        Outcome(theirs.received, theirs.is_closed, theirs.is_left_open),
    )


def needs_solitude(kind: Kind) -> bool:
    """Whether a difference of this kind shows only where a case is played alone."""
    return kind in (Kind.EVENTS, Kind.ERROR)
