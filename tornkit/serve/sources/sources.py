"""Record of which state of each source file this process has imported.

A save may fall between two workers' imports; the generation would then serve two versions. So each
worker says with `Ready` what the user's files were when it read them, and the supervisor starts
another generation where two of them differ.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Mapping
from importlib.machinery import SourceFileLoader

from tornkit.paths import real_path

_marks: dict[str, str] = {}
_programs: set[str] = set()  # read by no loader, and part of no module that is kept
_names: dict[str, str] = {}  # of modules, and where each was loaded from


def note_imports() -> None:
    """Record the path and state of each source file that this process imports from now on.

    For that it replaces `SourceFileLoader.path_stats`, which runs before a loader reads.
    """
    path_stats = SourceFileLoader.path_stats

    def noting_path_stats(self: SourceFileLoader, path: str) -> Mapping[str, float]:
        stats: Mapping[str, float] = path_stats(self, path)
        _marks[path] = mark(stats["mtime"], stats.get("size"))
        _names[self.name] = path
        return stats

    SourceFileLoader.path_stats = noting_path_stats  # type: ignore[method-assign]


def mark(mtime: float, size: float | None) -> str:
    """State of a file as text: its modification time and size."""
    return f"{mtime}:{size}"


def note_held(path: str, state: str, name: str | None = None) -> None:
    """Note a file that was read from a snapshot, in the state that it had there."""
    _marks[path] = state
    if name is not None:
        _names[name] = path


def count() -> int:
    """Number of source files that were read; it grows when more are."""
    return len(_marks)


def read() -> frozenset[str]:
    """Paths of all source files that were read so far, whoever's they are."""
    return frozenset(tuple(_marks))


def note(path: str) -> None:
    """Record the state of a program's file, which is run and not read by an import's loader."""
    _programs.add(path)
    with contextlib.suppress(OSError):
        status = os.stat(path)  # noqa: PTH116 - as the loader does
        _marks[path] = mark(status.st_mtime, status.st_size)


def states(files: set[str]) -> dict[str, str]:
    """Marks of those among ``files`` (real paths) that were read; a mark changes with its file.

    The program itself is always among them.
    """
    # A copy: other threads may import meanwhile.
    return {
        path: state
        for path, state in tuple(_marks.items())
        if path in _programs or real_path(path) in files
    }


def names(paths: Collection[str]) -> dict[str, str]:
    """Names of the modules that were loaded from these paths, each with its path."""
    return {name: path for name, path in tuple(_names.items()) if path in paths}
