"""Handlers that begin in one turn share a callback, and nobody can tell."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import threading
import weakref
from collections.abc import Callable, Iterator
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, serving, turns
from tests.engine.speedups.watching import installed
from tornkit.engine.transport import batch

pytestmark = EITHER_LOOP


@contextlib.contextmanager
def reading(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """What is scheduled meanwhile is so by a poller that goes through its connections."""
    made = batch.current = batch.batch_of(loop)
    try:
        yield
    finally:
        batch.current = None
        if made is not None:
            made.close()


def soon(loop: asyncio.AbstractEventLoop, work: Callable[..., object], *args: Any) -> None:
    batch.call_soon(loop, copy_context(), work, args)


Schedule = Callable[..., None]


def plainly(loop: asyncio.AbstractEventLoop, work: Callable[..., object], *args: Any) -> None:
    loop.call_soon(work, *args, context=copy_context())


def story(seed: int, schedule: Schedule) -> list[Any]:
    """What runs in a loop where readers, handlers and others schedule, stop it and raise."""
    loop = asyncio.new_event_loop()
    chance = random.Random(seed)
    told: list[Any] = []

    def work(number: int) -> None:
        told.append(number)
        more(chance.randrange(2), chance.choice((schedule, plainly)))
        if chance.random() < 0.1:
            loop.stop()
        if chance.random() < 0.05:
            raise KeyboardInterrupt

    def read() -> None:
        told.append("read")
        with reading(loop):
            for _ in range(chance.randrange(4)):
                more(1, schedule)
                if chance.random() < 0.3:
                    more(1, plainly)

    def more(count: int, how: Schedule) -> None:
        for _ in range(count):
            if len(told) < 400:
                how(loop, work, chance.randrange(1000))

    try:
        for _ in range(40):
            loop.call_soon(read)
            more(1, plainly)
            loop.call_soon(read)
            loop.call_soon(told.append, "turn")
            loop.call_soon(loop.stop)
            try:
                loop.run_forever()
                told.append("stopped")
            except KeyboardInterrupt:
                told.append("interrupted")
    finally:
        loop.close()
    return told


@pytest.mark.parametrize("seed", range(100))
def test_all_is_as_if_it_had_been_scheduled_one_by_one(seed: int) -> None:
    told = story(seed, soon)
    assert told == story(seed, plainly)
    assert len(told) > 150
    assert {"stopped", "read"} <= set(told)


async def test_they_share_a_callback_where_the_loop_shows_its_queue() -> None:
    loop = asyncio.get_running_loop()
    calls: list[Any] = []
    own = loop.call_soon
    shown = isinstance(loop, asyncio.BaseEventLoop)

    def counting(*args: Any, **kwargs: Any) -> Any:
        calls.append("scheduled")
        return own(*args, **kwargs)

    if shown:
        loop.call_soon = counting  # type: ignore[method-assign, assignment]
    with reading(loop):
        for _ in range(10):
            soon(loop, calls.append, "ran")
    if shown:
        del loop.call_soon
    await asyncio.sleep(0)
    assert calls == ["scheduled"] * shown + ["ran"] * 10


def test_who_runs_the_loop_meanwhile_meets_the_others() -> None:
    loop: Any = asyncio.new_event_loop()
    ran: list[Any] = []

    def once() -> None:
        """As those do who make the loop reentrant."""
        for _ in range(len(loop._ready)):
            if loop._ready:
                loop._ready.popleft()._run()

    def nested() -> None:
        ran.append("in")
        once()
        ran.append("out")

    try:
        with reading(loop):
            soon(loop, ran.append, 1)
            soon(loop, nested)
            for number in (2, 3):
                soon(loop, ran.append, number)
        loop.call_soon(ran.append, "behind")
        once()
        once()
        assert ran == [1, "in", 2, 3, "behind", "out"]
    finally:
        loop.close()


_name: ContextVar[int] = ContextVar("name", default=-1)


async def test_each_has_its_own_context() -> None:
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(_name.get())
        _name.set(100 + number)

    with reading(loop):
        for number in range(5):
            variables = copy_context()
            variables.run(_name.set, number)
            batch.call_soon(loop, variables, work, (number,))
    await asyncio.sleep(0)
    assert seen == [0, 1, 2, 3, 4]
    assert _name.get() == -1


async def test_nothing_is_kept_that_has_run() -> None:
    class Thing:
        def work(self) -> None:
            return

    things = [Thing() for _ in range(3)]
    gone = [weakref.ref(thing) for thing in things]
    loop = asyncio.get_running_loop()
    with reading(loop):
        for thing in things:
            soon(loop, thing.work)
    del thing
    things.clear()
    await asyncio.sleep(0)
    gc.collect()
    assert [reference() for reference in gone] == [None] * 3


def test_each_threads_loop_runs_its_own() -> None:
    ran: dict[int, list[tuple[int, int]]] = {}

    async def main(name: int) -> None:
        loop = asyncio.get_running_loop()
        mine = ran[name] = []
        for number in range(0, 300, 6):
            with reading(loop):
                for n in range(number, number + 6):
                    soon(loop, lambda n=n: mine.append((n, threading.get_ident())))
            await asyncio.sleep(0)
        await asyncio.sleep(0)

    threads = [threading.Thread(target=lambda n=n: asyncio.run(main(n))) for n in range(4)]
    for thread in threads:
        thread.start()
    idents = {n: thread.ident for n, thread in enumerate(threads)}
    for thread in threads:
        thread.join()
    for name, mine in ran.items():
        assert [number for number, _ in mine] == list(range(300))
        assert {ident for _, ident in mine} == {idents[name]}


@EITHER
@pytest.mark.parametrize("with_speedups", [False, True])
async def test_what_initialize_schedules_runs_before_each_handler(
    server_class: ServerClass, with_speedups: bool
) -> None:
    """With many requests in one turn, too."""
    noted: list[tuple[str, str]] = []

    class Ordered(RequestHandler):
        def initialize(self) -> None:
            asyncio.get_running_loop().call_soon(noted.append, ("scheduled", self.request.path))

        def get(self) -> None:
            noted.append(("get", self.request.path))

    with installed(with_speedups):
        async with serving(server_class, Application([("/.*", Ordered)])) as served:
            clients = [await served.connect() for _ in range(5)]
            for number, client in enumerate(clients):
                client.sock.send(GET.replace(b"/", b"/%d" % number, 1))
            for client in clients:
                await client.read_response()
            await turns(2)
    assert len(noted) == 10
    for number in range(5):
        path = f"/{number}"
        assert noted.index(("scheduled", path)) < noted.index(("get", path))
