"""Rules by which strings are made longer, times compared and a match given up."""

from __future__ import annotations

import io
import json
import math
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest

from tornkit.regex.backtracking import stopwatch
from tornkit.regex.backtracking.stopwatch import Point, base, longer, measured, power, proves

REGEX = re.compile("a")


def points(seconds: dict[int, float], length: Callable[[int], int] = int) -> list[Point]:
    return [(count, length(count), each, True) for count, each in seconds.items()]


# ---- comparing ----


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({10: 0.02, 20: 0.1, 30: 0.3}, 10),  # as early as can be measured
        ({10: 0.019, 20: 0.1, 30: 0.3}, 20),
        ({10: 0.02, 20: 0.03, 30: 0.61}, 20),  # a thirtieth of the last one, and no less
        ({10: 0.02, 20: 0.03, 30: 2.0}, 20),  # the nearest, where none is so near
        ({10: 0.0, 20: 0.019, 30: 0.3}, None),
        ({10: 0.5}, None),
        ({10: 0.02, 20: 0.6}, 10),
    ],
)
def test_a_time_is_compared_with_one_that_says_something(
    seconds: dict[int, float], expected: int | None
) -> None:
    found = base(points(seconds))
    assert (found and found[0]) == expected


@pytest.mark.parametrize("exponent", [1.0, 2.0, 3.0, 7.5])
def test_a_power_is_that_of_the_repetitions(exponent: float) -> None:
    seconds = {count: 0.02 * (count / 100) ** exponent for count in (100, 120, 140)}
    # Whatever else is in the string.
    assert power(points(seconds, lambda count: count + 5000)) == pytest.approx(exponent)


