"""Finds the user's frame in the stack of a blocked event loop, and describes it in a line.

Frames count from the innermost out to the one that runs the loop. The first of them that is the
user's is the place: what it calls, in a library or in C, is its doing.
"""

from __future__ import annotations

import os
import re
import stat
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
# What Tornado calls a callback in, which is told where that is in C and has no frame.
_CALLS = (f"tornado{os.sep}ioloop.py", "_run_callback")
# Of a loop that is none of Python's, as uvloop's, which shows no frame.
_RUNS_LOOP = re.compile(r"\.run_(?:forever|until_complete)\(")
_STATEMENT = 40  # lines that one may take, of which the last was reached
_LONGEST_CODE = 60  # characters
_LONGEST_FILE = 4 << 20  # bytes
_MOST_NAMES = 2  # of a function and what it is in
_DEFINITION = re.compile(r"( *)(?:async +def|def|class) +(\w+)")
_QUOTES = re.compile(r"\"{3}|'{3}")
_PAGES = f"{FOLDER}devtools{os.sep}"


def place_of(stack: Sequence[Frame]) -> Frame | None:
    """The frame that blocks the event loop, the user's if there is one; None if none is to blame.

    None is to blame where the loop itself waits, and has not had its turn on a busy machine; where
    a person has stopped the code with a debugger; or where a page of tornkit's own takes its time,
    or a callback of its own, which looks for garbage in an idle moment.
    """
    frames = list(above_loop(stack))
    if any(Path(frame.file).name in _DEBUGGERS for frame in frames):
        return None
    is_own = any(frame.file.startswith(FOLDER) for frame in frames)
    others = [
        frame
        for frame in frames
        if not frame.file.startswith((FOLDER, "<frozen ")) and not (is_own and _calls(frame))
    ]
    users = [frame for frame in others if _is_users(frame)]
    if not users and any(frame.file.startswith(_PAGES) for frame in frames):
        return None
    place = next(iter(users or others), None)
    return None if place is None or _RUNS_LOOP.search(_code_of(place)) else place


def above_loop(stack: Sequence[Frame]) -> Iterator[Frame]:
    """Frames of the code that an event loop runs, without the loop's own frames."""
    for frame in stack:
        if _runs_loop(frame):
            return
        if not frame.file.endswith(f"{os.sep}selectors.py"):  # the loop's own wait, if it is one
            yield frame


def _runs_loop(frame: Frame) -> bool:
    return any(frame.file.endswith(end) and frame.function in names for end, names in _LOOPS)


def _calls(frame: Frame) -> bool:
    file, function = _CALLS
    return frame.function == function and frame.file.endswith(file)


def _is_users(frame: Frame) -> bool:
    # A template of Tornado's is none: who renders it is told.
    if frame.file.endswith(".generated.py"):
        return False
    try:
        return is_user_file(frame.file)
    except (OSError, RuntimeError, ValueError):  # a link that leads to itself, no name of a file
        return True


def described(frame: Frame) -> str:
    """The function, the file and line, and the code there: ``Report.get app.py:31 sleep(5)``.

    Without what may be a secret in the code: the line goes to the terminal, and into logs.
    """
    # Not before one is wanted: a supervisor would have it in its memory for good.
    from tornkit.routing.reading.code_masking import without_secrets

    lines = _lines_of(frame.file)[max(0, frame.line - _STATEMENT) : max(0, frame.line)]
    code = without_secrets(lines)[-1].strip() if lines and _code_of(frame) else ""
    if len(code) > _LONGEST_CODE:
        code = f"{code[: _LONGEST_CODE - 3]}..."
    words = (_name_of(frame), f"{_shown(frame.file)}:{frame.line}", code)
    return " ".join(word for word in words if word)


def _code_of(frame: Frame) -> str:
    lines = _lines_of(frame.file)
    return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""


def _lines_of(file: str) -> list[str]:
    """Lines of a file, as Python counts them; none if it is no regular file, or a very long one."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return []
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LONGEST_FILE:
            return []
        with open(descriptor, "rb", closefd=False) as opened:
            return opened.read(_LONGEST_FILE).decode(errors="replace").split("\n")
    except OSError:
        return []
    finally:
        os.close(descriptor)


def _shown(file: str) -> str:
    try:
        here = f"{Path.cwd()}{os.sep}"
    except OSError:
        return file
    return file.removeprefix(here)


def _name_of(frame: Frame) -> str:
    """Name of a frame's function and of the class or function around it, by the indentation."""
    lines = _without_texts(_lines_of(frame.file)[: frame.line])
    if not lines or frame.function == "<module>":
        return frame.function
    names: list[str] = []
    is_nameless = frame.function.startswith("<")  # a lambda or a comprehension
    margin = _margin(lines[-1]) + (_DEFINITION.match(lines[-1]) is not None)
    for line in reversed(lines):
        found = _DEFINITION.match(line)
        if found is None or len(found[1]) >= margin:
            continue
        if names or is_nameless or found[2] == frame.function:
            names.append(found[2])
            margin = len(found[1])
            if len(names) == _MOST_NAMES:
                break
    return ".".join(reversed(names)) or frame.function


def _without_texts(lines: Sequence[str]) -> list[str]:
    """Blank the lines that begin inside a triple-quoted string; expand tabs in the others."""
    found: list[str] = []
    quotes: str | None = None
    for line in lines:
        found.append(line.expandtabs() if quotes is None else "")
        for each in _QUOTES.findall(line):
            quotes = each if quotes is None else None if quotes == each else quotes
    return found


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())
