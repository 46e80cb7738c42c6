"""Exit handlers that modules set while they are imported ahead.

A handler is kept with its module, and set in each process in which the module comes into sight:
at that moment, as a plain import would have it. A process that never imports the module exits
without. What is not set through `atexit.register` itself is counted (`count`), and its module is
unsafe.
"""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sized
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count as numbers
from typing import Any, TypeVar

from tornkit.serve.warm_imports.interception import replaced

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class ExitHandler:
    """Arguments of one call of `atexit.register`, and its number among them all."""

    number: int
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    def set(self) -> None:
        atexit.register(self.function, *self.args, **self.kwargs)


@contextmanager
def collected(owner: Callable[[], list[ExitHandler] | None]) -> Iterator[None]:
    """Context in which exit handlers are not registered, but appended to the list ``owner()``.

    Where ``owner()`` is None they are registered. A module may keep the functions
    (``from atexit import register``): they are as ever later.
    """
    register, unregister = atexit.register, atexit.unregister
    number = numbers()
    lists: list[list[ExitHandler]] = []

    def collect(function: Handler, /, *args: Any, **kwargs: Any) -> Handler:
        handlers = owner()
        if handlers is None or not callable(function):  # it tells what is wrong
            register(function, *args, **kwargs)
            return function
        handlers.append(ExitHandler(next(number), function, args, kwargs))
        lists.append(handlers)
        return function

    def forget(function: Callable[..., Any], /) -> None:
        for handlers in lists:
            handlers[:] = [each for each in handlers if each.function != function]
        unregister(function)

    # A finalizer has `weakref` set one handler for all of them, once: it is nobody's.
    weakref.finalize(owner, owner).detach()
    with ExitStack() as hooks:
        hooks.enter_context(replaced(atexit, "register", collect))
        hooks.enter_context(replaced(atexit, "unregister", forget))
        try:
            yield
        finally:
            lists.clear()


def count() -> int:
    """Number of calls that are due when this process exits, without collected exit handlers.

    `weakref.finalize` and `multiprocessing.util.Finalize` have a handler each for all their calls.
    """
    handlers: int = getattr(atexit, "_ncallbacks", int)()
    finalizers: Mapping[object, Any] = getattr(weakref.finalize, "_registry", {})
    of_processes: Sized = getattr(
        sys.modules.get("multiprocessing.util"), "_finalizer_registry", ()
    )
    at_exit = [each for each in tuple(finalizers.values()) if each.atexit]
    return handlers + len(at_exit) + len(of_processes)
