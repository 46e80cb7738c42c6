"""A traceback of the user's code: without the frames by which it was reached.

The frames of the import system, runpy and the event loop that stand *before* the first frame of
the user's are left out, and tornkit's wherever they stand; what the user's code then called is
shown whole. Behind a pattern that does not compile stand those of Tornado's router and of `re`:
they are left out as well.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
import runpy
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tornado import routing

from tornkit.own_frames import FOLDER

Frame = TypeVar("Frame")

_MACHINERY = (
    *(
        f"{folder}{os.sep}"  # or "tornkit" would be the start of "tornkit-demo"
        for folder in (
            Path(asyncio.__file__).parent,
            Path(importlib.__file__).parent,
        )
    ),
    runpy.__file__,
    "<frozen ",
    "<string>",
)
# Below the line of the user's that gives a pattern.
_COMPILES = tuple(f"{Path(file).parent}{os.sep}" for file in (re.__file__, routing.__file__))


def format_user_traceback(error: BaseException) -> str:
    """``error`` and its causes, formatted, each without the machinery."""
    report = traceback.TracebackException.from_exception(error)
    _trim(report, error, set())
    return "".join(report.format())


def without_machinery(frames: list[Frame], file_of: Callable[[Frame], str]) -> list[Frame]:
    """Frames without tornkit's, the import system's, and those before the first of the user's."""
    frames = [frame for frame in frames if not file_of(frame).startswith(FOLDER)]
    while frames and file_of(frames[0]).startswith(_MACHINERY):
        frames.pop(0)
    # Imports in the middle: "import a" in the user's file goes through the import system.
    return [frame for frame in frames if not file_of(frame).startswith("<frozen importlib")]


def _trim(report: traceback.TracebackException, error: BaseException, seen: set[int]) -> None:
    if id(report) in seen:
        return
    seen.add(id(report))
    frames = without_machinery(list(report.stack), lambda frame: frame.filename)
    if isinstance(error, re.error):
        while len(frames) > 1 and frames[-1].filename.startswith(_COMPILES):
            frames.pop()
    report.stack = traceback.StackSummary.from_list(frames)
    for chained, cause in (
        (report.__cause__, error.__cause__),
        (report.__context__, error.__context__),
    ):
        if chained is not None and cause is not None:
            _trim(chained, cause, seen)
