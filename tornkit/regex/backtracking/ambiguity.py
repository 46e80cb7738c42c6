"""Search for ambiguity in a graph: the two criteria that make backtracking expensive.

- *Exponential*: a position from which two different ways read the same word and come back to it.
  Each round doubles the ways. (EDA in A. Weber, H. Seidl, "On the degree of ambiguity of finite
  automata", 1991.) Found by walking both ways at once.
- *Polynomial*: positions p and q and a word that leads from p to p, from p to q and from q to q
  (IDA, ibid.): between p and q, text can be moved round by round. A chain of such pairs gives one
  power each, and reading the text gives one more. Found by walking the three ways at once.

N. Weideman et al., "Analyzing matching time behavior of backtracking regular expression matchers
by using ambiguity of NFA", 2016, show that this is what backtracking costs where a match fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from tornkit.regex.backtracking.budget import Budget
from tornkit.regex.backtracking.components import Components
from tornkit.regex.backtracking.graph import Graph
from tornkit.regex.backtracking.search import Word, search, word_between
from tornkit.regex.backtracking.shape import POWER

_FOR_A_LOOP = 6
_ENOUGH = 6  # pumps in a chain: nobody waits for the 7th power of anything
_Pair = tuple[int, int]
_Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Pump:
    """Word that, repeated, multiplies the ways to match: it can be read in more than one way.

    ``word`` leads from the position ``source`` to itself and to ``target``, and from ``target`` to
    itself. In an exponential ambiguity, ``source`` and ``target`` are the same position.
    """

    source: int
    word: Word
    target: int


@dataclass(frozen=True)
class Ambiguity:
    """An ambiguity of a graph, which makes a match that fails expensive.

    An exponential one has one pump, of the loop whose number is ``loop``; a polynomial one has a
    chain of pumps, each of which is one power more, and no ``loop``.
    """

    pumps: tuple[Pump, ...]
    loop: int | None

    @property
    def exponential(self) -> bool:
        """Whether each round multiplies the ways."""
        return self.loop is not None

    @property
    def power(self) -> int:
        """Power of the text's length with which the time grows, of a polynomial ambiguity."""
        return len(self.pumps) + 1


def ambiguities(graph: Graph, budget: Budget) -> Iterator[Ambiguity]:
    """Ambiguities of a graph: exponential ones, then the longest chain of pumps and parts of it.

    There are a few exponential ones for each loop, and chains from the `POWER` on: parts of the
    longest because with a pump more, the whole pattern may match and so be done.

    :raises TooMuch: it can't be found out within ``budget``.
    """
    components = Components(graph, budget)
    for number in range(len(components.all)):
        pumps = _exponential(graph, components, number, budget)
        yield from (Ambiguity((pump,), number) for pump in islice(pumps, _FOR_A_LOOP))
    chain = _longest_chain(graph, components, budget)
    for length in range(len(chain), POWER - 2, -1):
        for first in range(len(chain) - length + 1):
            yield Ambiguity(chain[first : first + length], None)


def _exponential(
    graph: Graph, components: Components, number: int, budget: Budget
) -> Iterator[Pump]:
    """Pumps of one component: words that come back to a position in two ways. Any suffices.

    There is more than one because on some of them the whole pattern may match, and so be done.
    """
    members = components.all[number]
    if not components.is_cyclic(number) or components.atoms(members):
        return  # an atomic group tries one way only
    inside = {member: components.inside(member) for member in members}

    def onward(pair: _Pair) -> Iterator[tuple[_Pair, int]]:
        for one, once, _ in inside[pair[0]]:
            for other, as_well, _ in inside[pair[1]]:
                yield (min(one, other), max(one, other)), once & as_well

    for source, mask, pair in _parting(inside, budget):
        met = search([pair], onward, lambda pair: pair[0] == pair[1], budget)
        if met is not None:
            back = word_between(graph, met.reached[0], source, budget)
            if back is not None:
                yield Pump(source, (mask, *met.word, *back), source)


def _parting(
    inside: dict[int, list[tuple[int, int, int]]], budget: Budget
) -> list[tuple[int, int, _Pair]]:
    """Positions at which two ways part, with the characters of both and their two targets.

    Those on the most characters come first. The targets may be one, where an edge counts twice.
    """
    found = []
    for member, edges in inside.items():
        budget.spend(len(edges) ** 2)
        for place, (one, once, twice) in enumerate(edges):
            if twice:
                found.append((member, twice, (one, one)))
            for other, as_well, _ in edges[place + 1 :]:
                if once & as_well:
                    found.append((member, once & as_well, (min(one, other), max(one, other))))
    return sorted(found, key=lambda parting: -parting[1].bit_count())


def _longest_chain(graph: Graph, components: Components, budget: Budget) -> tuple[Pump, ...]:
    """Pumps of which each leads to the next, as many as there are, or `_ENOUGH`."""
    best: dict[int, tuple[Pump, ...]] = {}  # that end in a part, or before it
    leading: list[set[int]] = [set() for _ in components.all]  # the loops that lead to each part
    for number in range(len(components.all)):
        onward = leading[number]
        chains = [best[before] for before in leading[number]]
        best[number] = max(chains, key=len, default=())
        if components.is_cyclic(number):
            for before in sorted(leading[number], key=lambda each: -len(best[each])):
                if len(best[before]) < len(best[number]):
                    break
                pump = _pump(graph, components, before, number, budget)
                if pump is not None:
                    best[number] = (*best[before], pump)
                    break
            if len(best[number]) >= _ENOUGH:
                return best[number]
            onward = onward | {number}
        for behind in components.behind(number):
            leading[behind] |= onward
            budget.spend(len(onward))
    return max(best.values(), key=len, default=())


def _pump(
    graph: Graph, components: Components, before: int, after: int, budget: Budget
) -> Pump | None:
    """A pump from one loop to a later one, as numbers of `Components.all`."""
    if not components.alphabet(before) & components.alphabet(after):
        return None

    def onward(triple: _Triple) -> Iterator[tuple[_Triple, int]]:
        for first, once, _ in components.inside(triple[0]):
            for last, as_well, _ in components.inside(triple[2]):
                shared = once & as_well
                for edge in graph.edges[triple[1]] if shared else ():
                    if components.of[edge.target] <= after:  # later ones do not lead there
                        yield (first, edge.target, last), shared & edge.once

    for source in components.all[before]:
        for target in components.all[after]:
            if graph.positions[source].atoms - graph.positions[target].atoms:
                continue  # what an atomic group took is not moved out of it
            goal = (source, target, target)
            found = search([(source, source, target)], onward, goal.__eq__, budget)
            if found is not None:
                return Pump(source, found.word, target)
    return None
