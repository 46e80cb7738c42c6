"""The handlers with Redis, by redis-py: its pool to publish, a connection for each who hears."""

import os
from collections.abc import Callable

from handlers import make_application
from redis.asyncio import Redis
from tornado.web import Application

client = Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)


async def publish(text: str) -> None:
    await client.publish("room", text)


async def hear(begins: Callable[[], None], note: Callable[[str], None]) -> None:
    async with client.pubsub() as subscription:
        await subscription.subscribe("room")
        async for message in subscription.listen():
            if message["type"] == "subscribe":
                begins()
            else:
                note(message["data"])


def make_app() -> Application:
    return make_application(publish, hear)
