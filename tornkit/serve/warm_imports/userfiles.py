"""Tells which loaded modules are the user's own, and which folders an application names.

`tornkit.ownership` tells by the file. What is the user's own is watched, and never imported
before a fork.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from itertools import filterfalse, takewhile
from pathlib import Path
from types import ModuleType
from typing import Any

from tornkit.ownership import (
    attribute,
    file_of,
    installed_folders,
    is_user_file,
    real,
    standard_folders,
)


def is_user_module(module: ModuleType) -> bool:
    """Whether a module's file is the user's; False for a module without a file."""
    name = file_of(module)
    return name is not None and is_user_file(name)


def is_standard(module: ModuleType) -> bool:
    """Whether a module is of the standard library, or built in."""
    name = file_of(module)
    if name is None:
        return module.__name__.partition(".")[0] in sys.stdlib_module_names
    return name.startswith(standard_folders()) and not name.startswith(installed_folders())


_held_at_birth = ""  # the last name that was there
born_with: set[str] = set()
"""Names of modules that came into sight since, and were imported before the fork."""


def remember_what_is_held() -> None:
    """Mark the modules that are loaded now, in a zygote: its workers tell only of later ones."""
    global _held_at_birth  # noqa: PLW0603 - the fork carries it over
    # This module goes last: no program can make it give its place away.
    sys.modules[__name__] = sys.modules.pop(__name__)
    _held_at_birth = __name__


def own_modules() -> dict[str, ModuleType]:
    """Modules that this process has imported itself, in the order of their imports.

    Walked from the end: to look at every module that the zygote holds would copy the page that
    each of them is on (700 modules with pandas: 6 ms).
    """
    names = filterfalse(born_with.__contains__, reversed(names_of_own()))
    return {name: sys.modules[name] for name in names if name in sys.modules}


def names_of_own() -> list[str]:
    """Names that came into `sys.modules` in this process, the last one first."""
    is_new = _held_at_birth.__ne__  # in C: with pandas there are some 400 names
    while True:
        with contextlib.suppress(RuntimeError):  # another thread has imported meanwhile
            return list(takewhile(is_new, reversed(sys.modules)))


def user_files(own: Mapping[str, ModuleType] | None = None) -> set[str]:
    """Absolute paths of the user's Python files that this process has imported.

    ``own`` are the `own_modules`, where they have been asked for.
    """
    return {
        real(name)
        for module in (own_modules() if own is None else own).values()
        if (name := file_of(module)) is not None and name.endswith(".py") and is_user_module(module)
    }


def other_modules(own: Mapping[str, ModuleType] | None = None) -> tuple[str, ...]:
    """Names of modules with a file that this process has imported, but for the user's.

    ``own`` as for `user_files`.
    """
    return tuple(
        name
        for name, module in (own_modules() if own is None else own).items()
        if attribute(module, "__name__") == name  # no aliases such as os.path
        and file_of(module) is not None
        and name not in ("__main__", "__mp_main__")
        and not is_user_module(module)
    )


def folders_of(settings: Mapping[str, Any]) -> set[str]:
    """The folders of templates and static files that an application's settings name.

    Applications whose handlers and loaders are their own name several, or what is no path at all.
    """
    found: set[str] = set()
    for key in ("template_path", "static_path"):
        named = settings.get(key)
        for each in named if isinstance(named, list | tuple) else [named]:
            if each and isinstance(each, str | os.PathLike):
                found.add(str(Path(each).resolve()))
    return found
