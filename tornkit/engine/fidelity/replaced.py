"""Sees that a function of Tornado's or asyncio's was replaced that the engine does not call.

    skipped.py ──▶ look() ──▶ `aside` and its like, and one line in the log for each function
                     ▲
    each request ──▶ unchanged()? ──no──┘

Asked at each request, so that a replacement is never too late, it may cost next to nothing. So the
table is gone through only when something was set in one of its owners. Of classes that shows in
the version of one class that inherits from them all (`class_versions`), of modules in a number of
edits (`module_edits`), of the loop in how many attributes it has (`loop_attributes`). All of it
takes 0.15 us, with Python 3.11 and 3.12 half as much again; the comparisons that it spares
elsewhere took longer.

A function counts as Tornado's by where it comes from, not by what it was at some moment: so what
was replaced before this module was loaded is found as well. An object that passes for the function
(`wrapt`'s do, by ``==``, ``__class__`` and ``__code__``) is told from it by its true type.
"""

from __future__ import annotations

import asyncio
import contextvars
import functools
import importlib
import logging
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from tornado import web

from tornkit.engine.fidelity import class_versions, loop_attributes, module_edits
from tornkit.engine.fidelity.skipped import LOOP, TABLE, Part

_log = logging.getLogger("tornkit")

aside = False
"""Whether Tornado's own code is to serve, as of the last look."""
tasks_aside = False
"""Whether Tornado's own code is to start the handlers."""
websockets_aside = False
"""Whether Tornado's own code is to serve WebSockets that open."""

# Modules whose attributes a loop or the engine reads for each request: to compare their few names
# takes less than what Python takes longer to read a module that has a class of its own.
_READ_MUCH = (asyncio.events, contextvars, web)
_PYTHONS = ("functools", "contextlib")  # whose wrappers Tornado's functions may stand in
_NOT_THERE = object()
_told: set[str] = set()


class _Owner(NamedTuple):
    place: Any
    names: tuple[str, ...]
    part: Part
    label: str


def _owners() -> Iterator[_Owner]:
    for owner, names, part in TABLE:
        if part is Part.HANDLERS or part is Part.DELEGATES:
            continue
        module, _, kind = owner.partition(":")
        place: Any = importlib.import_module(module)
        if kind:
            place = getattr(place, kind, None)
        if place is not None:  # of another Tornado
            yield _Owner(place, names, part, owner.replace(":", "."))


_OWNERS = tuple(_owners())
_CLASSES = [owner.place for owner in _OWNERS if isinstance(owner.place, type)]


# ---- what counts as Tornado's ----


def is_original(found: Any, roots: tuple[str, ...], name: str | None = None) -> bool:
    """Whether ``found`` was made by one of these packages, or by tornkit in its place.

    Where it is a method, it has to bear the ``name`` under which it was found: another one of
    Tornado's may have been put there.
    """
    kind = type(found)  # not `isinstance`, which asks the object
    if kind is staticmethod or kind is classmethod:
        return is_original(found.__func__, roots, name)
    if kind is property:
        return is_original(found.fget, roots, name)
    if kind is functools._lru_cache_wrapper:
        return is_original(found.__wrapped__, roots, name)
    if kind is FunctionType:
        home = str(found.__globals__.get("__name__"))
        below = found.__dict__.get("__wrapped__", _NOT_THERE)
        if home in _PYTHONS and below is _NOT_THERE:
            return False
        # What `tornado.gen.coroutine` makes, say, is of Tornado's making, whatever it calls.
        if below is not _NOT_THERE and not is_original(below, roots, name):
            return False
        root = home.partition(".")[0]
        if root == "tornkit" or home in _PYTHONS:
            return True
        return root in roots and (name is None or found.__name__ == name)
    if kind is BuiltinFunctionType or issubclass(kind, type):
        return str(found.__module__).partition(".")[0] in roots
    return False


def _roots_of(place: Any, name: str) -> tuple[str, ...]:
    root = (place.__name__ if isinstance(place, ModuleType) else place.__module__).partition(".")[0]
    in_c = f"_{root}"
    if root == "tornado":
        # With names of others that Tornado's modules and classes have.
        return ("tornado", "asyncio", "inspect", "collections", "_collections_abc")
    try:
        # asyncio has one in Python as well, which is not the one that is used.
        own = isinstance(place, ModuleType) and hasattr(importlib.import_module(in_c), name)
    except ImportError:
        own = False
    return (in_c,) if own else (root, in_c)


def _raw(place: Any, name: str) -> Any:
    """Attribute of that name, as it stands there before any descriptor has had a say."""
    if isinstance(place, type):
        return next((vars(kind)[name] for kind in place.__mro__ if name in vars(kind)), _NOT_THERE)
    return vars(place).get(name, _NOT_THERE)


