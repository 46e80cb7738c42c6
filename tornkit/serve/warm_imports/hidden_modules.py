"""Modules imported ahead and kept out of `sys.modules`, and whether an import now would differ.

Sets of modules are bits of integers: to look at 450 modules of pandas, or their names, would copy
the pages on which they are.
"""

from __future__ import annotations

import locale
import logging
import os
import socket
import sys
import warnings
from collections.abc import Iterator
from importlib.machinery import PathFinder
from itertools import compress
from operator import is_
from types import ModuleType

from tornkit.ownership import attribute, file_of
from tornkit.serve.warm_imports import loggers, streams
from tornkit.serve.warm_imports.bits import bits
from tornkit.serve.warm_imports.environment import encoded_variables
from tornkit.serve.warm_imports.import_inputs import READ_IN_C
from tornkit.serve.warm_imports.module_variables import ModuleVariables
from tornkit.serve.warm_imports.surroundings import (
    METADATA,
    Sensitive,
    Surroundings,
    current_folder,
    mark,
    names_in,
)
from tornkit.serve.warm_imports.userfiles import names_of_own

# A module whose name the program has a module of its own for. It is none of what is warm: that is
# nothing to tell of.
TAKEN = ""

_TRUTH = bytes.maketrans(b"01", b"\0\1")  # of digits


