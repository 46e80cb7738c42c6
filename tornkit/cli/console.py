"""The only rich Console objects, made when first used.

Results go to ``out()`` (standard output), everything said about the work to ``err()``. Colour
only on a terminal and none with NO_COLOR: rich's own rule, left alone.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def out() -> Console:
    """The console for results."""
    from tornkit.cli.rich_console import PrintableConsole

    return PrintableConsole(highlight=False, soft_wrap=True)


@cache
def err() -> Console:
    """The console for progress, warnings and errors."""
    from tornkit.cli.rich_console import PrintableConsole

    return PrintableConsole(stderr=True, highlight=False, soft_wrap=True)
