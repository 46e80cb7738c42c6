"""The bus on a real NATS server: what is lost with it or with a link, and what is told of that."""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bus.nats_play import cut, epoch, needs_nats, parts, played, published
from tests.bus.nats_server import NatsBackend, NatsServer
from tests.bus.test_bus import subscribe, take, until
from tornkit.bus.bus import Bus
from tornkit.bus.errors import BusError, MessageTooLarge, Unavailable
from tornkit.bus.links.nats.link import NatsLink
from tornkit.bus_limits import BusLimits

pytestmark = needs_nats


@pytest.fixture
def server() -> Iterator[NatsServer]:
    """One that a test may kill."""
    made = NatsServer()
    try:
        yield made
    finally:
        made.close()


class TestServer:
    def test_that_is_killed_and_comes_back_with_what_it_kept(self, server: NatsServer) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "a") as messages:
                first = await other.publish("a", 1)
                assert await take(messages, 1) == [1]
                server.stop()
                await until(lambda: not parts(other)._connection.is_up)
                with pytest.raises(Unavailable, match=r"is not there .* after 0\.3 seconds"):
                    await other.publish("a", 2)
                with pytest.raises(Unavailable):
                    await subscribe(other, "a").__aenter__()
                await asyncio.to_thread(server.start)
                last = await published(other, "a", 3)
                assert await take(messages, 1) == [3]
                assert epoch(first) == epoch(last)
            async with subscribe(other, "a", since=first) as messages:
                assert await take(messages, 1) == [3]

        played(test, server, patience=0.3)

    def test_that_comes_back_in_time_has_lost_nothing(self, server: NatsServer) -> None:
        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            await bus.publish("a", 1)
            server.stop()
            await until(lambda: not parts(bus)._connection.is_up)
            bus.post("a", 2)
            later = asyncio.ensure_future(bus.publish("a", 3))
            await asyncio.to_thread(server.start)
            await later
            assert [each.data for each in await bus.history(["a"], 9)] == [1, 2, 3]

        played(test, server, patience=10)

    def test_that_has_lost_all_is_a_gap_and_then_all_goes_on(self, server: NatsServer) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with (
                subscribe(one, "a", joins=True) as messages,
                subscribe(other, "a", present="ann"),
            ):
                before = await other.publish("a", 1)
                found = await take(messages, 2)
                assert sorted(map(str, found)) == ["1", "join"]
                await one.broker_link.call_store("set", "key", "j1", None, False)
                server.stop()
                server.forget()
                await asyncio.to_thread(server.start)
                gap = await anext(messages)
                assert (gap.event, gap.data) == ("gap", None)
                while [each.id for each in await one.presence("a")] != ["ann"]:
                    await asyncio.sleep(0.01)
                after = await published(other, "a", 2)
                while (message := await anext(messages)).event == "join":
                    pass
                assert message.data == 2
                assert epoch(before) != epoch(after)
                assert await one.broker_link.call_store("get", "key") is None

        played(test, server)

    @pytest.mark.thorough
    @pytest.mark.parametrize("is_reused", [False, True])
    def test_whose_machine_has_forgotten_the_last_messages(
        self, server: NatsServer, is_reused: bool
    ) -> None:
        """Else others would get the positions that these had."""
        store = Path(server.folder, "store")

        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a") as messages:
                before = await bus.publish("a", 1)
                server.stop(is_killed=False)
                shutil.copytree(store, store.with_name("copy"))
                await asyncio.to_thread(server.start)
                await published(bus, "a", 2)
                assert await take(messages, 2) == [1, 2]
                server.stop()
                server.forget()
                store.with_name("copy").rename(store)
                server.start()  # the link does not come back before the next line has
                for _ in range(is_reused * 20):  # another link, which has not heard of them
                    server.ask(f"{backend.prefix}.m.b")
                after = await published(bus, "a", 3)
                found = await take(messages, 1)
                while found[-1] != 3:
                    found += await take(messages, 1)
                assert found[0] == "gap"
                assert epoch(before) != epoch(after)

        played(test, server)

    def test_that_is_not_there(self) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            limits = BusLimits(patience=0.2)
            url = "nats://ann:secret@127.0.0.1:1"
            bus = Bus(loop, lambda bus: NatsLink(loop, bus, url, limits), limits)
            with pytest.raises(Unavailable, match=r"NATS at 127\.0\.0\.1:1 is not") as error:
                await bus.publish("a", 1)
            assert "refused" in str(error.value).lower() or "111" in str(error.value)
            assert "secret" not in str(error.value)
            bus.close()
            await asyncio.sleep(0)

        asyncio.run(main())

    def test_nats_py_that_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

        async def main() -> None:
            loop = asyncio.get_running_loop()
            nobody: Any = None
            with pytest.raises(BusError, match=r"pip install 'tornkit\[nats\]'"):
                NatsLink(loop, nobody, "nats://localhost", BusLimits())

        asyncio.run(main())


