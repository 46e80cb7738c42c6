"""An event loop in a thread of its own, in which a test's application is made and served.

The test may then be a plain function, a method of `unittest.TestCase` or a coroutine in whichever
loop: it and the application never share one. Functions and coroutines are passed in from any thread
and any loop; their results and exceptions come back.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from tornado.ioloop import IOLoop

T = TypeVar("T")

# Seconds for what was cancelled to end, and for the loop to turn at all.
PATIENCE = 10.0


class LoopStuck(RuntimeError):
    """The loop does not turn: code of the application blocks it, or cancelled tasks go on."""


class LoopThread:
    """A running loop of ``new_loop``'s. `close` cancels what is left in it and ends the thread."""

    def __init__(
        self, new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    ) -> None:
        self._new_loop = new_loop
        self._started = threading.Event()
        self._aside: Callable[[], None] | None = None
        self._deferred: list[Callable[[], Awaitable[None]]] = []
        self._thread = threading.Thread(target=self._main, name="tornkit-test", daemon=True)
        self._thread.start()
        self._started.wait()

    def _main(self) -> None:
        self.loop = loop = self._new_loop()
        asyncio.set_event_loop(loop)
        io_loop = IOLoop.current()
        loop.call_soon(self._started.set)
        try:
            loop.run_forever()
            while self._aside is not None:
                aside, self._aside = self._aside, None
                aside()
                loop.run_forever()
        finally:
            asyncio.set_event_loop(None)
            io_loop.close(all_fds=True)

    @property
    def is_own(self) -> bool:
        """Whether the caller runs in the loop's own thread."""
        return threading.current_thread() is self._thread

    def run(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call a function in the running loop, await what it returns where that can be awaited.

        >>> loop.run(make_app, settings)  # doctest: +SKIP
        >>> loop.run(store.close)  # doctest: +SKIP
        """
        return self.wait(_called(function, arguments, named))

    def wait(self, coroutine: Coroutine[Any, Any, T], patience: float | None = None) -> T:
        """Run a coroutine in the loop, and wait for its result.

        :param patience: seconds after which the loop counts as blocked, if there is no result.
        :raises LoopStuck: it does.
        """
        if self.is_own:
            coroutine.close()
            raise RuntimeError("this is the loop's own thread: await it instead")
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result(patience)
        except TimeoutError:
            if future.done():  # the coroutine's own
                raise
            future.cancel()
            raise self._stuck(patience or 0) from None
        except BaseException:
            future.cancel()  # the test was interrupted
            raise

    async def join(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in this loop, and await its result in another: asyncio's or trio's."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        if in_asyncio():
            return await asyncio.wrap_future(future)
        from anyio import to_thread  # trio; httpx2 has brought it

        try:
            return await to_thread.run_sync(future.result, abandon_on_cancel=True)
        except BaseException:  # raised again, trio's cancellation too
            future.cancel()
            raise

    def run_aside(self, function: Callable[[asyncio.AbstractEventLoop], T]) -> T:
        """Call a function in the loop's thread while the loop does not run, as a main program."""
        done = threading.Event()
        result: list[T] = []
        error: list[BaseException] = []

        def aside() -> None:
            try:
                result.append(function(self.loop))
            except BaseException as raised:  # noqa: BLE001 - raised again in the caller's thread
                error.append(raised)
            finally:
                done.set()

        def stop() -> None:
            self._aside = aside
            self.loop.stop()

        self.loop.call_soon_threadsafe(stop)
        done.wait()
        if error:
            raise error[0]
        return result[0]

    def defer(self, function: Callable[[], Awaitable[None]]) -> None:
        """Have a function called in the loop, and awaited, before it ends."""
        self._deferred.append(function)

    def close(self) -> None:
        """End whatever still runs in the loop, then the loop and its thread.

        :raises LoopStuck: it does not end within ten seconds; the message has its stack.
        """
        if not self._thread.is_alive():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self.loop)
        self._thread.join(PATIENCE)
        if self._thread.is_alive():
            raise self._stuck(PATIENCE)

    def _stuck(self, seconds: float) -> LoopStuck:
        frame = sys._current_frames().get(self._thread.ident or 0)
        stack = "".join(traceback.format_stack(frame)) if frame is not None else ""
        return LoopStuck(f"the application's loop has not turned for {seconds:.0f} s\n{stack}")

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        own = asyncio.current_task()
        for deferred in self._deferred:
            await deferred()
        left = [task for task in asyncio.all_tasks() if task is not own]
        for task in left:
            task.cancel()
        try:
            for task, result in zip(
                left, await asyncio.gather(*left, return_exceptions=True), strict=True
            ):
                if isinstance(result, Exception):
                    message = "a task failed as it was cancelled"
                    loop.call_exception_handler(
                        {"message": message, "exception": result, "task": task}
                    )
            await loop.shutdown_asyncgens()
            await loop.shutdown_default_executor()
        finally:
            loop.call_soon(loop.stop)


def in_asyncio() -> bool:
    """Whether a loop of asyncio's runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _called(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> Any:
    result = function(*arguments, **named)
    return await result if inspect.isawaitable(result) else result
