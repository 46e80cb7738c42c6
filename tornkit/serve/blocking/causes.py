"""Recognizes by stack frames work that blocks an event loop only once: imports, templates."""

from __future__ import annotations

import os
from collections.abc import Iterable
from enum import StrEnum

from tornkit.serve.blocking.dumps import Frame


class Cause(StrEnum):
    """Reason why an event loop was blocked; the value is for people to read."""

    CODE = ""  # nothing that is known: it will stand again
    TEMPLATE = "compiles a template, at its first use alone"
    IMPORT = "imports a module, at its first use alone"


# Ends of paths, and the function that such work runs in.
_WORK = (
    (f"tornado{os.sep}template.py", "_create_template", Cause.TEMPLATE),
    (f"jinja2{os.sep}environment.py", "compile", Cause.TEMPLATE),
    ("<frozen importlib._bootstrap>", "_find_and_load", Cause.IMPORT),
)


def cause_of(stack: Iterable[Frame]) -> Cause:
    """Cause of a block: the innermost import or template compilation in a stack, if any."""
    for frame in stack:
        for end, function, cause in _WORK:
            if frame.function == function and frame.file.endswith(end):
                return cause
    return Cause.CODE
