"""Test whether to write to a stream in colour; for workers, and the supervisor without Tornado."""

from __future__ import annotations

import os
from typing import TextIO


def wants_colour(stream: TextIO | None) -> bool:
    """Whether to write in colour: to a terminal, and not with NO_COLOR (no-color.org)."""
    return (
        stream is not None
        and stream.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
    )
