"""Watch over the event loops of serving workers: one line about each that was blocked.

The first rule of Tornado is not to block its loop, and nothing shows who does. A worker that obeys
orders with ``warn_blocking`` beats at least twice in that time. Where a beat does not come, its
stack is taken (`tornkit.serve.wire.heartbeat`), after twice the time again, and so on, each second
at least; once it comes, the line at which the loop was for the longest is told.

It costs a worker what it takes to beat: no thread, no trace function, no turn of the loop more.
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tornkit import linux
from tornkit.serve.blocking.causes import Cause, cause_of
from tornkit.serve.blocking.dumps import Frame, stack_of
from tornkit.serve.blocking.places import above_loop, described, place_of
from tornkit.serve.loop.loop import Loop
from tornkit.serve.reporter import Reporter
from tornkit.serve.wire import stack_signal
from tornkit.serve.wire.heartbeat import STACKS_SIGNAL, Heartbeat, Pulse, interval_for
from tornkit.serve.workforce.children import WorkerState
from tornkit.serve.workforce.events import Worker
from tornkit.serve.workforce.health import Health

# From what a program may call its files, or put in their place. It is one line, of no consequence.
_ODD = (OSError, RuntimeError, ValueError)
_LONGEST_PAUSE = 1.0  # seconds between two looks at a loop that stands


@dataclass
class _Stillness:
    """A blocked event loop: its last heartbeat, and the places where it was seen since."""

    pulse: Pulse
    next_look: float  # seconds of silence after which the stack is taken again
    asked_at: float | None = None  # seconds of silence, where a stack is on its way
    places: list[tuple[float, Frame, Cause]] = field(default_factory=list)  # by seconds of silence

    def longest(self, seconds: float) -> tuple[Frame, Cause]:
        """The frame and cause at which most of the blocked ``seconds`` passed, as far as seen."""
        spent: defaultdict[tuple[Frame, Cause], float] = defaultdict(float)
        ends = [at for at, *_ in self.places[1:]] + [seconds]
        begins = [0.0, *ends]
        for (_, frame, cause), begin, end in zip(self.places, begins, ends, strict=False):
            spent[frame, cause] += end - begin
        return max(spent, key=lambda place: spent[place])


class BlockingWatch:
    """Watch that reports each worker whose event loop was blocked for ``threshold`` seconds."""

    def __init__(
        self,
        threshold: float,
        *,
        loop: Loop,
        workforce: Iterable[Worker],
        health: Health,
        reporter: Reporter,
    ) -> None:
        self._interval = interval_for(threshold)
        self._longest = threshold + self._interval  # of a silence that is none
        self._loop = loop
        self._workforce = workforce
        self._health = health
        self._reporter = reporter
        self._still: dict[int, _Stillness] = {}  # by pid
        self._due = 0.0

    def begin(self) -> None:
        """Schedule the next look at the heartbeats."""
        self._due = self._loop.now() + self._interval
        self._loop.at(self._due, self._look)

    def _look(self) -> None:
        # Late itself: the whole machine, or this terminal's job, was stopped for a while, and the
        # workers need a moment to beat again.
        in_time = self._loop.now() - self._due < self._interval
        before, self._still = self._still, {}
        for worker in self._workforce:
            heartbeat = self._health.heartbeat(worker.pid)
            if heartbeat is not None:
                self._look_at(worker, heartbeat, before.get(worker.pid), may_begin=in_time)
        self.begin()

    def _look_at(
        self, worker: Worker, heartbeat: Heartbeat, still: _Stillness | None, *, may_begin: bool
    ) -> None:
        pulse = heartbeat.read()
        if still is not None:
            self._take_in(heartbeat, still)
            if pulse.beat != still.pulse.beat:
                self._tell(worker, still, pulse.beat - still.pulse.beat - self._interval / 2)
                still = None
        silence = self._loop.now() - pulse.beat
        if still is None:
            serves = worker.state is WorkerState.SERVING and pulse.beat != 0.0
            if not (serves and pulse.thread and may_begin and silence > self._longest):
                return
            still = _Stillness(pulse, 0.0)
        self._still[worker.pid] = still
        if silence > still.next_look and not _is_stopped(worker.pid):
            still.next_look = min(silence * 2, silence + _LONGEST_PAUSE)
            with contextlib.suppress(OSError):
                heartbeat.forget_stacks()
                if heartbeat.read().beat != still.pulse.beat:
                    return  # it turns: its stack would be that of the next request
                still.asked_at = silence
                if not (
                    stack_signal.BY_C
                    and linux.signal_thread(worker.pid, still.pulse.thread, STACKS_SIGNAL)
                ):
                    worker.process.signal(STACKS_SIGNAL)

    def _take_in(self, heartbeat: Heartbeat, still: _Stillness) -> None:
        if still.asked_at is None:
            return
        with contextlib.suppress(*_ODD):
            stack = stack_of(heartbeat.stacks())
            if stack:
                at, still.asked_at = still.asked_at, None
                place = place_of(stack)
                if place is not None:
                    still.places.append((at, place, cause_of(above_loop(stack))))

    def _tell(self, worker: Worker, still: _Stillness, seconds: float) -> None:
        if not still.places:
            return
        slot = worker.slot if any(other.slot for other in self._workforce) else None
        with contextlib.suppress(*_ODD):
            place, cause = still.longest(seconds)
            self._reporter.blocked(slot, seconds, described(place), cause)


def _is_stopped(pid: int) -> bool:
    """Whether a process is stopped, as by a debugger: it would answer when it goes on."""
    return linux.process_facts(pid)[:1] in ([b"T"], [b"t"])
