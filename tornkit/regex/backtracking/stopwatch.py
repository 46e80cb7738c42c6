"""Runs patterns on attacks and measures them: a program of its own, which may be killed.

Reads a JSON list of jobs from standard input, writes a line of JSON for each as soon as it is
done. It is run by its path, isolated, and so imports nothing of tornkit.

    job:    {"pattern", "flags", "attacks": [{"prefix", "pumps": [[pump, then], ...], "suffixes"}]}
    answer: {"attack", "suffix", "points": [[repetitions, characters, seconds, finished], ...]}

The answer has the first run that proves something (`proves`), null if none does, and "impatient"
if some were left untried. What is measured is the CPU time of this process, so that a busy machine
proves nothing; its clock is coarse, so at first the wall clock steers how long the next string is.
Each match has a limit: `re` looks for signals while it backtracks, and a timer of CPU time ends it.
"""

from __future__ import annotations

import json
import math
import re
import signal
import sys
import time
from types import FrameType
from typing import Any

SLOW = 0.25
"""Seconds from which on one match is too slow."""
LIMIT = 2.0
"""Seconds after which a match is given up."""
PATIENCE = 8.0
"""Seconds of one job, after which no other run is begun."""
IMPATIENT = "impatient"
SHORT = 4096
"""Characters: what is `SLOW` on no more than this is bad, whatever the growth."""
LONGEST = 64_000
"""Characters: with the rest of a request's first lines, Tornado's ``max_header_size``."""
STEEP = 2.5
"""The growth, as a power of the length, from which on it is not just a square."""
_MEASURABLE = 0.02  # seconds of CPU time: several ticks of a clock that has 4 ms
_NOTICEABLE = 0.0002  # seconds by the wall clock

Point = tuple[int, int, float, bool]
"""Repetitions, characters in all, seconds, and whether the match came to an end."""


class _OutOfTime(Exception):
    pass


def proves(points: list[Point]) -> bool:
    """Whether the points of a run show more than a square of the length can explain."""
    if not points or points[-1][2] < SLOW:
        return False
    return points[-1][1] <= SHORT or power(points) >= STEEP


def base(points: list[Point]) -> Point | None:
    """Point of a run to compare the last one with, as early as can be measured; None without one.

    Not so early, though, that what a match costs anyway still counts.
    """
    known = [point for point in points[:-1] if point[2] >= _MEASURABLE]
    near = (point for point in known if point[2] * 30 >= points[-1][2])
    return next(near, known[-1] if known else None)


def power(points: list[Point]) -> float:
    """Power of the repetitions with which the time grew; infinite where it grew out of nothing.

    That is a high one too: the numbers of repetitions in `run` are never far apart.
    """
    first, last = base(points), points[-1]
    if first is None:
        return math.inf
    return math.log(last[2] / first[2]) / math.log(last[0] / first[0])


def run(regex: re.Pattern[str], attack: dict[str, Any], suffix: str) -> list[Point]:
    """Match ever longer strings until one is `SLOW` or the longest was tried; return the points."""
    points: list[Point] = []
    walls: list[float] = []
    repetitions = 3
    while True:
        pumped = "".join(pump * repetitions + then for pump, then in attack["pumps"])
        text = attack["prefix"] + pumped + suffix
        if len(text) > LONGEST:
            return points
        began = time.perf_counter()
        seconds, finished = measured(regex, text)
        walls.append(time.perf_counter() - began)
        points.append((repetitions, len(text), seconds, finished))
        if not finished or seconds >= SLOW:
            return points
        repetitions = longer(points, walls)


def longer(points: list[Point], walls: list[float]) -> int:
    """Number of repetitions to try next: so many that it takes four times as long, or is `SLOW`.

    :param walls: seconds of the points by the wall clock.
    """
    repetitions = points[-1][0]
    most = max(repetitions + 1, repetitions * 4 // 3)
    if len(points) < 2 or walls[-2] < _NOTICEABLE:
        return most
    less, seconds = walls[-2:]
    if points[-2][2] >= _MEASURABLE:
        less, seconds = points[-2][2], points[-1][2]
    growth = math.log(max(seconds / less, 1.01)) / (repetitions - points[-2][0])
    times = min(4.0, max(1.5, 1.2 * SLOW / seconds))
    return min(most, repetitions + max(1, round(math.log(times) / growth)))


def measured(regex: re.Pattern[str], text: str) -> tuple[float, bool]:
    """CPU seconds of one match, and whether it came to an end within the `LIMIT`."""
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        regex.match(text)
        finished = True
    except _OutOfTime:
        finished = False
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return time.process_time() - began, finished


def answer(job: dict[str, Any]) -> dict[str, Any] | str | None:
    """Answer to one job: the first run that proves something, `IMPATIENT`, or None."""
    regex = re.compile(job["pattern"], job["flags"])
    began = time.process_time()
    for number, attack in enumerate(job["attacks"]):
        for suffix in attack["suffixes"]:
            if time.process_time() - began > PATIENCE:
                return IMPATIENT
            points = run(regex, attack, suffix)
            if proves(points):
                return {"attack": number, "suffix": suffix, "points": points}
    return None


def _give_up(number: int, frame: FrameType | None) -> None:
    raise _OutOfTime


def main() -> None:
    """Answer all jobs that standard input holds."""
    signal.signal(signal.SIGPROF, _give_up)
    for job in json.load(sys.stdin):
        sys.stdout.write(json.dumps(answer(job)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
