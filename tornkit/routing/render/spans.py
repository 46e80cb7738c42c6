"""Lines of styled text, and how many columns of a terminal they take.

A line is a list of `Span` s. Layouts make them without rich, whose own tables measure every cell
several times (10,000 rows of 8 took it 4.9 s, this 0.2 s); `tornkit.routing.render.terminal` hands
them to rich for the colours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Text without a line's end, and a style in rich's words (``bold``, ``red``)."""

    text: str
    style: str = ""


SpanLine = list[Span]


def width_of(text: str) -> int:
    """Terminal columns that a text takes: two for East Asian wide letters, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_width(mark) for mark in text)


def widest(texts: Sequence[str]) -> int:
    """Columns that the widest of some texts takes; 0 if there is none."""
    if "".join(texts).isascii():
        return max(map(len, texts), default=0)
    return max(map(width_of, texts), default=0)


def padded(texts: Sequence[str], width: int | None = None, *, right: bool = False) -> list[str]:
    """Texts of one width, with spaces behind them, or before them if they stand ``right``.

    A column at a time: whether all of it is ASCII is then asked once, and not for every cell.

    :param width: columns of a terminal; those of the widest if None.
    """
    ascii_only = "".join(texts).isascii()
    width = widest(texts) if width is None else width
    if not ascii_only:
        spaces = [" " * (width - width_of(text)) for text in texts]
        pairs = zip(spaces, texts, strict=True) if right else zip(texts, spaces, strict=True)
        return ["".join(pair) for pair in pairs]
    if right:
        return [text.rjust(width) for text in texts]
    return [text.ljust(width) for text in texts]


def _width(mark: str) -> int:
    if unicodedata.combining(mark):
        return 0
    return 2 if unicodedata.east_asian_width(mark) in "WF" else 1


def line_width(line: Iterable[Span]) -> int:
    """Terminal columns that a whole line takes."""
    return sum(width_of(span.text) for span in line)


def text_of(lines: Iterable[Iterable[Span]]) -> str:
    """The lines without their styles; none ends in a space."""
    return "".join(f"{''.join(span.text for span in line).rstrip()}\n" for line in lines)


def joined(parts: Iterable[Sequence[Span]], between: str) -> SpanLine:
    """The parts that are not empty, with ``between`` between them."""
    line: SpanLine = []
    for part in parts:
        if part:
            line += [Span(between), *part] if line else part
    return line


def fold(line: SpanLine, width: int | None, indent: str = "") -> list[SpanLine]:
    """Fold ``line`` onto as many lines as it takes; nothing is lost but spaces at the folds.

    Each ends at the last space that fits, else in the middle of a word. Lines after the first begin
    with ``indent``. Where ``width`` is too small for that, lines come out wider; None is a width
    that everything fits.
    """
    if width is None or line_width(line) <= width:
        return [line]
    text = "".join(span.text for span in line)
    pieces: list[SpanLine] = []
    start = 0
    while start < len(text):
        before = [Span(indent)] if pieces and indent else []
        end = _end(text, start, max(width - line_width(before), 2))
        pieces.append(
            [*before, *_slice(line, start, end if end == len(text) else _bare(text, end))]
        )
        start = end
        while text[start : start + 1] == " ":
            start += 1
    return pieces


def _end(text: str, start: int, width: int) -> int:
    """Offset at which the piece of ``text`` from ``start`` on ends."""
    end, taken = start, 0
    while end < len(text) and taken + _width(text[end]) <= width:
        taken += _width(text[end])
        end += 1
    if end == len(text) or text[end] == " ":
        return end
    space = text.rfind(" ", start, end)
    # An indented line's own indentation is no place to break it.
    return space if space > start and text[start:space].strip() else end


def _bare(text: str, end: int) -> int:
    """Offset ``end`` without the spaces before it."""
    return len(text[:end].rstrip(" "))


def _slice(line: SpanLine, start: int, end: int) -> SpanLine:
    found, place = [], 0
    for text, style in line:
        piece = text[max(start - place, 0) : max(end - place, 0)]
        if piece:
            found.append(Span(piece, style))
        place += len(text)
    return found
