"""A supervisor's loop without a script: a test lets time pass, and sees what follows from that."""

from __future__ import annotations

from tests.serve.scripted import TURNS, Script, ScriptedLoop


def _endless() -> Script:
    while True:
        yield


class HandLoop(ScriptedLoop):
    """Turns only while `passes` is called. Its time is a test's."""

    def __init__(self) -> None:
        super().__init__()
        self.script = _endless()

    def passes(self, seconds: float = 0.0) -> None:
        """Let so much time pass, in one leap, and all that is due by then be done."""
        self.clock += seconds
        for _ in range(TURNS):
            self.turn(lambda number: None)
