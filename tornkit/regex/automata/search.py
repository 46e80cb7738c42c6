"""Breadth-first search through machines: is there a string, which is the shortest, draw some."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tornkit.regex.automata.alphabet import classes, letters_of, representatives
from tornkit.regex.automata.languages import Language

_REPEATED = 20  # draws in a row that bring nothing new: the language has hardly more


class OverBudget(Exception):
    """The search takes more states or time than its budget allows."""


class SearchBudget:
    """Limit on the states and the CPU seconds of a search; may be shared by several."""

    def __init__(self, states: int, seconds: float) -> None:
        self._states = states
        self._deadline = time.process_time() + seconds

    def spend(self) -> None:
        """Count one state more.

        :raises OverBudget: it was one too many, or the time is over.
        """
        self._states -= 1
        if self._states < 0 or (self._states % 64 == 0 and time.process_time() > self._deadline):
            raise OverBudget


def words(
    wanted: Language, refused: Sequence[Language], universe: int, budget: SearchBudget
) -> Iterator[str]:
    """Strings that ``wanted`` accepts and none of ``refused`` does, the shortest first.

    One for each end of the search that is reached, not every string. Nothing at all is a proof
    that there is none.

    :raises OverBudget: it could not be decided.
    """
    machines = (wanted, *refused)
    letters = representatives(universe, frozenset().union(*(one.masks for one in machines)))
    start = tuple(one.start for one in machines)
    came: dict[Any, tuple[Any, str] | None] = {start: None}
    waiting = deque([start])
    if _hopeless(start, wanted, refused):
        return
    while waiting:
        state = waiting.popleft()
        if wanted.accepts(state[0]) and not any(
            one.accepts(each) for one, each in zip(refused, state[1:], strict=True)
        ):
            yield _spelled(state, came)
        for letter in letters:
            after = tuple(one.step(each, letter) for one, each in zip(machines, state, strict=True))
            if after not in came and not _hopeless(after, wanted, refused):
                budget.spend()
                came[after] = (state, letter)
                waiting.append(after)


def _hopeless(state: Any, wanted: Language, refused: Sequence[Language]) -> bool:
    return wanted.is_dead(state[0]) or any(
        one.is_universal(each) for one, each in zip(refused, state[1:], strict=True)
    )


def _spelled(state: Any, came: dict[Any, tuple[Any, str] | None]) -> str:
    text = []
    step = came[state]
    while step is not None:
        text.append(step[1])
        step = came[step[0]]
    return "".join(reversed(text))


def shortest(
    wanted: Language, refused: Sequence[Language], universe: int, budget: SearchBudget
) -> str | None:
    """Shortest string that ``wanted`` accepts and none of ``refused`` does; else None."""
    return next(words(wanted, refused, universe, budget), None)


def every_way(
    machines: Sequence[Language], required: int, universe: int, budget: SearchBudget
) -> Iterator[str]:
    """A string for each combination of answers that the machines can give, the shortest first.

    Some combinations come more than once. Where one of the first ``required`` machines is dead,
    nothing more is looked for.

    :raises OverBudget: the machines have too many states together.
    """
    letters = representatives(universe, frozenset().union(*(one.masks for one in machines)))
    start = tuple(one.start for one in machines)
    came: dict[Any, tuple[Any, str] | None] = {start: None}
    waiting = deque([start])
    while waiting:
        state = waiting.popleft()
        yield _spelled(state, came)
        for letter in letters:
            after = tuple(one.step(each, letter) for one, each in zip(machines, state, strict=True))
            if after in came or any(
                one.is_dead(each) for one, each in zip(machines[:required], after, strict=False)
            ):
                continue
            budget.spend()
            came[after] = (state, letter)
            waiting.append(after)


def drawn(
    wanted: Language,
    universe: int,
    budget: SearchBudget,
    *,
    count: int,
    longest: int = 60,
    seed: int = 0,
) -> list[str]:
    """Strings of a language at random, up to ``count`` distinct ones, a shortest one first.

    :raises OverBudget: it has too many states to be walked.
    """
    alike = {found[0]: found for found in map(letters_of, classes(universe, wanted.masks))}
    steps, distance = _map(wanted, representatives(universe, wanted.masks), budget)
    if wanted.start not in distance:
        return []
    chance = random.Random(seed)  # noqa: S311 - the same samples each time, for the same question
    first = _straight(wanted.start, steps, distance)
    found = {first}
    repeated = 0
    while len(found) < count and repeated < _REPEATED:
        text = _walk(wanted, steps, distance, alike, longest, chance)
        repeated = repeated + 1 if text in found else 0
        found.add(text)
    return [first, *sorted(found - {first}, key=lambda text: (len(text), text))]


_Steps = dict[Any, list[tuple[str, Any]]]


def _map(
    wanted: Language, letters: Sequence[str], budget: SearchBudget
) -> tuple[_Steps, dict[Any, int]]:
    """Every live state's steps, and its distance to the nearest end."""
    steps: _Steps = {}
    before: dict[Any, list[Any]] = {}
    waiting = [wanted.start]
    while waiting:
        state = waiting.pop()
        if state in steps:
            continue
        budget.spend()
        steps[state] = []
        for letter in letters:
            after = wanted.step(state, letter)
            if not wanted.is_dead(after):
                steps[state].append((letter, after))
                before.setdefault(after, []).append(state)
                waiting.append(after)
    distance = {state: 0 for state in steps if wanted.accepts(state)}
    nearest = deque(distance)
    while nearest:
        state = nearest.popleft()
        for earlier in before.get(state, ()):
            if earlier not in distance:
                distance[earlier] = distance[state] + 1
                nearest.append(earlier)
    return steps, distance


def _straight(state: Any, steps: _Steps, distance: dict[Any, int]) -> str:
    text = ""
    while distance[state]:
        letter, state = min(
            (step for step in steps[state] if step[1] in distance),
            key=lambda step: distance[step[1]],
        )
        text += letter
    return text


def _walk(
    wanted: Language,
    steps: _Steps,
    distance: dict[Any, int],
    alike: Mapping[str, Sequence[str]],
    longest: int,
    chance: random.Random,
) -> str:
    text, state = "", wanted.start
    while len(text) + distance[state] < longest:
        if wanted.accepts(state) and chance.random() < 0.25:
            return text
        onward = [step for step in steps[state] if step[1] in distance]
        if not onward:
            return text
        letter, state = chance.choice(onward)
        text += chance.choice(alike[letter])
    return text + _straight(state, steps, distance)
