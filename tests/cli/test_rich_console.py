"""Segments that rich renders, one at a time."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pytest
from rich.console import Console, ConsoleOptions
from rich.control import Control
from rich.segment import Segment
from rich.style import Style

from tornkit.cli.rich_console import PrintableConsole

BOLD = Style(bold=True)


class Ready:
    """Hands over segments as they are."""

    def __init__(self, *segments: Segment) -> None:
        self._segments = segments

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterable[Segment]:
        yield from self._segments


def console(encoding: str = "utf-8") -> PrintableConsole:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return PrintableConsole(file=file, force_terminal=True, color_system="standard")


def rendered(segment: Segment, encoding: str = "utf-8") -> list[Segment]:
    return list(console(encoding).render(Ready(segment)))


@pytest.mark.parametrize("text", ["plain", "", "\n", "a b"])
def test_what_is_plain_stays_the_segment_that_it_was(text: str) -> None:
    """Nearly all segments are plain: to make each anew would take longer than to render it."""
    segment = Segment(text, BOLD)
    (found,) = rendered(segment)
    assert found is segment


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\r", "\\r"),
        ("\x7f", "\\x7f"),
        ("é\x9b", "é\\x9b"),
        ("\u202e", "\\u202e"),
        ("\udcff", "\\udcff"),
        ("a\n\tb\x00\n", "a\n\tb\\x00\n"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert rendered(Segment(text, BOLD)) == [Segment(shown, BOLD)]


def test_what_is_printable_is_not_touched() -> None:
    segment = Segment("é\tü", BOLD)
    (found,) = rendered(segment)
    assert found is segment


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "é…"), ("latin-1", "é\\u2026")])
def test_what_the_stream_can_not_say_is_escaped(encoding: str, shown: str) -> None:
    assert rendered(Segment("é…"), encoding) == [Segment(shown)]


def test_control_codes_of_rich_itself_pass() -> None:
    control = Control.clear().segment
    assert rendered(control) == [control]
    assert control.text != ""


def test_styles_reach_the_terminal() -> None:
    made = console()
    made.print(Ready(Segment("a\x1b[0m", BOLD)), end="")
    made.file.flush()
    assert isinstance(made.file, io.TextIOWrapper)
    assert isinstance(made.file.buffer, io.BytesIO)
    assert made.file.buffer.getvalue() == b"\x1b[1ma\\x1b[0m\x1b[0m"
