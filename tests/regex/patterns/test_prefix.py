"""The literal beginning of a regex, and the index: they only leave out what can't match."""

from __future__ import annotations

import random
import re

import pytest

from tornkit.regex.patterns.prefix import PrefixIndex, required_prefix


@pytest.mark.parametrize(
    ("pattern", "prefix"),
    [
        (r"/posts/(\d+)$", "/posts/"),
        ("/a$", "/a"),
        ("^/a", "/a"),
        ("/a|/b", "/"),
        ("/ab?c", "/a"),
        ("/ab+c", "/ab"),
        ("/ab{2}", "/ab"),
        (r"/favicon\.ico$", "/favicon.ico"),
        ("/(?:en|de)/x", "/"),
        ("/(?:new)/x", "/new/x"),
        ("/a(?=b)bc", "/abc"),
        ("(?i)/a", ""),
        ("/A(?i:b)c", "/A"),
        ("(?x)/a b", "/ab"),
        (".*", ""),
        ("", ""),
    ],
)
def test_the_required_beginning(pattern: str, prefix: str) -> None:
    assert required_prefix(re.compile(pattern)) == prefix


def test_nothing_that_matches_is_left_out() -> None:
    chance = random.Random(1)
    parts = [
        "/a",
        "/b",
        "/ab",
        "(c)",
        "[ab]",
        "x?",
        "/(a|b)",
        "(?:a|ab)",
        "$",
        "^",
        r"\d",
        "(?i:A)",
    ]
    texts = ["".join(chance.choices("/abcxA1", k=chance.randint(0, 5))) for _ in range(300)]
    for _ in range(100):
        patterns = ["".join(chance.choices(parts, k=3)) for _ in range(20)]
        regexes = [re.compile(pattern) for pattern in patterns]
        index = PrefixIndex(required_prefix(regex) for regex in regexes)
        for text in texts:
            candidates = index.candidates(text)
            assert candidates == sorted(set(candidates))
            matching = {place for place, regex in enumerate(regexes) if regex.match(text)}
            assert matching <= set(candidates), (text, patterns)


def test_the_index_leaves_out_what_begins_otherwise() -> None:
    index = PrefixIndex(f"/section{number}/" for number in range(1000))
    assert index.candidates("/section7/x") == [7]
    assert index.candidates("/section") == []
