"""Ends a program that `tornkit routes` runs, once it has listened on all that it will serve.

When that is cannot be known, so it is waited for: each loop that listens has turned since, the
main thread moves no more unless it runs one of them, and for a moment no other server came. A
program may listen behind something that it awaits, in other threads, or in several.

The end comes to each loop as a SystemExit, which leaves it as it leaves a thread: without a word.
A main thread that runs none of them is interrupted by a signal, wherever it waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, ModuleType

_LOOK = 0.005  # seconds between looks
_QUIET = 0.1  # seconds without another server
_LONGEST = 1.0  # seconds without another server, where the program does not come to rest
# Seconds at rest before one that listens without Tornado is taken for complete.
_FOREIGN = 3.0
_AGAIN = 0.2  # seconds between interruptions of a main thread that waits again: for a thread, say
# By default ignored, and of no use to Python programs.
_SIGNAL = signal.SIGURG


class Left(SystemExit):
    """SystemExit that ends a program from a callback: asyncio lets SystemExit alone through."""


class _WatchedLoop:
    """Event loop with a listening server: whether it has turned since, and in which thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, over: Callable[[], bool]) -> None:
        self.loop = loop
        self.thread: int | None = None  # once it has turned
        self._over = over

    def ask(self) -> None:
        self._call(self._turned)

    def leave(self) -> None:
        self._call(self._raise)

    def _call(self, function: object) -> None:
        with contextlib.suppress(RuntimeError):  # closed
            self.loop.call_soon_threadsafe(function)  # type: ignore[arg-type]

    def _turned(self) -> None:
        self.thread = threading.get_ident()

    def _raise(self) -> None:
        if threading.current_thread() is threading.main_thread():
            if self._over():  # while this was on its way
                return
            raise Left(0)
        raise SystemExit(0)  # of subclasses a thread tells with a traceback


class Leaving:
    """Watches one program in a thread of its own, from its first server on; a context manager.

    Made, and entered, in the main thread, which then runs the program. ``patient``: what runs is
    the import of an application, which may listen and return; it is left only if it stays at rest.

    ``modules`` are those that were there when the program was left: one whose import is broken off
    is taken out again.
    """

    def __init__(self, *, patient: bool = False) -> None:
        self.modules: dict[str, ModuleType] = {}
        self._patient = patient
        self._loops: dict[asyncio.AbstractEventLoop, _WatchedLoop] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._last = 0.0  # when a server came
        self._serves_http = False
        self._time_to_go = threading.Event()
        self._over = threading.Event()

    def __enter__(self) -> Leaving:
        self._main = threading.get_ident()
        self._before = signal.signal(_SIGNAL, self._interrupt)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._over.set()
        signal.signal(_SIGNAL, self._before)

    def listens(self, loop: asyncio.AbstractEventLoop | None, *, http: bool) -> None:
        """Note a server that listens; ``loop`` is None for one that is not Tornado's."""
        with self._lock:
            self._last = time.monotonic()
            self._serves_http = self._serves_http or http
            if loop is not None:
                # Anew: it is to turn once more.
                self._loops[loop] = _WatchedLoop(loop, self._over.is_set)
                self._loops[loop].ask()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, daemon=True)
                self._thread.start()

    def wait_for_threads(self) -> None:
        """Wait for the program's other threads, as Python does before it exits."""
        while not self._time_to_go.is_set() and self._others():
            time.sleep(_LOOK)

    def _others(self) -> list[threading.Thread]:
        this = threading.current_thread()
        return [each for each in threading.enumerate() if each is not this and not each.daemon]

    def _watch(self) -> None:
        place, since = None, time.monotonic()  # where the main thread is
        while not self._over.wait(_LOOK):
            now = time.monotonic()
            seen = _place_of(self._main)
            if seen != place:
                place, since = seen, now
            if self._is_complete(now - self._last, now - since):
                break
        else:
            if self._patient:  # its import has returned, and what serves beside it goes on
                return
        self.modules = sys.modules.copy()
        self._time_to_go.set()
        with self._lock:
            loops = list(self._loops.values())
        in_loop = any(self._is_in(each) for each in loops)
        for each in loops:
            each.leave()
        if in_loop:
            return
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                signal.pthread_kill(self._main, _SIGNAL)
            self._over.wait(_AGAIN)

    def _is_complete(self, quiet: float, still: float) -> bool:
        """Whether no further server is to be expected: none came, and nothing moved, for so long.

        Where a loop has not turned, the program may still be on its way to it.
        """
        with self._lock:
            loops = list(self._loops.values())
        turned = [each for each in loops if each.thread is not None]
        if not loops:
            return min(quiet, still) >= _FOREIGN
        least = _LONGEST if self._patient else _QUIET
        if not turned or quiet < least:
            return False
        in_loop = any(self._is_in(each) for each in turned)
        rests = len(turned) == len(loops) and (in_loop or still >= least)
        if quiet >= _LONGEST:
            return rests or not self._patient
        return rests and self._serves_http

    def _is_in(self, each: _WatchedLoop) -> bool:
        """Whether the main thread runs this loop."""
        return each.thread == self._main and each.loop.is_running()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._over.is_set():
            raise Left(0)


def _place_of(thread: int) -> tuple[int, int] | None:
    """Code and instruction that a thread is at; equal for one that waits there again and again."""
    frame = sys._current_frames().get(thread)
    return (id(frame.f_code), frame.f_lasti) if frame is not None else None


def exit_without_threads(status: int, patience: float = 0.5) -> None:
    """Exit if non-daemon threads still run after ``patience`` seconds; return if none does."""
    deadline = time.monotonic() + patience
    this = threading.current_thread()
    left = [each for each in threading.enumerate() if each is not this and not each.daemon]
    for each in left:
        each.join(max(0.0, deadline - time.monotonic()))
    if any(each.is_alive() for each in left):
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # closed, or its reader gone
                stream.flush()
        os._exit(status)
