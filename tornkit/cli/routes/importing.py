"""Imports what listing will need, before the user's folder can take a name.

An application is loaded into this very process, with its folder first on ``sys.path``. Where that
holds a module of the standard library's name, a ``queue.py``, what is imported after it would get
that one.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import sys
from importlib.machinery import all_suffixes
from pathlib import Path

import tornkit.appload
import tornkit.cli
import tornkit.routing
from tornkit.appload.target import Target

_ALSO = (
    *("rich.columns", "rich.console", "rich.markup", "rich.padding", "rich.panel", "rich.pretty"),
    *("rich.syntax", "rich.table", "rich.text", "rich.tree", "json", "difflib", "tempfile"),
)


def import_ahead(target: Target) -> None:
    """Import all that listing needs, if the user's folder takes a module's name (100 ms)."""
    if not _takes_a_name(Path(target.import_root)):
        return
    for package in (tornkit.appload, tornkit.cli, tornkit.routing):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in _ALSO:
        with contextlib.suppress(ImportError):  # of another version of the library
            importlib.import_module(name)


def _takes_a_name(folder: Path) -> bool:
    wanted = (*sys.modules, *_ALSO, "pygments")  # by rich
    known = sys.stdlib_module_names | {name.partition(".")[0] for name in wanted}
    known -= {"tornkit", "tornado", "__main__", ""}
    with contextlib.suppress(OSError):
        return any(
            path.name.partition(".")[0] in known and _is_module(path) for path in folder.iterdir()
        )
    return False


def _is_module(path: Path) -> bool:
    """Whether a path is a module or package that Python would import before the library's."""
    suffixes = tuple(all_suffixes())
    if path.name.endswith(suffixes):
        return True
    return any((path / f"__init__{suffix}").exists() for suffix in suffixes)
