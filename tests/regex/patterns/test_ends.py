from __future__ import annotations

import re

import pytest

from tornkit.regex.patterns.ends import PatternEnd, ends, escapes, longer


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/a$", {PatternEnd.CLOSED}),
        (r"/a\Z", {PatternEnd.CLOSED}),
        (r"/a", {PatternEnd.OPEN}),
        (r"", {PatternEnd.OPEN}),
        (r"^", {PatternEnd.OPEN}),
        (r"/a\$", {PatternEnd.OPEN}),
        (r"/a.*", {PatternEnd.MEANT}),
        (r"/(a.+)", {PatternEnd.MEANT}),
        (r"/a(?=/)", {PatternEnd.MEANT}),
        (r"/a\b", {PatternEnd.MEANT}),
        (r"/a.?", {PatternEnd.OPEN}),
        (r"/a(?:/.*)?", {PatternEnd.OPEN, PatternEnd.MEANT}),
        (r"(?:/a$)?", {PatternEnd.OPEN, PatternEnd.CLOSED}),
        (r"(?:/a$)+", {PatternEnd.CLOSED}),
        (r"/a|/b.*|/c$", {PatternEnd.OPEN, PatternEnd.MEANT, PatternEnd.CLOSED}),
        (r"(?>/a$)", {PatternEnd.CLOSED}),
        (r"(?:/a(?:(?:))+)+", {PatternEnd.OPEN}),
    ],
)
def test_the_ends_of_all_ways_through(pattern: str, expected: set[PatternEnd]) -> None:
    assert ends(re.compile(pattern)) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/a|/b$", True),
        (r"/x(?:/a|/b$)", True),
        (r"((?>/a|/b$))", True),
        (r"/a$|/b$", False),
        (r"/a|/b", False),
        (r"/a.*|/b$", False),
        (r"(?:/a|/b)$", False),
        (r"(?:/a$)?", False),
        (r"", False),
    ],
)
def test_only_branches_escape(pattern: str, expected: bool) -> None:
    assert escapes(re.compile(pattern)) is expected


def test_a_longer_text_matches_in_part_and_not_as_a_whole() -> None:
    regex = re.compile(r"/a(?:/[^/]+|b.*)?(?!-)")
    assert longer(regex, ["/ab", "/a"], ["-", "X"]) == "/aX"
    assert longer(regex, ["/ab"], ["X"]) is None
    assert longer(regex, ["/a/b"], ["X", "/X"]) == "/a/b/X"
    assert longer(regex, [], ["X"]) is None
