"""The echo for Tornado: ``tornado_app.py PORT [--tornkit] [--uvloop]``; or `make_app` alone."""

import asyncio
import sys

from tornado.httpserver import HTTPServer
from tornado.web import Application
from tornado.websocket import WebSocketHandler


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.write_message(message, isinstance(message, bytes))


def make_app() -> Application:
    return Application([("/", Echo)])


async def main(port: int, tornkit: bool) -> None:
    server_class: type[HTTPServer] = HTTPServer
    if tornkit:
        from tornkit import HTTPServer as TornkitServer
        from tornkit.engine.websocket import install

        server_class = TornkitServer
        assert install()
    server_class(make_app()).listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    factory = None
    if "--uvloop" in sys.argv:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(int(sys.argv[1]), "--tornkit" in sys.argv))
