"""The shared store as users call it: what it asks of the broker, and who holds a lease."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest

from tornkit.bus import home as home_module
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BadName, LeaseLost, MessageTooLarge, StoreFull, Unavailable
from tornkit.bus.home import home
from tornkit.bus.shared import SharedStore
from tornkit.bus_limits import BusLimits

store = SharedStore()
pause = asyncio.sleep


class StoreLink:
    """A link that notes how the store is called, and answers what the test says, or True."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.answers: dict[str, Any] = {}

    async def call_store(self, method: str, *arguments: Any) -> Any:
        self.calls.append((method, *arguments))
        answer = self.answers.get(method, True)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True

    def close(self) -> None:
        return

    def since(self) -> list[tuple[Any, ...]]:
        """The calls since it was asked."""
        calls, self.calls = self.calls, []
        return calls


class Pauses:
    """Pauses that last until the test says that they are over."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._waiting.append(asyncio.get_running_loop().create_future())
        await self._waiting[-1]

    async def passed(self) -> None:
        """End the pause that began last, and give those who wait for it their turns."""
        self._waiting[-1].set_result(None)
        await self.begun()

    def are_over(self) -> bool:
        """Whether nobody waits for the end of one."""
        return all(each.done() for each in self._waiting)

    async def begun(self) -> None:
        """Let a task come to its pause."""
        for _ in range(10):
            await pause(0)


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreLink]:
    made = StoreLink()

    def link_of(bus: Bus) -> StoreLink:
        return made

    home.forget()
    monkeypatch.setattr(home, "_link", link_of)
    yield made
    home.forget()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Pauses:
    made = Pauses()
    monkeypatch.setattr(asyncio, "sleep", made.sleep)
    return made


def run(call: Awaitable[Any]) -> Any:
    async def main() -> Any:
        return await call

    return asyncio.run(main())


class TestCalls:
    @pytest.mark.parametrize(
        ("answer", "value"),
        [(None, 7), ("jnull", None), ('j["\u00c3\u00a9"]', ["é"]), ("b\xff", b"\xff")],
    )
    def test_get(self, link: StoreLink, answer: str | None, value: Any) -> None:
        link.answers["get"] = answer
        assert run(store.get("a", 7)) == value
        assert link.since() == [("get", "a")]

    def test_a_key_without_a_value_is_none(self, link: StoreLink) -> None:
        link.answers["get"] = None
        assert run(store.get("a")) is None

    @pytest.mark.parametrize(
        ("options", "told"),
        [
            ({}, (None, False)),
            ({"seconds": 60}, (60.0, False)),
            ({"seconds": 0, "only_new": 1}, (0.0, True)),
            ({"seconds": 1e15}, (1e15, False)),
        ],
    )
    def test_set(self, link: StoreLink, options: Any, told: tuple[Any, ...]) -> None:
        assert run(store.set("a", "é", **options)) is True
        (call,) = link.since()
        assert call == ("set", "a", 'j"\u00c3\u00a9"', *told)
        # As JSON has them: neither 1 for true, nor a number that is sometimes an int.
        assert [type(each) for each in call[3:]] == [type(each) for each in told]

    def test_bytes_travel_as_they_are(self, link: StoreLink) -> None:
        run(store.set("a", b"\xff\x00"))
        assert link.since() == [("set", "a", "b\xff\x00", None, False)]

    @pytest.mark.parametrize("answer", [0, 1])
    def test_numbers_that_a_broker_answers_are_no_numbers_for_users(
        self, link: StoreLink, answer: int
    ) -> None:
        link.answers |= {"set": answer, "delete": answer}
        assert run(store.set("a", 1)) is bool(answer)
        assert run(store.delete("a")) is bool(answer)
        assert link.since()[1] == ("delete", "a", None)

    def test_increment(self, link: StoreLink) -> None:
        link.answers["increment"] = 7
        assert run(store.increment("a")) == 7
        assert run(store.increment("a", -(10**15), seconds=3)) == 7
        assert link.since() == [("increment", "a", 1, None), ("increment", "a", -(10**15), 3.0)]


class TestWhatCanNotBe:
    """Nothing of it comes to the broker."""

    @pytest.mark.parametrize(
        ("seconds", "error", "text"),
        [
            (-1, ValueError, "no time that is to come: -1 seconds"),
            (-1e-9, ValueError, "no time that is to come"),
            (float("nan"), ValueError, "no time that is to come: nan"),
            (float("inf"), ValueError, "no time that is to come: inf"),
            (1e15 + 1, ValueError, "no time that is to come"),
            (10**400, ValueError, "no time that is to come"),
            ("60", TypeError, "^seconds are a number, not str$"),
            (True, TypeError, "^seconds are a number, not bool$"),
        ],
    )
    def test_times(self, link: StoreLink, seconds: Any, error: type[Exception], text: str) -> None:
        for call in (
            store.set("a", 1, seconds=seconds),
            store.increment("a", seconds=seconds),
            store.lease("a", seconds).__aenter__(),
        ):
            with pytest.raises(error, match=text):
                run(call)
        assert link.since() == []

    @pytest.mark.parametrize("seconds", [None, 0, 0.0])
    def test_times_of_a_lease(self, link: StoreLink, seconds: Any) -> None:
        with pytest.raises(ValueError, match="more than no time"):
            run(store.lease("a", seconds).__aenter__())
        assert link.since() == []

    @pytest.mark.parametrize("key", ["", "a*", None, "a\n", 1])
    def test_keys(self, link: StoreLink, key: Any) -> None:
        for call in (
            store.get(key),
            store.set(key, 1),
            store.delete(key),
            store.increment(key),
            store.lease(key).__aenter__(),
        ):
            with pytest.raises(BadName):
                run(call)
        assert link.since() == []

    @pytest.mark.parametrize(
        ("by", "error"),
        [(1.0, TypeError), (True, TypeError), ("1", TypeError), (10**15 + 1, ValueError),
         (-(10**15) - 1, ValueError)],
    )  # fmt: skip
    def test_numbers(self, link: StoreLink, by: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            run(store.increment("a", by))
        assert link.since() == []

    def test_values(self, link: StoreLink, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(home_module, "_DEFAULTS", BusLimits(max_message=5))
        for value, error in ((object(), TypeError), (b"123456", MessageTooLarge)):
            with pytest.raises(error):
                run(store.set("a", value))
        assert link.since() == []
        assert run(store.set("a", b"12345"))


class TestLeases:
    def test_a_key_that_is_not_free_is_left_alone(self, link: StoreLink, pauses: Pauses) -> None:
        link.answers["set"] = False

        async def main() -> None:
            async with store.lease("job", 6) as mine:
                assert mine is False
                await pauses.begun()

        run(main())
        ((*call, mark, seconds, only_new),) = link.since()
        assert (call, seconds, only_new) == (["set", "job"], 6.0, True)
        assert (mark[:1], pauses.asked) == ("j", [])

    def test_one_that_is_held_is_renewed_each_third_of_its_time(
        self, link: StoreLink, pauses: Pauses
    ) -> None:
        async def main() -> None:
            async with store.lease("job", 6) as mine:
                assert mine is True
                ((_, _, mark, *_),) = link.since()
                for _ in range(3):
                    await pauses.begun()
                    assert link.since() == []
                    await pauses.passed()
                    assert link.since() == [("renew", "job", mark, 6.0)]
            assert link.since() == [("delete", "job", mark)]
            await pauses.begun()
            assert pauses.are_over(), "it is renewed no more"

        run(main())
        assert pauses.asked == [2.0] * 4

    def test_each_holder_has_a_mark_of_its_own(self, link: StoreLink) -> None:
        async def main() -> None:
            async with store.lease("job"), store.lease("job"):
                first, second = link.since()
                assert first[2] != second[2]
                assert first[3] == 30.0

        run(main())

    def test_a_key_that_is_gone_is_set_again(self, link: StoreLink, pauses: Pauses) -> None:
        """The hub had to be started again."""

        async def main() -> None:
            async with store.lease("job", 6):
                ((_, _, mark, *_),) = link.since()
                link.answers["renew"] = False
                await pauses.begun()
                for _ in range(2):
                    await pauses.passed()
                    assert link.since() == [
                        ("renew", "job", mark, 6.0),
                        ("set", "job", mark, 6.0, True),
                    ]

        run(main())

    @pytest.mark.parametrize("method", ["renew", "set"])
    @pytest.mark.parametrize("error", [Unavailable("it is away"), StoreFull("it is full")])
    def test_what_fails_is_tried_again(
        self, link: StoreLink, pauses: Pauses, method: str, error: Exception
    ) -> None:
        async def main() -> None:
            async with store.lease("job", 6):
                await pauses.begun()
                link.answers |= {"renew": False, method: error}
                for _ in range(3):
                    await pauses.passed()
                link.answers = {}
                link.since()
                await pauses.passed()
                assert [each[0] for each in link.since()] == ["renew"]

        run(main())

    def test_one_that_another_has_ends_the_block(self, link: StoreLink, pauses: Pauses) -> None:
        reached = []

        async def hold() -> None:
            async with store.lease("job", 6):
                await pauses.begun()
                link.answers |= {"renew": False, "set": False}
                await pauses.passed()
                reached.append("the next line")

        async def main() -> None:
            with pytest.raises(LeaseLost, match="the lease of 'job' was lost"):
                await hold()
            assert reached == []
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0, "and the task goes on"
            assert link.since()[-1][:2] == ("delete", "job")

        run(main())

    def test_one_that_ends_as_it_is_lost_is_not_cancelled_afterwards(
        self, link: StoreLink, pauses: Pauses, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def main() -> None:
            is_lost = asyncio.Event()

            async def renew(key: str, mark: str, seconds: float) -> None:
                await is_lost.wait()

            monkeypatch.setattr(store, "_renew", renew)
            async with store.lease("job", 6):
                await pauses.begun()
                is_lost.set()
                await pause(0)
            await pauses.begun()

        run(main())

    def test_a_block_that_is_cancelled_is_cancelled(self, link: StoreLink, pauses: Pauses) -> None:
        async def hold() -> None:
            async with store.lease("job", 6):
                await asyncio.Event().wait()

        async def main() -> None:
            task = asyncio.ensure_future(hold())
            await pauses.begun()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [each[0] for each in link.since()] == ["set", "delete"]

        run(main())

    def test_so_is_one_that_is_lost_as_well(self, link: StoreLink, pauses: Pauses) -> None:
        """Whoever has cancelled it waits for that."""

        async def hold() -> None:
            async with store.lease("job", 6):
                try:
                    await asyncio.Event().wait()
                finally:
                    link.answers |= {"renew": False, "set": False}
                    await pauses.passed()

        async def main() -> None:
            task = asyncio.ensure_future(hold())
            await pauses.begun()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        run(main())

    def test_an_error_of_the_block_is_its_own(self, link: StoreLink, pauses: Pauses) -> None:
        async def main() -> None:
            with pytest.raises(ZeroDivisionError):
                async with store.lease("job", 6):
                    raise ZeroDivisionError
            assert [each[0] for each in link.since()] == ["set", "delete"]

        run(main())

    def test_a_broker_that_is_away_at_the_end_does_not_matter(self, link: StoreLink) -> None:
        async def main() -> str:
            link.answers["delete"] = Unavailable("it is away")
            async with store.lease("job"):
                pass
            return "behind it"

        assert run(main()) == "behind it"

    def test_but_at_the_begin_it_does(self, link: StoreLink) -> None:
        link.answers["set"] = Unavailable("it is away")
        with pytest.raises(Unavailable):
            run(store.lease("job").__aenter__())
