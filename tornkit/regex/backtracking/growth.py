"""Wording of a proof: the growth that was measured, and the string that shows it."""

from __future__ import annotations

import math

from tornkit.regex.backtracking import stopwatch
from tornkit.regex.backtracking.stopwatch import STEEP
from tornkit.regex.backtracking.trial import Proof

_EXPONENTIAL = 6.0
"""A power so high, of so few repetitions, that theory's "exponential" is taken at its word."""
_SHOWN_WHOLE = 60
_BEGINNING, _ENDING = 24, 8


def is_exponential(proof: Proof) -> bool:
    """Whether the time grows exponentially, in theory and as measured."""
    return proof.attack.exponential and stopwatch.power(list(proof.points)) > _EXPONENTIAL


def growth(proof: Proof) -> str:
    """Growth of a proof in words.

    ``the time grows with the 3rd power of the length, and 1,554 characters take 0.48 s``
    """
    seconds, finished = proof.points[-1][2:]
    took = f"{seconds:.2g} s" if finished else f"more than {math.floor(seconds * 10) / 10} s"
    return f"the time {_grows(proof)}, and {len(proof.text):,} characters take {took}"


def example(proof: Proof) -> str:
    """String of a proof, shortened in the middle: ``/aaaaaaaa…aaa! (1,554 characters)``."""
    text = _printable(proof.text)
    if len(text) <= _SHOWN_WHOLE:
        return text
    return f"{text[:_BEGINNING]}…{text[-_ENDING:]} ({len(proof.text):,} characters)"


def _grows(proof: Proof) -> str:
    points = list(proof.points)
    if is_exponential(proof):
        return _multiplies(proof)
    power = stopwatch.power(points)
    if power < STEEP:
        return "grows with more than the length"
    if math.isinf(power) or abs(power - proof.attack.power) < 1:
        return f"grows with the {_ordinal(proof.attack.power)} power of the length"
    return f"grows with the {_ordinal(round(power))} power of the length"


def _multiplies(proof: Proof) -> str:
    """Wording of exponential growth: by what factor each repetition of the pump slows the match.

    The factor is measured between the `stopwatch.base` point of the run and its last one.
    """
    pumps = [pump for pump, _ in proof.attack.pumps]
    more = "character" if len(pumps[0]) == 1 else f"{_printable(pumps[0])!r}"
    first, last = stopwatch.base(list(proof.points)), proof.points[-1]
    if first is None or not last[3]:
        return f"multiplies with each {more} more"
    factor = (last[2] / first[2]) ** (1 / (last[0] - first[0]))
    if 1.8 <= factor <= 2.25:
        return f"doubles with each {more} more"
    return f"grows {factor:.1f} times with each {more} more"


def _ordinal(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if number % 100 in (11, 12, 13) else ending}"


def _printable(text: str) -> str:
    """Text with everything that is not ASCII as escapes."""
    return text.encode("ascii", "backslashreplace").decode()
