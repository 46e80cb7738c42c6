"""One line that says what the user's code raised, and what to do where that is known."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tornkit.ownership import is_user_file

_LONGEST = 60  # characters of a pattern around the mistake


def summary(error: BaseException) -> str:
    """``ValueError: no db``; for a pattern which one, where, and why `re` refuses it.

    >>> summary(ValueError("no db\\nat all"))
    'ValueError: no db'
    """
    if isinstance(error, SystemExit):
        return f"it called sys.exit({error.code!r})"
    if isinstance(error, re.error) and error.pattern is not None:
        return _pattern_summary(error)
    lines = f"{type(error).__name__}: {error}".splitlines()
    line = lines[0].rstrip() if str(error) else type(error).__name__
    if isinstance(error, ModuleNotFoundError) and _is_missing_package(error):
        return f"{line}; is it installed for this Python, {sys.executable}?"
    return line


def _is_missing_package(error: ModuleNotFoundError) -> bool:
    """Whether a whole package is missing, not a module of one that was imported."""
    top = (error.name or "").partition(".")[0]
    return bool(top) and top not in sys.modules and not top.startswith("_")


def _pattern_summary(error: re.error) -> str:
    pattern = _text(error)
    place = _place(error, pattern)
    if pattern != error.pattern:
        try:  # what is wrong with it may read otherwise with a $ behind it
            re.compile(pattern)
        except re.error as own:
            error = own
    where = f" ({place})" if place else ""
    reason = error.msg if error.pos is None else f"{error.msg} at position {error.pos}"
    if len(pattern) > _LONGEST:
        start = max(0, (error.pos or 0) - _LONGEST // 2)
        cut = pattern[start : start + _LONGEST]
        behind = "…" if start + _LONGEST < len(pattern) else ""
        pattern = f"{'…' if start else ''}{cut}{behind}"
    return f"the pattern {pattern} is no regular expression: {reason}{where}"


def _text(error: re.error) -> str:
    """The pattern of a regex error as the user wrote it, without the ``$`` that Tornado adds."""
    pattern = error.pattern
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else str(pattern)
    in_router = any(_is_tornados(name) for name, _ in _frames(error))
    return text.removesuffix("$") if in_router and not text.endswith(r"\$") else text


def _place(error: re.error, pattern: str) -> str | None:
    """File and line of a pattern: where it stands, if on one line only, else the user's last frame.

    The traceback points at the call of ``Application`` only, for rules that are tuples.
    """
    file, line = next(
        (frame for frame in reversed(_frames(error)) if is_user_file(frame[0])), (None, 0)
    )
    if file is None:
        return None
    lines = set(_lines_with(Path(file), pattern))
    return f"{Path(file).name}:{lines.pop() if len(lines) == 1 else line}"


def _frames(error: BaseException) -> list[tuple[str, int]]:
    """File and line of each frame of an error's traceback, outermost first."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _is_tornados(file: str) -> bool:
    return file.endswith("/tornado/routing.py")


def _lines_with(file: Path, text: str) -> Iterator[int]:
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError):  # changed since it was loaded: the line is an extra
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in (text, f"{text}$"):
            yield node.lineno
