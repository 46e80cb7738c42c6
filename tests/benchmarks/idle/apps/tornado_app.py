"""A page, and one that collects garbage: python tornado_app.py PORT [--tornkit]"""

import asyncio
import gc
import sys

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler


class Home(RequestHandler):
    def get(self) -> None:
        self.write("Hello, world")


class Collect(RequestHandler):
    def get(self) -> None:
        gc.collect()
        self.write("collected")


def make_app() -> Application:
    return Application([("/", Home), ("/collect", Collect)])


async def main(port: str, *options: str) -> None:
    server_class: type[HTTPServer] = HTTPServer
    if "--tornkit" in options:
        from tornkit.engine.server import HTTPServer as TornkitServer

        server_class = TornkitServer
    server_class(make_app()).listen(int(port), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