class TestStream:
    def test_that_is_deleted_is_a_gap(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "a") as messages:
                await other.publish("a", 1)
                assert await take(messages, 1) == [1]
                backend.forget_all()
                assert await take(messages, 1) == ["gap"]
                await published(other, "a", 2)
                assert await take(messages, 1) == [2]

        played(test)

    def test_that_several_links_make_at_once_is_one(self) -> None:
        async def test(backend: NatsBackend) -> None:
            for _ in range(5):
                buses = [backend.bus() for _ in range(6)]
                await asyncio.gather(*(published(bus, "a", 1) for bus in buses))
                found = backend.server.streams(backend.prefix)
                assert len([each for each in found if not each.endswith("presence")]) == 1
                backend.forget_all()

        played(test)

    def test_whose_limit_was_raised_may_have_lost_more(self) -> None:
        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a") as messages:
                begin = messages.position
            for number in range(5):
                position = await bus.publish("a", number)
            backend.limits = BusLimits(history=50)
            later = backend.bus()
            async with subscribe(later, "a", since=begin) as messages:
                assert await take(messages, 1) == ["gap"]
            async with subscribe(later, "a", since=position) as messages:
                for number in range(20):
                    await later.publish("a", number)
                assert await take(messages, 20) == list(range(20))

        played(test, history=3)


class TestLink:
    def test_that_is_cut_off_gets_what_it_missed(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "a") as by_name, subscribe(one, "*") as by_pattern:
                for round_ in range(3):
                    await until(lambda: parts(one)._connection.is_up)
                    cut(one)
                    for number in range(10):
                        await other.publish("a", [round_, number])
                expected = [list(each) for each in itertools.product(range(3), range(10))]
                assert await take(by_name, 30) == expected
                assert await take(by_pattern, 30) == expected
                await other.publish("a", "last")
                assert await take(by_name, 1) == await take(by_pattern, 1) == ["last"]

        played(test)

    def test_that_misses_a_message_on_its_way_looks_for_it(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "a") as messages:
                await other.publish("a", 0)
                assert await take(messages, 1) == [0]
                link = parts(one)
                take_it = link.take

                def lose(subject: str, head: bytes, data: bytes) -> None:
                    if data != b"j1":
                        take_it(subject, head, data)

                link.take = lose
                for number in range(1, 4):
                    await other.publish("a", number)
                assert await take(messages, 3) == [1, 2, 3]

        played(test)

    def test_a_quiet_channel_has_no_gap_however_much_came_in_others(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "quiet") as messages:
                begin = messages.position
                for number in range(100):
                    await other.publish("busy", [number, "x" * 1000])
                await parts(one)._checkpoints.now()  # as again and again
                cut(one)
                await other.publish("quiet", 1)
                assert await take(messages, 1) == [1]
                # Whoever comes late knows that by the link that has heard it all the time.
                async with subscribe(one, "quiet", since=begin) as late:
                    assert await take(late, 1) == [1]
            # Nobody has heard that one, and what is gone may have been of it.
            async with subscribe(one, "another", since=begin) as messages:
                assert await take(messages, 1) == ["gap"]

        played(test, history_bytes=20_000)

    def test_nor_where_nothing_came_at_all(self) -> None:
        async def test(backend: NatsBackend) -> None:
            one, other = backend.bus(), backend.bus()
            async with subscribe(one, "quiet") as messages:
                begin = messages.position
            (name,) = [
                each for each in backend.server.streams(backend.prefix) if "presence" not in each
            ]
            sequence = int(begin.partition("-")[2]) + 1
            while "error" not in backend.server.ask(
                f"$JS.API.STREAM.MSG.GET.{name}", {"seq": sequence}
            ):
                await parts(other)._checkpoints.now()
            await other.publish("quiet", 1)
            async with subscribe(one, "quiet", since=begin) as messages:
                assert await take(messages, 1) == [1]

        played(test)

    def test_what_is_too_old_is_a_gap(self) -> None:
        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            async with subscribe(bus, "a") as messages:
                begin = messages.position
            await bus.publish("a", 1)
            await asyncio.sleep(0.25)  # its age is what this is about
            await bus.publish("a", 2)
            assert [each.data for each in await bus.history(["a"], 9)] == [2]
            async with subscribe(bus, "a", since=begin) as messages:
                assert await take(messages, 2) == ["gap", 2]

        played(test, history_age=0.2)

    def test_what_the_server_does_not_take(self, caplog: pytest.LogCaptureFixture) -> None:
        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            with pytest.raises(MessageTooLarge, match=r"the NATS server takes 1,048,576"):
                await bus.publish("a", "x" * 1_500_000)
            bus.post("a", "x" * 1_500_000)
            await until(lambda: "a message to a is maybe lost" in caplog.text)
            await bus.publish("a", "on the same connection")

        played(test, max_message=2_000_000)

    def test_names_of_any_kind(self) -> None:
        async def test(backend: NatsBackend) -> None:
            bus = backend.bus()
            names = ["a.b", ">", "x y", "é/🙂", "%2E", "$JS.API", "a" * 255, "🙂" * 63]
            async with subscribe(bus, *names) as messages, subscribe(bus, "*b") as matching:
                for name in names:
                    await bus.publish(name, name)
                found = [await anext(messages) for _ in names]
                assert [each.channel for each in found] == [each.data for each in found] == names
                assert await take(matching, 1) == ["a.b"]
                assert not matching.ready()

        played(test)
