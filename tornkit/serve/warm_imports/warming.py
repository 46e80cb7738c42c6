"""Imports modules ahead and watches each: one that leaves something behind is unsafe.

A module is *unsafe* that leaves behind what a fork would break or share: a thread, a descriptor,
a child process, a signal handler, an exit handler; what would be there before the program has
imported it: a setting of the process's; or that brings the user's own code in. Blame goes to the
innermost module whose execution did it. Everything that imported an unsafe module while it was
watched is unsafe too.

This runs in a candidate for the next zygote (`tornkit.serve.zygote.zygote`). Clean, it becomes the
zygote; spoiled, it is thrown away and the next candidate goes without what is to blame.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from types import ModuleType
from typing import Any

from tornkit import linux
from tornkit.ownership import standard_folders
from tornkit.serve.warm_imports import code_names, exit_handlers, process_settings, streams
from tornkit.serve.warm_imports.import_inputs import Inputs
from tornkit.serve.warm_imports.import_recorder import Recorder
from tornkit.serve.warm_imports.userfiles import is_standard, is_user_module

# They say themselves that a fork after their import is unsafe, and it need not show.
ALWAYS_UNSAFE = {"grpc": "not fork-safe by its own word", "polars": "not fork-safe by its own word"}

# Seconds that what a module has ended may take to be gone. Only an unsafe module costs them, in
# a candidate that nobody waits for.
_SETTLE, _LOOK_AGAIN = 0.1, 0.001


@dataclass(frozen=True)
class _Marks:
    """State of a process that a fork would break or share."""

    threads: int
    descriptors: int
    children: int
    signals: tuple[Any, ...]
    exit_handlers: int
    hooks: tuple[object, ...]
    path: tuple[str, ...]
    settings: Mapping[str, object]

    @classmethod
    def now(cls) -> _Marks:
        return cls(
            threads=thread_count(),
            descriptors=_count_entries(f"{linux.PROC}/self/fd", "/dev/fd"),
            children=_child_count(),
            signals=tuple(signal.getsignal(number) for number in _SIGNALS),
            exit_handlers=exit_handlers.count(),
            hooks=(*streams.current(), sys.excepthook, sys.unraisablehook, threading.excepthook),
            path=tuple(sys.path),
            settings=process_settings.current(),
        )

    def what_stays(self) -> str | None:
        """Change since this state that does not go by itself, in words; None without one.

        A thread that was joined is for microseconds still among the kernel's tasks, and longer
        on a busy machine: `pthread_join` returns before it is taken off the list.
        """
        deadline = time.monotonic() + _SETTLE
        came = self._what_came(_Marks.now())
        while came is not None and time.monotonic() < deadline:
            time.sleep(_LOOK_AGAIN)
            came = self._what_came(_Marks.now())
        return came

    def _what_came(self, later: _Marks) -> str | None:
        """First change from this state to a ``later`` one, in words; None for no change."""
        if later.threads > self.threads:
            return "starts a thread"
        if later.children > self.children:
            return "starts a process"
        if later.descriptors > self.descriptors:
            return "keeps a descriptor open"
        if later.signals != self.signals:
            return "sets a signal handler"
        if later.exit_handlers > self.exit_handlers:
            return "sets an exit handler"
        if any(now is not then for now, then in zip(later.hooks, self.hooks, strict=True)):
            return "replaces a hook or a stream of sys"
        if later.path[: len(self.path)] != self.path:
            return "changes sys.path, and not at its end"
        return next(
            (words for words, was in self.settings.items() if later.settings[words] != was), None
        )


_SIGNALS = tuple(
    number
    for number in sorted(signal.valid_signals())
    if number not in (signal.SIGKILL, signal.SIGSTOP) and number < 32
)


def thread_count() -> int:
    """Threads of this process, those that Python does not know included (Linux)."""
    return _count_entries(f"{linux.PROC}/self/task")


def _count_entries(*folders: str) -> int:
    for folder in folders:
        try:
            return len(os.listdir(folder))  # noqa: PTH208 - thousands of calls; names suffice
        except OSError:
            continue
    return 1


def _child_count() -> int:
    try:
        with open(linux.PROC / "thread-self/children", "rb") as children:  # noqa: PTH123 - as above
            return len(children.read().split())
    except OSError:
        return 0


class Warming:
    """Imports modules and finds the unsafe ones. One use."""

    def __init__(
        self, about_to: Callable[[str], None], environment: Mapping[str, str] | None = None
    ) -> None:
        """Show the modules ``environment``, if given, in place of the process's variables."""
        self._about_to = about_to
        self.unsafe: dict[str, str] = {}
        self._recorder = Recorder(os.environ if environment is None else environment)

    @property
    def inputs(self) -> dict[str, Inputs]:
        """Inputs that each module has read while it was imported."""
        return self._recorder.inputs

    def warm(self, modules: Iterable[str]) -> None:
        """Import modules in order; one that can't be imported by itself is unsafe."""
        standard_folders()  # else what `sysconfig` imports for it would be judged without
        with self._watching(), self._recorder.recording():
            for name in modules:
                if name in sys.modules:
                    continue
                self._about_to(name)
                try:
                    importlib.import_module(name)
                except BaseException as error:  # noqa: BLE001 - any module, any error, even exit
                    self.unsafe.setdefault(name, f"can't be imported alone: {type(error).__name__}")

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Let every module's execution pass through `_execute`.

        The loaders' classes are patched, not the import system: modules keep their own loaders,
        which `importlib.resources` and others look at.
        """
        originals = {
            loader: loader.exec_module
            for loader in (SourceFileLoader, SourcelessFileLoader, ExtensionFileLoader)
        }
        for loader, original in originals.items():
            setattr(loader, "exec_module", self._watched(original))  # noqa: B010 - typed as final
        try:
            yield
        finally:
            for loader, original in originals.items():
                setattr(loader, "exec_module", original)  # noqa: B010

    def _watched(self, original: Callable[..., None]) -> Callable[..., None]:
        def exec_module(loader: Any, module: ModuleType) -> None:
            self._execute(module, loader, lambda: original(loader, module))

        return exec_module

    def _execute(self, module: ModuleType, loader: object, execute: Callable[[], None]) -> None:
        known = set(self.unsafe)
        before = _Marks.now()
        with self._recorder.of(module, loader) as inputs:
            try:
                with code_names.noted(loader, inputs.note_names):
                    execute()
            finally:
                self._judge(module, inputs, before, known)

    def _judge(self, module: ModuleType, inputs: Inputs, before: _Marks, known: set[str]) -> None:
        name = module.__name__
        inner = [other for other in self.unsafe if other not in known]
        if inner:
            self.unsafe.setdefault(name, f"imports {inner[0]}")
            return
        package = name.partition(".")[0]
        if package in ALWAYS_UNSAFE:
            self.unsafe.setdefault(name, ALWAYS_UNSAFE[package])
        elif is_user_module(module):
            self.unsafe.setdefault(name, "is the user's own")
        else:
            came = None if is_standard(module) else before.what_stays() or inputs.never_the_same()
            if came is not None:
                self.unsafe.setdefault(name, came)


def fingerprint() -> dict[bytes, tuple[int, int]]:
    """Time and size of the file behind each loaded module that is not of the standard library.

    By names of its own, side by side in memory: before a fork each is looked at, and those that
    the modules have are on hundreds of pages, which would be shared no more.
    """
    found = {}
    for module in tuple(sys.modules.values()):
        name = getattr(module, "__file__", None)
        if isinstance(name, str) and not is_standard(module):
            own = os.fsencode(name)
            mark = _mark(own)
            if mark is not None:
                found[own] = mark
    return found


def changed(fingerprint: dict[bytes, tuple[int, int]]) -> str | None:
    """The first file that is not as it was at its fingerprint, None where all are."""
    for name, mark in fingerprint.items():
        if _mark(name) != mark:
            return os.fsdecode(name)
    return None


def _mark(name: bytes) -> tuple[int, int] | None:
    try:
        status = os.stat(name)  # noqa: PTH116 - hundreds of calls before each fork
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