def _replaced() -> Iterator[tuple[str, Part, Any]]:
    for place, names, part, label in _OWNERS:
        for name in names:
            found = _raw(place, name)
            own_name = name if isinstance(place, type) else None
            if found is not _NOT_THERE and not is_original(found, _roots_of(place, name), own_name):
                yield f"{label}.{name}", part, found


# ---- the loop that runs ----


def _replaced_in(loop: asyncio.AbstractEventLoop) -> Iterator[tuple[str, Part, Any]]:
    """Replacements of functions in the loop's class, and in this one loop."""
    kind = type(loop)
    own = loop_attributes.own(
        loop, {name: _raw(kind, name) for each in LOOP.values() for name in each}
    )
    if kind not in _in_classes:
        _in_classes[kind] = {
            name: (part, found)
            for part, names in LOOP.items()
            for name in names
            if not _is_loops_own(found := _raw(kind, name))
        }
    for part, names in LOOP.items():
        for name in own.keys() & names:
            yield f"{kind.__name__}.{name}", part, own[name]
    for name, (part, found) in _in_classes[kind].items():
        if name not in own:
            yield f"{kind.__module__}.{kind.__name__}.{name}", part, found


def _is_loops_own(found: Any) -> bool:
    """Whether a method is asyncio's, or uvloop's: written in C, or made from Python by Cython."""
    if type(found) is FunctionType:
        return is_original(found, ("asyncio", "uvloop"))
    module = type(found).__module__
    return module == "builtins" or module.startswith(("_cython", "uvloop"))


# ---- looking ----


def _gathered(classes: list[type]) -> list[type]:
    """Make classes that inherit from all of these between them, as few as possible."""
    made: list[tuple[type, list[type]]] = []
    for kind in classes:
        for place, (_, bases) in enumerate(made):
            try:
                made[place] = (_heir(*bases, kind), [*bases, kind])
                break
            except TypeError:  # their memory is laid out otherwise, or there is no order of them
                continue
        else:
            try:
                made.append((_heir(kind), [kind]))
            except TypeError:  # nothing may inherit from it, nor is anything set in it
                continue
    return [heir for heir, _ in made]


def _heir(*bases: type) -> type:
    # The last of a family says it all: a version is forgotten with that of any base.
    fewest = [base for base in bases if not any(_is_below(other, base) for other in bases)]
    return type("_Versioned", tuple(fewest), {"__module__": __name__})


def _is_below(other: type, base: type) -> bool:
    return other is not base and issubclass(other, base)


