"""Paths of a target by the names that a person used, with symbolic links not resolved.

`locate` resolves all links, so ``current/app.py`` is ``releases/1/app.py`` for good. A server runs
longer than that: once the link is turned to ``releases/2``, what is served next has to come from
there, as it would if the program were started anew. Links are kept here, and followed each time
that a worker starts.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from tornkit.appload.target import Target


def working_folder() -> str:
    """Return the current folder by the name that the shell knows it by (``PWD``).

    :raises OSError: it was removed.
    """
    name = os.environ.get("PWD", "")
    try:
        if os.path.isabs(name) and os.path.samefile(name, os.curdir):  # noqa: PTH117, PTH121 - text
            return name
    except OSError:  # an old one
        pass
    return os.getcwd()  # noqa: PTH109 - text


def absolute(path: Path) -> Path:
    """Return a path as seen from the current folder, by the names that lead there.

    :raises OSError: the current folder was removed, and the path is below it.
    """
    return Path(_normal(str(path if path.is_absolute() else working_folder() / path)))


def _normal(path: str) -> str:
    # What is above a link is not the folder that is written before it.
    return os.path.realpath(path) if os.pardir in Path(path).parts else os.path.normpath(path)


def by_name(target: Target, app: str | None) -> Target:
    """Return a target with paths by the names that ``app``, or the current folder, leads through.

    ``/srv/releases/1/app.py``, found as ``app.py`` in ``/srv/current`` -> ``/srv/current/app.py``.
    A program also gets what ``sys.argv[0]`` is for it.
    """
    folder = working_folder()
    named = _named(folder, app)
    if target.is_program and target.path is not None:
        typed = named is not None and os.path.realpath(named) == target.path
        word = _place(app) if typed else target.label
        target = replace(target, argv0=word)
    if named is not None and os.path.islink(named) and os.path.isfile(named):  # noqa: PTH113, PTH114
        # The folder of a program is the one that its link leads to, for Python as well.
        return replace(target, path=named) if target.is_program else target
    name, real = _pair(named or folder)
    return replace(
        target,
        import_root=_renamed(target.import_root, real, name),
        project=_renamed(target.project, real, name),
        path=None if target.path is None else _renamed(target.path, real, name),
    )


def _named(folder: str, app: str | None) -> str | None:
    """The absolute name of the file or folder that APP is, its links not followed."""
    place = _place(app)
    if not place:
        return None
    path = os.path.join(folder, place)  # noqa: PTH118 - text
    return _normal(path) if os.path.exists(path) else None  # noqa: PTH110 - a module


def _place(app: str | None) -> str:
    return os.path.expanduser((app or "").partition(":")[0])  # noqa: PTH111 - text


def _pair(name: str) -> tuple[str, str]:
    """Return the shortest leading part of a path that is a symbolic link, and its target."""
    real = os.path.realpath(name)
    while name != real and os.path.basename(name) == os.path.basename(real):  # noqa: PTH119
        name, real = os.path.dirname(name), os.path.dirname(real)  # noqa: PTH120
    return name, real


def _renamed(path: str, real: str, name: str) -> str:
    if path == real or path.startswith(real.rstrip(os.sep) + os.sep):
        return name + path[len(real) :]
    return path
