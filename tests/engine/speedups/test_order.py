"""What happens first, and what is told to whom."""

from __future__ import annotations

import asyncio
from typing import Any

from tornado.web import (
    Application,
    RequestHandler,
    stream_request_body,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, until
from tests.engine.speedups.applications import Busy, one
from tests.engine.speedups.watching import Make, Note, compare, watch

pytestmark = EITHER_LOOP


@EITHER
async def test_what_initialize_schedules_runs_before_the_handler(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Ordered(RequestHandler):
            def initialize(self) -> None:
                asyncio.get_running_loop().call_soon(note, "scheduled")
                note("initialize")

            def prepare(self) -> None:
                note("prepare")

            def get(self, what: str) -> None:
                note("get")
                asyncio.get_running_loop().call_soon(note, "after")

            def on_finish(self) -> None:
                note("finish")

        return one(Ordered)

    seen = await compare(server_class, make)
    order = ["initialize", "scheduled", "prepare", "get", "finish", "after"]
    assert [what for (what,) in seen.noted] == order


@EITHER
async def test_pipelined_requests_are_answered_one_after_the_other(
    server_class: ServerClass,
) -> None:
    def make(note: Note) -> Application:
        class Slow(RequestHandler):
            async def get(self, what: str) -> None:
                note("begin", what)
                await asyncio.sleep(0.002)
                self.write(what)

            def on_finish(self) -> None:
                note("end", self.path_args)

        class Quick(RequestHandler):
            def get(self, what: str) -> None:
                note("begin", what)
                self.write(what)

            def on_finish(self) -> None:
                note("end", self.path_args)

        return Application([("/(s.*)", Slow), ("/(.*)", Quick)])

    async def play(client: Client, note: Note) -> None:
        paths = ("q1", "s1", "q2", "q3", "s2", "q4")
        await client.send(
            b"".join(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % p.encode() for p in paths)
        )
        for _ in paths:
            note(await client.read_response())

    await compare(server_class, make, play)


@EITHER
async def test_a_task_factory_sees_every_handler(server_class: ServerClass) -> None:
    made: list[str] = []

    def factory(loop: Any, coroutine: Any, **kwargs: Any) -> asyncio.Task[Any]:
        made.append(coroutine.__qualname__)
        return asyncio.Task(coroutine, loop=loop, **kwargs)

    async def play(client: Client, note: Note) -> None:
        made.clear()
        asyncio.get_running_loop().set_task_factory(factory)
        note(await client.request("/"))
        asyncio.get_running_loop().set_task_factory(None)
        note([name for name in made if "_execute" in name])

    seen = await compare(server_class, lambda note: one(Busy), play)
    assert seen.responses[-1] == ["RequestHandler._execute"]


@EITHER
async def test_the_future_of_finish_can_be_awaited_and_told(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Waiting(RequestHandler):
            async def get(self, what: str) -> None:
                future: Any = self.finish("x" * (5_000_000 if what == "large" else 5))
                note(asyncio.isfuture(future))
                future.add_done_callback(lambda future: note("told", future.result()))
                note(await future)

        return one(Waiting)

    async def play(client: Client, note: Note) -> None:
        note(await client.request("/"))
        note((await client.request("/large")).status)

    await compare(server_class, make, play)


@EITHER
async def test_a_client_that_goes_away_is_told_of_the_same(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Left(RequestHandler):
            async def get(self, what: str) -> None:
                self.gone = asyncio.Event()
                note("begun")
                await self.gone.wait()
                try:
                    await self.finish("nobody")
                except Exception as error:  # noqa: BLE001 - noted
                    note(type(error).__name__)

            def on_connection_close(self) -> None:
                note("gone")
                self.gone.set()

        return one(Left)

    for with_speedups in (False, True):
        seen = await _left(server_class, make, with_speedups=with_speedups)
        assert seen == [("begun",), ("gone",), ("StreamClosedError",)]


async def _left(server_class: ServerClass, make: Make, *, with_speedups: bool) -> list[Any]:
    noted: list[Any] = []

    def made(note: Note) -> Application:
        return make(lambda *what: noted.append(what))

    async def play(client: Client, note: Note) -> None:
        await client.send(GET)
        await until(lambda: bool(noted))
        client.close()
        await until(lambda: len(noted) == 3)

    await watch(server_class, made, play, with_speedups=with_speedups)
    return noted


@EITHER
async def test_a_handler_that_detaches_has_the_stream(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        class Detaching(RequestHandler):
            def get(self, what: str) -> None:
                stream = self.detach()
                stream.write(b"raw")
                stream.close()

        return one(Detaching)

    async def play(client: Client, note: Note) -> None:
        await client.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        note(await client.rest())

    assert (await compare(server_class, make, play)).responses == [b"raw"]


@EITHER
async def test_a_streamed_body_arrives_in_the_same_pieces(server_class: ServerClass) -> None:
    def make(note: Note) -> Application:
        @stream_request_body
        class Streaming(RequestHandler):
            def prepare(self) -> None:
                note("prepare", asyncio.current_task() is not None)

            def data_received(self, chunk: bytes) -> None:
                note(len(chunk))

            def post(self, what: str) -> None:
                note("post")

        return one(Streaming)

    async def play(client: Client, note: Note) -> None:
        body = b"x" * 100_000
        await client.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + body)
        note(await client.read_response())

    seen = await compare_sums(server_class, make, play)
    assert seen == 100_000


async def compare_sums(server_class: ServerClass, make: Any, play: Any) -> int:
    """The pieces are as the network gives them; all of them have to come."""
    sums = set()
    for with_speedups in (False, True):
        seen = await watch(server_class, make, play, with_speedups=with_speedups)
        sums.add(sum(what[0] for what in seen.noted if isinstance(what[0], int)))
    (only,) = sums
    return only
