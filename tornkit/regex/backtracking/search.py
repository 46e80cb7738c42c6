"""Breadth-first search for a shortest word, over whatever has states and letters between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tornkit.regex.automata.alphabet import letters_of, mask_of
from tornkit.regex.backtracking.budget import Budget
from tornkit.regex.backtracking.graph import END, Graph

CHARACTERS = END - 1
"""Every bit of a mask but the end's."""

Word = tuple[int, ...]
"""Which characters may stand at each place, as masks: any of them will do."""

State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True)
class Found(Generic[State]):
    """``word`` leads from ``origin``, one of the states searched from, to ``reached``."""

    origin: State
    reached: State
    word: Word


def search(
    begin: Iterable[State],
    onward: Callable[[State], Iterable[tuple[State, int]]],
    done: Callable[[State], bool],
    budget: Budget,
) -> Found[State] | None:
    """Search for the first state that is ``done``, and the word that leads there; None without one.

    :param onward: the states behind one, each with the mask of characters that lead there.
    :raises TooMuch: the search is too long.
    """
    came: dict[State, tuple[State, int] | None] = dict.fromkeys(begin)
    waiting = deque(came)
    while waiting:
        state = waiting.popleft()
        if done(state):
            return _traced(state, came)
        for following, mask in onward(state):
            budget.spend()
            if mask & CHARACTERS and following not in came:
                came[following] = (state, mask & CHARACTERS)
                waiting.append(following)
    return None


def _traced(reached: State, came: dict[State, tuple[State, int] | None]) -> Found[State]:
    masks, origin = [], reached
    step = came[origin]
    while step is not None:
        origin, mask = step
        masks.append(mask)
        step = came[origin]
    return Found(origin, reached, tuple(reversed(masks)))


def spelled(word: Word, preferred: str = "") -> str:
    """A word in letters: ``preferred`` where it may stand, else the one that reads best."""
    wanted = mask_of(preferred)
    return "".join(preferred if mask & wanted else letters_of(mask)[0] for mask in word)


def word_between(graph: Graph, source: int, target: int, budget: Budget) -> Word | None:
    """A shortest word from one position to another, empty if they are one; None without any."""
    found = search(
        [source],
        lambda position: ((edge.target, edge.once) for edge in graph.edges[position]),
        lambda position: position == target,
        budget,
    )
    return None if found is None else found.word
