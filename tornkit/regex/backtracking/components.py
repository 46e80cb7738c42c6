"""The strongly connected parts of a graph: the loops that a match can go round in."""

from __future__ import annotations

from collections.abc import Sequence

from tornkit.regex.backtracking.budget import Budget
from tornkit.regex.backtracking.graph import Graph
from tornkit.regex.backtracking.search import CHARACTERS


class Components:
    """Strongly connected parts of a graph, in an order in which edges lead onward only.

    ``all`` are those that the start leads to. ``of[position]`` is the place in ``all`` of the part
    that it belongs to.
    """

    def __init__(self, graph: Graph, budget: Budget) -> None:
        self._graph = graph
        self.all = _strong(graph, budget)
        self.of = {position: n for n, members in enumerate(self.all) for position in members}

    def is_cyclic(self, number: int) -> bool:
        """Whether the component of this number has a cycle, in which a match can go round."""
        members = self.all[number]
        return len(members) > 1 or bool(self.inside(members[0]))

    def inside(self, position: int) -> list[tuple[int, int, int]]:
        """Edges from a position that stay within its own part: target, once, twice."""
        own = self.of[position]
        return [
            (edge.target, edge.once & CHARACTERS, edge.twice & CHARACTERS)
            for edge in self._graph.edges[position]
            if self.of[edge.target] == own and edge.once & CHARACTERS
        ]

    def behind(self, number: int) -> set[int]:
        """Numbers of the other parts that an edge leads to from the part of this number."""
        return {
            self.of[edge.target]
            for position in self.all[number]
            for edge in self._graph.edges[position]
        } - {number}

    def alphabet(self, number: int) -> int:
        """Mask of every character that some position of the part reads."""
        mask = 0
        for position in self.all[number]:
            mask |= self._graph.positions[position].mask
        return mask

    def atoms(self, members: Sequence[int]) -> frozenset[int]:
        """The atomic groups around all of these positions."""
        return frozenset.intersection(*(self._graph.positions[each].atoms for each in members))


def _strong(graph: Graph, budget: Budget) -> list[list[int]]:
    """Strongly connected parts by Tarjan's algorithm from the start on, without recursion."""
    number: dict[int, int] = {0: 0}
    low: dict[int, int] = {0: 0}
    stack, on_stack = [0], {0}
    work = [(0, iter(graph.edges[0]))]
    found: list[list[int]] = []
    while work:
        position, onward = work[-1]
        edge = next(onward, None)
        if edge is None:
            work.pop()
            if work:
                above = work[-1][0]
                low[above] = min(low[above], low[position])
            if low[position] == number[position]:
                members = [stack.pop()]
                while members[-1] != position:
                    members.append(stack.pop())
                on_stack.difference_update(members)
                found.append(sorted(members))
            continue
        budget.spend()
        target = edge.target
        if target not in number:
            number[target] = low[target] = len(number)
            stack.append(target)
            on_stack.add(target)
            work.append((target, iter(graph.edges[target])))
        elif target in on_stack:
            low[position] = min(low[position], number[target])
    return found[::-1]