class _FunctionWatch:
    """State of the watched functions at the last look; `unchanged` compares the present one."""

    def __init__(self, classes: list[type], *, by_version: bool) -> None:
        self.space: dict[str, Any] = {
            "edits": module_edits,
            "_edits": -1,
            "_loop": None,
            "_parts_of": dict.keys,
            "_holder": {},
            "_loop_size": 0,
        }
        self._classes = _gathered(classes) if by_version else []
        # With the expression, which another thread may be in while another watch is made.
        self.space["_classes"] = self._classes
        self._compared: list[tuple[str, Callable[[], Any]]] = []
        conditions = [
            "loop is _loop",
            "len(_parts_of(_holder)) == _loop_size",
            "edits.count == _edits",
            *(f"version{number}.value == seen{number}" for number, _ in enumerate(self._classes)),
        ]
        for number, kind in enumerate(self._classes):
            self.space[f"version{number}"] = class_versions.version_of(kind)
            self.space[f"seen{number}"] = -1
        for number, (place, names, _, _) in enumerate(_OWNERS):
            is_module = isinstance(place, ModuleType)
            if (
                place not in _READ_MUCH and module_edits.watch(place, frozenset(names))
                if is_module
                else by_version
            ):
                continue
            self.space[f"owner{number}"] = place if is_module else vars(place)
            for name in names:
                if name not in vars(place):
                    continue
                known = f"known{len(self._compared)}"
                self._compared.append((known, functools.partial(vars(place).get, name)))
                self.space[known] = _NOT_THERE
                found = f"owner{number}.{name}" if is_module else f"owner{number}.get({name!r})"
                conditions.append(f"{found} is {known}")
        for number, kind in enumerate([] if by_version else _watched_loops):
            self.space[f"loop{number}"] = kind
            for name in (name for names in LOOP.values() for name in names):
                known = f"known{len(self._compared)}"
                self._compared.append((known, functools.partial(getattr, kind, name, None)))
                self.space[known] = _NOT_THERE
                conditions.append(f"loop{number}.{name} is {known}")
        # Names of the table and of this module alone; in a loop it would take ten times as long.
        self.unchanged: Callable[[asyncio.AbstractEventLoop], bool] = eval(  # noqa: S307
            f"lambda loop: {' and '.join(conditions)}", self.space
        )

    def note(self) -> bool:
        """Record the present state as the last one seen; False if a class has no version left."""
        self.space["_edits"] = module_edits.count
        versions = [class_versions.renew(kind) for kind in self._classes]
        for number, version in enumerate(versions):
            self.space[f"seen{number}"] = version or -1
        for known, found_now in self._compared:
            self.space[known] = found_now()
        return all(versions)

    def note_loop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Record the present state of the loop alone as the last one seen."""
        parts, holder = loop_attributes.counted(loop)
        size = len(parts(holder))
        self.space.update(_loop=loop, _parts_of=parts, _holder=holder, _loop_size=size)


_watch: _FunctionWatch | None = None
_by_version = class_versions.SUPPORTED
_watched_loops: set[type] = {asyncio.SelectorEventLoop}
_elsewhere: dict[Part, bool] = {}  # whether anything is replaced, but for the loop
# What is replaced in the classes of loops, as long as nothing is set in a class.
_in_classes: dict[type, dict[str, tuple[Part, Any]]] = {}
# Of each loop that serves, how many attributes it had at the last look, and what came of that.
_in_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[int, bool, bool, bool]] = (
    WeakKeyDictionary()
)


def _never(loop: asyncio.AbstractEventLoop) -> bool:
    return False


unchanged: Callable[[asyncio.AbstractEventLoop], bool] = _never
"""Whether nothing has been set, since the last look, that would make it see anything else."""


def prepare() -> None:
    """Make the watch that the first look needs, once for all processes that are forked: 1 ms."""
    if _watch is None:
        _make_watch()


def _make_watch() -> _FunctionWatch:
    global _watch, unchanged  # noqa: PLW0603
    _watch = _FunctionWatch([*_CLASSES, *_watched_loops], by_version=_by_version)
    unchanged = _watch.unchanged
    return _watch


def look(loop: asyncio.AbstractEventLoop) -> None:
    """Look for replaced functions, as `unchanged` is false: set `aside` and its like; log them."""
    global aside, tasks_aside, websockets_aside, _by_version  # noqa: PLW0603 - as `_told`
    prepare()
    assert _watch is not None
    if type(loop) not in _watched_loops:
        _watched_loops.add(type(loop))
        _make_watch()
    _watch.note_loop(loop)  # before it is looked at: what changes meanwhile is seen the next time
    is_same = unchanged(loop)  # but for the loop
    size = loop_attributes.count(loop)
    seen = _in_loops.get(loop) if is_same else None
    if seen is not None and seen[0] == size:  # two loops, each in its thread, take turns
        _, aside, tasks_aside, websockets_aside = seen
        return
    others: list[tuple[str, Part, Any]] = []
    if not is_same:
        _in_loops.clear()
        _in_classes.clear()
        if not _watch.note():
            # Since 3.13 a class has a thousand; to look at each request would take 0.7 ms.
            _by_version = False
            watch = _make_watch()
            watch.note()
            watch.note_loop(loop)
        others = list(_replaced())
        for part in Part:
            _elsewhere[part] = any(each is part for _, each, _ in others)
    found = [*_replaced_in(loop), *others]
    parts = {part for _, part, _ in found} | {part for part, is_so in _elsewhere.items() if is_so}
    aside = Part.ENGINE in parts
    tasks_aside = aside or Part.TASKS in parts
    websockets_aside = aside or Part.WEBSOCKETS in parts
    _in_loops[loop] = size, aside, tasks_aside, websockets_aside
    _tell(found)


def is_aside(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether Tornado's own code is to serve, as of now."""
    if not unchanged(loop):
        look(loop)
    return aside


def _tell(found: list[tuple[str, Part, Any]]) -> None:
    """Log replacements: a line for each part, and each function once in a process."""
    for part in Part:
        new = [(name, by) for name, each, by in found if each is part and name not in _told]
        _told.update(name for name, _ in new)
        if new:
            _log.warning(
                "%s: %s, so that the replacement is called",
                "; ".join(f"{name} was replaced by {_source_of(by)}" for name, by in new),
                part.value,
            )


def _source_of(found: Any) -> str:
    """The module that a replacement comes from, as far as can be seen."""
    if type(found) in (staticmethod, classmethod):
        found = found.__func__
    if type(found) is FunctionType:
        return str(found.__globals__.get("__name__"))
    return (found if issubclass(type(found), type) else type(found)).__module__
