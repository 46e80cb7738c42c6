"""Pieces of regexes as JSON Schema's patterns and word lists."""

from __future__ import annotations

import random
import re

import pytest

from tornkit.regex.patterns.pattern import parsed
from tornkit.regex.patterns.sample import examples
from tornkit.routing.openapi.patterns import ecma, may_hold, words

TRANSLATED = {
    r"[^/]+": "^[^/]+$",
    r"\d{4}": r"^\d{4}$",
    r"[\w.-]{1,80}?": r"^[\w.\-]{1,80}?$",
    r"[A-Z]{2,}|x\.y": r"^(?:[A-Z]{2,}|x\.y)$",
    r"(?:ab|cd)*e?": r"^(?:ab|cd)*e?$",
    r"(a[bc]d)+": r"^(?:a[bc]d)+$",
    r"(?!old-).+(?<=x)": r"^(?!old-).+(?<=x)$",
    r"\bfoo\Z": r"^\bfoo$$",
    "[^\\]\\[^-]\t": r"^[^\]\[\^\-]\x09$",
    "é": "^é$",
}


@pytest.mark.parametrize(("python", "expected"), TRANSLATED.items())
def test_the_spelling_of_ecma(python: str, expected: str) -> None:
    assert ecma(parsed(re.compile(python))) == expected


@pytest.mark.parametrize("python", TRANSLATED)
def test_the_translation_matches_the_same(python: str) -> None:
    """Python's `re` reads all that is used here as ECMA-262 does."""
    translated = re.compile(ecma(parsed(re.compile(python))) or "")
    chosen = random.Random(python)
    texts = [example.text for example in examples(re.compile(python))]
    texts += [
        "".join(chosen.choices("abcdexyXY12é.-/^[]\t", k=length % 6)) for length in range(300)
    ]
    for text in texts:
        assert bool(translated.search(text)) == bool(re.fullmatch(python, text)), text


@pytest.mark.parametrize(
    "python", [r"(a)\1", r"(?>a+)b", "a++", "(?i:a)", r"(a)?(?(1)b|c)", "a(?s:.)"]
)
def test_what_ecma_has_no_words_for(python: str) -> None:
    assert ecma(parsed(re.compile(python))) is None


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("help|trade|travel", ["help", "trade", "travel"]),
        ("a|b", ["a", "b"]),
        ("x(?:1|2)?", ["x1", "x2", "x"]),
        ("(?:a|b)(?:c|d)", ["ac", "ad", "bc", "bd"]),
        ("a|a", ["a"]),
        (r"\d", None),
        ("[a-c]", None),
        ("a*", None),
        ("(?i:a)", None),
        ("(?=a)a", None),
    ],
)
def test_words(python: str, expected: list[str] | None) -> None:
    assert words(parsed(re.compile(python)), 8) == expected


def test_too_many_words_are_none() -> None:
    tree = parsed(re.compile("(?:a|b)(?:a|b)(?:a|b)"))
    assert words(tree, 7) is None
    assert len(words(tree, 8) or []) == 8


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        (".*", True),
        ("[^x]", True),
        (r"\W", True),
        (r"[!-0]", True),
        ("(?:a|(b/))+", True),
        ("(?>/)", True),
        ("[^/]+", False),
        (r"[\w.-]*", False),
        (r"\d+(?!/)", False),
    ],
)
def test_whether_a_slash_may_be_in_it(python: str, expected: bool) -> None:
    assert may_hold(parsed(re.compile(python)), "/") is expected
