"""The application that is loaded by `dry_run`: a little of what most have."""

from __future__ import annotations

import asyncio
from pathlib import Path

import tornado.web
import tornado.websocket


class Page(tornado.web.RequestHandler):
    def get(self) -> None:
        self.write("a page")


class Patient(tornado.web.RequestHandler):
    async def get(self, seconds: str) -> None:
        await asyncio.sleep(float(seconds))
        self.write({"slept": seconds})


class Echo(tornado.websocket.WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message)


def make_app() -> tornado.web.Application:
    return tornado.web.Application(
        [
            ("/", Page),
            (r"/patient/(\d+)", Patient),
            tornado.web.url(r"/(?P<seconds>[0-9.]+)/slowly", Patient, name="slowly"),
            ("/echo", Echo),
        ],
        template_path=str(Path(__file__).parent),
        log_function=lambda handler: None,  # nobody has asked
    )
