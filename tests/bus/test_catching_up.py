"""A loop's listeners when its link was lost: what they ask for, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tornkit.bus import bus as module
from tornkit.bus.broker.broker import CaughtUp
from tornkit.bus.broker.history import Kept
from tornkit.bus.bus import Bus
from tornkit.bus.dispatch import Listener
from tornkit.bus.errors import Unavailable
from tornkit.bus.message import Message
from tornkit.bus.position import MessagePosition
from tornkit.bus_limits import BusLimits


def kept(offset: int) -> Kept:
    return Kept("a", offset, 0.0, b"jnull")


class HandLink:
    """A link whose answers the test gives."""

    def __init__(self) -> None:
        self.asked: list[tuple[MessagePosition | None, asyncio.Future[CaughtUp]]] = []
        self.watched: list[str] = []

    async def catch_up(self, names: tuple[str, ...], since: MessagePosition | None) -> CaughtUp:
        answer: asyncio.Future[CaughtUp] = asyncio.get_running_loop().create_future()
        self.asked.append((since, answer))
        return await answer

    def watch(self, name: str) -> None:
        self.watched.append(name)

    def unwatch(self, name: str) -> None:
        self.watched.remove(name)

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True

    def answer(self, offset: int, *messages: int, epoch: str = "e", gap: bool = False) -> None:
        """Answer the oldest that waits."""
        _, future = next(each for each in self.asked if not each[1].done())
        position = MessagePosition(epoch, offset)
        future.set_result(CaughtUp(position, [kept(each) for each in messages], gap))

    def close(self) -> None:
        return


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def played(test: Callable[[Bus, HandLink], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_AGAIN", 0.0)

    async def main() -> None:
        link: Any = HandLink()
        await test(Bus(asyncio.get_running_loop(), lambda bus: link, BusLimits()), link)

    asyncio.run(asyncio.wait_for(main(), 10))


async def listening(bus: Bus, link: HandLink, offset: int) -> list[tuple[str, int]]:
    """A listener that has heard up to there; what it hears then."""
    heard: list[tuple[str, int]] = []

    def note(message: Message) -> None:
        heard.append((message.event, message.offset))

    task = asyncio.ensure_future(bus.listen(Listener(("a",), note), None))
    await turns()
    link.answer(offset)
    await task
    return heard


def test_one_that_has_no_answer_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(bus: Bus, link: HandLink) -> None:
        heard = await listening(bus, link, 3)
        bus.restored()
        for _ in range(3):
            await turns()
            link.asked[-1][1].set_exception(Unavailable("it is slow"))
        bus.deliver("e", kept(6), "message")
        await turns()
        link.answer(5, 4, 5)
        await turns()
        assert heard == [("message", each) for each in (4, 5, 6)]
        assert [since for since, _ in link.asked] == [None, *[("e", 3)] * 4]

    played(test, monkeypatch)


def test_an_answer_of_a_link_that_is_lost_again_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(bus: Bus, link: HandLink) -> None:
        heard = await listening(bus, link, 3)
        bus.restored()
        await turns()
        bus.restored()
        link.answer(4, 4)
        await turns()
        assert heard == []
        link.answer(5, 4, 5)
        await turns()
        assert heard == [("message", 4), ("message", 5)]
        bus.restored()
        bus.restored()
        await turns()
        link.answer(5)
        await turns()
        assert len(heard) == 2
        assert all(answer.done() for _, answer in link.asked), "one question each time"

    played(test, monkeypatch)


def test_what_was_heard_between_two_losses_is_behind_their_gap(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Between it and what comes then others are missing, and the gap stands in front of all."""

    async def test(bus: Bus, link: HandLink) -> None:
        heard = await listening(bus, link, 3)
        comes_back: list[tuple[str, int]] = []
        other = Listener(("a",), lambda each: comes_back.append((each.event, each.offset)))
        task = asyncio.ensure_future(bus.listen(other, "e-3"))
        bus.restored()
        await turns()
        bus.deliver("e", kept(5), "message")
        bus.restored()
        bus.deliver("e", kept(8), "message")
        for _ in range(2):
            while link.asked[-1][1].done():
                await turns()
            link.answer(8, gap=True)
            await turns()
            if task.done():
                break
        await task
        assert heard == comes_back == [("gap", 7), ("message", 8)]

    played(test, monkeypatch)


def test_those_who_have_missed_the_same_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(bus: Bus, link: HandLink) -> None:
        heard = [await listening(bus, link, 3) for _ in range(50)]
        before = len(link.asked)
        bus.restored()
        await turns()
        assert len(link.asked) == before + 1
        link.answer(4, 4)
        await turns()
        assert heard == [[("message", 4)]] * 50

    played(test, monkeypatch)


def test_who_comes_between_an_answer_and_its_use_asks_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It would miss what was handed out behind that answer, before it was there."""

    async def test(bus: Bus, link: HandLink) -> None:
        first: list[int] = []
        second: list[int] = []
        one = Listener(("a",), lambda message: first.append(message.offset))
        other = Listener(("a",), lambda message: second.append(message.offset))
        tasks = [asyncio.ensure_future(bus.listen(one, "e-1"))]
        await turns()
        link.answer(3, 2, 3)
        bus.deliver("e", kept(4), "message")  # in the same read
        tasks.append(asyncio.ensure_future(bus.listen(other, "e-1")))
        await turns()
        if not link.asked[-1][1].done():
            link.answer(4, 2, 3, 4)
        await asyncio.gather(*tasks)
        assert first == second == [2, 3, 4]

    played(test, monkeypatch)


def test_one_that_is_forgotten_meanwhile_asks_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(bus: Bus, link: HandLink) -> None:
        await listening(bus, link, 3)
        bus.restored()
        await turns()
        for listener in tuple(bus._dispatch):
            bus.forget(listener)
        link.asked[-1][1].set_exception(Unavailable("it is slow"))
        await turns()
        assert len(link.asked) == 2
        assert (link.watched, bus._catching_up) == ([], set())

    played(test, monkeypatch)


def test_who_is_told_where_it_is_by_a_link_that_is_lost_since_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(bus: Bus, link: HandLink) -> None:
        heard: list[int] = []
        listener = Listener(("a",), lambda message: heard.append(message.offset))
        task = asyncio.ensure_future(bus.listen(listener, None))
        await turns()
        link.answer(100)
        bus.restored()  # before the task has had its turn
        await turns()
        assert not task.done()
        link.answer(1, epoch="f")
        await task
        bus.deliver("f", kept(2), "message")
        assert heard == [2]

    played(test, monkeypatch)
