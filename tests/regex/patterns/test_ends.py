from __future__ import annotations

import re

import pytest

from tornkit.regex.patterns.ends import End, ends, escapes, longer


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/a$", {End.CLOSED}),
        (r"/a\Z", {End.CLOSED}),
        (r"/a", {End.OPEN}),
        (r"", {End.OPEN}),
        (r"^", {End.OPEN}),
        (r"/a\$", {End.OPEN}),
        (r"/a.*", {End.MEANT}),
        (r"/(a.+)", {End.MEANT}),
        (r"/a(?=/)", {End.MEANT}),
        (r"/a\b", {End.MEANT}),
        (r"/a.?", {End.OPEN}),
        (r"/a(?:/.*)?", {End.OPEN, End.MEANT}),
        (r"(?:/a$)?", {End.OPEN, End.CLOSED}),
        (r"(?:/a$)+", {End.CLOSED}),
        (r"/a|/b.*|/c$", {End.OPEN, End.MEANT, End.CLOSED}),
        (r"(?>/a$)", {End.CLOSED}),
        (r"(?:/a(?:(?:))+)+", {End.OPEN}),
    ],
)
def test_the_ends_of_all_ways_through(pattern: str, expected: set[End]) -> None:
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
