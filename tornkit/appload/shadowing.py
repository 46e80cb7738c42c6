"""A program's own modules that have the names of modules which were imported before.

A file ``secrets.py`` or a package ``queue/`` beside a program comes before the standard library,
and before what is installed, as long as the name has not been imported. tornkit has imported many
when the program's folder comes on ``sys.path``. So those modules are taken out of `sys.modules`
again, but for the ones that Python imports at its own start. What holds them already keeps them.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from types import ModuleType

from tornkit.import_order import as_python_has_it, library_first
from tornkit.ownership import attribute, file_of, is_user_file

_NEVER = frozenset({"__main__", "__mp_main__", "tornkit", "tornado"})
_started_with: frozenset[str] | None = None
_kept: dict[str, ModuleType] = {}  # a module that nobody holds would lose its globals


def note_start(names: Iterable[str]) -> None:
    """Note the modules that Python had imported by itself when this process began."""
    global _started_with  # noqa: PLW0603 - of the process
    _started_with = frozenset(names)


def put_first(folder: str, served: str | None) -> None:
    """Put an application's folder first on ``sys.path``, where its modules get their names.

    ``served`` is the application's own module, which can't be called as one that Tornado imports.
    """
    if folder not in sys.path[:1]:
        sys.path.insert(0, folder)
    give_way(folder, (served or "").partition(".")[0])


def give_way(folder: str, but: str = "") -> None:
    """Remove modules from `sys.modules` whose names a folder's modules take, but for ``but``."""
    for name in _names_in(folder) - _NEVER - {but}:
        # Not by the names in `sys.modules`: to look at them all copies the pages they are on.
        if name in sys.modules and _is_taken(name, folder) and name not in _names_at_start():
            inside = f"{name}."
            for each in [each for each in sys.modules if f"{each}.".startswith(inside)]:
                _kept[each] = sys.modules.pop(each)


def take_back() -> None:
    """Put the modules that `give_way` removed back, once no code of the program's runs.

    What tornkit prints with imports parts of itself when they are wanted: a user's ``rich.py`` has
    none of them.
    """
    sys.modules.update(_kept)


@contextlib.contextmanager
def library_names() -> Iterator[None]:
    """Inside the context, import tornkit's parts in the midst of a program from the library.

    A file of the program's may have a name that one of them wants: it loses that, and gets it back.
    """
    users = {
        name: module
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in sys.stdlib_module_names
        and (file := file_of(module)) is not None
        and is_user_file(file)
    }
    for name in users:
        del sys.modules[name]
    library_first()
    try:
        yield
    finally:
        as_python_has_it()
        for folder in folders_before_the_library():
            give_way(folder)
        for name in users.keys() & sys.modules.keys():
            _kept[name] = sys.modules[name]
        sys.modules.update(users)


def folders_before_the_library() -> list[str]:
    """Folders on ``sys.path`` that come before the standard library: those of PYTHONPATH."""
    library = os.path.dirname(os.__file__)  # noqa: PTH120
    if library not in sys.path:
        return []
    before = sys.path[: sys.path.index(library)]
    return [folder for folder in before if not folder.endswith(".zip")]


def _names_in(folder: str) -> frozenset[str]:
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - once, before anything is served
    except OSError:
        return frozenset()
    return frozenset(entry.partition(".")[0] for entry in entries)


def _is_taken(name: str, folder: str) -> bool:
    module: ModuleType = sys.modules[name]
    if getattr(attribute(module, "__spec__"), "origin", None) in ("built-in", "frozen"):
        return False  # these are found before any folder is looked at
    own = file_of(module)
    if own is not None and is_user_file(own):
        return False
    spec = PathFinder.find_spec(name, [folder])
    # A folder without `__init__.py` comes after every module of its name.
    return spec is not None and spec.loader is not None and spec.origin not in (None, own)


def _names_at_start() -> frozenset[str]:
    if _started_with is None:
        note_start(_ask_a_python())
    assert _started_with is not None
    return _started_with


def _ask_a_python() -> list[str]:
    """Names of the modules that a new Python has imported before it runs a program (15 ms)."""
    script = "import sys; print(*sys.modules)"
    command = [sys.executable, "-P", "-c", script]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.split()
