"""A graph has the ways that `re` goes through a pattern, and says where it has more."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tornkit.regex.automata.alphabet import letters_of, mask_of
from tornkit.regex.backtracking import graph as module
from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.graph import END, Graph, graph_of
from tornkit.regex.patterns.pattern import parsed

LETTERS = "ab/"
UNIVERSE = mask_of(LETTERS)
WORDS = ["".join(word) for size in range(5) for word in itertools.product("ab", repeat=size)]


def of(pattern: str, universe: int = UNIVERSE, steps: int = 10**7) -> Graph:
    return graph_of(re.compile(pattern), universe, Budget(steps))


def matches(graph: Graph, text: str) -> bool:
    """Whether a match from the beginning on is done somewhere, by all the ways at once."""
    places = {0}
    for at in range(len(text) + 1):
        following = mask_of(text[at]) if at < len(text) else END
        if any(graph.accepts[place] & following for place in places):
            return True
        places = {
            edge.target
            for place in places
            for edge in graph.edges[place]
            if edge.once & following and graph.positions[edge.target].world == 0
        }
    return False


def ways(graph: Graph, text: str) -> int:
    """In how many ways it reads ``text``; each that counts twice is two."""
    places = {0: 1}
    for letter in text:
        reached: dict[int, int] = {}
        for place, count in places.items():
            for edge in graph.edges[place]:
                if edge.once & mask_of(letter):
                    times = 2 if edge.twice & mask_of(letter) else 1
                    reached[edge.target] = reached.get(edge.target, 0) + count * times
        places = reached
    return sum(places.values())


# ---- what matches ----

ATOMS = ["a", "b", "[ab]", ".", "/", "(?:)", "[^a]"]
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}", "*+", "++", "?+"]


def a_pattern(chance: random.Random, depth: int) -> str:
    def inner() -> str:
        return a_pattern(chance, depth - 1)

    if depth == 0 or chance.random() < 0.3:
        return chance.choice(ATOMS)
    match chance.randrange(12):
        case 0 | 1 | 2 | 3:
            return inner() + inner()
        case 4 | 5:
            return f"(?:{inner()}|{inner()})"
        case 6 | 7:
            return f"({inner()}){chance.choice(REPEATS)}"
        case 8:
            return chance.choice(["(?=", "(?!"]) + inner() + ")"
        case 9:
            return chance.choice(["(?<=", "(?<!"]) + chance.choice(["a", "b"]) + ")"
        case 10:
            return chance.choice(["$", "^", r"\b", r"\Z"])
        case _:
            return chance.choice([f"(?i:{inner()})", f"(?>{inner()})", r"(a)?(?(1)b|/)", r"(a)\1"])


@pytest.mark.parametrize("seed", range(4))
def test_what_re_matches_can_be_read_and_nothing_else_unless_it_says_so(seed: int) -> None:
    chance = random.Random(seed)
    exact = 0
    for _ in range(150):
        try:
            regex = re.compile(a_pattern(chance, 4))
        except re.error:  # two groups of one number
            continue
        graph = of(regex.pattern)
        is_exact = 0 not in graph.approximate
        exact += is_exact
        for word in ["", "/", "a/", *chance.sample(WORDS, 15)]:
            is_read, is_matched = matches(graph, word), regex.match(word) is not None
            assert is_read is is_matched or (is_read and not is_exact), (regex, word)
    assert 50 < exact < 150


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a$", ["a"], ["ab"]),
        (r"a\Z", ["a"], ["ab"]),
        ("(?:a|b$)", ["a", "ab", "b"], ["ba"]),
        ("^a", ["a"], ["b"]),
        ("a++a", [], ["a", "aa"]),  # it never gives back what it took
        ("a*+[ab]/", ["b/", "aab/"], ["a/", "aa/"]),
        ("(?>a*)b", ["b", "ab"], ["a"]),
        ("a(?=b)", ["ab"], ["a", "aa"]),
        ("a(?!b)", ["a", "aa"], ["ab"]),
        ("a(?=b|$)", ["a", "ab"], ["aa", "a/"]),
        ("a(?!/|$)", ["ab"], ["a", "a/"]),
        ("(?!)a", [], ["a"]),
        ("(?:(?!b)[ab])*$", ["", "aaa"], ["b", "ab"]),
        ("(?:)", ["", "a"], []),
        ("(?i:A)b", ["ab"], ["b"]),
        ("a{20}$", ["a" * 20], ["a" * 19, "a" * 21]),
    ],
)
def test_what_is_exact(pattern: str, yes: list[str], no: list[str]) -> None:
    graph = of(pattern)
    assert graph.approximate == {}
    assert [text for text in [*yes, *no] if matches(graph, text)] == yes
    regex = re.compile(pattern)
    assert [text for text in [*yes, *no] if regex.match(text)] == yes


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(a)\1", "a back-reference"),
        ("(a)?(?(1)b|/)", "a conditional group"),
        ("(?>a|ab)b", "an atomic group or a possessive repeat"),
        ("(?:ab?)++b", "an atomic group or a possessive repeat"),
        ("(?=ab)a", "a look-ahead"),
        ("(?!a*b)a", "a look-ahead"),
        ("a(?<=a)b", "a look-behind"),
        ("a(?<!b)b", "a look-behind"),
        (r"a\bb", "a beginning or a word boundary within it"),
        ("a^b", "a beginning or a word boundary within it"),
        (r"a\Bb(?<=b)", "a beginning or a word boundary within it"),  # the first of two
    ],
)
def test_what_is_read_too_widely_is_named(pattern: str, said: str) -> None:
    assert of(pattern).approximate == {0: said}


def test_a_back_reference_reads_what_its_group_might() -> None:
    graph = of(r"(a|b)/\1$")
    assert matches(graph, "a/a")
    assert matches(graph, "a/b")
    assert not matches(graph, "a//")
    assert matches(of(r"(?i:(a))\1$"), "aa")


# ---- in how many ways ----


class Ways:
    """Goes all the ways that `re` can go through a text, and counts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.count = 0  # of the ways in which the last character is read

    def sequence(self, items: Sequence[Any], at: int, index: int = 0) -> Iterator[int]:
        if index == len(items):
            yield at
            return
        for reached in self.item(str(items[index][0]), items[index][1], at):
            yield from self.sequence(items, reached, index + 1)

    def item(self, operator: str, argument: Any, at: int) -> Iterator[int]:
        match operator:
            case "LITERAL":
                yield from self.read({argument}, at)
            case "IN":
                yield from self.read({code for _, code in argument}, at)
            case "ANY":
                yield from self.read({*range(256)}, at)
            case "SUBPATTERN":
                yield from self.sequence(argument[-1], at)
            case "BRANCH":
                for branch in argument[1]:
                    yield from self.sequence(branch, at)
            case _:
                low, high, body = argument
                yield from self.repeat(low, high, body, at, 0)

    def read(self, codes: set[int], at: int) -> Iterator[int]:
        if at < len(self.text) and ord(self.text[at]) in codes:
            self.count += at == len(self.text) - 1
            yield at + 1

    def repeat(
        self, low: int, high: int, body: Sequence[Any], at: int, count: int
    ) -> Iterator[int]:
        if count < high:
            for reached in self.sequence(body, at):
                yield from self.repeat(low, high, body, reached, count + 1)
        if count >= low:
            yield at


