"""What a link hears of Redis: which channels it subscribes to, and when that is confirmed."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

pytest.importorskip("redis")

from tornkit.bus.links.redis import hearing as module
from tornkit.bus.links.redis.hearing import RedisHearing

BASE = "{test}:0:"
SUBSCRIBED: list[Any] = [b"subscribe", b"{test}:0:m:a", 1]
PSUBSCRIBED: list[Any] = [b"psubscribe", b"{test}:0:m:a*", 1]


class ReadWire:
    """A wire that says what the test has it say, and then that it has ended."""

    def __init__(self, *said: Any) -> None:
        self.sent: list[tuple[Any, ...]] = []
        self._said = deque(said)

    def send(self, *command: Any) -> None:
        self.sent.append(command)

    async def read(self) -> Any:
        if not self._said:
            raise EOFError
        return self._said.popleft()


class HearingStage:
    """What is subscribed to, and what was heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self.hearing = RedisHearing(BASE, lambda *told: self.heard.append(told))

    def opened(self) -> ReadWire:
        """Have a new connection, and return its wire, which has sent nothing."""
        wire = self.open()
        wire.sent.clear()
        return wire

    def open(self) -> ReadWire:
        """Have a new connection, and return its wire."""
        made = ReadWire()
        wire: Any = made
        self.hearing.open(wire)
        return made

    async def read(self, *said: Any) -> None:
        """Have Redis say this."""
        wire: Any = self.hearing._wire
        wire._said.extend(said)
        with pytest.raises(EOFError):
            await self.hearing.read()


def played(test: Callable[[HearingStage], Awaitable[None]]) -> None:
    async def main() -> None:
        await test(HearingStage())

    asyncio.run(main())


class TestSubscribing:
    def test_each_channel_at_once(self) -> None:
        stage = HearingStage()
        wire = stage.open()
        assert wire.sent == []
        stage.hearing.watch("é")
        stage.hearing.unwatch("é")
        assert wire.sent == [
            ("SUBSCRIBE", "{test}:0:m:é".encode()),
            ("UNSUBSCRIBE", "{test}:0:m:é".encode()),
        ]

    @pytest.mark.parametrize(
        ("pattern", "told"),
        [
            ("a*", b"a*"),
            ("*:1", b"*:1"),
            ("a?*", rb"a\?*"),
            (r"[^a-b]\**", rb"\[\^a-b\]\\**"),
        ],
    )
    def test_a_pattern_has_no_signs_but_its_stars(self, pattern: str, told: bytes) -> None:
        stage = HearingStage()
        wire = stage.open()
        stage.hearing.watch(pattern)
        stage.hearing.unwatch(pattern)
        told = b"{test}:0:m:" + told
        assert wire.sent == [("PSUBSCRIBE", told), ("PUNSUBSCRIBE", told)]

    def test_signs_of_a_channel_are_its_own(self) -> None:
        stage = HearingStage()
        wire = stage.open()
        stage.hearing.watch(r"a?[b]\^")
        assert wire.sent == [("SUBSCRIBE", rb"{test}:0:m:a?[b]\^")]

    @pytest.mark.parametrize("was_open", [False, True])
    def test_each_connection_subscribes_to_all_that_is_watched_then(self, was_open: bool) -> None:
        stage = HearingStage()
        lost = stage.opened() if was_open else None
        stage.hearing.lost()
        for name in ("a", "gone", "b*", "c", "a"):
            stage.hearing.watch(name)
        stage.hearing.unwatch("gone")
        stage.hearing.unwatch("never there")
        prefix = b"{test}:0:m:"
        assert stage.open().sent == [
            ("SUBSCRIBE", prefix + b"a", prefix + b"c"),
            ("PSUBSCRIBE", prefix + b"b*"),
        ]
        assert lost is None or lost.sent == [], "nothing is said to one that is lost"

    def test_many_go_out_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "_AT_ONCE", 2)
        stage = HearingStage()
        for name in "abcde":
            stage.hearing.watch(name)
        sent = stage.open().sent
        assert [len(each) - 1 for each in sent] == [2, 2, 1]
        assert [each[-1:] for command in sent for each in command[1:]] == [
            *map(str.encode, "abcde")
        ]


