"""Applications that the tests of the test tools serve."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tornado.web import Application, RequestHandler, stream_request_body
from tornado.websocket import WebSocketHandler

SECRET = "a secret of at least thirty-two characters"


class Home(RequestHandler):
    def get(self) -> None:
        user = self.get_signed_cookie("user")
        self.write(f"hello {user.decode() if user else 'stranger'}")

    def post(self) -> None:
        self.write("posted")


class Form(RequestHandler):
    def post(self) -> None:
        self.set_signed_cookie("user", self.get_body_argument("name"))
        self.redirect("/")


class SignOut(RequestHandler):
    def post(self) -> None:
        self.clear_cookie("user")
        self.redirect("/")


class Mirror(RequestHandler):
    """Answers with what it was asked."""

    def prepare(self) -> None:
        self.set_header("Cache-Control", "no-store")

    def get(self) -> None:
        self.answer()

    def options(self) -> None:
        self.answer()

    def put(self) -> None:
        self.answer()

    def patch(self) -> None:
        self.answer()

    def delete(self) -> None:
        self.answer()

    def post(self) -> None:
        self.answer()

    def head(self) -> None:
        self.set_header("X-Method", "HEAD")

    def answer(self) -> None:
        self.write(
            {
                "engine": type(self.request.connection).__module__,
                "method": self.request.method,
                "host": self.request.host,
                "uri": self.request.uri,
                "headers": dict(self.request.headers.get_all()),
                "cookies": {name: each.value for name, each in self.request.cookies.items()},
                "arguments": {
                    name: [each.decode() for each in values]
                    for name, values in self.request.arguments.items()
                },
                "files": {
                    name: [[each.filename, each.body.decode()] for each in files]
                    for name, files in self.request.files.items()
                },
                "body": self.request.body.decode(),
            }
        )


class Token(RequestHandler):
    """A page whose form has an XSRF token."""

    def get(self) -> None:
        self.write(self.xsrf_form_html())


class Ticks(RequestHandler):
    """Streams numbers; the last only once the test asks for it."""

    async def get(self) -> None:
        go_on = self.settings.setdefault("go_on", asyncio.Event())
        self.write("1\n")
        await self.flush()
        await go_on.wait()
        self.write("2\n")


class GoOn(RequestHandler):
    def post(self) -> None:
        self.settings["go_on"].set()


@stream_request_body
class Upload(RequestHandler):
    size = 0

    def data_received(self, chunk: bytes) -> None:
        self.size += len(chunk)

    def put(self) -> None:
        self.write(str(self.size))


class SetCookies(RequestHandler):
    """Sets the cookies of its query: ``?line=a=b; Secure``."""

    def get(self) -> None:
        for line in self.get_query_arguments("line"):
            self.add_header("Set-Cookie", line)


class Elsewhere(RequestHandler):
    def get(self) -> None:
        self.redirect(self.get_query_argument("to"))


class Oops(RequestHandler):
    def get(self) -> None:
        self.deep()

    def deep(self) -> None:
        raise ZeroDivisionError("a mistake of the handler's")


class Chat(WebSocketHandler):
    """Says who it sees, sends messages back, and closes when told to."""

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return subprotocols[-1] if subprotocols else None

    def open(self) -> None:
        user = self.get_signed_cookie("user")
        headers = dict(self.request.headers.get_all())
        said: dict[str, Any] = {"user": user and user.decode(), "headers": headers}
        self.write_message(json.dumps(said))

    def on_message(self, message: str | bytes) -> None:
        if message == "bye":
            self.close(4001, "as you said")
        else:
            self.write_message(message, binary=isinstance(message, bytes))


def make_app(**settings: Any) -> Application:
    asyncio.get_running_loop()  # as a factory may that makes tasks
    return Application(
        [
            ("/", Home),
            ("/form", Form),
            ("/sign-out", SignOut),
            ("/mirror.*", Mirror),
            ("/token", Token),
            ("/ticks", Ticks),
            ("/go-on", GoOn),
            ("/upload", Upload),
            ("/cookies", SetCookies),
            ("/elsewhere", Elsewhere),
            ("/oops", Oops),
            ("/chat", Chat),
        ],
        **{"cookie_secret": SECRET, "xsrf_cookies": True, **settings},
    )
