"""Subscriptions that stay, and channels that are filled, as they are asked for."""

import asyncio
import gc
import os

from tornado.web import Application, RequestHandler

from tornkit import bus

subscriptions: list[bus.Subscription] = []


class Page(RequestHandler):
    def get(self) -> None:
        gc.collect()
        self.write(str(os.getpid()))


class Subscribe(RequestHandler):
    async def get(self, kind: str, count: str) -> None:
        for number in range(int(count)):
            channel = "room" if kind == "one" else f"room:{number}"
            subscription = bus.subscribe(channel)
            await subscription.__aenter__()
            subscriptions.append(subscription)


class Fill(RequestHandler):
    async def get(self, channels: str, messages: str) -> None:
        for _ in range(int(messages)):
            for first in range(0, int(channels), 100):
                names = (f"room:{first + each}" for each in range(100))
                await asyncio.gather(*(bus.publish(name, "x" * 100) for name in names))


def make_app() -> Application:
    return Application(
        [("/", Page), (r"/subscribe/(one|each)/(\d+)", Subscribe), (r"/fill/(\d+)/(\d+)", Fill)]
    )
