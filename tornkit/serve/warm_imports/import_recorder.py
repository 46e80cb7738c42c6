"""Recorder of everything that a module reads from its process while it is imported.

Environment variables, files and folders, the current folder, ``sys.argv``, the locale, warnings
filters, the distributions on ``sys.path``, Tornado's options, loggers and their levels, the
sockets' timeout, other modules, names that were looked for and not found; and what it prints.

Nothing is recorded that C code reads by itself, but for what `READ_IN_C` names. No audit hook is
used, though it would see more: it can't be removed, and would cost a worker 0.1 µs for each
`open`, `id` and socket for as long as it lives.
"""

from __future__ import annotations

import builtins
import importlib
import io
import locale
import logging
import os
import re
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from importlib.machinery import ExtensionFileLoader
from importlib.util import resolve_name
from types import ModuleType
from typing import Any

from tornkit.ownership import installed_folders, standard_folders
from tornkit.serve.warm_imports import environment, exit_handlers, loggers, streams, tornado_options
from tornkit.serve.warm_imports.arguments import RecordedArguments
from tornkit.serve.warm_imports.environment import RecordedEnvironment
from tornkit.serve.warm_imports.exit_handlers import ExitHandler
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.interception import noting, replaced

_NOT_FILES = ("/proc/", "/dev/", "/sys/")
_READS = (os.O_RDONLY, os.O_RDWR)


