"""Which state of each source file this process has imported.

A save may fall between two workers' imports; the generation would then serve two versions. So each
worker says with `Ready` what the user's files were when it read them, and the supervisor starts
another generation where two of them differ.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader

_marks: dict[str, str] = {}


def note_imports() -> None:
    """From now on, in this process. `path_stats` runs just before a loader reads its source."""
    path_stats = SourceFileLoader.path_stats

    def noting_path_stats(self: SourceFileLoader, path: str) -> Mapping[str, float]:
        stats: Mapping[str, float] = path_stats(self, path)
        _marks[path] = f"{stats['mtime']}:{stats.get('size')}"
        return stats

    SourceFileLoader.path_stats = noting_path_stats  # type: ignore[method-assign]


def note(path: str) -> None:
    """A file that no loader reads: a program that is run."""
    with contextlib.suppress(OSError):
        status = os.stat(path)  # noqa: PTH116 - as the loader does
        _marks[path] = f"{status.st_mtime}:{status.st_size}"


def states(files: set[str]) -> dict[str, str]:
    """Of those among ``files`` (real paths) that were read, a mark that changes with them."""
    return {path: mark for path, mark in _marks.items() if os.path.realpath(path) in files}
