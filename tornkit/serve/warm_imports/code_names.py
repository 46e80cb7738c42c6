"""Names in a module's code: modules that it imports, variables and attributes that it reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import SourceFileLoader, SourcelessFileLoader
from inspect import CO_OPTIMIZED
from types import CodeType

EVERYTHING = "*"
"""Among the names: all of another module's, by `from module import *`."""


@dataclass(frozen=True)
class CodeNames:
    """Names that one module's code uses: outside of its functions, and everywhere."""

    at_import: frozenset[str] = frozenset()  # outside of its functions
    everywhere: frozenset[str] = frozenset()  # a function may be called while it is imported


def names_in(code: CodeType) -> CodeNames:
    """Names that a module's code reads."""
    at_import: set[str] = set()
    everywhere: set[str] = set()
    _collect(code, at_import, everywhere)
    return CodeNames(frozenset(at_import), frozenset(everywhere))


def _collect(code: CodeType, *collections: set[str]) -> None:
    for names in collections:
        names.update(code.co_names)
    for each in code.co_consts:
        if each == (EVERYTHING,):
            for names in collections:
                names.add(EVERYTHING)
        elif isinstance(each, CodeType):
            _collect(each, *(collections[1:] if _is_function(each) else collections))


def _is_function(code: CodeType) -> bool:
    """Whether a nested code object is a function's or lambda's: no class, no comprehension."""
    runs_at_once = code.co_name.startswith("<") and code.co_name != "<lambda>"
    return bool(code.co_flags & CO_OPTIMIZED) and not runs_at_once


@contextmanager
def noted(loader: object, note: Callable[[CodeNames], None]) -> Iterator[None]:
    """Context in which ``note`` is called with the names in code that this loader gets."""
    if not isinstance(loader, SourceFileLoader | SourcelessFileLoader):
        yield
        return
    original = loader.get_code

    def get_code(fullname: str) -> CodeType | None:
        code: CodeType | None = original(fullname)
        if code is not None:
            note(names_in(code))
        return code

    vars(loader)["get_code"] = get_code
    try:
        yield
    finally:
        del vars(loader)["get_code"]