class _LastFinder:
    """Import finder that finds nothing, and notes each name that the finders before it missed."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        self._recorder.current().missing.add(name)


class Recorder:
    """Recorder of the inputs of each module that is executed within `recording`, by name."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self.inputs: dict[str, Inputs] = {}
        self._running: list[Inputs] = []  # innermost last
        self._outside = Inputs()
        self._noting = False
        self._written: set[str] = set()
        self._hooks = ExitStack()  # while it records

    def current(self) -> Inputs:
        """The inputs of the innermost module under way."""
        return self._running[-1] if self._running else self._outside

    @contextmanager
    def of(self, module: ModuleType, loader: object) -> Iterator[Inputs]:
        """Context in which everything that is read is noted as an input of this module."""
        name = module.__name__
        self.note_import(name)
        inputs = self.inputs.setdefault(name, Inputs())
        inputs.in_c |= isinstance(loader, ExtensionFileLoader)
        self._running.append(inputs)
        references = streams.StreamReferences()
        try:
            yield inputs
        except BaseException:  # raised again
            # Whoever goes on without the module has its exit handlers nevertheless.
            self._around().exit_handlers += inputs.exit_handlers
            inputs.exit_handlers.clear()
            raise
        finally:
            self._running.remove(inputs)
            inputs.streams |= references.have_grown()
            if inputs.in_c:  # imports in C code pass `__import__` by
                values = tuple(vars(module).values())
                found = [each.__name__ for each in values if isinstance(each, ModuleType)]
                inputs.imports.update(dict.fromkeys(found))
            inputs.imports.pop(name, None)
            if name == tornado_options.MODULE:  # before, there was none to be noted
                self._hooks.enter_context(tornado_options.noted(self._note_options))

    def _around(self) -> Inputs:
        """The inputs of the module around the innermost one."""
        return self._running[-2] if len(self._running) > 1 else self._outside

    # ---- notes ----

    def note_variable(self, name: str, value: str | None) -> None:
        inputs = self.current()
        if name not in inputs.sets:
            inputs.variables.setdefault(name, value)

    def note_set(self, name: str, value: str | None) -> None:
        self.current().sets[name] = value
        self._written.add(name)

    def note_environment(self, values: Mapping[str, str]) -> None:
        inputs = self.current()
        if inputs.environment is None:
            inputs.environment = dict(values)

    def note_import(self, name: str) -> None:
        """Note the import of a module, and of the packages around it, by the current module."""
        imports = self.current().imports
        while name and name not in imports:
            imports[name] = None
            name = name.rpartition(".")[0]

    def note_path(self, path: object, *, listed: bool = False) -> None:
        if not self._running or self._noting:
            return  # a module has kept the function; or it is used below
        self._noting = True
        try:
            self._note_path(path, listed)
        finally:
            self._noting = False

    def _note_path(self, path: object, listed: bool) -> None:
        try:
            name = os.fsdecode(path)  # type: ignore[arg-type]
        except TypeError:
            return  # a descriptor
        inputs = self.current()
        if not os.path.isabs(name):  # noqa: PTH117 - thousands of calls
            inputs.current_folder = _getcwd()
            name = os.path.join(inputs.current_folder, name)  # noqa: PTH118
        if name in sys.path:
            inputs.distributions = True
        elif not _is_installed(name):
            (inputs.folders if listed else inputs.files).add(name)

    def _exit_handlers(self) -> list[ExitHandler] | None:
        return self._running[-1].exit_handlers if self._running else None

    # ---- hooks ----

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Record the inputs of modules that are executed within this block."""
        with self._hooks as hooks:
            hooks.enter_context(tornado_options.noted(self._note_options))
            hooks.enter_context(loggers.recorded(self._note_logger))
            hooks.enter_context(loggers.asked(self._note_level))
            hooks.enter_context(streams.swallowed(self._note_output))
            hooks.enter_context(self._recording_environment())
            hooks.enter_context(self._recording_arguments())
            hooks.enter_context(self._recording_warnings())
            hooks.enter_context(exit_handlers.collected(self._exit_handlers))
            for owner, name, note in self._calls():
                hooks.enter_context(noting(owner, name, note))
            hooks.enter_context(replaced(builtins, "__import__", self._noting_import()))
            hooks.enter_context(replaced(importlib, "import_module", self._noting_import_module()))
            last = _LastFinder(self)
            sys.meta_path.append(last)
            try:
                yield
            finally:
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not last]

    def _calls(self) -> Iterator[tuple[object, str, Callable[..., None]]]:
        for owner in (builtins, io):
            yield owner, "open", self._note_open
        yield os, "open", self._note_os_open
        for name in ("stat", "lstat", "access", "readlink"):
            yield os, name, lambda path="", *args, **kwargs: self.note_path(path)
        for name in ("listdir", "scandir"):
            yield os, name, lambda path=".", *args, **kwargs: self.note_path(path, listed=True)
        for name in ("getcwd", "getcwdb"):
            yield os, name, self._note_current_folder
        for owner, names in (
            (locale, ("setlocale", "getlocale", "localeconv", "nl_langinfo")),
            (time, ("strftime",)),
        ):
            for name in names:
                yield owner, name, self._note_locale
        yield socket, "getdefaulttimeout", self._note_timeout
        for name in ("localtime", "mktime", "ctime", "strftime"):
            yield time, name, self._note_timezone

    def _note_open(self, file: object, mode: str = "r", *args: object, **kwargs: object) -> None:
        if "r" in mode or "+" in mode:
            self.note_path(file)

    def _note_os_open(self, path: object, flags: int, *args: object, **kwargs: object) -> None:
        if flags & os.O_ACCMODE in _READS:
            self.note_path(path)

    def _note_current_folder(self) -> None:
        self.current().current_folder = _getcwd()

    def _note_options(self) -> None:
        self.current().options = True

    def _note_logger(self, logger: logging.Logger) -> None:
        self.current().loggers.append(logger)

    def _note_level(self, logger: logging.Logger, level: int, enabled: bool) -> None:
        inputs = self.current()
        inputs.logged |= enabled
        inputs.levels[logger] = max(level, inputs.levels.get(logger, level))

    def _note_output(self) -> None:
        self.current().wrote = True

    def _note_timeout(self) -> None:
        self.current().timeout = True

    def _note_locale(self, *args: object, **kwargs: object) -> None:
        self.current().locale = True

    def _note_timezone(self, *args: object, **kwargs: object) -> None:
        self.note_variable("TZ", os.environ.get("TZ"))

    def _noting_import(self) -> Callable[..., Any]:
        original = builtins.__import__

        def noting(
            name: str,
            globals: Any = None,  # noqa: A002 - as `__import__` has it
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            module = original(name, globals, locals, fromlist, level)
            if self._running:
                if level:
                    package = (globals or {}).get("__package__") or ""
                    try:
                        name = resolve_name("." * level + name, package)
                    except ImportError:
                        return module
                self.note_import(name)
                for each in fromlist or ():
                    if f"{name}.{each}" in sys.modules:
                        self.note_import(f"{name}.{each}")
            return module

        return noting

    def _noting_import_module(self) -> Callable[..., Any]:
        original = importlib.import_module

        def import_module(name: str, package: str | None = None) -> ModuleType:
            module = original(name, package)
            if self._running:
                self.note_import(resolve_name(name, package))
            return module

        return import_module

    @contextmanager
    def _recording_environment(self) -> Iterator[None]:
        original = environment.mapping()
        if original is None:  # its variables go unseen
            yield
            return
        recorded = RecordedEnvironment(
            {os.fsencode(name): os.fsencode(value) for name, value in self._environment.items()}
        )
        recorded.notes = self
        environment.keep_in(recorded)
        try:
            yield
        finally:
            for name in self._written:  # by modules: what is C code's alone stays
                key = os.fsencode(name)
                value = dict.get(recorded, key)
                if value is None:
                    original.pop(key, None)
                else:
                    original[key] = value
            environment.keep_in(original)

    @contextmanager
    def _recording_arguments(self) -> Iterator[None]:
        recorded = RecordedArguments(sys.argv)

        def note() -> None:
            self.current().arguments = True

        recorded.on_read = note
        with replaced(sys, "argv", recorded):
            yield

    @contextmanager
    def _recording_warnings(self) -> Iterator[None]:
        """Record each warning on which no filter of the libraries' own has decided before.

        A filter that a module adds stands before ours, as it would before the program's.
        """
        before = tuple(warnings.filters)
        shown = warnings.showwarning

        def note(
            message: Warning | str,
            category: type[Warning],
            filename: str,
            lineno: int,
            *args: object,
            **kwargs: object,
        ) -> None:
            inputs = self.current()
            inputs.filters = True
            if _action(before, str(message), category, lineno) != "ignore":
                inputs.warned = True

        ours = ("always", None, Warning, None, 0)
        warnings.filters.insert(0, ours)  # type: ignore[attr-defined]
        warnings._filters_mutated()  # type: ignore[attr-defined]
        warnings.showwarning = note
        try:
            yield
        finally:
            if warnings.showwarning is note:
                warnings.showwarning = shown
            if ours in warnings.filters:
                warnings.filters.remove(ours)  # type: ignore[attr-defined]
            warnings._filters_mutated()  # type: ignore[attr-defined]


_getcwd = os.getcwd


def _action(filters: tuple[Any, ...], text: str, category: type[Warning], line: int) -> str:
    """The action that these filters decide on for an installed module's warning."""
    for action, message, wanted, module, number in filters:
        if (
            (message is None or re.match(message, text))
            and issubclass(category, wanted)
            and (module is None or (getattr(module, "pattern", module) != "__main__"))
            and number in (0, line)
        ):
            return str(action)
    return "default"


def _is_installed(name: str) -> bool:
    """Whether a path is of an installed file, of the system's, or of a folder around these."""
    if name.startswith(_NOT_FILES):
        return True
    folders = installed_folders() + standard_folders()
    if name.startswith(folders):
        return True
    return any(folder.startswith(name.rstrip("/") + "/") for folder in folders)
