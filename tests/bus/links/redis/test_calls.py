"""Calls on their way: what is refused, and what comes behind it."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest

from tests.bus.redis_server import MISSING
from tornkit.bus.errors import Unavailable

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


class HandWire:
    """A wire whose answers the test gives."""

    def __init__(self, *answers: Any) -> None:
        self._answers = deque(answers)
        self.sent: list[tuple[Any, ...]] = []

    def send(self, *command: Any) -> None:
        self.sent.append(command[4:])

    async def read(self) -> Any:
        answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_what_was_overtaken_is_not_published_behind_it() -> None:
    """Where another link has brought the scripts back between two messages."""
    from redis.exceptions import NoScriptError

    from tornkit.bus.links.redis.calls import RedisCalls

    async def main() -> None:
        calls = RedisCalls(asyncio.get_running_loop(), "state", 5.0)
        first: Any = HandWire(NoScriptError(), NoScriptError(), [b"e", 1])
        calls.open(first)
        answers = [
            calls.call("publish", channel, text)
            for channel, text in ((b"a", b"1"), (b"b", b"1"), (b"a", b"2"))
        ]
        await calls.read()
        assert answers[2].result() == [b"e", 1]
        with pytest.raises(Unavailable, match="has taken a later message already"):
            await answers[0]
        second: Any = HandWire([b"e", 2])
        calls.open(second)
        assert second.sent == [(b"b", b"1")]
        calls.close()

    asyncio.run(main())
