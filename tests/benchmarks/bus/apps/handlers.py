"""The handlers: each worker publishes and hears as it is told, and counts."""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable

from tornado.web import Application, RequestHandler

Publish = Callable[[str], Awaitable[object]]
# Hears for as long as it is awaited; calls the first once it hears, the second with each text.
Hear = Callable[[Callable[[], None], Callable[[str], None]], Awaitable[None]]


class Heard:
    """What all subscribers of this worker have heard."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.count = 0
        self.last = 0
        self.waits: list[int] = []  # nanoseconds from publishing to hearing

    def note(self, text: str) -> None:
        self.count += 1
        self.last = now = time.monotonic_ns()
        self.waits.append(now - int(text[:20]))


def text() -> str:
    """100 bytes that begin with the time."""
    return f"{time.monotonic_ns():020d}".ljust(100, ".")


def make_application(publish: Publish, hear: Hear) -> Application:
    heard = Heard()
    tasks: set[asyncio.Task[None]] = set()

    class Page(RequestHandler):
        def get(self) -> None:
            self.write(str(os.getpid()))

    class Begin(RequestHandler):
        async def get(self, count: str) -> None:
            for task in tasks:
                task.cancel()
            tasks.clear()
            hearing = asyncio.Semaphore(0)
            for _ in range(int(count)):
                tasks.add(asyncio.create_task(hear(hearing.release, heard.note)))
            for _ in range(int(count)):
                await hearing.acquire()
            heard.forget()

    class Flood(RequestHandler):
        """So many publish at once, each the next message once the last is published."""

        async def get(self, publishers: str, seconds: str) -> None:
            begin = time.monotonic_ns()
            until = begin + int(float(seconds) * 1e9)
            published = 0

            async def flood() -> None:
                nonlocal published
                while time.monotonic_ns() < until:
                    await publish(text())
                    published += 1

            await asyncio.gather(*(flood() for _ in range(int(publishers))))
            self.write({"published": published, "begin": begin})

    class Pace(RequestHandler):
        """So many a second, whenever they are due."""

        async def get(self, rate: str, seconds: str) -> None:
            begin = time.monotonic_ns()
            published = 0
            while (passed := (time.monotonic_ns() - begin) / 1e9) < float(seconds):
                due = int(passed * int(rate)) - published
                await asyncio.gather(*(publish(text()) for _ in range(due)))
                published += due
                await asyncio.sleep(0.001)
            self.write({"published": published, "begin": begin})

    class Figures(RequestHandler):
        def get(self) -> None:
            self.write({"count": heard.count, "last": heard.last})

    class Waits(RequestHandler):
        def get(self) -> None:
            self.write(json.dumps(heard.waits))

    return Application(
        [
            ("/", Page),
            (r"/begin/(\d+)", Begin),
            (r"/flood/(\d+)/([0-9.]+)", Flood),
            (r"/pace/(\d+)/([0-9.]+)", Pace),
            ("/figures", Figures),
            ("/waits", Waits),
        ]
    )
