"""Wait of a WebSocket's task for bytes, woken in the very callback that read them.

A future would do: it is what Tornado's streams have. But a future wakes its task in the *next*
turn of the loop, and is made anew for each wait, three or four times a frame. This one is used
again and again, and `wake` runs the task's next step at once: nothing is left to the loop but to
say that the socket can be read. The handler still runs in its own task and its own context, as it
does with Tornado (``asyncio.current_task()``, context variables, cancellation).

It is no trick on asyncio: what a task awaits need not be a `asyncio.Future`. Whatever says so by
``_asyncio_future_blocking`` is asked for ``add_done_callback(wakeup, context=...)``, and ``wakeup``
asks it for ``result()`` (`asyncio.futures.isfuture`, ``Task.__step``). Tornado's stream knows it
as the future of the read under way, and fails it where the stream is closed meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any


class Parking:
    """Awaitable of one task, used any number of times; at most one waits at any time."""

    __slots__ = ("_asyncio_future_blocking", "_context", "_error", "_loop", "_wakeup", "taken")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asyncio_future_blocking = False
        self._loop = loop
        self._wakeup: Callable[[Any], object] | None = None
        self._context: Context | None = None
        self._error: BaseException | None = None  # which the one that waits is to be told
        self.taken = False
        """Whether a task waits, and nothing has been sent to it that it does not know yet."""

    def __await__(self) -> Generator[Parking, None, None]:
        self._error = None
        self._asyncio_future_blocking = True
        yield self

    def wake(self) -> None:
        """Let the task go on, now; it is suspended again or done when this returns.

        To be called from the loop, outside any task.
        """
        wakeup, context = self._wakeup, self._context
        self._wakeup = None
        self.taken = False
        if wakeup is not None and context is not None:
            context.run(wakeup, self)

    # ---- what a task asks of the future that it waits for ----

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Loop whose task may wait here."""
        return self._loop

    def add_done_callback(
        self, fn: Callable[[Any], object], *, context: Context | None = None
    ) -> None:
        """Note the callback of the task that waits; called by that task itself."""
        self._wakeup = fn
        self._context = context if context is not None else Context()
        self.taken = self._error is None

    def result(self) -> None:
        """Return None, or raise the reason why the wait ended without bytes."""
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                # Its traceback leads to the task, and from there back: only the collector would
                # free the handler.
                del error

    def cancel(self, msg: Any = None) -> bool:
        """Cancel the wait: tell the task in the next turn, as a future does."""
        if self._wakeup is None:
            return False
        error = asyncio.CancelledError() if msg is None else asyncio.CancelledError(msg)
        return self._fail(error)

    # ---- what a stream does to the future of a read, in `BaseIOStream._signal_closed` ----

    def done(self) -> bool:
        """Whether no task has to be told of an end."""
        return not self.taken

    def set_exception(self, exception: BaseException) -> None:
        """Fail the wait: the stream was closed."""
        self._fail(exception)

    def exception(self) -> BaseException | None:
        """Error of the wait; the stream looks at it, so that no warning is given."""
        return self._error

    def _fail(self, error: BaseException) -> bool:
        if self._error is None:
            self._loop.call_soon(self._wake_failed)
        self._error = error
        self.taken = False
        return True

    def _wake_failed(self) -> None:
        if self._error is not None:
            self.wake()
