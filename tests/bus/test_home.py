"""Where a process's loops find their broker: one bus for each loop, and who posts by which."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tornkit import lobby
from tornkit.bus import home as module
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BadName, BusError, MessageTooLarge, NoLoop
from tornkit.bus.home import Home, home
from tornkit.bus.links.hub import HubLink
from tornkit.bus.links.local import LocalLink
from tornkit.bus_limits import BusLimits


class NotedLink:
    """A link that notes what it is told."""

    def __init__(self) -> None:
        self.notes: list[Any] = []

    def post(self, channel: str, payload: bytes) -> None:
        self.notes.append((channel, payload))

    def abandon(self) -> None:
        self.notes.append("abandon")

    def close(self) -> None:
        self.notes.append("close")

    def tell(self, changes: dict[str, list[int]]) -> bool:
        return True


@pytest.fixture
def loops() -> Iterator[Callable[[], asyncio.AbstractEventLoop]]:
    """Make loops that are closed at the end."""
    made: list[asyncio.AbstractEventLoop] = []

    def make() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    yield make
    for each in made:
        each.close()


def bus_of(made: Home, loop: asyncio.AbstractEventLoop) -> Bus:
    async def main() -> Bus:
        return made.bus()

    return loop.run_until_complete(main())


def noted(
    made: Home, loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> list[Any]:
    """What the link of this loop's bus, which is made, will be told."""
    link = NotedLink()
    monkeypatch.setattr(made, "_link", lambda bus: link)
    bus_of(made, loop)
    return link.notes


Loops = Callable[[], asyncio.AbstractEventLoop]


