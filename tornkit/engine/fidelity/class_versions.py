"""Version of a class: a number that changes when an attribute of the class or a base is set.

CPython keeps one in each class for its own caches, and forgets it when an attribute of the class,
or of any of its bases, is set or deleted; the next lookup gives a new one. So a single number of a
class that inherits from many tells that none of them was changed. To read it takes 40 ns; to look
up and compare 30 attributes takes 700.

Python shows it to C alone, so it is read from the class's memory, where `SUPPORTED` has found it to
behave as described. Who uses this has to do without where it is false.
"""

from __future__ import annotations

import contextlib
import sys
from operator import attrgetter, is_
from typing import Any, Protocol


class Version(Protocol):
    """View of the version of one class, which it must not outlive."""

    value: int
    """Number of the version; 0 if there is none: the class was changed, and no lookup followed."""


def _read(kind: type) -> Version:
    version: Version = ctypes.c_uint.from_address(id(kind) + _PLACE)
    return version


def version_of(kind: type) -> Version:
    """The version of this class, to be read as often as wanted; only where it is `SUPPORTED`."""
    return _read(kind)


def renew(kind: type) -> int:
    """Give the class a version if it has none; 0 where Python has none left for it."""
    getattr(kind, "no_such_attribute", None)
    return _read(kind).value


def _behaves() -> bool:
    """Whether the number at `_PLACE` behaves as a version does."""

    class Base:
        attribute = 1

    class Derived(Base):
        pass

    class Other:
        pass

    derived, other = _read(Derived), _read(Other)
    first, unconcerned = renew(Derived), renew(Other)
    kept = renew(Derived) == first
    Base.attribute = 2
    seen = derived.value
    second = renew(Derived)
    del Base.attribute
    return (
        kept
        and seen == derived.value == 0
        and len({0, first, second, renew(Derived)}) == 4
        and other.value == unconcerned
    )


SUPPORTED = False
"""Whether this Python's classes have a version where it is looked for."""

_PLACE = 0
with contextlib.suppress(ImportError):  # a Python that was built without it
    import ctypes

    _PLACE = 48 * ctypes.sizeof(ctypes.c_void_p)  # `tp_version_tag` of `PyTypeObject`
    SUPPORTED = (
        sys.implementation.name == "cpython"
        and int(vars(type)["__basicsize__"].__get__(type)) >= _PLACE + ctypes.sizeof(ctypes.c_uint)
        and _behaves()
    )


class Known:
    """Attributes of one class as they were known, compared by identity.

    By ``==`` a wrapper of `wrapt`'s is the function that it wraps.
    """

    __slots__ = ("_get", "_kind", "_known", "seen", "version")

    def __init__(self, kind: type, names: tuple[str, ...]) -> None:
        self._kind = kind
        self._get = attrgetter(*names)
        self._known: tuple[Any, ...] = self._get(kind)
        self.version: Version = version_of(kind) if SUPPORTED else _Never()
        self.seen = -1
        """Version of the class in which all attributes were as they were known."""

    def still(self) -> bool:
        """Whether all attributes are as they were; the comparison may be inlined in callers."""
        return self.version.value == self.seen or self.look()

    def look(self) -> bool:
        """Whether all attributes are as they were, by comparing each; notes the version if so."""
        seen = renew(self._kind) if SUPPORTED else 0
        is_so = all(map(is_, self._get(self._kind), self._known))
        self.seen = seen if is_so and seen else -1
        return is_so


class _Never:
    """Version where Python shows none: never the one that was seen."""

    value = 0


UNSEEN: tuple[Version, int] = (_Never(), -1)


class KnownInHeirs:
    """Attributes of one class as they were known, compared in whichever classes inherit them."""

    __slots__ = ("_get", "_known", "seen")

    _MOST = 256
    """Classes that are remembered, and so kept; a program may make one for each request."""

    def __init__(self, kind: type, names: tuple[str, ...]) -> None:
        self._get = attrgetter(*names)
        self._known: tuple[Any, ...] = self._get(kind)
        self.seen: dict[type, tuple[Version, int]] = {}
        """Versions of classes in which they had all attributes as they were known."""

    def still(self, heir: type) -> bool:
        """Whether ``heir`` has all attributes from the class, as they were."""
        version, seen = self.seen.get(heir, UNSEEN)
        return version.value == seen or self.look(heir)

    def look(self, heir: type) -> bool:
        """Whether ``heir`` has all attributes as they were, comparing each; notes its version."""
        self.seen.pop(heir, None)
        seen = renew(heir) if SUPPORTED else 0
        is_so = all(map(is_, self._get(heir), self._known))
        if is_so and seen:
            if len(self.seen) >= self._MOST:
                self.seen.clear()
            self.seen[heir] = version_of(heir), seen
        return is_so
