"""Suspicions put to the test: `stopwatch` runs them in a process of its own.

One process for all of them, as long as it lives. Where it dies, or is silent for too long, the job
that it was at is undecided, and another one goes on with those that are left.
"""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tornkit.regex.backtracking import stopwatch
from tornkit.regex.backtracking.attack import Attack
from tornkit.regex.backtracking.stopwatch import Point

_SILENCE = 90.0  # seconds by the wall clock; a job takes at most a tenth of that of CPU time


@dataclass(frozen=True)
class Job:
    """A pattern, and the attacks to try on it."""

    regex: re.Pattern[str]
    attacks: tuple[Attack, ...]


@dataclass(frozen=True)
class Proof:
    """A run that took too long: what was matched, and how the time grew."""

    attack: Attack
    suffix: str
    points: tuple[Point, ...]

    @property
    def text(self) -> str:
        """The last string of the run."""
        return self.attack.text(self.points[-1][0], self.suffix)


class TrialUndecided(str):
    """Reason why a job has no outcome."""


Outcome = Proof | TrialUndecided | None
"""Result of a job; None: nothing that was tried took long."""


def outcomes(jobs: Sequence[Job], silence: float = _SILENCE) -> Iterator[Outcome]:
    """Outcomes of the jobs, one for each, in order. No process is started without a job.

    :param silence: for how many seconds a job may leave the process silent.
    """
    done = 0
    while done < len(jobs):
        with contextlib.closing(_lines(jobs[done:], silence)) as lines:
            for line in lines:
                yield _outcome(jobs[done], json.loads(line))
                done += 1
        if done < len(jobs):
            done += 1
            yield TrialUndecided("the process that tried it out did not come to an end with it")


def _outcome(job: Job, answer: Any) -> Outcome:
    if answer is None:
        return None
    if answer == stopwatch.IMPATIENT:
        return TrialUndecided("there is more to try than there is time for")
    points = tuple((n, length, seconds, bool(end)) for n, length, seconds, end in answer["points"])
    return Proof(job.attacks[answer["attack"]], answer["suffix"], points)


def _lines(jobs: Sequence[Job], silence: float) -> Generator[bytes, None, None]:
    """Lines that one process writes, until it ends or is silent for too long."""
    command = [sys.executable, "-I", "-S", str(Path(stopwatch.__file__))]
    try:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:  # no more processes, or none of Python's
        return
    with process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            with process.stdin as pipe:
                pipe.write(json.dumps([_as_json(job) for job in jobs]).encode())
            yield from _until_silent(process.stdout, silence)
        except BrokenPipeError:  # it died before it had read all
            return
        finally:
            process.kill()


def _until_silent(stream: IO[bytes], silence: float) -> Iterator[bytes]:
    """Whole lines of a stream; ends with it, or where none came for ``silence`` seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        buffer, deadline = b"", time.monotonic() + silence
        while selector.select(deadline - time.monotonic()):
            read = stream.read1()  # type: ignore[attr-defined]
            if not read:
                return
            *lines, buffer = (buffer + read).split(b"\n")
            for line in lines:
                yield line
                deadline = time.monotonic() + silence


def _as_json(job: Job) -> dict[str, Any]:
    attacks = [
        {"prefix": each.prefix, "pumps": each.pumps, "suffixes": each.suffixes}
        for each in job.attacks
    ]
    flags = job.regex.flags & ~re.DEBUG
    return {"pattern": job.regex.pattern, "flags": int(flags), "attacks": attacks}