def test_what_grew_out_of_nothing_has_no_end() -> None:
    assert power(points({10: 0.001, 12: 0.4})) == math.inf
    assert power(points({10: 0.4})) == math.inf


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        ((100, stopwatch.SHORT, stopwatch.SLOW, True), True),
        ((100, stopwatch.SHORT, stopwatch.SLOW - 0.01, True), False),
        ((100, stopwatch.SHORT + 1, stopwatch.SLOW, True), False),
        ((100, 10, 0.0, True), False),
        ((100, 10, 2.0, False), True),
    ],
)
def test_what_is_slow_on_few_characters_is_bad_whatever_the_growth(
    point: Point, expected: bool
) -> None:
    square = (point[0] // 2, point[1] // 2, point[2] / 4, True)
    assert proves([square, point]) is expected


@pytest.mark.parametrize(("steepness", "expected"), [(2.4, False), (2.6, True)])
def test_on_many_characters_it_is_the_growth_that_says_so(steepness: float, expected: bool) -> None:
    seconds = {5000: 0.05, 10_000: 0.05 * 2**steepness}
    assert proves(points(seconds)) is expected


# ---- how much longer ----


def test_at_first_strings_grow_by_a_third() -> None:
    assert longer(points({3: 0.0}), [0.0]) == 4
    assert longer(points({2: 0.0}), [0.0]) == 3
    assert longer(points({300: 0.0}), [0.0]) == 400
    assert longer(points({300: 0.0, 400: 0.0}), [0.0001, 0.5]) == 533  # nothing to compare with


@pytest.mark.parametrize(
    ("counts", "seconds", "expected"),
    [
        ((100, 102), (0.004, 0.016), 104),  # four times as long again
        ((100, 110), (0.004, 0.008), 130),
        ((100, 102), (0.025, 0.1), 104),  # three times, and a little more than is slow
        ((100, 102), (0.05, 0.2), 103),  # half as long again, were it slow before that
        ((100, 101), (0.004, 0.4), 102),  # one repetition at least
        ((300, 400), (0.004, 0.005), 533),  # a third of it at most
    ],
)
def test_the_next_takes_four_times_as_long_or_is_slow(
    counts: tuple[int, int], seconds: tuple[float, float], expected: int
) -> None:
    unread = points(dict.fromkeys(counts, 0.0))
    assert longer(unread, [0.0, *seconds]) == expected
    if seconds[0] >= 0.02:  # what the processor's clock tells
        read = points(dict(zip(counts, seconds, strict=True)))
        assert longer(read, [0.001, 9.0]) == expected


def test_where_the_time_does_not_grow_the_string_does() -> None:
    for walls in ([0.1, 0.1], [0.1, 0.05]):
        assert longer(points({300: 0.0, 400: 0.0}), walls) == 533
    assert longer(points({20: 0.0, 21: 0.0}), [0.001, 1.0]) == 22


def test_the_processor_s_clock_goes_first_where_it_can_be_read() -> None:
    by_the_wall = longer(points({100: 0.019, 110: 0.019}), [0.01, 0.04])
    by_processor = longer(points({100: 0.02, 110: 0.021}), [0.01, 0.04])
    assert by_the_wall < by_processor


# ---- running ----


class Clock:
    """Matches that take as long as they are said to, and strings that were matched."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cost: Callable[[str], float]) -> None:
        self.texts: list[str] = []
        self.regexes: list[re.Pattern[str]] = []
        self.cost = cost
        monkeypatch.setattr(stopwatch, "measured", self)

    def __call__(self, regex: re.Pattern[str], text: str) -> tuple[float, bool]:
        self.texts.append(text)
        self.regexes.append(regex)
        seconds = self.cost(text)
        return min(seconds, stopwatch.LIMIT), seconds < stopwatch.LIMIT


ATTACK = {"prefix": "/", "pumps": [["ab", "-"], ["c", ""]]}


def test_strings_are_put_together_as_an_attack_says(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, lambda text: 1.0)
    assert stopwatch.run(REGEX, ATTACK, "!") == [(3, 12, 1.0, True)]
    assert clock.texts == ["/ababab-ccc!"]


def test_a_run_ends_with_the_longest_string(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, lambda text: 0.0)
    found = stopwatch.run(REGEX, ATTACK, "!")
    assert len(found) == len(clock.texts)
    assert [each[1] for each in found] == [len(text) for text in clock.texts]
    assert stopwatch.LONGEST * 0.7 < found[-1][1] <= stopwatch.LONGEST
    too_long = {"prefix": "/" * (stopwatch.LONGEST + 1), "pumps": [["a", ""]]}
    assert stopwatch.run(REGEX, too_long, "") == []


@pytest.mark.parametrize("seconds", [stopwatch.SLOW, 10.0])
def test_a_run_ends_with_the_first_that_is_slow(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    Clock(monkeypatch, lambda text: seconds if len(text) > 30 else 0.0)
    found = stopwatch.run(REGEX, ATTACK, "!")
    assert [each[2] for each in found[:-1]] == [0.0] * (len(found) - 1)
    assert found[-1][2:] == (min(seconds, stopwatch.LIMIT), seconds < stopwatch.LIMIT)


def test_a_run_ends_with_one_that_was_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # However little of it the clock has told.
    monkeypatch.setattr(stopwatch, "measured", lambda regex, text: (0.0, len(text) < 30))
    found = stopwatch.run(REGEX, ATTACK, "!")
    assert [each[3] for each in found] == [True] * (len(found) - 1) + [False]


def a_job(*suffixes: list[str]) -> dict[str, Any]:
    attacks = [{"prefix": "/", "pumps": [["a", ""]], "suffixes": each} for each in suffixes]
    return {"pattern": "/A", "flags": int(re.IGNORECASE), "attacks": attacks}


def test_the_first_run_that_proves_something_is_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, lambda text: 1.0 if text.endswith("?") else 0.0)
    monkeypatch.setattr(stopwatch, "LONGEST", 10)
    found = stopwatch.answer(a_job(["!", "-"], ["!", "?"], ["?"]))
    assert found == {"attack": 1, "suffix": "?", "points": [(3, 5, 1.0, True)]}
    assert [suffix for suffix, _ in groupby(text[-1] for text in clock.texts)] == [*"!-!?"]
    assert clock.texts[-1] == "/aaa?"
    assert {*clock.regexes} == {re.compile("/A", re.IGNORECASE)}
    assert stopwatch.answer(a_job(["!"], ["-"])) is None
    assert stopwatch.answer(a_job()) is None


def test_no_other_run_is_begun_when_patience_is_at_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0

    def cost(text: str) -> float:
        nonlocal now
        now += 3.0
        return 0.2  # which is not slow

    clock = Clock(monkeypatch, cost)
    monkeypatch.setattr(time, "process_time", lambda: now)
    monkeypatch.setattr(stopwatch, "LONGEST", 6)
    # One of 5 and one of 6 characters each: 6 s a run, and so the third one is none.
    assert stopwatch.answer(a_job(["!", "-", "?"])) == stopwatch.IMPATIENT
    assert {text[-1] for text in clock.texts} == {"!", "-"}


# ---- measuring ----


@pytest.fixture
def signals() -> Iterator[None]:
    """Signals are handled as in the program."""
    before = signal.signal(signal.SIGPROF, stopwatch._give_up)
    yield
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, before)


@pytest.fixture
def giving_up(signals: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a limit that tests can wait for."""
    monkeypatch.setattr(stopwatch, "LIMIT", 0.03)


@pytest.mark.usefixtures("giving_up")
def test_a_match_is_given_up_at_its_limit_and_the_next_has_its_own() -> None:
    seconds, finished = measured(re.compile("(a+)+$"), "a" * 40 + "!")
    assert not finished
    assert 0.02 < seconds < 1.0
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    seconds, finished = measured(re.compile("a+$"), "a" * 40 + "!")
    assert finished
    assert seconds < 0.02


@pytest.mark.usefixtures("giving_up")
def test_an_error_of_a_match_leaves_no_limit_behind() -> None:
    with pytest.raises(TypeError):
        measured(REGEX, b"bytes")  # type: ignore[arg-type]
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)


@pytest.mark.usefixtures("signals")
def test_each_job_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch, lambda text: 1.0 if text.endswith("?") else 0.0)
    monkeypatch.setattr(stopwatch, "LONGEST", 10)
    output = io.StringIO()
    jobs = [a_job(["!"]), a_job(["?"]), a_job()]
    signal.signal(signal.SIGPROF, signal.SIG_IGN)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps(jobs)))
    monkeypatch.setattr(sys, "stdout", output)
    stopwatch.main()
    assert signal.getsignal(signal.SIGPROF) is stopwatch._give_up
    monkeypatch.undo()
    assert [json.loads(line) for line in output.getvalue().splitlines()] == [
        None,
        {"attack": 0, "suffix": "?", "points": [[3, 5, 1.0, True]]},
        None,
    ]
