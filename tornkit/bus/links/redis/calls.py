"""Calls of scripts: those that wait for a connection, and those on their way, in one order."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import Any, Final

from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    NoScriptError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)

from tornkit.bus.errors import Unavailable
from tornkit.bus.links.redis.scripts import scripts
from tornkit.bus.links.redis.wire import RedisWire

# Nothing was done, and another server, or this one later, will do it.
_ELSEWHERE: Final = (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    TryAgainError,
)


class RedisCall:
    """Call of a script, the future of its answer, and the deadline."""

    __slots__ = ("answer", "arguments", "deadline", "script")

    def __init__(
        self, script: str, arguments: tuple[Any, ...], answer: asyncio.Future[Any], deadline: float
    ) -> None:
        self.script = script
        self.arguments = arguments
        self.answer = answer
        self.deadline = deadline


class RedisCalls:
    """Calls of scripts by one link, in order.

    What was on its way when the connection was lost has maybe been done.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, state_key: str, patience: float) -> None:
        self._loop = loop
        self._state_key = state_key.encode()
        self._patience = patience
        self._wire: RedisWire | None = None
        self._is_open = False
        self._waiting: deque[RedisCall] = deque()
        self._flying: deque[RedisCall] = deque()
        self._refused: list[RedisCall] = []
        self._deadlines: deque[RedisCall] = deque()
        self._is_hanging = asyncio.Event()
        self.reason = ""
        """Why there is no connection."""
        self.unanswered = 0
        """Bytes of arguments of calls that wait for an answer."""

    def call(self, script: str, *arguments: Any) -> asyncio.Future[Any]:
        """Call a script, now or as soon as there is a connection; return its answer's future."""
        deadline = self._loop.time() + self._patience
        answer = self._loop.create_future()
        call = RedisCall(script, arguments, answer, deadline)
        size = sum(len(each) for each in arguments if isinstance(each, bytes))
        self.unanswered += size
        answer.add_done_callback(partial(self._answered, call, size))
        self._deadlines.append(call)
        if len(self._deadlines) == 1:
            self._loop.call_at(deadline, self._give_up)
        if self._is_open:
            self._send(call)
        else:
            self._waiting.append(call)
        return call.answer

    def _answered(self, call: RedisCall, size: int, answer: asyncio.Future[Any]) -> None:
        self.unanswered -= size
        call.arguments = ()  # it stays among the deadlines

    def _send(self, call: RedisCall) -> None:
        assert self._wire is not None
        self._flying.append(call)
        sha = scripts()[call.script].sha
        self._wire.send("EVALSHA", sha, 1, self._state_key, *call.arguments)

    def _give_up(self) -> None:
        """Fail the calls that have waited for an answer longer than the bus has patience."""
        now = self._loop.time()
        while self._deadlines and (
            self._deadlines[0].answer.done() or self._deadlines[0].deadline <= now
        ):
            call = self._deadlines.popleft()
            if not call.answer.done():
                why = f": {self.reason}" if self.reason else ""
                text = f"Redis has not answered for {self._patience:g} seconds{why}"
                call.answer.set_exception(Unavailable(text))
                if call in self._flying:
                    self._is_hanging.set()
        self._waiting = deque(each for each in self._waiting if not each.answer.done())
        if self._deadlines:
            self._loop.call_at(self._deadlines[0].deadline, self._give_up)

    # ---- a connection ----

    def open(self, wire: RedisWire) -> None:
        """Use this connection for the calls that wait, and for later ones."""
        self._wire = wire
        self._is_open = True
        self._is_hanging.clear()
        self.reason = ""
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            if not call.answer.done():
                self._send(call)

    def lost(self, reason: str) -> None:
        """Note that the connection is lost, and fail the calls that were on their way."""
        self.reason = reason
        self._wire = None
        self._is_open = False
        for call in self._flying:
            if not call.answer.done():
                text = f"the connection to Redis was lost meanwhile: {reason}"
                call.answer.set_exception(Unavailable(text))
        self._flying.clear()
        self._waiting.extendleft(reversed(self._refused))
        self._refused.clear()

    async def read(self) -> None:
        """Read Redis's replies, until some calls are refused that have to be sent again."""
        wire = self._wire
        assert wire is not None
        while self._is_open or self._flying:
            try:
                answer = await wire.read()
            except _ELSEWHERE as error:
                self._refused.append(self._flying.popleft())
                # Each call behind it may be refused or not; what is not known counts as lost.
                raise ConnectionError(str(error)) from error
            except ResponseError as error:
                answer = error
            call = self._flying.popleft()
            if isinstance(answer, NoScriptError) or (
                isinstance(answer, ResponseError) and str(answer).startswith("NOSTATE")
            ):
                self._refused.append(call)
                self._is_open = False  # what comes now is to stay behind it
                continue
            if not isinstance(answer, ResponseError):
                self._overtaken_by(call)
            if call.answer.done():
                continue
            if isinstance(answer, ResponseError):
                call.answer.set_exception(answer)
            else:
                call.answer.set_result(answer)
        self._waiting.extendleft(reversed(self._refused))
        self._refused.clear()

    def _overtaken_by(self, done: RedisCall) -> None:
        """Fail refused ``publish`` calls of whose channel a later message was taken.

        Another link has brought the scripts back between the two.
        """
        if done.script != "publish":
            return
        for call in self._refused:
            is_same = call.script == "publish" and call.arguments[:1] == done.arguments[:1]
            if is_same and not call.answer.done():
                text = "Redis had lost its scripts, and has taken a later message already"
                call.answer.set_exception(Unavailable(text))

    async def finish(self) -> None:
        """Send no more calls, and read the answers of those that are on their way."""
        self._is_open = False
        await self.read()

    def end(self, reason: str) -> None:
        """Fail the calls that still wait for a connection, as none will come."""
        waiting, self._waiting = self._waiting, deque()
        for call in waiting:
            if not call.answer.done():
                call.answer.set_exception(Unavailable(reason))

    async def hang(self) -> None:
        """Wait until a call has timed out that was sent.

        :raises ConnectionError: always, then.
        """
        await self._is_hanging.wait()
        raise ConnectionError("Redis does not answer")

    def close(self) -> None:
        """Cancel all calls that wait for an answer."""
        if not self._loop.is_closed():
            for call in (*self._waiting, *self._flying, *self._refused):
                call.answer.cancel()
        self._waiting.clear()
        self._flying.clear()
        self._refused.clear()
