"""Functions that are replaced for a while by ones that note how they are called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """Context in which an attribute has another value; not restored if it was set once more."""
    original = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        if getattr(owner, name) is value:
            setattr(owner, name, original)


class _Noted:
    """Wrapper of a function that calls ``note`` first; equal to the function, and never bound.

    A module may keep it (``from os import stat``), or look for it in `os.supports_dir_fd`.
    """

    __slots__ = ("_note", "_original")

    def __init__(self, original: Callable[..., Any], note: Callable[..., None]) -> None:
        self._original = original
        self._note = note

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self._note(*args, **kwargs)
        return self._original(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def __eq__(self, other: object) -> bool:
        return other is self or bool(self._original == other)

    def __hash__(self) -> int:
        return hash(self._original)


@contextmanager
def noting(owner: object, name: str, note: Callable[..., None]) -> Iterator[None]:
    """Context in which ``note`` is called before each call of a function, with its arguments."""
    original: Callable[..., Any] | None = getattr(owner, name, None)
    if original is None:
        yield
    else:
        with replaced(owner, name, _Noted(original, note)):
            yield


@contextmanager
def noting_methods(owner: type, names: Iterable[str], note: Callable[[], None]) -> Iterator[None]:
    """Context in which ``note`` is called before these methods of a class, if it has them."""
    with ExitStack() as stack:
        for name in names:
            if name in vars(owner):
                stack.enter_context(replaced(owner, name, _noted_method(owner, name, note)))
        yield


def _noted_method(owner: type, name: str, note: Callable[[], None]) -> Callable[..., Any]:
    original = vars(owner)[name]

    @functools.wraps(original)
    def method(*args: Any, **kwargs: Any) -> Any:
        note()
        return original(*args, **kwargs)

    return method
