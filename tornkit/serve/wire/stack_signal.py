"""Writes the stack of one thread to a descriptor whenever a signal comes.

`faulthandler` does that in C, in the signal's handler, and so also where a call holds the
interpreter. But before Python 3.14.1 it reads frames that are just being made, which has ended
processes by SIGSEGV: with a loop that computes, one signal of 8,000 on Python 3.11, of 1,700 on
3.12, of 100 on 3.13. There a handler in Python does it. It has its turn behind a call that holds
the interpreter, or that the system goes on with, while that call's line is still the current one.
A later line of the function may be written only behind a long operation that is no call, as of
large numbers, and the line that takes the exception in which such a call ended.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

BY_C = sys.version_info >= (3, 14, 1)
"""Whether `faulthandler` writes it, in whichever thread gets the signal; else the main thread."""

_MOST_FRAMES = 100  # as `faulthandler`


def can_register() -> bool:
    """Whether `register` can be called in this thread."""
    return BY_C or threading.current_thread() is threading.main_thread()


def register(number: int, descriptor: int, thread: Callable[[], int]) -> Any:
    """Have a thread's stack written to ``descriptor`` at each signal; return the handler.

    The handler is what `signal.getsignal` gives from then on. ``thread`` gives the number that the
    system has for the thread whose stack it is, 0 for the main one; where `faulthandler` writes,
    the signal has to go to that very thread.
    """
    if BY_C:
        faulthandler.register(number, file=descriptor, all_threads=False)
        return signal.getsignal(number)

    def write(_: int, interrupted: FrameType | None) -> None:
        if signal.getsignal(number) is write:
            with contextlib.suppress(OSError):
                os.write(descriptor, _written(_frame_of(thread(), interrupted)))

    signal.signal(number, write)
    # Calls of the system go on, as with `faulthandler`.
    signal.siginterrupt(number, False)
    return write


def unregister(number: int) -> None:
    """Write no stack at this signal any more."""
    if BY_C:
        faulthandler.unregister(number)
    elif can_register():
        signal.signal(number, signal.SIG_DFL)


def _frame_of(thread: int, interrupted: FrameType | None) -> FrameType | None:
    # Not by the main thread's `native_id`, which is its parent's in a process that was forked.
    if thread in (0, threading.get_native_id()):
        return interrupted
    frames = sys._current_frames()
    found = (each.ident for each in threading.enumerate() if each.native_id == thread)
    return next((frames.get(ident) for ident in found if ident is not None), None)


def _written(frame: FrameType | None) -> bytes:
    """A stack as `faulthandler` writes it."""
    lines = ["Current thread (most recent call first):\n"]
    while frame is not None:
        if len(lines) > _MOST_FRAMES:
            lines.append("  ...\n")
            break
        code = frame.f_code
        lines.append(
            f'  File "{_plain(code.co_filename)}", line {frame.f_lineno or 0}'
            f" in {_plain(code.co_name)}\n"
        )
        frame = frame.f_back
    return "".join(lines).encode("ascii")


def _plain(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(each if " " <= each <= "~" else _escaped(ord(each)) for each in text)


def _escaped(number: int) -> str:
    if number < 1 << 8:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 1 << 16 else f"\\U{number:08x}"
