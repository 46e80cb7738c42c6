"""Runs a script as ``__main__``, unmodified.

In a worker it runs whole, its ``listen()`` calls answered by the hooks that the worker installed
in `tornkit.seams`. For `tornkit routes` it runs up to the moment it would serve (`inspection`).
"""

from __future__ import annotations

import runpy
import sys
import zipfile

from tornkit.appload.load import find_attribute
from tornkit.appload.main_file import run_file
from tornkit.appload.shadowing import give_way
from tornkit.appload.target import Target
from tornkit.errors import NoSuchModule
from tornkit.paths import real_path


def run_program(target: Target) -> None:
    """Run a target as ``python path args…`` or ``python -m module args…`` would, until it ends.

    :raises NoSuchModule: ``-m`` names none. Whatever the program raises comes through.
    """
    if target.attribute is not None:
        sys.argv = [target.label, *target.arguments]
        entry = find_attribute(target)
        assert callable(entry)
        sys.exit(entry())
    root = real_path(target.import_root)
    sys.path.insert(0, root)
    give_way(root)
    main = target.main_file
    if target.argv0 is not None and main is not None and _is_source(main):
        sys.argv = [target.argv0, *target.arguments]
        run_file(main, target.argv0)
        return
    if target.path is not None:
        sys.argv = [target.path, *target.arguments]
        runpy.run_path(target.path, run_name="__main__")
        return
    assert target.module is not None
    if not _module_exists(target.module):
        raise NoSuchModule(f"there is no module {target.module} (looked in {target.import_root})")
    sys.argv = [target.module, *target.arguments]
    runpy.run_module(target.module, run_name="__main__", alter_sys=True)


def _is_source(path: str) -> bool:
    """Whether a file is Python's source; not a zip application, nor compiled."""
    return not path.endswith(".pyc") and not zipfile.is_zipfile(path)


def _module_exists(name: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(name) is not None
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            return False
        raise


def exit_status(error: SystemExit) -> str:
    """Exit status in words: ``status 1``, or the message that the program exited with."""
    return str(error.code) if isinstance(error.code, str) else f"status {error.code or 0}"
