"""Scan of an application's files for the installed modules that it will import: nothing is run.

Before a first start nothing is known of what was warm (`tornkit.serve.nursery.warm_cache`), and
each worker would import everything by itself: four of them that import pandas take 270 MiB until
the next reload, where forks of a zygote that has imported it take 110, and are there sooner.

What stands at the left margin of the application's files, and of the user's files that those
import, is imported for sure. It is a hint: a zygote watches each module while it imports it, and
what is missed here is learned from the first worker.
"""

from __future__ import annotations

import ast
import os
from collections import deque
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from tornkit.appload.target import Target
from tornkit.ownership import installed_folders
from tornkit.serve.warm_imports.warming import ALWAYS_UNSAFE

# Of the user's own: a start is not to wait for the reading of a large project.
_MOST_FILES, _MOST_BYTES = 60, 400_000
_NEVER = {*ALWAYS_UNSAFE, "tornkit", "tornado"}  # the others are in each zygote
_ENDINGS = (".py", "/__init__.py", *EXTENSION_SUFFIXES)


def foresee(target: Target) -> tuple[str, ...]:
    """Names of the installed modules that an application imports, roughly in that order."""
    root = Path(target.import_root)
    start = Path(target.path) if target.path is not None else None
    if start is None and target.module is not None:
        start = _file_of(target.module, root) or _file_of(f"{target.module}.__main__", root)
    found: dict[str, None] = {}
    waiting = deque([start] if start is not None else [])
    seen = set(waiting)
    left = _MOST_BYTES
    while waiting and len(seen) <= _MOST_FILES:
        text = _read(waiting[0], left)
        left -= len(text)
        for name in _imported(text, _package(waiting.popleft(), root)):
            own = _file_of(name, root)
            if own is None:
                found.update(dict.fromkeys(_installed(name)))
            elif own not in seen:
                seen.add(own)
                waiting.append(own)
    return tuple(found)


def _read(path: Path, most: int) -> bytes:
    """Text of a file; empty for one that can't be read, or is too long."""
    try:
        return path.read_bytes() if path.stat().st_size <= most else b""
    except OSError:
        return b""


def _package(path: Path, root: Path) -> tuple[str, ...]:
    """The names of the packages around a file."""
    try:
        return path.relative_to(root).parent.parts
    except ValueError:
        return ()


def _imported(text: bytes, package: tuple[str, ...]) -> Iterator[str]:
    """Names that a source text imports when it is run, or may: ``a.b`` of ``from a import b``."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # the worker will say so
    for node in body:
        for each in node.body if isinstance(node, ast.Try) else (node,):
            match each:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(module=module, names=names, level=level):
                    around = package[: len(package) - level + 1] if level else ()
                    base = ".".join((*around, *((module,) if module else ())))
                    if base:
                        yield base
                    yield from (f"{base}.{alias.name}".lstrip(".") for alias in names)


def _file_of(name: str, folder: Path) -> Path | None:
    """The file of a module in a folder of modules."""
    place = str(folder.joinpath(*name.split(".")))
    names = (place + end for end in _ENDINGS)
    return next((Path(name) for name in names if os.path.isfile(name)), None)  # noqa: PTH113


def _installed(name: str) -> Iterator[str]:
    """Yield a module's name if it is installed; not where only an import would tell."""
    if name.partition(".")[0] in _NEVER:
        return
    for folder in installed_folders():
        if _file_of(name, Path(folder)) is not None:
            yield name
            return
