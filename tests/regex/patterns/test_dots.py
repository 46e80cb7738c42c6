from __future__ import annotations

import re

import pytest

from tornkit.regex.patterns.dots import dots_to_escape, lone_dots, with_escapes


def mended(pattern: str, *, host: bool = False) -> str:
    """The pattern with its lone dots escaped."""
    return with_escapes(pattern, dots_to_escape(re.compile(pattern), host=host))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"/favicon.ico$", r"/favicon\.ico$"),
        (r"/(robots.txt)$", r"/(robots\.txt)$"),
        (r"/v1.0/(.*).json$", r"/v1\.0/(.*)\.json$"),
        (r"/file.(json|xml)$", r"/file\.(json|xml)$"),
        (r"/(\w+).(html|htm)$", r"/(\w+)\.(html|htm)$"),
        (r"/(?P<file>[^/.]+).png$", r"/(?P<file>[^/.]+)\.png$"),
        (r"/export(.json)?$", r"/export(\.json)?$"),
        (r"/(index.)?html$", r"/(index\.)?html$"),
        (r"/.well-known/security\.txt$", r"/\.well-known/security\.txt$"),
        (r"(?i)/A.B$", r"(?i)/A\.B$"),
        (r"/[]a.b[^].]x.y$", r"/[]a.b[^].]x\.y$"),
        (r"/a\\.b\.c(?#a.b)$", r"/a\\.b\.c(?#a.b)$"),
        ("(?x) /a.b # foo.bar and [\n /c.d", "(?x) /a\\.b # foo.bar and [\n /c\\.d"),
        # one "any character" in the tree, which has them merged, and two dots in the text
        (r"/a.b|/a.c$", r"/a\.b|/a\.c$"),
        (r"/(?>a.b)++c.d$", r"/(?>a\.b)++c\.d$"),
        (r"/(a)?(?(1)x.y|.+/)$", r"/(a)?(?(1)x\.y|.+/)$"),
    ],
)
def test_lone_dots_of_a_path_are_escaped_and_nothing_else(pattern: str, expected: str) -> None:
    assert mended(pattern) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r"/a.*$",
        r"/a.+b$",
        r"/a.?b$",
        r"/a.*?b$",
        r"/a.++b$",
        r"/a.{2}b$",
        r"/a(.)b$",
        r"/a[.]b$",
        r"/a\.b$",
        r"/a\x2eb$",
        r"(?s)/a.*$",
        r"/(?:.|\n)*x$",
        r"/a..b$",
        r"/....$",
        r"/a/./b$",
        r"/(\d).(\d)$",
        r"/([a-z].)b$",
        r"/a(?!.json)b$",
        r"/(?=.*x.y)x\.y$",
        r"/(?<=a.b)c$",
    ],
)
def test_a_wildcard_in_a_path_stays(pattern: str) -> None:
    assert lone_dots(re.compile(pattern)) is None
    assert mended(pattern) == pattern


@pytest.mark.parametrize(
    ("pattern", "expected", "witness"),
    [
        (r"example.com$", r"example\.com$", "examplexcom"),
        (r"www.example.com$", r"www\.example\.com$", "wwwxexample.com"),
        (r"(www.)?example\.com$", r"(www\.)?example\.com$", "wwwxexample.com"),
        (r".*.example\.com$", r".*\.example\.com$", "axexample.com"),
        (r"[a-z]+.example\.com$", r"[a-z]+\.example\.com$", "axexample.com"),
        (r"api.[a-z]+\.com$", r"api\.[a-z]+\.com$", "apixa.com"),
        (r"my-.example\.com$", r"my-\.example\.com$", "my-xexample.com"),
        (r"127.0.0.1$", r"127\.0\.0\.1$", "127x0.0.1"),
    ],
)
def test_lone_dots_of_a_host(pattern: str, expected: str, witness: str) -> None:
    found = lone_dots(re.compile(pattern), host=True)
    assert found is not None
    assert found.witness == witness
    assert mended(pattern, host=True) == expected


@pytest.mark.parametrize(
    "pattern",
    [
        r".*$",
        r".*\.example\.com$",
        r"(.*\.)?example\.com$",
        r"(?:.+\.)?example\.com$",
        r"[^.]+\.example\.com$",
        r"example[.]com$",
        r"localhost$",
    ],
)
def test_innocent_hosts(pattern: str) -> None:
    assert lone_dots(re.compile(pattern), host=True) is None


@pytest.mark.parametrize(
    ("pattern", "flags", "count", "witness"),
    [
        (r"/v1.0/(.*).json$", 0, 2, "/v1-0/a.json"),
        (r"/a.b(?<!-b)$", 0, 1, "/axb"),
        (r"/A.B$", re.IGNORECASE | re.DOTALL, 1, "/A-B"),
        (r"/a.b(?:c|d)$", re.ASCII, 1, "/a-bc"),
    ],
)
def test_a_witness_that_the_pattern_takes(
    pattern: str, flags: int, count: int, witness: str
) -> None:
    regex = re.compile(pattern, flags)
    found = lone_dots(regex)
    assert found is not None
    assert (found.count, found.witness) == (count, witness)
    assert regex.match(found.witness)


@pytest.mark.parametrize("pattern", [r"/a.b|/.*", r"/a.b(?!.*)$", r"/a.b c$"])
def test_a_dot_that_changes_nothing_that_can_be_sent_is_let_be(pattern: str) -> None:
    assert lone_dots(re.compile(pattern)) is None
    assert dots_to_escape(re.compile(pattern)) == ()


def test_a_pattern_with_the_marks_in_it_is_found_but_not_mended() -> None:
    regex = re.compile("/a.b(?:|\ue000)$")
    assert lone_dots(regex) is not None
    assert dots_to_escape(regex) == ()


def test_a_long_pattern_of_dots() -> None:
    pattern = "/" + "a.b" * 500
    assert len(dots_to_escape(re.compile(pattern))) == 500