def counted(pattern: str, text: str) -> int:
    ways = Ways(text)
    for _ in ways.sequence(list(parsed(re.compile(pattern))), 0):
        if ways.count > 1:
            break
    return ways.count


def ambiguous(chance: random.Random, depth: int) -> tuple[str, bool]:
    """A pattern without a repeat of what may be empty, and whether it may be empty itself."""
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(["a", "b", "[ab]", "."]), False
    (one, is_empty), (other, other_is_empty) = (ambiguous(chance, depth - 1) for _ in range(2))
    match chance.randrange(8):
        case 0 | 1 | 2:
            return one + other, is_empty and other_is_empty
        case 3 | 4:
            return f"(?:{one}|{other})", is_empty or other_is_empty
        case _ if is_empty:
            return f"(?:{one}){other}", other_is_empty
        case _:
            repeat = chance.choice(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}"])
            return f"(?:{one}){repeat}", repeat[0] in "*?" or repeat == "{0,2}"


@pytest.mark.parametrize("seed", range(4))
def test_ways_are_one_or_more_than_one_as_in_re(seed: int) -> None:
    chance = random.Random(seed)
    several = 0
    for _ in range(100):
        pattern, _ = ambiguous(chance, 4)
        graph = of(pattern)
        for word in chance.sample(WORDS[1:], 8):
            expected = min(counted(pattern, word), 2)
            assert min(ways(graph, word), 2) == expected, (pattern, word)
            several += expected == 2
    assert several > 50


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("(a+)+", "aa", 2),
        ("(a+)+", "aaa", 4),
        ("(a*)*", "aa", 2),
        ("((a*)*)*", "aa", 2),  # never a third time
        ("(a)+", "aaaa", 1),
        ("(?:a|a)*", "aaa", 4),  # `re` has it as a(?:|)
        ("(?:(a)|[ab])*", "aa", 4),
        ("a*a*", "aa", 3),
        ("(?:a?){1,2}", "a", 2),
        ("(?:a?){1,30}", "aa", 2),  # counted rounds may be empty: any of them
        ("(?:a?)+", "aa", 1),
        ("(?:a){1,30}", "aa", 1),
        ("(?:a(?!/))*", "aa", 1),
        ("a*?a", "aa", 2),
    ],
)
def test_ways_through_some(pattern: str, text: str, expected: int) -> None:
    assert ways(of(pattern), text) == expected