class TestBuses:
    def test_each_loop_has_one_of_its_own(self, loops: Loops) -> None:
        made, one, other = Home(), loops(), loops()
        assert bus_of(made, one) is bus_of(made, one)
        assert bus_of(made, one) is not bus_of(made, other)
        assert bus_of(made, one).loop is one

    def test_none_is_where_no_loop_runs(self) -> None:
        with pytest.raises(NoLoop, match="not while a module is imported"):
            Home().bus()

    def test_those_of_closed_loops_are_closed_when_another_is_made(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, closed, opened = Home(), loops(), loops()
        first, second = (noted(made, each, monkeypatch) for each in (closed, opened))
        closed.close()
        bus_of(made, opened)
        assert first == [], "none was made"
        bus_of(made, loops())
        assert (first, second) == (["close"], [])
        assert [each.loop is closed for each in made._buses.values()] == [False, False]

    def test_a_forked_child_lets_go_of_its_parents(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, loop = Home(), loops()
        notes = noted(made, loop, monkeypatch)
        before = bus_of(made, loop)
        with made._making:  # by another thread of the parent, which the child has not
            made.begin_anew()
            assert not made._making.locked()
        assert notes == ["abandon"]
        assert bus_of(made, loop) is not before

    def test_all_long_polls_are_ended(self, loops: Loops) -> None:
        made, ended = Home(), []
        both = [loops(), loops()]
        for loop in both:
            bus_of(made, loop).waits.add(lambda loop=loop: ended.append(loop))  # type: ignore[misc]
        loops_gone = loops()
        bus_of(made, loops_gone)
        loops_gone.close()
        made.end_waits()
        for loop in both:
            bus_of(made, loop)
        assert ended == both

    def test_the_end_of_a_worker_ends_them(self) -> None:
        assert home.end_waits in lobby.on_leave


class TestBrokers:
    def test_all_loops_of_a_process_have_one(self, loops: Loops) -> None:
        made, one, other = Home(), loops(), loops()
        first, second = bus_of(made, one).broker_link, bus_of(made, other).broker_link
        assert isinstance(first, LocalLink)
        assert isinstance(second, LocalLink)
        assert first is not second
        assert first._shared is second._shared

    def test_one_that_was_forgotten_is_another(self, loops: Loops) -> None:
        made, loop = Home(), loops()
        before: Any = bus_of(made, loop).broker_link
        made.forget()
        after: Any = bus_of(made, loop).broker_link
        assert after._shared is not before._shared

    def test_a_worker_has_the_hub(self, loops: Loops, monkeypatch: pytest.MonkeyPatch) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        limits = BusLimits(max_message=10)
        monkeypatch.setattr(lobby, "given", lobby.Lobby(ours, limits))
        with ours, theirs:
            bus = bus_of(Home(), loops())
            assert isinstance(bus.broker_link, HubLink)
            assert bus.limits is limits
            assert theirs.recv(10) == b"m", "which is asked for it"
            bus.close()

    @pytest.mark.parametrize("by_variable", [False, True])
    def test_one_elsewhere_comes_before_both(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch, by_variable: bool
    ) -> None:
        asked: list[Any] = []

        def link_to(*arguments: Any) -> NotedLink:
            asked.append(arguments)
            return NotedLink()

        monkeypatch.setattr(module, "link_to", link_to)
        limits = BusLimits(history=3)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            if by_variable:
                monkeypatch.setenv("TORNKIT_BUS", "redis://a")
                monkeypatch.setattr(lobby, "given", lobby.Lobby(ours, limits))
            else:
                monkeypatch.setenv("TORNKIT_BUS", "redis://another")
                monkeypatch.setattr(lobby, "given", lobby.BusElsewhere("redis://a", limits))
            loop = loops()
            bus = bus_of(Home(), loop)
        assert asked == [("redis://a", loop, bus, limits)]

    def test_an_empty_variable_names_none(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TORNKIT_BUS", "")
        assert isinstance(bus_of(Home(), loops()).broker_link, LocalLink)

    def test_one_that_can_not_be_is_told_of_each_time(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, loop = Home(), loops()
        monkeypatch.setenv("TORNKIT_BUS", "gopher://a")
        for _ in range(2):
            with pytest.raises(BusError, match="gopher"):
                bus_of(made, loop)
        monkeypatch.delenv("TORNKIT_BUS")
        assert isinstance(bus_of(made, loop).broker_link, LocalLink)


def test_limits_are_those_that_were_given_last(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Home()
    assert made.limits == BusLimits()
    limits = BusLimits(max_message=10)
    monkeypatch.setattr(lobby, "given", lobby.BusElsewhere("redis://a", limits))
    assert made.limits is limits


class TestPosting:
    def test_by_the_bus_of_the_loop_that_runs(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, one, other = Home(), loops(), loops()
        first, second = (noted(made, each, monkeypatch) for each in (one, other))

        async def post() -> None:
            made.post("a", 1)

        with monkeypatch.context() as patch:
            patch.setattr(one, "is_running", lambda: True)  # in another thread
            other.run_until_complete(post())
        one.run_until_complete(asyncio.sleep(0))
        assert (first, second) == ([], [("a", b"j1")])

    def test_where_none_runs_by_one_that_does(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, idle, busy = Home(), loops(), loops()
        first, second = (noted(made, each, monkeypatch) for each in (idle, busy))

        async def post() -> None:
            await asyncio.to_thread(made.post, "a", 1)

        busy.run_until_complete(post())
        assert (first, second) == ([], [("a", b"j1")])

    def test_a_loop_that_has_no_bus_gets_one(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made, idle, busy = Home(), loops(), loops()
        first = noted(made, idle, monkeypatch)
        link = NotedLink()
        monkeypatch.setattr(made, "_link", lambda bus: link)

        async def post() -> None:
            made.post("a", 1)
            await asyncio.sleep(0)

        busy.run_until_complete(post())
        assert (first, link.notes) == ([], [("a", b"j1")])

    def test_not_where_no_loop_runs_at_all(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = Home()
        notes = noted(made, loops(), monkeypatch)
        with pytest.raises(NoLoop):
            made.post("a", 1)
        assert notes == []

    def test_in_the_middle_of_the_first_use_it_is_put_off(
        self, loops: Loops, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As a signal handler does that comes while the bus is made."""
        made, link = Home(), NotedLink()

        def interrupted(bus: Bus) -> NotedLink:
            for channel, data, error in (
                ("a", object(), TypeError),
                ("a", bytes(2_000_000), MessageTooLarge),
                ("a*", 1, BadName),
            ):
                with pytest.raises(error):
                    made.post(channel, data)
            made.post("a", 1)
            assert link.notes == []
            return link

        monkeypatch.setattr(made, "_link", interrupted)

        async def main() -> None:
            made.bus()
            for _ in range(3):
                await asyncio.sleep(0)

        loops().run_until_complete(main())
        assert link.notes == [("a", b"j1")]
        assert len(made._buses) == 1

    def test_in_a_thread_it_is_not_put_off_but_refused(self) -> None:
        made = Home()
        with made._making, pytest.raises(NoLoop):
            made.post("a", 1)
