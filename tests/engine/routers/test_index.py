"""What an index leaves out can't match; what it leaves is little, and in its order."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from tornkit.engine.routers import index as index_module
from tornkit.engine.routers.index import Index
from tornkit.engine.routers.rules import Details, Entry
from tornkit.engine.routers.segments import required_segments


def made(patterns: list[str | None]) -> Index:
    regexes = [None if pattern is None else re.compile(pattern) for pattern in patterns]
    nothing: Any = None
    rest = (nothing, False, None, True, None, False, None)
    entries = [Entry(len, Details(place, *rest)) for place in range(len(patterns))]
    return Index(entries, regexes)


def places(index: Index, path: str) -> list[int]:
    return [entry.details.position for entry in index.candidates(path)]


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (r"/(\w+)/thing7/(\d+)$", {"thing7"}),
        ("/api/v1/thing7$", {"api", "v1", "thing7"}),
        ("/api/v1/thing7", {"api", "v1"}),  # more may come behind it
        (r"/(\w+)/thing7\Z", {"thing7"}),
        (r"/(\w+)/a$b", {"a"}),  # which no path matches
        ("thing7/", set()),  # it may be the end of a word, were it not for the match's beginning
        (r"/x-(\d+)/y/", {"y"}),
        ("/a/(?:b)/c$", {"a", "b", "c"}),
        ("/a/(?P<x>b/c)/", {"a", "b", "c"}),
        ("/a/(?i:b)/c/", {"a", "c"}),
        ("(?i)/a/b/", set()),
        ("/(?:a/b|c)/d/", {"d"}),
        ("/a/b?/c/", {"a", "c"}),
        ("/a/(?=b)x/c/", {"a", "x", "c"}),
        ("/(?i:a(?-i:/b/)c)/d/", {"b", "d"}),
        ("//a//b/", {"a", "b"}),
        ("(?x)/ a / b /", {"a", "b"}),
        ("/(?>a)/b/", {"a", "b"}),
        (r"/(a)/\1/", {"a"}),
        ("", set()),
    ],
)
def test_the_words_that_a_regex_requires(pattern: str, words: set[str]) -> None:
    assert required_segments(re.compile(pattern)) == words


@pytest.mark.thorough
@pytest.mark.parametrize("crowd", [1, 10])
@pytest.mark.parametrize("kept", [0, 16])
def test_nothing_that_matches_is_left_out(
    crowd: int, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "_CROWD", crowd)
    monkeypatch.setattr(index_module, "_KEPT", kept)
    chance = random.Random(crowd + kept)
    parts = [
        *("/a", "/b", "/ab", "/c/", "/(c)", "[ab]", "x?", "/(a|b)", "(?:a|ab)", "$", "^", r"\d"),
        *("(?i:A)", "/.*/", "/", "(?:/a)+", "/(?:b/c)/"),
    ]
    texts = ["".join(chance.choices("///abcxA1", k=chance.randint(0, 7))) for _ in range(150)]
    texts += [f"{text}\n" for text in texts[:30]]
    for _ in range(40):
        patterns: list[Any] = ["".join(chance.choices(parts, k=4)) for _ in range(30)]
        patterns[chance.randrange(30)] = None
        index = made(patterns)
        for text in texts:
            found = places(index, text)
            assert found == sorted(set(found))
            matching = {
                place
                for place, pattern in enumerate(patterns)
                if pattern is None or re.match(pattern, text)
            }
            assert matching <= {*found}, (text, patterns)


def test_beginnings_of_beginnings_are_all_found() -> None:
    index = made(["/a/b/c", "/", "/a/b", "/b", None, "/a/bx", "/a/b/c", "/a"])
    assert places(index, "/a/b/c/d") == [0, 1, 2, 4, 6, 7]
    assert places(index, "/a/by") == [1, 2, 4, 7]
    assert places(index, "/a/bxx") == [1, 2, 4, 5, 7]
    assert places(index, "x") == [4]
    assert places(index, "") == [4]
    assert places(index, "\U0010ffff") == [4]


def test_a_word_that_comes_twice_in_a_path_gives_its_rules_once() -> None:
    index = made([rf"/(\w+)/thing{number}/.*" for number in range(50)])
    assert places(index, "/x/thing7/thing7/") == [7]
    assert places(index, "/x/thing9/thing7/") == [7, 9]


def test_a_word_that_most_require_tells_nothing_apart() -> None:
    index = made([rf"/(\w+)/same/([a-z]{{{number}}})" for number in range(50)])
    assert places(index, "/x/other/") == list(range(50))


def test_what_ends_before_a_newline_is_found() -> None:
    patterns: list[str | None] = [rf"/(\w+)/thing{number}$" for number in range(50)]
    index = made(patterns)
    assert places(index, "/x/thing7") == [7]
    assert 7 in places(index, "/x/thing7\n")


def test_long_lists_are_not_kept_for_each_beginning() -> None:
    index = made([*(f"/{number:04}/" for number in range(1000)), *[None] * 100])
    for number in range(1000):
        assert places(index, f"/{number:04}/x") == [number, *range(1000, 1100)]
    assert sum(map(len, index._candidates.values())) <= 16 * 1100


def test_a_regex_that_can_not_be_read_is_always_a_candidate(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(regex: object) -> Any:
        raise ValueError(regex)

    monkeypatch.setattr(index_module, "required_prefix", refuse)
    monkeypatch.setattr(index_module, "required_segments", refuse)
    index = made([f"/{number}" for number in range(20)])
    assert places(index, "/x") == list(range(20))
