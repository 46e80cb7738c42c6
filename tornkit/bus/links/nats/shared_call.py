"""A call that is made once for all who ask for it in one turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedCall(Generic[T]):
    """Coroutine function whose calls in one turn of the loop share one call of ``make``.

    ``make`` begins after all who get its result have asked.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, make: Callable[[], Awaitable[T]]) -> None:
        self._loop = loop
        self._make = make
        self._coming: asyncio.Task[T] | None = None
        self._tasks: set[asyncio.Task[T]] = set()

    async def __call__(self) -> T:
        if self._coming is None:
            self._coming = task = self._loop.create_task(self._call())
            self._tasks.add(task)
            task.add_done_callback(self._has_ended)
        return await asyncio.shield(self._coming)

    async def _call(self) -> T:
        self._coming = None  # whoever asks from now on gets another
        return await self._make()

    def _has_ended(self, task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        if self._coming is task:  # cancelled before it began
            self._coming = None
        if not task.cancelled():
            task.exception()  # whoever waited has it

    def cancel(self) -> None:
        """Cancel the calls that are under way."""
        for task in self._tasks:
            task.cancel()
