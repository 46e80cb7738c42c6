"""Values that all workers share: `tornkit.bus.store`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Any

from tornkit.bus.errors import BusError, LeaseLost
from tornkit.bus.home import home
from tornkit.bus.message import data_of, payload_of
from tornkit.bus.names import check_channel

_MOST = 1e15  # seconds, and what is added


class SharedStore:
    """Keys with values: JSON values or bytes, each for some ``seconds`` or until it is deleted.

    Each method takes effect at once for all workers. A store of one machine is gone with
    `tornkit serve`, and empty where its hub had to be started again.

    :raises StoreFull: (all that set something) there is no room for more.
    """

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, or ``default`` if it has none."""
        value = await self._call("get", check_channel(key))
        return default if value is None else data_of(value.encode("latin1"))

    async def set(
        self, key: str, value: Any, *, seconds: float | None = None, only_new: bool = False
    ) -> bool:
        """Set a value; return whether it was set (``only_new``: not if the key has one)."""
        ends = _checked(seconds)
        return bool(await self._call("set", check_channel(key), _text(value), ends, bool(only_new)))

    async def delete(self, key: str) -> bool:
        """Delete a key; return whether it was there."""
        return bool(await self._call("delete", check_channel(key), None))

    async def increment(self, key: str, by: int = 1, *, seconds: float | None = None) -> int:
        """Add to a whole number, and return the sum; a key that is new begins as 0.

        ``seconds`` are for a new key: so ``await store.increment(f"hits:{ip}", seconds=60)``
        counts in windows of a minute.
        """
        if type(by) is not int:
            raise TypeError(f"a whole number is an int, not {type(by).__name__}")
        if abs(by) > _MOST:
            raise ValueError("so large a number is not added")
        return int(await self._call("increment", check_channel(key), by, _checked(seconds)))

    @contextlib.asynccontextmanager
    async def lease(self, key: str, seconds: float = 30.0) -> AsyncIterator[bool]:
        """Hold a key alone in an ``async with`` block, which gets whether it was free.

        ::

            async with bus.store.lease("nightly report") as mine:
                if mine:
                    await report()

        It is renewed until the block ends. Should its holder die, it is free after ``seconds``.

        :raises LeaseLost: another has it by now, for nobody could renew it in time; the block was
            cancelled.
        """
        lasting = _checked(seconds)
        if lasting is None or lasting <= 0:
            raise ValueError("a lease lasts for more than no time")
        mark = _text(secrets.token_hex(8))
        if not await self._call("set", check_channel(key), mark, lasting, True):
            yield False
            return
        holder = asyncio.current_task()
        assert holder is not None
        renewing = asyncio.ensure_future(self._renew(key, mark, lasting))
        is_over = False

        def lost(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and not is_over:
                holder.cancel()

        renewing.add_done_callback(lost)
        try:
            yield True
        except asyncio.CancelledError:
            if renewing.done() and not renewing.cancelled() and holder.uncancel() == 0:
                raise LeaseLost(f"the lease of {key!r} was lost") from None
            raise
        finally:
            is_over = True
            renewing.cancel()
            with contextlib.suppress(BusError):  # then it ends by itself
                await self._call("delete", key, mark)

    async def _renew(self, key: str, mark: str, seconds: float) -> None:
        """Renew a lease until it is lost."""
        while True:
            await asyncio.sleep(seconds / 3)
            try:
                is_held = await self._call("renew", key, mark, seconds) or await self._call(
                    "set", key, mark, seconds, True
                )
            except BusError:  # away, or full: it is tried again
                continue
            if not is_held:
                return

    async def _call(self, method: str, *arguments: Any) -> Any:
        return await home.bus().broker_link.call_store(method, *arguments)


def _checked(seconds: float | None) -> float | None:
    """Check a time to live in seconds, and return it as a float; None stays None.

    :raises TypeError, ValueError: it is no number, negative or too large.
    """
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"seconds are a number, not {type(seconds).__name__}")
    if not 0 <= seconds <= _MOST:
        raise ValueError(f"no time that is to come: {seconds!r} seconds")
    return float(seconds)


def _text(value: Any) -> str:
    return payload_of(value, home.limits.max_message).decode("latin1")
