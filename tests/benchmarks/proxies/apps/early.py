"""Answers an upload before it has come, and says back what the next one sends."""

import asyncio
import os
import sys

from tornado.web import Application, RequestHandler, stream_request_body


@stream_request_body
class Early(RequestHandler):
    def prepare(self) -> None:
        self.set_status(413)
        self.finish(self.get_query_argument("id"))

    def data_received(self, chunk: bytes) -> None:
        pass

    def post(self) -> None:
        pass


class Next(RequestHandler):
    def get(self) -> None:
        self.write("here")

    async def post(self) -> None:
        await asyncio.sleep(0.001)
        self.write(self.request.body + b" " + self.get_query_argument("id").encode())


class Pid(RequestHandler):
    def get(self) -> None:
        self.write(str(os.getpid()))


def make_app() -> Application:
    return Application([("/early", Early), ("/next", Next), ("/pid", Pid), ("/", Next)])


async def main() -> None:
    make_app().listen(int(sys.argv[1]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
