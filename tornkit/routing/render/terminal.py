"""Lines of spans as something that rich prints: the colours are rich's affair, widths are not.

The only module of `tornkit.routing` that imports rich. Segments are handed over as they are:
nothing of a regex is read as markup, where ``[a-z]`` would vanish, and nothing is measured again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.style import Style

from tornkit.routing.render import layout
from tornkit.routing.render.below import Line
from tornkit.routing.render.rows import Row
from tornkit.routing.render.spans import SpanLine


def document(
    rows: Sequence[Row],
    below: Sequence[Line],
    width: int,
    columns: Sequence[str] | None = None,
) -> RenderableType:
    """The table in the layout that ``width`` columns allow, and everything under it."""
    return TerminalPage(layout.lines(rows, below, width, columns))


class TerminalPage:
    """Renderable for rich of ready lines, neither folded nor cropped: print with ``soft_wrap``."""

    def __init__(self, lines: Sequence[SpanLine]) -> None:
        self._lines = lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        """Segments of the lines, for rich, which calls this."""
        end = Segment.line()
        styles: dict[str, Style | None] = {"": None}
        for line in self._lines:
            for text, style in line:
                if style not in styles:
                    styles[style] = Style.parse(style)
                yield Segment(text, styles[style])
            yield end
