"""The analysis, against a backtracking matcher that counts its steps."""

from __future__ import annotations

import contextlib
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tornkit.regex.automata.alphabet import WIRE
from tornkit.regex.backtracking.attack import Suspicion, suspicion
from tornkit.regex.backtracking.budget import TooMuch
from tornkit.regex.backtracking.shape import worth_a_look
from tornkit.regex.patterns.pattern import parsed

EXPONENTIAL = [
    r"(a+)+$",
    r"(a*)*$",
    r"(a|a)*$",
    r"(a|aa)+$",
    r"(?:a*b*)*$",
    r"(?:a|b|ab)*c$",
    r"(?:a|b|ab)*?c$",
    r"^(\w+\s?)*$",
    r"(x+x+)+y",
    r"/(.*)*x",
    r"([a-z0-9]+-?)+$",
    r"/(?:[^/]+-?)+/edit$",
    r"(\d+|[0-9a-f]+)*$",
    r"(a{1,30}){1,30}$",
    r"(?:a?){30}a{30}$",
    r"(?:(?:a+)+b|.*)$",
    r"(.+)*\1$",
    r"(?>(a+)+b)",
    r"(?:(?>a)+)+b",
    r"(?=(a+)+b)x",
    r"/(?!(?:[a-z]+)+!)x",
    r"((.{0,2})+?b)++$",
    r"(?i)/([a-z]|A)*/$|/(a+)+$",
    r"/(é+)+$",
    r"([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}[a-z]{2,3}$",
]
POLYNOMIAL = [
    (r".*.*.*x", 3),
    (r"/(.*)/(.*)/(.*)/edit$", 3),
    (r"/([^/]+)-([^/]+)/([^/]+)-([^/]+)/edit$", 3),
    (r"\d*\d*\d*\d*$", 4),
    (r"(aaa)+(?:.|.+).[ab]*?b+c", 4),
    (r"(aaa)+(?:.|.+).[ab]*?b+(?:b.b|a|b)", 3),  # done where there is a b
    (r"(a+){5}$", 5),
    (r"[a-z]+[a-z0-9]+\w+(?<!x)$", 3),
]
SAFE = [
    r"([^/]+)/([^/]+)$",
    r"/([^/]+)/([^/]+)/([^/]+)$",
    r"/(.*)/(.*)/(.*)$",
    r"\s*a\s*\s*$",
    r"/(.*)/(.*)/edit$",
    r"(a+b)+$",
    r"(?:[a-z]+/)*[a-z]+$",
    r"(?>a+)+b",
    r"(a++)+b",
    r"(?>(a+)+)b",
    r"(a+)+",
    r"/(?:/[^/]+)*/?$",
    r"(?:\d{1,3}\.){3}\d{1,3}$",
    r"(?:[a-z]{1,64}\.)*$",
    r"(?:ab|ac|ad)*$",
    r"(?:(?!x)a)*$",
    r"(?:a?b)*$",
    r"(?!)(a+)+$",
    "(\u4e2d+)+$",
]


def analysed(pattern: str) -> Suspicion | None:
    regex = re.compile(pattern)
    return suspicion(regex, WIRE) if worth_a_look(regex) else None


class TooManySteps(Exception):
    pass


class Matcher:
    """`re`'s way to match, in the open: it counts how often it looks at something."""

    def __init__(self, text: str, most: int) -> None:
        self.text, self.most, self.steps = text, most, 0

    def sequence(self, items: Sequence[Any], at: int, index: int = 0) -> Iterator[int]:
        if index == len(items):
            yield at
            return
        for reached in self.item(str(items[index][0]), items[index][1], at):
            yield from self.sequence(items, reached, index + 1)

    def item(self, operator: str, argument: Any, at: int) -> Iterator[int]:
        self.step()
        here = ord(self.text[at]) if at < len(self.text) else None
        match operator:
            case "LITERAL" if here == argument:
                yield at + 1
            case "IN" if any(here == code for _, code in argument):
                yield at + 1
            case "ANY" if here is not None:
                yield at + 1
            case "SUBPATTERN":
                yield from self.sequence(argument[-1], at)
            case "BRANCH":
                for branch in argument[1]:
                    yield from self.sequence(branch, at)
            case "AT" if here is None:
                yield at
            case "MAX_REPEAT" | "MIN_REPEAT":
                low, high, body = argument
                yield from self.repeat(low, high, body, at, lazy=operator == "MIN_REPEAT")
            case "ATOMIC_GROUP":
                yield from itertools.islice(self.sequence(argument, at), 1)
            case "POSSESSIVE_REPEAT":
                low, high, body = argument
                yield from itertools.islice(self.repeat(low, high, body, at, lazy=False), 1)

    def repeat(
        self, low: int, high: int, body: Sequence[Any], at: int, count: int = 0, *, lazy: bool
    ) -> Iterator[int]:
        self.step()
        if lazy and count >= low:
            yield at
        if count < high:
            for reached in self.sequence(body, at):
                if reached > at or count < low:
                    yield from self.repeat(low, high, body, reached, count + 1, lazy=lazy)
        if not lazy and count >= low:
            yield at

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.most:
            raise TooManySteps