def test_a_way_counts_twice_on_those_characters_alone_on_which_it_is_two() -> None:
    graph = of("(?:|(?=a))[ab]")
    [edge] = graph.edges[0]
    assert letters_of(edge.once) == ["a", "b"]
    assert letters_of(edge.twice) == ["a"]
    [edge] = of("(?:(?=a)|(?=b))[ab]").edges[0]
    assert letters_of(edge.once) == ["a", "b"]
    assert edge.twice == 0


# ---- how it is drawn ----


@pytest.mark.parametrize(
    ("pattern", "positions"),
    [
        ("", 0),
        ("ab", 2),
        ("a{3}", 3),
        ("a{40}", 40),  # one way through: exactly so many
        ("a{2,4}", 4),
        ("a{0,16}", 16),
        ("a{0,17}", 1),  # taken as endless
        ("a{3,17}", 3),
        ("a{5,}", 5),
        ("a{20,}", 20),
        ("(?:a|bb){20}", 3 * 16),
        ("(?:a|bb){3,}", 3 * 3),
        ("a{0}", 0),
        ("(?:a{2}){2}", 4),
        ("(?>a)b", 2),
    ],
)
def test_repeats_are_written_out_as_far_as_they_may_be(pattern: str, positions: int) -> None:
    graph = of(pattern)
    assert len(graph.positions) == len(graph.edges) == len(graph.accepts) == 1 + positions


def test_positions_read_what_can_be_sent() -> None:
    graph = of("[a-z].\u4e2d")
    assert [letters_of(each.mask) for each in graph.positions] == [
        [], ["a", "b"], ["a", "b", "/"], [],
    ]  # fmt: skip
    assert matches(graph, "a/\u4e2d") is False


def test_what_an_atomic_group_took_is_marked() -> None:
    atoms = [len(each.atoms) for each in of("(?>(?>ab?|a)c?|d)/(?>a|ab)").positions]
    assert atoms == [0, 2, 2, 1, 1, 0, 1, 1]
    first, last = of("(?>a|ab)(?>b|ba)").positions[1], of("(?>a|ab)(?>b|ba)").positions[-1]
    assert first.atoms.isdisjoint(last.atoms)
    # In a loop it can be gone through in more than one way, after all.
    assert not any(each.atoms for each in of("(?:(?>a|ab))+").positions)


@pytest.mark.parametrize(
    "pattern", ["(?=(?:a+)+b)", "(?!(?:a+)+b)", "(?<!a)(?=(?:a|b|ab)*/)", "(?>(?:a+)+)b"]
)
def test_what_may_backtrack_badly_by_itself_has_an_end_of_its_own(pattern: str) -> None:
    graph = of(pattern)
    worlds = {each.world for each in graph.positions}
    assert len(worlds) == 2
    [world] = worlds - {0}
    ends = [n for n, each in enumerate(graph.positions) if each.world == world and graph.accepts[n]]
    assert ends
    for number, position in enumerate(graph.positions):
        for edge in graph.edges[number]:
            assert position.world in (0, graph.positions[edge.target].world)  # no way back


def test_a_side_track_is_a_pattern_of_its_own() -> None:
    """Neither the groups nor the loops around it, nor their ends, are its own."""

    def atoms(pattern: str) -> list[int]:
        positions = of(pattern).positions
        return [len(each.atoms) for each in positions if each.world]

    assert set(atoms("(?>(?=(?:a+)+b)a|ab)")) == {0}
    assert atoms("(?:(?=(?>a|ab)(?:a+)+b)a)*").count(1) == 2
    empty = of("(?=(?:(?:a+)+b)?)/")
    assert {each.world for each in empty.positions} != {0}
    assert empty.accepts[0] == 0


@pytest.mark.parametrize("pattern", ["(?=ab)a", "(?!a+b)a", "(?>ab|a)b"])
def test_what_can_not_has_none(pattern: str) -> None:
    assert {each.world for each in of(pattern).positions} == {0}


def test_what_is_read_too_widely_on_a_side_track_is_named_for_that() -> None:
    graph = of(r"(?=(?:a+)+(?<=a)b)a")
    [world] = {each.world for each in graph.positions} - {0}
    assert graph.approximate == {0: "a look-ahead", world: "a look-behind"}


# ---- limits ----


def test_what_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_STATES", 50)
    of("a" * 49)
    with pytest.raises(TooMuch, match="too large"):
        of("a" * 50)


def test_too_many_ways_are_too_much_work() -> None:
    pattern = "(?:a?b?){12}"
    of(pattern)
    with pytest.raises(TooMuch, match="too many ways"):
        of(pattern, steps=100)
    with pytest.raises(TooMuch, match="too many ways"):
        of("(?:|)" * 20 + "a", steps=50)


def test_a_part_of_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "parsed", lambda regex: [("NEW", None)])
    with pytest.raises(TooMuch, match=r"a part that is not known here \(NEW\)"):
        of("a")
