"""Handlers of SIGINT, SIGTERM and SIGHUP in a worker.

A Ctrl-C reaches every process of the terminal, so does the terminal's end, and systemd tells every
process of a unit to terminate; but who stops when is the supervisor's business, by messages. So
they are caught and passed over, by a handler: a blocked or ignored signal would be inherited by
the programs that the user's code starts, which could then not be terminated any more.

A program that handles one of them by itself goes on doing so, and is ended by it. Where a Ctrl-C
has reached it before, it is not told a second time: to many programs that means to leave at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from functools import cache, wraps
from types import FrameType
from typing import Any

from tornkit.serve.terminal import debugger

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_ENDING = (signal.SIGINT, signal.SIGTERM)
# Seconds for a program to end on a signal of its own; then it is told once more.
_PATIENCE = 5.0

_ended_by = 0  # the number of the signal that ends the server, once it ends

_told: tuple[object, float] | None = None  # the program's handler that was called last, and when

_interrupted: threading.Event | None = None  # there is one while a signal is to interrupt


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Ignore a signal, which the supervisor got too; or interrupt, where that was asked for."""
    global _interrupted  # noqa: PLW0603 - a process has one main thread
    if _interrupted is not None:
        _interrupted.set()
        _interrupted = None
        interrupt(frame)


def raise_interrupts() -> threading.Event:
    """Have the next signal raise KeyboardInterrupt in the main thread; return an event for it."""
    global _interrupted  # noqa: PLW0603
    _interrupted = threading.Event()
    return _interrupted


def leave_to_supervisor() -> None:
    """Pass signals over from now on, in this process but not in children that it forks."""
    _note_calls()
    for number in NUMBERS:
        signal.signal(number, _pass_over)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)
    # Blocked in between: one that came before the child has its own handlers would be passed over.
    if not os.environ.get("PYTHONBREAKPOINT"):
        sys.breakpointhook = _breakpoint
    os.register_at_fork(before=_block, after_in_parent=_unblock, after_in_child=_as_usual)


class _NotedHandler:
    """Handler of a program's that notes that it was called."""

    def __init__(self, handler: Any) -> None:
        self.handler = handler

    def __call__(self, number: int, frame: FrameType | None) -> Any:
        global _told  # noqa: PLW0603 - a process has one main thread
        _told = self.handler, time.monotonic()
        return self.handler(number, frame)


@cache
def _note_calls() -> None:
    """Wrap `signal.signal` and `getsignal`, once, so that calls of handlers are noted."""
    set_handler, get_handler = signal.signal, signal.getsignal

    def plain(handler: Any) -> Any:
        return handler.handler if isinstance(handler, _NotedHandler) else handler

    @wraps(set_handler)
    def noting(signalnum: Any, handler: Any) -> Any:
        if signalnum in _ENDING and callable(handler) and handler is not _pass_over:
            handler = _NotedHandler(handler)
        return plain(set_handler(signalnum, handler))

    @wraps(get_handler)
    def asked(signalnum: Any) -> Any:
        return plain(get_handler(signalnum))

    signal.signal, signal.getsignal = noting, asked


def patience() -> float:
    """Seconds left for a program to end by itself, as a signal has reached it; 0 if none has.

    0 also where it has another handler for the signal that it would be sent: it may have taken the
    first for a question.
    """
    if _told is None:
        return 0.0
    handler, when = _told
    number = ending_signal()
    if number is not None and not is_ours(number) and signal.getsignal(number) is not handler:
        return 0.0
    return max(0.0, when + _PATIENCE - time.monotonic())


def interrupt(frame: FrameType | None) -> None:
    """Interrupt what runs in a frame of the main thread as a Ctrl-C does without tornkit.

    `asyncio.run` takes SIGINT over, and cancels main(), whose other tasks live until it has cleaned
    up; but only where it finds Python's own handler, in whose place stands one of ours.

    :raises KeyboardInterrupt: nothing there takes it over, or has done so before.
    """
    take_over = getattr(asyncio.Runner, "_on_sigint", None)
    while frame is not None and take_over is not None:
        if frame.f_code is asyncio.Runner.run.__code__ and "task" in frame.f_locals:
            take_over(frame.f_locals["self"], signal.SIGINT, None, frame.f_locals["task"])
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def _breakpoint(*, header: str | None = None) -> None:
    """Open the debugger as usual, but leave Ctrl-C to the supervisor.

    pdb makes SIGINT its own when it goes on: the Ctrl-C that ends the server would then open the
    debugger in the event loop, and nothing would end before the drain's deadline. Without a
    terminal it is passed over, with a line that says so.
    """
    if not debugger.has_terminal():
        debugger.passed_over(sys._getframe(1))
        return
    from pdb import Pdb

    pdb = Pdb(nosigint=True)
    if header is not None:
        pdb.message(header)
    pdb.set_trace(sys._getframe(1))


def _block() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)


def _unblock() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)


def _as_usual() -> None:
    """Restore usual signals in a forked child: `multiprocessing` ends its children by SIGTERM."""
    if signal.getsignal(signal.SIGINT) is _pass_over:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is _pass_over:
            signal.signal(number, signal.SIG_DFL)
    _unblock()


def end_program() -> None:
    """Interrupt the program, or raise the signal that it handles; called from its event loop.

    :raises KeyboardInterrupt: it handles neither signal, and runs its loop without `asyncio.run`.
    """
    number = ending_signal()
    if number is None or is_ours(number):
        interrupt(sys._getframe())
    else:
        signal.raise_signal(number)


def end_by(number: int) -> None:
    """Have the program end as it would by this signal; by SIGTERM rather than SIGINT where it is 0.

    A person's Ctrl-C is no reason to run what the program does at a SIGTERM.
    """
    global _ended_by  # noqa: PLW0603 - a process ends once
    _ended_by = number


def ending_signal() -> int | None:
    """The signal that ends the program: one that it handles itself, or one that `is_ours`."""
    if _ended_by == signal.SIGINT and (
        is_ours(signal.SIGINT) or (_told is None and _is_handled(signal.SIGINT))
    ):
        return signal.SIGINT
    ours: int | None = None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if is_ours(number):
            ours = number
        elif number != signal.SIGHUP and _is_handled(number):
            return number
    return ours


def _is_handled(number: int) -> bool:
    return signal.getsignal(number) not in (signal.SIG_DFL, signal.SIG_IGN)


def is_ours(number: int) -> bool:
    """Whether a signal is handled here, and not by the program."""
    return signal.getsignal(number) is _pass_over
