"""A request that a close has met: who is told, and until when a stream's callback is forgotten."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from tests.engine.serving import EITHER_LOOP
from tornkit.engine.aftermath import Aftermath, aftermath_of
from tornkit.engine.stream_view import StreamView

pytestmark = EITHER_LOOP


async def turns(number: int) -> None:
    """Let just so many turns of the loop go by."""
    for _ in range(number):
        await asyncio.sleep(0)


class Asked:
    """A request under way, as far as a close has to do with it."""

    def __init__(self, *, read: bool = True, written: bool = False) -> None:
        self.read_finished, self.write_finished = read, written
        self.told = 0

    def client_gone(self) -> None:
        self.told += 1


class Closed:
    """A connection that has closed, whose stream a handler has looked at, or not."""

    def __init__(self, *, seen: bool = True) -> None:
        self.loop = asyncio.get_running_loop()
        self.exchange = None
        self.finished_in = object()
        self.turns = SimpleNamespace(is_now=lambda mark: False)
        wire: Any = self
        self.view = StreamView(wire) if seen else None
        self.told: list[str] = []

    def asks(self, name: str) -> None:
        """A handler sets a close callback on the stream."""
        assert self.view is not None
        self.view.set_close_callback(lambda: self.told.append(name))

    def is_asked(self) -> bool:
        assert self.view is not None
        return self.view.has_callback


def made(connection: Any, exchange: Any) -> Any:
    return aftermath_of(connection, exchange)


async def test_a_request_is_told_once_in_the_next_turn() -> None:
    connection, exchange = Closed(seen=False), Asked()
    assert made(connection, exchange) is not None
    assert exchange.told == 0
    await turns(5)
    assert exchange.told == 1


@pytest.mark.parametrize("exchange", [None, Asked(read=False), Asked(written=True)],
                         ids=["none", "being read", "answered"])  # fmt: skip
async def test_where_none_is_answered_nothing_follows(exchange: Asked | None) -> None:
    assert made(Closed(), exchange) is None


async def test_the_reader_forgets_in_the_three_turns_that_follow() -> None:
    """Tornado's, when it is told, when it goes on, and when it looks for the next request."""
    connection, exchange = Closed(), Asked()
    made(connection, exchange)
    for _ in range(3):
        connection.asks("early")
        await turns(1)
        assert not connection.is_asked()
    connection.asks("late")
    await turns(5)
    assert connection.is_asked()
    assert connection.told == []


async def test_where_a_streams_callback_is_told_the_reader_waits_for_the_handler() -> None:
    connection, exchange = Closed(), Asked()
    assert connection.view is not None
    connection.view.told_instead_of = exchange  # type: ignore[assignment]
    aftermath = made(connection, exchange)
    connection.asks("later")
    await turns(5)
    assert exchange.told == 0
    assert connection.is_asked()
    aftermath.handler_done(Asked())  # another's
    await turns(5)
    assert connection.is_asked()
    aftermath.handler_done(exchange)
    assert connection.is_asked()
    await turns(1)
    assert not connection.is_asked()
    connection.asks("after the first")
    await turns(1)
    assert not connection.is_asked()
    aftermath.handler_done(exchange)  # once
    connection.asks("for good")
    await turns(5)
    assert connection.is_asked()


async def test_a_close_in_the_first_step_tells_nothing_and_forgets_at_once() -> None:
    connection, exchange = Closed(), Asked()
    aftermath = made(connection, exchange)
    connection.asks("in that step")
    aftermath.in_first_step()
    assert not connection.is_asked()
    connection.asks("behind it")
    await turns(1)
    assert not connection.is_asked()
    connection.asks("later")
    await turns(5)
    assert connection.is_asked()
    assert exchange.told == 0


@pytest.mark.parametrize("tells", [True, False])
async def test_a_stream_that_was_detached_is_left_alone(tells: bool) -> None:
    connection, exchange = Closed(), Asked()
    wire: Any = connection
    asked: Any = exchange
    aftermath = Aftermath(wire, asked, tells=tells)
    aftermath.detached(asked)
    aftermath.handler_done(asked)
    connection.asks("the new owner")
    await turns(6)
    assert connection.is_asked()
    assert exchange.told == int(tells)


async def test_another_requests_detach_changes_nothing() -> None:
    connection, exchange = Closed(), Asked()
    aftermath = made(connection, exchange)
    aftermath.detached(Asked())
    connection.asks("early")
    await turns(1)
    assert not connection.is_asked()
