"""Removal of tornkit's own frames from the traceback of an error in the user's code.

The engine's methods stand in for Tornado's, so its frames come before, between and behind the
user's. They say nothing of the mistake. A traceback that has no others is kept: it is of a mistake
in tornkit.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

FOLDER = f"{Path(__file__).resolve().parent}/"


def hide_own_frames(error: BaseException) -> None:
    """Take tornkit's frames out of an error's traceback, and of its causes', before it is shown."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            each.__traceback__ = without_own_frames(each.__traceback__)
            waiting += (each.__cause__, each.__context__)


def without_own_frames(trace: TracebackType | None) -> TracebackType | None:
    """Traceback linked past tornkit's frames; unchanged where there are no others."""
    others: list[TracebackType] = []
    each = trace
    while each is not None:
        if not each.tb_frame.f_code.co_filename.startswith(FOLDER):
            others.append(each)
        each = each.tb_next
    if not others:
        return trace
    for before, behind in zip(others, [*others[1:], None], strict=True):
        if before.tb_next is not behind:
            before.tb_next = behind
    return others[0]
