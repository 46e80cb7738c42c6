"""Steps of work that one pattern's analysis may take: counted, so that a verdict never depends
on how busy the machine is.
"""

from __future__ import annotations

STEPS = 60_000
"""For one pattern; about 50 ms."""


class TooMuch(Exception):
    """The analysis gave up; the text says what was too much."""


class Budget:
    """What is left of the steps."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Take some.

        :raises TooMuch: there are none left.
        """
        self._left -= steps
        if self._left < 0:
            raise TooMuch("it has too many ways through it")
