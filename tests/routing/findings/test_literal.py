"""Backslashes in a string's own source text."""

from __future__ import annotations

import ast
import warnings

import pytest

from tornkit.routing.findings.literal import CannotEdit, with_backslashes


def value_of(text: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = ast.literal_eval(f"({text}\n)")
    assert isinstance(value, str)
    return value


def mended(text: str) -> str:
    """With a backslash before every dot of the value."""
    value = value_of(text)
    places = [at for at, mark in enumerate(value) if mark == "."]
    changed, wanted = with_backslashes(text, places)
    assert wanted == value.replace(".", r"\.") == value_of(changed)
    return changed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'r"/a.b"', r'r"/a\.b"'),
        (r"R'/a.b.c'", r"R'/a\.b\.c'"),
        (r'r"""/a.b"""', r'r"""/a\.b"""'),
        # Plain text becomes raw: no other character changes its meaning.
        ('"/a.b"', r'r"/a\.b"'),
        ("'/a.b'", r"r'/a\.b'"),
        ("'''/a.b'''", r"r'''/a\.b'''"),
        ('""" /a.b\n"""', 'r""" /a\\.b\n"""'),
        (r'"/(\d+).b"', r'r"/(\d+)\.b"'),  # an escape that Python does not know stays as it is
        # Where a backslash means something, it can't.
        (r'"/\\d.b"', r'"/\\d\\.b"'),
        (r'"/\x61.b"', r'"/\x61\\.b"'),
        (r'"/\"a\".b"', r'"/\"a\"\\.b"'),
        (r'"/\N{LATIN SMALL LETTER A}.b"', r'"/\N{LATIN SMALL LETTER A}\\.b"'),
        (r'"/\101.b"', r'"/\101\\.b"'),
        ('"/\\\na.b"', '"/\\\na\\\\.b"'),
        ('u"/a.b"', r'u"/a\\.b"'),  # ur"" is no Python
        # Several side by side; only those with a dot change.
        (r'r"/a" ".b"', r'r"/a" r"\.b"'),
        ('"/a"\n    "b" # a.b "c.d"\n    r".c"', '"/a"\n    "b" # a.b "c.d"\n    r"\\.c"'),
        ('"/a" \\\n ".b"', '"/a" \\\n r"\\.b"'),
        ("'/a\"' \"'.b\"", "'/a\"' r\"'\\.b\""),
        ('"/é.ü"', r'r"/é\.ü"'),
        ('"/\U0001f600.b"', '"r/\U0001f600\\.b"'.replace('"r', 'r"')),
    ],
)
def test_how_it_is_written(text: str, expected: str) -> None:
    assert mended(text) == expected


def test_only_the_places_that_are_meant() -> None:
    assert with_backslashes('r"/a.b.*"', [2])[0] == r'r"/a\.b.*"'
    assert with_backslashes('"/a" "b.c" ".*"', [3])[0] == r'"/a" r"b\.c" ".*"'
    assert with_backslashes('"/a.b"', []) == ('"/a.b"', "/a.b")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_the_ends_of_lines(end: str) -> None:
    text = f'"""/a{end}.b"""'
    changed, value = with_backslashes(text, [3])
    assert (changed, value) == (f'r"""/a{end}\\.b"""', "/a\n\\.b")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('f"/a.{b}"', "it is not a plain string"),
        ('b"/a.b"', "it is not a plain string"),
        ("PREFIX", "it is not a plain string"),
        ('"/a" + ".b"', "it is not a plain string"),
        ('"/a.b', "it is not a plain string"),
        (r'"/a\x2eb"', r"a character of it is written as \\x2e"),
    ],
)
def test_what_is_refused(text: str, says: str) -> None:
    with pytest.raises(CannotEdit, match=says):
        with_backslashes(text, [2])
