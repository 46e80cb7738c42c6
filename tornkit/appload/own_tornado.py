"""Finds the Tornado that a program brought itself, and puts it in the place of the installed one.

Plain Python looks into the program's folder before the installed packages, so a ``tornado`` folder
there is what the program imports. tornkit imports Tornado before the program runs, and has to take
it from the same place: `find` says where that is, `use` imports it from there. No other module of
the program's folder can come in that way.

What the program puts on ``sys.path`` while it runs comes too late for that: `not_used` then says
that another Tornado serves than plain Python would use. It imports nothing.
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path

from tornkit.errors import UnsupportedTornado

# As pyproject.toml says of the installed one.
OLDEST, TOO_NEW = (6, 5), (7,)
_VERSION = re.compile(r"^version_info\s*=\s*\((\d+),\s*(\d+)", re.MULTILINE)
used: str | None = None
"""The folder that `use` has imported Tornado from."""


def find(import_root: str) -> str | None:
    """The folder above the Tornado in the program's own folder; None where it has none.

    :raises UnsupportedTornado: that one, or else the first on ``sys.path``, is of a version that
        tornkit can't serve with.
    """
    own = _spec((import_root,))
    for spec in (own, _spec(sys.path)):
        if spec is not None:
            _check(Path(str(spec.origin)))
            break
    return import_root if own is not None else None


def use(folder: str | None) -> None:
    """Import Tornado from this folder, unless one has been imported; None: import nothing."""
    global used  # noqa: PLW0603 - a process has one Tornado
    if folder is None or "tornado" in sys.modules:
        return
    spec = _spec((folder,))
    if spec is None or spec.loader is None:  # moved away meanwhile
        return
    used = folder
    sys.modules["tornado"] = module_from_spec(spec)
    try:
        spec.loader.exec_module(sys.modules["tornado"])
    except BaseException:  # whatever its code raises: half a module must not stay
        del sys.modules["tornado"]
        raise


def not_used() -> str | None:
    """A sentence on the Tornado that ``import tornado`` would find by now, if another was imported.

    A program puts a folder of its own first on ``sys.path`` while it runs.
    """
    used = getattr(sys.modules.get("tornado"), "__file__", None)
    spec = _spec(sys.path, but_for=used)
    if used is None or spec is None or Path(str(spec.origin)).samefile(used):
        return None
    folder = Path(str(spec.origin)).parent
    version = _version(folder / "__init__.py")
    named = f"Tornado {'.'.join(map(str, version))}" if version is not None else "another Tornado"
    return (
        f"warning: {named} in {folder} is not used, as it would be by python: the program puts "
        f"that on sys.path when {Path(used).parent} has been imported; set "
        f"PYTHONPATH={folder.parent} before the start"
    )


def _spec(path: Sequence[str], but_for: str | None = None) -> ModuleSpec | None:
    """Import spec of Tornado on this path; None for a mere package of that name, or ``but_for``."""
    with contextlib.suppress(OSError, ValueError):  # an entry that is no path
        spec = PathFinder.find_spec("tornado", path)
        if spec is not None and spec.origin is not None and spec.origin != but_for:
            folder = Path(spec.origin).parent
            if (folder / "web.py").is_file() and (folder / "ioloop.py").is_file():
                return spec
    return None


def _check(init: Path) -> None:
    version = _version(init)
    if version is not None and not OLDEST <= version < TOO_NEW:
        raise UnsupportedTornado(
            f"{init.parent} is Tornado {'.'.join(map(str, version))}, and Python would take that; "
            f"tornkit serves with {'.'.join(map(str, OLDEST))} or newer, below "
            f"{'.'.join(map(str, TOO_NEW))}: put such a one in its place, or remove it"
        )


def _version(init: Path) -> tuple[int, int] | None:
    """Tornado's version as ``tornado/__init__.py`` says it; None where it does not."""
    try:
        found = _VERSION.search(init.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None
    return (int(found[1]), int(found[2])) if found is not None else None
