"""A look at a pattern's shape dismisses what can't backtrack badly, and nothing else."""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest

from tornkit.regex.automata.alphabet import mask_of
from tornkit.regex.backtracking import shape
from tornkit.regex.backtracking.shape import (
    LONG,
    POWER,
    UNLIMITED,
    below,
    inner_flags,
    is_rigid,
    is_suspicious,
    mask_of_item,
    takes_one,
    worth_a_look,
)

_parser: Any = importlib.import_module("re._parser")


def tree(pattern: str, flags: int = 0) -> Any:
    return _parser.parse(pattern, flags)


def looked_at(pattern: str, flags: int = 0) -> bool:
    return worth_a_look(re.compile(pattern, flags))


# ---- choices that are repeated ----


@pytest.mark.parametrize(
    "pattern",
    [
        *("(a+)+", "(a*)*", "(?:a?)*", "(a|bc)+", "(?:a?b)*", "(?:[ab]{1,2})+", "(?:(?:a|bc)d)+"),
        *("(?:a|bc){2}", "(?:a+){1,2}", "(?:a?){2,}", "(?:a*?)+?", "(?:a++)*", "(?:(?>ab?))*"),
        *("(?:(?=a)b)*", "((a)\\2)*", "(?:a(?:b{1,2}))*", "(?:)*", "x(?=(a+)+)"),
    ],
)
def test_a_repeat_with_a_choice_inside_is_looked_at(pattern: str) -> None:
    assert looked_at(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("", "abc", "a*", "[ab]+", "(ab)+", "(?:ab{2})*", "(?:a|b)*", "(?:(?:ab)c)+", "(a{3})*"),
        *("(?:a?b)", "(?:a+b)?", "(?:a+b){0,1}", "(?:a|bc)", "(?:a|bc)?", "(?:^a$)*", "(?i:ab)+"),
    ],
)
def test_one_that_goes_on_in_one_way_only_is_not(pattern: str) -> None:
    assert not looked_at(pattern)


# ---- repeats in a row ----


@pytest.mark.parametrize(
    "pattern",
    [
        *("a*a*a*", ".*.*.*x", "/(.*)/(.*)/(.*)/edit$", r"\d*\w*[0-9a-f]*", "[ab]*[bc]*[ca]*"),
        *(
            "(a*)(?:a*)(?>a*)",
            "a{100}a*a{3,}",
            "a*?a+?a++",
            "a*(?:a*|b)a*",
            "a*(?=a*)a*",
            "a*a*(a)?a*",
        ),
        *(r"(a*)a*\1", r"(a)\1\1\1", "a*(?:x|a*)(?:a*)?", "/([^/]+)-([^/]+)/([^/]+)-([^/]+)"),
        *("a*b*a*b*a*", "(?i)A*a*[aA]*", "(?:ab)*(?:ab)+(?:ab)*"),
    ],
)
def test_three_repeats_between_which_text_can_be_moved_are_looked_at(pattern: str) -> None:
    assert looked_at(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("a*a*", "a*b*c*", "a*/a*/a*", "/([^/]+)/([^/]+)/([^/]+)", r"\d+-\d+-\d+", "a*ba*ba*b"),
        *("[ab]*[cd]*[ef]*", "a{99}a{99}a{99}", "a?a?a?a?", "a*(?:x)a*(?:y)a*", "a*[b]a*a"),
        *("A*a*[Aa]*(?-i:x)", "(?:a*)x(?:a*)x(?:a*)"),
        *("[ab]*c[bc]*d[cd]*", "a*a*c*b[ab]*"),  # what both take does not get past what is between
    ],
)
def test_three_between_which_it_can_not_are_not(pattern: str) -> None:
    assert not looked_at(pattern)


def test_a_repeat_that_may_go_on_for_long_counts_as_one_without_end() -> None:
    assert looked_at(f"a{{,{LONG}}}" * POWER)
    assert not looked_at(f"a{{,{LONG - 1}}}" * POWER)
    assert not looked_at("a*" * (POWER - 1))


def test_what_need_not_be_passed_parts_nothing() -> None:
    assert looked_at("a*b?a*b?a*")
    assert looked_at("a*(?:b)?a*(?:b|c)?a*")
    assert not looked_at("a*ba*b?a*")
    assert looked_at("a*b{0}a*(?!b)a*")


def test_what_has_to_be_passed_and_can_be_parts_nothing() -> None:
    assert looked_at(".*/.*/.*")
    assert looked_at("[a/]*/[a/]*/[a/]*")
    assert not looked_at("[a/]*/[a]*/[a/]*")
    assert looked_at("a+a+a+")
    assert not looked_at("a*b+a*b+a*")


