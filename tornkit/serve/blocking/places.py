"""The user's line in a stack, and how it is called.

Frames count from the innermost out to the one that runs the loop. The first of them that is the
user's is the place: what it calls, in a library or in C, is its doing.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from tornkit.own_frames import FOLDER
from tornkit.ownership import is_user_file
from tornkit.serve.blocking.dumps import Frame

# What waits for events, or runs those that have come: the end of the path, and the function.
_LOOPS = (
    (f"asyncio{os.sep}base_events.py", ("_run_once", "run_forever")),
    (f"asyncio{os.sep}events.py", ("_run",)),
    (f"asyncio{os.sep}runners.py", ("run",)),
    (f"tornado{os.sep}platform{os.sep}asyncio.py", ("start",)),
)
_DEBUGGERS = ("pdb.py", "bdb.py", "pydevd.py", "debugpy")
# Of a loop that is none of Python's, as uvloop's, which shows no frame.
_RUNS_LOOP = re.compile(r"\.run_(?:forever|until_complete)\(")
_LONGEST_CODE = 60  # characters
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_NAMELESS = ("<lambda>", "<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")


def place_of(stack: Sequence[Frame]) -> Frame | None:
    """The user's frame that the loop waits for; None where it waits for none.

    As where the loop itself waits, and has not had its turn on a busy machine; or where a person
    has stopped the code with a debugger.
    """
    frames = list(_above_loop(stack))
    if any(Path(frame.file).name in _DEBUGGERS for frame in frames):
        return None
    others = [frame for frame in frames if not frame.file.startswith((FOLDER, "<frozen "))]
    users = [frame for frame in others if _is_users(frame)]
    place = next(iter(users or others), None)
    return None if place is None or _RUNS_LOOP.search(_code_of(place)) else place


def _above_loop(stack: Sequence[Frame]) -> Iterator[Frame]:
    for frame in stack:
        if _runs_loop(frame):
            return
        if not frame.file.endswith(f"{os.sep}selectors.py"):  # the loop's own wait, if it is one
            yield frame


def _runs_loop(frame: Frame) -> bool:
    return any(frame.file.endswith(end) and frame.function in names for end, names in _LOOPS)


def _is_users(frame: Frame) -> bool:
    # A template of Tornado's is none: who renders it is told.
    return is_user_file(frame.file) and not frame.file.endswith(".generated.py")


def described(frame: Frame) -> str:
    """The function, the file and line, and the code there: ``Report.get app.py:31 sleep(5)``."""
    code = _code_of(frame)
    if len(code) > _LONGEST_CODE:
        code = f"{code[: _LONGEST_CODE - 3]}..."
    words = (_name_of(frame), f"{_shown(frame.file)}:{frame.line}", code)
    return " ".join(word for word in words if word)


def _code_of(frame: Frame) -> str:
    lines = _lines_of(frame.file)
    return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""


def _lines_of(file: str) -> list[str]:
    try:
        return Path(file).read_text(errors="replace").splitlines()
    except OSError:
        return []


def _shown(file: str) -> str:
    try:
        here = f"{Path.cwd()}{os.sep}"
    except OSError:
        return file
    return file.removeprefix(here)


def _name_of(frame: Frame) -> str:
    """Name with that of the class or function around it, as the source has them."""
    try:
        node: ast.AST | None = ast.parse("\n".join(_lines_of(frame.file)))
    except (SyntaxError, ValueError):  # it is being edited
        return frame.function
    names: list[str] = []
    while node is not None:
        if isinstance(node, _NAMED):
            names.append(node.name)
        node = next((each for each in ast.walk(node) if _holds(each, node, frame.line)), None)
    if frame.function in names or (names and frame.function in _NAMELESS):
        return ".".join(names[-2:])
    return frame.function


def _holds(each: ast.AST, outer: ast.AST, line: int) -> bool:
    return (
        each is not outer
        and isinstance(each, _NAMED)
        and each.lineno <= line <= (each.end_lineno or each.lineno)
    )
