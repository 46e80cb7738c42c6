"""The room for `tornkit serve`, by the bus."""

import asyncio

from texts import text
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

from tornkit import bus


def as_text(message: bus.Message) -> str:
    return message.data if message.event == "message" else ""


class Page(RequestHandler):
    def get(self) -> None:
        self.write("here")


class Publish(RequestHandler):
    async def get(self, first: str, count: str) -> None:
        texts = (text(int(first) + each) for each in range(int(count)))
        await asyncio.gather(*(bus.publish("room", each) for each in texts))


class Room(WebSocketHandler):
    async def open(self) -> None:
        await bus.relay(self, "room", encode=as_text)


def make_app() -> Application:
    return Application([("/", Page), (r"/publish/(\d+)/(\d+)", Publish), ("/room", Room)])
