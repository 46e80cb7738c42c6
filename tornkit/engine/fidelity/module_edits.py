"""Counts monkeypatches: attributes set in modules whose functions the engine stands in for.

To compare 60 functions with those of before takes 0.5 us; so a module is given a class of its own,
as Python allows, whose ``__setattr__`` does what it did and counts. `tornkit.engine.routers.edits`
does the same for rules. A module that has a class of its own already is left alone.

Who writes to a module's ``__dict__`` is not seen.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import SupportsIndex

count = 0
"""How many edits there have been; another number than before means to look again."""

_names: dict[str, frozenset[str]] = {}  # what is counted, by module


class _Counting(ModuleType):
    """A module in which setting or deleting one of the `_names` is counted."""

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        _count(self, name)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        _count(self, name)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[object, ...]:
        # What pickles functions with the modules that they use (cloudpickle, dill) knows modules
        # by their exact class, and asks any other.
        return importlib.import_module, (self.__name__,)


def _count(module: ModuleType, name: str) -> None:
    global count  # noqa: PLW0603
    if name in _names.get(module.__name__, ()):
        count += 1


_Counting.__name__ = _Counting.__qualname__ = "module"  # in messages


def watch(module: ModuleType, names: frozenset[str]) -> bool:
    """Count what is set of these names from now on; false if the module has a class of its own."""
    if type(module) is ModuleType:
        module.__class__ = _Counting
    elif type(module) is not _Counting:
        return False
    _names[module.__name__] = _names.get(module.__name__, frozenset()) | names
    return True
