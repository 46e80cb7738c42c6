"""A command's way to the bus of a server, or to a broker: how it begins, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tornkit.bus_limits import MOST_MESSAGE, BusLimits
from tornkit.cli.bus import membership
from tornkit.cli.bus.membership import BrokerMembership, Membership, ServerEnded, membership_at
from tornkit.errors import TornkitError

SERVER: dict[str, Any] = {"pid": 7, "tornkit": "1.0", "bus": {"max_message": 1000}}


class LinkByHand:
    """In the place of a link: connects when a test says so."""

    def __init__(self, limits: BusLimits, role: str = "", connect: Any = None) -> None:
        self.limits, self.role, self.connect = limits, role, connect
        self.is_closed = False

    def tell(self, changes: object) -> bool:
        return True

    async def ask(self, method: str, *arguments: Any) -> Any:
        return method, arguments

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def links(monkeypatch: pytest.MonkeyPatch) -> list[LinkByHand]:
    """Links that were made."""
    made: list[LinkByHand] = []

    def to_hub(
        loop: object, bus: object, connect: object, limits: BusLimits, role: str
    ) -> LinkByHand:
        made.append(LinkByHand(limits, role, connect))
        return made[-1]

    def to_broker(url: str, loop: object, bus: object, limits: BusLimits) -> LinkByHand:
        made.append(LinkByHand(limits, url))
        return made[-1]

    monkeypatch.setattr(membership, "HubLink", to_hub)
    monkeypatch.setattr(membership, "link_to", to_broker)
    return made


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The socket of the server; nobody listens there yet."""
    monkeypatch.setattr(membership, "control_folder", lambda: tmp_path)
    return tmp_path / "7.bus"


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))
        sock.listen()
        yield sock


def play(test: Callable[[Membership], Awaitable[Any]], on_return: Any = lambda: None) -> Any:
    """Run a test with a membership of the server."""

    async def main() -> Any:
        with closing(Membership(SERVER, "terminal", on_return)) as made:
            return await test(made)

    return asyncio.run(main())


async def many_turns() -> None:
    """More than it takes to hear that the server has ended."""
    for _ in range(100):
        await asyncio.sleep(0)


async def some_turns() -> str:
    for _ in range(5):
        await asyncio.sleep(0)
    return "done"


class TestAServer:
    @pytest.mark.parametrize("server", [SERVER, {**SERVER, "bus": {"max_message": "1000"}}])
    def test_says_how_large_a_message_may_be(
        self, links: list[LinkByHand], path: Path, server: dict[str, Any]
    ) -> None:
        async def main() -> int:
            with closing(Membership(server, "listener")) as made:
                return made.bus.limits.max_message

        assert asyncio.run(main()) == 1000
        (link,) = links
        assert (link.role, link.limits.max_message, link.is_closed) == ("listener", 1000, True)
        assert link.limits.patience > BusLimits().patience, "a hub may only be started by it"

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"bus": None},
            {"bus": {}},
            {"bus": {"elsewhere": None}},
            {"bus": {"max_message": None}},
            {"bus": {"max_message": "much"}},
        ],
    )
    def test_of_another_version_says_none(
        self, links: list[LinkByHand], path: Path, said: dict[str, Any]
    ) -> None:
        with pytest.raises(TornkitError, match=r"7 is of another version of tornkit: 1\.0"):
            asyncio.run(_made({"pid": 7, "tornkit": "1.0", **said}))
        assert links == []

    def test_whose_bus_is_elsewhere_is_not_asked(self, links: list[LinkByHand], path: Path) -> None:
        """It would be a member of a hub that nobody else uses."""
        bus = {"elsewhere": "redis://a.example.com", "max_message": 1000}
        with pytest.raises(TornkitError, match=r"is at redis://a.example.com: say --bus URL"):
            asyncio.run(_made({**SERVER, "bus": bus}))
        assert links == []


async def _made(server: dict[str, Any]) -> Membership:
    return Membership(server, "terminal")


class TestConnection:
    def test_is_one_that_does_not_block(self, links: list[LinkByHand], path: Path) -> None:
        async def test(made: Membership) -> None:
            with listening(path) as server, links[0].connect() as ours:
                theirs, _ = server.accept()
                with theirs:
                    assert ours.getblocking() is False
                    ours.send(b"hello")
                    assert theirs.recv(9) == b"hello"

        play(test)

    def test_to_a_hub_of_before_is_told_and_the_first_is_not(
        self, links: list[LinkByHand], path: Path
    ) -> None:
        returns: list[bool] = []

        async def test(made: Membership) -> None:
            for count in (0, 1, 2):
                with listening(path), links[0].connect():
                    assert len(returns) == count
                path.unlink()

        play(test, lambda: returns.append(True))

    def test_that_failed_was_none(self, links: list[LinkByHand], path: Path) -> None:
        returns: list[bool] = []

        async def test(made: Membership) -> None:
            with pytest.raises(FileNotFoundError):
                links[0].connect()
            with listening(path), links[0].connect():
                assert returns == []

        play(test, lambda: returns.append(True))


