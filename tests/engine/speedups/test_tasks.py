"""Each handler has its task and its context, as with Tornado."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Generator
from typing import Any

import pytest
from tornado import gen
from tornado.web import (
    Application,
    RequestHandler,
    authenticated,
)

from tests.clients.asynchronous import Client
from tests.engine.serving import EITHER, EITHER_LOOP, GET, ServerClass, until
from tests.engine.speedups.applications import one
from tests.engine.speedups.watching import Note, compare
from tornkit.engine.fidelity import variants

pytestmark = EITHER_LOOP


var: contextvars.ContextVar[str] = contextvars.ContextVar("var", default="unset")


@EITHER
@pytest.mark.parametrize("kind", ["plain", "coroutine"])
async def test_each_request_has_its_own_context(server_class: ServerClass, kind: str) -> None:
    def make(note: Note) -> Application:
        class InContext(RequestHandler):
            def prepare(self) -> None:
                note("before", var.get())
                self.token = var.set("prepared")

            def work(self, what: str) -> None:
                note("in", var.get())
                var.set(what)
                asyncio.get_running_loop().call_soon(lambda: note("callback", var.get()))

            def on_finish(self) -> None:
                note("finished", var.get())

        class Plain(InContext):
            def get(self, what: str) -> None:
                self.work(what)

        class Coroutine(InContext):
            async def get(self, what: str) -> None:
                self.work(what)
                await self.deeper(what)
                note("after", var.get())
                var.reset(self.token)

            async def deeper(self, what: str) -> None:
                note("awaited", var.get())
                await asyncio.sleep(0)
                await asyncio.create_task(asyncio.sleep(0))
                var.set(what + "deeper")

        return one(Plain if kind == "plain" else Coroutine)

    async def play(client: Client, note: Note) -> None:
        for what in ("a", "b", "c"):
            note(await client.request(f"/{what}"))

    seen = await compare(server_class, make, play)
    assert [what[1] for what in seen.noted if what[0] == "before"] == ["unset"] * 3


@EITHER
@pytest.mark.parametrize(
    "kind", ["plain", "coroutine", "generator", "future", "prepare", "wrapped"]
)
@pytest.mark.parametrize("construction", ["plain", "own"])
async def test_each_handler_has_a_task_of_its_own(
    server_class: ServerClass, kind: str, construction: str
) -> None:
    def make(note: Note) -> Application:
        tasks: list[Any] = []

        class InTask(RequestHandler):
            def get_current_user(self) -> str:
                return "me"

            def look(self, when: str) -> None:
                task = asyncio.current_task()
                new = task not in tasks
                tasks.append(task)
                note(
                    when,
                    new,
                    isinstance(task, asyncio.Task),
                    asyncio.isfuture(task),
                    task in asyncio.all_tasks(),
                    task is not None and (task.done(), task.cancelled(), task.cancelling()),
                    task is not None and task.get_loop() is asyncio.get_running_loop(),
                    task is not None and task.get_name().startswith("Task-"),
                    repr(task)[:13],
                )

        if construction == "own":

            def initialize(self: InTask) -> None:
                pass

            InTask.initialize = initialize

        class Plain(InTask):
            def get(self, what: str) -> None:
                self.look("get")
                task = asyncio.current_task()
                assert task is not None
                task.add_done_callback(lambda task: note("done", task.cancelled()))

        class Coroutine(InTask):
            async def get(self, what: str) -> None:
                self.look("get")
                await asyncio.sleep(0)
                self.look("later")
                async with asyncio.timeout(5):
                    async with asyncio.TaskGroup() as group:
                        group.create_task(asyncio.sleep(0))
                        group.create_task(asyncio.sleep(0))
                self.look("end")

        class Generating(InTask):
            @gen.coroutine
            def get(self, what: str) -> Generator[Any, Any, None]:
                self.look("get")
                yield gen.sleep(0.001)
                self.look("later")

        class Returning(InTask):
            def get(self, what: str) -> asyncio.Future[None]:
                self.look("get")
                future = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_soon(future.set_result, None)
                return future

        class Preparing(InTask):
            async def prepare(self) -> None:
                self.look("prepare")
                await asyncio.sleep(0)
                self.look("prepared")

            def get(self, what: str) -> None:
                self.look("get")

        class Wrapped(InTask):
            @authenticated
            async def get(self, what: str) -> None:
                self.look("get")
                try:
                    async with asyncio.timeout(0):
                        await asyncio.sleep(5)
                except TimeoutError:
                    note("timeout")
                self.look("later")

        return one(
            {
                "plain": Plain,
                "coroutine": Coroutine,
                "generator": Generating,
                "future": Returning,
                "prepare": Preparing,
                "wrapped": Wrapped,
            }[kind]
        )

    async def play(client: Client, note: Note) -> None:
        note(await client.request("/"))
        note(await client.request("/"))

    seen = await compare(server_class, make, play)
    assert seen.noted[0][1:4] == (True, True, True)


@EITHER
@pytest.mark.parametrize("when", ["itself", "soon", "later", "stubborn", "returned"])
@pytest.mark.parametrize("construction", ["plain", "own"])
async def test_a_cancelled_handler_ends_the_same(
    server_class: ServerClass, when: str, construction: str
) -> None:
    def make(note: Note) -> Application:
        class Cancelled(RequestHandler):
            @authenticated  # so that it is no coroutine function at first sight
            def get(self, what: str) -> Any:
                task = asyncio.current_task()
                assert task is not None
                task.add_done_callback(lambda task: note("done", task.cancelled()))
                task.add_done_callback(ended.append)
                if when == "itself":
                    note("cancel", task.cancel("why"), task.cancelling())
                    return None
                if when == "returned":
                    task.cancel()
                if when in ("soon", "stubborn"):
                    asyncio.get_running_loop().call_soon(task.cancel)
                return self.rest(task)

            async def rest(self, task: asyncio.Task[Any]) -> None:
                if when == "later":
                    asyncio.get_running_loop().call_later(0.005, task.cancel)
                try:
                    note("waits", task.cancelling())
                    await asyncio.sleep(1)
                except asyncio.CancelledError:
                    note("cancelled", task.cancelling())
                    if when != "stubborn":
                        raise
                note("goes on")
                self.write("survived")

            def get_current_user(self) -> str:
                return "me"

            def on_finish(self) -> None:
                note("finished", self._status_code)

        if construction == "own":

            class Made(Cancelled):
                def initialize(self) -> None:
                    pass

            return one(Made)
        return one(Cancelled)

    ended: list[Any] = []

    async def unanswered(client: Client, note: Note) -> None:
        await client.send(GET)
        await until(lambda: bool(ended))
        ended.clear()

    lost = when in ("soon", "later", "returned") and not variants.CANCELLED_ANSWERED
    seen = await compare(server_class, make, unanswered if lost else "/")
    assert ("done", when != "stubborn") in seen.noted
