from __future__ import annotations

import pytest

from tornkit.routing.render.spans import Span, fold, joined, line_width, text_of, width_of


@pytest.mark.parametrize(
    ("text", "width"),
    [("", 0), ("/[a-z]+", 7), ("\u4e2d\u6587", 4), ("e\u0301", 1), ("\u00e9\uff21", 3)],
)
def test_width(text: str, width: int) -> None:
    assert width_of(text) == width


def folded(text: str, width: int, indent: str = "") -> list[str]:
    return text_of(fold([Span(text)], width, indent)).splitlines()


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]),
        ("one  two", 7, ["one", "two"]),
        ("one two three", 9, ["one two", "three"]),
        ("onetwothree", 4, ["onet", "woth", "ree"]),
        ("a onetwothree", 4, ["a", "onet", "woth", "ree"]),
        ("\u4e2d\u6587\u4e2d", 5, ["\u4e2d\u6587", "\u4e2d"]),
        ("  indented text", 12, ["  indented", "text"]),
        ("  indentedtext", 8, ["  indent", "edtext"]),
    ],
)
def test_folds_at_spaces_else_in_words(text: str, width: int, lines: list[str]) -> None:
    assert folded(text, width) == lines


def test_later_lines_are_indented() -> None:
    assert folded("one two three four", 10, "  ") == ["one two", "  three", "  four"]
    assert all(len(line) <= 6 for line in folded("x" * 30, 6, "    "))


def test_no_width_is_no_end() -> None:
    line = [Span("x" * 1000)]
    assert fold(line, None) == [line]


def test_a_width_too_small_still_ends() -> None:
    assert "".join(folded("\u4e2d\u6587 abc", 0)) == "\u4e2d\u6587abc"


def test_styles_stay_with_their_letters() -> None:
    line = [Span("one tw", "red"), Span("o three", "blue")]
    assert fold(line, 7) == [
        [Span("one tw", "red"), Span("o", "blue")],
        [Span("three", "blue")],
    ]


def test_joined_leaves_out_what_is_empty() -> None:
    parts = [[], [Span("a", "red")], [], [Span("b"), Span("c")]]
    assert joined(parts, " · ") == [Span("a", "red"), Span(" · "), Span("b"), Span("c")]
    assert joined([], ", ") == []


def test_text_has_no_spaces_at_its_ends() -> None:
    assert text_of([[Span("a "), Span("  ", "red")], []]) == "a\n\n"
    assert line_width([Span("a "), Span("\u4e2d")]) == 4