class TestWork:
    def test_has_a_result(self, links: list[LinkByHand], path: Path) -> None:
        assert play(lambda made: made.run(some_turns())) == "done"

    def test_fails(self, links: list[LinkByHand], path: Path) -> None:
        async def fail() -> None:
            await some_turns()
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            play(lambda made: made.run(fail()))

    def test_asks_the_hub(self, links: list[LinkByHand], path: Path) -> None:
        found = play(lambda made: made.run(made.ask("channels", ["a"], 1)))
        assert found == ("channels", (["a"], 1))

    def test_ends_with_who_waits_for_it(self, links: list[LinkByHand], path: Path) -> None:
        ended: list[str] = []

        async def work() -> None:
            try:
                await many_turns()
            except asyncio.CancelledError:
                ended.append("work")
                raise

        async def test(made: Membership) -> None:
            waiting = asyncio.ensure_future(made.run(work()))
            await some_turns()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert ended == ["work"]

        play(test)


def never_there(path: Path) -> None:
    """The supervisor has removed its socket."""


def killed(path: Path) -> None:
    with listening(path):
        pass


class TestEndOfTheServer:
    @pytest.mark.parametrize("leave", [never_there, killed])
    def test_ends_the_work(
        self, links: list[LinkByHand], path: Path, leave: Callable[[Path], None]
    ) -> None:
        ended: list[str] = []

        async def work() -> None:
            try:
                with pytest.raises(OSError, match=r"refused|No such file"):
                    links[0].connect()
                await many_turns()
            except asyncio.CancelledError:
                ended.append("work")
                raise

        async def test(made: Membership) -> None:
            leave(path)
            with pytest.raises(ServerEnded, match="the server has ended"):
                await made.run(work())
            assert ended == ["work"]

        play(test)

    def test_is_found_as_often_as_the_link_tries(self, links: list[LinkByHand], path: Path) -> None:
        async def test(made: Membership) -> None:
            for _ in range(2):
                with pytest.raises(FileNotFoundError):
                    links[0].connect()
            for _ in range(2):
                with pytest.raises(ServerEnded):
                    await made.run(many_turns())

        play(test)

    def test_does_not_take_what_is_done(self, links: list[LinkByHand], path: Path) -> None:
        async def work() -> str:
            with pytest.raises(FileNotFoundError):
                links[0].connect()
            return "done"

        assert play(lambda made: made.run(work())) == "done"

    def test_is_not_any_failure_of_a_connection(
        self, links: list[LinkByHand], path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that is busy, say, is asked again."""

        def busy(sock: socket.socket) -> int:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))

        async def test(made: Membership) -> Any:
            with listening(path), pytest.raises(BlockingIOError):
                links[0].connect()
            return await made.run(some_turns())

        monkeypatch.setattr(membership, "peer_uid", busy)
        assert play(test) == "done"

    @pytest.mark.parametrize(("distance", "is_trusted"), [(1, False), (0, True), (None, True)])
    def test_is_assumed_where_another_user_has_its_place(
        self,
        links: list[LinkByHand],
        path: Path,
        monkeypatch: pytest.MonkeyPatch,
        distance: int | None,
        is_trusted: bool,
    ) -> None:
        """Of the other user's id from ours; None where it can't be asked."""
        peer = None if distance is None else os.geteuid() + distance
        monkeypatch.setattr(membership, "peer_uid", lambda sock: peer)

        async def test(made: Membership) -> None:
            with listening(path) as server:
                if is_trusted:
                    links[0].connect().close()
                    return
                with pytest.raises(ConnectionRefusedError):
                    links[0].connect()
                theirs, _ = server.accept()
                with theirs:
                    assert theirs.recv(9) == b"", "and nothing was said to it"
                with pytest.raises(ServerEnded):
                    await made.run(many_turns())

        play(test)


class TestBroker:
    def test_is_there_for_its_url(self, links: list[LinkByHand]) -> None:
        async def main() -> Any:
            with closing(BrokerMembership("redis://a")) as made:
                assert not links[0].is_closed
                return await made.run(some_turns())

        assert asyncio.run(main()) == "done"
        (link,) = links
        assert (link.role, link.is_closed) == ("redis://a", True)

    def test_is_others_whose_limits_count(self, links: list[LinkByHand]) -> None:
        async def main() -> None:
            BrokerMembership("redis://a").close()

        asyncio.run(main())
        assert links[0].limits == BusLimits(max_message=MOST_MESSAGE, is_guest=True)


def test_a_place_is_a_server_or_a_url(links: list[LinkByHand], path: Path) -> None:
    returns: list[bool] = []

    async def main() -> None:
        with closing(membership_at(SERVER, lambda: returns.append(True))) as at_server:
            assert isinstance(at_server, Membership)
            assert links[-1].role == "terminal"
            with listening(path):
                for _ in range(2):
                    links[-1].connect().close()
        with closing(membership_at("nats://a")) as at_broker:
            assert isinstance(at_broker, BrokerMembership)
            assert links[-1].role == "nats://a"

    asyncio.run(main())
    assert returns == [True]
