"""Loggers that hidden modules have made: out of `logging`'s registry until these are imported.

A program that configures logging before it imports a module decides what becomes of the module's
logger: `logging.config.dictConfig` disables those that there are, `logging.setLoggerClass` says
of which class new ones will be, and one that the program has asked for is the module's as well.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tornkit.serve.warm_imports.interception import replaced


def recorded(note: Callable[[logging.Logger], None]) -> AbstractContextManager[None]:
    """Context in which ``note`` is called with each logger that is asked for and was not there."""
    original = logging.Manager.getLogger
    before = frozenset(_registry())

    @functools.wraps(original)
    def get_logger(self: logging.Manager, name: str) -> logging.Logger:
        logger = original(self, name)
        if name not in before and self is logging.root.manager:
            note(logger)
        return logger

    return replaced(logging.Manager, "getLogger", get_logger)


def asked(note: Callable[[logging.Logger, int, bool], None]) -> AbstractContextManager[None]:
    """Context in which ``note`` is told of each logger that is asked whether it logs at a level."""
    original = logging.Logger.isEnabledFor

    @functools.wraps(original)
    def is_enabled_for(self: logging.Logger, level: int) -> bool:
        enabled = original(self, level)
        note(self, level, enabled)
        return enabled

    return replaced(logging.Logger, "isEnabledFor", is_enabled_for)


def would_log(logger: logging.Logger, level: int) -> bool:
    """Whether a logger would log at this level if it stood in `logging`'s registry now."""
    manager = logging.root.manager
    if manager.disable >= level:
        return False
    name, above = logger.name, logger
    while above.level == logging.NOTSET and name:
        name = name.rpartition(".")[0]
        found = manager.loggerDict.get(name) if name else logging.root
        if isinstance(found, logging.Logger):
            above = found
    return level >= above.level


def hide(loggers: Iterable[logging.Logger]) -> None:
    """Take loggers out of the registry, and the placeholders that it kept for their parents.

    A logger stays that is a parent of another that stays.
    """
    registry = _registry()
    hidden = {each.name: each for each in loggers}
    for name, each in registry.items():
        if isinstance(each, logging.Logger) and name not in hidden:
            above = each.parent
            while above is not None:
                hidden.pop(above.name, None)
                above = above.parent
    for name in hidden:
        registry.pop(name, None)
    for name, each in tuple(registry.items()):
        if isinstance(each, logging.PlaceHolder):
            for logger in tuple(each.loggerMap):
                if logger.name in hidden:
                    del each.loggerMap[logger]
            if not each.loggerMap:
                del registry[name]


def show(loggers: Iterable[logging.Logger]) -> None:
    """Put loggers back into the registry, as if they were made now.

    Where the program has made one of that name, what the module has set at its own is set there.
    """
    manager = logging.root.manager
    shown = False
    with _lock():
        for logger in loggers:
            own = manager.loggerDict.get(logger.name)
            if own is logger:
                continue
            if isinstance(own, logging.Logger):
                _merge(logger, own)
            else:
                _register(logger, manager)
            shown = True
    if shown:
        # What they knew of the levels above them is out of date: to set a level clears that.
        logging.root.setLevel(logging.root.level)


def _register(logger: logging.Logger, manager: logging.Manager) -> None:
    """Enter a logger into the registry by `logging`'s own code, with its parent and children."""
    kept = manager.loggerClass
    make: Any = lambda name: logger  # noqa: E731 - in the place of a class
    manager.loggerClass = make
    try:
        manager.getLogger(logger.name)
    finally:
        manager.loggerClass = kept


def _merge(logger: logging.Logger, own: logging.Logger) -> None:
    """Make a module's logger one with the program's, which the module would have got."""
    for handler in logger.handlers:
        own.addHandler(handler)
    for each in logger.filters:
        own.addFilter(each)
    if logger.level != logging.NOTSET:
        own.setLevel(logger.level)
    own.propagate &= logger.propagate
    own.disabled |= logger.disabled
    for name, value in vars(logger).items():
        vars(own).setdefault(name, value)
    logger.__dict__ = own.__dict__


def _registry() -> dict[str, logging.Logger | logging.PlaceHolder]:
    return logging.root.manager.loggerDict


def _lock() -> AbstractContextManager[Any]:
    """The lock of `logging`'s registry, where this Python has one by that name."""
    found: AbstractContextManager[Any] = getattr(logging, "_lock", None) or nullcontext()
    return found
