from __future__ import annotations

import re

import pytest
from tornado.routing import PathMatches

from tornkit.regex.patterns.pattern import open_ended, shown


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/a", "/a"),
        (r"/a$", "/a"),
        (r"/x\$", r"/x\$"),
        (r"/x\\$", r"/x\\"),
        (r"/[a-z]+", "/[a-z]+"),
        (r"(?i)/a", "(?i)/a"),
        (re.compile(r"/a$", re.IGNORECASE), "(?i:/a)"),
        (re.compile(r"/a.b", re.DOTALL | re.IGNORECASE), "(?is:/a.b)"),
        (re.compile(r"/a", re.ASCII), "(?a:/a)"),
        (re.compile(r"(?s)/a.b", re.IGNORECASE), "(?i:(?s)/a.b)"),
    ],
)
def test_shown_as_written(pattern: str | re.Pattern[str], expected: str) -> None:
    assert shown(PathMatches(pattern).regex) == expected


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/a", False),
        (r"/a|/b", True),
        (r"/(?:a|b)", False),
        (r"/x\$", True),
        (r"/x\\$", False),
        (re.compile(r"/a # to the end $", re.VERBOSE), True),
        (re.compile(r"(?x)/a # $"), True),
        (r"/[|]", False),
        (re.compile(r"/a"), True),
        (re.compile(r"/a\Z"), False),
        (re.compile(r"/a/.*"), False),
        (re.compile(r"/a/(.*)"), False),
        (re.compile(r"/a/(\d+)"), True),
        (re.compile(r"(?:/a$)+"), False),
        (re.compile(r"(?:/a$)?"), True),
        (re.compile(r"(?>/a)"), True),
        (re.compile(r"/a(?!.)"), False),
        (re.compile(r""), True),
        (re.compile(r"(?:/a(?:(?:))+)+"), True),
    ],
)
def test_open_ended(pattern: str | re.Pattern[str], expected: bool) -> None:
    regex = PathMatches(pattern).regex
    assert open_ended(regex) is expected