def test_of_very_many_repeats_none_is_compared_with_all_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parted = "a*/" * 5
    assert not looked_at(parted)
    monkeypatch.setattr(shape, "_MANY", 4)
    assert looked_at(parted)


def test_a_part_that_is_not_known_is_looked_at() -> None:
    assert is_suspicious([("NEW", None)], 0)
    assert not is_suspicious([("AT", "AT_END")], 0)


def test_flags_of_the_pattern_and_of_its_groups_are_in_force() -> None:
    assert looked_at("a*[aB]*A*", re.IGNORECASE)
    assert not looked_at("a*[aB]*A*")
    assert not looked_at("(?-i:a*[aB]*A*)", re.IGNORECASE)
    assert looked_at("(?i:a*[aB]*A*)")
    between = "(?-i:[ab]*)B(?-i:[ab]*)B(?-i:[ab]*)"
    assert looked_at(between, re.IGNORECASE)
    assert not looked_at(between)


# ---- parts of a tree ----


@pytest.mark.parametrize(
    ("pattern", "one"),
    [
        *(("a", True), ("[a-c]", True), ("[^a]", True), (".", True), ("[a]", True)),
        *(("", False), ("ab", False), ("a*", False), ("^", False), ("(a)", False)),
    ],
)
def test_one_character_is_one(pattern: str, one: bool) -> None:
    assert takes_one(tree(pattern)) is one


def test_the_characters_of_a_node() -> None:
    assert mask_of_item(tree("[ab]")[0], 0) == mask_of("ab")
    assert mask_of_item(tree("a")[0], re.IGNORECASE) == mask_of("aA")
    assert mask_of_item(tree("[^a]")[0], 0) == ((1 << 256) - 1) & ~mask_of("a")
    assert mask_of_item(tree("[ab]")[0], re.IGNORECASE) == mask_of("abAB")


def test_flags_are_added_and_removed_inside() -> None:
    ignoring, verbose = int(re.IGNORECASE), int(re.DOTALL)
    for pattern, flags, expected in (
        ("(?i:a)", 0, ignoring),
        ("(?-i:a)", ignoring | verbose, verbose),
        ("(?s-i:a)", ignoring, verbose),
        ("(a)", verbose, verbose),
    ):
        [(_, argument)] = tree(pattern)
        assert inner_flags(argument, flags) == expected


@pytest.mark.parametrize(
    ("pattern", "inside"),
    [
        ("(ab)", ["ab"]),
        ("(?i:ab)", ["ab"]),
        ("(?:ab)*", ["ab"]),
        ("(?:ab)*?", ["ab"]),
        ("(?:ab)*+", ["ab"]),
        ("(?=ab)", ["ab"]),
        ("(?!ab)", ["ab"]),
        ("(?<=ab)", ["ab"]),
        ("(?>ab)", ["ab"]),
        ("(?:ab|cd|)", ["ab", "cd", ""]),
        ("a", []),
        ("[ab]", []),
        ("^", []),
    ],
)
def test_what_is_below_a_node(pattern: str, inside: list[str]) -> None:
    [(operator, argument)] = tree(pattern)
    assert [list(each) for each in below(str(operator), argument)] == [
        list(tree(each)) for each in inside
    ]


def test_a_condition_has_what_is_below_both_of_its_branches() -> None:
    for pattern, inside in (("(a)?(?(1)b|cd)", ["b", "cd"]), ("(a)?(?(1)b)", ["b", ""])):
        operator, argument = tree(pattern)[1]
        assert [list(each) for each in below(str(operator), argument)] == [
            list(tree(each)) for each in inside
        ]


@pytest.mark.parametrize(
    ("pattern", "rigid"),
    [
        *(("a", True), ("ab", True), ("a{3}", True), ("(ab){2}", True), ("^a$", True)),
        *(("", False), ("a?", False), ("a*", False), ("a{2,3}", False), ("(?:a?){2}", False)),
        *(("ab|c", False), ("(a|bc)", False), ("(?>a)", False), ("a(?=b)", False), ("(a?)", False)),
        (r"(a)\1", False),
    ],
)
def test_what_has_one_way_through_it(pattern: str, rigid: bool) -> None:
    assert is_rigid(tree(pattern)) is rigid


def test_no_end_is_the_one_of_python() -> None:
    [(_, (low, high, _))] = tree("a*")
    assert (low, int(high)) == (0, UNLIMITED)
