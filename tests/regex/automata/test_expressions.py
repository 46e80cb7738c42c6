"""Expressions are built in their simplest form, and say whether they are empty or plain."""

from __future__ import annotations

import itertools

import pytest

from tornkit.regex.automata.alphabet import mask_of
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
    alt,
    anything,
    both,
    complement,
    is_plain,
    letters,
    nullable,
    repeat,
    seq,
)

A, B, C = (Letters(mask_of(letter)) for letter in "abc")
ALL = mask_of("abc")


def test_no_letters_are_no_string() -> None:
    assert letters(0) == NEVER
    assert letters(mask_of("a")) == A


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], EMPTY),
        ([A], A),
        ([A, B], Seq((A, B))),
        ([A, Seq((B, C)), A], Seq((A, B, C, A))),
        ([EMPTY, A, EMPTY], A),
        ([EMPTY, EMPTY], EMPTY),
        ([A, NEVER, B], NEVER),
        ([Alt((A, B)), C], Seq((Alt((A, B)), C))),
    ],
)
def test_one_after_the_other(parts: list[Expression], expected: Expression) -> None:
    assert seq(parts) == expected
    assert seq(iter(parts)) == expected


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], NEVER),
        ([A], A),
        ([A, B], Alt((A, B))),
        ([B, A, B, B], Alt((B, A))),  # in the order in which they came
        ([A, Alt((B, A, C))], Alt((A, B, C))),
        ([NEVER, A, NEVER], A),
        ([A, A], A),
        ([EMPTY, A], Alt((EMPTY, A))),
    ],
)
def test_any_of_them(parts: list[Expression], expected: Expression) -> None:
    assert alt(parts) == expected
    assert alt(iter(parts)) == expected


@pytest.mark.parametrize(
    ("part", "low", "high", "expected"),
    [
        (A, 1, 1, A),
        (A, 0, 1, Repeat(A, 0, 1)),
        (A, 2, None, Repeat(A, 2, None)),
        (A, 0, 0, EMPTY),
        (EMPTY, 3, None, EMPTY),
        (EMPTY, 0, 0, EMPTY),
        (NEVER, 0, None, EMPTY),
        (NEVER, 1, None, NEVER),
        (NEVER, 1, 1, NEVER),
        (NEVER, 0, 0, EMPTY),
    ],
)
def test_repeats(part: Expression, low: int, high: int | None, expected: Expression) -> None:
    assert repeat(part, low, high) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (A, A, A),
        (A, B, And(A, B)),
        (A, NEVER, NEVER),
        (EMPTY, A, NEVER),
        (EMPTY, Repeat(A, 0, None), EMPTY),
        (EMPTY, NEVER, NEVER),
        (EMPTY, Not(A), EMPTY),
    ],
)
def test_both_at_once(left: Expression, right: Expression, expected: Expression) -> None:
    assert both(left, right) == expected
    assert both(right, left) == (And(right, left) if expected == And(left, right) else expected)


def test_a_complement_of_a_complement_is_what_it_was() -> None:
    assert complement(A) == Not(A)
    assert complement(complement(A)) == A
    assert complement(Not(Alt((A, B)))) == Alt((A, B))


PARTS: list[Expression] = [
    *(A, EMPTY, NEVER, Repeat(A, 0, 2), Repeat(B, 1, None), anything(ALL), Not(EMPTY), Not(A)),
]


def test_the_empty_string_is_found_in_what_it_is_in() -> None:
    is_empty = dict(zip(PARTS, (0, 1, 0, 1, 0, 1, 0, 1), strict=True))
    for part, expected in is_empty.items():
        assert nullable(part) is bool(expected), part
        assert nullable(Not(part)) is not bool(expected)
        assert nullable(Repeat(part, 0, 1))
        assert nullable(Repeat(part, 2, None)) is bool(expected)
    for one, other in itertools.product(PARTS, repeat=2):
        first, second = bool(is_empty[one]), bool(is_empty[other])
        assert nullable(Seq((one, other))) is nullable(And(one, other)) is (first and second)
        assert nullable(Alt((one, other))) is (first or second)


def test_what_is_plain_has_neither_an_intersection_nor_a_complement_anywhere() -> None:
    plain = Seq((A, Alt((B, Repeat(Seq((A, C)), 0, None))), EMPTY, NEVER))
    assert is_plain(plain)
    for other in (Not(A), And(A, B)):
        assert not is_plain(other)
        for around in (
            Seq((A, other)),
            Alt((A, other, B)),
            Repeat(other, 0, 1),
            Seq((A, Alt((B, Repeat(other, 1, None))))),
        ):
            assert not is_plain(around)


def test_equal_expressions_are_one_in_a_set() -> None:
    assert {Seq((A, B)), seq([A, B]), seq([seq([A]), B])} == {Seq((A, B))}
    assert Repeat(A, 0, None) != Repeat(A, 0, 1)
