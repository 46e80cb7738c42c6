"""Handlers that begin in one turn share a callback, and nobody can tell."""

from __future__ import annotations

import asyncio
import gc
import random
import threading
import weakref
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.engine.serving import EITHER, GET, ServerClass, either_loop, in_loop, serving, turns
from tests.engine.speedups.watching import installed
from tornkit.engine.speedups import batch

__all__ = ["either_loop"]


def soon(loop: asyncio.AbstractEventLoop, work: Callable[..., object], *args: Any) -> None:
    batch.call_soon(loop, copy_context(), work, *args)


@pytest.mark.parametrize("seed", range(20))
@in_loop
async def test_everything_runs_in_the_order_in_which_it_was_scheduled(seed: int) -> None:
    loop = asyncio.get_running_loop()
    chance = random.Random(seed)
    ran: list[int] = []
    scheduled: list[int] = []

    def work(number: int) -> None:
        ran.append(number)
        if chance.random() < 0.5:
            schedule(chance.randrange(3))

    def schedule(count: int) -> None:
        for _ in range(count):
            number = len(scheduled)
            if number < 500:
                scheduled.append(number)
                if chance.random() < 0.6:
                    soon(loop, work, number)
                else:
                    loop.call_soon(work, number)

    for _ in range(20):
        schedule(5)
        await asyncio.sleep(0)
    while len(ran) < len(scheduled):
        await asyncio.sleep(0)
    assert ran == scheduled
    assert len(ran) > 100


@in_loop
async def test_they_share_a_callback_where_the_loop_shows_its_queue() -> None:
    loop = asyncio.get_running_loop()
    calls: list[Any] = []
    own = loop.call_soon

    if isinstance(loop, asyncio.BaseEventLoop):
        loop.call_soon = lambda *args, **kwargs: calls.append(args) or own(*args, **kwargs)  # type: ignore[method-assign,assignment,func-returns-value]
        try:
            for _ in range(10):
                soon(loop, calls.append, "ran")
        finally:
            del loop.call_soon  # type: ignore[method-assign]
        assert len(calls) == 1
        await asyncio.sleep(0)
        assert calls[1:] == ["ran"] * 10
    else:
        for _ in range(10):
            soon(loop, calls.append, "ran")
        await asyncio.sleep(0)
        assert calls == ["ran"] * 10


_name: ContextVar[int] = ContextVar("name", default=-1)


@in_loop
async def test_each_has_its_own_context() -> None:
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def work(number: int) -> None:
        seen.append(_name.get())
        _name.set(100 + number)

    for number in range(5):
        variables = copy_context()
        variables.run(_name.set, number)
        batch.call_soon(loop, variables, work, number)
    await asyncio.sleep(0)
    assert seen == [0, 1, 2, 3, 4]
    assert _name.get() == -1


def test_what_ends_the_loop_takes_nothing_from_the_others() -> None:
    loop = asyncio.new_event_loop()
    ran: list[int] = []

    def stop() -> None:
        raise KeyboardInterrupt

    try:
        soon(loop, ran.append, 1)
        soon(loop, stop)
        soon(loop, ran.append, 2)
        with pytest.raises(KeyboardInterrupt):
            loop.run_forever()
        assert ran == [1]
        loop.call_soon(loop.stop)
        loop.run_forever()
        assert ran == [1, 2]
    finally:
        loop.close()


@in_loop
async def test_nothing_is_kept_that_has_run() -> None:
    class Thing:
        def work(self) -> None:
            return

    things = [Thing() for _ in range(3)]
    gone = [weakref.ref(thing) for thing in things]
    for thing in things:
        soon(asyncio.get_running_loop(), thing.work)
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
        for number in range(300):
            soon(loop, lambda n=number: mine.append((n, threading.get_ident())))  # type: ignore[misc]
            if number % 7 == 0:
                await asyncio.sleep(0)
        await asyncio.sleep(0)

    threads = [threading.Thread(target=lambda n=n: asyncio.run(main(n))) for n in range(4)]  # type: ignore[misc]
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
@in_loop
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
                await client.response()
            await turns(2)
    assert len(noted) == 10
    for number in range(5):
        path = f"/{number}"
        assert noted.index(("scheduled", path)) < noted.index(("get", path))
