"""An automaton of positions accepts what `re` matches with the same expression."""

from __future__ import annotations

import itertools
import random
import re

import pytest

from tornkit.regex.automata import positions as module
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
)
from tornkit.regex.automata.positions import Positions, TooLarge, members

A, B = (Letters(mask_of(letter)) for letter in "ab")
EITHER = Letters(mask_of("ab"))
WORDS = ["".join(word) for size in range(6) for word in itertools.product("ab", repeat=size)]


def accepted(positions: Positions, text: str) -> bool:
    """Go through the automaton as its docstring says."""
    reached = 1
    for letter in text:
        following = 0
        for position in members(reached):
            following |= positions.follow[position]
        reached = sum(
            1 << each for each in members(following) if positions.letters[each] >> ord(letter) & 1
        )
    return bool(reached & positions.ends)


def pattern_of(expression: Expression) -> str:
    match expression:
        case Letters(mask):
            return f"[{''.join(letters_of(mask))}]" if mask else "(?!)"
        case Seq(parts):
            return "".join(pattern_of(part) for part in parts)
        case Alt(parts):
            return f"(?:{'|'.join(pattern_of(part) for part in parts) if parts else '(?!)'})"
        case Repeat(part, low, high):
            return f"(?:{pattern_of(part)}){{{low},{'' if high is None else high}}}"
        case _:
            raise TypeError(expression)


def an_expression(chance: random.Random, depth: int) -> Expression:
    if depth == 0 or chance.random() < 0.2:
        leaves: list[Expression] = [A, B, EITHER, EMPTY, A, B, NEVER, Letters(0)]
        return chance.choice(leaves)
    parts = tuple(an_expression(chance, depth - 1) for _ in range(chance.randint(0, 3)))
    match chance.randrange(3):
        case 0:
            return Seq(parts)
        case 1:
            return Alt(parts)
        case _:
            low = chance.randint(0, 2)
            high = chance.choice([None, low, low + 1, low + 2])
            return Repeat(an_expression(chance, depth - 1), low, high)


@pytest.mark.parametrize("seed", range(5))
def test_the_same_words_are_accepted(seed: int) -> None:
    chance = random.Random(seed)
    some = 0
    for _ in range(60):
        expression = an_expression(chance, 4)
        regex, positions = re.compile(pattern_of(expression)), Positions(expression)
        matching = [word for word in WORDS if regex.fullmatch(word)]
        assert [word for word in WORDS if accepted(positions, word)] == matching, expression
        some += 0 < len(matching) < len(WORDS)
    assert some > 20


@pytest.mark.parametrize(
    "expression",
    [
        Repeat(Seq((Repeat(A, 0, 1), Repeat(B, 0, 1))), 1, 3),  # whose parts may be empty
        Repeat(Repeat(A, 0, 2), 2, 3),
        Repeat(Alt((EMPTY, A)), 2, None),
        Seq((Repeat(A, 0, None), Repeat(B, 0, None), A)),
        Repeat(Seq((A, B)), 2, 4),
        Repeat(A, 0, 0),
        Repeat(Seq((A, Repeat(B, 0, 2))), 0, 2),
    ],
)
def test_repeats_of_what_may_be_empty_can_be_passed_by(expression: Expression) -> None:
    regex, positions = re.compile(pattern_of(expression)), Positions(expression)
    for word in WORDS:
        assert accepted(positions, word) is bool(regex.fullmatch(word)), word


def test_each_letter_in_it_is_one_position() -> None:
    positions = Positions(Seq((A, Repeat(B, 0, None), Alt((A, EITHER)))))
    assert positions.letters == [0, A.mask, B.mask, A.mask, EITHER.mask]
    assert [set(members(mask)) for mask in positions.follow] == [
        {1}, {2, 3, 4}, {2, 3, 4}, set(), set(),
    ]  # fmt: skip
    assert set(members(positions.ends)) == {3, 4}


def test_each_copy_of_a_counted_repeat_follows_but_one_other() -> None:
    positions = Positions(Repeat(A, 2, 40))
    assert [set(members(mask)) for mask in positions.follow[:-1]] == [{n + 1} for n in range(40)]
    assert set(members(positions.ends)) == set(range(2, 41))


def test_the_empty_string_is_accepted_at_the_start() -> None:
    assert Positions(EMPTY).ends == 1
    assert Positions(NEVER).ends == 0
    assert Positions(Repeat(A, 0, 1)).ends & 1


@pytest.mark.parametrize("expression", [Not(A), And(A, B), Seq((A, Not(B))), Repeat(Not(A), 0, 1)])
def test_what_is_not_plain_is_refused(expression: Expression) -> None:
    with pytest.raises(TypeError, match="is not plain"):
        Positions(expression)


def test_as_many_positions_as_are_allowed_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_POSITIONS", 50)
    assert len(Positions(Repeat(A, 50, 50)).letters) == 1 + 50
    for larger in (Repeat(A, 51, 51), Repeat(A, 0, 51), Seq((Repeat(A, 50, None), B))):
        with pytest.raises(TooLarge):
            Positions(larger)


def test_members_of_a_set_come_in_order() -> None:
    assert list(members(0)) == []
    assert list(members(1)) == [0]
    assert list(members(0b1011 | 1 << 500)) == [0, 1, 3, 500]
