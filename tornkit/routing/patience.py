"""Ends a computation that takes too long, also one inside ``re``.

A hostile pattern can keep ``re`` busy for years on a short string. It looks for signals now and
then (``_sre``), so a timer whose handler raises gets it out. The timer counts this process's own
CPU time: on a busy machine nothing ends earlier than on a quiet one.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class OutOfPatience(Exception):
    """The time limit of `patience` is over."""


@contextlib.contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raise `OutOfPatience` from whatever runs inside, after ``seconds`` of CPU time.

    Only the main thread can be interrupted; elsewhere there is no limit. May be nested: the
    shorter time counts.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    left, _ = signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    if 0 < left < seconds:
        signal.setitimer(signal.ITIMER_VIRTUAL, left)
    try:
        yield
    finally:
        unused, _ = signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        if left:
            used = min(left, seconds) - unused
            signal.setitimer(signal.ITIMER_VIRTUAL, max(left - used, 0.001))


def _give_up(number: int, frame: FrameType | None) -> None:
    raise OutOfPatience
