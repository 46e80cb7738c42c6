"""A page, and one that collects garbage: python tornado_app.py PORT [--tornkit]"""

import asyncio
import gc
import sys

from tornado.web import Application, RequestHandler


class Home(RequestHandler):
    def get(self):
        self.write("Hello, world")


class Collect(RequestHandler):
    def get(self):
        gc.collect()
        self.write("collected")


def make_app():
    return Application([("/", Home), ("/collect", Collect)])


async def main(port, *options):
    if "--tornkit" in options:
        from tornkit.engine.server import HTTPServer
    else:
        from tornado.httpserver import HTTPServer
    HTTPServer(make_app()).listen(int(port), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
