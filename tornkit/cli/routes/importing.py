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
    """Import all of it, if the folder takes any such name (100 ms); mostly it does not."""
    if not _takes_a_name(Path(target.import_root)):
        return
    for package in (tornkit.appload, tornkit.cli, tornkit.routing):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in _ALSO:
        with contextlib.suppress(ImportError):  # of another version of the library
            importlib.import_module(name)


def _takes_a_name(folder: Path) -> bool:
    with contextlib.suppress(OSError):
        names = {path.name.partition(".")[0] for path in folder.iterdir()}
        wanted = (*sys.modules, *_ALSO, "pygments")  # by rich
        known = sys.stdlib_module_names | {name.partition(".")[0] for name in wanted}
        return not names.isdisjoint(known - {"tornkit", "tornado", "__main__", ""})
    return False
