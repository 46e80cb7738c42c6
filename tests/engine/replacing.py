"""Puts counting functions in the place of Tornado's and asyncio's, as agents do, in two ways.

``plain`` is a function around the other; ``passing`` an object that passes for it by ``==``,
``__class__`` and whatever is asked of it, as those of `wrapt` do.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from tornkit.engine.fidelity.skipped import TABLE, Part

Wrap = Callable[[Any, Callable[[], None]], Any]


def plain(function: Any, called: Callable[[], None]) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        called()
        return function(*args, **kwargs)

    return wrapper


class Passing:
    """An object that passes for a function."""

    def __init__(self, wrapped: Any, called: Callable[[], None]) -> None:
        self.__dict__.update(wrapped_=wrapped, called_=called)

    @property  # type: ignore[misc]  # which nobody sets
    def __class__(self) -> Any:
        return self.wrapped_.__class__

    def __getattr__(self, name: str) -> Any:
        return getattr(self.wrapped_, name)

    def __eq__(self, other: object) -> bool:
        return bool(self.wrapped_ == other)

    def __ne__(self, other: object) -> bool:
        return bool(self.wrapped_ != other)

    def __hash__(self) -> int:
        return hash(self.wrapped_)

    def __get__(self, instance: Any, owner: type) -> Any:
        return Passing(self.wrapped_.__get__(instance, owner), self.called_)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.called_()
        return self.wrapped_(*args, **kwargs)


def entries(*parts: Part) -> list[tuple[str, str]]:
    """Owner and name of all that stands in the table, and that this Tornado has."""
    return [
        (owner, name)
        for owner, names, part in TABLE
        if part in parts
        for name in names
        if raw(owner, name) is not None
    ]


def place_of(owner: str) -> Any:
    module, _, kind = owner.partition(":")
    found = importlib.import_module(module)
    return getattr(found, kind) if kind else found


def raw(owner: str, name: str) -> Any:
    place = place_of(owner)
    if isinstance(place, ModuleType):
        return vars(place).get(name)
    return next((vars(kind)[name] for kind in place.__mro__ if name in vars(kind)), None)


@contextlib.contextmanager
def counted(owner: str, name: str, wrap: Wrap) -> Iterator[Callable[[], int]]:
    """While this lasts, each call is counted; gives what has been counted so far."""
    count = 0

    def called() -> None:
        nonlocal count
        count += 1

    place, found = place_of(owner), raw(owner, name)
    inherited = isinstance(place, type) and name not in vars(place)
    setattr(place, name, _wrapped(found, wrap, called))
    try:
        yield lambda: count
    finally:
        if inherited:
            delattr(place, name)
        else:
            setattr(place, name, found)


def _wrapped(found: Any, wrap: Wrap, called: Callable[[], None]) -> Any:
    if isinstance(found, staticmethod | classmethod):
        return type(found)(wrap(found.__func__, called))
    if isinstance(found, property):
        return property(wrap(found.fget, called))
    if isinstance(found, type):

        def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
            called()
            own = super(heir, cls).__new__
            return own(cls) if own is object.__new__ else own(cls, *args, **kwargs)

        heir: Any = type(found.__name__, (found,), {"__new__": make})
        return heir
    return wrap(found, called)
