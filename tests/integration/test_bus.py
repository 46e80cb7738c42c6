"""The bus between real workers: through reloads, and kills of workers and of the hub."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from tests.clients.chat import ChatClient, faults
from tests.integration.waiting import PATIENCE

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
import os

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from tornkit import bus

VERSION = 1


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Publish(RequestHandler):
    async def post(self, publisher, number):
        self.write(await bus.publish("room:1", [int(publisher), int(number)]))


class Room(WebSocketHandler):
    async def open(self):
        position = await bus.relay(self, "room:1", since=self.get_argument("since", None))
        self.write_message({"event": "message", "data": "ready", "position": position})


class Count(RequestHandler):
    async def get(self):
        self.write(str(await bus.store.increment("count")))


class History(RequestHandler):
    async def get(self):
        self.write({"data": [each.data for each in await bus.history("room:1", limit=1000)]})


class Poll(RequestHandler):
    async def get(self):
        batch = await bus.wait("room:1", since=self.get_argument("since"), timeout=600)
        self.write({"data": [each.data for each in batch], "position": batch.position})


def make_app():
    return Application([
        ("/pid", Pid), ("/publish/(.*)/(.*)", Publish), ("/room", Room), ("/count", Count),
        ("/history", History), ("/poll", Poll),
    ])
"""
MAIN = """

async def main():
    make_app().listen(0)
    await asyncio.Event().wait()


if __name__ == "__main__":
    import asyncio

    asyncio.run(main())
"""
NO_BUS = APP.replace("from tornkit import bus", "bus = None")
FEW = 10  # clients
CROWDED = (pytest.mark.thorough, pytest.mark.release, pytest.mark.timeout(600))
COUNT = 60  # messages of each publisher
PUBLISHERS = 3


def hub_of(server: Server) -> int:
    hub = server.status()["hub"]
    assert hub is not None
    return int(hub["pid"])


def publish(server: Server, number: int) -> str:
    """Publish the number of a publisher 0: the position."""
    return server.get(f"/publish/0/{number}", method="POST").text


class BusServer(Protocol):
    """What serves `APP`."""

    @property
    def url(self) -> str: ...

    @property
    def log(self) -> str: ...


async def play(
    server: BusServer,
    meanwhile: Callable[[], Awaitable[None]],
    clients: int = FEW,
    failed: list[tuple[int, int]] | None = None,
) -> list[ChatClient]:
    """Have clients hear what is published, while something else goes on; then look at both.

    ``failed`` gets publisher and number of each request that was not answered.
    """
    listening = [ChatClient(f"{server.url.replace('http', 'ws')}/room") for _ in range(clients)]
    tasks = [asyncio.create_task(each.run()) for each in listening]
    try:
        await asyncio.wait_for(
            asyncio.gather(*(each.is_connected.wait() for each in listening)), PATIENCE
        )
        lost = [] if failed is None else failed
        counts = [0] * PUBLISHERS
        going_on = asyncio.ensure_future(meanwhile())

        async def keep_publishing(publisher: int) -> None:
            while counts[publisher] < COUNT or not going_on.done():
                number = counts[publisher]
                counts[publisher] += 1
                # What was not answered may have been published or not: it is not said again.
                if not await answered(f"{server.url}/publish/{publisher}/{number}"):
                    lost.append((publisher, number))
                await asyncio.sleep(0.005)

        await asyncio.gather(*map(keep_publishing, range(PUBLISHERS)), going_on)

        def are_done() -> bool:
            ends = {(publisher, count - 1) for publisher, count in enumerate(counts)} - set(lost)
            return all(ends <= {tuple(each) for each in one.heard if each} for one in listening)

        with contextlib.suppress(TimeoutError):  # what is missing is told below
            async with asyncio.timeout(PATIENCE):
                while not are_done():
                    await asyncio.sleep(0.01)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for one in listening:
        wrong = [each for each in faults(one.heard, counts) if not excused(each, lost)]
        assert not wrong, (wrong, server.log)
    return listening


def excused(fault: str, lost: list[tuple[int, int]]) -> bool:
    """Whether all that is missing is what a publisher was told of."""
    publisher, numbers = fault.split(": ")
    found = re.match(r"(\d+) to (\d+) are missing", numbers)
    return found is not None and all(
        (int(publisher), number) in lost for number in range(int(found[1]), int(found[2]) + 1)
    )


async def answered(url: str) -> bool:
    """Whether a POST was: unlike a GET, no proxy sends it again when a server dies."""
    with contextlib.suppress(OSError, HTTPClientError):
        await AsyncHTTPClient().fetch(url, method="POST", body="")
        return True
    return False