class TestConfirmation:
    def test_nothing_is_to_be_confirmed_where_nothing_is_watched(self) -> None:
        async def test(stage: HearingStage) -> None:
            waiting = stage.hearing.confirmed()
            assert not waiting.done(), "Redis is away"
            stage.open()
            assert waiting.done()
            assert stage.hearing.confirmed().done()
            stage.hearing.lost()
            assert not stage.hearing.confirmed().done()

        played(test)

    def test_each_waits_for_what_was_watched_before(self) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            waiting = []
            for name in ("a", "a*"):
                stage.hearing.watch(name)
                waiting.append(stage.hearing.confirmed())
            stage.hearing.unwatch("a")
            await stage.read([b"unsubscribe", b"{test}:0:m:a", 0], b"PONG")
            assert [each.done() for each in waiting] == [False, False]
            await stage.read(SUBSCRIBED)
            assert [each.done() for each in waiting] == [True, False]
            await stage.read(PSUBSCRIBED)
            assert waiting[1].done()
            assert stage.hearing.confirmed().done()

        played(test)

    def test_one_that_waits_no_more_hinders_nobody(self) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            stage.hearing.watch("a")
            waiting = [stage.hearing.confirmed() for _ in range(2)]
            waiting[0].cancel()
            await stage.read(SUBSCRIBED)
            assert waiting[1].done()
            assert not waiting[1].cancelled()

        played(test)

    def test_another_connection_confirms_anew(self) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            for name in ("a", "b"):
                stage.hearing.watch(name)
            waiting = stage.hearing.confirmed()
            await stage.read(SUBSCRIBED)
            stage.hearing.lost()
            stage.open()
            for confirmed in (False, True):
                await stage.read(SUBSCRIBED)
                assert waiting.done() is confirmed

        played(test)

    def test_what_is_watched_no_more_is_not_waited_for(self) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            stage.hearing.watch("a")
            waiting = stage.hearing.confirmed()
            stage.hearing.lost()
            stage.hearing.unwatch("a")
            stage.open()
            assert waiting.done()

        played(test)

    def test_at_the_end_nobody_waits(self) -> None:
        async def test(stage: HearingStage) -> None:
            waiting = stage.hearing.confirmed()
            stage.hearing.close()
            assert waiting.cancelled()
            assert not stage.hearing._waiters

        played(test)

    def test_nor_does_a_loop_that_is_closed_hear_of_it(self) -> None:
        stage = HearingStage()

        async def main() -> asyncio.Future[None]:
            waiting = stage.hearing.confirmed()
            waiting.add_done_callback(print)  # which would be called in that loop
            return waiting

        waiting = asyncio.run(main())
        stage.hearing.close()
        assert not waiting.done()


class TestWhatIsHeard:
    def test_what_is_published_comes_with_its_channel(self) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            await stage.read(
                [b"message", "{test}:0:m:é".encode(), b"1"],
                [b"pmessage", b"{test}:0:m:*", b"{test}:0:m:b", b"\xff"],
                [b"message", b"{test}:0:m:\xff", b""],
            )
            assert stage.heard == [("é", b"1"), ("b", b"\xff"), ("\ufffd", b"")]

        played(test)

    @pytest.mark.parametrize(
        "told",
        [b"PONG", None, 7, [], [b"message"], [b"message", b"a"], [b"pmessage", b"a", b"1"],
         [b"pong", b""], [b"unsubscribe", b"{test}:0:m:a", 0], [b"subscribe", b"a"]],
    )  # fmt: skip
    def test_anything_else_is_no_message(self, told: Any) -> None:
        async def test(stage: HearingStage) -> None:
            stage.opened()
            stage.hearing.watch("a")
            waiting = stage.hearing.confirmed()
            await stage.read(told)
            assert (stage.heard, waiting.done()) == ([], False)

        played(test)


class TestSilence:
    """Each pause that passes is one turn of the loop; Redis answers in those that are listed."""

    @pytest.mark.parametrize(
        ("answers", "pauses"), [((), 2), ((0,), 3), ((1,), 4), ((0, 1, 2), 5), ((1, 3), 6)]
    )
    def test_two_in_a_row_are_the_end(
        self, monkeypatch: pytest.MonkeyPatch, answers: tuple[int, ...], pauses: int
    ) -> None:
        async def test(stage: HearingStage) -> None:
            wire = stage.opened()
            passed: list[float] = []

            async def sleep(seconds: float) -> None:
                passed.append(seconds)
                if len(passed) - 1 in answers:
                    await stage.read(b"PONG")

            monkeypatch.setattr(asyncio, "sleep", sleep)
            with pytest.raises(ConnectionError, match="Redis does not answer"):
                await stage.hearing.ping()
            assert passed == [module._PING] * pauses
            assert wire.sent == [("PING",)] * (pauses - len(answers))

        played(test)
