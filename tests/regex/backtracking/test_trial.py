"""Measuring: the rules with made-up figures, the process with real ones."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tornkit.regex.backtracking import stopwatch
from tornkit.regex.backtracking.attack import Attack
from tornkit.regex.backtracking.growth import example, growth
from tornkit.regex.backtracking.stopwatch import Point, proves
from tornkit.regex.backtracking.trial import Job, Proof, TrialUndecided, outcomes


def points(seconds: dict[int, float]) -> list[Point]:
    return [(count, count, each, True) for count, each in seconds.items()]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({20: 0.03, 22: 0.12, 24: 0.48}, True),  # doubles
        ({20: 0.0, 26: 1.9}, True),  # out of nothing
        ({1000: 0.03, 1500: 0.1, 2200: 0.32}, True),  # third power
        ({10_000: 0.03, 20_000: 0.12, 30_000: 0.27}, False),  # second power
        ({1500: 0.04, 4000: 0.28}, True),  # whatever the power: so short, and so slow
        ({10_000: 0.01, 60_000: 0.2}, False),
        ({}, False),
    ],
)
def test_what_proves_that_a_pattern_is_slow(seconds: dict[int, float], expected: bool) -> None:
    assert proves(points(seconds)) is expected


@pytest.mark.parametrize(
    ("cost", "expected"),
    [
        (lambda length: 1e-8 * 2**length, True),
        (lambda length: 1e-10 * length**3, True),
        (lambda length: 1e-9 * length**2, False),
        (lambda length: 1e-7 * length, False),
    ],
)
def test_a_run_goes_as_far_as_it_has_to(
    monkeypatch: pytest.MonkeyPatch, cost: Any, expected: bool
) -> None:
    seen: list[int] = []

    def measured(regex: re.Pattern[str], text: str) -> tuple[float, bool]:
        seen.append(len(text))
        return min(cost(len(text)), stopwatch.LIMIT), cost(len(text)) < stopwatch.LIMIT

    monkeypatch.setattr(stopwatch, "measured", measured)
    attack = {"prefix": "/", "pumps": [["a", ""]]}
    found = stopwatch.run(re.compile("/a"), attack, "!")
    assert proves(found) is expected
    assert seen == sorted(set(seen))
    assert len(seen) < 60
    assert seen[-1] <= stopwatch.LONGEST
    assert expected or cost(seen[-1]) > stopwatch.SLOW or seen[-1] > stopwatch.LONGEST * 0.7


ATTACK = Attack("/", (("a", ""),), ("!",), exponential=True, power=2)


@pytest.mark.thorough
def test_the_trial_proves_what_is_slow_and_nothing_else() -> None:
    patterns = [r"/(a+)+$", r"/(a++)+$", r"/(?:a|a)*$", r"/.*.*.*x"]
    jobs = [Job(re.compile(pattern), (ATTACK,)) for pattern in patterns]
    found = list(outcomes(jobs))
    assert [isinstance(each, Proof) for each in found] == [True, False, True, True]
    assert found[1] is None
    assert isinstance(found[0], Proof)
    assert len(found[0].text) < 40
    assert found[0].points[-1][2] >= stopwatch.SLOW


def test_an_attack_that_matches_proves_nothing() -> None:
    assert list(outcomes([Job(re.compile(r"/(a+)+!$"), (ATTACK,))])) == [None]


def test_a_process_that_dies_costs_one_verdict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "dies.py"
    script.write_text("import sys; sys.stdin.read(); print('null', flush=True); sys.exit(1)")
    monkeypatch.setattr(stopwatch, "__file__", str(script))
    found = list(outcomes([Job(re.compile("a"), (ATTACK,))] * 4))
    assert [type(each) for each in found] == [
        type(None),
        TrialUndecided,
        type(None),
        TrialUndecided,
    ]


def test_a_process_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "hangs.py"
    script.write_text("import time; time.sleep(3600)")
    monkeypatch.setattr(stopwatch, "__file__", str(script))
    found = list(outcomes([Job(re.compile("a"), (ATTACK,))], silence=0.1))
    assert [type(each) for each in found] == [TrialUndecided]


def test_no_process_without_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "Popen", None)
    assert list(outcomes([])) == []


def test_a_process_that_can_not_be_started_leaves_it_undecided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    (found,) = outcomes([Job(re.compile("a"), (ATTACK,))])
    assert isinstance(found, TrialUndecided)


def test_a_job_with_too_much_to_try_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "PATIENCE", -1.0)
    job = {"pattern": "a", "flags": 0, "attacks": [{"suffixes": ["!"]}]}
    answer = json.loads(json.dumps(stopwatch.answer(job)))
    assert answer == stopwatch.IMPATIENT


@pytest.mark.parametrize(
    ("attack", "seconds", "expected"),
    [
        (ATTACK, {20: 0.03, 22: 0.12, 24: 0.48}, "doubles with each character more"),
        (ATTACK, {10: 0.03, 11: 0.09, 13: 0.81}, "grows 3.0 times with each character more"),
        (ATTACK, {20: 0.0, 24: 0.5}, "multiplies with each character more"),
        (
            Attack("/", (("/a", ""),), ("",), exponential=False, power=3),
            {300: 0.03, 450: 0.1, 660: 0.32},
            "grows with the 3rd power of the length",
        ),
    ],
)
def test_how_growth_reads(attack: Attack, seconds: dict[int, float], expected: str) -> None:
    proof = Proof(attack, "!", tuple(points(seconds)))
    assert growth(proof).startswith(f"the time {expected}, and ")
    assert f"{len(proof.text):,} characters take" in growth(proof)


def test_a_match_that_was_given_up_took_longer() -> None:
    proof = Proof(ATTACK, "!", ((20, 22, 0.1, True), (26, 28, 1.97, False)))
    assert growth(proof).endswith("28 characters take more than 1.9 s")


@pytest.mark.parametrize(
    ("pump", "count", "expected"),
    [
        ("a", 5, "/aaaaa!"),
        ("\xa0", 2, r"/\xa0\xa0!"),
        ("ab", 1000, "/abababababababababababa…bababab! (2,002 characters)"),
    ],
)
def test_how_an_example_reads(pump: str, count: int, expected: str) -> None:
    attack = Attack("/", ((pump, ""),), ("!",), exponential=True, power=2)
    assert example(Proof(attack, "!", ((count, 0, 1.0, True),))) == expected
