"""Tests of the segments that rich gets; `test_layout` has the layout itself."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.segment import Segment

from tests.routing.render.tables import full, shown, simple
from tornkit.routing.render import layout
from tornkit.routing.render.spans import Span, SpanLine, text_of
from tornkit.routing.render.terminal import TerminalPage, document


def printed(page: object, width: int = 20, *, colours: bool = False) -> str:
    file = StringIO()
    console = Console(
        file=file,
        width=width,
        soft_wrap=True,
        force_terminal=colours,
        color_system="standard" if colours else None,
        no_color=not colours,  # whatever the environment says
    )
    console.print(page)
    return file.getvalue()


def segments(*lines: SpanLine) -> list[Segment]:
    console = Console()
    return list(TerminalPage(lines).__rich_console__(console, console.options))


def test_a_line_is_neither_folded_nor_cut() -> None:
    assert printed(TerminalPage([[Span("x" * 90), Span("  y z")], [Span("w")]])) == (
        f"{'x' * 90}  y z\nw\n"
    )


def test_text_is_no_markup_and_no_emoji() -> None:
    text = "/[a-z]+/[bold]x[/bold]/:smile:/[/]"
    assert printed(TerminalPage([[Span(text)]])) == f"{text}\n"


def test_a_style_is_the_spans_own() -> None:
    red = printed(TerminalPage([[Span("a", "red"), Span("b")], [Span("c", "red")]]), colours=True)
    assert red == "\x1b[31ma\x1b[0mb\n\x1b[31mc\x1b[0m\n"


def test_a_style_is_read_once() -> None:
    """Reason: a table has ten thousand lines and a handful of styles."""
    one, _, two, _ = segments([Span("a", "bold red")], [Span("b", "bold red")])
    assert one.style is not None
    assert one.style is two.style


def test_text_without_a_style_has_none() -> None:
    assert segments([Span("a")], []) == [Segment("a", None), Segment.line(), Segment.line()]


def test_a_document_is_the_layout_for_the_width() -> None:
    rows, below = shown(full())
    for width in (40, 400):
        text = "".join(
            f"{line.rstrip()}\n" for line in printed(document(rows, below, width)).splitlines()
        )
        assert text == text_of(layout.lines(rows, below, width))


def test_a_document_has_the_columns_that_are_asked_for() -> None:
    rows, below = shown(simple())
    assert printed(document(rows, below, 80, ["pattern", "index"])).splitlines()[0].split() == [
        "pattern",
        "#",
    ]
