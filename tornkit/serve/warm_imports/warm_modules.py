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
import locale
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from tornkit.ownership import attribute, file_of
from tornkit.serve.warm_imports.import_inputs import READ_IN_C, Inputs
from tornkit.serve.warm_imports.userfiles import born_with, is_standard, names_of_own

# A module whose name the program has a module of its own for. It is none of what is warm: that is
# nothing to tell of.
_TAKEN = ""
_METADATA = (".dist-info", ".egg-info", ".egg-link")


def mark(path: str, *, listed: bool = False) -> object:
    """A file's state; of a folder only that it is one, unless it was listed."""
    try:
        status = os.stat(path)  # noqa: PTH116 - before an import, for each file
    except (OSError, ValueError):
        return None
    if os.path.isdir(path) and not listed:  # noqa: PTH112
        return "folder"
    return status.st_mtime_ns, status.st_size


class _Sensitive:
    """A module that has read something, and the state of that when it was imported."""

    def __init__(self, name: str, bit: int, inputs: Inputs) -> None:
        self.name = name
        self.bit = bit
        self.inputs = inputs
        self.files = {path: mark(path) for path in inputs.files}
        self.folders = {path: mark(path, listed=True) for path in inputs.folders}


class Surroundings:
    """What a process's imports depend on besides what modules read: taken in a zygote."""

    def __init__(self) -> None:
        self.path = tuple(sys.path)
        self.finders = tuple(sys.meta_path)
        self.hooks = tuple(sys.path_hooks)
        self.locale = locale.setlocale(locale.LC_ALL)
        self.filters = tuple(warnings.filters)


