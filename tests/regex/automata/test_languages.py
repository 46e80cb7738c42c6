"""A machine has the words of its expression, and is dead or universal only where it is so."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tornkit.regex.automata import positions
from tornkit.regex.automata.alphabet import letters_of, mask_of
from tornkit.regex.automata.expressions import (
    EMPTY,
    NEVER,
    Alt,
    And,
    Expression,
    Letters,
    Not,
    Repeat,
    Seq,
    anything,
    is_plain,
)
from tornkit.regex.automata.languages import Language, Plain, language
from tornkit.regex.automata.positions import TooLarge

UNIVERSE = mask_of("ab")
LONGEST = 4
WORDS = [
    "".join(word) for size in range(LONGEST + 1) for word in itertools.product("ab", repeat=size)
]
A, B, EITHER = Letters(mask_of("a")), Letters(mask_of("b")), Letters(UNIVERSE)
ALL = anything(UNIVERSE)


def words_of(expression: Expression) -> set[str]:
    """The short strings of an expression, by its definition."""
    match expression:
        case Letters(mask):
            return set(letters_of(mask & UNIVERSE))
        case Seq(parts):
            found = {""}
            for part in parts:
                found = joined(found, words_of(part))
            return found
        case Alt(parts):
            return set().union(*map(words_of, parts))
        case Repeat(part, low, high):
            return repeated(words_of(part), low, high)
        case And(left, right):
            return words_of(left) & words_of(right)
        case Not(part):
            return set(WORDS) - words_of(part)


def joined(one: set[str], other: set[str]) -> set[str]:
    return {a + b for a in one for b in other if len(a + b) <= LONGEST}


def repeated(words: set[str], low: int, high: int | None) -> set[str]:
    found, last = set[str](), {""}
    for count in range(LONGEST + low + 1 if high is None else high + 1):
        if count >= low:
            found |= last
        last = joined(last, words)
    return found


def an_expression(chance: random.Random, depth: int, *, plain: bool = False) -> Expression:
    """One of those that can be a machine: what is repeated is plain."""
    if depth == 0 or chance.random() < 0.15:
        leaves: list[Expression] = [A, B, EITHER, EMPTY, NEVER, ALL, A, B, Letters(0)]
        return chance.choice(leaves)

    def inner() -> Expression:
        return an_expression(chance, depth - 1, plain=plain)

    match chance.randrange(3 if plain else 6):
        case 0:
            return Seq(tuple(inner() for _ in range(chance.randint(1, 3))))
        case 1:
            return Alt(tuple(inner() for _ in range(chance.randint(0, 3))))
        case 2:
            low = chance.randint(0, 2)
            part = an_expression(chance, depth - 1, plain=True)
            return Repeat(part, low, chance.choice([None, low, low + 1]))
        case 3 | 4:
            return And(inner(), inner())
        case _:
            return Not(inner())


def states(machine: Language) -> Iterator[tuple[str, Any]]:
    """Each short word, with the state behind it."""
    yield "", machine.start
    reached = {"": machine.start}
    for word in WORDS[1:]:
        reached[word] = machine.step(reached[word[:-1]], word[-1])
        yield word, reached[word]


@pytest.mark.parametrize("seed", range(6))
def test_a_machine_contains_the_words_of_its_expression(seed: int) -> None:
    chance = random.Random(seed)
    kinds: set[str] = set()
    for _ in range(80):
        expression = an_expression(chance, 3)
        machine, expected = language(expression, UNIVERSE), words_of(expression)
        kinds.add(type(machine).__name__)
        assert {word for word in WORDS if machine.contains(word)} == expected, expression
        for word, state in states(machine):
            beginning = [other for other in WORDS if other.startswith(word)]
            assert machine.accepts(state) is (word in expected)
            if machine.is_dead(state):
                assert expected.isdisjoint(beginning), (expression, word)
            if machine.is_universal(state):
                assert expected.issuperset(beginning), (expression, word)
    assert kinds == {"Plain", "Complement", "Both", "Either", "Concatenation"}


@pytest.mark.parametrize("seed", range(3))
def test_letters_that_no_mask_tells_apart_lead_to_one_state(seed: int) -> None:
    chance = random.Random(seed)
    pairs = [Letters(mask_of(pair)) for pair in ("ab", "cd")]
    both: list[Expression] = [*pairs, EMPTY, anything(mask_of("abcd"))]
    for _ in range(20):
        parts = tuple(chance.choice(both) for _ in range(4))
        expression = And(Not(Seq(parts[:2])), Alt((Seq(parts[2:]), Not(Seq(parts)))))
        machine = language(expression, mask_of("abcd"))
        for mask in machine.masks:
            assert mask in (0, mask_of("ab"), mask_of("cd"), mask_of("abcd"))
        for word in ("", "a", "ac", "cab"):
            state = machine.start
            for letter in word:
                state = machine.step(state, letter)
            assert machine.step(state, "a") == machine.step(state, "b")
            assert machine.step(state, "c") == machine.step(state, "d")
            hash(state)


def test_every_set_of_letters_is_among_the_masks() -> None:
    for expression in (
        Seq((A, B)),
        And(A, Not(B)),
        Alt((A, Not(B))),
        Seq((A, Not(B))),
        Seq((Not(A), B)),
        Not(Seq((Not(B), Not(A)))),
    ):
        assert language(expression, UNIVERSE).masks == {mask_of("a"), mask_of("b")}


# ---- where a search can stop ----


@pytest.mark.parametrize(
    ("expression", "dead", "universal"),
    [
        (A, "b", ""),
        (Seq((A, B)), "aa", ""),
        (Seq((A, ALL)), "b", "a"),
        (NEVER, "", ""),
        (ALL, "", ""),
        (Not(Seq((A, ALL))), "a", "b"),
        (Not(NEVER), "", "a"),
        (And(Seq((A, ALL)), Seq((EITHER, B, ALL))), "b", "ab"),
        (And(Not(Seq((A, B, ALL))), Seq((A, ALL))), "b", ""),
        (Alt((Seq((A, ALL)), Not(Seq((A, A, ALL))))), "", "a"),
        (Seq((A, Not(Seq((B, ALL))))), "ab", "aa"),
        (Seq((Not(A), NEVER)), "", ""),
    ],
)
def test_simple_ends_are_seen(expression: Expression, dead: str, universal: str) -> None:
    """``dead`` and ``universal`` are words behind which the machine says so; "" for none."""
    machine = language(expression, UNIVERSE)
    found = dict(states(machine))
    if dead:
        assert machine.is_dead(found[dead])
        assert not machine.is_universal(found[dead])
    if universal:
        assert machine.is_universal(found[universal])
        assert not machine.is_dead(found[universal])


def test_nothing_and_everything_are_known_from_the_start() -> None:
    for never in (NEVER, Letters(0), Not(ALL), Seq((A, NEVER)), And(NEVER, Not(A))):
        machine = language(never, UNIVERSE)
        assert machine.is_dead(machine.start), never
        assert not machine.is_universal(machine.start)
    for always in (ALL, Not(NEVER), Alt((ALL, Not(A))), Repeat(EITHER, 0, None)):
        machine = language(always, UNIVERSE)
        assert machine.is_universal(machine.start), always
        assert not machine.is_dead(machine.start)


def test_a_way_that_leads_nowhere_is_not_gone() -> None:
    machine = Plain(Alt((Seq((A, B)), Seq((A, Letters(0), A)))), UNIVERSE)
    after = machine.step(machine.start, "a")
    assert after == Plain(Seq((A, B)), UNIVERSE).step(1, "a")
    assert machine.is_dead(machine.step(after, "a"))


def test_letters_outside_of_the_universe_are_not_read() -> None:
    machine = language(Letters(mask_of("abc")), UNIVERSE)
    assert machine.contains("a")
    assert not machine.contains("c")
    assert machine.masks == {UNIVERSE}
    everything = language(anything(mask_of("abc")), UNIVERSE)
    assert everything.is_universal(everything.start)


# ---- which machine ----


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        (Seq((A, Repeat(B, 0, None))), "Plain"),
        (And(A, B), "Both"),
        (Not(A), "Complement"),
        (Alt((A, Not(B))), "Either"),
        (Alt((Not(A), Not(B))), "Either"),
        (Seq((Not(A),)), "Complement"),
        (Seq((A, Not(B))), "Concatenation"),
        (Seq((Not(A), B)), "Concatenation"),
    ],
)
def test_an_expression_has_the_simplest_machine(expression: Expression, kind: str) -> None:
    assert type(language(expression, UNIVERSE)).__name__ == kind
    assert (kind == "Plain") is is_plain(expression)


def test_what_is_plain_in_a_choice_becomes_one_machine() -> None:
    machine: Any = language(Alt((A, Not(A), Seq((A, B)), B)), UNIVERSE)
    assert len(machine.start) == 2


def test_a_repeat_of_what_is_not_plain_is_refused() -> None:
    for part in (Not(A), And(A, B), Seq((A, Not(B)))):
        with pytest.raises(TypeError, match="no regular machine"):
            language(Repeat(part, 0, None), UNIVERSE)
        with pytest.raises(TypeError, match="no regular machine"):
            language(Seq((A, Repeat(part, 1, 2))), UNIVERSE)


def test_what_is_too_large_is_refused_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(positions, "MOST_POSITIONS", 50)
    large = Repeat(A, 60, None)
    for expression in (large, Not(large), And(A, Not(large)), Seq((Not(A), large))):
        with pytest.raises(TooLarge):
            language(expression, UNIVERSE)
