"""Steps of work that one pattern's analysis may take: counted, so that a verdict never depends
on how busy the machine is.
"""

from __future__ import annotations

STEPS = 60_000
"""Budget of one pattern; about 50 ms."""


class TooMuch(Exception):
    """The analysis gave up; the text says what was too much."""


class Budget:
    """Steps that are left for the analysis of one pattern."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take ``steps`` off the budget.

        :raises TooMuch: there are none left.
        """
        self._left -= steps
        if self._left < 0:
            raise TooMuch("it has too many ways through it")
