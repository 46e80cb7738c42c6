"""A traceback of the user's code: without the frames by which it was reached.

The frames of tornkit, of the import system, runpy and the event loop that stand *before* the
first frame of the user's are left out; what the user's code then called is shown whole.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import runpy
import traceback
from pathlib import Path

_MACHINERY = (
    *(
        f"{folder}{os.sep}"  # or "tornkit" would be the start of "tornkit-demo"
        for folder in (
            Path(__file__).resolve().parent.parent,
            Path(asyncio.__file__).parent,
            Path(importlib.__file__).parent,
        )
    ),
    runpy.__file__,
    "<frozen ",
    "<string>",
)


def format_user_traceback(error: BaseException) -> str:
    """``error`` and its causes, formatted, each with the leading machinery cut off."""
    report = traceback.TracebackException.from_exception(error)
    _trim(report, set())
    return "".join(report.format())


def _trim(report: traceback.TracebackException, seen: set[int]) -> None:
    if id(report) in seen:
        return
    seen.add(id(report))
    frames = list(report.stack)
    while frames and frames[0].filename.startswith(_MACHINERY):
        frames.pop(0)
    # Imports in the middle: "import a" in the user's file goes through the import system.
    frames = [frame for frame in frames if not frame.filename.startswith("<frozen importlib")]
    report.stack = traceback.StackSummary.from_list(frames)
    for chained in (report.__cause__, report.__context__):
        if chained is not None:
            _trim(chained, seen)
