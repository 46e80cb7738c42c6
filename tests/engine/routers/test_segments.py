"""A word that a regex is said to require is between slashes in every path that it matches."""

from __future__ import annotations

import random
import re

import pytest

from tornkit.engine.routers.segments import required_segments
from tornkit.regex.patterns.pattern import parsed

PARTS = [
    *("/a", "/b/", "ab", "/", "//", "(/a)", "(?:b|/a/)", "a", "[ab]", "x?", "/a{1}", "/?"),
    *("(?i:/A/)", "(?-i:/b/)", "(?=/a)", "(?!b)", "(?<=/)", "(?<!a)", "(?>/a/)", "/b/*+", ".*"),
    *("$", r"\Z", "^", r"\b", r"\B", r"(/a/)?", r"(?(1)/a/|/b/)", "(?P<n>/ab)", "/(?:a/)*"),
    "(?:/b){2}",
]
PIECES = ["/a", "/b/", "ab", "/", "/a/", "x", "/A", "/B/", "/ab/", "b"]


def a_pattern(chance: random.Random) -> re.Pattern[str] | None:
    pattern = "(x)?" + "".join(chance.choices(PARTS, k=chance.randint(1, 5)))
    try:
        return re.compile(pattern, chance.choice([0, 0, re.IGNORECASE, re.DOTALL]))
    except re.error:  # two groups of one name
        return None


@pytest.mark.parametrize("seed", range(4))
def test_every_path_that_matches_has_every_word(seed: int) -> None:
    chance = random.Random(seed)
    paths = ["".join(chance.choices(PIECES, k=chance.randint(0, 6))) for _ in range(300)]
    told = matched = 0
    for _ in range(300):
        regex = a_pattern(chance)
        words = required_segments(regex) if regex else set()
        if not regex or not words:
            continue
        told += 1
        for path in paths:
            if regex.match(path):
                matched += 1
                assert words <= {*path.split("/")}, (regex, path)
    assert told > 50
    assert matched > 200


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("/a/(?:b/)?c/", {"a"}),  # c may stand behind b or behind a, but with what before it?
        ("/a/(?:/b/)+/c/", {"a", "c"}),
        ("/a/(?:/b/){2}/c/", {"a", "c"}),  # a repeat is not looked into
        ("/a/[bx]/c/", {"a", "c"}),  # nor is a set
        ("/a/[b]/c/", {"a", "b", "c"}),  # which is none where it has but one
        ("/a/(b|c)/d/", {"a", "d"}),
        ("/a/(?!b)(?<!c)(?<=/)d/", {"a", "d"}),  # what reads nothing parts nothing
        ("/^a/$", {"a"}),
        (r"/a\b/b\B/", {"a", "b"}),
        (r"/a/.*/b\Z", {"a", "b"}),
        ("/a", set()),
        ("/a$", {"a"}),
        ("(?i)/a/(?-i:/b/)", {"b"}),
        ("/a/(?x: b / c /)", {"a", "b", "c"}),
        ("/caf\u00e9/", {"caf\u00e9"}),
        (r"/a\.b/", {"a.b"}),
        ("/(x)?/(?(1)a|b)/c/", {"c"}),
        ("(x)?/a(?(1)a|b)c/", set()),  # nothing is one word across what can't be told
        ("/a(?:b|cc)d/", set()),
    ],
)
def test_what_is_told_of_special_parts(pattern: str, words: set[str]) -> None:
    assert required_segments(re.compile(pattern)) == words


def test_the_tree_is_not_kept_for_each_route() -> None:
    before = parsed.cache_info().currsize
    required_segments(re.compile("/a/pattern/that/no/other/test/has/(.*)"))
    assert parsed.cache_info().currsize == before
