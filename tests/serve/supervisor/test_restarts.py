"""Edits and signals, and when a generation is started for them.

Which edits are a burst is the business of `test_debounce`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.serve.hand_loop import HandLoop
from tornkit.serve.supervisor.debounce import DebouncePolicy
from tornkit.serve.supervisor.restarts import Restarts
from tornkit.serve.workforce.generation import Generation
from tornkit.serve.workforce.generations import Generations

PAUSE = DebouncePolicy().pause


class Starter:
    """A succession of generations that does nothing but begin them."""

    def __init__(self) -> None:
        self.loop = HandLoop()
        self.generations = Generations()
        self.restarts = Restarts(self.loop, self.generations, start=self._start)
        self._started: list[tuple[str, ...]] = []

    def _start(self, reasons: tuple[str, ...]) -> None:
        self._started.append(reasons)
        overtaking = self.generations.next is not None
        self.generations.begin(Generation(self.generations.new_number(), reasons, 0.0))
        self.restarts.started(overtaking=overtaking)

    def boot_ends(self) -> None:
        """Let the generation that boots be no more on its way."""
        self.generations.next = None
        self.restarts.boot_ended()

    def started(self) -> list[tuple[str, ...]]:
        """Return the reasons for each that was started since the last call."""
        started, self._started = self._started, []
        return started


@pytest.fixture
def starter() -> Iterator[Starter]:
    starter = Starter()
    yield starter
    starter.loop.close()


def test_a_first_edit_starts_one_at_once(starter: Starter) -> None:
    starter.restarts.ask("app.py")
    assert starter.started() == [("app.py",)], "from within the call"
    starter.loop.passes(10)
    assert starter.started() == []


def test_reasons_are_told_once_and_in_their_order(starter: Starter) -> None:
    starter.restarts.ask("app.py")
    starter.loop.passes(1)
    for reason in ("views.py", "SIGHUP", "views.py", "app.py"):
        starter.restarts.ask(reason)
    assert starter.restarts.take() == ("views.py", "SIGHUP", "app.py")
    assert starter.restarts.take() == ()


def test_an_edit_overtakes_a_boot_once_it_rests(starter: Starter) -> None:
    starter.restarts.ask("app.py")
    starter.loop.passes(1)
    starter.restarts.ask("views.py")
    starter.loop.passes(PAUSE / 2)
    starter.restarts.ask("models.py")
    starter.loop.passes(PAUSE / 2 + 0.001)
    assert starter.started() == [("app.py",)], "the first edit has rested, the second has not"
    starter.loop.passes(PAUSE / 2)
    assert starter.started() == [("views.py", "models.py")]
    starter.loop.passes(10)
    assert starter.started() == []


def overtake(starter: Starter, reason: str) -> list[tuple[str, ...]]:
    """Edit while a generation boots, and wait; return the reasons of those that were started."""
    starter.restarts.ask(reason)
    starter.loop.passes(10)
    return starter.started()


def test_the_third_boot_in_a_row_comes_to_its_end(starter: Starter) -> None:
    starter.restarts.ask("0")
    assert starter.started() == [("0",)]
    assert overtake(starter, "1") == [("1",)]
    assert overtake(starter, "2") == [("2",)]
    assert overtake(starter, "3") == []
    assert overtake(starter, "4") == []
    starter.boot_ends()
    assert starter.started() == [], "never from within another call"
    starter.loop.passes()
    assert starter.started() == [("3", "4")]


def test_a_boot_that_has_ended_begins_the_row_anew(starter: Starter) -> None:
    starter.restarts.ask("0")
    for reason in ("1", "2", "3"):
        overtake(starter, reason)
    starter.boot_ends()
    starter.loop.passes()
    assert starter.started()[-1] == ("3",)
    assert overtake(starter, "4") == [("4",)]
    assert overtake(starter, "5") == [("5",)]
    assert overtake(starter, "6") == []


def test_a_boot_that_ends_with_no_edit_behind_it_starts_none(starter: Starter) -> None:
    starter.restarts.ask("app.py")
    starter.started()
    starter.boot_ends()
    starter.loop.passes(10)
    assert starter.started() == []


def test_an_edit_while_none_may_start_waits_for_the_next(starter: Starter) -> None:
    """Reasons are kept while the old one ends first; the next one takes them when it begins."""
    starter.generations.held = True
    starter.restarts.ask("app.py")
    starter.loop.passes(10)
    starter.restarts.ask("views.py")
    starter.loop.passes(10)
    assert starter.started() == []
    starter.generations.held = False
    assert starter.restarts.take() == ("app.py", "views.py")
    starter.restarts.started()
    starter.loop.passes(10)
    assert starter.started() == [], "it has begun with all that was saved"


def test_an_edit_that_was_held_comes_when_the_boot_has_ended(starter: Starter) -> None:
    starter.generations.held = True
    starter.restarts.ask("app.py")
    starter.generations.held = False
    starter.boot_ends()
    starter.loop.passes(10)
    assert starter.started() == [("app.py",)]


def test_at_the_end_none_is_started(starter: Starter) -> None:
    starter.restarts.ask("app.py")
    starter.started()
    starter.loop.passes(1)
    starter.restarts.ask("views.py")
    starter.generations.over = True
    starter.loop.passes(10)
    starter.boot_ends()
    starter.loop.passes(10)
    starter.restarts.ask("models.py")
    assert starter.started() == []
