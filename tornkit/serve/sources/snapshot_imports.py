"""Imports answered from a snapshot of the source files (`snapshot`), in a worker.

The loaders stay Python's own, and whoever's else the application has installed: only what they
read is another text, where a file has changed since; and only where a module is found is decided
here, where a file has been moved away or another one has come in its way.
"""

from __future__ import annotations

import io
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from types import ModuleType
from typing import Any

from tornkit.serve.sources import sources


def install(descriptor: int) -> None:
    """Load modules from the snapshot in this file, from now on; the descriptor is closed."""
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    os.close(descriptor)
    names, files = marshal.loads(content)  # noqa: S302 - the supervisor's, which shares our build
    _answer_loaders(files)
    _answer_run_path(files)
    sys.meta_path.insert(0, _Finder(names))


def _answer_loaders(files: Mapping[str, tuple[str, bytes]]) -> None:
    """Give loaders the texts of the snapshot.

    A loader that can't have a file's time uses no bytecode, and writes none
    (`importlib.abc.SourceLoader.path_stats`): just what is wanted where the file has changed.
    """
    path_stats = SourceFileLoader.path_stats
    get_data = SourceFileLoader.get_data

    def held_path_stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        if path not in files:
            return path_stats(self, path)
        state, _ = files[path]
        try:
            stats: Mapping[str, Any] = path_stats(self, path)
        finally:
            sources.note_held(path, state, self.name)
        if sources.mark(stats["mtime"], stats.get("size")) != state:
            raise OSError(f"{path} has changed since it was loaded")
        return stats

    def held_get_data(self: SourceFileLoader, path: str) -> bytes:
        return files[path][1] if path in files else get_data(self, path)

    SourceFileLoader.path_stats = held_path_stats  # type: ignore[method-assign]
    SourceFileLoader.get_data = held_get_data  # type: ignore[method-assign,assignment]


def _answer_run_path(files: Mapping[str, tuple[str, bytes]]) -> None:
    """Give `runpy.run_path` the text of the program, which no loader reads."""
    open_code = io.open_code

    def held_open_code(path: str) -> Any:
        if path not in files:
            return open_code(path)
        state, text = files[path]
        sources.note_held(path, state)
        return io.BytesIO(text)

    io.open_code = held_open_code


class _Finder:
    """Import finder, first of `sys.meta_path`, of modules at the paths that a snapshot has."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._parents = _parents(names)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        origin = self._names.get(fullname)
        if origin is None and fullname not in self._parents:
            return None
        found = self._find_elsewhere(fullname, path, target)
        if origin is None:
            return found or self._namespace(fullname)
        if found is not None and found.origin == origin:
            return found  # with a loader that may be somebody's own
        return spec_from_file_location(fullname, origin)

    def _namespace(self, fullname: str) -> ModuleSpec:
        """Make the spec of a namespace package whose folder has been moved away."""
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = list(self._parents[fullname])
        return spec

    def _find_elsewhere(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if finder is not self and find_spec is not None:
                found: ModuleSpec | None = find_spec(fullname, path, target)
                if found is not None:
                    return found
        return None


def _parents(names: Mapping[str, str]) -> dict[str, dict[str, None]]:
    """Packages around these modules that are not among them, each with its folders."""
    found: dict[str, dict[str, None]] = {}
    for name, origin in names.items():
        folder, file = os.path.split(origin)
        if file == "__init__.py":
            folder = os.path.dirname(folder)  # noqa: PTH120 - no Path of each of hundreds
        while (name := name.rpartition(".")[0]) and name not in names:
            found.setdefault(name, {})[folder] = None
            folder = os.path.dirname(folder)  # noqa: PTH120
    return found
