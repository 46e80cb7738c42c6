"""Makes strings of an ambiguity for which `re` should take ages.

``prefix``, then each pump as often as wanted, then a suffix on which the match fails: only then
are all the ways tried. The suffix is looked for on the graph, from the ambiguous position on. Where
no suffix makes that part of the pattern fail (it ends in ``.*``), there is no attack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice, pairwise

from tornkit.regex.automata.alphabet import mask_of, representatives
from tornkit.regex.backtracking.ambiguity import Ambiguity, Pump, ambiguities
from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.graph import END, Graph, graph_of
from tornkit.regex.backtracking.search import CHARACTERS, Word, spelled, word_between

_FOR_A_LOOP, _FOR_ALL_CHAINS = 2, 3
_MOST_ATTACKS = 6
_MOST_SUFFIXES = 4
_ROUNDS = 12  # of a pump, after which nothing new comes, or can be waited for
# Beside what the graph says, where it says more than there is.
_USUAL_SUFFIXES = ("!", "~", "", "/", "a")

_MOST_LETTERS = 6  # tried, of those that the pattern tells apart
_MOST_DETOURS = 3
_Places = frozenset[int]
_Pumps = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Attack:
    """A family of strings on which `re` may backtrack badly: a prefix, pumps and a suffix.

    ``pumps``: each a text that is repeated, and one that comes once behind it. ``exponential``, or
    of a ``power``: what theory says it costs.
    """

    prefix: str
    pumps: _Pumps
    suffixes: tuple[str, ...]
    exponential: bool
    power: int

    def text(self, repetitions: int, suffix: str) -> str:
        """The string with each pump repeated that often.

        >>> Attack("/", (("a", ""), ("b", "-")), ("!",), False, 3).text(2, "!")
        '/aabb-!'
        """
        body = "".join(pump * repetitions + then for pump, then in self.pumps)
        return f"{self.prefix}{body}{suffix}"


@dataclass(frozen=True)
class Suspicion:
    """Attacks to try on a pattern. ``approximate``: the part that was read too widely, if any."""

    attacks: tuple[Attack, ...]
    approximate: str | None = None


def suspicion(regex: re.Pattern[str], universe: int) -> Suspicion | None:
    """Find attacks that may make `re` backtrack badly on ``regex``; None if there are none.

    :param universe: the characters that can be sent, as a mask.
    :raises TooMuch: the analysis gave up, for the reason that it says.
    """
    budget = Budget()
    try:
        graph = graph_of(regex, universe, budget)
    except RecursionError:
        raise TooMuch("it is nested too deep") from None
    run = _Run(graph, universe, budget)
    found: dict[Attack, None] = {}
    for loop, those in groupby(ambiguities(graph, budget), key=lambda each: each.loop):
        attacks = filter(None, (_attack(run, ambiguity) for ambiguity in those))
        found.update(
            dict.fromkeys(islice(attacks, _FOR_ALL_CHAINS if loop is None else _FOR_A_LOOP))
        )
        if len(found) >= _MOST_ATTACKS:
            break
    approximate = next(iter(graph.approximate.values()), None)
    return Suspicion(tuple(found), approximate) if found else None


def _attack(run: _Run, ambiguity: Ambiguity) -> Attack | None:
    """Attack by the first spelling of the pumps behind which the match can fail; else None."""
    source = ambiguity.pumps[0].source
    prefix = word_between(run.graph, 0, source, run.budget)
    if prefix is None:
        return None
    for pumps in _spellings(run, ambiguity):
        suffixes = _suffixes(run, source, pumps)
        if suffixes:
            exponential, power = ambiguity.exponential, ambiguity.power
            return Attack(spelled(prefix), _merged(pumps), suffixes, exponential, power)
    return None


def _spellings(run: _Run, ambiguity: Ambiguity) -> Iterator[_Pumps]:
    """The pumps in letters: with each letter where it may stand, then with detours.

    A match may be done with what reads best (``(.|b)+aa``), and not with another letter.
    """
    words = [
        (pump.word, _link(run, pump, following))
        for pump, following in pairwise((*ambiguity.pumps, None))
        if pump is not None
    ]
    letters = ["", *run.letters[:_MOST_LETTERS]]
    tried = set()
    for rounds in _rounds(run, ambiguity.pumps[0]):
        for letter in letters:
            pumps = tuple(
                (spelled((*word, *rounds), letter), spelled(then, letter)) for word, then in words
            )
            if pumps not in tried:
                tried.add(pumps)
                yield pumps


def _link(run: _Run, pump: Pump, following: Pump | None) -> Word:
    """Word that leads from one pump to the next; empty behind the last, or if there is none."""
    if following is None:
        return ()
    return word_between(run.graph, pump.target, following.source, run.budget) or ()


def _rounds(run: _Run, pump: Pump) -> Iterator[Word]:
    """Detours from an exponential pump's position back to it; first none."""
    yield ()
    if pump.source != pump.target:
        return
    for edge in run.graph.edges[pump.source][:_MOST_DETOURS]:
        back = word_between(run.graph, edge.target, pump.source, run.budget)
        if back is not None and edge.once & CHARACTERS:
            once = (edge.once & CHARACTERS, *back)
            yield once
            yield (*once, *once)


