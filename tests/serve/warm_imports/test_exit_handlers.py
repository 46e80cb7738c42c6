"""Exit handlers that are collected while modules are imported, and the count of all others.

That a program gets what a plain import gives, in real processes: `test_warm_modules`.
"""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import ModuleType
from typing import Any

import pytest

from tornkit.serve.warm_imports import exit_handlers
from tornkit.serve.warm_imports.exit_handlers import ExitHandler, collected

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def some(*args: object, **kwargs: object) -> None:
    raise AssertionError("it was called")


def other() -> None:
    raise AssertionError("it was called")


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """What was registered with `atexit` itself."""
    found: list[Call] = []
    # Its own handler is set for the process, and not with what stands in for `atexit`.
    weakref.finalize(some, other).detach()

    def register(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if not callable(function):
            raise TypeError("the first argument must be callable")
        found.append((function, args, kwargs))
        return function

    def unregister(function: Callable[..., Any], /) -> None:
        found[:] = [each for each in found if each[0] != function]

    monkeypatch.setattr(atexit, "register", register)
    monkeypatch.setattr(atexit, "unregister", unregister)
    return found


class Owners:
    """Modules that are imported, one at a time; each has a list."""

    def __init__(self) -> None:
        self.one: list[ExitHandler] = []
        self.two: list[ExitHandler] = []
        self.now: list[ExitHandler] | None = self.one

    def owner(self) -> list[ExitHandler] | None:
        return self.now


def functions(handlers: list[ExitHandler]) -> list[Callable[..., Any]]:
    return [each.function for each in handlers]


class TestCollected:
    def test_a_handler_is_its_modules(self, registered: list[Call]) -> None:
        owners = Owners()
        with collected(owners.owner):
            atexit.register(some, 1, key=2)
        assert registered == []
        (handler,) = owners.one
        assert (handler.function, handler.args, handler.kwargs) == (some, (1,), {"key": 2})
        handler.set()
        assert registered == [(some, (1,), {"key": 2})]

    def test_as_a_decorator(self, registered: list[Call]) -> None:
        owners = Owners()
        with collected(owners.owner):
            assert atexit.register(some) is some
            owners.now = None
            assert atexit.register(some) is some

    def test_a_name_of_its_own_is_an_argument_like_others(self, registered: list[Call]) -> None:
        owners = Owners()
        with collected(owners.owner):
            atexit.register(some, function=1)
        assert owners.one[0].kwargs == {"function": 1}

    def test_they_are_numbered_among_them_all(self, registered: list[Call]) -> None:
        """Those of several modules are called in the reverse order of their calls."""
        owners = Owners()
        with collected(owners.owner):
            atexit.register(some)
            owners.now = owners.two
            atexit.register(other)
            owners.now = owners.one
            atexit.register(some)
        assert [each.number for each in owners.one] == [0, 2]
        assert [each.number for each in owners.two] == [1]

    def test_one_of_nobody_is_registered(self, registered: list[Call]) -> None:
        owners = Owners()
        owners.now = None
        with collected(owners.owner):
            atexit.register(some, 1, key=2)
        assert registered == [(some, (1,), {"key": 2})]

    def test_what_is_no_function_is_refused_as_ever(self, registered: list[Call]) -> None:
        owners = Owners()
        no_function: Any = 5
        with collected(owners.owner), pytest.raises(TypeError, match="must be callable"):
            atexit.register(no_function)
        assert (owners.one, registered) == ([], [])

    def test_the_functions_are_as_before_behind_it(self, registered: list[Call]) -> None:
        before = atexit.register, atexit.unregister
        with suppress(ZeroDivisionError), collected(Owners().owner):
            assert atexit.register is not before[0]
            assert atexit.unregister is not before[1]
            raise ZeroDivisionError
        assert (atexit.register, atexit.unregister) == before

    def test_finalizers_have_a_handler_of_the_processs(
        self, registered: list[Call], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One for all finalizers of all modules: the first of them does not own it."""
        monkeypatch.setattr(weakref.finalize, "_registered_with_atexit", False)
        owners = Owners()
        with collected(owners.owner):
            weakref.finalize(some, other).detach()
        assert owners.one == []
        assert len(registered) == 1


class TestUnregister:
    def test_takes_each_of_the_function_away(self, registered: list[Call]) -> None:
        owners = Owners()
        with collected(owners.owner):
            atexit.register(some, 1)
            atexit.register(other)
            owners.now = owners.two
            atexit.register(some, 2)
            atexit.unregister(some)
        assert (functions(owners.one), owners.two) == ([other], [])

    def test_goes_by_equality(self, registered: list[Call]) -> None:
        """A bound method is another object each time."""
        owners, names = Owners(), ["a"]
        with collected(owners.owner):
            atexit.register(names.append, "b")
            atexit.unregister(names.append)
        assert owners.one == []

    def test_of_what_was_registered_before(self, registered: list[Call]) -> None:
        atexit.register(some)
        with collected(Owners().owner):
            atexit.unregister(some)
        assert registered == []

    def test_leaves_the_list_that_it_was(self, registered: list[Call]) -> None:
        owners = Owners()
        kept = owners.one
        with collected(owners.owner):
            atexit.register(some)
            atexit.unregister(some)
            atexit.register(other)
        assert functions(kept) == [other]


class TestFunctionsThatAModuleHasKept:
    """``from atexit import register, unregister``"""

    @pytest.fixture
    def kept(self, registered: list[Call]) -> tuple[Owners, Any, Any]:
        owners = Owners()
        with collected(owners.owner):
            register, unregister = atexit.register, atexit.unregister
            register(some)
        owners.now = None
        return owners, register, unregister

    def test_register(self, kept: tuple[Owners, Any, Any], registered: list[Call]) -> None:
        owners, register, _ = kept
        register(other, 1)
        assert registered == [(other, (1,), {})]
        assert functions(owners.one) == [some]

    def test_unregister(self, kept: tuple[Owners, Any, Any], registered: list[Call]) -> None:
        """What was collected is no longer to be changed: other processes are to set it."""
        owners, register, unregister = kept
        register(some)
        unregister(some)
        assert registered == []
        assert functions(owners.one) == [some]


class TestCount:
    @pytest.fixture
    def before(self) -> Iterator[int]:
        weakref.finalize(some, other).detach()
        yield exit_handlers.count()
        atexit.unregister(some)

    def test_of_handlers(self, before: int) -> None:
        atexit.register(some)
        assert exit_handlers.count() == before + 1
        with collected(Owners().owner):
            atexit.register(other)
        assert exit_handlers.count() == before + 1, "without those that are collected"

    def test_of_finalizers(self, before: int) -> None:
        finalizers = [weakref.finalize(some, other) for _ in range(2)]
        assert exit_handlers.count() == before + 2
        finalizers[0].atexit = False
        assert exit_handlers.count() == before + 1, "without those that do nothing at the exit"
        for each in finalizers:
            each.detach()

    def test_of_finalizers_for_processes(
        self, before: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loaded: Any = ModuleType("multiprocessing.util")
        monkeypatch.delitem(sys.modules, "multiprocessing.util", raising=False)
        without = exit_handlers.count()
        monkeypatch.setitem(sys.modules, "multiprocessing.util", loaded)
        assert exit_handlers.count() == without, "in a Python of another sort"
        loaded._finalizer_registry = {1: some, 2: other}
        assert exit_handlers.count() == without + 2

    def test_in_a_python_of_another_sort(
        self, before: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "multiprocessing.util", ModuleType("multiprocessing.util"))
        monkeypatch.delattr(atexit, "_ncallbacks")
        monkeypatch.delattr(weakref.finalize, "_registry")
        assert exit_handlers.count() == 0
