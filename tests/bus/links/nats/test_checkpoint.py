"""Checkpoints: which reply is one, what is heard behind it, and what becomes of a lost stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tests.bus.nats_by_hand import HandNats, status, stored, turns
from tornkit.bus.errors import Unavailable
from tornkit.bus.links.nats import wire
from tornkit.bus.links.nats.checkpoint import Checkpoint, Checkpoints
from tornkit.bus.links.nats.watches import Watches
from tornkit.bus.links.nats.wire import JetStreamRefusal, NatsReply, StoredMessage


class CheckpointsByHand:
    """The checkpoints of a link that watches "a"."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.nats = HandNats(*[None] * 5)
        self.watches = Watches()
        self.watches.begin("e")
        self.watches.add("a")
        self.all = Checkpoints(
            loop, self.nats, "p.b.me", self.watches, lambda name: name.rpartition("-")[2]
        )

    async def begin(self) -> asyncio.Task[Checkpoint]:
        task = asyncio.create_task(self.all.now())
        await turns()
        return task

    def answer(self, reply: NatsReply, number: int = 1) -> None:
        self.nats.answered(number, reply)


def played(test: Callable[[CheckpointsByHand], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(CheckpointsByHand())

    asyncio.run(main())


def came_back(count: int, sequence: int, stream: str = "p-e") -> StoredMessage:
    """A checkpoint, as its link hears it."""
    reply = stored("p.b.me", sequence, b"%d" % count, stream=stream)
    return wire.stored_of(reply.head, reply.data)


ACKNOWLEDGED = NatsReply(200, b"", b'{"stream": "p-e", "seq": 7}')


def test_each_has_its_count_and_is_kept_briefly() -> None:
    async def test(hand: CheckpointsByHand) -> None:
        one, again = await hand.begin(), asyncio.create_task(hand.all.now())
        await turns()
        hand.all.heard(came_back(1, 7))
        hand.all.heard(came_back(2, 8))
        assert [(await one).sequence, (await again).sequence] == [7, 8]
        assert [each[:2] for each in hand.nats.asked] == [("p.b.me", b"1"), ("p.b.me", b"2")]
        assert hand.nats.asked[0].headers == {"Nats-TTL": "1s"}

    played(test)


def test_all_of_one_turn_get_the_same() -> None:
    async def test(hand: CheckpointsByHand) -> None:
        tasks = [asyncio.create_task(hand.all.now()) for _ in range(2)]
        await turns()
        hand.all.heard(came_back(1, 7))
        assert await asyncio.gather(*tasks) == [("e", 7, 100.0)] * 2
        assert len(hand.nats.asked) == 1

    played(test)


class TestReplies:
    def test_that_it_was_taken_is_not_that_it_was_heard(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.answer(ACKNOWLEDGED)
            await turns()
            assert not task.done()
            hand.all.heard(came_back(1, 7, "p-other"))
            assert await task == ("other", 7, 100.0)
            assert hand.nats.dropped == []

        played(test)

    def test_where_nobody_takes_it_the_stream_has_gone(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.answer(status(wire.NOBODY))
            with pytest.raises(Unavailable, match="does not answer"):
                await task
            assert hand.nats.dropped == ["its stream has gone"]

        played(test)

    def test_an_error_is_told(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.answer(NatsReply(200, b"", b'{"error": {"err_code": 10077}}'))
            with pytest.raises(JetStreamRefusal):
                await task
            assert hand.nats.dropped == ["its stream has gone"]

        played(test)

    def test_one_that_says_nothing_is_no_checkpoint(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.answer(NatsReply(200, b"", b'{"error": null}'))
            with pytest.raises(Unavailable, match="has not kept a checkpoint"):
                await task

        played(test)


class TestWatched:
    def test_is_heard_from_its_checkpoint_on_at_once(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.watches.add("b")
            hand.all.heard(came_back(1, 7))
            assert not task.done()
            assert [each.name for each in hand.watches.unconfirmed()] == ["b"], "it came later"
            assert hand.watches.quiet_until("a", "e", 6, 20) == 20
            assert hand.watches.quiet_until("a", "e", 5, 20) == 5
            await task

        played(test)

    def test_is_not_heard_by_a_checkpoint_that_failed(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.answer(status(wire.NOBODY))
            with pytest.raises(Unavailable):
                await task
            hand.all.heard(came_back(1, 7))
            assert hand.watches.unconfirmed()

        played(test)

    def test_nor_by_another_one(self) -> None:
        async def test(hand: CheckpointsByHand) -> None:
            task = await hand.begin()
            hand.all.heard(came_back(2, 7))
            await turns()
            assert hand.watches.unconfirmed()
            assert not task.done()
            hand.all.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

        played(test)


def test_any_that_comes_tells_the_time_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(hand: CheckpointsByHand) -> None:
        now = 400.0
        monkeypatch.setattr(time, "time", lambda: now)
        assert hand.all.server_time == 400.0
        hand.all.heard(came_back(9, 7))
        assert hand.all.server_time == 100.0
        now = 430.0
        assert hand.all.server_time == 130.0

    played(test)