def steps(regex: re.Pattern[str], text: str, most: int = 1_000_000) -> int:
    """How many a match takes, ``most`` if more."""
    matcher = Matcher(text, most)
    try:
        next(matcher.sequence(list(parsed(regex)), 0), None)
    except TooManySteps:
        return most
    return matcher.steps


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_exponential_patterns_are_suspected(pattern: str) -> None:
    found = analysed(pattern)
    assert found is not None
    assert any(attack.exponential for attack in found.attacks)


@pytest.mark.parametrize(("pattern", "power"), POLYNOMIAL)
def test_polynomial_patterns_are_suspected(pattern: str, power: int) -> None:
    found = analysed(pattern)
    assert found is not None
    assert not found.attacks[0].exponential
    assert found.attacks[0].power == power


@pytest.mark.parametrize("pattern", SAFE)
def test_safe_patterns_are_not(pattern: str) -> None:
    assert analysed(pattern) is None


@pytest.mark.parametrize("pattern", EXPONENTIAL[:6])
@pytest.mark.thorough
def test_an_attack_doubles_the_steps_and_fails(pattern: str) -> None:
    regex, found = re.compile(pattern), analysed(pattern)
    assert found is not None
    attack = found.attacks[0]
    for suffix in attack.suffixes:
        short, long = (steps(regex, attack.text(count, suffix)) for count in (6, 12))
        assert long > 40 * short
        assert not regex.match(attack.text(6, suffix))


def random_pattern(draw: random.Random, depth: int) -> str:
    kind = draw.random()
    if depth == 0 or kind < 0.3:
        return draw.choice(["a", "b", "[ab]", "."])
    if kind < 0.55:
        return "".join(random_pattern(draw, depth - 1) for _ in range(draw.randint(2, 3)))
    if kind < 0.72:
        return "(?:" + "|".join(random_pattern(draw, depth - 1) for _ in range(2)) + ")"
    if kind < 0.75:
        return f"(?>{random_pattern(draw, depth - 1)})"
    quantifier = draw.choice(["*", "+", "?", "{0,2}", "{2}", "*?", "+?", "*+"])
    return f"({random_pattern(draw, depth - 1)}){quantifier}"


@pytest.mark.thorough
def test_what_is_not_suspected_is_no_worse_than_a_square() -> None:
    draw = random.Random(7)
    words = ["".join(word) for size in (1, 2, 3) for word in itertools.product("ab", repeat=size)]
    suspected = 0
    for _ in range(250):
        pattern = random_pattern(draw, 4) + draw.choice(["$", "c$", ""])
        if analysed(pattern) is not None:
            suspected += 1
            continue
        regex = re.compile(pattern)
        for word, suffix in itertools.product(words, ("", "c")):
            short, long = (steps(regex, word * count + suffix, 100_000) for count in (10, 20))
            if long > 6 * short and long > 2000:  # where a short string has other costs: longer
                short, long = (steps(regex, word * count + suffix) for count in (40, 80))
            assert long < 6 * short or long <= 2000, (pattern, word, suffix)
    assert suspected > 10


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 50 + "a+" + ")+" * 50 + "$",
        "(?>" * 50 + "a+b?" + ")+" * 50 + "$",
        "(?:" * 50 + "a+b?" + ")++" * 50 + "$",
        "(?=" * 50 + "a+b*a+a+" + ")" * 50 + "$",
        "(?:a|" * 40 + "b+" + ")*" * 40 + "$",
        "/" + "a" * 10_000 + "$",
        "/" + "a" * 9_000 + "(x+)+$",
        "/" + "a?" * 5_000 + "$",
        "/" + "a*" * 3_000 + "$",
        "/" + "([^/]+)-" * 300 + "$",
        "/(?:" + "|".join(f"x{n}y" for n in range(1_600)) + ")*$",
        "(a)" + "".join(rf"(\{n}\{n})" for n in range(1, 30)) + "(b+)+$",
        "(?:a{1,1000}){1,1000}$",
        "(?:|||)" * 30 + "(a*)*$",
        r"(a)?(?(1)(b+)+|c)(?<=x)\b$",
        "(?x) / ( a + ) + # c\n$",
    ],
)
def test_hostile_patterns_come_to_an_end(pattern: str) -> None:
    with contextlib.suppress(TooMuch):
        found = analysed(pattern)
        assert found is None or found.attacks


def test_what_is_read_too_widely_is_named() -> None:
    found = analysed(r"(?<=x)(a+)+$")
    assert found is not None
    assert found.approximate == "a look-behind"