class HiddenModules:
    """Modules imported ahead and kept out of `sys.modules`, and the inputs that each rests on."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}  # those in sight by now as well
        self._bits: dict[str, int] = {}  # by name
        self._shown = 0  # those that are in sight by now
        self._names: list[str] = []
        self._sensitive: list[Sensitive] = []
        self._extensions = 0  # installed ones in C, which may read variables unseen
        self._with_loggers = 0
        self._tops: dict[str, int] = {}  # first parts of names -> the modules that rest on them
        self._missing: dict[str, int] = {}  # names not found -> the modules that looked
        self._beneath: dict[str, int] = {}  # names in sight from the start, likewise
        self._modules_beneath: dict[str, ModuleType] = {}  # theirs
        self._module_variables = ModuleVariables()
        self._surroundings: Surroundings | None = None
        self._variables: dict[str, str] = {}  # with which this process began
        self._encoded: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._modules) - self._shown.bit_count()

    def held(self, name: str) -> object:
        """The module of this name, in `sys.modules` or hidden; None where it is not loaded."""
        return sys.modules.get(name) or (self._modules[name] if self._is_hidden(name) else None)

    def _is_hidden(self, name: str) -> bool:
        bit = self._bits.get(name)
        return bit is not None and not self._shown >> bit & 1

    def differences(self, wanted: int) -> dict[str, str]:
        """Modules among ``wanted`` (as bits) that would turn out different if imported now.

        By name, each with the reason.
        """
        found: dict[str, str] = {}
        for name, reason in self._differing_names(wanted):
            found.setdefault(name, reason)
        for mask, variable in self._module_variables.changed(wanted, self._shown):
            for name in self._named(mask):
                found.setdefault(name, f"depends on {variable}")
        changed = self._changed_variables()
        written: dict[str, str | None] = {}
        for each in self._sensitive:
            if wanted >> each.bit & 1:
                difference = self._difference(each, written)
                if difference is not None:
                    found.setdefault(each.name, difference)
        assert self._surroundings is not None
        if logging.getLoggerClass() is not self._surroundings.logger_class:
            for name in self._named(wanted & self._with_loggers):
                found.setdefault(name, "depends on the class of loggers")
        for variable in filter(READ_IN_C.match, changed):
            for name in self._named(wanted & self._extensions):
                found.setdefault(name, f"may depend on the variable {variable}")
        return found

    def _changed_variables(self) -> list[str]:
        if encoded_variables() == self._encoded:  # as nearly always; to decode takes longer
            return []
        now = dict(os.environ)
        names = now.keys() | self._variables.keys()
        return sorted(name for name in names if now.get(name) != self._variables.get(name))

    def _difference(self, each: Sensitive, written: dict[str, str | None]) -> str | None:
        inputs = each.inputs
        for name, value in inputs.variables.items():
            now = written[name] if name in written else os.environ.get(name)
            if now != value:
                return f"depends on the variable {name}"
        if inputs.environment is not None:
            whole = {**os.environ, **written}.items()
            if {key: value for key, value in whole if value is not None} != inputs.environment:
                return "depends on the whole environment"
        written.update(inputs.sets)
        if inputs.current_folder is not None and current_folder() != inputs.current_folder:
            return "depends on the current folder"
        for path, state in each.files.items():
            if mark(path) != state:
                return f"depends on {path}"
        for path, state in each.folders.items():
            if mark(path, listed=True) != state:
                return f"depends on {path}"
        assert self._surroundings is not None
        if inputs.locale and locale.setlocale(locale.LC_ALL) != self._surroundings.locale:
            return "depends on the locale"
        if inputs.filters and tuple(warnings.filters) != self._surroundings.filters:
            return "depends on warnings filters"
        if inputs.streams and streams.current() != self._surroundings.streams:
            return "depends on sys.stdin, sys.stdout and sys.stderr"
        if inputs.timeout and socket.getdefaulttimeout() != self._surroundings.timeout:
            return "depends on the default timeout of sockets"
        if any(loggers.would_log(logger, level) for logger, level in inputs.levels.items()):
            return "logs when it is imported"
        if inputs.distributions and any(
            name.endswith(METADATA) for folder in self._new_folders() for name in names_in(folder)
        ):
            return "depends on the packages on sys.path"
        return None

    def _differing_names(self, wanted: int) -> Iterator[tuple[str, str]]:
        """Wanted modules for which a name means another module by now, and the reasons."""
        for name in names_of_own():
            if self._is_hidden(name) and wanted >> self._bits[name] & 1:
                yield name, "is replaced in sys.modules"
        for name, mask in self._missing.items():
            if mask & wanted and name in sys.modules:
                yield from self._blame(mask & wanted, f"depends on whether there is {name}")
        beneath = self._modules_beneath
        if not all(map(is_, map(sys.modules.get, beneath), beneath.values())):  # in C: some 60
            for name, mask in self._beneath.items():
                if mask & wanted and sys.modules.get(name) is not beneath[name]:
                    yield from self._blame(mask & wanted, f"would import another {name}")
        yield from self._found_elsewhere(wanted)

    def _blame(self, mask: int, reason: str) -> Iterator[tuple[str, str]]:
        for name in self._named(mask):
            yield name, reason

    def _found_elsewhere(self, wanted: int) -> Iterator[tuple[str, str]]:
        surroundings = self._surroundings
        assert surroundings is not None
        if tuple(sys.path_hooks) != surroundings.hooks:
            yield from self._blame(wanted, "depends on sys.path_hooks")
            return
        own_finder: object = self
        for finder in sys.meta_path:
            if finder is own_finder:
                break
            if finder not in surroundings.finders:
                yield from self._asked(finder, wanted)
        known = set(surroundings.path)
        if [each for each in sys.path if each in known] != list(surroundings.path):
            yield from self._all_found_again(wanted)
            return
        for folder in self._new_folders():
            place = sys.path.index(folder)
            for name in names_in(folder):
                mask = (self._tops.get(name, 0) | self._missing.get(name, 0)) & wanted
                if mask and self._takes(folder, place, name):
                    for bit in bits(mask):
                        own = self._names[bit].partition(".")[0] == name
                        yield self._names[bit], TAKEN if own else f"would import another {name}"

    def _new_folders(self) -> list[str]:
        assert self._surroundings is not None
        known = set(self._surroundings.path)
        return [each for each in dict.fromkeys(sys.path) if each not in known]

    def _takes(self, folder: str, place: int, name: str) -> bool:
        """Whether a folder that is new on ``sys.path`` would provide the module of this name."""
        spec = PathFinder.find_spec(name, [folder])
        if spec is None:
            return False
        module = self.held(name)
        if module is None:
            return name in self._missing
        origin = getattr(attribute(module, "__spec__"), "origin", None)
        if origin in ("built-in", "frozen"):
            return False
        own = file_of(module)
        if own is None:  # a package without a file of its own, or somebody's object
            return True
        if spec.origin is None:  # such a package, which any other goes before
            return False
        homes = (os.path.dirname(own), os.path.dirname(os.path.dirname(own)))  # noqa: PTH120
        later = [at for at, each in enumerate(sys.path) if each in homes]
        return not later or place < max(later)

    def _all_found_again(self, wanted: int) -> Iterator[tuple[str, str]]:
        """Wanted modules found elsewhere, or no more, on a changed ``sys.path``; and reasons."""
        for name, mask in (*self._tops.items(), *self._missing.items()):
            if not mask & wanted or name in sys.builtin_module_names or "." in name:
                continue
            module = self.held(name)
            own = attribute(module, "__spec__")
            origin = getattr(own, "origin", None)
            if origin in ("built-in", "frozen"):
                continue
            spec = PathFinder.find_spec(name)
            if (spec.origin if spec is not None else None) != origin or (
                spec is None and module is not None
            ):
                yield from self._blame(mask & wanted, f"would import another {name}")

    def _asked(self, finder: object, wanted: int) -> Iterator[tuple[str, str]]:
        """Wanted modules that an import hook of the program's would find, and the reasons."""
        find_spec = getattr(finder, "find_spec", None)
        if find_spec is None:
            return
        for bit in bits(wanted):
            name = self._names[bit]
            if not self._is_hidden(name):
                continue
            parent = self.held(name.rpartition(".")[0])
            try:
                found = find_spec(name, attribute(parent, "__path__"), None)
            except Exception:  # noqa: BLE001 - the program's; its own import will tell
                found = True
            if found is not None:
                yield name, f"is found by {type(finder).__name__}, an import hook"

    def _named(self, mask: int) -> list[str]:
        """Names of the modules whose bits are set in ``mask``, in the order of their imports."""
        return list(compress(self._names, f"{mask:b}"[::-1].encode().translate(_TRUTH)))
