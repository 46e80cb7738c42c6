"""Caches digests of Tornado's source, read once in a process, and not the source.

Whether a method is the one that something was written against is asked in each worker, by a digest
of its text. `once` keeps the digests, so that whoever forks workers asks before, for all of them;
`forgotten` gives the lines back: those of `tornado.web` and its like take most of a megabyte.
"""

from __future__ import annotations

import functools
import linecache
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType
from typing import TypeVar

Found = TypeVar("Found")


def once(digest: Callable[[object], Found]) -> Callable[[object], Found]:
    """Cache ``digest`` of each function, for as long as the function has the code it had.

    For a property, its getter counts. An error is not kept.
    """
    known: dict[object, tuple[CodeType, Found]] = {}

    @functools.wraps(digest)
    def found(function: object) -> Found:
        own = function.fget if type(function) is property else function
        if type(own) is not FunctionType:  # or passes for one
            return digest(function)
        kept = known.get(own)
        if kept is None or kept[0] is not own.__code__:
            kept = known[own] = (own.__code__, digest(function))
        return kept[1]

    return found


@contextmanager
def forgotten() -> Iterator[None]:
    """Context manager that drops files read inside it from `linecache` at its end."""
    before = set(linecache.cache)
    try:
        yield
    finally:
        for name in set(linecache.cache) - before:
            del linecache.cache[name]
