"""Runs a Python file as ``python name`` does: ``sys.argv[0]`` is the name as it was typed.

`runpy.run_path` makes it the same as ``__file__``, which Python makes absolute (since 3.9).
"""

from __future__ import annotations

import io
import sys
from importlib.machinery import SourceFileLoader
from types import ModuleType

from tornkit.errors import NoSuchModule


def run_file(path: str, argv0: str) -> None:
    """Run a Python file as ``__main__``. Whatever it raises comes through.

    :param path: absolute.
    :raises NoSuchModule: it can't be read.
    """
    try:
        with io.open_code(path) as file:
            source = file.read()
    except OSError as error:
        raise NoSuchModule(f"{path} can't be read: {error.strerror or error}") from error
    code = compile(source, path, "exec", dont_inherit=True)
    module = ModuleType("__main__")
    loader = SourceFileLoader("__main__", path)
    vars(module).update(
        __file__=path, __cached__=None, __loader__=loader, __builtins__=__builtins__
    )
    before = sys.modules["__main__"]
    sys.modules["__main__"] = module
    sys.argv[0] = argv0
    try:
        exec(code, vars(module))  # noqa: S102 - what the person asked for
    finally:
        sys.modules["__main__"] = before
