"""Ends a worker's process whichever threads its program runs in: orderly, quietly, soon.

A program that is told to end gets what a Ctrl-C gives it, in its main thread: from a callback if
that thread runs a loop that listens, else by a signal, which ends ``time.sleep``, ``join``,
``input`` and ``pause`` as well. A main thread that is in foreign code (a GUI's main loop) sees no
signal; the process is then ended from another thread.

When the main thread is done, Python waits for the other threads, and one that runs a loop would
never end. So its tasks are cancelled, as ``asyncio.run`` does on a Ctrl-C, its loop is stopped, and
after a moment the process ends: exit handlers run, standard streams are flushed.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable
from functools import partial
from typing import Protocol

from tornkit.serve.worker import signals


class EndingLoop(Protocol):
    """An event loop, and the thread that runs it."""

    loop: asyncio.AbstractEventLoop
    thread: threading.Thread

    @property
    def is_running(self) -> bool:
        """Whether it runs now."""


_INTERRUPT_PATIENCE = 1.0  # seconds for the main thread to see a signal
_MAIN_PATIENCE = 1.0  # seconds for what the program does at its end by itself
_THREADS_PATIENCE = 1.0  # seconds for the other threads to end, once the main thread is done
_main_is_done = threading.Event()
_STOP_AFTER = 0.1  # seconds between the cancellation of a loop's tasks and its stop


def interrupt_main(loops: Iterable[EndingLoop], *, again: bool = False) -> None:
    """Interrupt the program as a Ctrl-C would; from any thread.

    A program that its user's Ctrl-C has reached already is left to end by itself for some time,
    unless this comes ``again``.
    """
    main = threading.main_thread()
    loops = tuple(loops)
    if not again and signals.patience() > 0:
        _start(_interrupt_unless_done, loops, signals.patience())
        return
    if has_threads():
        _start(_stop_unless_done, loops)
    for each in loops:
        if each.thread is main and each.is_running:
            with contextlib.suppress(RuntimeError):  # closed in this moment
                # From a callback of its own: a KeyboardInterrupt then leaves the loop at once.
                each.loop.call_soon_threadsafe(signals.end_program)
                return
    number = signals.ending_signal()
    assert main.ident is not None
    if number is None:
        _end_from_here(0)
    elif signals.is_ours(number):
        seen = signals.raise_interrupts()
        signal.pthread_kill(main.ident, number)
        _start(_end_unless, seen, _INTERRUPT_PATIENCE, 0)
    else:  # the program's own handler; how long it takes is its own business
        signal.pthread_kill(main.ident, number)


def has_threads() -> bool:
    """Whether a thread other than the main one keeps the process alive."""
    return bool(_other_threads())


def wait_for_threads() -> None:
    """Wait for the threads that Python waits for before it exits."""
    shutdown = getattr(threading, "_shutdown", None)
    if has_threads() and shutdown is not None:
        shutdown()  # ends idle executors, too


def end_threads(loops: Iterable[EndingLoop], status: int) -> None:
    """Have the process end soon, with ``status``, though other threads would go on.

    In the main thread, when it has nothing left to do; ``loops`` run in any threads.
    """
    _main_is_done.set()
    if not has_threads():
        return
    _stop(loops)
    ended = threading.Event()
    # The last one that is registered runs first: what follows may take its time.
    atexit.register(ended.set)
    _start(_end_unless, ended, _THREADS_PATIENCE, status)


def _interrupt_unless_done(loops: Iterable[EndingLoop], patience: float) -> None:
    """Interrupt the program again where it has not ended."""
    if not _main_is_done.wait(patience):
        interrupt_main(loops, again=True)


def _stop_unless_done(loops: Iterable[EndingLoop]) -> None:
    """Stop the other threads' loops where the main thread waits for them to end."""
    if not _main_is_done.wait(_MAIN_PATIENCE):
        _stop(loops)


def _stop(loops: Iterable[EndingLoop]) -> None:
    """End the loops of all non-daemon threads but the main one."""
    threading.excepthook = partial(_quiet_excepthook, threading.excepthook)
    for each in loops:
        if each.thread is not threading.main_thread() and not each.thread.daemon:
            with contextlib.suppress(RuntimeError):  # closed
                each.loop.call_soon_threadsafe(_cancel, each.loop)


def _other_threads() -> list[threading.Thread]:
    main = threading.main_thread()
    return [each for each in threading.enumerate() if each is not main and not each.daemon]


def _cancel(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
    # `asyncio.run` has ended by itself then, and this never comes.
    loop.call_later(_STOP_AFTER, loop.stop)


def _quiet_excepthook(before: object, hooked: threading.ExceptHookArgs) -> None:
    """Thread excepthook: silent for a loop that was ended here, else call ``before``."""
    ended = (asyncio.CancelledError, KeyboardInterrupt)
    stopped = isinstance(hooked.exc_value, RuntimeError) and "Event loop stopped" in str(
        hooked.exc_value
    )
    if not stopped and not issubclass(hooked.exc_type, ended) and callable(before):
        before(hooked)


def _start(function: object, *args: object) -> None:
    assert callable(function)
    threading.Thread(target=function, args=args, name="tornkit-end", daemon=True).start()


def _end_unless(done: threading.Event, patience: float, status: int) -> None:
    if not done.wait(patience):
        _end_from_here(status)


def _end_from_here(status: int) -> None:
    """End the process in this thread: its main thread can't, or would wait for others."""
    run_exit_handlers = getattr(atexit, "_run_exitfuncs", None)
    if run_exit_handlers is not None:
        run_exit_handlers()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or not there
            stream.flush()
    os._exit(status)