@pytest.mark.parametrize(
    ("workers", "clients", "reloads", "kills"),
    [
        (2, FEW, 3, 2),
        pytest.param(4, 100, 20, 8, marks=pytest.mark.thorough),
        pytest.param(4, 1000, 100, 20, marks=CROWDED),
    ],
)
def test_it_goes_on_through_reloads_and_kills(
    serve: Serve, wait_for: Callable[..., Any], workers: int, clients: int, reloads: int, kills: int
) -> None:
    options = ("--workers", str(workers), "--bus-history", "100000", "--no-access-log")
    server = serve({"app.py": APP}, "app.py:make_app", *options)

    async def meanwhile() -> None:
        for number in range(2, 2 + reloads):
            server.write("app.py", APP.replace("VERSION = 1", f"VERSION = {number}"))
            await asyncio.to_thread(server.wait_for_reload, number - 1)
        for _ in range(kills):
            await asyncio.to_thread(kill_one, server, wait_for)

    heard = asyncio.run(play(server, meanwhile, clients))
    assert all(None not in each.heard for each in heard), "no gap"
    assert any(each.connections > 2 for each in heard)


def kill_one(server: Server, wait_for: Callable[..., Any]) -> None:
    """Kill a worker, and wait until there is another."""
    before = workers_of(server)
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: len(workers_of(server) - {victim}) == len(before), "another worker")


def workers_of(server: Server) -> set[int]:
    workers = server.status()["workers"]
    return {each["pid"] for each in workers if each["state"] == "serving"}


def test_a_hub_that_dies_is_a_gap_for_everybody(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")

    async def meanwhile() -> None:
        await asyncio.sleep(0.2)
        os.kill(hub_of(server), signal.SIGKILL)
        await asyncio.to_thread(server.wait_for_log, "the hub of tornkit.bus has died")

    clients = asyncio.run(play(server, meanwhile))
    for each in clients:
        assert each.heard.count(None) == 1
    assert hub_of(server)


@pytest.mark.thorough
def test_what_is_shared_outlives_a_reload(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    assert [server.get("/count").text for _ in range(3)] == ["1", "2", "3"]
    publish(server, 7)
    hub = hub_of(server)
    server.write("app.py", APP.replace("VERSION = 1", "VERSION = 2"))
    server.wait_for_reload()
    assert server.get("/count").text == "4"
    assert "[[0, 7]]" in server.get("/history").text
    assert hub_of(server) == hub


@pytest.mark.thorough
def test_the_hub_is_there_before_the_first_request(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    """Its start takes longer than a request should."""
    server = serve({"app.py": APP}, "app.py:make_app", "--workers", "2")
    wait_for(lambda: server.status()["hub"], "the hub")
    server.write("app.py", NO_BUS)
    server.wait_for_reload()
    assert server.status()["hub"], "until the server ends"


@pytest.mark.thorough
def test_limits_are_those_of_the_command_line(serve: Serve) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--bus-history", "2")
    for number in range(4):
        publish(server, number)
    assert "[[0, 2], [0, 3]]" in server.get("/history").text


@pytest.mark.thorough
def test_a_long_poll_holds_up_neither_a_reload_nor_the_end(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", "--drain-timeout", "600")
    since = publish(server, 1)

    def save() -> None:
        server.edit("app.py", "VERSION = 1", "VERSION = 2")

    for end in (save, lambda: server.signal(signal.SIGINT)):
        with server.connect() as client:
            client.send_request(f"/poll?since={since}")
            wait_for(
                lambda: any(each["in_flight"] for each in server.status()["workers"]), "the poll"
            )
            end()
            assert client.read_response().json() == {"data": [], "position": since}
    assert server.wait_until_ended() == 0


@pytest.mark.thorough
def test_a_program_uses_it_as_well(serve: Serve) -> None:
    program = APP + MAIN
    server = serve({"app.py": program}, "app.py", "--workers", "2")
    publish(server, 1)
    server.answering_pids(2)
    assert "[[0, 1]]" in server.get("/history").text
    assert hub_of(server)


def test_without_the_bus_nothing_is_there(serve: Serve) -> None:
    server = serve({"app.py": NO_BUS}, "app.py:make_app", "--workers", "2")
    server.get("/pid")
    assert server.status()["hub"] is None


@pytest.mark.thorough
@pytest.mark.parametrize("options", [(), ("--no-reload",)])
def test_it_ends_with_the_server(serve: Serve, options: tuple[str, ...]) -> None:
    server = serve({"app.py": APP}, "app.py:make_app", *options)
    publish(server, 1)
    hub = hub_of(server)
    assert Path(f"/proc/{hub}").exists()
    assert server.stop() == 0
    assert not Path(f"/proc/{hub}").exists()
    assert "hub" not in server.log


@pytest.mark.thorough
def test_a_supervisor_that_is_killed_takes_it_along(
    serve: Serve, wait_for: Callable[..., Any]
) -> None:
    server = serve({"app.py": APP}, "app.py:make_app")
    publish(server, 1)
    assert hub_of(server) in server.pids()
    os.kill(server.status()["pid"], signal.SIGKILL)
    server.process.wait()
    wait_for(lambda: not server.pids(), "the end of all")
