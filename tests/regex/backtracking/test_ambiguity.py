"""Ambiguities are there: each word of a pump leads where it is said to lead, in so many ways."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from tornkit.regex.automata.alphabet import WIRE, mask_of
from tornkit.regex.backtracking.ambiguity import Ambiguity, ambiguities
from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.graph import Edge, Graph, Position, graph_of
from tornkit.regex.backtracking.search import Word, word_between


def graph(pattern: str) -> Graph:
    return graph_of(re.compile(pattern), WIRE, Budget())


def found(pattern: str) -> tuple[Graph, list[Ambiguity]]:
    drawn = graph(pattern)
    return drawn, list(ambiguities(drawn, Budget()))


def ways(drawn: Graph, source: int, word: Word, target: int) -> int:
    """The fewest in which any string of the word leads from one position to the other."""
    places = {source: 1}
    for mask in word:
        reached: dict[int, int] = {}
        for place, count in places.items():
            for edge in drawn.edges[place]:
                if not mask & ~edge.once:
                    times = 1 if mask & ~edge.twice else 2
                    reached[edge.target] = reached.get(edge.target, 0) + count * times
        places = reached
    return places.get(target, 0)


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+$", "(?:a|b|ab)*$", "(?:(a+)+|(b+)+)$", "(?:aa|aab?)*(?:bb)*$", "(?:x*)*y"),
        *("(?>(?:a|b|ab)*)x", "(?:a?){1,30}$", "(?:([ab])|[bc])*x", "(?:(?:ab?)+b?)*/"),
    ],
)
def test_a_word_of_an_exponential_one_comes_back_in_two_ways(pattern: str) -> None:
    drawn, all_of_them = found(pattern)
    exponential = [each for each in all_of_them if each.exponential]
    assert exponential
    for each in exponential:
        [pump] = each.pumps
        assert pump.source == pump.target
        assert all(pump.word)
        assert ways(drawn, pump.source, pump.word, pump.source) >= 2


@pytest.mark.parametrize(
    ("pattern", "powers"),
    [
        ("a*a*a*$", [3]),
        ("a*a*a*a*$", [4, 3, 3]),  # and the parts of the chain
        ("(a+){5}$", [5, 4, 4, 3, 3, 3]),
        ("[ab]*[bc]*[ca]*x", [3]),
        ("(?:a|b)*a(?:a|b)*b[ab]*$", [3]),
        ("/([^/]+)/([^/]+)/([^/]+)/([^/]+)$", []),  # none gets over the slash
        ("/([^/]+)-([^/]+)/([^/]+)-([^/]+)$", [3]),  # but two pairs have it between them
        (".*/.*/.*/edit$", [3]),
        ("a*a*b$", []),  # a second power is common
        ("a*ba*ba*b", []),
        ("[ab]*[cd]*[ab]*[cd]*[ab]*$", [3]),
        (".*" * 9 + "x", [7, *[6] * 2, *[5] * 3, *[4] * 4, *[3] * 5]),
    ],
)
def test_chains_are_told_from_the_longest_on(pattern: str, powers: list[int]) -> None:
    drawn, all_of_them = found(pattern)
    assert [each.power for each in all_of_them] == powers
    for each in all_of_them:
        assert not each.exponential
        for pump in each.pumps:
            assert pump.source != pump.target
            for source, target in (
                (pump.source, pump.source),
                (pump.source, pump.target),
                (pump.target, pump.target),
            ):
                assert ways(drawn, source, pump.word, target) >= 1
        for before, after in itertools.pairwise(each.pumps):
            assert word_between(drawn, before.target, after.source, Budget()) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        *("abc", "a*$", "(?:a+b)+$", "(?:ab|ac|ad)*$", "(?:a?b)*$", "[^/]+/[^/]+$", "(a{3})+$"),
        *("(?>a+)+b", "(?:a(?!b)|ab)*x", "(?>a*a*)a*$", "a*(?>a*)(?>a*)$", ""),
    ],
)
def test_what_is_not_ambiguous_has_none(pattern: str) -> None:
    assert found(pattern)[1] == []


def test_what_an_atomic_group_took_is_not_moved_out_of_it() -> None:
    """Out of it nothing is given back; into it, it is."""
    assert [each.power for each in found("(?>(?:a|bc)*)[ab]*[ab]*x")[1]] == []
    assert [each.power for each in found("[ab]*[ab]*(?>(?:a|bc)*)x")[1]] == [3]


def test_what_loops_within_an_atomic_group_backtracks_while_that_is_tried_and_not_after() -> None:
    drawn, all_of_them = found("(?>(?:a|b|ab)*)x")
    assert all_of_them
    for each in all_of_them:
        assert drawn.positions[each.pumps[0].source].world != 0


def test_exponential_ones_come_first_a_few_for_each_loop() -> None:
    _, all_of_them = found("(?:" + "|".join(f"x{n}y?|x{n}" for n in range(10)) + ")*$")
    assert 1 < len(all_of_them) <= 6
    assert len({each.loop for each in all_of_them}) == 1
    _, all_of_them = found("(a+)+b*b*b*(c+)+$")
    assert [each.exponential for each in all_of_them] == [True, True, False]
    first, second, chain = all_of_them
    assert first.loop is not None
    assert second.loop is not None
    assert first.loop < second.loop
    assert chain.loop is None
    assert chain.power == 3


def test_where_two_ways_part_on_most_characters_is_told_first() -> None:
    _, all_of_them = found("(?:(?:([ab])|a)x|(?:([c-z])|[c-y])y)*$")
    [pump] = all_of_them[0].pumps
    assert pump.word[0] == mask_of("cdefghijklmnopqrstuvwxy")


def is_doubled(drawn: Graph) -> bool:
    """Whether two ways part anywhere and come together again, by trying all pairs."""
    onward = {
        (one, other): {
            (a.target, b.target, one == other and a == b, bool(a.once & b.once & a.twice))
            for a in drawn.edges[one]
            for b in drawn.edges[other]
            if a.once & b.once
        }
        for one, other in itertools.product(range(len(drawn.edges)), repeat=2)
    }
    for start in range(1, len(drawn.edges)):
        # A pair, and whether the two have parted on the way from the start on.
        seen: set[tuple[int, int, bool]] = set()
        waiting = [(start, start, False)]
        while waiting:
            one, other, parted = waiting.pop()
            for first, second, is_one_way, is_twice in onward[one, other]:
                state = first, second, parted or not is_one_way or is_twice
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
        if (start, start, True) in seen:
            return True
    return False


@pytest.mark.parametrize("seed", range(4))
def test_none_is_missed_that_all_pairs_show(seed: int) -> None:
    chance = random.Random(seed)
    doubled = 0
    for _ in range(80):
        size = chance.randint(2, 5)
        masks = [0, *(chance.choice([1, 2, 3]) for _ in range(size - 1))]
        edges = [
            tuple(
                Edge(target, masks[target], masks[target] if chance.random() < 0.05 else 0)
                for target in chance.sample(range(1, size), k=chance.randint(0, size - 1))
            )
            for _ in range(size)
        ]
        # Each is reached: what the start does not lead to is no way of a match.
        edges[0] = tuple(Edge(target, masks[target], 0) for target in range(1, size))
        positions = [Position(mask, 0, 0, frozenset(), 0) for mask in masks]
        drawn = Graph(positions, list(edges), [0] * size, {})
        expected = is_doubled(drawn)
        doubled += expected
        assert any(each.exponential for each in ambiguities(drawn, Budget())) is expected, drawn
    assert 10 < doubled < 70


def test_what_takes_too_long_is_given_up() -> None:
    drawn = graph("(?:a|b|ab)*$")
    with pytest.raises(TooMuch):
        list(ambiguities(drawn, Budget(10)))
