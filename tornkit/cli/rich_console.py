"""A rich console whose output holds no control character but line ends and rich's own styles."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from tornkit.printable import encodable, printable_lines


class PrintableConsole(Console):
    """Escapes what is not printable, and what the stream's encoding lacks, in all that it renders.

    Whatever makes text of one line out of text from outside calls `tornkit.printable.printable`
    before it measures; this is the last step, which lets nothing through that was forgotten.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render, with what is not printable escaped; rich calls it for nested renderables too."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            # Nearly all are plain ASCII, which every encoding of a terminal has.
            if control is not None or text == "\n" or (text.isascii() and text.isprintable()):
                yield segment
                continue
            text = encodable(printable_lines(text), self.encoding)
            yield segment if text == segment.text else Segment(text, style)
