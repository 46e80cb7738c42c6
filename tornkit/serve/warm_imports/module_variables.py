"""Global variables of modules that hidden modules read while they are imported.

Hidden modules were imported ahead of the fork, and are out of `sys.modules` until the program
imports them; the modules in it are in sight. A program may set a variable before such an import:
``conf.DEBUG = True``, then ``import library``, which asks ``conf.DEBUG``, or has it from a
``from conf import DEBUG``; or a function that it has patched. What a module looks at is known from
what it has imported and from the names in its code (`tornkit.serve.warm_imports.code_names`):
rather too much than too little, which costs only where the program has set that very variable.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from operator import is_
from types import ModuleType
from typing import Any

from tornkit.serve.warm_imports.bits import bits
from tornkit.serve.warm_imports.code_names import EVERYTHING
from tornkit.serve.warm_imports.import_inputs import Inputs

_PLAIN = (bool, int, float, complex, str, bytes, tuple, frozenset)


class ModuleVariables:
    """Global variables of modules, their values, and the hidden modules that read them."""

    def __init__(self) -> None:
        self._in_sight: list[_Variables] = []  # of modules that are so from the start
        self._hidden: dict[int, _Variables] = {}  # by the places of their modules
        self._looked_at = 0  # these, as bits

    def find(self, hidden: Mapping[str, ModuleType], inputs: Mapping[str, Inputs]) -> None:
        """Find the variables that hidden modules read, of each other and of modules in sight."""
        readers = _Readers(hidden, inputs)
        in_sight = {name: each for name, each in sys.modules.items() if name not in hidden}
        self._in_sight = list(_found(in_sight, readers).values())
        self._hidden = _found(hidden, readers)
        self._looked_at = sum(1 << place for place in self._hidden)

    def begin(self) -> None:
        """Take present values, of modules in sight, for those that hidden modules have read."""
        for each in self._in_sight:
            each.begin()

    def changed(self, wanted: int, shown: int) -> Iterator[tuple[int, str]]:
        """Wanted modules (as bits) that have read a variable which differs now, and its name."""
        for each in self._in_sight:
            if each.all_readers & wanted:
                yield from each.changed(wanted)
        for place in bits(shown & self._looked_at):
            each = self._hidden[place]
            if each.all_readers & wanted:
                yield from each.changed(wanted)


def _found(modules: Mapping[str, ModuleType], readers: _Readers) -> dict[int, _Variables]:
    variables = {}
    for place, (name, module) in enumerate(modules.items()):
        found = readers.of(name, module)
        if found:
            variables[place] = _Variables(name, _namespace(module), found)
    return variables


class _Variables:
    """One module's global variables: their values, and which hidden modules read each."""

    def __init__(self, owner: str, home: dict[str, Any], readers: Mapping[str, int]) -> None:
        self.all_readers = 0
        for mask in readers.values():
            self.all_readers |= mask
        self._owner = owner
        self._home = home
        self._readers = readers
        self.begin()

    def begin(self) -> None:
        self._values = tuple(map(self._home.get, self._readers))

    def changed(self, wanted: int) -> Iterable[tuple[int, str]]:
        now = map(self._home.get, self._readers)
        if all(map(is_, now, self._values)):  # in C, and as nearly always
            return ()
        return [
            (readers & wanted, f"{self._owner}.{name}")
            for (name, readers), value in zip(self._readers.items(), self._values, strict=True)
            if readers & wanted and _differ(self._home.get(name), value)
        ]


class _Readers:
    """Finder of the hidden modules that read each global variable of a module.

    Hidden modules were imported ahead of the fork, and are out of `sys.modules` until the program
    imports them. A set of them is an integer with one bit for each.
    """

    def __init__(self, hidden: Mapping[str, ModuleType], inputs: Mapping[str, Inputs]) -> None:
        self._hidden = hidden
        self._bits = {name: 1 << place for place, name in enumerate(hidden)}
        self._inputs = {name: inputs[name] for name in hidden if name in inputs}
        self._by_import: dict[str, list[str]] = {}  # modules -> those that have imported them
        for name, each in self._inputs.items():
            for imported in each.imports:
                self._by_import.setdefault(imported, []).append(name)

    def of(self, name: str, module: ModuleType) -> dict[str, int]:
        """Global variables of a module, each with the hidden modules that read it, as bits."""
        if not _is(module, ModuleType) or name.partition(".")[0] in ("tornkit", "__main__"):
            return {}
        own = _variables(name, module)
        standard = name.partition(".")[0] in sys.stdlib_module_names
        found: dict[str, int] = {}
        for reader in self._importing(name):
            for variable in own & self._words(reader, module, at_import=standard):
                found[variable] = found.get(variable, 0) | self._bits[reader]
        found.pop(name, None)
        return found

    def _importing(self, name: str) -> list[str]:
        """Hidden modules that have imported this module, or can name it by a package around it."""
        if name == "builtins":
            return list(self._inputs)
        found = dict.fromkeys(self._by_import.get(name, ()))
        package, _, part = name.rpartition(".")
        while package:
            for reader in self._by_import.get(package, ()):
                if part in self._inputs[reader].names.everywhere:
                    found[reader] = None
            package = package.rpartition(".")[0]
        found.pop(name, None)
        return list(found)

    def _words(self, reader: str, module: ModuleType, *, at_import: bool) -> frozenset[str]:
        names = self._inputs[reader].names
        words = names.at_import if at_import else names.everywhere
        if EVERYTHING in words:
            there = _namespace(self._hidden[reader])
            values = _namespace(module).items()
            words |= {name for name, value in values if there.get(name) is value}
        return words


# What of `sys` is compared by itself, or is no input of a module's.
_OF_SYS = {"argv", "path", "modules", "meta_path", "path_hooks"}
# Modules whose classes and functions are words of the language: nobody puts others in their place,
# and to look at each would take longer than all the others.
_VOCABULARY = frozenset(
    {
        *("abc", "ast", "collections", "collections.abc", "contextlib", "dataclasses", "enum"),
        *("functools", "itertools", "keyword", "math", "numbers", "operator", "re", "string"),
        *("textwrap", "types", "typing"),
    }
)


def _variables(name: str, module: ModuleType) -> set[str]:
    """Variables of a module that a program may set: no other module, no ``__name__``."""
    return {
        variable
        for variable, value in _namespace(module).items()
        if not _is(value, ModuleType)
        and not variable.startswith("__")
        and not (name == "sys" and variable in _OF_SYS)
        and not (name == "builtins" and _is(value, type))
        and not (name in _VOCABULARY and callable(value))
    }


def _is(something: object, kind: type) -> bool:
    """Whether an object is of a type in truth, by `type` and not by `isinstance`.

    `isinstance` believes what an object says, and may run its code. In `sys.modules` may be
    anything, as cffi's libraries.
    """
    return issubclass(type(something), kind)


def _namespace(module: ModuleType) -> dict[str, Any]:
    """Namespace of a module (``__dict__``), without a lazy module being made to load itself."""
    found: dict[str, Any] = object.__getattribute__(module, "__dict__")
    return found


def _differ(now: object, then: object) -> bool:
    if now is then:
        return False
    return type(now) is not type(then) or type(now) not in _PLAIN or now != then