class WarmModules:
    """The modules of one zygote that no worker sees before it imports them."""

    def __init__(self) -> None:
        self._hidden: dict[str, ModuleType] = {}
        self._bits: dict[str, int] = {}  # by name
        self._names: list[str] = []
        self._closures: dict[str, int] = {}
        self._sensitive: list[_Sensitive] = []
        self._tops: dict[str, int] = {}  # first parts of names -> the modules that rest on them
        self._missing: dict[str, int] = {}  # names not found -> the modules that looked
        self._beneath: dict[str, tuple[ModuleType, int]] = {}  # in sight from the start
        self._extensions = 0  # those that can't be loaded twice
        self._refused = 0
        self._shown = 0
        self._taken: list[str] = []  # parts that their packages had as attributes
        self._surroundings: Surroundings | None = None
        self._variables: dict[str, str] = {}  # with which this process began
        self._encoded: dict[bytes, bytes] = {}
        self._listings: dict[str, tuple[object, frozenset[str]]] = {}
        self.on_refused: Callable[[Mapping[str, str]], None] = lambda refused: None
        self.on_spoilt: Callable[[], None] = lambda: None

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that the program was started with."""
        return self._variables

    def __len__(self) -> int:
        return len(self._hidden)

    # ---- in the zygote ----

    def hide(self, before: Iterable[str], inputs: Mapping[str, Inputs]) -> None:
        """Take what is not of ``before`` out of `sys.modules`; a finder has it from now on.

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
            self._hidden[name] = sys.modules.pop(name)
        self._close(inputs)
        for name in self._names:
            self._take_from_package(name)
        for name in self._names:
            bit = self._bits[name]
            self._note(name, bit, inputs.get(name) or Inputs())
        self._surroundings = Surroundings()
        place = next(
            (n for n, finder in enumerate(sys.meta_path) if finder is PathFinder),
            len(sys.meta_path),
        )
        sys.meta_path.insert(place, self)

    def show_all(self) -> None:
        """Undo `hide`."""
        sys.modules.update(self._hidden)
        self._give_back(self._taken)
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _close(self, inputs: Mapping[str, Inputs]) -> None:
        """Find all that each module rests on: with circles, as long as anything grows."""
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
                for bit in _bits(closure):
                    whole |= self._closures[self._names[bit]]
                if whole != closure:
                    self._closures[name] = whole
                    grows = True

    def _note(self, name: str, bit: int, inputs: Inputs) -> None:
        own = 1 << bit
        module = self._hidden[name]
        if inputs.in_c and not is_standard(module):
            self._extensions |= own
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
            or (inputs.in_c and not is_standard(module))
        ):
            self._sensitive.append(_Sensitive(name, bit, inputs))
        for each in (name, *inputs.imports):
            top = each.partition(".")[0]
            self._tops[top] = self._tops.get(top, 0) | own
            beneath = sys.modules.get(each)
            if beneath is not None:
                mask = self._beneath[each][1] if each in self._beneath else 0
                self._beneath[each] = (beneath, mask | own)
        for each in inputs.missing:
            if each not in self._bits and each not in sys.modules:
                self._missing[each] = self._missing.get(each, 0) | own

    def held(self, name: str) -> object:
        """The module of this name, wherever it is; None where it is not loaded."""
        return sys.modules.get(name) or self._hidden.get(name)

    # ---- in a worker ----

    def begin(self) -> None:
        """Take the variables of now as those that the program starts with."""
        self._variables = dict(os.environ)
        self._encoded = dict(os.environb)

    def copy_pages(self) -> None:
        """Have pages of its own for what will be looked at and shown, while nobody waits.

        A forked process gets each from the kernel when it first writes to it, if only a reference
        count: with pandas that takes some milliseconds.
        """
        everything = (1 << len(self._names)) - 1
        if everything:
            self._differences(everything)
            dict.fromkeys(self._named(everything)).update(self._hidden)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        module = self._hidden.get(fullname)
        if module is None:
            return None
        wanted = self._closures[fullname] & ~self._shown
        if not wanted & self._refused:
            self._refuse(self._differences(wanted))
        if wanted & self._refused:
            if not wanted & self._refused & self._extensions:
                return None
            self.on_spoilt()
        return self._spec(fullname, module)

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
        """Put a module and all that it rests on into sight, in the order of their imports."""
        closure = self._closures[name] & ~self._shown
        self._shown |= closure
        hidden = self._hidden
        shown = {each: hidden[each] for each in self._named(closure) if each in hidden}
        self._hidden = {each: hidden[each] for each in hidden if each not in shown}
        born_with.update(shown)
        there = sys.modules
        there.update({each: shown[each] for each in shown if each not in there})
        self._give_back(each for each in self._taken if closure >> self._bits[each] & 1)
        for sensitive in self._sensitive:
            if closure >> sensitive.bit & 1:
                _set_variables(sensitive.inputs.sets)

    def _named(self, mask: int) -> list[str]:
        """The names of these modules, in the order of their imports."""
        return [
            name for name, bit in zip(self._names, f"{mask:b}"[::-1], strict=False) if bit > "0"
        ]

    def _refuse(self, refused: Mapping[str, str]) -> None:
        """Never give these, nor what rests on them and is not in sight."""
        if not refused:
            return
        mask = 0
        for name in refused:
            mask |= 1 << self._bits[name]
        reasons = dict(refused)
        culprit = next(iter(refused))
        taken = {name for name, reason in refused.items() if reason is _TAKEN}
        for name, closure in self._closures.items():
            if closure & mask and name in self._hidden:
                reasons.setdefault(name, f"imports {culprit}")
                self._refused |= 1 << self._bits[name]
        for name in taken:
            del reasons[name]
        if reasons:
            self.on_refused(reasons)

    def _take_from_package(self, name: str) -> None:
        """Let `from package import part` look for a part that is hidden, not find it at hand.

        One on which the package rests comes into sight with it, and may stay.
        """
        package, _, part = name.rpartition(".")
        around = self._hidden.get(package)
        if around is None or self._closures[package] >> self._bits[name] & 1:
            return
        if attribute(around, part) is self._hidden[name]:
            with contextlib.suppress(AttributeError):  # a module that forbids it
                delattr(around, part)
                self._taken.append(name)

    def _give_back(self, names: Iterable[str]) -> None:
        for name in names:
            package, _, part = name.rpartition(".")
            with contextlib.suppress(AttributeError):  # a stub of the program's, say
                setattr(sys.modules.get(package), part, sys.modules.get(name))

    # ---- differences ----

    def _differences(self, wanted: int) -> dict[str, str]:
        """The modules among those wanted that would be others if they were imported now."""
        found: dict[str, str] = {}
        for name, reason in self._differing_names(wanted):
            found.setdefault(name, reason)
        changed = self._changed_variables()
        written: dict[str, str | None] = {}
        for each in self._sensitive:
            if wanted >> each.bit & 1:
                difference = self._difference(each, changed, written)
                if difference is not None:
                    found.setdefault(each.name, difference)
        return found

    def _changed_variables(self) -> list[str]:
        if dict(os.environb) == self._encoded:  # as it is nearly always; to decode takes longer
            return []
        now = dict(os.environ)
        names = now.keys() | self._variables.keys()
        return sorted(name for name in names if now.get(name) != self._variables.get(name))

    def _difference(
        self, each: _Sensitive, changed: list[str], written: dict[str, str | None]
    ) -> str | None:
        inputs = each.inputs
        for name, value in inputs.variables.items():
            now = written[name] if name in written else os.environ.get(name)
            if now != value:
                return f"depends on the variable {name}"
        if inputs.environment is not None and {**os.environ, **written} != inputs.environment:
            return "depends on the whole environment"
        written.update(inputs.sets)
        if each.inputs.in_c:
            for name in changed:
                if READ_IN_C.match(name):
                    return f"may depend on the variable {name}"
        if inputs.current_folder is not None and _current_folder() != inputs.current_folder:
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
        if inputs.distributions and any(
            name.endswith(_METADATA) for folder in self._new_folders() for name in _names_in(folder)
        ):
            return "depends on the packages on sys.path"
        return None

    def _differing_names(self, wanted: int) -> Iterator[tuple[str, str]]:
        """Of those wanted, the ones that rest on a name that is taken by something else."""
        for name in names_of_own():
            if name in self._hidden and wanted >> self._bits[name] & 1:
                yield name, "is replaced in sys.modules"
        for name, mask in self._missing.items():
            if mask & wanted and name in sys.modules:
                yield from self._blame(mask & wanted, f"depends on whether there is {name}")
        for name, (module, mask) in self._beneath.items():
            if mask & wanted and sys.modules.get(name) is not module:
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
        for finder in sys.meta_path:
            if finder is self:
                break
            if finder not in surroundings.finders:
                yield from self._asked(finder, wanted)
        known = set(surroundings.path)
        if [each for each in sys.path if each in known] != list(surroundings.path):
            yield from self._all_found_again(wanted)
            return
        for folder in self._new_folders():
            place = sys.path.index(folder)
            for name in _names_in(folder):
                mask = (self._tops.get(name, 0) | self._missing.get(name, 0)) & wanted
                if mask and self._takes(folder, place, name):
                    for bit in _bits(mask):
                        own = self._names[bit].partition(".")[0] == name
                        yield self._names[bit], _TAKEN if own else f"would import another {name}"

    def _new_folders(self) -> list[str]:
        assert self._surroundings is not None
        known = set(self._surroundings.path)
        return [each for each in dict.fromkeys(sys.path) if each not in known]

    def _takes(self, folder: str, place: int, name: str) -> bool:
        """Whether a folder that is new on ``sys.path`` gives this name now."""
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
        """Find each name anew, where ``sys.path`` is another altogether."""
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
        """What an import hook of the program's would say."""
        find_spec = getattr(finder, "find_spec", None)
        if find_spec is None:
            return
        for bit in _bits(wanted):
            name = self._names[bit]
            if name not in self._hidden:
                continue
            parent = self.held(name.rpartition(".")[0])
            try:
                found = find_spec(name, attribute(parent, "__path__"), None)
            except Exception:  # noqa: BLE001 - the program's; its own import will tell
                found = True
            if found is not None:
                yield name, f"is found by {type(finder).__name__}, an import hook"


current = WarmModules()
"""Those of this process."""


class _Loader:
    """Gives a module that is there already; all else is asked of its own loader."""

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


def _bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _names_in(folder: str) -> frozenset[str]:
    """First parts of the names in a folder: those of modules, and of what describes packages."""
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - a project's, before an import
    except OSError:
        return frozenset()
    return frozenset(
        entry if entry.endswith(_METADATA) else entry.partition(".")[0] for entry in entries
    )


def _current_folder() -> str | None:
    try:
        return os.getcwd()  # noqa: PTH109
    except OSError:
        return None


def _set_variables(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