def _merged(pumps: _Pumps) -> _Pumps:
    """Merge equal pumps that have nothing between them."""
    merged: list[tuple[str, str]] = []
    for pump, then in pumps:
        if merged and merged[-1] == (pump, ""):
            merged.pop()
        merged.append((pump, then))
    return tuple(merged)


def _suffixes(run: _Run, source: int, pumps: _Pumps) -> tuple[str, ...]:
    """Suffixes on which the match may fail behind the pumps; empty if it can't."""
    places = run.pumped(frozenset({source}), pumps)
    found = [] if places is None else [*run.suffixes(places)]
    if run.graph.positions[source].world in run.graph.approximate:
        found += [each for each in _USUAL_SUFFIXES if not mask_of(each) & ~run.universe]
    return tuple(dict.fromkeys(found))


class _Run:
    """Simulation of a match from the ambiguous position on, in all its possible places at once."""

    def __init__(self, graph: Graph, universe: int, budget: Budget) -> None:
        self.graph = graph
        self.universe = universe
        self.budget = budget
        masks = {position.mask for position in graph.positions}
        self.letters = representatives(universe, masks)
        self._steps: dict[tuple[_Places, int], _Places] = {}
        self._suffixes: dict[_Places, tuple[str, ...]] = {}

    def pumped(self, places: _Places, pumps: _Pumps) -> _Places | None:
        """States of the automaton after each pump was read many times; None if the match ends."""
        for pump, then in pumps:
            for _ in range(_ROUNDS):
                before, reached = places, self.read(places, pump)
                if reached is None:
                    return None
                places = reached
                if places == before:
                    break
            after = self.read(places, then)
            if after is None:
                return None
            places = after
        return places

    def read(self, places: _Places, text: str) -> _Places | None:
        """Places that ``text`` leads to; None if the match is done before it ends."""
        for letter in text:
            bit = mask_of(letter)
            if self.accepted(places) & bit:
                return None
            places = self.step(places, bit)
        return places

    def accepted(self, places: _Places) -> int:
        """Mask of the next characters, or `END`, on which the match is done."""
        mask = 0
        for place in places:
            mask |= self.graph.accepts[place]
        return mask

    def step(self, places: _Places, bit: int) -> _Places:
        known = self._steps.get((places, bit))
        if known is not None:
            return known
        reached = set()
        for place in places:
            world = self.graph.positions[place].world
            for edge in self.graph.edges[place]:
                self.budget.spend()
                if edge.once & bit and self.graph.positions[edge.target].world == world:
                    reached.add(edge.target)
        self._steps[places, bit] = frozenset(reached)
        return self._steps[places, bit]

    def suffixes(self, places: _Places) -> tuple[str, ...]:
        """A few suffixes on which nothing matches; empty if there are none."""
        if places not in self._suffixes:
            self._suffixes[places] = tuple(islice(self._failing(places), _MOST_SUFFIXES))
        return self._suffixes[places]

    def _failing(self, places: _Places) -> Iterator[str]:
        """Suffixes on which the match fails, breadth first: the shortest come first."""
        seen = {places}
        waiting = [(places, "")]
        for current, suffix in waiting:
            accepted = self.accepted(current)
            if not accepted & END:
                yield suffix
            for letter in self.letters:
                bit = mask_of(letter)
                reached = self.step(current, bit)
                if not accepted & bit and reached not in seen:
                    seen.add(reached)
                    waiting.append((reached, suffix + letter))
