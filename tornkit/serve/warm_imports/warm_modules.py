"""Modules that were imported before the fork, out of sight until the program imports them.

A program may have changed by then what a module reads while it is imported: variables,
``sys.path``, the current folder, import hooks, stubs in `sys.modules`, warnings filters, the
locale, files (`tornkit.serve.warm_imports.import_inputs`). So warm modules are not in a worker's
`sys.modules`. A finder that stands just before Python's path finder gives them when they are
imported, if all inputs of all that they have imported are as they were; otherwise the path finder
goes on, as it would without us.

What was refused is told (`on_refused`), and is not imported ahead again. An extension module can't
be loaded a second time in a process that holds it: then `on_spoilt` is called, and may not return.

Closures are bits of integers, one for each module: to look at 450 modules of pandas, or their
names, would copy the pages on which they are.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from tornkit.ownership import attribute
from tornkit.serve.warm_imports import loggers
from tornkit.serve.warm_imports.bits import bits
from tornkit.serve.warm_imports.environment import encoded_variables
from tornkit.serve.warm_imports.exit_handlers import ExitHandler
from tornkit.serve.warm_imports.hidden_modules import TAKEN, HiddenModules
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.surroundings import Sensitive, Surroundings
from tornkit.serve.warm_imports.userfiles import born_with, is_standard


class WarmModules(HiddenModules):
    """The modules of one zygote that no worker sees before it imports them."""

    def __init__(self) -> None:
        super().__init__()
        self._closures: dict[str, int] = {}
        self._refused = 0
        self._exit_handlers: list[tuple[int, ExitHandler]] = []  # the bits of their modules
        self._loggers: list[tuple[int, logging.Logger]] = []  # likewise
        self._taken: list[str] = []  # parts that their packages had as attributes
        self.on_refused: Callable[[Mapping[str, str]], None] = lambda refused: None
        self.on_spoilt: Callable[[], None] = lambda: None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the program was started with."""
        return self._variables

    # ---- in the zygote ----

    def hide(self, before: Iterable[str], inputs: Mapping[str, Inputs]) -> None:
        """Take modules, but for those of ``before``, out of `sys.modules` into this import finder.

        tornkit's own modules stay, and so do those that Python finds before it looks at a path.
        """
        seen = set(before)
        self._names = [
            name
            for name, module in tuple(sys.modules.items())
            if name not in seen and not _stays(name, module)
        ]
        self._bits = {name: place for place, name in enumerate(self._names)}
        for name in self._names:
            self._modules[name] = sys.modules.pop(name)
        self._close(inputs)
        for name in self._names:
            self._take_from_package(name)
        for name in self._names:
            bit = self._bits[name]
            self._note(name, bit, inputs.get(name) or Inputs())
        self._module_variables.find(self._modules, inputs)
        self._keep_exit_handlers(inputs)
        self._hide_loggers(inputs)
        self._surroundings = Surroundings()
        place = next(
            (n for n, finder in enumerate(sys.meta_path) if finder is PathFinder),
            len(sys.meta_path),
        )
        sys.meta_path.insert(place, self)

    def show_all(self) -> None:
        """Undo `hide`."""
        sys.modules.update((n, m) for n, m in self._modules.items() if self._is_hidden(n))
        loggers.show(each for _, each in self._loggers)
        self._set_exit_handlers((1 << len(self._names)) - 1)
        self._give_back(self._taken)
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _close(self, inputs: Mapping[str, Inputs]) -> None:
        """Find, for each hidden module, all hidden modules that it imports, directly or not.

        Imports may be circular: this goes on for as long as anything grows.
        """
        for name, bit in self._bits.items():
            found = 1 << bit
            imported = tuple(inputs[name].imports) if name in inputs else ()
            for each in (*imported, name.rpartition(".")[0]):
                if each in self._bits:
                    found |= 1 << self._bits[each]
            self._closures[name] = found
        for name, bit in self._bits.items():
            root = name.partition(".")[0]
            if name not in inputs and root in self._closures:
                # No loader has executed it: another module of its package has put it there.
                self._closures[root] |= 1 << bit
        grows = True
        while grows:
            grows = False
            for name, closure in self._closures.items():
                whole = closure
                for bit in bits(closure):
                    whole |= self._closures[self._names[bit]]
                if whole != closure:
                    self._closures[name] = whole
                    grows = True

    def _note(self, name: str, bit: int, inputs: Inputs) -> None:
        own = 1 << bit
        module = self._modules[name]
        if inputs.in_c and not is_standard(module):
            self._extensions |= own
        if inputs.loggers:
            self._with_loggers |= own
        if (
            inputs.variables
            or inputs.environment is not None
            or inputs.sets
            or inputs.files
            or inputs.folders
            or inputs.current_folder
            or inputs.distributions
            or inputs.locale
            or inputs.filters
            or inputs.streams
            or inputs.timeout
            or inputs.levels
        ):
            self._sensitive.append(Sensitive(name, bit, inputs))
        for each in (name, *inputs.imports):
            top = each.partition(".")[0]
            self._tops[top] = self._tops.get(top, 0) | own
            beneath = sys.modules.get(each)
            if beneath is not None:
                self._modules_beneath[each] = beneath
                self._beneath[each] = self._beneath.get(each, 0) | own
        for each in inputs.missing:
            if each not in self._bits and each not in sys.modules:
                self._missing[each] = self._missing.get(each, 0) | own

    def _keep_exit_handlers(self, inputs: Mapping[str, Inputs]) -> None:
        found = [(name, each) for name in inputs for each in inputs[name].exit_handlers]
        for name, handler in sorted(found, key=lambda each: each[1].number):
            if name in self._bits:
                self._exit_handlers.append((self._bits[name], handler))
            else:  # it stays in sight
                handler.set()

    def _hide_loggers(self, inputs: Mapping[str, Inputs]) -> None:
        """Take loggers out of the registry that no module in sight has asked for."""
        seen = {
            each.name for name in inputs if name not in self._bits for each in inputs[name].loggers
        }
        found: dict[logging.Logger, int] = {}
        for name, bit in self._bits.items():
            for each in inputs[name].loggers if name in inputs else ():
                if each.name not in seen:
                    found[each] = found.get(each, 0) | 1 << bit
        self._loggers = [(mask, each) for each, mask in found.items()]
        loggers.hide(found)

    # ---- in a worker ----

    def begin(self) -> None:
        """Take the present environment variables as those that the program starts with."""
        self._variables = dict(os.environ)
        self._encoded = dict(encoded_variables())

    def take_module_variables(self) -> None:
        """Note the variables of modules in sight, before any of the program's code."""
        self._module_variables.begin()

    def copy_pages(self) -> None:
        """Get own copies of the memory pages that later imports write to, while nobody waits.

        A forked process gets each from the kernel when it first writes to it, if only a reference
        count: with pandas that takes some milliseconds.
        """
        everything = (1 << len(self._names)) - 1
        if everything:
            self.differences(everything)
            self._rehearse_showing(everything)

    def _rehearse_showing(self, mask: int) -> None:
        """Put modules into `sys.modules` and out again: it has room for them from then on."""
        there = sys.modules
        names = [name for name in self._named(mask) if name not in there]
        for name in names:
            there[name] = self._modules[name]
        for name in names:
            del there[name]
        for name in self._taken:
            package, _, part = name.rpartition(".")
            with contextlib.suppress(AttributeError):
                setattr(self._modules[package], part, self._modules[name])
                delattr(self._modules[package], part)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not self._is_hidden(fullname):
            return None
        wanted = self._closures[fullname] & ~self._shown
        if not wanted & self._refused:
            self._refuse(self.differences(wanted))
        if wanted & self._refused:
            if not wanted & self._refused & self._extensions:
                return None
            self.on_spoilt()
        return self._spec(fullname, self._modules[fullname])

    def _spec(self, name: str, module: ModuleType) -> ModuleSpec:
        own: Any = attribute(module, "__spec__")
        loader: Any = _Loader(self, name, module, own)
        spec = ModuleSpec(name, loader, origin=getattr(own, "origin", None))
        spec.submodule_search_locations = getattr(own, "submodule_search_locations", None)
        if getattr(own, "has_location", False):
            spec.has_location = True
            spec.cached = own.cached
        return spec

    def show(self, name: str) -> None:
        """Put a module and all that it imports into `sys.modules`, in order of their imports."""
        closure = self._closures[name] & ~self._shown
        self._shown |= closure
        names = self._named(closure)
        born_with.update(names)
        modules, there = self._modules, sys.modules
        for each in names:
            if each not in there:
                there[each] = modules[each]
        self._give_back(each for each in self._taken if closure >> self._bits[each] & 1)
        for sensitive in self._sensitive:
            if closure >> sensitive.bit & 1:
                _set_variables(sensitive.inputs.sets)
        if closure & self._with_loggers:
            loggers.show(each for mask, each in self._loggers if mask & closure)
        self._set_exit_handlers(closure)

    def _set_exit_handlers(self, mask: int) -> None:
        """Register the exit handlers of these modules, in their order."""
        for bit, handler in self._exit_handlers:
            if mask >> bit & 1:
                handler.set()

    def _refuse(self, refused: Mapping[str, str]) -> None:
        """Never give these modules out again, nor hidden ones that import them; and report it."""
        if not refused:
            return
        mask = 0
        for name in refused:
            mask |= 1 << self._bits[name]
        reasons = dict(refused)
        culprit = next(iter(refused))
        taken = {name for name, reason in refused.items() if reason is TAKEN}
        for name, closure in self._closures.items():
            if closure & mask and self._is_hidden(name):
                reasons.setdefault(name, f"imports {culprit}")
                self._refused |= 1 << self._bits[name]
        for name in taken:
            del reasons[name]
        if reasons:
            self.on_refused(reasons)

    def _take_from_package(self, name: str) -> None:
        """Delete a hidden module from its package, so that `from package import part` imports it.

        One on which the package rests comes into sight with it, and may stay.
        """
        package, _, part = name.rpartition(".")
        around = self._modules.get(package)
        if around is None or self._closures[package] >> self._bits[name] & 1:
            return
        if attribute(around, part) is self._modules[name]:
            with contextlib.suppress(AttributeError):  # a module that forbids it
                delattr(around, part)
                self._taken.append(name)

    def _give_back(self, names: Iterable[str]) -> None:
        for name in names:
            package, _, part = name.rpartition(".")
            with contextlib.suppress(AttributeError):  # a stub of the program's, say
                setattr(sys.modules.get(package), part, sys.modules.get(name))


current = WarmModules()
"""Those of this process."""


class _Loader:
    """Loader of a module that is there already; all else is asked of the module's own loader."""

    def __init__(self, warm: WarmModules, name: str, module: ModuleType, spec: Any) -> None:
        self._warm = warm
        self._name = name
        self._module = module
        self._spec = spec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._spec.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        try:
            module.__spec__ = self._spec
        finally:
            self._warm.show(self._name)


def _stays(name: str, module: object) -> bool:
    if name.partition(".")[0] in ("tornkit", "tornado", "__main__"):
        return True
    return getattr(attribute(module, "__spec__"), "origin", None) in ("built-in", "frozen")


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
