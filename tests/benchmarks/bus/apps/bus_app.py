"""The handlers with the bus."""

from collections.abc import Callable

from handlers import make_application
from tornado.web import Application

from tornkit import bus


async def publish(text: str) -> None:
    await bus.publish("room", text)


async def hear(begins: Callable[[], None], note: Callable[[str], None]) -> None:
    async with bus.subscribe("room", queue=1_000_000) as messages:
        begins()
        async for message in messages:
            note(message.data)


def make_app() -> Application:
    return make_application(publish, hear)
