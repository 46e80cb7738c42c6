"""One run: blocks of cases to pairs of players, and what differs into findings.

Each job is a thread with a pair of processes of its own; the threads only wait and compare. What
comes out does not depend on how many there are, but for the order in which examples are met.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.engine.differential.case import Case
from tests.engine.differential.compare import Difference, Kind
from tests.engine.differential.findings import Findings
from tests.engine.differential.generate import swept
from tests.engine.differential.messages import BATCH, Block
from tests.engine.differential.outcome import Outcome
from tests.engine.differential.pair import Judged, Pair, needs_solitude
from tests.engine.differential.process import Died, Subject
from tests.engine.differential.shrink import shrink

# Cases between two looks at what is left over.
BLOCK = 4_000
# A batch whose events differ is looked at case by case, which takes as long as three batches: until
# there are this many cases that nobody has explained. Explained ones are looked at without end.
_LOOKED_INTO = 60


@dataclass(frozen=True)
class Plan:
    """What is to be played. ``with_sweep``: the corpus as it is as well, in every delivery."""

    reference: Subject
    candidate: Subject
    count: int
    seed: int = 1
    jobs: int = 1
    with_sweep: bool = True
    silence: float = 30.0

    def blocks(self) -> list[Block]:
        sweep = len(swept()) if self.with_sweep else 0
        parts = ((None, sweep), (self.seed, self.count))
        return [
            Block(seed, start, min(BLOCK, total - start))
            for seed, total in parts
            for start in range(0, total, BLOCK)
        ]


@dataclass
class Result:
    """What a run showed. ``broken``: why it could not be finished, where it could not."""

    plan: Plan
    findings: Findings = field(default_factory=Findings)
    played: int = 0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.played > 0 and not self.broken and self.findings.is_clean


Progress = Callable[[Result], None]


def run(plan: Plan, progress: Progress = lambda result: None) -> Result:
    """Plays everything. ``progress`` is called after each block, by one thread at a time."""
    result = Result(plan)
    blocks: queue.SimpleQueue[Block] = queue.SimpleQueue()
    for block in plan.blocks():
        blocks.put(block)
    lock = threading.Lock()
    start = time.monotonic()

    def work() -> None:
        job = _Job(plan, result.findings)
        try:
            while not result.broken:
                block = blocks.get_nowait()
                statuses = job.play(block)
                with lock:
                    result.played += block.count
                    result.statuses += statuses
                    result.seconds = time.monotonic() - start
                    progress(result)
        except queue.Empty:
            pass
        except Died as died:
            # The candidate's deaths are findings; this is the reference's, or one at the start.
            result.broken.append(str(died))
        finally:
            job.pair.close()

    threads = [threading.Thread(target=work) for _ in range(plan.jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.monotonic() - start
    return result


class _Job:
    """What one thread does."""

    def __init__(self, plan: Plan, findings: Findings) -> None:
        self.pair = Pair(plan.reference, plan.candidate, plan.silence)
        self.findings = findings

    def play(self, block: Block) -> Counter[str]:
        """Plays a block and looks into what differs. A batch that kills the candidate is skipped
        once it is reported, and the rest of the block is played."""
        try:
            compared = self.pair.compare(block)
        except Died as died:
            if died.role != "candidate" or died.during is None:
                raise
            return self._after_death(block, died)
        self._look_at(block, compared.unequal)
        unequal = set(compared.unequal)
        # Where answers differ, events do as well; they are looked at where nothing else differs.
        for batch in compared.unequal_events:
            if not unequal.intersection(batch):
                self._look_at_events(block, batch)
        if compared.own_leaks:
            self._report(Difference(Kind.LEAK, f"by the reference: {compared.own_leaks}"))
        elif compared.leaks:
            self._look_at_leaks(block, compared.leaks)
        return compared.statuses

    def _look_at(self, block: Block, numbers: Sequence[int]) -> None:
        for start in range(0, len(numbers), BATCH):
            cases = [block.case(number) for number in numbers[start : start + BATCH]]
            for judged in self.pair.judge(cases):
                if judged.difference is None:
                    detail = "not repeatable: differs only in the company of other connections"
                    self._report(Difference(Kind.FRAMING, detail), judged)
                else:
                    self._report(judged.difference, judged)

    def _look_at_events(self, block: Block, batch: range) -> None:
        if self.findings.unexplained(Kind.EVENTS, Kind.ERROR) >= _LOOKED_INTO:
            self._report(Difference(Kind.EVENTS, "in batches that were not looked into"))
            return
        found = False
        for judged in self.pair.judge([block.case(number) for number in batch], alone=True):
            if judged.difference is not None:
                found = True
                self._report(judged.difference, judged)
        if not found:
            detail = f"not repeatable: in the company of others, cases {batch}"
            self._report(Difference(Kind.EVENTS, detail))

    def _look_at_leaks(self, block: Block, leaks: tuple[str, ...]) -> None:
        names = ", ".join(leak.partition(":")[0] for leak in leaks)
        difference = Difference(Kind.LEAK, names)
        if self.findings.add(difference, "") and (found := self.pair.find_leak(block)):
            case, details = found
            outcome = Outcome(b"", False, events=details)
            self.findings.add_example(difference, Judged(case, Outcome(b"", False), outcome, None))

    def _after_death(self, block: Block, died: Died) -> Counter[str]:
        assert died.during is not None
        difference = Difference(died.kind, died.detail)
        case = self.pair.find_fatal([block.case(number) for number in died.during])
        if self.findings.add(difference, case.profile if case else "") and case:
            nothing = Outcome(b"", False)
            self.findings.add_example(difference, Judged(case, nothing, nothing, difference))
        statuses: Counter[str] = Counter()
        end, after = died.during.start, died.during.stop
        for start, stop in ((block.start, end), (after, block.start + block.count)):
            if stop > start:
                statuses += self.play(Block(block.seed, start, stop - start))
        return statuses

    def _report(self, difference: Difference, judged: Judged | None = None) -> None:
        wanted = self.findings.add(difference, judged.case.profile if judged else "")
        if judged is None or not wanted:
            return
        if judged.difference is not None:
            judged = self._shrunk(judged, difference)
        self.findings.add_example(difference, judged)

    def _shrunk(self, judged: Judged, wanted: Difference) -> Judged:
        alone = needs_solitude(wanted.kind)

        def check(cases: Sequence[Case]) -> list[bool]:
            return [each.difference == wanted for each in self.pair.judge(cases, alone)]

        try:
            return self.pair.judge([shrink(judged.case, check)], alone)[0]
        except Died:
            # A shorter one kills: it is as it was found, and the death shows where it is met.
            return judged
