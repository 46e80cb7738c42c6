"""Words, samples and budgets of machines."""

from __future__ import annotations

import re

import pytest

from tornkit.regex.automata.alphabet import WIRE, classes, letters_of, mask_of
from tornkit.regex.automata.languages import Language, language
from tornkit.regex.automata.positions import TooLarge
from tornkit.regex.automata.search import (
    OverBudget,
    SearchBudget,
    drawn,
    every_way,
    shortest,
    words,
)
from tornkit.regex.automata.translate import Bound, translated


def of(pattern: str) -> Language:
    return language(translated(re.compile(pattern), WIRE, Bound.OVER).expression, WIRE)


def enough() -> SearchBudget:
    return SearchBudget(10_000, 10)


def test_the_shortest_word_that_no_other_accepts() -> None:
    assert shortest(of("/a*b$"), [of("/b$"), of("/ab$")], WIRE, enough()) == "/aab"
    assert shortest(of("/[ab]$"), [of("/a$"), of("/b$")], WIRE, enough()) is None
    assert shortest(of("/x(?!)"), [], WIRE, enough()) is None


def test_letters_that_read_well_come_first() -> None:
    assert shortest(of("/[^/]+$"), [], WIRE, enough()) == "/a"
    assert shortest(of("/[^a-z]+$"), [], WIRE, enough()) == "/0"


def test_words_come_shortest_first() -> None:
    found = list(words(of("/a{1,3}$"), [], WIRE, enough()))
    assert found == ["/a", "/aa", "/aaa"]


def test_samples_are_of_the_language_and_all_different() -> None:
    found = drawn(of(r"/\d+(?:/[a-z]*)?$"), WIRE, enough(), count=200)
    assert len(found) == len(set(found)) == 200
    assert all(re.fullmatch(r"/\d+(?:/[a-z]*)?", text) for text in found)
    assert found[0] == "/0"


def test_a_small_language_is_drawn_whole() -> None:
    assert sorted(drawn(of("/[ab]{2}$"), WIRE, enough(), count=50)) == [
        "/aa", "/ab", "/ba", "/bb",
    ]  # fmt: skip
    assert drawn(of("/(?!)"), WIRE, enough(), count=5) == []


def test_every_way_in_which_machines_can_answer() -> None:
    machines = [of("a.*$"), of(".*b$")]
    answers = {
        tuple(machine.contains(text) for machine in machines)
        for text in every_way(machines, 0, WIRE, enough())
    }
    assert answers == {(False, False), (False, True), (True, False), (True, True)}
    only_first = list(every_way(machines, 1, WIRE, enough()))
    assert all(text[:1] in ("", "a") for text in only_first)


def test_a_budget_ends_a_search() -> None:
    with pytest.raises(OverBudget):
        shortest(of("/.*a.{14}$"), [of("/.*[ab].{14}$")], WIRE, SearchBudget(500, 10))
    with pytest.raises(OverBudget):
        shortest(of("/.*a.{14}$"), [of("/.*[ab].{14}$")], WIRE, SearchBudget(10**9, 0.05))


def test_what_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge):
        of("/(?:a{300}){300}")


def test_classes_split_letters_by_what_can_tell_them_apart() -> None:
    parts = classes(mask_of("abcd"), [mask_of("ab"), mask_of("bc")])
    assert sorted("".join(letters_of(part)) for part in parts) == ["a", "b", "c", "d"]
    assert classes(mask_of("abcd"), [mask_of("xyz")]) == [mask_of("abcd")]
