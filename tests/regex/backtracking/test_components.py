"""Loops of a graph, against what a walk from each position reaches."""

from __future__ import annotations

import random

import pytest

from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.components import Components
from tornkit.regex.backtracking.graph import END, Edge, Graph, Position

Drawn = dict[int, list[tuple[int, int, int]]]
"""From each position: to which, on which characters once, and on which in several ways."""


def a_graph(
    edges: Drawn,
    size: int,
    masks: dict[int, int] | None = None,
    atoms: dict[int, set[int]] | None = None,
) -> Graph:
    positions = [
        Position((masks or {}).get(n, 1), 0, 0, frozenset((atoms or {}).get(n, ())), 0)
        for n in range(size)
    ]
    drawn = [tuple(Edge(*edge) for edge in edges.get(n, ())) for n in range(size)]
    return Graph(positions, drawn, [0] * size, {})


def components(edges: Drawn, size: int) -> Components:
    return Components(a_graph(edges, size), Budget())


def reached(edges: Drawn, source: int) -> set[int]:
    """What at least one edge leads to."""
    found: set[int] = set()
    waiting = [source]
    while waiting:
        for target, _, _ in edges.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_what_leads_to_one_another_in_an_order_that_leads_onward(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        size = chance.randint(1, 9)
        edges: Drawn = {}
        for _ in range(chance.randint(0, 2 * size)):
            edges.setdefault(chance.randrange(size), []).append((chance.randrange(size), 1, 0))
        found = components(edges, size)
        ways = {n: reached(edges, n) for n in range(size)}
        there = {0} | ways[0]
        assert sorted(n for members in found.all for n in members) == sorted(there)
        assert 0 in found.all[0]
        for number, members in enumerate(found.all):
            assert members == sorted(members)
            assert all(found.of[member] == number for member in members)
            first = members[0]
            assert set(members) == {first} | {n for n in ways[first] if first in ways[n]}
            assert found.is_cyclic(number) is (first in ways[first])
            onward = {found.of[t] for m in members for t, _, _ in edges.get(m, ())} - {number}
            assert found.behind(number) == onward
            assert all(later > number for later in onward)
            for member in members:
                inside = [edge for edge in edges.get(member, ()) if edge[0] in members]
                assert found.inside(member) == inside


def test_a_deep_graph_is_gone_through_without_recursion() -> None:
    size = 5000
    edges: Drawn = {n: [(n + 1, 1, 0)] for n in range(size - 1)}
    edges[size - 1] = [(1, 1, 0)]
    found = components(edges, size)
    assert [len(members) for members in found.all] == [1, size - 1]


def test_an_edge_that_reads_no_character_is_no_way_round() -> None:
    edges: Drawn = {0: [(1, 3, 1)], 1: [(1, END, END)]}
    found = components(edges, 2)
    assert not found.is_cyclic(found.of[1])
    assert found.inside(1) == []
    edges[1] = [(1, END | 3, END | 2)]
    found = components(edges, 2)
    assert found.is_cyclic(found.of[1])
    assert found.inside(1) == [(1, 3, 2)]


def test_the_characters_of_a_part_are_those_of_its_members() -> None:
    graph = a_graph(
        {0: [(1, 1, 0)], 1: [(2, 1, 0)], 2: [(1, 1, 0), (3, 1, 0)]}, 4, {0: 0, 1: 1, 2: 4, 3: 8}
    )
    found = Components(graph, Budget())
    assert [found.alphabet(number) for number in range(3)] == [0, 5, 8]


def test_atomic_groups_count_where_they_are_around_all() -> None:
    graph = a_graph({0: [(1, 1, 0)]}, 4, atoms={1: {1, 2}, 2: {2, 3}, 3: {2}})
    found = Components(graph, Budget())
    assert found.atoms([1]) == {1, 2}
    assert found.atoms([1, 2]) == {2}
    assert found.atoms([1, 2, 3]) == {2}
    assert found.atoms([0, 1]) == set()


def test_each_edge_is_a_step_of_the_budget() -> None:
    graph = a_graph({0: [(1, 1, 0), (2, 1, 0)], 1: [(2, 1, 0)], 2: [(0, 1, 0)]}, 3)
    Components(graph, Budget(4))
    with pytest.raises(TooMuch):
        Components(graph, Budget(3))
