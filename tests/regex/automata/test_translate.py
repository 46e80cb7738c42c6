"""Translations against ``re`` itself, on random regexes and random strings."""

from __future__ import annotations

import random
import re

import pytest

from tornkit.regex.automata.alphabet import WIRE, mask_of
from tornkit.regex.automata.expressions import is_plain
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.search import OverBudget, SearchBudget, shortest
from tornkit.regex.automata.translate import Bound, Untranslatable, translated

LETTERS = "ab/1-"
UNIVERSE = mask_of(LETTERS)
ATOMS = ["a", "b", "/", "1", "-", ".", "[ab]", "[^/]", r"\d", r"\w", r"\W", "[^a]", "(?:)", "A"]
REPEATS = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "*?", "{2,}", "??", "*+", "?+"]
ASSERTIONS = ["$", "^", r"\b", r"\B", r"\Z", r"\A"]


def a_regex(chance: random.Random, depth: int) -> str:
    def inner() -> str:
        return a_regex(chance, depth - 1)

    if depth == 0 or chance.random() < 0.3:
        return chance.choice(ATOMS)
    match chance.randrange(12):
        case 0 | 1 | 2 | 3:
            return inner() + inner()
        case 4:
            return f"(?:{inner()}|{inner()})"
        case 5:
            return f"{inner()}|{inner()}"
        case 6 | 7:
            return f"({inner()}){chance.choice(REPEATS)}"
        case 8:
            return chance.choice(["(?=", "(?!"]) + inner() + ")"
        case 9:
            return chance.choice(["(?<=", "(?<!"]) + chance.choice(["a", "/a", "[ab]1"]) + ")"
        case 10:
            return chance.choice(ASSERTIONS)
        case _:
            return chance.choice([f"(?i:{inner()})", f"(?>{inner()})", r"(a)?(?(1)b|/)", r"(a)\1"])


def words(longest: int) -> list[str]:
    found, last = [""], [""]
    for _ in range(longest):
        last = [word + letter for word in last for letter in LETTERS]
        found += last
    return found


WORDS = words(4)


def regexes(seed: int, count: int) -> list[re.Pattern[str]]:
    chance = random.Random(seed)
    found: list[re.Pattern[str]] = []
    while len(found) < count:
        try:
            found.append(re.compile(a_regex(chance, 4)))
        except re.error:  # two groups of one number, or such a reference
            continue
    return found


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("seed", range(4))
def test_both_bounds_hold_on_random_regexes(seed: int) -> None:
    chance = random.Random(seed)
    exact = plain = 0
    for regex in regexes(seed, 250):
        over, under = (translated(regex, UNIVERSE, bound) for bound in Bound)
        exact += over.exact
        plain += is_plain(over.expression)
        most, least = (language(each.expression, UNIVERSE) for each in (over, under))
        for word in ["", "/", "a", *chance.sample(WORDS, 120)]:
            matches = regex.match(word) is not None
            said = (most.contains(word), least.contains(word))
            if over.exact and under.exact:
                assert said == (matches, matches), (regex, word)
            else:
                assert said[1] <= matches <= said[0], (regex, word)
    assert 150 < exact < 250
    assert plain > 100


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_shortest_word_is_one_and_the_shortest() -> None:
    none = 0
    for regex in regexes(9, 300):
        translation = translated(regex, UNIVERSE, Bound.OVER)
        if not translation.exact:
            continue
        try:
            found = shortest(
                language(translation.expression, UNIVERSE), [], UNIVERSE, SearchBudget(5000, 5)
            )
        except OverBudget:
            continue
        matching = [len(word) for word in WORDS if regex.match(word)]
        if found is None:
            none += 1
            assert not matching, regex
        else:
            assert regex.match(found)
            assert len(found) == min(matching, default=len(found)), regex
    assert none


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("/a|/b$", ["/a", "/aXYZ", "/b"], ["/bX", "/c"]),
        (r"/x\$", ["/x$", "/x$more"], ["/x"]),
        ("/(?!admin)[a-z]+$", ["/user", "/adm"], ["/admin", "/administrator"]),
        ("/(?!admin$)[a-z]+$", ["/administrator"], ["/admin"]),
        (r"/.*(?<!\.php)$", ["/a", "/php"], ["/a.php"]),
        (r"/\bfoo\b", ["/foo", "/foo-x"], ["/foox"]),
        ("(?i)/Ab$", ["/aB", "/AB"], ["/c"]),
        ("(?x)/a  b # comment\n$", ["/ab"], ["/a b"]),
        ("/(?i:a)b$", ["/Ab"], ["/aB"]),
        ("/(a$|b$)", ["/a", "/b"], ["/ab"]),
        ("/a(?:/(?!x).*)?$", ["/a", "/a/y"], ["/a/x", "/ab"]),
        ("/é", ["/é"], ["/e"]),
    ],
)
def test_what_tables_hold(pattern: str, yes: list[str], no: list[str]) -> None:
    translation = translated(re.compile(pattern), WIRE, Bound.OVER)
    assert translation.exact
    machine = language(translation.expression, WIRE)
    assert [word for word in [*yes, *no] if machine.contains(word)] == yes


@pytest.mark.parametrize(
    "pattern", [r"/(a)\1", "/(?>a+)b", "/a++b", "/(a)?(?(1)b|c)", "/(?:a(?=b)b)+"]
)
def test_what_can_only_be_bounded_says_so(pattern: str) -> None:
    regex = re.compile(pattern)
    assert not translated(regex, WIRE, Bound.OVER).exact
    under = language(translated(regex, WIRE, Bound.UNDER).expression, WIRE)
    assert not under.contains("/anything")


def test_nesting_is_translated_or_refused_as_deep_as_python_takes_it() -> None:
    depths = []
    for depth in range(50, 2000, 50):
        try:
            regex = re.compile("/" + "(?:a" * depth + ")?" * depth)
        except RecursionError:
            break
        depths.append(depth)
        try:
            assert translated(regex, WIRE, Bound.OVER).exact
        except Untranslatable:
            assert depth > 50
    assert depths


def test_branches_that_multiply_are_refused() -> None:
    with pytest.raises(Untranslatable, match="branches"):
        translated(re.compile("(?:a$|b$|c)" * 12), WIRE, Bound.OVER)
