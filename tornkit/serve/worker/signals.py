"""Handlers of SIGINT, SIGTERM and SIGHUP in a worker.

A Ctrl-C reaches every process of the terminal, so does the terminal's end, and systemd tells every
process of a unit to terminate; but who stops when is the supervisor's business, by messages. So
they are caught and passed over, by a handler: a blocked or ignored signal would be inherited by
the programs that the user's code starts, which could then not be terminated any more.

A program that handles one of them by itself goes on doing so, and is ended by it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from tornkit.serve.terminal import debugger

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


_interrupted: threading.Event | None = None  # there is one while a signal is to interrupt


def _pass_over(number: int, frame: FrameType | None) -> None:
    """Pass a signal over, which the supervisor got too; or interrupt, where that was asked for."""
    global _interrupted  # noqa: PLW0603 - a process has one main thread
    if _interrupted is not None:
        _interrupted.set()
        _interrupted = None
        raise KeyboardInterrupt


def raise_interrupts() -> threading.Event:
    """Have the next signal raise KeyboardInterrupt in the main thread; return an event for it."""
    global _interrupted  # noqa: PLW0603
    _interrupted = threading.Event()
    return _interrupted


def leave_to_supervisor() -> None:
    """Pass signals over from now on, in this process but not in children that it forks."""
    for number in NUMBERS:
        signal.signal(number, _pass_over)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)
    # Blocked in between: one that came before the child has its own handlers would be passed over.
    if not os.environ.get("PYTHONBREAKPOINT"):
        sys.breakpointhook = _breakpoint
    os.register_at_fork(before=_block, after_in_parent=_unblock, after_in_child=_as_usual)


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
    """End the program as its own user would; called from its loop.

    :raises KeyboardInterrupt: it handles neither signal. It is what a Ctrl-C would raise, and
        `asyncio.run` cancels main() on it, so that the program's clean-up runs.
    """
    number = ending_signal()
    if number is None or is_ours(number):
        raise KeyboardInterrupt
    signal.raise_signal(number)


def ending_signal() -> int | None:
    """The signal that ends the program: one that it handles itself, or one that `is_ours`."""
    ours = None
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if is_ours(number):
            ours = number
        elif number != signal.SIGHUP and signal.getsignal(number) not in (
            signal.SIG_DFL,
            signal.SIG_IGN,
        ):
            return number
    return ours


def is_ours(number: int) -> bool:
    """Whether a signal is handled here, and not by the program."""
    return signal.getsignal(number) is _pass_over
